import type { ChangeMarks } from "./change-marks.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import type { DirtyLevels } from "./dirty-levels.ts";
import { NodeState } from "./node-state.ts";
import { WorkStack } from "./work-stack.ts";

/** Fewer edges than this are followed. */
const SWEPT_EDGES = 64;

/** What waits for the next wave: pages that were written, and pages that are to be recomputed whatever was written. */
export class PendingPages {
  readonly #graph: DependencyGraph;
  #touched = new WorkStack();
  /** Pages whose dependents the wave finds by sweeping, until it is over. */
  #swept = new WorkStack();
  readonly #dirty = new WorkStack();
  /** What waves took since {@link keepTaken} that may yet be taken back: `slot * 2 + 1` for a page that was dirty, `slot * 2` for one that was written. */
  readonly #taken = new WorkStack();
  /** The first and the last level that the wave sweeps because of them. */
  sweepFrom = 0;
  sweepTo = -1;

  constructor(graph: DependencyGraph) {
    this.#graph = graph;
  }

  get isEmpty(): boolean {
    return this.#touched.count === 0 && this.#dirty.count === 0;
  }

  /** The pages that were written, where they are at most so many and nothing else waits. */
  onlyTouched(most: number): WorkStack | undefined {
    const { state } = this.#graph;
    const { items, count } = this.#touched;
    if (count === 0 || count > most || this.#dirty.count > 0) return undefined;
    // A slot that was given to another page meanwhile may stand here still, or twice.
    for (let i = 0; i < count; i++) if ((state[items[i]!]! & NodeState.Touched) === 0) return undefined;
    return this.#touched;
  }

  /** The wave takes over what {@link onlyTouched} has given. */
  takeTouched(): void {
    const { state } = this.#graph;
    for (let i = 0; i < this.#touched.count; i++) state[this.#touched.items[i]!]! &= ~NodeState.Touched;
    this.#touched.clear();
    this.#swept.clear();
    this.sweepTo = -1;
  }

  /** The page's bytes were written from outside. */
  touch(slot: number): void {
    const { state } = this.#graph;
    if (slot >= state.length || (state[slot]! & (NodeState.Known | NodeState.Touched)) !== NodeState.Known)
      return;
    state[slot]! |= NodeState.Touched;
    this.#touched.push(slot);
  }

  /** The page is to be recomputed by the next wave. */
  markDirty(slot: number): void {
    const { state } = this.#graph;
    if (!this.#graph.isKnown(slot) || (state[slot]! & NodeState.Dirty) !== 0) return;
    state[slot]! |= NodeState.Dirty;
    this.#dirty.push(slot);
  }

  /** A point that {@link wait} goes back to. */
  get mark(): number {
    return this.#taken.count;
  }

  /** What waits now is noted: a wave takes it, and may be taken back with a part of a transaction, whose other part then waits again. */
  note(): void {
    for (const slot of this.#touched.view()) this.#taken.push(slot * 2);
    for (const slot of this.#dirty.view()) this.#taken.push(slot * 2 + 1);
  }

  /** What waves took since a mark waits again. */
  wait(mark: number): void {
    const taken = this.#taken;
    for (let i = mark; i < taken.count; i++) {
      const entry = taken.items[i]!;
      if ((entry & 1) === 0) this.touch(entry >>> 1);
      else this.markDirty(entry >>> 1);
    }
    taken.count = mark;
  }

  /** No mark is gone back to any more. */
  keepTaken(): void {
    this.#taken.clear();
  }

  /** Pages that are marked dirty already wait again. */
  keep(nodes: Uint32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#dirty.push(nodes[i]!);
  }

  discard(): void {
    const { state } = this.#graph;
    for (let i = 0; i < this.#touched.count; i++) state[this.#touched.items[i]!]! &= ~NodeState.Touched;
    for (let i = 0; i < this.#dirty.count; i++) state[this.#dirty.items[i]!]! &= ~NodeState.Dirty;
    this.#touched.clear();
    this.#dirty.clear();
  }

  /** Drops the dirty pages that nothing computes; `release` hears of each, and may touch pages. Each of the others is left once; `renew` hears of those that are stale. */
  release(of: Uint32Array, release: (slot: number) => void, renew: (slot: number) => void): void {
    const { state } = this.#graph;
    const dirty = this.#dirty;
    let kept = 0;
    for (let i = 0; i < dirty.count; i++) {
      const node = dirty.items[i]!;
      // A slot that was given to another page meanwhile may stand here twice.
      if ((state[node]! & NodeState.Dirty) === 0) continue;
      state[node]! &= ~NodeState.Dirty;
      if (of[node] === 0) {
        release(node);
        continue;
      }
      dirty.items[kept++] = node;
      if ((state[node]! & NodeState.Stale) !== 0) renew(node);
    }
    dirty.count = kept;
    for (let i = 0; i < kept; i++) state[dirty.items[i]!]! |= NodeState.Dirty;
  }

  /** Marks the stale pull pages that the dirty pages need, as far as those run. */
  wakeInputs(runs: (slot: number) => boolean): void {
    const { state, incoming } = this.#graph;
    const dirty = this.#dirty;
    for (let i = 0; i < dirty.count; i++) {
      const node = dirty.items[i]!;
      if (!runs(node)) continue;
      const end = incoming.start[node]! + incoming.count[node]!;
      for (let at = incoming.start[node]!; at < end; at++) {
        const entry = incoming.pool[at]!;
        const input = entry >>> 1;
        if ((entry & 1) === 0 && (state[input]! & NodeState.Stale) !== 0) this.markDirty(input);
      }
    }
  }

  /**
   * Moves all to where the wave finds it: the dirty pages to the lists of their levels, and those that are computed from a touched page too, unless
   * the levels below are rather swept: then the touched pages are marked changed. `mayMove`: levels may change during the wave, so that none is swept.
   */
  place(of: Uint32Array, levels: DirtyLevels, marks: ChangeMarks, mayMove: boolean): void {
    const { state, outgoing } = this.#graph;
    const { level } = this.#graph.levels;
    const dirty = this.#dirty;
    for (let i = 0; i < dirty.count; i++) levels.push(dirty.items[i]!, level[dirty.items[i]!]!);
    dirty.clear();
    this.#swept.clear();
    this.sweepTo = -1;
    const touched = this.#touched;
    if (!mayMove && this.#isSwept()) {
      this.#mark(marks);
      return;
    }
    for (let i = 0; i < touched.count; i++) {
      const node = touched.items[i]!;
      if ((state[node]! & NodeState.Touched) === 0) continue;
      state[node]! &= ~NodeState.Touched;
      const end = outgoing.start[node]! + outgoing.count[node]!;
      for (let at = outgoing.start[node]!; at < end; at++) {
        const entry = outgoing.pool[at]!;
        const next = entry >>> 1;
        if ((entry & 1) !== 0 || (state[next]! & NodeState.Dirty) !== 0 || of[next] === 0) continue;
        state[next]! |= NodeState.Dirty;
        levels.push(next, level[next]!);
      }
    }
    touched.clear();
  }

  /** The first level that the wave has to look at, the lists being those of {@link place}; 0 where nothing is swept. */
  firstLevel(levels: DirtyLevels): number {
    if (this.sweepTo < 0) return 0;
    const first = levels.nextLevel(0);
    return first < 0 ? this.sweepFrom : Math.min(first, this.sweepFrom);
  }

  /** The wave was given up: the touched pages whose dependents it swept for wait again. */
  touchAgain(): void {
    for (let i = 0; i < this.#swept.count; i++) this.touch(this.#swept.items[i]!);
  }

  /** Computed pages that depend on the swept ones directly; O(their edges). */
  countSwept(of: Uint32Array): number {
    const { state, outgoing } = this.#graph;
    const found = new WorkStack();
    for (let i = 0; i < this.#swept.count; i++) {
      const node = this.#swept.items[i]!;
      const end = outgoing.start[node]! + outgoing.count[node]!;
      for (let at = outgoing.start[node]!; at < end; at++) {
        const entry = outgoing.pool[at]!;
        const next = entry >>> 1;
        if ((entry & 1) !== 0 || (state[next]! & NodeState.Dirty) !== 0 || of[next] === 0) continue;
        state[next]! |= NodeState.Dirty;
        found.push(next);
      }
    }
    for (let i = 0; i < found.count; i++) state[found.items[i]!]! &= ~NodeState.Dirty;
    return found.count;
  }

  /** Whether looking through the levels that edges of the touched pages reach costs no more than following the edges; sets what to sweep. */
  #isSwept(): boolean {
    const { state, outgoing, levels } = this.#graph;
    const { items, count } = this.#touched;
    let edges = 0;
    for (let i = 0; i < count; i++) edges += outgoing.count[items[i]!]!;
    if (edges < SWEPT_EDGES || !levels.isSweepWorthwhile(edges)) return false;
    levels.sweepOrder(state);
    let first = levels.reach.length;
    let last = -1;
    for (let i = 0; i < count; i++) {
      const node = items[i]!;
      if ((state[node]! & NodeState.Touched) === 0) continue;
      const level = levels.level[node]!;
      if (level < first) first = level;
      if (levels.reach[level]! > last) last = levels.reach[level]!;
    }
    // A swept page costs about as much as two edges that are followed.
    if (last <= first || levels.sweepStart[last + 1]! - levels.sweepStart[first + 1]! > 2 * edges)
      return false;
    this.sweepFrom = first + 1;
    this.sweepTo = last;
    return true;
  }

  #mark(marks: ChangeMarks): void {
    const { state, levels } = this.#graph;
    const touched = this.#touched;
    let kept = 0;
    let isOneLevel = true;
    for (let i = 0; i < touched.count; i++) {
      const node = touched.items[i]!;
      if ((state[node]! & NodeState.Touched) === 0) continue;
      state[node]! &= ~NodeState.Touched;
      touched.items[kept++] = node;
      isOneLevel &&= levels.level[node] === this.sweepFrom - 1;
    }
    touched.count = kept;
    [this.#touched, this.#swept] = [this.#swept, touched];
    if (isOneLevel && kept === levels.population[this.sweepFrom - 1]) marks.addLevel(this.sweepFrom - 1);
    else for (let i = 0; i < kept; i++) marks.add(touched.items[i]!);
  }
}
