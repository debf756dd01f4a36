import { NO_SLOT, type PageSpans } from "./accel.ts";
import { wordsUnder } from "./word-views.ts";

/** From here up it pays to look for a word view. */
const WORDS_FROM_BYTES = 64;

/** See `Accel.maskToRuns`. */
export function maskToRuns(
  mask: Uint8Array,
  maskAt: number,
  from: number,
  to: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  count: number,
): number {
  const capacity = Math.min(runOffset.length, runLength.length);
  const words = to - from >= WORDS_FROM_BYTES ? wordsUnder(mask) : undefined;
  const maskByte = mask.byteOffset + maskAt;
  let i = from;
  while (count < capacity) {
    while (i < to && mask[maskAt + i] === 0) {
      if (words !== undefined && ((maskByte + i) & 3) === 0) {
        let word = (maskByte + i) / 4;
        const first = word;
        const stop = word + Math.floor((to - i) / 4);
        while (word < stop && words[word] === 0) word++;
        i += (word - first) * 4;
        if (word > first) continue;
      }
      i++;
    }
    if (i >= to) break;
    const start = i;
    do i++;
    while (i < to && mask[maskAt + i] !== 0);
    runOffset[count] = start;
    runLength[count++] = i - start;
  }
  return count;
}

/** See `Accel.blendPages`. */
export function blendPages(
  mask: Uint32Array,
  values: Uint32Array,
  page: Uint32Array,
  from: number,
  to: number,
  flagBits: number,
  { arenas, arena, at, size }: PageSpans,
): void {
  for (let row = from; row < to; row++) {
    const [flags, given, target] = [mask[row]!, values[row]!, page[row]!];
    if (flags === NO_SLOT || given === NO_SLOT || target === NO_SLOT) continue;
    const flagCount = flagBits === 1 ? size[flags]! * 8 : size[flags]!;
    (flagBits === 1 ? blendBits : blendFlags)(
      arenas[arena[flags]!]!,
      at[flags]!,
      arenas[arena[given]!]!,
      at[given]!,
      arenas[arena[target]!]!,
      at[target]!,
      Math.min(flagCount, size[given]!, size[target]!),
    );
  }
}

/** `page[pageAt + i] = values[valuesAt + i]` where bit `i` of the bits from `bits[bitsAt]` on is set, for `i < length`. */
function blendBits(
  bits: Uint8Array,
  bitsAt: number,
  values: Uint8Array,
  valuesAt: number,
  page: Uint8Array,
  pageAt: number,
  length: number,
): void {
  for (let i = 0; i < length; i += 8) {
    const eight = bits[bitsAt + i / 8]!;
    if (eight === 0) continue;
    const end = Math.min(length, i + 8);
    for (let j = i; j < end; j++)
      if (((eight >>> (j & 7)) & 1) !== 0) page[pageAt + j] = values[valuesAt + j]!;
  }
}

/** The same where the byte `mask[maskAt + i]` is not zero. */
function blendFlags(
  mask: Uint8Array,
  maskAt: number,
  values: Uint8Array,
  valuesAt: number,
  page: Uint8Array,
  pageAt: number,
  length: number,
): void {
  let i = 0;
  if (length >= WORDS_FROM_BYTES) {
    const words = wordsUnder(mask);
    const maskByte = mask.byteOffset + maskAt;
    for (; ((maskByte + i) & 3) !== 0; i++) {
      if (mask[maskAt + i] !== 0) page[pageAt + i] = values[valuesAt + i]!;
    }
    for (let word = (maskByte + i) / 4; i + 4 <= length; i += 4, word++) {
      if (words[word] === 0) continue;
      for (let j = i; j < i + 4; j++) {
        if (mask[maskAt + j] !== 0) page[pageAt + j] = values[valuesAt + j]!;
      }
    }
  }
  for (; i < length; i++) {
    if (mask[maskAt + i] !== 0) page[pageAt + i] = values[valuesAt + i]!;
  }
}

/** See `Accel.bitsToRuns`. */
export function bitsToRuns(
  bits: Uint8Array,
  bitsAt: number,
  from: number,
  to: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  count: number,
): number {
  const capacity = Math.min(runOffset.length, runLength.length);
  let i = from;
  while (count < capacity) {
    i = skipBits(bits, bitsAt, i, to, 0x00);
    if (i >= to) break;
    const start = i;
    i = skipBits(bits, bitsAt, i, to, 0xff);
    runOffset[count] = start;
    runLength[count++] = i - start;
  }
  return count;
}

/** The first index from `i` on whose bit differs from those of `pattern` (0x00 or 0xff), or `to`. */
function skipBits(bits: Uint8Array, bitsAt: number, i: number, to: number, pattern: number): number {
  while (i < to) {
    const different = (bits[bitsAt + Math.floor(i / 8)]! ^ pattern) >>> (i % 8);
    if (different !== 0) return Math.min(to, i + 31 - Math.clz32(different & -different));
    i += 8 - (i % 8);
  }
  return to;
}

/** See `Accel.runsToMask`. */
export function runsToMask(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  mask: Uint8Array,
  maskAt: number,
  length: number,
): void {
  mask.fill(0, maskAt, maskAt + length);
  for (let i = from; i < to; i++) {
    const start = Math.min(length, runOffset[i]!);
    mask.fill(1, maskAt + start, maskAt + Math.min(length, start + runLength[i]!));
  }
}

/** See `Accel.runsToBits`. */
export function runsToBits(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  bits: Uint8Array,
  bitsAt: number,
  length: number,
): void {
  bits.fill(0, bitsAt, bitsAt + Math.ceil(length / 8));
  for (let i = from; i < to; i++) {
    const start = Math.min(length, runOffset[i]!);
    const end = Math.min(length, start + runLength[i]!);
    const firstWhole = Math.min(end, Math.ceil(start / 8) * 8);
    const lastWhole = Math.max(firstWhole, end - (end % 8));
    for (let bit = start; bit < firstWhole; bit++) bits[bitsAt + Math.floor(bit / 8)]! |= 1 << (bit % 8);
    bits.fill(0xff, bitsAt + Math.ceil(firstWhole / 8), bitsAt + Math.floor(lastWhole / 8));
    for (let bit = lastWhole; bit < end; bit++) bits[bitsAt + Math.floor(bit / 8)]! |= 1 << (bit % 8);
  }
}
