import type { LoopStop } from "../level-loop.ts";
import type { PageContext } from "../page-context.ts";
import type { FormulaFunction, RecomputeFunction } from "../recompute.ts";

/** What a loop over rows of {@link ConeRows} works on; all of it stands while the loop is in use. */
export interface ConeColumns {
  readonly slot: Uint32Array;
  readonly place: Uint32Array;
  /** By slot: where a page's inputs stand in the graph's pool. */
  readonly start: Uint32Array;
  readonly inputStart: Uint32Array;
  readonly inputs: Uint32Array;
  readonly dependentStart: Uint32Array;
  readonly dependents: Uint32Array;
  readonly dirty: Uint8Array;
  readonly result: Uint8Array;
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
  /** Values of `RunResult` and `WriteMode`. */
  readonly equal: number;
  readonly element: number;
  readonly skipped: number;
  readonly none: number;
  readonly stop: LoopStop;
}

/**
 * A loop over dirty rows of a cone that have the same recompute and write one number each. Its factory (`cone-formula-loop.ts`, `cone-function-loop.ts`) uses nothing of its
 * module, so that it can be copied (`own-code.ts`).
 */
export interface ConeLoop<
  F extends FormulaFunction | RecomputeFunction = FormulaFunction | RecomputeFunction,
> {
  /**
   * Runs and settles the dirty ones of rows `[from, to)`, up to one that the loop cannot settle; returns that row. `logRow`: the next of the wave's rows in the log. Where a
   * page has run and is not settled, or has thrown, it is still in the loop for its context.
   */
  run(fn: F, from: number, to: number, logRow: number, stamp: number): number;
}

export type ConeLoopFactory = (columns: ConeColumns) => ConeLoop;
