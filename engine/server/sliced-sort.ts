import type { Sliced } from "./slice-scheduler.ts";

/** Elements moved between two chances to stop: some 0.3 ms. */
const MOVES_A_STEP = 8192;

/**
 * Sorts a copy, stable, in slices: bottom-up merges, O(n log n) moves, two arrays of memory. What is in order already, as ids mostly are, is
 * only looked through.
 */
export function* sortedBy(
  values: Uint32Array,
  compare: (a: number, b: number) => number,
): Sliced<Uint32Array<ArrayBuffer>> {
  let ordered = 1;
  while (ordered < values.length && compare(values[ordered - 1]!, values[ordered]!) <= 0)
    if (++ordered % MOVES_A_STEP === 0) yield;
  let from = values.slice();
  if (ordered >= values.length) return from;
  let into = new Uint32Array(values.length);
  let moves = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let left = 0; left < values.length; left += width * 2) {
      const middle = Math.min(left + width, values.length);
      const end = Math.min(left + width * 2, values.length);
      let a = left;
      let b = middle;
      for (let at = left; at < end; at++) {
        const takeLeft = a < middle && (b >= end || compare(from[a]!, from[b]!) <= 0);
        into[at] = takeLeft ? from[a++]! : from[b++]!;
        if (++moves % MOVES_A_STEP === 0) yield;
      }
    }
    [from, into] = [into, from];
  }
  return from;
}
