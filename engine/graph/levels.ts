import { SharedColumn } from "../pages/shared-column.ts";
import type { AdjacencyLists } from "./adjacency-lists.ts";
import { NodeHeap } from "./node-heap.ts";
import { NodeState } from "./node-state.ts";
import type { TopologicalOrder } from "./topological-order.ts";
import { WorkStack } from "./work-stack.ts";

/** From this share of the nodes on, levels are computed anew rather than mended. */
const REBUILD_SHARE = 16;

/**
 * The level of a node is the length of the longest path that leads to it, 0 where none does: a function of the graph alone. Kept lazily: a change of
 * edges marks the node at its end, and {@link repair} mends what follows from that, in topological order, each node once.
 */
export class Levels {
  readonly #level: SharedColumn<Uint32Array>;
  level: Uint32Array;
  /** Known nodes on each level. */
  population = new Uint32Array(64);
  /** Rises with each change of a level or of the known nodes. */
  version = 0;
  readonly #in: AdjacencyLists;
  readonly #out: AdjacencyLists;
  readonly #order: TopologicalOrder;
  readonly #stale = new WorkStack();
  readonly #queue = new WorkStack();
  readonly #heap: NodeHeap;
  #known = 0;
  // The known nodes in (level, slot) order; made when first asked for.
  #sweepVersion = -1;
  #visitedVersion = -1;
  #visits = 0;
  #sweepOrder = new Uint32Array(0);
  #sweepStart = new Uint32Array(1);
  #reach = new Uint32Array(0);

  constructor(
    nodes: number,
    maxNodes: number,
    incoming: AdjacencyLists,
    outgoing: AdjacencyLists,
    order: TopologicalOrder,
  ) {
    this.#level = new SharedColumn<Uint32Array>(Uint32Array, nodes, maxNodes);
    this.level = this.#level.rows;
    this.#in = incoming;
    this.#out = outgoing;
    this.#order = order;
    this.#heap = new NodeHeap();
  }

  get known(): number {
    return this.#known;
  }

  get bytes(): number {
    return (
      this.level.byteLength +
      this.population.byteLength +
      this.#sweepOrder.byteLength +
      this.#sweepStart.byteLength +
      this.#reach.byteLength
    );
  }

  growNodes(nodes: number): void {
    this.#level.grow(nodes);
    this.level = this.#level.rows;
  }

  /** A node becomes known. */
  enter(node: number): void {
    this.level[node] = 0;
    this.population[0]!++;
    this.#known++;
    this.version++;
  }

  /** A node is forgotten. It has no edges. */
  leave(node: number): void {
    this.population[this.level[node]!]!--;
    this.#known--;
    this.version++;
  }

  /** The node's in-list changed. */
  invalidate(node: number, state: Uint8Array): void {
    if ((state[node]! & NodeState.LevelStale) !== 0) return;
    state[node]! |= NodeState.LevelStale;
    this.#stale.push(node);
  }

  /** Makes all levels right. */
  repair(state: Uint8Array): void {
    const stale = this.#stale;
    if (stale.count === 0) return;
    if (stale.count * REBUILD_SHARE > this.#known) this.#rebuild(state);
    else this.#mend(state);
    stale.clear();
  }

  #mend(state: Uint8Array): void {
    const heap = this.#heap;
    const { label } = this.#order;
    const { start, count, pool } = this.#out;
    for (let i = 0; i < this.#stale.count; i++) {
      const node = this.#stale.items[i]!;
      if ((state[node]! & NodeState.Known) === 0) state[node]! &= ~NodeState.LevelStale;
      else heap.push(node, label);
    }
    while (heap.count > 0) {
      const node = heap.pop(label);
      state[node]! &= ~NodeState.LevelStale;
      const level = this.#levelFromInputs(node);
      if (level === this.level[node]) continue;
      this.#move(node, level);
      const end = start[node]! + count[node]!;
      for (let at = start[node]!; at < end; at++) {
        const next = pool[at]! >>> 1;
        if ((state[next]! & NodeState.LevelStale) !== 0) continue;
        state[next]! |= NodeState.LevelStale;
        heap.push(next, label);
      }
    }
  }

  #levelFromInputs(node: number): number {
    const { start, count, pool } = this.#in;
    const end = start[node]! + count[node]!;
    let level = 0;
    for (let at = start[node]!; at < end; at++) {
      const above = this.level[pool[at]! >>> 1]! + 1;
      if (above > level) level = above;
    }
    return level;
  }

  #move(node: number, level: number): void {
    this.population[this.level[node]!]!--;
    this.#reserve(level);
    this.population[level]!++;
    this.level[node] = level;
    this.version++;
  }

  #reserve(level: number): void {
    if (level < this.population.length) return;
    const longer = new Uint32Array(level + 64 + (level >>> 3));
    longer.set(this.population);
    this.population = longer;
  }

  /** Kahn's algorithm: O(nodes + edges). */
  #rebuild(state: Uint8Array): void {
    const { level } = this;
    const { start, count, pool } = this.#out;
    const missing = this.#in.count.slice();
    const queue = this.#queue;
    queue.clear();
    queue.reserve(this.#known);
    this.population.fill(0);
    for (let node = 0; node < level.length; node++) {
      if ((state[node]! & NodeState.Known) === 0) continue;
      level[node] = 0;
      if (missing[node] === 0) queue.push(node);
    }
    for (let i = 0; i < queue.count; i++) {
      const node = queue.items[i]!;
      const above = level[node]! + 1;
      this.#reserve(above);
      this.population[above - 1]!++;
      const end = start[node]! + count[node]!;
      for (let at = start[node]!; at < end; at++) {
        const next = pool[at]! >>> 1;
        if (level[next]! < above) level[next] = above;
        if (--missing[next]! === 0) queue.push(next);
      }
    }
    for (let i = 0; i < this.#stale.count; i++) state[this.#stale.items[i]!]! &= ~NodeState.LevelStale;
    this.version++;
  }

  /** Whether the order for sweeps stands, or is cheap to make beside the pages that waves have visited since the levels last changed. */
  isSweepWorthwhile(visits: number): boolean {
    if (this.#sweepVersion === this.version) return true;
    if (this.#visitedVersion !== this.version) {
      this.#visitedVersion = this.version;
      this.#visits = 0;
    }
    this.#visits += visits;
    return this.#visits * 4 > this.#known;
  }

  /** The known nodes in (level, slot) order; level `l` is `[sweepStart[l], sweepStart[l + 1])` of it. Levels are right. */
  sweepOrder(state: Uint8Array): Uint32Array {
    if (this.#sweepVersion !== this.version) this.#makeSweep(state);
    return this.#sweepOrder;
  }

  get sweepStart(): Uint32Array {
    return this.#sweepStart;
  }

  /** An edge was added: where it changes no level, the order for sweeps stands, and is to know how far its pages' edges lead now. */
  noteEdge(from: number, to: number): void {
    if (this.#sweepVersion !== this.version) return;
    const l = this.level[from]!;
    if (this.level[to]! > this.#reach[l]!) this.#reach[l] = this.level[to]!;
  }

  /** No edge leads from a page of this level; false where that is not known. */
  isEnd(level: number): boolean {
    return this.#sweepVersion === this.version && this.#reach[level]! <= level;
  }

  /** By level, for sweeps: the highest level that an edge from this one leads to. */
  get reach(): Uint32Array {
    return this.#reach;
  }

  #makeSweep(state: Uint8Array): void {
    let levels = this.population.length;
    while (levels > 0 && this.population[levels - 1] === 0) levels--;
    if (this.#sweepStart.length !== levels + 1) this.#sweepStart = new Uint32Array(levels + 1);
    if (this.#sweepOrder.length !== this.#known) this.#sweepOrder = new Uint32Array(this.#known);
    if (this.#reach.length !== levels) this.#reach = new Uint32Array(levels);
    const sweepStart = this.#sweepStart;
    const { level } = this;
    const { start, count, pool } = this.#out;
    this.#reach.fill(0);
    sweepStart[0] = 0;
    for (let l = 0; l < levels; l++) sweepStart[l + 1] = sweepStart[l]! + this.population[l]!;
    const next = sweepStart.slice();
    for (let node = 0; node < level.length; node++) {
      if ((state[node]! & NodeState.Known) === 0) continue;
      const l = level[node]!;
      this.#sweepOrder[next[l]!++] = node;
      const end = start[node]! + count[node]!;
      for (let at = start[node]!; at < end; at++) {
        const to = level[pool[at]! >>> 1]!;
        if (to > this.#reach[l]!) this.#reach[l] = to;
      }
    }
    this.#sweepVersion = this.version;
  }
}
