/** Values as people read them. */

export function groupedCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
}

export function counted(value: number, noun: string): string {
  return `${groupedCount(value)} ${noun}${value === 1 ? "" : "s"}`;
}

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"];

export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0
    ? `${bytes} ${bytes === 1 ? "byte" : "bytes"}`
    : `${value.toFixed(value < 10 ? 2 : 1)} ${UNITS[unit]}`;
}

/** `2026-01-01 12:00:00.000050000`, UTC; the bare number where no calendar reaches. */
export function timeText(timestampNs: bigint): string {
  const ms = Number(timestampNs / 1_000_000n);
  if (ms > 8.64e15) return `${timestampNs} ns`;
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  return `${date} ${time.slice(0, 8)}.${String(timestampNs % 1_000_000_000n).padStart(9, "0")}`;
}

export function durationText(durationNs: bigint): string {
  const ns = Number(durationNs);
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 1e6) return `${(ns / 1e3).toFixed(2)} µs`;
  if (ns < 1e9) return `${(ns / 1e6).toFixed(2)} ms`;
  return ns < 120e9 ? `${(ns / 1e9).toFixed(2)} s` : `${(ns / 60e9).toFixed(1)} min`;
}

const RANGES_SHOWN = 4;

export function rangesText(ranges: readonly { readonly offset: number; readonly length: number }[]): string {
  const shown = ranges.slice(0, RANGES_SHOWN).map(({ offset, length }) => `${offset}:${offset + length}`);
  const more = ranges.length - shown.length;
  return more > 0 ? `${shown.join(" ")} … +${more}` : shown.join(" ");
}
