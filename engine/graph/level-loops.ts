import type { Executor } from "./executor.ts";
import { formulaLoop } from "./formula-loop.ts";
import { functionLoop } from "./function-loop.ts";
import type { LevelLoop, LoopColumns, LoopFactory, LoopStop } from "./level-loop.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { ownCode } from "./own-code.ts";
import { WriteMode } from "./page-context.ts";
import type { Recompute, RecomputeRegistry } from "./registry.ts";
import type { WaveRows } from "./wave-rows.ts";

/** A recompute that has run over so many pages gets a loop of its own; after columns were replaced, over so many times as many again. */
const OWN_ROWS = 16_384;
const OWN_ROWS_GROWTH = 4;
/** Loops of their own at most. */
const MAX_OWN = 64;
/** Of a recompute with a loop: after so many pages it is given up where it stopped at more than one in `MIN_RUN` of them. */
const TRIAL_ROWS = 1024;
const MIN_RUN = 4;

/** What is known of a recompute. */
interface Use {
  readonly recompute: Recompute;
  loop: LevelLoop | undefined;
  isOwn: boolean;
  rows: number;
  stops: number;
  ownFrom: number;
}

const NO_NUMBERS = new Float64Array(0);
const NO_SLOTS = new Uint32Array(0);

/** Which recomputes run in which loop. Loops work on the columns as they stand, so all are given up where one is replaced, which is rare. */
export class LevelLoops {
  readonly stop: LoopStop = { changes: 0, hasRun: false, value: undefined };
  readonly #executor: Executor;
  readonly #registry: RecomputeRegistry;
  readonly #rows: WaveRows | undefined;
  #columns: LoopColumns | undefined;
  /** By the recompute's number. */
  readonly #uses: (Use | undefined)[] = [];
  #shared: { readonly byFunction: LevelLoop; readonly byFormula: LevelLoop } | undefined;
  #own = 0;

  constructor(executor: Executor, registry: RecomputeRegistry, rows: WaveRows | undefined) {
    this.#executor = executor;
    this.#registry = registry;
    this.#rows = rows;
  }

  /** Before a wave: takes in columns that were replaced. */
  begin(run: LevelRun): void {
    const { state, place, incoming, table } = this.#executor.graph;
    const known = this.#columns;
    const isStanding =
      known !== undefined &&
      known.of === this.#registry.of &&
      known.state === state &&
      known.place === place &&
      known.pool === incoming.pool &&
      known.start === incoming.start &&
      known.epoch === table.epoch;
    if (!isStanding) this.#take(run);
  }

  /** Before a level: takes in columns of the wave that were replaced. */
  enter(run: LevelRun): void {
    const columns = this.#columns!;
    if (columns.list === run.list && (this.#rows === undefined || this.#rows.isWrittenTo(columns))) return;
    this.#take(run);
  }

  /** The loop for a recompute that has a function; undefined where none is of use. */
  loopOf(recompute: Recompute, number: number): LevelLoop | undefined {
    let use = this.#uses[number];
    if (use?.recompute !== recompute) {
      if (use?.isOwn === true) this.#own--;
      use = { recompute, loop: undefined, isOwn: false, rows: 0, stops: 0, ownFrom: OWN_ROWS };
      this.#uses[number] = use;
    }
    if (use.stops * MIN_RUN > use.rows && use.rows > TRIAL_ROWS) return undefined;
    if (!use.isOwn && use.rows >= use.ownFrom && this.#own < MAX_OWN) this.#makeOwn(use);
    use.loop ??= this.#sharedLoop(recompute);
    return use.loop;
  }

  /** So many rows of a recompute were run. */
  ran(number: number, rows: number): void {
    this.#uses[number]!.rows += rows;
  }

  /** Its loop has left a page to others. */
  stopped(number: number): void {
    this.#uses[number]!.stops++;
  }

  #makeOwn(use: Use): void {
    use.ownFrom = use.rows * OWN_ROWS_GROWTH;
    const factory = ownCode(
      (use.recompute.formula === undefined ? functionLoop : formulaLoop) as LoopFactory,
    );
    if (factory === undefined) return;
    use.loop = factory(this.#columns!);
    use.isOwn = true;
    this.#own++;
  }

  #sharedLoop({ formula }: Recompute): LevelLoop {
    const columns = this.#columns!;
    this.#shared ??= {
      byFunction: (functionLoop as LoopFactory)(columns),
      byFormula: (formulaLoop as LoopFactory)(columns),
    };
    return formula === undefined ? this.#shared.byFunction : this.#shared.byFormula;
  }

  #take(run: LevelRun): void {
    const { graph, context, views } = this.#executor;
    const { state, place, table } = graph;
    const { start, count, pool } = graph.incoming;
    const { epoch, changed } = table;
    const rows = this.#rows;
    this.#columns = {
      ...{ list: run.list, result: run.result, of: this.#registry.of },
      ...{ state, place, start, count, pool, epoch, changed, f64s: views.f64 },
      isLogged: rows !== undefined,
      rowSlot: rows?.deltas.slot ?? NO_SLOTS,
      rowNow: rows?.numbers ?? NO_NUMBERS,
      rowBefore: rows?.oldNumbers ?? NO_NUMBERS,
      context,
      settled: NodeState.Dirty | NodeState.Stale,
      unsorted: NodeState.Unsorted,
      ...{ equal: RunResult.Equal, element: RunResult.Element },
      none: WriteMode.None,
      stop: this.stop,
    };
    this.#shared = undefined;
    this.#own = 0;
    for (const use of this.#uses) {
      if (use === undefined) continue;
      use.loop = undefined;
      use.isOwn = false;
    }
  }
}
