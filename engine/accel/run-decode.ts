/*
 * The delta body, as it stands in the log.
 *
 *   body     = run section, payload (the bytes of all runs in order; the body ends where they end)
 *   section  = tag u8, [count - 63 : varint, where the tag's low six bits are 63], then by the tag's high two bits:
 *
 *   0 LIST     count times: gap : varint, length - 1 : varint
 *   1 PACKED   columns, bits
 *   2 STRIDED  columns, unit : varint (>= 1), base : varint, bits
 *   3          reserved: corrupt
 *
 *   columns  = kg * 16 + kl u8, [gap zero runs u8, where kg = 14], [length zero runs u8, where kl = 14],
 *              [length - 1 : varint, where kl = 15]
 *
 * The tag's low six bits hold the count of runs up to 62. A varint is LEB128 (7 bits a byte, lowest first, the last byte not zero
 * unless it is the only one) and holds at most 2^32 - 1.
 *
 * `gap` is the number of untouched bytes before the run less the one that must be there: the first run starts at `gap`, the next
 * ones at (end of the run before) + 1 + gap. So runs that touch, overlap, fall or are empty cannot be written down at all.
 *
 * In the other two forms each run i has a gap symbol g(i) and a length symbol l(i) = length(i) - 1, and PACKED has unit 1, base 0:
 *
 *   start(0) = base + unit * g(0)
 *   start(i) = start(i-1) + unit * (floor(length(i-1) / unit) + 1 + g(i))
 *
 * With unit 1 these are the gaps of LIST. A unit that divides the distances of all starts makes counters, and fields in an array
 * of structs, cost no more than the choice of the elements.
 *
 * The bits are the column of all g, then the column of all l, then zeros up to a whole byte; the first bit is the lowest of the
 * first byte. kg and kl say how a column is written:
 *
 *   0..13  Rice code (Rice and Plaunt, 1971) with k = this: the low k bits of every symbol, lowest first; then for every symbol
 *          (symbol >> k) zeros and a one. (The fixed part stands apart so that nothing waits for a shift by an unknown count.)
 *   14     mostly zeros; its zero-run byte is kz * 16 + kv, both at most 13. By turns: how many zero symbols come next (maybe none),
 *          Rice-coded with kz; and the symbol after them, less 1, Rice-coded with kv. It ends with the number of zeros that makes
 *          the column full (maybe none). A number stands alone here: (number >> k) zeros, a one, the low k bits.
 *   15     no bits: every g is 0; every l is the one given
 *
 * Corrupt is: anything that does not fit into the body, a varint too long or too large, a symbol above 2^32 - 1, no runs in another
 * form than LIST, more runs than the body has bytes left, unit 0, bits set in the padding,
 * start + length >= 2^32, a payload that is not exactly the sum of the lengths. A reader takes every form for every list; which one
 * a writer picks is said in `run-encode.ts`.
 */

import { bitsByte, finishBits, readRiceColumn, readZeroRunColumn, startBits } from "./rice-reader.ts";

export const FORM_LIST = 0x00;
export const FORM_PACKED = 0x40;
export const FORM_STRIDED = 0x80;
const FORM_MASK = 0xc0;
/** Low six bits of the tag: the count itself, or that it follows. */
export const COUNT_FOLLOWS = 63;
/** Largest Rice parameter, and the column modes above it. */
export const MAX_RICE = 13;
export const COLUMN_ZERO_RUNS = 14;
export const COLUMN_CONSTANT = 15;

const U32_MAX = 0xffff_ffff;

/** Position after the last varint, or of the byte at which it went wrong. */
let cursor = 0;

/** A u32 varint, or -1; sets `cursor`. */
function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < 5; i++) {
    cursor = at + i;
    if (cursor >= end) return -1;
    const byte = bytes[cursor]!;
    value += (byte & 127) * scale;
    if (byte < 128) {
      if ((byte === 0 && i > 0) || value > U32_MAX) return -1;
      cursor++;
      return value;
    }
    scale *= 128;
  }
  return -1;
}

/** See `Accel.runCount`. */
export function runCount(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -start - 1;
  const tag = bytes[start]!;
  let count = tag & COUNT_FOLLOWS;
  cursor = start + 1;
  if (count === COUNT_FOLLOWS) {
    const rest = readVarint(bytes, start + 1, end);
    if (rest < 0) return -cursor - 1;
    count += rest;
  }
  // Each run has a byte of payload, so that no count is believed that the body could not hold.
  return count <= end - cursor ? count : -start - 1;
}

/** See `Accel.decodeRuns`. */
export function decodeRuns(
  bytes: Uint8Array,
  start: number,
  end: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  const count = runCount(bytes, start, end);
  if (count < 0) return count;
  if (count > runOffset.length || count > runLength.length) return -start - 1;
  const form = bytes[start]! & FORM_MASK;
  if (form === FORM_LIST) return decodeList(bytes, cursor, end, count, runOffset, runLength);
  if (count > 0 && (form === FORM_PACKED || form === FORM_STRIDED)) {
    return decodeColumns(bytes, cursor, end, count, form === FORM_STRIDED, runOffset, runLength);
  }
  return -start - 1;
}

function decodeList(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  let position = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    let gap = at < end ? bytes[at]! : 128;
    if (gap < 128) at++;
    else {
      gap = readVarint(bytes, at, end);
      at = cursor;
      if (gap < 0) return -at - 1;
    }
    let length = at < end ? bytes[at]! : 128;
    if (length < 128) at++;
    else {
      length = readVarint(bytes, at, end);
      at = cursor;
      if (length < 0) return -at - 1;
    }
    const offset = position + gap;
    length++;
    position = offset + length;
    if (position > U32_MAX) return -at - 1;
    runOffset[i] = offset;
    runLength[i] = length;
    total += length;
    position++;
  }
  return end - at === total ? at : -at - 1;
}

/** PACKED (unit 1, base 0) and STRIDED: both columns of symbols into place, then the symbols into runs. */
function decodeColumns(
  bytes: Uint8Array,
  at: number,
  end: number,
  count: number,
  isStrided: boolean,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  if (at >= end) return -end - 1;
  const gapMode = bytes[at]! >>> 4;
  const lengthMode = bytes[at]! & 15;
  at++;
  let gapZeroRuns = 0;
  let lengthZeroRuns = 0;
  if (gapMode === COLUMN_ZERO_RUNS) {
    gapZeroRuns = at < end ? bytes[at]! : 0xff;
    if (!isZeroRunByte(gapZeroRuns)) return -at - 1;
    at++;
  }
  if (lengthMode === COLUMN_ZERO_RUNS) {
    lengthZeroRuns = at < end ? bytes[at]! : 0xff;
    if (!isZeroRunByte(lengthZeroRuns)) return -at - 1;
    at++;
  } else if (lengthMode === COLUMN_CONSTANT) {
    const symbol = readVarint(bytes, at, end);
    at = cursor;
    if (symbol < 0) return -at - 1;
    runLength.fill(symbol, 0, count);
  }
  let unit = 1;
  let base = 0;
  if (isStrided) {
    unit = readVarint(bytes, at, end);
    if (unit < 1) return -(unit < 0 ? cursor : at) - 1;
    base = readVarint(bytes, cursor, end);
    at = cursor;
    if (base < 0) return -at - 1;
  }

  startBits(at);
  if (gapMode === COLUMN_CONSTANT) runOffset.fill(0, 0, count);
  else if (!readColumn(bytes, end, count, gapMode, gapZeroRuns, runOffset)) return -bitsByte() - 1;
  if (lengthMode !== COLUMN_CONSTANT) {
    if (!readColumn(bytes, end, count, lengthMode, lengthZeroRuns, runLength)) return -bitsByte() - 1;
  }
  const payloadAt = finishBits(bytes);
  if (payloadAt < 0) return -bitsByte() - 1;

  const total =
    unit === 1 && base === 0
      ? runsFromGaps(count, runOffset, runLength)
      : runsFromUnits(count, unit, base, runOffset, runLength);
  if (total < 0) return -at - 1;
  return end - payloadAt === total ? payloadAt : -payloadAt - 1;
}

function isZeroRunByte(byte: number): boolean {
  return byte >>> 4 <= MAX_RICE && (byte & 15) <= MAX_RICE;
}

function readColumn(
  bytes: Uint8Array,
  end: number,
  count: number,
  mode: number,
  zeroRuns: number,
  symbols: Uint32Array,
): boolean {
  return mode === COLUMN_ZERO_RUNS
    ? readZeroRunColumn(bytes, end, count, zeroRuns >>> 4, zeroRuns & 15, symbols)
    : readRiceColumn(bytes, end, count, mode, symbols);
}

/** Turns symbols into runs, in place; their bytes, or -1 where one ends beyond 2^32 - 1. */
function runsFromGaps(count: number, runOffset: Uint32Array, runLength: Uint32Array): number {
  let position = 0;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const offset = position + runOffset[i]!;
    const length = runLength[i]! + 1;
    position = offset + length;
    if (position > U32_MAX) return -1;
    runOffset[i] = offset;
    runLength[i] = length;
    total += length;
    position++;
  }
  return total;
}

function runsFromUnits(
  count: number,
  unit: number,
  base: number,
  runOffset: Uint32Array,
  runLength: Uint32Array,
): number {
  let next = base;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const offset = next + unit * runOffset[i]!;
    const length = runLength[i]! + 1;
    if (offset + length > U32_MAX) return -1;
    runOffset[i] = offset;
    runLength[i] = length;
    total += length;
    next = offset + unit * (Math.floor(length / unit) + 1);
  }
  return total;
}
