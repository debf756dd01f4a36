import type { Executor } from "./executor.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { WriteMode } from "./page-context.ts";
import type { Recompute, RecomputeRegistry } from "./registry.ts";
import { runBulk } from "./run-bulk.ts";
import type { WaveRows } from "./wave-rows.ts";
import type { WorkStack } from "./work-stack.ts";

const SETTLED = NodeState.Dirty | NodeState.Stale;
const ASKS = SETTLED | NodeState.Unsorted;

/**
 * Runs the pages of a level and settles each at once, where nothing has failed, nothing waits to be read, and order among them is of no matter: what
 * most waves are. It stops at the first page whose recompute throws; the rest is for the general way.
 */
export class PlainLevel {
  readonly #executor: Executor;
  readonly #registry: RecomputeRegistry;
  readonly #cutOff: WorkStack;
  /** Where what changes is written down; undefined where nothing is logged, then epochs are raised here. */
  readonly #rows: WaveRows | undefined;
  /** Rows that are done, and rows that were run: one more, or all of a batch, where that failed. */
  settled = 0;
  executed = 0;
  /** Of the rows that are done. */
  changes = 0;
  recomputed = 0;

  constructor(
    executor: Executor,
    registry: RecomputeRegistry,
    cutOff: WorkStack,
    rows: WaveRows | undefined,
  ) {
    this.#executor = executor;
    this.#registry = registry;
    this.#cutOff = cutOff;
    this.#rows = rows;
  }

  /** Leaves the outcome of each row that is done in `run.result`. */
  run(run: LevelRun): void {
    const executor = this.#executor;
    const { of, all } = this.#registry;
    executor.begin();
    this.settled = 0;
    this.changes = 0;
    this.recomputed = 0;
    while (this.settled < run.count) {
      const from = this.settled;
      const number = of[run.list[from]!]!;
      const recompute = all[number];
      if (recompute?.run !== undefined) {
        this.#runFunction(recompute, number, run, from);
        this.recomputed += this.settled - from;
        if (this.executed > this.settled) return;
      } else {
        let to = from + 1;
        while (to < run.count && of[run.list[to]!] === number) to++;
        this.executed = to;
        if (recompute === undefined) run.result.fill(RunResult.Skipped, from, to);
        else {
          runBulk(executor, recompute, run, from, to);
          if (executor.errors.size > 0) return;
          this.recomputed += to - from;
        }
        this.#settle(run, from, to, number);
        this.settled = to;
      }
    }
    this.executed = this.settled;
  }

  /** Runs the rows from `from` on that have this recompute. */
  #runFunction(recompute: Recompute, number: number, run: LevelRun, from: number): void {
    const executor = this.#executor;
    const rows = this.#rows;
    const { context, graph } = executor;
    const { state, place, table, hasHadControl } = graph;
    const { start, count } = graph.incoming;
    const { epoch, changed, stamp } = table;
    const { of } = this.#registry;
    const { list, result } = run;
    const to = run.count;
    const fn = recompute.run!;
    let changes = 0;
    let k = from;
    for (; k < to; k++) {
      const slot = list[k]!;
      if (of[slot] !== number) break;
      const flags = state[slot]!;
      if ((flags & ASKS) !== 0) {
        if ((flags & NodeState.Unsorted) !== 0) graph.sortInputs(slot);
        state[slot]! &= ~SETTLED;
      }
      context.slot = slot;
      context.inputStart = start[slot]!;
      context.inputCount = hasHadControl ? graph.dataInputs(slot) : count[slot]!;
      context.ownPlace = place[slot]!;
      context.mode = WriteMode.None;
      try {
        fn(context);
        if (context.violation !== undefined) throw context.violation;
      } catch (error) {
        executor.refuse(recompute, run, k, error);
        break;
      }
      const { mode } = context;
      if (mode === WriteMode.Number) {
        const now = context.newNumber;
        const old = context.oldNumber;
        result[k] = now !== old || !Object.is(now, old) ? RunResult.Element : RunResult.Equal;
      } else result[k] = RunResult.Equal;
      if (mode !== WriteMode.None && (rows !== undefined || mode !== WriteMode.Number)) executor.keep(run, k);
      if (result[k] === RunResult.Equal) {
        this.#cutOff.push(slot);
        continue;
      }
      changes++;
      if (rows !== undefined) rows.add(executor, run, k, number);
      else {
        epoch[slot]!++;
        changed[slot] = stamp;
      }
    }
    this.changes += changes;
    this.settled = k;
    this.executed = executor.errors.size > 0 ? k + 1 : k;
  }

  #settle(run: LevelRun, from: number, to: number, number: number): void {
    const executor = this.#executor;
    const { state, table } = executor.graph;
    const { epoch, changed, stamp } = table;
    const { list, result } = run;
    for (let k = from; k < to; k++) {
      const slot = list[k]!;
      const outcome = result[k]!;
      state[slot]! &= ~SETTLED;
      if (outcome === RunResult.Equal) this.#cutOff.push(slot);
      else if (outcome !== RunResult.Skipped) {
        this.changes++;
        if (this.#rows !== undefined) this.#rows.add(executor, run, k, number);
        else {
          epoch[slot]!++;
          changed[slot] = stamp;
        }
      }
    }
  }
}
