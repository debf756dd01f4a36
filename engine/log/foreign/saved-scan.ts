/**
 * What a pass over all of an undamaged foreign log tells (`mmsblog1-scan.ts`), as bytes: kept in the index file, so that the next reader
 * need not go over it. A set of columns (`index/column-codec.ts`); rows: blocks, pages; then totals. Layout: docs/SerializationSpec.md, I10;
 * its version is the index's.
 */
import { ok, type Result } from "../../base/result.ts";
import { u64FromPair } from "../../base/u64.ts";
import { decodeColumns, encodeColumns } from "../index/column-codec.ts";
import { MMSBLOG1_HEADER_BYTES } from "./mmsblog1-frame.ts";
import type { MmsbLog1Scan } from "./mmsblog1-scan.ts";

const HASH_BYTES = 32;

const SHAPE = {
  /** SHA-256 of the whole file */
  contentHash: "u8",
  blockOffset: "f64",
  blockFirstLsn: "f64",
  /** CRC32C of the block's bytes */
  blockCrc: "u32",
  pageLo: "u32",
  pageHi: "u32",
  /** flags in the page's longest mask */
  pageMask: "u32",
  /** version, bytes of the file, last LSN */
  totals: "f64",
  /** when the file was last written to */
  modified: "u64",
} as const;

const TOTALS = 3;

/** A foreign log as it was when it was gone over. */
export interface SavedScan {
  readonly version: number;
  readonly fileBytes: number;
  /** Nanoseconds since the epoch, by the file system's clock: when it was last written to before it was gone over. */
  readonly modifiedNs: bigint;
  readonly scan: MmsbLog1Scan;
  /** Of each block. */
  readonly blockCrc: Uint32Array;
}

/** `scan` is of a log without damage, begun at its first frame. */
export function encodeScan({ version, fileBytes, modifiedNs, scan, blockCrc }: SavedScan): Uint8Array {
  const pages = [...scan.largestMask];
  return encodeColumns(SHAPE, {
    contentHash: scan.contentHash,
    blockOffset: Float64Array.from(scan.blockOffset),
    blockFirstLsn: Float64Array.from(scan.blockFirstLsn),
    blockCrc,
    pageLo: Uint32Array.from(pages, ([id]) => Number(id & 0xffff_ffffn)),
    pageHi: Uint32Array.from(pages, ([id]) => Number(id >> 32n)),
    pageMask: Uint32Array.from(pages, ([, length]) => length),
    totals: Float64Array.of(version, fileBytes, scan.lastLsn),
    modified: BigUint64Array.of(modifiedNs),
  });
}

/** `bytes` must start at a multiple of 8 of its buffer. Undefined: it says what no scan does. Errors: INDEX_DAMAGED. */
export function decodeScan(bytes: Uint8Array): Result<SavedScan | undefined> {
  const decoded = decodeColumns(SHAPE, bytes);
  if (!decoded.ok) return decoded;
  const c = decoded.value;
  const [version = 0, fileBytes = 0, lastLsn = 0] = c.totals;
  const isWhole =
    c.contentHash.length === HASH_BYTES &&
    c.totals.length === TOTALS &&
    c.modified.length === 1 &&
    (version === 1 || version === 2) &&
    c.blockFirstLsn.length === c.blockOffset.length &&
    c.blockCrc.length === c.blockOffset.length &&
    ascends(c.blockOffset, MMSBLOG1_HEADER_BYTES, fileBytes) &&
    ascends(c.blockFirstLsn, 1, lastLsn + 1) &&
    c.pageHi.length === c.pageLo.length &&
    c.pageMask.length === c.pageLo.length;
  if (!isWhole) return ok(undefined);
  const largestMask = new Map<bigint, number>();
  for (let i = 0; i < c.pageLo.length; i++)
    largestMask.set(u64FromPair(c.pageLo[i]!, c.pageHi[i]!), c.pageMask[i]!);
  return ok({
    version,
    fileBytes,
    modifiedNs: c.modified[0]!,
    blockCrc: c.blockCrc,
    scan: {
      blockOffset: Array.from(c.blockOffset),
      blockFirstLsn: Array.from(c.blockFirstLsn),
      endOffset: fileBytes,
      lastLsn,
      damage: undefined,
      damagedLength: 0,
      largestMask,
      boundaryLsn: 0,
      contentHash: c.contentHash.slice(),
    },
  });
}

/** Whole numbers, each greater than the one before, from exactly `first` to below `end`; or none, and nothing between the two. */
function ascends(values: Float64Array, first: number, end: number): boolean {
  let previous = first - 1;
  for (const value of values) {
    if (!Number.isSafeInteger(value) || value <= previous) return false;
    previous = value;
  }
  return values.length === 0 ? first === end : values[0] === first && previous < end;
}
