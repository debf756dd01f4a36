import type { Executor } from "./executor.ts";
import { noNumber } from "./formula.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { WriteMode } from "./page-context.ts";
import type { FormulaFunction, RecomputeFunction } from "./recompute.ts";
import type { Recompute, RecomputeRegistry } from "./registry.ts";
import { runBulk } from "./run-bulk.ts";
import { runKernelLevel, runsLevel } from "./run-kernel.ts";
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
  /** A page that writes a number is written down as such. */
  #takesNumbers = true;

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
        this.#runRows(recompute, number, run, from);
        this.recomputed += this.settled - from;
        if (this.executed > this.settled) return;
      } else {
        let to = number !== 0 && run.recompute === number ? run.count : from + 1;
        while (to < run.count && of[run.list[to]!] === number) to++;
        this.executed = to;
        if (recompute === undefined) run.result.fill(RunResult.Skipped, from, to);
        else if (runsLevel(executor, recompute, to - from)) {
          const settles = this.#rows === undefined;
          const changes = runKernelLevel(executor, recompute, run, from, to, settles);
          if (executor.errors.size > 0) return;
          this.recomputed += to - from;
          if (settles) {
            this.changes += changes;
            if (changes < to - from) this.#noteCutOff(run, from, to);
            this.settled = to;
            continue;
          }
        } else {
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

  /** Runs the rows from `from` on that have this recompute, up to one that throws. */
  #runRows(recompute: Recompute, number: number, run: LevelRun, from: number): void {
    const executor = this.#executor;
    const { of } = this.#registry;
    const { list } = run;
    this.settled = from;
    this.#takesNumbers = this.#rows === undefined || this.#rows.claimNumbers(run.count - from, number);
    try {
      while (this.settled < run.count && of[list[this.settled]!] === number) {
        if (this.#takesNumbers) {
          if (recompute.formula === undefined) this.#runFunctions(recompute.run!, number, run);
          else this.#runFormulas(recompute.formula, number, run);
          if (this.settled === run.count || of[list[this.settled]!] !== number) break;
        }
        this.#enter(list[this.settled]!);
        recompute.run!(executor.context);
        this.#keep(run, number);
      }
      this.executed = this.settled;
    } catch (error) {
      this.executed = this.settled + 1;
      executor.refuse(recompute, run, this.settled, error);
    }
    this.changes += this.settled - from;
  }

  /** Makes the context that of a page. */
  #enter(slot: number): void {
    const { context, graph } = this.#executor;
    graph.sortInputs(slot);
    graph.state[slot]! &= ~SETTLED;
    context.slot = slot;
    context.inputStart = graph.incoming.start[slot]!;
    context.inputCount = graph.dataInputs(slot);
    context.ownPlace = graph.place[slot]!;
    context.mode = WriteMode.None;
  }

  /** Rows of a function, up to one that has not written one number at the start of its page: that one has run, and is settled too. */
  #runFunctions(fn: RecomputeFunction, number: number, run: LevelRun): void {
    const { context, graph } = this.#executor;
    const rows = this.#rows;
    const { state, place, table, hasHadControl } = graph;
    const { start, count } = graph.incoming;
    const { epoch, changed, stamp } = table;
    const { of } = this.#registry;
    const { list, result } = run;
    const to = run.count;
    for (let k = this.settled; k < to; k++) {
      const slot = list[k]!;
      if (of[slot] !== number) return;
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
      fn(context);
      const now = context.newNumber;
      const old = context.oldNumber;
      // A NaN has more bits than one, and equal zeros may differ.
      if (
        context.violation !== undefined ||
        context.mode !== WriteMode.Number ||
        context.elementOffset !== 0 ||
        !(now < old || now > old)
      ) {
        this.#keep(run, number);
        if (!this.#takesNumbers) return;
        continue;
      }
      result[k] = RunResult.Element;
      if (rows === undefined) {
        epoch[slot]!++;
        changed[slot] = stamp;
      } else rows.addNumber(slot, now, old);
      this.settled = k + 1;
    }
  }

  /** Rows of a formula with one to four inputs, up to one that wants a context. */
  #runFormulas(fn: FormulaFunction, number: number, run: LevelRun): void {
    const { context, graph } = this.#executor;
    const rows = this.#rows;
    const { state, place, table, hasHadControl } = graph;
    const { start, count, pool } = graph.incoming;
    const { epoch, changed, stamp } = table;
    const { of } = this.#registry;
    const { list, result } = run;
    const { f64s } = context;
    const to = run.count;
    for (let k = this.settled; k < to; k++) {
      const slot = list[k]!;
      if (of[slot] !== number) return;
      const flags = state[slot]!;
      if ((flags & ASKS) !== 0) {
        if ((flags & NodeState.Unsorted) !== 0) graph.sortInputs(slot);
        state[slot]! &= ~SETTLED;
      }
      const at = start[slot]!;
      const inputs = hasHadControl ? graph.dataInputs(slot) : count[slot]!;
      const own = place[slot]!;
      const p = place[pool[at]! >>> 1]!;
      if (inputs === 0 || inputs > 4 || own === 0 || p === 0) return;
      context.slot = slot;
      const a = f64s[(p >>> 24) & 63]![(p & 0xff_ffff) << 3]!;
      let value = a;
      if (inputs === 1) value = fn(a);
      else {
        const q = place[pool[at + 1]! >>> 1]!;
        if (q === 0) return;
        const b = f64s[(q >>> 24) & 63]![(q & 0xff_ffff) << 3]!;
        if (inputs === 2) value = fn(a, b);
        else {
          const r = place[pool[at + 2]! >>> 1]!;
          if (r === 0) return;
          const c = f64s[(r >>> 24) & 63]![(r & 0xff_ffff) << 3]!;
          if (inputs === 3) value = fn(a, b, c);
          else {
            const s = place[pool[at + 3]! >>> 1]!;
            if (s === 0) return;
            value = fn(a, b, c, f64s[(s >>> 24) & 63]![(s & 0xff_ffff) << 3]!);
          }
        }
      }
      const page = f64s[(own >>> 24) & 63]!;
      const index = (own & 0xff_ffff) << 3;
      const old = page[index]!;
      if (context.violation !== undefined || typeof value !== "number" || !(value < old || value > old)) {
        this.#put(run, number, value);
        if (!this.#takesNumbers) return;
        continue;
      }
      page[index] = value;
      result[k] = RunResult.Element;
      if (rows === undefined) {
        epoch[slot]!++;
        changed[slot] = stamp;
      } else rows.addNumber(slot, value, old);
      this.settled = k + 1;
    }
  }

  /** What the formula of the next row returned, where it is no number that differs from what stands there. */
  #put(run: LevelRun, number: number, value: unknown): void {
    const { context } = this.#executor;
    if (context.violation === undefined && typeof value !== "number") throw noNumber(value);
    this.#enter(run.list[this.settled]!);
    context.setF64(0, value as number);
    this.#keep(run, number);
  }

  /** Settles the next row by what its recompute wrote through the context. Throws what it did behind the context's back. */
  #keep(run: LevelRun, number: number): void {
    const executor = this.#executor;
    const k = this.settled;
    if (executor.context.violation !== undefined) throw executor.context.violation;
    if (executor.context.mode === WriteMode.None) run.result[k] = RunResult.Equal;
    else executor.keep(run, k);
    this.settled = k + 1;
    if (run.result[k] === RunResult.Equal) {
      this.changes--;
      this.#cutOff.push(run.list[k]!);
    } else {
      const slot = run.list[k]!;
      if (this.#rows === undefined) executor.graph.table.bumpEpoch(slot);
      else {
        this.#rows.add(executor, run, k, number);
        this.#takesNumbers = false;
      }
    }
  }

  #noteCutOff({ list, result }: LevelRun, from: number, to: number): void {
    for (let k = from; k < to; k++) if (result[k] === RunResult.Equal) this.#cutOff.push(list[k]!);
  }

  #settle(run: LevelRun, from: number, to: number, number: number): void {
    const executor = this.#executor;
    const rows = this.#rows;
    const { state, table } = executor.graph;
    const { epoch, changed, stamp } = table;
    const { list, result } = run;
    let changes = 0;
    for (let k = from; k < to; k++) {
      const slot = list[k]!;
      const outcome = result[k]!;
      state[slot]! &= ~SETTLED;
      if (outcome === RunResult.Equal) this.#cutOff.push(slot);
      else if (outcome !== RunResult.Skipped) {
        changes++;
        if (rows !== undefined) rows.add(executor, run, k, number);
        else {
          epoch[slot]!++;
          changed[slot] = stamp;
        }
      }
    }
    this.changes += changes;
  }
}
