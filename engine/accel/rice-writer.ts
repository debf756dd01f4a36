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
let zeroRuns = new Uint32Array(32);
let values = new Uint32Array(32);

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

/** Splits a column into zero runs and the other symbols less 1; `zeroRuns` gets one row more than the result says. */
function splitZeroRuns(symbols: Uint32Array, count: number, nonZero: number): void {
  if (nonZero + 1 > zeroRuns.length) {
    zeroRuns = new Uint32Array(nonZero * 2);
    values = new Uint32Array(nonZero * 2);
  }
  let row = 0;
  let zeros = 0;
  for (let i = 0; i < count; i++) {
    if (symbols[i] === 0) zeros++;
    else {
      zeroRuns[row] = zeros;
      values[row++] = symbols[i]! - 1;
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
  const zeroK = bestRice(zeroRuns, nonZero + 1, count - nonZero);
  const zeroBits = bestBits;
  const valueK = bestRice(values, nonZero, sum - nonZero);
  const bits = 8 + zeroBits + bestBits;
  if (bits >= plan.bits) return;
  plan.mode = COLUMN_ZERO_RUNS;
  plan.bits = bits;
  plan.zeroRuns = (zeroK << 4) | valueK;
}

/** Where the next bit goes: byte, and bit within it. All bits from there on are zero. */
let nextByte = 0;
let nextBit = 0;

/** The bits stand in bytes `at` to `end` of `out`; clears them. */
export function startBits(out: Uint8Array, at: number, end: number): void {
  nextByte = at;
  nextBit = 0;
  if (end - at > 64) out.fill(0, at, end);
  else for (let i = at; i < end; i++) out[i] = 0;
}

/** The byte after the last bit. */
export function finishBits(): number {
  return nextBit === 0 ? nextByte : nextByte + 1;
}

/** Writes a column as planned. */
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
    writeRice(zeroRuns[i]!, parameters >>> 4, out);
    writeRice(values[i]!, parameters & 15, out);
  }
  writeRice(zeroRuns[nonZero]!, parameters >>> 4, out);
}

// Both write by setting bits in cleared bytes, which needs no branch that depends on the data: half the time of a loop that
// flushes whole bytes.

function writeRiceColumn(symbols: Uint32Array, count: number, k: number, out: Uint8Array): void {
  let at = nextByte;
  let bit = nextBit;
  if (k > 0) {
    const mask = (1 << k) - 1;
    for (let i = 0; i < count; i++) {
      // k <= 13 and bit <= 7: two bytes, or three
      const low = (symbols[i]! & mask) << bit;
      out[at]! |= low;
      out[at + 1]! |= low >>> 8;
      if (k > 9) out[at + 2]! |= low >>> 16;
      bit += k;
      at += bit >>> 3;
      bit &= 7;
    }
  }
  for (let i = 0; i < count; i++) {
    bit += symbols[i]! >>> k;
    at += bit >>> 3;
    bit &= 7;
    out[at]! |= 1 << bit;
    bit++;
  }
  nextByte = at + (bit >>> 3);
  nextBit = bit & 7;
}

/** One number alone: quotient in unary, then the low bits. */
function writeRice(value: number, k: number, out: Uint8Array): void {
  const bit = nextBit + (value >>> k);
  const at = nextByte + (bit >>> 3);
  const bits = ((((value & ((1 << k) - 1)) << 1) | 1) << (bit & 7)) >>> 0;
  out[at]! |= bits;
  out[at + 1]! |= bits >>> 8;
  out[at + 2]! |= bits >>> 16;
  nextBit = (bit & 7) + k + 1;
  nextByte = at + (nextBit >>> 3);
  nextBit &= 7;
}
