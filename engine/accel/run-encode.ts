import { varintSize, writeVarint } from "../base/bytes.ts";
import { finishBits, plan, planColumn, startBits, writeColumn } from "./rice-writer.ts";
import {
  COLUMN_CONSTANT,
  COLUMN_ZERO_RUNS,
  COUNT_FOLLOWS,
  FORM_LIST,
  FORM_PACKED,
  FORM_STRIDED,
} from "./run-decode.ts";

/*
 * How the writer picks among the forms of `run-decode.ts`, so that the same runs give the same bytes everywhere:
 *
 *   up to 2 runs   LIST
 *   more           the shortest of PACKED, LIST and, for 8 runs and more whose starts lie a multiple of some unit above 1 apart,
 *                  STRIDED with the largest such unit; the first of them on a tie. (Fewer runs hardly win the bytes of unit and
 *                  base back, and looking for the unit costs as much as all the rest.)
 *
 * Columns are planned as `rice-writer.ts` says; before that, a gap column of nothing but zeros takes mode 15, and equal lengths take
 * it where their varint is not longer than the planned column. STRIDED has base = start(0) % unit, or start(0) itself where all gap
 * symbols after the first are 0 (then the first is 0 too).
 */

const LIST_ALWAYS = 2;
const STRIDED_FROM = 8;

/** Room that {@link encodeRuns} needs: LIST is the longest form that is ever chosen (tag, count, 5 + 5 bytes a run). */
export function runSectionBound(count: number): number {
  return (count < COUNT_FOLLOWS ? 1 : 6) + count * 10;
}

/** Symbols of the list at hand; they grow with the longest list seen. Loops take them as locals, which is much faster. */
let gapScratch = new Uint32Array(64);
let unitGapScratch = new Uint32Array(64);
let lengthScratch = new Uint32Array(64);

/** See `Accel.encodeRuns`. */
export function encodeRuns(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  return to - from <= LIST_ALWAYS
    ? writeList(runOffset, runLength, from, to, out, at)
    : writeShortest(runOffset, runLength, from, to, out, at);
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

/** Bytes of LIST after the tag, from the symbol columns: ceil(bits / 7) for each, as (bits + 6) * 37 / 256 up to 32 bits. */
function listBytes(gaps: Uint32Array, lengths: Uint32Array, count: number): number {
  let size = 0;
  for (let i = 0; i < count; i++) {
    size += ((38 - Math.clz32(gaps[i]! | 1)) * 37) >>> 8;
    size += ((38 - Math.clz32(lengths[i]! | 1)) * 37) >>> 8;
  }
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

function writeShortest(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  const count = to - from;
  if (count > gapScratch.length) {
    gapScratch = new Uint32Array(count * 2);
    unitGapScratch = new Uint32Array(count * 2);
    lengthScratch = new Uint32Array(count * 2);
  }
  const gaps = gapScratch;
  const unitGaps = unitGapScratch;
  const lengths = lengthScratch;
  const first = runOffset[from]!;
  const firstLength = runLength[from]!;
  let position = 0;
  let start = first;
  let unit = count < STRIDED_FROM ? 1 : runOffset[from + 1]! - first;
  let gapSum = 0;
  let gapsNonZero = 0;
  let lengthSum = 0;
  let lengthsNonZero = 0;
  let different = 0;
  for (let i = 0; i < count; i++) {
    const offset = runOffset[from + i]!;
    const length = runLength[from + i]!;
    const gap = offset - position;
    gaps[i] = gap;
    lengths[i] = length - 1;
    gapSum += gap;
    lengthSum += length - 1;
    // 1 for all but zero, without a branch that half of all masks would mislead
    gapsNonZero += (gap | -gap) >>> 31;
    lengthsNonZero += ((length - 1) | (1 - length)) >>> 31;
    different |= length ^ firstLength;
    if (unit !== 1 && (offset - start) % unit !== 0) unit = greatestDivisor(offset - start, unit);
    start = offset;
    position = offset + length + 1;
  }

  // the length column is the same in both forms
  let lengthMode = COLUMN_CONSTANT;
  let lengthBits = different === 0 ? varintSize(firstLength - 1) * 8 : 0;
  let lengthParameters = 0;
  // no column takes less than a bit a run, unless it is one of zero runs: and then its lengths differ
  if (different !== 0 || lengthBits > count) {
    planColumn(lengths, count, lengthSum, lengthsNonZero);
    if (different !== 0 || plan.bits < lengthBits) {
      lengthMode = plan.mode;
      lengthBits = plan.bits;
      lengthParameters = plan.zeroRuns;
    }
  }
  let gapMode = COLUMN_CONSTANT;
  let gapBits = 0;
  if (gapsNonZero > 0) {
    planColumn(gaps, count, gapSum, gapsNonZero);
    gapMode = plan.mode;
    gapBits = plan.bits;
  }
  let gapParameters = plan.zeroRuns;

  // all sizes without the tag; a run takes two bytes of a LIST at least
  let form = FORM_PACKED;
  let size = 1 + Math.ceil((gapBits + lengthBits) / 8);
  if (size > 2 * count) {
    const listSize = listBytes(gaps, lengths, count);
    if (listSize < size) {
      form = FORM_LIST;
      size = listSize;
    }
  }
  let base = 0;
  let column = gaps;
  if (unit > 1) {
    const columnSum = fillUnitGaps(runOffset, runLength, from, count, unit, unitGaps);
    const isPeriodic = columnSum === 0;
    base = isPeriodic ? first : first % unit;
    let columnMode = COLUMN_CONSTANT;
    let columnBits = 0;
    if (!isPeriodic) {
      const firstSymbol = (first - base) / unit;
      unitGaps[0] = firstSymbol;
      planColumn(unitGaps, count, columnSum + firstSymbol, unitGapsNonZero + (firstSymbol === 0 ? 0 : 1));
      columnMode = plan.mode;
      columnBits = plan.bits;
    }
    const stridedSize = 1 + varintSize(unit) + varintSize(base) + Math.ceil((columnBits + lengthBits) / 8);
    if (stridedSize < size) {
      form = FORM_STRIDED;
      column = unitGaps;
      gapMode = columnMode;
      gapParameters = plan.zeroRuns;
    }
  }
  if (form === FORM_LIST) return writeList(runOffset, runLength, from, to, out, at);

  at = writeTag(form, count, out, at);
  out[at++] = (gapMode << 4) | lengthMode;
  if (gapMode === COLUMN_ZERO_RUNS) out[at++] = gapParameters;
  if (lengthMode === COLUMN_ZERO_RUNS) out[at++] = lengthParameters;
  else if (lengthMode === COLUMN_CONSTANT) at = writeVarint(out, at, firstLength - 1);
  if (form === FORM_STRIDED) {
    at = writeVarint(out, at, unit);
    at = writeVarint(out, at, base);
  }
  startBits(at);
  writeColumn(column, count, gapMode, gapParameters, out);
  writeColumn(lengths, count, lengthMode, lengthParameters, out);
  return finishBits(out);
}

let unitGapsNonZero = 0;

/** The symbols of `unit` from the second run on; returns their sum. */
function fillUnitGaps(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  count: number,
  unit: number,
  unitGaps: Uint32Array,
): number {
  let sum = 0;
  unitGapsNonZero = 0;
  unitGaps[0] = 0;
  for (let i = 1; i < count; i++) {
    const before = from + i - 1;
    const distance = runOffset[from + i]! - runOffset[before]!;
    const symbol = distance / unit - Math.floor(runLength[before]! / unit) - 1;
    unitGaps[i] = symbol;
    sum += symbol;
    if (symbol !== 0) unitGapsNonZero++;
  }
  return sum;
}
