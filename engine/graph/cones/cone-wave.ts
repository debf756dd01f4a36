import type { DirtyLevels } from "../dirty-levels.ts";
import type { Executor } from "../executor.ts";
import { noNumber } from "../formula.ts";
import { type LevelRun, RunResult } from "../level-run.ts";
import { NodeState } from "../node-state.ts";
import { WriteMode } from "../page-context.ts";
import type { Recompute } from "../registry.ts";
import type { WaveLevels } from "../wave-levels.ts";
import type { WaveRows } from "../wave-rows.ts";
import type { WorkStack } from "../work-stack.ts";
import type { ConeLoop } from "./cone-loop.ts";
import { ConeLoops } from "./cone-loops.ts";
import type { ConePlan, ConePlans } from "./cone-plans.ts";

/**
 * Waves that set out from one page with a plan ({@link ConePlans}), where nothing has failed, nothing waits to be read, and order among the pages of a level is of no matter. It
 * stops at the first page that does not write one number, or throws: the rest of its wave is for the general way.
 */
export class ConeWave {
  readonly #executor: Executor;
  readonly #plans: ConePlans;
  readonly #loops: ConeLoops;
  readonly #cutOff: WorkStack;
  readonly #told: WaveLevels;
  /** Where what changes is written down; undefined where nothing is logged. */
  readonly #log: WaveRows | undefined;
  /** Of the pages that are done. */
  recomputed = 0;
  changes = 0;
  levels = 0;
  /** The level of the page that the wave was broken off at. */
  level = 0;

  constructor(
    executor: Executor,
    plans: ConePlans,
    cutOff: WorkStack,
    told: WaveLevels,
    log: WaveRows | undefined,
  ) {
    this.#executor = executor;
    this.#cutOff = cutOff;
    this.#told = told;
    this.#log = log;
    this.#plans = plans;
    this.#loops = new ConeLoops(executor, log);
  }

  /**
   * Runs the wave. False where it was broken off: `run` then has the page that it was broken off at, which has run and has its result, and behind it the dirty ones
   * of the same level; those of further levels are on the lists of `dirty`.
   */
  run(plan: ConePlan, run: LevelRun, dirty: DirtyLevels): boolean {
    const { rows } = this.#plans;
    const executor = this.#executor;
    executor.begin();
    this.#loops.begin(rows);
    this.#log?.claimNumbers(plan.to - plan.from);
    const { dependentStart, dependents } = rows;
    const end = dependentStart[plan.from]!;
    for (let at = dependentStart[plan.from - plan.slots.length]!; at < end; at++)
      rows.dirty[dependents[at]!] = 1;
    this.changes = 0;
    let row = plan.from;
    while (row < plan.to) {
      const number = rows.recompute[row]!;
      const to = rows.sameTo[row]!;
      const recompute = this.#plans.registry.all[number]!;
      const loop = this.#loops.loopOf(recompute, number);
      const stoppedAt = this.#runLoop(loop, recompute, number, row, to, run);
      if (stoppedAt < to) {
        this.#settle(plan.from, stoppedAt);
        this.#leave(stoppedAt, plan.to, run, dirty);
        this.#plans.stopped(plan);
        return false;
      }
      row = to;
    }
    this.#settle(plan.from, plan.to);
    return true;
  }

  /** Runs dirty rows in a loop, up to one that is not for it, which is then row 0 of `run` with its result. Returns that row, or `to`. */
  #runLoop(
    loop: ConeLoop,
    recompute: Recompute,
    number: number,
    from: number,
    to: number,
    run: LevelRun,
  ): number {
    const { context, graph } = this.#executor;
    const { stop } = this.#loops;
    stop.hasRun = false;
    let row = to;
    try {
      row = loop.run(recompute.formula ?? recompute.run!, from, to, this.#log?.count ?? 0, graph.table.stamp);
    } catch (error) {
      // What the loop counts it had no time to hand over.
      const { slot, result } = this.#plans.rows;
      row = slot.indexOf(context.slot, from);
      stop.changes = 0;
      for (let r = from; r < row; r++) if (result[r] === RunResult.Element) stop.changes++;
      this.#took(number);
      context.leaveLoop();
      run.list[0] = context.slot;
      this.#executor.refuse(recompute, run, 0, error);
      return row;
    }
    this.#took(number);
    if (stop.hasRun) {
      context.leaveLoop();
      this.#finishPage(recompute, run);
    }
    return row;
  }

  #took(number: number): void {
    const { changes } = this.#loops.stop;
    this.changes += changes;
    if (changes > 0) this.#log?.addedNumbers(changes, number);
  }

  /** Gives the page that a loop has stopped at its result. */
  #finishPage(recompute: Recompute, run: LevelRun): void {
    const { context, graph } = this.#executor;
    run.list[0] = context.slot;
    try {
      if (recompute.formula !== undefined) {
        const { value } = this.#loops.stop;
        context.inputStart = graph.incoming.start[context.slot]!;
        context.inputCount = graph.dataInputs(context.slot);
        context.ownPlace = graph.place[context.slot]!;
        context.mode = WriteMode.None;
        if (context.violation === undefined && typeof value !== "number") throw noNumber(value);
        context.setF64(0, value as number);
      }
      if (context.violation !== undefined) throw context.violation;
      if (context.mode === WriteMode.None) run.result[0] = RunResult.Equal;
      else this.#executor.keep(run, 0);
    } catch (error) {
      this.#executor.refuse(recompute, run, 0, error);
    }
  }

  /** Counts and tells what came of rows `[from, to)`. */
  #settle(from: number, to: number): void {
    const { result, level, slot } = this.#plans.rows;
    const cutOff = this.#cutOff;
    let levels = 0;
    let recomputed = 0;
    let last = -1;
    let members = 0;
    let cut = 0;
    for (let row = from; row < to; row++) {
      const outcome = result[row]!;
      if (outcome === RunResult.Skipped) continue;
      if (level[row] !== last) {
        if (this.#log !== undefined && last >= 0) this.#told.add(last, members, cut, 0);
        last = level[row]!;
        levels++;
        members = 0;
        cut = 0;
      }
      recomputed++;
      if (outcome === RunResult.Element) members++;
      else {
        cut++;
        cutOff.push(slot[row]!);
      }
    }
    if (this.#log !== undefined && last >= 0) this.#told.add(last, members, cut, 0);
    this.recomputed = recomputed;
    this.levels = levels;
    this.level = last;
  }

  /** Leaves the dirty rows behind `at` to the general way. */
  #leave(at: number, to: number, run: LevelRun, levels: DirtyLevels): void {
    const { state } = this.#executor.graph;
    const { dirty, level, slot } = this.#plans.rows;
    if (level[at] !== this.level) this.levels++;
    this.level = level[at]!;
    run.recompute = 0;
    run.count = 1;
    for (let row = at + 1; row < to; row++) {
      if (dirty[row] === 0) continue;
      dirty[row] = 0;
      state[slot[row]!]! |= NodeState.Dirty;
      if (level[row] === this.level) run.list[run.count++] = slot[row]!;
      else levels.push(slot[row]!, level[row]!);
    }
  }
}
