import type { DependencyGraph } from "./dependency-graph.ts";
import { NodeState } from "./node-state.ts";
import { WorkStack } from "./work-stack.ts";

/**
 * Which pages a sweep of the levels below finds changed. A page is marked by itself; a level all of whose pages have changed is only noted, because the
 * level below it needs no look at any mark (`isBelowFull`), and its pages are marked where a later one does.
 */
export class ChangeMarks {
  readonly #graph: DependencyGraph;
  readonly pages = new WorkStack();
  /** Levels `[from, to)` have changed whole and are not marked yet. */
  #from = 0;
  #to = 0;

  constructor(graph: DependencyGraph) {
    this.#graph = graph;
  }

  add(slot: number): void {
    this.#graph.state[slot]! |= NodeState.Changed;
    this.pages.push(slot);
  }

  addLevel(level: number): void {
    if (this.#to !== level) {
      this.settle();
      this.#from = level;
    }
    this.#to = level + 1;
  }

  /** All pages of the level have changed, and none of them is marked. */
  isFull(level: number): boolean {
    return level >= this.#from && level < this.#to;
  }

  /** Marks the pages of the levels that were only noted. */
  settle(): void {
    if (this.#from === this.#to) return;
    const { levels, state } = this.#graph;
    const order = levels.sweepOrder(state);
    const end = levels.sweepStart[this.#to]!;
    for (let i = levels.sweepStart[this.#from]!; i < end; i++) this.add(order[i]!);
    this.#from = this.#to;
  }

  /** No page is marked any more. */
  clear(): void {
    const { state } = this.#graph;
    const { items, count } = this.pages;
    for (let i = 0; i < count; i++) state[items[i]!]! &= ~NodeState.Changed;
    this.pages.clear();
    this.#from = 0;
    this.#to = 0;
  }
}
