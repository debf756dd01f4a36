/**
 * MMSBLOG1, the transaction log of the older Rust MMSB. All integers are little-endian; nothing is aligned; there is no checksum.
 *
 *   header   8  magic "MMSBLOG1"
 *            4  u32 version, 1 or 2
 *   frame    8  u64 delta id
 *            8  u64 page id
 *            4  u32 epoch that the page has afterwards; may jump or fall
 *            4  u32 mask length m
 *            m  mask, one byte a flag, not zero = set; its index is the byte offset in the page
 *            4  u32 payload length p
 *            p  payload. Dense: p = m, and only the bytes under set flags are written. Sparse: p = number of set flags
 *            1  u8 sparse, not zero = yes
 *            8  u64 time, nanoseconds since the Unix epoch
 *            4  u32 source length s
 *            s  source, UTF-8
 *   version 2 only:
 *            4  u32 metadata length d, 0 = none
 *            d  intent metadata, UTF-8
 *
 * A frame whose lengths disagree is refused: page and epoch stay as they were. A mask longer than the page is cut at the page's end.
 * Frame k is LSN k.
 */
import { utf8Encode } from "../../base/bytes.ts";
import { readU32 } from "./file-window.ts";

export const MMSBLOG1_MAGIC: Uint8Array = utf8Encode("MMSBLOG1");
export const MAGIC_BYTES = 8;
export const MMSBLOG1_HEADER_BYTES = 12;
/** Up to and with the mask length. */
export const FRAME_HEAD_BYTES = 24;
/** Sparse flag, time and source length, between payload and source. */
export const FRAME_TAIL_BYTES = 13;

export type MmsbLog1Version = 1 | 2;

/** What a log of this version begins with. */
export function mmsbLog1Header(version: MmsbLog1Version): Uint8Array {
  const header = new Uint8Array(MMSBLOG1_HEADER_BYTES);
  header.set(MMSBLOG1_MAGIC);
  header[MAGIC_BYTES] = version;
  return header;
}

/** One frame: values, and where its parts stand in the bytes that were parsed. Reused. */
export class Frame {
  deltaIdLo = 0;
  deltaIdHi = 0;
  pageLo = 0;
  pageHi = 0;
  epoch = 0;
  maskAt = 0;
  maskLength = 0;
  payloadAt = 0;
  payloadLength = 0;
  sparse = false;
  timeLo = 0;
  timeHi = 0;
  sourceAt = 0;
  sourceLength = 0;
  metadataAt = 0;
  metadataLength = 0;
}

/** Fills `frame` from the frame at `bytes[at..]`. Returns the position after it, or -1 where it does not end before `end`. */
export function parseFrame(
  bytes: Uint8Array,
  at: number,
  end: number,
  version: number,
  frame: Frame,
): number {
  if (FRAME_HEAD_BYTES > end - at) return -1;
  frame.deltaIdLo = readU32(bytes, at);
  frame.deltaIdHi = readU32(bytes, at + 4);
  frame.pageLo = readU32(bytes, at + 8);
  frame.pageHi = readU32(bytes, at + 12);
  frame.epoch = readU32(bytes, at + 16);
  frame.maskLength = readU32(bytes, at + 20);
  frame.maskAt = at + FRAME_HEAD_BYTES;
  at = frame.maskAt + frame.maskLength;
  if (4 > end - at) return -1;
  frame.payloadLength = readU32(bytes, at);
  frame.payloadAt = at + 4;
  at = frame.payloadAt + frame.payloadLength;
  if (FRAME_TAIL_BYTES > end - at) return -1;
  frame.sparse = bytes[at] !== 0;
  frame.timeLo = readU32(bytes, at + 1);
  frame.timeHi = readU32(bytes, at + 5);
  frame.sourceLength = readU32(bytes, at + 9);
  frame.sourceAt = at + FRAME_TAIL_BYTES;
  at = frame.sourceAt + frame.sourceLength;
  frame.metadataLength = 0;
  frame.metadataAt = at;
  if (version >= 2) {
    if (4 > end - at) return -1;
    frame.metadataLength = readU32(bytes, at);
    frame.metadataAt = at + 4;
    at = frame.metadataAt + frame.metadataLength;
  }
  return at > end ? -1 : at;
}
