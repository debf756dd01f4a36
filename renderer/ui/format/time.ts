import { threeDigits } from "./count.ts";

/** A duration with three significant digits and its unit: 1_234_567 → "1.23 ms". */
export function formatDuration(durationNs: number): string {
  const size = Math.abs(durationNs);
  if (size < 1) return "0 ns";
  if (size < 999.5) return `${Math.round(durationNs)} ns`;
  if (size < 999_500) return `${threeDigits(durationNs / 1e3)} µs`;
  if (size < 999_500_000) return `${threeDigits(durationNs / 1e6)} ms`;
  if (size < 120e9) return `${threeDigits(durationNs / 1e9)} s`;
  if (size < 120 * 60e9) return `${threeDigits(durationNs / 60e9)} min`;
  if (size < 48 * 3600e9) return `${threeDigits(durationNs / 3600e9)} h`;
  return `${threeDigits(durationNs / 86_400e9)} d`;
}

/**
 * Time since the recording's first record, with digits grouped so that columns line up: "+1.234 567 890". Seconds below a minute,
 * then minutes and hours. `digits` is how many decimals to show (0, 3, 6 or 9).
 */
export function formatElapsed(elapsedNs: bigint, digits: 0 | 3 | 6 | 9 = 6): string {
  const sign = elapsedNs < 0n ? "−" : "+";
  const size = elapsedNs < 0n ? -elapsedNs : elapsedNs;
  const seconds = size / 1_000_000_000n;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, "0").slice(0, digits);
  const groups = fraction.match(/.{3}/g)?.join(" ") ?? "";
  const tail = groups === "" ? "" : `.${groups}`;
  if (seconds < 60n) return `${sign}${seconds}${tail} s`;
  const two = (value: bigint) => value.toString().padStart(2, "0");
  const minutes = seconds / 60n;
  if (minutes < 60n) return `${sign}${minutes}:${two(seconds % 60n)}${tail}`;
  return `${sign}${minutes / 60n}:${two(minutes % 60n)}:${two(seconds % 60n)}${tail}`;
}

/** From the year 2200 on (u64 nanoseconds end in 2554) a timestamp is taken for a marker such as 2^64-1, not a date. */
const LAST_DATE_NS = 7_258_118_400_000_000_000n;
/** Below this (2001-09-09) it is taken for a counter: foreign logs hold such. */
const FIRST_DATE_NS = 1_000_000_000_000_000_000n;

/** True where a timestamp is plausibly nanoseconds since the Unix epoch rather than a counter. */
export function isCalendarTime(timestampNs: bigint): boolean {
  return timestampNs >= FIRST_DATE_NS && timestampNs < LAST_DATE_NS;
}

/** "2031-05-04 12:34:56.123 456 789 UTC", or the plain number where it cannot be a date. */
export function formatTimestamp(timestampNs: bigint): string {
  if (!isCalendarTime(timestampNs)) return `${timestampNs} ns`;
  const date = new Date(Number(timestampNs / 1_000_000n)).toISOString();
  const fraction = (timestampNs % 1_000_000_000n).toString().padStart(9, "0");
  return `${date.slice(0, 10)} ${date.slice(11, 19)}.${fraction.match(/.{3}/g)!.join(" ")} UTC`;
}
