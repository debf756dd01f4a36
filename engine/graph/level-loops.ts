import type { Executor } from "./executor.ts";
import { formulaLoop } from "./formula-loop.ts";
import { functionLoop } from "./function-loop.ts";
import type { LevelLoop, LoopColumns, LoopFactory } from "./level-loop.ts";
import type { LevelRun } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { type LoopUse, RecomputeLoops } from "./recompute-loops.ts";
import type { Recompute, RecomputeRegistry } from "./registry.ts";
import type { WaveRows } from "./wave-rows.ts";

/** A recompute that has run over so many pages gets a loop of its own. */
const OWN_ROWS = 16_384;
/** Of a recompute with a loop: after so many pages it is given up where it stopped at more than one in `MIN_RUN` of them. */
const TRIAL_ROWS = 1024;
const MIN_RUN = 4;
/**
 * A loop of its own takes two to four times as long for rows one by one as for as many at once; one whose calls begin in slow code (`plain-level.ts`) takes seven times or more. After so many
 * probes one after the other that say so it is copied anew, up to so many times.
 */
const SLOW_START = 5;
const SLOW_PROBES = 4;
const MAX_RENEWALS = 8;

/** Which recomputes run in which loop over the rows of levels. */
export class LevelLoops extends RecomputeLoops<LoopColumns, LevelLoop> {
  readonly #registry: RecomputeRegistry;
  /** Of the recompute that was asked for last. */
  #use: LoopUse<LevelLoop> | undefined;

  constructor(executor: Executor, registry: RecomputeRegistry, log: WaveRows | undefined) {
    super(executor, log, functionLoop as LoopFactory, formulaLoop as LoopFactory, OWN_ROWS);
    this.#registry = registry;
  }

  /** Before a wave: takes in columns that were replaced. */
  begin(run: LevelRun): void {
    const { state, place, incoming, table } = this.executor.graph;
    const known = this.columns;
    const isStanding =
      known !== undefined &&
      known.of === this.#registry.of &&
      known.state === state &&
      known.place === place &&
      known.pool === incoming.pool &&
      known.start === incoming.start &&
      known.epoch === table.epoch;
    if (!isStanding) this.#takeColumns(run);
  }

  /** Before a level: takes in columns of the wave that were replaced. */
  enter(run: LevelRun): void {
    const columns = this.columns!;
    if (columns.list === run.list && (this.log === undefined || this.log.isWrittenTo(columns))) return;
    this.#takeColumns(run);
  }

  /** The loop for a recompute that has a function; undefined where none is of use. */
  loopOf(recompute: Recompute, number: number): LevelLoop | undefined {
    const use = this.knownOf(recompute, number);
    this.#use = use;
    const isOfUse = use.stops * MIN_RUN <= use.runs || use.runs <= TRIAL_ROWS;
    return isOfUse ? this.loopFor(use) : undefined;
  }

  /** So many rows of the recompute that {@link loopOf} was asked for were run. */
  ran(rows: number): void {
    this.#use!.runs += rows;
  }

  /** Rows one by one took its loop so many times as long as rows at once. */
  probed(ratio: number): void {
    const use = this.#use!;
    use.slowProbes = ratio > SLOW_START ? use.slowProbes + 1 : 0;
    if (!use.isOwn || use.slowProbes < SLOW_PROBES || use.renewals === MAX_RENEWALS) return;
    use.slowProbes = 0;
    use.renewals++;
    this.renew(use);
  }

  /** Its loop has left a page to others. */
  stopped(): void {
    this.#use!.stops++;
  }

  #takeColumns({ list, result }: LevelRun): void {
    const { state, place, incoming } = this.executor.graph;
    const { count, pool } = incoming;
    this.take({
      ...this.commonColumns(),
      ...{ list, result, of: this.#registry.of, state, place, count, pool },
      settled: NodeState.Dirty | NodeState.Stale,
      unsorted: NodeState.Unsorted,
    });
  }
}
