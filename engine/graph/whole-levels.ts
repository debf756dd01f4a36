import type { ChangeMarks } from "./change-marks.ts";
import type { DirtyLevels } from "./dirty-levels.ts";
import type { Executor } from "./executor.ts";
import type { LevelRecomputes } from "./level-recomputes.ts";
import type { LevelRun } from "./level-run.ts";
import { runsLevel, runWordLevels } from "./run-kernel.ts";
import { sweepReach } from "./sweep.ts";
import type { WaveLevels } from "./wave-levels.ts";
import type { WaveRows } from "./wave-rows.ts";

/**
 * Runs levels that are swept and have one kernel for all of their pages in one call, one behind the other as long as every page of each changes: then all of the
 * next is due, and nobody needs to look.
 */
export class WholeLevels {
  readonly #executor: Executor;
  readonly #recomputes: LevelRecomputes;
  readonly #dirty: DirtyLevels;
  readonly #marks: ChangeMarks;
  readonly #told: WaveLevels;
  readonly #log: WaveRows | undefined;
  /** The level that it got to, which is in the run; rows of it that are done, and that have changed. */
  level = 0;
  settled = 0;
  changes = 0;
  /** The last level to sweep because of any, and because of this one (-1: none). */
  sweepTo = -1;
  reach = -1;
  /** Pages of the levels before, which have changed whole and are told and marked. */
  pages = 0;

  constructor(
    executor: Executor,
    recomputes: LevelRecomputes,
    dirty: DirtyLevels,
    marks: ChangeMarks,
    told: WaveLevels,
    log: WaveRows | undefined,
  ) {
    this.#executor = executor;
    this.#recomputes = recomputes;
    this.#dirty = dirty;
    this.#marks = marks;
    this.#told = told;
    this.#log = log;
  }

  /**
   * `run` has a level, the last to sweep because of it is `reach`, and because of any `sweepTo`. The level that it gets to takes its place. `isFree`: nothing may stop the wave between
   * two levels.
   */
  run(run: LevelRun, level: number, reach: number, sweepTo: number, isFree: boolean): void {
    const { graph } = this.#executor;
    const { levels, state } = graph;
    this.level = level;
    this.settled = 0;
    this.changes = 0;
    this.pages = 0;
    this.sweepTo = sweepTo;
    this.reach = reach;
    const recompute = this.#recomputes.registry.all[run.recompute];
    if (!isFree || recompute === undefined || !runsLevel(this.#executor, recompute, run.count)) return;
    const order = levels.sweepOrder(state);
    const { sweepStart, population } = levels;
    if (graph.table.size[order[sweepStart[level]!]!] !== 8) return;
    const to = this.#end(level, run.recompute, reach, sweepTo);
    if (to === level + 1) return;
    const pages = sweepStart[to]! - sweepStart[level]!;
    if (this.#log?.claimNumbers(pages) === false) return;
    run.reserve(population.subarray(level, to).reduce((most, count) => Math.max(most, count), 0));
    const end = runWordLevels(
      this.#executor,
      recompute,
      run.recompute,
      run,
      order,
      sweepStart,
      level,
      to,
      this.#log,
    );
    this.level = end.level;
    this.settled = end.rows;
    this.changes = end.changes;
    this.pages = sweepStart[end.level]! - sweepStart[level]!;
    for (let whole = level; whole < end.level; whole++) {
      const reached = whole === level ? reach : sweepReach(graph, whole, population[whole]!);
      if (reached > this.sweepTo) this.sweepTo = reached;
      this.#marks.addLevel(whole);
      if (this.#log !== undefined) this.#told.add(whole, population[whole]!, 0, 0);
    }
    if (end.level === level) return;
    run.count = population[end.level]!;
    run.list.set(order.subarray(sweepStart[end.level]!, sweepStart[end.level + 1]!));
    this.reach = sweepReach(graph, end.level, run.count);
    if (this.reach > this.sweepTo) this.sweepTo = this.reach;
  }

  /** The level behind the last that may be run with this one: all of them have its recompute, are swept, and leave the next to a sweep. */
  #end(level: number, recompute: number, reach: number, sweepTo: number): number {
    const { graph } = this.#executor;
    const { population } = graph.levels;
    let last = sweepTo;
    let reached = reach;
    let to = level + 1;
    while (reached >= 0 && to <= last && this.#dirty.count[to] === 0) {
      if (this.#recomputes.numberOf(to) !== recompute) break;
      reached = sweepReach(graph, to, population[to]!);
      if (reached > last) last = reached;
      to++;
    }
    return to;
  }
}
