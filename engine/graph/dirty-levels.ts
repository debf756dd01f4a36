import type { DependencyGraph } from "./dependency-graph.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";

const NONE = 0xffff_ffff;
const KEPT_ROWS = 1024;

/**
 * The pages that a wave has still to look at, by level: a list a level, whose links are handed out and taken back as pages come and go, and a bitmap of the
 * levels that have any, so that a wave that touches few levels of a deep graph pays for those only (a million empty levels are 31 250 words).
 */
export class DirtyLevels {
  // One row a waiting page.
  #node = new Uint32Array(64);
  #next = new Uint32Array(64);
  #rows = 0;
  #free = NONE;
  // One row a level.
  #head = new Uint32Array(64).fill(NONE);
  count = new Uint32Array(64);
  #filled = new Uint32Array(2);
  /** Pages on all levels. */
  size = 0;

  get bytes(): number {
    const rows = this.#node.byteLength + this.#next.byteLength;
    return rows + this.#head.byteLength + this.count.byteLength + this.#filled.byteLength;
  }

  /** Between waves: all rows are free again, and where the last wave used few of many, the rest goes back. */
  trim(): void {
    const used = this.#rows;
    this.#rows = 0;
    this.#free = NONE;
    if (used * 4 >= this.#node.length || this.#node.length <= KEPT_ROWS) return;
    this.#node = new Uint32Array(Math.max(used, KEPT_ROWS));
    this.#next = new Uint32Array(this.#node.length);
  }

  /** Room for so many levels. */
  reserve(levels: number): void {
    if (levels <= this.#head.length) return;
    const capacity = levels + (levels >>> 3);
    const head = new Uint32Array(capacity).fill(NONE);
    head.set(this.#head);
    const count = new Uint32Array(capacity);
    count.set(this.count);
    const filled = new Uint32Array((capacity + 31) >>> 5);
    filled.set(this.#filled);
    this.#head = head;
    this.count = count;
    this.#filled = filled;
  }

  push(node: number, level: number): void {
    let row = this.#free;
    if (row !== NONE) this.#free = this.#next[row]!;
    else {
      if (this.#rows === this.#node.length) this.#grow();
      row = this.#rows++;
    }
    this.#node[row] = node;
    this.#next[row] = this.#head[level]!;
    this.#head[level] = row;
    this.count[level]!++;
    this.#filled[level >>> 5]! |= 1 << (level & 31);
    this.size++;
  }

  /** Puts the pages that depend on the first `rows` pages of a level's run, where those have changed, on the lists of their levels. */
  pushDependents(graph: DependencyGraph, run: LevelRun, rows: number, level: number): void {
    const { state, outgoing, levels } = graph;
    if (levels.isEnd(level)) return;
    const { start, count, pool } = outgoing;
    const { list, result } = run;
    const levelOf = levels.level;
    for (let k = 0; k < rows; k++) {
      if (result[k] !== RunResult.Element && result[k] !== RunResult.Runs) continue;
      const node = list[k]!;
      const from = start[node]!;
      const to = from + count[node]!;
      for (let at = from; at < to; at++) {
        const entry = pool[at]!;
        const next = entry >>> 1;
        const flags = state[next]!;
        if ((entry & 1) !== 0 || (flags & NodeState.Dirty) !== 0) continue;
        state[next] = flags | NodeState.Dirty;
        this.push(next, Math.max(levelOf[next]!, level + 1));
      }
    }
  }

  #grow(): void {
    const capacity = this.#rows + (this.#rows >>> 1);
    const node = new Uint32Array(capacity);
    const next = new Uint32Array(capacity);
    node.set(this.#node);
    next.set(this.#next);
    this.#node = node;
    this.#next = next;
  }

  /** The lowest level from `from` on that has pages; -1 where none has. */
  nextLevel(from: number): number {
    const filled = this.#filled;
    let word = from >>> 5;
    if (word >= filled.length) return -1;
    let bits = filled[word]! & (-1 << (from & 31));
    while (bits === 0) {
      if (++word === filled.length) return -1;
      bits = filled[word]!;
    }
    return word * 32 + 31 - Math.clz32(bits & -bits);
  }

  /** Empties a level into `into`, the last that came first; returns how many there were. `into` has room. */
  take(level: number, into: Uint32Array): number {
    const nodes = this.#node;
    const next = this.#next;
    const head = this.#head[level]!;
    let n = 0;
    let last = NONE;
    for (let row = head; row !== NONE; row = next[row]!) {
      into[n++] = nodes[row]!;
      last = row;
    }
    if (last === NONE) return 0;
    next[last] = this.#free;
    this.#free = head;
    this.size -= n;
    this.#head[level] = NONE;
    this.count[level] = 0;
    this.#filled[level >>> 5]! &= ~(1 << (level & 31));
    return n;
  }
}

/** Ascending order; pushing ascending nodes gives a list that descends, which costs one pass. */
export function sortNodes(nodes: Uint32Array, count: number): void {
  if (count < 2) return;
  let i = 1;
  while (i < count && nodes[i - 1]! > nodes[i]!) i++;
  if (i === count) {
    for (let low = 0, high = count - 1; low < high; low++, high--) {
      const node = nodes[low]!;
      nodes[low] = nodes[high]!;
      nodes[high] = node;
    }
    return;
  }
  if (count > 24) {
    nodes.subarray(0, count).sort();
    return;
  }
  for (let k = 1; k < count; k++) {
    const node = nodes[k]!;
    let at = k - 1;
    for (; at >= 0 && nodes[at]! > node; at--) nodes[at + 1] = nodes[at]!;
    nodes[at + 1] = node;
  }
}
