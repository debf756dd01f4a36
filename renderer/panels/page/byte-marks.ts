/** What is to be said about a byte beside its value: bits. */
export const Mark = {
  /** Written by the last delta, which is the record at the cursor. */
  Touched: 1,
  /** Written by the last delta, which lies before the cursor. */
  TouchedBefore: 2,
  /** Differs between A and B. */
  Changed: 4,
} as const;

/** Steps of the heat map, 1 (newest) to `HEAT_STEPS`; 0 = never written. */
export const HEAT_STEPS = 8;

/**
 * Sets a mark on the bytes from `offset` on. Ranges are (offset, length) pairs in page coordinates, in any order; what lies outside is skipped.
 */
export function markRanges(
  marks: Uint8Array,
  offset: number,
  starts: Uint32Array,
  lengths: Uint32Array,
  mark: number,
): void {
  for (let row = 0; row < starts.length; row++) {
    const from = Math.max(0, starts[row]! - offset);
    const to = Math.min(marks.length, starts[row]! + lengths[row]! - offset);
    for (let at = from; at < to; at++) marks[at]! |= mark;
  }
}

/**
 * Age of each byte's last write as a step: each step is four times as old as the one before (in records back from the cursor), so that
 * eight steps reach from "just now" to 16,384 records and older.
 */
export function heatSteps(writerLsn: Float64Array, cursorLsn: number): Uint8Array {
  const steps = new Uint8Array(writerLsn.length);
  for (let at = 0; at < writerLsn.length; at++) {
    const writer = writerLsn[at]!;
    if (writer === 0) continue;
    const age = Math.max(0, cursorLsn - writer);
    steps[at] = age === 0 ? 1 : Math.min(HEAT_STEPS, 2 + Math.floor(Math.log2(age) / 2));
  }
  return steps;
}

/** The oldest age (in records) of each step, for the legend. */
export function heatStepAge(step: number): number {
  return step <= 1 ? 0 : 4 ** (step - 1) - 1;
}

/** How strongly a step is drawn: from 1 for the newest down to a trace for the oldest. */
export function heatStrength(step: number): number {
  return step === 0 ? 0 : 1 - (step - 1) / HEAT_STEPS;
}

/**
 * Runs of equal marks (or steps) in a row, as drawing wants them: one rectangle each. Calls back with the first byte of the row's run and
 * how many there are; value 0 is left out.
 */
export function eachRun(
  values: Uint8Array,
  from: number,
  to: number,
  draw: (first: number, count: number, value: number) => void,
): void {
  for (let at = from; at < to; ) {
    const value = values[at]!;
    let end = at + 1;
    while (end < to && values[end] === value) end++;
    if (value !== 0) draw(at - from, end - at, value);
    at = end;
  }
}
