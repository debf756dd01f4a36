import type { Result } from "../../base/result.ts";
import type { Sliced } from "../slice-scheduler.ts";

/** Records chosen by a filter, in LSN order, addressable by row number. */
export interface RowSet {
  /** Rows found so far; all of them once `isComplete`. */
  readonly total: number;
  readonly isComplete: boolean;
  /** Every record up to here has been judged. */
  readonly searchedLsn: number;
  /** Memory that it takes. */
  readonly sizeBytes: number;
  /** Judges some more records (a few hundred microseconds), or waits until somebody else has. */
  advance(): Sliced<Result<void>>;
  /** How many of its rows stand at or before `lsn`. */
  rank(lsn: number): Result<number>;
  /** LSNs of the rows [from, to), as far as they are found. */
  select(from: number, to: number): Sliced<Result<Float64Array>>;
}
