import { MmsbError } from "../base/errors.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import { RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { type PageContext, RetryLater } from "./page-context.ts";
import type { EdgeChange } from "./wave-sink.ts";

const NO_CHANGES: readonly EdgeChange[] = [];

/**
 * Inputs that recomputes find while they run. A page that opted in has as data inputs what its last run asked for: an edge is added when a run asks for another
 * page, and those that a finished run did not ask for go at the wave's end. Where the new input lies on the page's level or above it may yet change
 * in this wave, so the run is broken off and starts again behind it.
 */
export class Discovery {
  readonly #graph: DependencyGraph;
  readonly #context: PageContext;
  readonly #failureOf: (slot: number) => MmsbError | undefined;
  readonly #added: EdgeChange[] = [];
  readonly #unread: EdgeChange[] = [];
  readonly #read = new Set<number>();
  #slot = 0;

  constructor(
    graph: DependencyGraph,
    context: PageContext,
    failureOf: (slot: number) => MmsbError | undefined,
  ) {
    this.#graph = graph;
    this.#context = context;
    this.#failureOf = failureOf;
  }

  begin(): void {
    // Setting a length costs a call into the runtime.
    if (this.#added.length > 0) this.#added.length = 0;
    if (this.#unread.length > 0) this.#unread.length = 0;
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

  readonly #ask = (input: number, pageId: bigint): number => {
    const graph = this.#graph;
    const { incoming, levels } = graph;
    const slot = this.#slot;
    this.#read.add(input);
    let index = incoming.find(slot, input * 2);
    if (index < 0) {
      const level = levels.level[slot]!;
      const added = graph.addEdge(input, slot, "data");
      if (!added.ok) throw added.error;
      this.#added.push({ from: input, to: slot, added: true });
      levels.repair(graph.state);
      const context = this.#context;
      context.pool = incoming.pool;
      context.inputStart = incoming.start[slot]!;
      context.inputCount = incoming.count[slot]!;
      if (levels.level[slot]! > level) throw new RetryLater();
      index = incoming.find(slot, input * 2);
    }
    if ((graph.state[input]! & NodeState.Failed) !== 0) throw this.#failureOf(input)!;
    if ((graph.state[input]! & NodeState.Stale) !== 0) throw stalePull(graph.table.idOf(slot), pageId);
    return index;
  };
}

function stalePull(pageId: bigint, input: bigint): MmsbError {
  const message = `the recompute of page ${pageId} discovered page ${input}, a pull page that is not computed`;
  return new MmsbError(
    "UNSUPPORTED",
    message,
    "Add the data edge before, so that the pull page is computed in time",
    { pageId },
  );
}
