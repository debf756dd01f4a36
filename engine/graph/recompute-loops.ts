import type { Executor } from "./executor.ts";
import type { LoopStop } from "./level-loop.ts";
import { RunResult } from "./level-run.ts";
import { ownCode } from "./own-code.ts";
import { WriteMode } from "./page-context.ts";
import type { Recompute } from "./registry.ts";
import type { WaveRows } from "./wave-rows.ts";

/** Loops of their own at most. */
const MAX_OWN = 64;
/** After columns were replaced a recompute gets a loop of its own when it has run so many times as often. */
const OWN_GROWTH = 4;

/** What is known of a recompute. */
export interface LoopUse<Loop> {
  readonly recompute: Recompute;
  loop: Loop | undefined;
  isOwn: boolean;
  /** How much it has run, as whoever runs it counts that, and how often its loop has left a page to others. */
  runs: number;
  stops: number;
  ownFrom: number;
  /** Probes, one after the other, that found its own loop slow; and how often that was copied anew. */
  slowProbes: number;
  renewals: number;
}

const NO_NUMBERS = new Float64Array(0);
const NO_SLOTS = new Uint32Array(0);

/**
 * Which recomputes run in which loop: those that run much in one of their own, the others in one that all share. Loops work on the columns as they stand, so all
 * are given up where one is replaced, which is rare.
 */
export class RecomputeLoops<Columns, Loop> {
  readonly stop: LoopStop = { changes: 0, hasRun: false, value: undefined };
  protected readonly executor: Executor;
  protected readonly log: WaveRows | undefined;
  protected columns: Columns | undefined;
  readonly #byFunction: (columns: Columns) => Loop;
  readonly #byFormula: (columns: Columns) => Loop;
  readonly #ownFrom: number;
  /** By the recompute's number. */
  readonly #uses: (LoopUse<Loop> | undefined)[] = [];
  #shared: { readonly byFunction: Loop; readonly byFormula: Loop } | undefined;
  #own = 0;

  /** A recompute has run much from `ownFrom` on. */
  constructor(
    executor: Executor,
    log: WaveRows | undefined,
    byFunction: (columns: Columns) => Loop,
    byFormula: (columns: Columns) => Loop,
    ownFrom: number,
  ) {
    this.executor = executor;
    this.log = log;
    this.#byFunction = byFunction;
    this.#byFormula = byFormula;
    this.#ownFrom = ownFrom;
  }

  protected knownOf(recompute: Recompute, number: number): LoopUse<Loop> {
    const known = this.#uses[number];
    if (known?.recompute === recompute) return known;
    if (known?.isOwn === true) this.#own--;
    const ownFrom = this.#ownFrom;
    const counts = { runs: 0, stops: 0, slowProbes: 0, renewals: 0 };
    const use = { recompute, loop: undefined, isOwn: false, ownFrom, ...counts };
    this.#uses[number] = use;
    return use;
  }

  protected loopFor(use: LoopUse<Loop>): Loop {
    if (use.runs >= use.ownFrom && !use.isOwn && this.#own < MAX_OWN) this.#makeOwn(use);
    use.loop ??= this.#sharedLoop(use.recompute);
    return use.loop;
  }

  /** Its own loop is given up: the next time it gets another. */
  protected renew(use: LoopUse<Loop>): void {
    use.isOwn = false;
    use.ownFrom = 0;
    this.#own--;
  }

  #makeOwn(use: LoopUse<Loop>): void {
    use.ownFrom = use.runs * OWN_GROWTH;
    const factory = ownCode(use.recompute.formula === undefined ? this.#byFunction : this.#byFormula);
    if (factory === undefined) return;
    use.loop = factory(this.columns!);
    use.isOwn = true;
    this.#own++;
  }

  #sharedLoop({ formula }: Recompute): Loop {
    const columns = this.columns!;
    this.#shared ??= { byFunction: this.#byFunction(columns), byFormula: this.#byFormula(columns) };
    return formula === undefined ? this.#shared.byFunction : this.#shared.byFormula;
  }

  /** The columns that all loops work on, as they stand now. */
  protected commonColumns() {
    const { executor, log } = this;
    const { incoming, table } = executor.graph;
    return {
      ...{ start: incoming.start, epoch: table.epoch, changed: table.changed },
      ...{ f64s: executor.views.f64, context: executor.context },
      isLogged: log !== undefined,
      rowSlot: log?.deltas.slot ?? NO_SLOTS,
      rowNow: log?.numbers ?? NO_NUMBERS,
      rowBefore: log?.oldNumbers ?? NO_NUMBERS,
      ...{ equal: RunResult.Equal, element: RunResult.Element, none: WriteMode.None },
      stop: this.stop,
    };
  }

  /** Columns were replaced: every loop is given up. */
  protected take(columns: Columns): void {
    this.columns = columns;
    this.#shared = undefined;
    this.#own = 0;
    for (const use of this.#uses) {
      if (use === undefined) continue;
      use.loop = undefined;
      use.isOwn = false;
    }
  }
}
