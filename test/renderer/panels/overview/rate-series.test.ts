import { expect, test } from "vitest";
import { rateSeries } from "../../../../renderer/panels/overview/rate-series.ts";

const columns = (times: readonly bigint[], records: readonly number[]) => ({
  pointTimeNs: BigUint64Array.from(times),
  records: Float64Array.from(records),
  deltaBytes: Float64Array.from(records, (count) => count * 100),
  pages: Float64Array.from(records, () => 3),
});

test("counts become rates of their own stretch of time, from the first record on", () => {
  const base = 1_700_000_000_000_000_000n;
  const series = rateSeries(columns([base, base + 500_000_000n, base + 2_500_000_000n], [10, 10]));
  expect(series?.originNs).toBe(base);
  expect(series?.seconds).toEqual([0, 0.5, 2.5]);
  expect(series?.recordsPerSecond).toEqual([20, 5]);
  expect(series?.bytesPerSecond).toEqual([2000, 500]);
});

test("a stretch without length has no rate, and time that stands still has none at all", () => {
  expect(rateSeries(columns([5n, 5n, 1_000_000_005n], [7, 1]))?.recordsPerSecond).toEqual([0, 1]);
  expect(rateSeries(columns([5n, 5n], [7]))).toBeUndefined();
  expect(rateSeries(columns([5n, 5n, 6n], [7, 0]))).toBeUndefined();
  expect(rateSeries(columns([], []))).toBeUndefined();
});
