import { wordsUnder } from "./word-views.ts";

/** Once so many bytes were found equal by words, native comparison of what follows pays for its call (some 100 ns). */
const NATIVE_AFTER_BYTES = 512;
const NATIVE_BYTES = 1024;
/** Node's own comparison of two stretches of bytes; it takes any Uint8Array for `this`. */
const compareBytes = Buffer.prototype.compare;

/** See `Accel.diffImages`. */
export function diffImages(
  before: Uint8Array,
  beforeAt: number,
  after: Uint8Array,
  afterAt: number,
  from: number,
  to: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  count: number,
): number {
  const capacity = Math.min(runOffset.length, runLength.length);
  const beforeByte = before.byteOffset + beforeAt;
  const afterByte = after.byteOffset + afterAt;
  // four bytes at a time where both images lie the same way to a word
  const isAligned = ((beforeByte ^ afterByte) & 3) === 0 && to - from >= 16;
  const beforeWords = isAligned ? wordsUnder(before) : undefined;
  const afterWords = isAligned ? wordsUnder(after) : undefined;
  let i = from;
  while (i < to && count < capacity) {
    if (beforeWords !== undefined && afterWords !== undefined) {
      while (i < to && ((beforeByte + i) & 3) !== 0 && before[beforeAt + i] === after[afterAt + i]) i++;
      while (((beforeByte + i) & 3) === 0) {
        const limit = Math.min(to - i, NATIVE_AFTER_BYTES);
        const equal = equalBytes(beforeWords, beforeByte + i, afterWords, afterByte + i, limit);
        i += equal;
        if (equal < NATIVE_AFTER_BYTES) break;
        i += equalStretch(before, beforeAt + i, after, afterAt + i, to - i);
      }
    }
    while (i < to && before[beforeAt + i] === after[afterAt + i]) i++;
    if (i >= to) break;
    const start = i;
    do i++;
    while (i < to && before[beforeAt + i] !== after[afterAt + i]);
    runOffset[count] = start;
    runLength[count++] = i - start;
  }
  return count;
}

/** Bytes that are equal from two positions on, in steps that double as long as they are; less than all of them. */
function equalStretch(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, limit: number): number {
  let equal = 0;
  for (let step = NATIVE_BYTES; step <= limit - equal; step *= 2) {
    const from = aAt + equal;
    const target = bAt + equal;
    if (compareBytes.call(a as Buffer, b, target, target + step, from, from + step) !== 0) break;
    equal += step;
  }
  return equal;
}

/** Bytes of the words that are equal from two aligned positions on, within `limit`. */
function equalBytes(a: Uint32Array, aByte: number, b: Uint32Array, bByte: number, limit: number): number {
  const first = aByte / 4;
  const distance = bByte / 4 - first;
  const stop = first + Math.floor(limit / 4);
  let i = first;
  while (i + 4 <= stop) {
    const j = i + distance;
    const difference =
      (a[i]! ^ b[j]!) | (a[i + 1]! ^ b[j + 1]!) | (a[i + 2]! ^ b[j + 2]!) | (a[i + 3]! ^ b[j + 3]!);
    if (difference !== 0) break;
    i += 4;
  }
  while (i < stop && a[i] === b[i + distance]) i++;
  return (i - first) * 4;
}
