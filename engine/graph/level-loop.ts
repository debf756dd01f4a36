import type { PageContext } from "./page-context.ts";
import type { FormulaFunction, RecomputeFunction } from "./recompute.ts";

/** What a loop over the rows of a level works on; all of it stands while the loop is in use. */
export interface LoopColumns {
  readonly list: Uint32Array;
  readonly result: Uint8Array;
  readonly of: Uint32Array;
  readonly state: Uint8Array;
  readonly place: Uint32Array;
  readonly start: Uint32Array;
  readonly count: Uint32Array;
  readonly pool: Uint32Array;
  readonly epoch: Float64Array;
  readonly changed: Uint32Array;
  /** Arenas as numbers, by arena. */
  readonly f64s: readonly Float64Array[];
  /** What is written down of each page that changes, where the wave is logged: slot, number, number before. */
  readonly isLogged: boolean;
  readonly rowSlot: Uint32Array;
  readonly rowNow: Float64Array;
  readonly rowBefore: Float64Array;
  readonly context: PageContext;
  /** Bits of `NodeState`: what is over once a page has run, and what has to be done before. */
  readonly settled: number;
  readonly unsorted: number;
  /** Values of `RunResult` and `WriteMode`. */
  readonly equal: number;
  readonly element: number;
  readonly none: number;
  readonly stop: LoopStop;
}

/** Where a loop has stopped. */
export interface LoopStop {
  /** Of the rows that it settled. */
  changes: number;
  /** The row that it stopped at has run, and what came of it is out of the ordinary. */
  hasRun: boolean;
  /** What its formula returned. */
  value: unknown;
}

/**
 * A loop over rows of a level that have the same recompute and write one number each. Its factory (`formula-loop.ts`, `function-loop.ts`) uses nothing of its
 * module, so that it can be copied (`own-code.ts`).
 */
export interface LevelLoop<
  F extends FormulaFunction | RecomputeFunction = FormulaFunction | RecomputeFunction,
> {
  /**
   * Runs and settles rows from `from` on, up to `to`, to one of another recompute than `recompute`, or to one that the loop cannot settle; returns that row. `row`: the
   * next of the wave's rows. `hasControl`: control edges may stand behind the data edges. `endsAtEqual`: no row behind one that comes out equal is run. Where a page has run and is not settled, or has
   * thrown, it is still in the loop for its context (`leaveLoop`).
   */
  run(
    fn: F,
    recompute: number,
    from: number,
    to: number,
    row: number,
    stamp: number,
    hasControl: boolean,
    endsAtEqual: boolean,
  ): number;
}

export type LoopFactory = (columns: LoopColumns) => LevelLoop;
