import { varintSize, writeVarint } from "../base/bytes.ts";
import { COUNT_FOLLOWS, FORM_LIST, FORM_PACKED, FORM_STRIDED, RICE_NONE } from "./run-decode.ts";

/*
 * How the writer picks among the forms of `run-decode.ts`, so that the same runs give the same bytes everywhere:
 *
 *   up to 3 runs   LIST. (At three runs of 41 bytes in 4 KiB it takes 10 bytes of the 10.04 that 1.1 x the bound leaves.)
 *   more           the smallest of PACKED, STRIDED (where the starts have a common distance above 1) and LIST, the first on a tie.
 *
 * A column's Rice parameter k is, of the three from max(0, m - 1) up that are at most 14, the one of least cost, the lowest on a tie;
 * m = floor(log2(floor(sum / count))), at most 14, and 0 where that mean is 0. A column of equal lengths uses kl = 15 where its varint costs no more; a gap column of zeros uses kg = 15.
 */

const LIST_ALWAYS = 3;
const MAX_RICE = 14;

/** Room that {@link encodeRuns} needs: LIST is the longest form that is ever chosen (tag, count, 5 + 5 bytes a run). */
export function runSectionBound(count: number): number {
  return (count < COUNT_FOLLOWS ? 1 : 6) + count * 10;
}

/** Grows with the longest list seen; holds gap and length symbols of the list at hand. */
let gapSymbols = new Uint32Array(64);
let lengthSymbols = new Uint32Array(64);

/** See `Accel.encodeRuns`. */
export function encodeRuns(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  const count = to - from;
  if (count <= LIST_ALWAYS) return writeList(runOffset, runLength, from, to, out, at);
  return writeSmallest(runOffset, runLength, from, to, out, at);
}

function writeTag(form: number, count: number, out: Uint8Array, at: number): number {
  if (count < COUNT_FOLLOWS) {
    out[at] = form | count;
    return at + 1;
  }
  out[at] = form | COUNT_FOLLOWS;
  return writeVarint(out, at + 1, count - COUNT_FOLLOWS);
}

function writeList(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  at = writeTag(FORM_LIST, to - from, out, at);
  let position = 0;
  for (let i = from; i < to; i++) {
    const offset = runOffset[i]!;
    const length = runLength[i]!;
    const gap = offset - position;
    if (gap < 128) out[at++] = gap;
    else at = writeVarint(out, at, gap);
    if (length <= 128) out[at++] = length - 1;
    else at = writeVarint(out, at, length - 1);
    position = offset + length + 1;
  }
  return at;
}

function listBytes(count: number): number {
  let size = count < COUNT_FOLLOWS ? 1 : 1 + varintSize(count - COUNT_FOLLOWS);
  for (let i = 0; i < count; i++) size += varintSize(gapSymbols[i]!) + varintSize(lengthSymbols[i]!);
  return size;
}

function greatestDivisor(a: number, b: number): number {
  while (b !== 0) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/** Bits of the column with its best Rice parameter k, as `bits * 16 + k` (one number, so that nothing is allocated). */
function riceCost(symbols: Uint32Array, count: number, sum: number): number {
  const mean = Math.floor(sum / count);
  const middle = mean === 0 ? 0 : 31 - Math.clz32(mean);
  const low = Math.min(MAX_RICE - 1, Math.max(0, middle - 1));
  let quotients0 = 0;
  let quotients1 = 0;
  let quotients2 = 0;
  for (let i = 0; i < count; i++) {
    const quotient = symbols[i]! >>> low;
    quotients0 += quotient;
    quotients1 += quotient >>> 1;
    quotients2 += quotient >>> 2;
  }
  let bits = quotients0 + count * (low + 1);
  let k = low;
  const bits1 = quotients1 + count * (low + 2);
  if (bits1 < bits) {
    bits = bits1;
    k = low + 1;
  }
  const bits2 = quotients2 + count * (low + 3);
  if (bits2 < bits && low + 2 <= MAX_RICE) {
    bits = bits2;
    k = low + 2;
  }
  return bits * 16 + k;
}

function writeSmallest(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  const count = to - from;
  if (count > gapSymbols.length) {
    gapSymbols = new Uint32Array(count * 2);
    lengthSymbols = new Uint32Array(count * 2);
  }
  let position = 0;
  let gapSum = 0;
  let lengthSum = 0;
  let different = 0;
  let unit = runOffset[from + 1]! - runOffset[from]!;
  const firstLength = runLength[from]!;
  for (let i = from; i < to; i++) {
    const offset = runOffset[i]!;
    const length = runLength[i]!;
    const gap = offset - position;
    gapSymbols[i - from] = gap;
    lengthSymbols[i - from] = length - 1;
    gapSum += gap;
    lengthSum += length - 1;
    different |= length ^ firstLength;
    if (unit !== 1 && i > from) unit = greatestDivisor(offset - runOffset[i - 1]!, unit);
    position = offset + length + 1;
  }

  // the length column, the same in both packed forms
  let lengthCost = riceCost(lengthSymbols, count, lengthSum);
  if (different === 0 && varintSize(firstLength - 1) * 8 <= Math.floor(lengthCost / 16)) {
    lengthCost = varintSize(firstLength - 1) * 8 * 16 + RICE_NONE;
  }
  const lengthBits = Math.floor(lengthCost / 16);
  const tagBytes = count < COUNT_FOLLOWS ? 1 : 1 + varintSize(count - COUNT_FOLLOWS);

  let form = FORM_PACKED;
  let base = 0;
  let gapCost = riceCost(gapSymbols, count, gapSum);
  let bytes = tagBytes + 1 + Math.ceil((Math.floor(gapCost / 16) + lengthBits) / 8);
  const isListShorter = bytes > 2 * count + tagBytes && listBytes(count) < bytes;
  if (isListShorter) bytes = listBytes(count);
  if (unit > 1) {
    // Only now are the symbols of a coarser unit worth their divisions; those of unit 1 are not needed again unless it loses.
    const first = runOffset[from]!;
    let sum = 0;
    for (let i = from + 1; i < to; i++) {
      const symbol = (runOffset[i]! - runOffset[i - 1]!) / unit - Math.floor(runLength[i - 1]! / unit) - 1;
      gapSymbols[i - from] = symbol;
      sum += symbol;
    }
    const isPeriodic = sum === 0;
    base = isPeriodic ? first : first % unit;
    gapSymbols[0] = isPeriodic ? 0 : (first - base) / unit;
    const cost = isPeriodic ? RICE_NONE : riceCost(gapSymbols, count, sum + gapSymbols[0]!);
    const stridedBytes =
      tagBytes +
      1 +
      varintSize(unit) +
      varintSize(base) +
      Math.ceil((Math.floor(cost / 16) + lengthBits) / 8);
    if (stridedBytes < bytes) {
      form = FORM_STRIDED;
      gapCost = cost;
    } else if (!isListShorter) fillGaps(runOffset, runLength, from, to);
  }
  if (form === FORM_PACKED && isListShorter) return writeList(runOffset, runLength, from, to, out, at);

  const gapRice = gapCost % 16;
  const lengthRice = lengthCost % 16;
  at = writeTag(form, count, out, at);
  out[at++] = (gapRice << 4) | lengthRice;
  if (lengthRice === RICE_NONE) at = writeVarint(out, at, firstLength - 1);
  if (form === FORM_STRIDED) {
    at = writeVarint(out, at, unit);
    at = writeVarint(out, at, base);
  }
  return writeBits(count, gapRice, lengthRice, out, at);
}

function fillGaps(runOffset: Uint32Array, runLength: Uint32Array, from: number, to: number): void {
  let position = 0;
  for (let i = from; i < to; i++) {
    gapSymbols[i - from] = runOffset[i]! - position;
    position = runOffset[i]! + runLength[i]! + 1;
  }
}

/** Both parts of the bits, from the symbol columns. */
function writeBits(count: number, gapRice: number, lengthRice: number, out: Uint8Array, at: number): number {
  const hasGaps = gapRice !== RICE_NONE;
  const hasLengths = lengthRice !== RICE_NONE;
  const gapBits = hasGaps ? gapRice : 0;
  const lengthBits = hasLengths ? lengthRice : 0;
  let word = 0;
  let bits = 0; // below 8 between symbols, so that 14 more always fit
  if (gapBits + lengthBits > 0) {
    const gapMask = (1 << gapBits) - 1;
    const lengthMask = (1 << lengthBits) - 1;
    for (let i = 0; i < count; i++) {
      word |= (gapSymbols[i]! & gapMask) << bits;
      bits += gapBits;
      while (bits >= 8) {
        out[at++] = word;
        word >>>= 8;
        bits -= 8;
      }
      word |= (lengthSymbols[i]! & lengthMask) << bits;
      bits += lengthBits;
      while (bits >= 8) {
        out[at++] = word;
        word >>>= 8;
        bits -= 8;
      }
    }
  }
  for (let i = 0; i < count; i++) {
    if (hasGaps) {
      bits += gapSymbols[i]! >>> gapBits;
      while (bits >= 8) {
        out[at++] = word;
        word = 0;
        bits -= 8;
      }
      word |= 1 << bits++;
    }
    if (hasLengths) {
      bits += lengthSymbols[i]! >>> lengthBits;
      while (bits >= 8) {
        out[at++] = word;
        word = 0;
        bits -= 8;
      }
      word |= 1 << bits++;
    }
  }
  if (bits > 0) out[at++] = word;
  return at;
}
