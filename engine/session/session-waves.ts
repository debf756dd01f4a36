import { EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { WaveTrigger } from "../events/event-types.ts";
import type { WaveOptions } from "../graph/propagation.ts";
import type { RecomputeDefinition, RecomputeFunction } from "../graph/recompute.ts";
import { checkDefinition } from "../graph/registry.ts";
import type { WaveCounts } from "../graph/wave-sink.ts";
import { MAX_TYPE_NAME_BYTES } from "../pages/limits.ts";
import type { Reactive } from "./reactive.ts";
import type { KnownRecompute, RecomputeState, RecomputeTarget } from "./recompute-target.ts";
import type { ChangeOptions } from "./session-options.ts";
import type { Origin, StateWriter } from "./state-writer.ts";
import type { WaveLog } from "./wave-log.ts";

const NOTHING: WaveCounts = { recomputed: 0, changed: 0, cutOff: 0, failed: 0, blocked: 0, levels: 0 };
type Transaction = <T>(work: () => Result<T>) => Result<T>;

/** Pages that are computed from other pages: `session.recomputes`. What is promised: docs/Propagation.md. */
export class SessionWaves {
  readonly #state: StateWriter;
  readonly #reactive: Reactive;
  readonly #log: WaveLog;
  readonly #transaction: Transaction;
  readonly #isInside: () => boolean;

  constructor(state: StateWriter, log: WaveLog, transaction: Transaction, isInside: () => boolean) {
    this.#state = state;
    this.#reactive = state.reactive;
    this.#log = log;
    this.#transaction = transaction;
    this.#isInside = isInside;
  }

  /**
   * From now on `recompute` computes a page (by id), or every page of a type that has none of its own, those to come included. The pages concerned are computed at the
   * end of the transaction. A registration replaces the one that stood. Returns the LSN of its record.
   * Errors: PAGE_UNKNOWN, ARGUMENT_INVALID, GRAPH_CYCLE (of `inputs`), LOG_READ_ONLY; nothing has changed then.
   */
  register(
    target: RecomputeTarget,
    recompute: RecomputeFunction | RecomputeDefinition,
    inputs: readonly bigint[],
    origin: Origin,
  ): Result<number> {
    const definition = typeof recompute === "function" ? { run: recompute } : recompute;
    const checked =
      typeof definition === "object" && definition !== null ? checkDefinition(definition) : notARecompute();
    if (!checked.ok) return checked;
    const known = this.#checkTarget(target);
    if (!known.ok) return known;
    if (inputs.length > 0 && typeof target !== "bigint")
      return fail(
        "ARGUMENT_INVALID",
        "inputs were given for a page type",
        "Give them with the pages, as edges",
      );
    return this.#transaction(() => {
      for (const from of inputs) {
        const input = this.#checkTarget(from);
        if (!input.ok) return input;
        const edge = { from, to: target as bigint, type: "data" as const };
        const added = this.#state.edges.has(edge) ? ok(0) : this.#state.addEdge(edge, origin);
        if (!added.ok) return added;
      }
      return this.#state.setRecompute(target, definition, origin);
    });
  }

  /**
   * Takes a page's or a type's recompute away; the pages keep their bytes. Returns 0 where there was none. Errors: ARGUMENT_INVALID, LOG_READ_ONLY, and
   * RECOMPUTE_FOREIGN_WRITE from within a recompute.
   */
  unregister(target: RecomputeTarget, { source = "", cause = 0 }: ChangeOptions = {}): Result<number> {
    if (this.#reactive.definitionOf(target) === undefined) return ok(0);
    const origin: Origin = { source, cause, flags: 0, metadata: EMPTY_BYTES };
    return this.#transaction(() => this.#state.setRecompute(target, undefined, origin));
  }

  /**
   * Runs the wave that waits, now and not at the end of the transaction; outside of one, in a transaction of its own. With a page, what depends on it is computed as
   * if it had been written. Errors: PAGE_UNKNOWN, WAVE_BUDGET, CANCELLED, LOG_READ_ONLY; what the wave wrote is taken back then, and its transaction with it where
   * that returns the error.
   */
  propagate(pageId: bigint | undefined, limits: WaveOptions): Result<WaveCounts> {
    const slot = pageId === undefined ? ok(-1) : this.#slotOf(pageId);
    if (!slot.ok) return slot;
    if (slot.value >= 0) this.#reactive.propagation.touch(slot.value);
    if (!this.#reactive.propagation.isPending) return ok(NOTHING);
    const run = () => this.#run("propagate", () => this.#reactive.propagation.run(limits));
    if (!this.#isInside()) return this.#transaction(run);
    this.#reactive.propagation.noteTaken();
    return run();
  }

  /** A stale pull page is computed, and before that what waits. */
  pull(slot: number): Result<unknown> {
    const { propagation, limits } = this.#reactive;
    if (this.#isInside()) propagation.noteTaken();
    return this.#transaction(() => this.#run("pull", () => propagation.pull(slot, limits)));
  }

  /** The wave that a transaction ends with. */
  finish(): Result<unknown> {
    return this.#run("transaction", () => this.#reactive.finish());
  }

  #run<T>(trigger: WaveTrigger, work: () => Result<T>): Result<T> {
    this.#log.trigger = trigger;
    return work();
  }

  /** Errors: PAGE_UNKNOWN. */
  state(pageId: bigint): Result<RecomputeState> {
    const slot = this.#slotOf(pageId);
    return slot.ok ? ok(this.#reactive.stateOf(slot.value)) : slot;
  }

  /** The pages along a path of edges from one page to another; undefined where the second does not depend on the first. */
  path(from: bigint, to: bigint): readonly bigint[] | undefined {
    const { table } = this.#state;
    return this.#reactive.graph.pathIds(table.slotOf(from), table.slotOf(to));
  }

  /**
   * Every registration that stands, those of the recording that was gone on with included: of these, kernels run again by themselves, functions once they are registered again
   * (`isBound`). A log holds no code.
   */
  list(): KnownRecompute[] {
    return this.#reactive.known();
  }

  #slotOf(id: bigint): Result<number> {
    const slot = typeof id === "bigint" ? this.#state.table.slotOf(id) : -1;
    return slot >= 0
      ? ok(slot)
      : fail("PAGE_UNKNOWN", "there is no such page", "Create it first, or check the id");
  }

  #checkTarget(target: RecomputeTarget): Result<unknown> {
    if (typeof target === "bigint") return this.#slotOf(target);
    const isType = typeof target === "string" && utf8Encode(target).length <= MAX_TYPE_NAME_BYTES;
    return isType
      ? ok()
      : fail(
          "ARGUMENT_INVALID",
          "the target is neither a page id nor a page type",
          "Give a bigint or a text",
        );
  }
}

function notARecompute(): Result<void> {
  return fail(
    "ARGUMENT_INVALID",
    "it is no recompute",
    "Give a function, or { run }, { columns, inputs } or { kernel }",
  );
}
