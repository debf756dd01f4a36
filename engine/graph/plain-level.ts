import type { Executor } from "./executor.ts";
import { noNumber } from "./formula.ts";
import type { LevelLoop } from "./level-loop.ts";
import { LevelLoops } from "./level-loops.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { WriteMode } from "./page-context.ts";
import type { Recompute, RecomputeRegistry } from "./registry.ts";
import { runRows, runsLevel, runWords } from "./run-kernel.ts";
import type { WaveRows } from "./wave-rows.ts";
import type { WorkStack } from "./work-stack.ts";

/**
 * Rows that a loop runs in one call. V8 compiles a function for its next call where many calls are what makes it hot; where one long call does, it compiles the rest of that call, and every
 * later one begins in slow code and goes on in such a rest, at half the speed or less. 64 rows are half of what one call takes to be hot.
 */
const LOOP_ROWS = 64;
/** It happens nevertheless, now and then, and nothing undoes it: one of so many calls is a probe, of so many rows one by one and as many at once. */
const PROBE_CALLS = 1024;
const PROBE_ROWS = 16;
const SETTLED = NodeState.Dirty | NodeState.Stale;

/**
 * Runs the pages of a level and settles each at once, where nothing has failed, nothing waits to be read, and order among them is of no matter: what
 * most waves are. It stops at the first page whose recompute throws; the rest is for the general way.
 */
export class PlainLevel {
  readonly #executor: Executor;
  readonly #registry: RecomputeRegistry;
  readonly #cutOff: WorkStack;
  readonly #loops: LevelLoops;
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
  #calls = 0;

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
    this.#loops = new LevelLoops(executor, registry, rows);
  }

  /** Before a wave. */
  begin(run: LevelRun): void {
    this.#loops.begin(run);
  }

  /** Leaves the outcome of each row that is done in `run.result`. So many rows are done already, and so many of them have changed. */
  run(run: LevelRun, settled = 0, changes = 0): void {
    const executor = this.#executor;
    const { of, all } = this.#registry;
    executor.begin();
    this.#takesNumbers = this.#rows?.claimNumbers(run.count - settled) ?? true;
    this.#loops.enter(run);
    this.settled = settled;
    this.changes = changes;
    this.recomputed = settled;
    if (changes < settled) this.#noteCutOff(run, 0, settled);
    while (this.settled < run.count && run.isDue(this.settled)) {
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
        else {
          const isOurs = runsLevel(executor, recompute, to - from);
          if (isOurs && this.#runWords(recompute, number, run, to)) continue;
          runRows(executor, recompute, run, this.settled, to);
          if (executor.errors.size > 0) return;
          this.recomputed += to - this.settled;
        }
        this.#settle(run, this.settled, to, number);
        this.settled = to;
      }
    }
    this.executed = this.settled;
  }

  /** Runs and settles pages of one word, up to the first row that is none; true where there is no other before `to`. */
  #runWords(recompute: Recompute, number: number, run: LevelRun, to: number): boolean {
    const from = this.settled;
    if (!this.#takesNumbers || this.#executor.graph.table.size[run.list[from]!] !== 8) return false;
    const { rows, changes } = runWords(this.#executor, recompute, number, run, from, to, this.#rows);
    this.settled = from + rows;
    this.changes += changes;
    this.recomputed += rows;
    if (changes < rows) this.#noteCutOff(run, from, this.settled);
    return this.settled === to;
  }

  /** Runs the rows from `from` on that have this recompute, up to one that throws. */
  #runRows(recompute: Recompute, number: number, run: LevelRun, from: number): void {
    const executor = this.#executor;
    const { of } = this.#registry;
    const { list } = run;
    this.settled = from;
    const loop = this.#loops.loopOf(recompute, number);
    try {
      while (this.settled < run.count && of[list[this.settled]!] === number && run.isDue(this.settled)) {
        if (loop !== undefined && this.#takesNumbers) {
          if (++this.#calls >= PROBE_CALLS && run.count - this.settled >= 2 * PROBE_ROWS) {
            this.#calls = 0;
            this.#probe(loop, recompute, number, run);
          } else this.#runLoop(loop, recompute, number, run, LOOP_ROWS);
        } else {
          this.#enter(list[this.settled]!);
          recompute.run!(executor.context);
          this.#keep(run, number);
        }
      }
      this.executed = this.settled;
    } catch (error) {
      this.executed = this.settled + 1;
      executor.refuse(recompute, run, this.settled, error);
    }
    this.#loops.ran(this.settled - from);
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

  /** Runs some rows one by one, and as many at once, and tells how much longer the first took. */
  #probe(loop: LevelLoop, recompute: Recompute, number: number, run: LevelRun): void {
    const { of } = this.#registry;
    const isNext = () => of[run.list[this.settled]!] === number && run.isDue(this.settled);
    const from = this.settled;
    const started = performance.now();
    while (this.settled < from + PROBE_ROWS && isNext()) this.#runLoop(loop, recompute, number, run, 1);
    const between = performance.now();
    if (!isNext()) return;
    this.#runLoop(loop, recompute, number, run, PROBE_ROWS);
    this.#loops.probed((between - started) / (performance.now() - between));
  }

  /** Runs at most so many rows in a loop, up to one that is not for it: that one is settled too. */
  #runLoop(
    loop: LevelLoop,
    { run: fn, formula }: Recompute,
    number: number,
    run: LevelRun,
    most: number,
  ): void {
    const { context, graph } = this.#executor;
    const { stop } = this.#loops;
    const rows = this.#rows;
    const from = this.settled;
    const end = Math.min(from + most, run.count);
    stop.hasRun = false;
    let to = from;
    try {
      to = loop.run(
        formula ?? fn!,
        number,
        from,
        end,
        rows?.count ?? 0,
        graph.table.stamp,
        graph.hasHadControl,
        run.isStrand,
      );
    } catch (error) {
      to = run.list.indexOf(context.slot, from);
      stop.changes = 0;
      for (let k = from; k < to; k++) if (run.result[k] === RunResult.Element) stop.changes++;
      this.#took(run, from, to, number);
      context.leaveLoop();
      throw error;
    }
    this.#took(run, from, to, number);
    // A loop that has got on may get on again from where it is.
    if (to === end || (to > from && !stop.hasRun)) return;
    this.#loops.stopped();
    const slot = run.list[to]!;
    context.leaveLoop();
    if (!stop.hasRun) {
      this.#enter(slot);
      fn!(context);
    } else if (formula !== undefined) {
      this.#enter(slot);
      if (context.violation === undefined && typeof stop.value !== "number") throw noNumber(stop.value);
      context.setF64(0, stop.value as number);
    }
    this.#keep(run, number);
  }

  /** The loop has settled rows `[from, to)`. */
  #took(run: LevelRun, from: number, to: number, number: number): void {
    const { changes } = this.#loops.stop;
    this.settled = to;
    this.changes += changes;
    if (changes < to - from) this.#noteCutOff(run, from, to);
    if (changes > 0) this.#rows?.addedNumbers(changes, number);
  }

  /** Settles the next row by what its recompute wrote through the context. Throws what it did behind the context's back. */
  #keep(run: LevelRun, number: number): void {
    const executor = this.#executor;
    const { context } = executor;
    const rows = this.#rows;
    const k = this.settled;
    const slot = run.list[k]!;
    if (context.violation !== undefined) throw context.violation;
    if (context.mode === WriteMode.None) run.result[k] = RunResult.Equal;
    else executor.keep(run, k);
    this.settled = k + 1;
    if (run.result[k] === RunResult.Equal) {
      this.#cutOff.push(slot);
      return;
    }
    this.changes++;
    if (rows === undefined) executor.graph.table.bumpEpoch(slot);
    else if (this.#takesNumbers && context.wroteNumber) {
      rows.addNumber(slot, context.newNumber, context.oldNumber, number);
    } else {
      rows.add(executor, run, k, number);
      this.#takesNumbers = false;
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
        if (rows !== undefined) {
          if (this.#takesNumbers && run.isFirstNumber(k)) rows.addWord(executor, run, k, number);
          else {
            rows.add(executor, run, k, number);
            this.#takesNumbers = false;
          }
        } else {
          epoch[slot]!++;
          changed[slot] = stamp;
        }
      }
    }
    this.changes += changes;
  }
}
