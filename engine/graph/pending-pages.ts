import type { DependencyGraph } from "./dependency-graph.ts";
import type { DirtyLevels } from "./dirty-levels.ts";
import { NodeState } from "./node-state.ts";
import { WorkStack } from "./work-stack.ts";

/** What waits for the next wave: pages that were written, and pages that are to be recomputed whatever was written. */
export class PendingPages {
  readonly #graph: DependencyGraph;
  readonly #touched = new WorkStack();
  readonly #dirty = new WorkStack();

  constructor(graph: DependencyGraph) {
    this.#graph = graph;
  }

  get isEmpty(): boolean {
    return this.#touched.count === 0 && this.#dirty.count === 0;
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

  /** Drops the dirty pages that nothing computes; `release` hears of each, and may touch pages. Each of the others is left once. */
  release(of: Uint32Array, release: (slot: number) => void): void {
    const { state } = this.#graph;
    const dirty = this.#dirty;
    let kept = 0;
    for (let i = 0; i < dirty.count; i++) {
      const node = dirty.items[i]!;
      // A slot that was given to another page meanwhile may stand here twice.
      if ((state[node]! & NodeState.Dirty) === 0) continue;
      state[node]! &= ~NodeState.Dirty;
      if (of[node] !== 0) dirty.items[kept++] = node;
      else release(node);
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

  /** Moves all to the lists of their levels: the dirty pages, and those that are computed from a touched one. */
  place(of: Uint32Array, levels: DirtyLevels): void {
    const { state, outgoing } = this.#graph;
    const { level } = this.#graph.levels;
    const dirty = this.#dirty;
    for (let i = 0; i < dirty.count; i++) levels.push(dirty.items[i]!, level[dirty.items[i]!]!);
    dirty.clear();
    const touched = this.#touched;
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
}
