import { COLUMN_CONSTANT, COLUMN_ZERO_RUNS, MAX_RICE } from "./run-decode.ts";

/*
 * Plans and writes the symbol columns of `run-decode.ts`, by a rule that anyone can repeat:
 *
 *   Rice's k is, of the three from max(0, m - 1) up that are at most 13, the one that takes the fewest bits, the lowest on a tie;
 *   m = floor(log2(floor(sum / count))), 0 where that mean is 0, at most 13.
 *   Zero runs are taken where at most a quarter of the symbols, but not none, differ from zero and they take fewer bits than Rice,
 *   their byte of parameters counted. (Above a quarter they never do: 1.4 bits a symbol go into the run lengths alone.)
 */

/** The plan made last: bits (bytes in front of the column included), mode, zero-run parameters. */
export const plan = { bits: 0, mode: 0, zeroRuns: 0 };

/** Grow with the longest list seen. */
let zeroRunScratch = new Uint32Array(32);
let valueScratch = new Uint32Array(32);

let bestBits = 0;

/** The best k; its bits go to `bestBits`. */
function bestRice(symbols: Uint32Array, count: number, sum: number): number {
  const mean = Math.floor(sum / count);
  const middle = mean === 0 ? 0 : 31 - Math.clz32(mean);
  const low = Math.min(MAX_RICE, Math.max(0, middle - 1));
  let quotients0 = 0;
  let quotients1 = 0;
  let quotients2 = 0;
  for (let i = 0; i < count; i++) {
    const quotient = symbols[i]! >>> low;
    quotients0 += quotient;
    quotients1 += quotient >>> 1;
    quotients2 += quotient >>> 2;
  }
  bestBits = quotients0 + count * (low + 1);
  let k = low;
  const bits1 = quotients1 + count * (low + 2);
  if (bits1 < bestBits && low + 1 <= MAX_RICE) {
    bestBits = bits1;
    k = low + 1;
  }
  const bits2 = quotients2 + count * (low + 3);
  if (bits2 < bestBits && low + 2 <= MAX_RICE) {
    bestBits = bits2;
    k = low + 2;
  }
  return k;
}

/** Splits a column into zero runs and the other symbols less 1; `zeroRunScratch` gets one row more than there are of those. */
function splitZeroRuns(symbols: Uint32Array, count: number, nonZero: number): void {
  if (nonZero + 1 > zeroRunScratch.length) {
    zeroRunScratch = new Uint32Array(nonZero * 2);
    valueScratch = new Uint32Array(nonZero * 2);
  }
  const zeroRuns = zeroRunScratch;
  const values = valueScratch;
  let row = 0;
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    const symbol = symbols[i]!;
    if (symbol === 0) zeros++;
    else {
      zeroRuns[row] = zeros;
      values[row++] = symbol - 1;
      zeros = 0;
    }
  }
  zeroRuns[row] = zeros;
}

/** Finds the cheapest way to write a column of at least one symbol whose sum and number of non-zeros are given; see {@link plan}. */
export function planColumn(symbols: Uint32Array, count: number, sum: number, nonZero: number): void {
  plan.mode = bestRice(symbols, count, sum);
  plan.bits = bestBits;
  if (nonZero === 0 || nonZero * 4 > count) return;
  splitZeroRuns(symbols, count, nonZero);
  const zeroK = bestRice(zeroRunScratch, nonZero + 1, count - nonZero);
  const zeroBits = bestBits;
  const valueK = bestRice(valueScratch, nonZero, sum - nonZero);
  const bits = 8 + zeroBits + bestBits;
  if (bits >= plan.bits) return;
  plan.mode = COLUMN_ZERO_RUNS;
  plan.bits = bits;
  plan.zeroRuns = (zeroK << 4) | valueK;
}

/** The byte under way, its bits so far (of which there are less than 8), and where it stands. */
let word = 0;
let wordBits = 0;
let wordAt = 0;

/** The bits start with byte `at`. */
export function startBits(at: number): void {
  word = 0;
  wordBits = 0;
  wordAt = at;
}

/** Ends the bits with zeros up to a whole byte, and returns the position after it. */
export function finishBits(out: Uint8Array): number {
  if (wordBits === 0) return wordAt;
  out[wordAt] = word;
  return wordAt + 1;
}

/** Writes a column as planned. It may clear two bytes beyond its end. */
export function writeColumn(
  symbols: Uint32Array,
  count: number,
  mode: number,
  parameters: number,
  out: Uint8Array,
): void {
  if (mode === COLUMN_CONSTANT) return;
  if (mode !== COLUMN_ZERO_RUNS) {
    writeRiceColumn(symbols, count, mode, out);
    return;
  }
  let nonZero = 0;
  for (let i = 0; i < count; i++) if (symbols[i] !== 0) nonZero++;
  splitZeroRuns(symbols, count, nonZero);
  for (let i = 0; i < nonZero; i++) {
    writeRice(zeroRunScratch[i]!, parameters >>> 4, out);
    writeRice(valueScratch[i]!, parameters & 15, out);
  }
  writeRice(zeroRunScratch[nonZero]!, parameters >>> 4, out);
}

/**
 * Stores the bytes under way after every symbol, whole or not, and moves on by those that are whole: hardly a branch depends on the
 * data, and nothing stored is loaded again.
 */
function writeRiceColumn(symbols: Uint32Array, count: number, k: number, out: Uint8Array): void {
  let at = wordAt;
  let pending = word;
  let bits = wordBits;
  if (k > 0) {
    const mask = (1 << k) - 1;
    for (let i = 0; i < count; i++) {
      // 7 bits and 13 more: three bytes
      pending |= (symbols[i]! & mask) << bits;
      bits += k;
      out[at] = pending;
      out[at + 1] = pending >>> 8;
      out[at + 2] = pending >>> 16;
      at += bits >>> 3;
      pending >>>= bits & 24;
      bits &= 7;
    }
  }
  for (let i = 0; i < count; i++) {
    bits += symbols[i]! >>> k;
    while (bits >= 16) {
      out[at] = pending;
      out[at + 1] = pending >>> 8;
      pending = 0;
      at += 2;
      bits -= 16;
    }
    pending |= 1 << bits++;
    out[at] = pending;
    out[at + 1] = pending >>> 8;
    at += bits >>> 3;
    pending >>>= bits & 24;
    bits &= 7;
  }
  wordAt = at;
  word = pending;
  wordBits = bits;
}

/** One number alone: quotient in unary, then the low bits. */
function writeRice(value: number, k: number, out: Uint8Array): void {
  wordBits += value >>> k;
  while (wordBits >= 8) {
    out[wordAt++] = word;
    word = 0;
    wordBits -= 8;
  }
  word |= (((value & ((1 << k) - 1)) << 1) | 1) << wordBits;
  wordBits += k + 1;
  while (wordBits >= 8) {
    out[wordAt++] = word;
    word >>>= 8;
    wordBits -= 8;
  }
}
