import type { ByteReader, ByteWriter } from "../base/bytes.ts";
import { comparePairs, u64FromPair } from "../base/u64.ts";

/** Page ids (u64) in two columns; `count` of them stand. No objects, so that a wave over a million pages costs none. */
export interface IdColumn {
  readonly count: number;
  readonly lo: Uint32Array;
  readonly hi: Uint32Array;
}

const NO_ROWS = new Uint32Array(0);
export const NO_IDS: IdColumn = { count: 0, lo: NO_ROWS, hi: NO_ROWS };

export function idColumnOf(ids: readonly bigint[]): IdColumn {
  const lo = Uint32Array.from(ids, (id) => Number(id & 0xffff_ffffn));
  const hi = Uint32Array.from(ids, (id) => Number(id >> 32n));
  return { count: ids.length, lo, hi };
}

export function idsOf({ count, lo, hi }: IdColumn): bigint[] {
  return Array.from({ length: count }, (_, row) => u64FromPair(lo[row]!, hi[row]!));
}

/**
 * Varint count; for a count above zero: u64 smallest id, u8 width w, then each id less the smallest in w bytes. w is 0 for a single id, else the
 * smallest of 1, 2, 4 and 8 that holds the largest difference.
 */
export function writeIds(out: ByteWriter, ids: IdColumn): void {
  const { count, lo, hi } = ids;
  out.varint(count);
  if (count === 0) return;
  let least = 0;
  let most = 0;
  for (let row = 1; row < count; row++) {
    if (comparePairs(lo[row]!, hi[row]!, lo[least]!, hi[least]!) < 0) least = row;
    if (comparePairs(lo[row]!, hi[row]!, lo[most]!, hi[most]!) > 0) most = row;
  }
  const baseLo = lo[least]!;
  const baseHi = hi[least]!;
  const high = highDifference(lo[most]!, hi[most]!, baseLo, baseHi);
  const width = widthFor(count, (lo[most]! - baseLo) >>> 0, high);
  out.u32(baseLo).u32(baseHi).u8(width);
  for (let row = 0; row < count; row++) {
    const small = (lo[row]! - baseLo) >>> 0;
    if (width === 1) out.u8(small);
    else if (width === 2) out.u16(small);
    else if (width === 4) out.u32(small);
    else if (width === 8) out.u32(small).u32(highDifference(lo[row]!, hi[row]!, baseLo, baseHi));
  }
}

/** Rejects on the reader what {@link writeIds} does not write. */
export function readIds(reader: ByteReader): IdColumn {
  const count = reader.varint();
  if (count === 0 || reader.failed) return NO_IDS;
  const baseLo = reader.u32();
  const baseHi = reader.u32();
  const width = reader.u8();
  const isKnown = width === 1 || width === 2 || width === 4 || width === 8 || (width === 0 && count === 1);
  if (!isKnown || count * width > reader.remaining) {
    reader.reject();
    return NO_IDS;
  }
  const lo = new Uint32Array(count);
  const hi = new Uint32Array(count);
  let mostLo = 0;
  let mostHi = 0;
  let touchesBase = false;
  for (let row = 0; row < count; row++) {
    let smallLo = 0;
    let smallHi = 0;
    if (width === 1) smallLo = reader.u8();
    else if (width === 2) smallLo = reader.u16();
    else if (width === 4) smallLo = reader.u32();
    else if (width === 8) {
      smallLo = reader.u32();
      smallHi = reader.u32();
    }
    if (smallLo === 0 && smallHi === 0) touchesBase = true;
    if (comparePairs(smallLo, smallHi, mostLo, mostHi) > 0) {
      mostLo = smallLo;
      mostHi = smallHi;
    }
    const sum = baseLo + smallLo;
    const high = baseHi + smallHi + (sum > 0xffff_ffff ? 1 : 0);
    if (high > 0xffff_ffff) reader.reject();
    lo[row] = sum;
    hi[row] = high;
  }
  if (!touchesBase || widthFor(count, mostLo, mostHi) !== width) reader.reject();
  return { count, lo, hi };
}

/** Width 0 for a single id only, so that a count never stands for more memory than there are bytes. */
function widthFor(count: number, lo: number, hi: number): number {
  if (count === 1) return 0;
  if (hi !== 0) return 8;
  if (lo > 0xffff) return 4;
  return lo > 0xff ? 2 : 1;
}

function highDifference(lo: number, hi: number, baseLo: number, baseHi: number): number {
  return (hi - baseHi - (lo < baseLo ? 1 : 0)) >>> 0;
}
