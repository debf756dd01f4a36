/** One figure. `bound` is the machine's own limit for the same work, in the same unit; `ratio` = value / bound. */
export interface BenchLine {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly bound?: number | undefined;
  readonly ratio?: number | undefined;
}

export type Report = (line: BenchLine) => void;

export function reportWith(report: Report, name: string, value: number, unit: string, bound?: number): void {
  report({ name, value, unit, bound, ratio: bound === undefined ? undefined : value / bound });
}

/** Value at a fraction of the sorted samples. */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))]!;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

export function secondsOf(run: () => void): number {
  const start = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - start) / 1e9;
}
