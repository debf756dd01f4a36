/**
 * Columns of a records block, frame-of-reference coded: each value is `base + small`, the smalls all 0, 1, 2, 4 or 8 bytes wide.
 *
 *   u8   code: low nibble = width of the smalls (0, 1, 2, 4, 8), high nibble = bytes of the base (0..8)
 *   …    base, little-endian, no leading zero byte
 *
 * The descriptors of all columns stand first; then the smalls, column by column, each column aligned to its width from the block's start.
 * Width 0 means that every value is the base: a column that says nothing costs one byte.
 */
import { comparePairs } from "../base/u64.ts";
import type { BlockBuffer } from "./block-buffer.ts";

/** A column as it is about to be written: the width chosen, and the base. */
export class ColumnPlan {
  width = 0;
  baseLo = 0;
  baseHi = 0;

  /** Every value is 0. */
  setZero(): void {
    this.width = 0;
    this.baseLo = 0;
    this.baseHi = 0;
  }

  get isZero(): boolean {
    return this.width === 0 && this.baseLo === 0 && this.baseHi === 0;
  }

  get baseBytes(): number {
    if (this.baseHi !== 0) return 8 - (Math.clz32(this.baseHi) >>> 3);
    return this.baseLo === 0 ? 0 : 4 - (Math.clz32(this.baseLo) >>> 3);
  }
}

function widthOf(spanLo: number, spanHi: number): number {
  if (spanHi !== 0) return 8;
  const span = spanLo >>> 0;
  return span === 0 ? 0 : span < 0x100 ? 1 : span < 0x10000 ? 2 : 4;
}

function planSpan(low: number, high: number, plan: ColumnPlan): void {
  const span = high - low;
  plan.baseLo = low >>> 0;
  plan.baseHi = (low / 4294967296) >>> 0;
  plan.width = widthOf(span >>> 0, (span / 4294967296) >>> 0);
}

// One function for each array type: a loop that sees only one is twice as fast.
export function planU8(values: Uint8Array, from: number, to: number, plan: ColumnPlan): void {
  let low = values[from]!;
  let high = low;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  planSpan(low, high, plan);
}

export function planU32(values: Uint32Array, from: number, to: number, plan: ColumnPlan): void {
  let low = values[from]!;
  let high = low;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  planSpan(low, high, plan);
}

/** Values are whole numbers below 2^53. */
export function planNumbers(values: Float64Array, from: number, to: number, plan: ColumnPlan): void {
  let low = values[from]!;
  let high = low;
  for (let i = from + 1; i < to; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    else if (value > high) high = value;
  }
  planSpan(low, high, plan);
}

export function planPairs(
  lo: Uint32Array,
  hi: Uint32Array,
  from: number,
  to: number,
  plan: ColumnPlan,
): void {
  const firstHi = hi[from]!;
  let same = true;
  for (let i = from + 1; i < to; i++) if (hi[i] !== firstHi) same = false;
  if (same) {
    planU32(lo, from, to, plan);
    plan.baseHi = firstHi;
    return;
  }
  let lowLo = lo[from]!;
  let lowHi = hi[from]!;
  let highLo = lowLo;
  let highHi = lowHi;
  for (let i = from + 1; i < to; i++) {
    const valueLo = lo[i]!;
    const valueHi = hi[i]!;
    if (comparePairs(valueLo, valueHi, lowLo, lowHi) < 0) {
      lowLo = valueLo;
      lowHi = valueHi;
    } else if (comparePairs(valueLo, valueHi, highLo, highHi) > 0) {
      highLo = valueLo;
      highHi = valueHi;
    }
  }
  const borrow = highLo < lowLo ? 1 : 0;
  plan.baseLo = lowLo;
  plan.baseHi = lowHi;
  plan.width = widthOf((highLo - lowLo) >>> 0, highHi - lowHi - borrow);
}

/** Writes code and base; returns the position after them. */
export function writeDescriptor(out: Uint8Array, at: number, plan: ColumnPlan): number {
  const baseBytes = plan.baseBytes;
  out[at++] = plan.width | (baseBytes << 4);
  for (let i = 0; i < baseBytes; i++)
    out[at++] = i < 4 ? plan.baseLo >>> (8 * i) : plan.baseHi >>> (8 * (i - 4));
  return at;
}

/** Position where a column of this width begins, given the block starts at `blockAt`. */
export function alignColumn(at: number, blockAt: number, width: number): number {
  if (width <= 1) return at;
  const rest = (at - blockAt) % width;
  return rest === 0 ? at : at + width - rest;
}

// One loop for each width, through the view of that width: `at` is aligned already.

/** Writes the smalls of u32 values; `at` is aligned already. Returns the position after them. */
export function writeU32Column(
  views: BlockBuffer,
  at: number,
  values: Uint8Array | Uint32Array,
  from: number,
  to: number,
  plan: ColumnPlan,
): number {
  const { width, baseLo } = plan;
  if (width === 0) return at;
  if (values instanceof Uint8Array) subtractU8(values, from, to, baseLo, views.u8, at);
  else if (width === 1) subtractU32(values, from, to, baseLo, views.u8, at);
  else if (width === 2) subtractU32To16(values, from, to, baseLo, views.u16, at >>> 1);
  else subtractU32To32(values, from, to, baseLo, views.u32, at >>> 2);
  return at + width * (to - from);
}

export function writeNumberColumn(
  views: BlockBuffer,
  at: number,
  values: Float64Array,
  from: number,
  to: number,
  plan: ColumnPlan,
): number {
  const { width } = plan;
  const base = plan.baseHi * 4294967296 + plan.baseLo;
  if (width === 1) {
    const out = views.u8;
    for (let i = from, k = at; i < to; i++, k++) out[k] = values[i]! - base;
  } else if (width === 2) {
    const out = views.u16;
    for (let i = from, k = at >>> 1; i < to; i++, k++) out[k] = values[i]! - base;
  } else if (width === 4) {
    const out = views.u32;
    for (let i = from, k = at >>> 2; i < to; i++, k++) out[k] = values[i]! - base;
  } else if (width === 8) {
    const out = views.u32;
    for (let i = from, k = at >>> 2; i < to; i++, k += 2) {
      const small = values[i]! - base;
      out[k] = small >>> 0;
      out[k + 1] = small / 4294967296;
    }
  }
  return at + width * (to - from);
}

export function writePairColumn(
  views: BlockBuffer,
  at: number,
  lo: Uint32Array,
  hi: Uint32Array,
  from: number,
  to: number,
  plan: ColumnPlan,
): number {
  const { width, baseLo, baseHi } = plan;
  if (width < 8) return writeU32Column(views, at, lo, from, to, plan);
  const out = views.u32;
  for (let i = from, k = at >>> 2; i < to; i++, k += 2) {
    out[k] = lo[i]! - baseLo;
    out[k + 1] = hi[i]! - baseHi - (lo[i]! < baseLo ? 1 : 0);
  }
  return at + width * (to - from);
}

function subtractU8(
  values: Uint8Array,
  from: number,
  to: number,
  base: number,
  out: Uint8Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = values[i]! - base;
}

function subtractU32(
  values: Uint32Array,
  from: number,
  to: number,
  base: number,
  out: Uint8Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = values[i]! - base;
}

function subtractU32To16(
  values: Uint32Array,
  from: number,
  to: number,
  base: number,
  out: Uint16Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = values[i]! - base;
}

function subtractU32To32(
  values: Uint32Array,
  from: number,
  to: number,
  base: number,
  out: Uint32Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = values[i]! - base;
}

/** Reads a descriptor; returns the position after it, or -1 where it is malformed or does not fit before `end`. */
export function readDescriptor(bytes: Uint8Array, at: number, end: number, plan: ColumnPlan): number {
  if (at >= end) return -1;
  const code = bytes[at++]!;
  const width = code & 15;
  const baseBytes = code >>> 4;
  if (width > 8 || (width & (width - 1)) !== 0 || baseBytes > 8 || at + baseBytes > end) return -1;
  let lo = 0;
  let hi = 0;
  for (let i = 0; i < baseBytes; i++) {
    if (i < 4) lo |= bytes[at + i]! << (8 * i);
    else hi |= bytes[at + i]! << (8 * (i - 4));
  }
  plan.width = width;
  plan.baseLo = lo >>> 0;
  plan.baseHi = hi >>> 0;
  return at + baseBytes;
}

/** Fills `out[0..count)`; false where a value leaves u32. `at` is relative to the views. */
export function readU32Column(
  views: BlockBuffer,
  at: number,
  count: number,
  plan: ColumnPlan,
  out: Uint8Array | Uint32Array,
): boolean {
  const base = plan.baseLo;
  if (plan.baseHi !== 0 || plan.width === 8) return false;
  switch (plan.width) {
    case 0:
      out.fill(base, 0, count);
      break;
    case 1: {
      const from = views.u8;
      for (let i = 0; i < count; i++) out[i] = base + from[at + i]!;
      break;
    }
    case 2: {
      const from = views.u16;
      const start = at >>> 1;
      for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
      break;
    }
    default: {
      const from = views.u32;
      const start = at >>> 2;
      for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
    }
  }
  return true;
}

/** Fills `out[0..count)` with numbers; values at or above 2^53 lose precision, which the caller refuses. */
export function readNumberColumn(
  views: BlockBuffer,
  at: number,
  count: number,
  plan: ColumnPlan,
  out: Float64Array,
): void {
  const base = plan.baseHi * 4294967296 + plan.baseLo;
  switch (plan.width) {
    case 0:
      out.fill(base, 0, count);
      break;
    case 1: {
      const from = views.u8;
      for (let i = 0; i < count; i++) out[i] = base + from[at + i]!;
      break;
    }
    case 2: {
      const from = views.u16;
      const start = at >>> 1;
      for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
      break;
    }
    case 4: {
      const from = views.u32;
      const start = at >>> 2;
      for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
      break;
    }
    default: {
      const from = views.u32;
      const start = at >>> 2;
      for (let i = 0; i < count; i++)
        out[i] = base + from[start + 2 * i + 1]! * 4294967296 + from[start + 2 * i]!;
    }
  }
}

/** Fills the pairs with `base + small` modulo 2^64. */
export function readPairColumn(
  views: BlockBuffer,
  at: number,
  count: number,
  plan: ColumnPlan,
  lo: Uint32Array,
  hi: Uint32Array,
): void {
  const { width, baseLo, baseHi } = plan;
  if (width === 0) {
    lo.fill(baseLo, 0, count);
    hi.fill(baseHi, 0, count);
    return;
  }
  if (width === 8) {
    const from = views.u32;
    const start = at >>> 2;
    for (let i = 0; i < count; i++) {
      const sum = baseLo + from[start + 2 * i]!;
      lo[i] = sum;
      hi[i] = baseHi + from[start + 2 * i + 1]! + (sum > 0xffff_ffff ? 1 : 0);
    }
    return;
  }
  hi.fill(baseHi, 0, count);
  if (width === 1) addU8(views.u8, at, count, baseLo, lo);
  else if (width === 2) addU16(views.u16, at >>> 1, count, baseLo, lo);
  else addU32(views.u32, at >>> 2, count, baseLo, lo);
  // A sum that went past 2^32 came out below its base.
  if (baseLo > 4294967296 - 2 ** (8 * width)) {
    for (let i = 0; i < count; i++) if (lo[i]! < baseLo) hi[i] = baseHi + 1;
  }
}

function addU8(from: Uint8Array, start: number, count: number, base: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
}

function addU16(from: Uint16Array, start: number, count: number, base: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
}

function addU32(from: Uint32Array, start: number, count: number, base: number, out: Uint32Array): void {
  for (let i = 0; i < count; i++) out[i] = base + from[start + i]!;
}
