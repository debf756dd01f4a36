import type { MmsbError } from "../base/errors.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import { RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { type PageContext, RetryLater } from "./page-context.ts";
import type { PullPages } from "./pull-pages.ts";
import type { EdgeChange } from "./wave-sink.ts";
import { WorkStack } from "./work-stack.ts";

const NO_CHANGES: readonly EdgeChange[] = [];

/**
 * Inputs that recomputes find while they run. A page that opted in has as data inputs what its last run asked for: an edge is added when a run asks for another
 * page, and those that a finished run did not ask for go at the wave's end. Where the new input lies on the page's level or above it may yet change
 * in this wave, so the run is broken off and starts again behind it; so it is where the input is a pull page that waits: the wave computes that before.
 */
export class Discovery {
  readonly #graph: DependencyGraph;
  readonly #context: PageContext;
  readonly #pullPages: PullPages;
  readonly #failureOf: (slot: number) => MmsbError | undefined;
  /** Pull pages that waited and are computed in this wave, because of what has run since {@link begin} or since this list was cleared. They are marked dirty. */
  readonly woken = new WorkStack();
  readonly #added: EdgeChange[] = [];
  readonly #unread: EdgeChange[] = [];
  readonly #read = new Set<number>();
  #slot = 0;

  constructor(
    graph: DependencyGraph,
    context: PageContext,
    pullPages: PullPages,
    failureOf: (slot: number) => MmsbError | undefined,
  ) {
    this.#graph = graph;
    this.#context = context;
    this.#pullPages = pullPages;
    this.#failureOf = failureOf;
  }

  begin(): void {
    // Setting a length costs a call into the runtime.
    if (this.#added.length > 0) this.#added.length = 0;
    if (this.#unread.length > 0) this.#unread.length = 0;
    this.woken.clear();
  }

  /** A page that runs in this wave needs a pull page that waits: that one, and what it needs in turn, is computed before. */
  wake(input: number): void {
    const { state } = this.#graph;
    this.#pullPages.wake(input, (slot) => {
      state[slot]! |= NodeState.Dirty;
      this.woken.push(slot);
    });
  }

  start(slot: number): void {
    this.#slot = slot;
    this.#read.clear();
    this.#context.discover = this.#ask;
  }

  stop(result: number): void {
    this.#context.discover = undefined;
    if (result !== RunResult.Equal && result !== RunResult.Element && result !== RunResult.Runs) return;
    const { start, count, pool } = this.#graph.incoming;
    const end = start[this.#slot]! + count[this.#slot]!;
    for (let at = start[this.#slot]!; at < end; at++) {
      const entry = pool[at]!;
      if ((entry & 1) === 0 && !this.#read.has(entry >>> 1))
        this.#unread.push({ from: entry >>> 1, to: this.#slot, added: false });
    }
  }

  /** {@link start} to {@link stop} for a page that a worker ran: it asked for these, all of which are inputs. */
  note(slot: number, asked: Uint32Array, result: number): void {
    this.#slot = slot;
    this.#read.clear();
    for (const input of asked) this.#read.add(input);
    this.stop(result);
  }

  /** The wave stands: edges that nobody asked for go. Returns all that came and went. */
  finish(): readonly EdgeChange[] {
    if (this.#added.length + this.#unread.length === 0) return NO_CHANGES;
    for (const { from, to } of this.#unread) this.#graph.removeEdge(from, to, "data");
    return [...this.#added, ...this.#unread];
  }

  /** The wave is taken back, and the edges with it. */
  undo(): void {
    for (const { from, to } of this.#added) this.#graph.removeEdge(from, to, "data");
  }

  readonly #ask = (input: number): number => {
    const graph = this.#graph;
    const { incoming, levels, state } = graph;
    const slot = this.#slot;
    this.#read.add(input);
    let index = incoming.find(slot, input * 2);
    let mustWait = false;
    if (index < 0) {
      const level = levels.level[slot]!;
      const added = graph.addEdge(input, slot, "data");
      if (!added.ok) throw added.error;
      this.#added.push({ from: input, to: slot, added: true });
      this.#pullPages.want(input);
      levels.repair(state);
      const context = this.#context;
      context.pool = incoming.pool;
      context.inputStart = incoming.start[slot]!;
      context.inputCount = incoming.count[slot]!;
      mustWait = levels.level[slot]! > level;
      index = incoming.find(slot, input * 2);
    }
    if ((state[input]! & NodeState.Stale) !== 0) {
      this.wake(input);
      mustWait = true;
    }
    if (mustWait) {
      this.#context.violation = new RetryLater();
      throw this.#context.violation;
    }
    if ((state[input]! & NodeState.Failed) !== 0) throw this.#failureOf(input)!;
    return index;
  };
}
