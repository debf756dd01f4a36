import type { ReplyOf } from "../../../engine/protocol/requests.ts";

export interface RateSeries {
  readonly originNs: bigint;
  /** Where each stretch begins, in seconds since the origin; one more than there are values: the end. */
  readonly seconds: readonly number[];
  readonly recordsPerSecond: readonly number[];
  readonly bytesPerSecond: readonly number[];
  readonly pages: readonly number[];
}

/** Counts of each stretch of time as rates. `undefined` where time stands still, or is too short to be cut into stretches. */
export function rateSeries(columns: ReplyOf<"overview">["columns"]): RateSeries | undefined {
  const { pointTimeNs, records, deltaBytes, pages } = columns;
  const originNs = pointTimeNs[0];
  if (originNs === undefined || pointTimeNs.at(-1)! - originNs < BigInt(records.length)) return undefined;
  const seconds = Array.from(pointTimeNs, (timeNs) => Number(timeNs - originNs) / 1e9);
  const rates = (counts: Float64Array) =>
    Array.from(counts, (count, at) => {
      const length = seconds[at + 1]! - seconds[at]!;
      return length > 0 ? count / length : 0;
    });
  return {
    originNs,
    seconds,
    recordsPerSecond: rates(records),
    bytesPerSecond: rates(deltaBytes),
    pages: Array.from(pages),
  };
}
