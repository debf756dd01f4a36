/**
 * A later program of the same authors writes other content under MMSBLOG1's magic and version 2:
 *
 *   entry   8  u64 length L of what follows
 *           L  bincode 1 (little-endian, fixed width; sequences and texts with a u64 length) of an admission proof and a delta:
 *              32 hash, u64 epoch, u64 nonce;
 *              u64 delta id, u64 page id, u32 epoch, mask (u64 count + bools), payload (u64 count + bytes), bool sparse, u64 time,
 *              source (u64 count + UTF-8), option tag u8 and, where it is 1, metadata (u64 count + UTF-8)
 *
 * It is recognized so that it is refused by name instead of being shown as a damaged log of frames.
 */
import { numberFromPair } from "../../base/u64.ts";
import type { LogFile } from "../file-system.ts";
import { readU32 } from "./file-window.ts";
import { MMSBLOG1_HEADER_BYTES } from "./mmsblog1-frame.ts";

/** Bytes of the proof before the delta; 0 where an entry is a bare delta, 44 with a u32 epoch. */
const PROOF_BYTES = [48, 0, 44];
/** A bare delta with nothing in it: 8 + 8 + 4 + 8 + 8 + 1 + 8 + 8 + 1. */
const MIN_ENTRY_BYTES = 54;
/** Entries walked before a chain of lengths is believed without reaching the end of the file. */
const MAX_CHAIN_ENTRIES = 65_536;
/** A frame's parts are as long as a page; what claims more in the very first frame was never a frame. */
const ABSURD_LENGTH = 1 << 24;

/**
 * Whether a file that does not read to its end as frames is such a log. `goodFrames` frames were read before `cutLength` bytes of
 * the next one's part were missing.
 */
export function isBincodeLog(
  file: LogFile,
  sizeBytes: number,
  goodFrames: number,
  cutLength: number,
): boolean {
  const reader = new PointReader(file, sizeBytes);
  if (isKnownEntry(reader, MMSBLOG1_HEADER_BYTES)) return true;
  if (goodFrames > 0) return false;
  const entries = chainedEntries(reader, sizeBytes);
  return entries > 1 || (entries === 1 && cutLength >= ABSURD_LENGTH);
}

class PointReader {
  readonly #file: LogFile;
  readonly #sizeBytes: number;
  readonly #bytes = new Uint8Array(8);

  constructor(file: LogFile, sizeBytes: number) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
  }

  /** NaN where it does not stand in the file, which makes every comparison with it false. */
  u8(offset: number): number {
    return this.#read(offset, 1) ? this.#bytes[0]! : Number.NaN;
  }

  /** Rounded above 2^53, where no length is believed. */
  u64(offset: number): number {
    return this.#read(offset, 8)
      ? numberFromPair(readU32(this.#bytes, 0), readU32(this.#bytes, 4))
      : Number.NaN;
  }

  #read(offset: number, count: number): boolean {
    if (!(offset + count <= this.#sizeBytes)) return false;
    const read = this.#file.read(this.#bytes.subarray(0, count), offset);
    return read.ok && read.value === count;
  }
}

function isKnownEntry(reader: PointReader, offset: number): boolean {
  const start = offset + 8;
  const end = start + reader.u64(offset);
  return PROOF_BYTES.some((proofBytes) => deltaEnd(reader, start + proofBytes) === end);
}

/** Where a bincode delta that begins at `offset` ends; NaN where there is none. */
function deltaEnd(reader: PointReader, offset: number): number {
  let at = offset + 8 + 8 + 4;
  at += 8 + reader.u64(at); // mask
  at += 8 + reader.u64(at); // payload
  if (!(reader.u8(at) <= 1)) return Number.NaN;
  at += 1 + 8;
  at += 8 + reader.u64(at); // source
  const tag = reader.u8(at);
  if (!(tag <= 1)) return Number.NaN;
  at += 1;
  return tag === 0 ? at : at + 8 + reader.u64(at);
}

/** How many entries follow one another until they end exactly with the file; 0 where they do not. */
function chainedEntries(reader: PointReader, sizeBytes: number): number {
  let at = MMSBLOG1_HEADER_BYTES;
  for (let entries = 0; entries < MAX_CHAIN_ENTRIES; entries++) {
    if (at === sizeBytes) return entries;
    const length = reader.u64(at);
    if (!(length >= MIN_ENTRY_BYTES)) return 0;
    at += 8 + length;
  }
  return MAX_CHAIN_ENTRIES;
}
