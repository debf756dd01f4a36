/*
 * Reads the two kinds of symbol columns of `run-decode.ts`. Bits run from the lowest of a byte up. Nothing is read at or beyond the
 * given end, and no symbol above 2^32 - 1 comes out.
 */

const TWO_32 = 4294967296;
/** Below it, a quotient and 13 low bits fit 31 bits. */
const SMALL_QUOTIENT = 0x2_0000;

/** Where the next column starts: byte, and bit within it; after a failure the byte at which it happened. */
let nextByte = 0;
let nextBit = 0;

/** The bits start at the first bit of byte `at`. */
export function startBits(at: number): void {
  nextByte = at;
  nextBit = 0;
}

/** The byte after the last bit read, or -1 where the rest of its byte is not zero. */
export function finishBits(bytes: Uint8Array): number {
  if (nextBit === 0) return nextByte;
  return bytes[nextByte]! >>> nextBit === 0 ? nextByte + 1 : -1;
}

/** Byte at which reading stopped. */
export function bitsByte(): number {
  return nextByte;
}

function failAt(at: number): false {
  nextByte = at;
  return false;
}

/** Up to three bytes from `at`, lowest first; zeros from `end` on. */
function wordBefore(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 3 && at + i < end; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}

/** A Rice column: the low `k` bits of every symbol, then of each the rest in unary. False: corrupt. */
export function readRiceColumn(
  bytes: Uint8Array,
  end: number,
  count: number,
  k: number,
  symbols: Uint32Array,
): boolean {
  const mask = (1 << k) - 1;
  let lowAt = nextByte;
  let lowBit = nextBit;
  const lowBits = nextBit + count * k;
  let unaryAt = nextByte + Math.floor(lowBits / 8);
  const used = lowBits % 8;
  if (unaryAt >= end) return failAt(end);
  let word = used === 0 ? 0 : bytes[unaryAt++]! >>> used;
  let wordBits = used === 0 ? 0 : 8 - used;
  for (let i = 0; i < count; i++) {
    let quotient = 0;
    while (word === 0) {
      quotient += wordBits;
      if (unaryAt + 4 <= end) {
        word =
          bytes[unaryAt]! |
          (bytes[unaryAt + 1]! << 8) |
          (bytes[unaryAt + 2]! << 16) |
          (bytes[unaryAt + 3]! << 24);
        wordBits = 32;
        unaryAt += 4;
      } else if (unaryAt < end) {
        word = bytes[unaryAt++]!;
        wordBits = 8;
      } else return failAt(end);
    }
    const zeros = 31 - Math.clz32(word & -word);
    word = (word >>> zeros) >>> 1; // in two steps: a shift by 32 would be none
    wordBits -= zeros + 1;
    quotient += zeros;
    let low = 0;
    if (k !== 0) {
      // k <= 13 and lowBit <= 7: three bytes hold it
      low =
        lowAt + 2 < end
          ? bytes[lowAt]! | (bytes[lowAt + 1]! << 8) | (bytes[lowAt + 2]! << 16)
          : wordBefore(bytes, lowAt, end);
      low = (low >>> lowBit) & mask;
      lowBit += k;
      lowAt += lowBit >>> 3;
      lowBit &= 7;
    }
    if (quotient < SMALL_QUOTIENT) symbols[i] = (quotient << k) | low;
    else {
      const symbol = quotient * (1 << k) + low;
      if (symbol >= TWO_32) return failAt(unaryAt - 1);
      symbols[i] = symbol;
    }
  }
  nextByte = unaryAt - ((wordBits + 7) >>> 3);
  nextBit = -wordBits & 7;
  return true;
}

/** One Rice number: the quotient in unary, then the low `k` bits. -1: it does not end before `end`. */
function readRice(bytes: Uint8Array, end: number, k: number): number {
  let quotient = 0;
  while (true) {
    if (nextByte >= end) return -1;
    const rest = bytes[nextByte]! >>> nextBit;
    if (rest !== 0) {
      const zeros = 31 - Math.clz32(rest & -rest);
      quotient += zeros;
      nextBit += zeros + 1;
      break;
    }
    quotient += 8 - nextBit;
    nextByte++;
    nextBit = 0;
  }
  nextByte += nextBit >>> 3;
  nextBit &= 7;
  if (nextByte + (nextBit + k) / 8 > end) return -1;
  const low = (wordBefore(bytes, nextByte, end) >>> nextBit) & ((1 << k) - 1);
  nextBit += k;
  nextByte += nextBit >>> 3;
  nextBit &= 7;
  return quotient * (1 << k) + low;
}

/** A column that is mostly zeros: how many of them, then a symbol less 1, and so on. False: corrupt. */
export function readZeroRunColumn(
  bytes: Uint8Array,
  end: number,
  count: number,
  zeroRunK: number,
  valueK: number,
  symbols: Uint32Array,
): boolean {
  let i = 0;
  while (true) {
    const zeros = readRice(bytes, end, zeroRunK);
    if (zeros < 0) return failAt(end);
    if (zeros > count - i) return failAt(Math.min(nextByte, end - 1));
    symbols.fill(0, i, i + zeros);
    i += zeros;
    if (i === count) return true;
    const value = readRice(bytes, end, valueK) + 1;
    if (value === 0) return failAt(end);
    if (value >= TWO_32) return failAt(Math.min(nextByte, end - 1));
    symbols[i++] = value;
  }
}
