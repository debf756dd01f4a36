/**
 * The block: the unit of writing, checking and recovery. At most 64 KiB, a multiple of 8 bytes, self-contained: it names its recording,
 * so that it can be read though everything before it is lost.
 *
 *   0  u32  magic "MSBK"
 *   4  u8   format version
 *   5  u8   block type
 *   6  u16  block flags
 *   8  u32  length of the block in bytes, 72..65536
 *  12  u32  number of records (records) or ordinal of the chunk (overflow, checkpoint)
 *  16  16   UUID of the recording
 *  32  u64  LSN of the first record in it; for other types, of the next record to be written
 *  40  u64  sequence: ordinal of the block in the recording, from 0, without gaps
 *  48  u64  LSN of the TransactionBegin that is open at the block's start, 0 = none
 *  56  u32  segment number
 *  60  u32  length of the payload in bytes
 *  64  …    payload, then zeros
 *  end-4 u32 CRC32C over everything before it
 *
 * All integers are little-endian. Format version history: 1 = the first. Bump it when a reader of the old version would misread a block;
 * a new record kind or block flag needs no bump.
 */
import { accel } from "../accel/index.ts";
import { numberFromPair } from "../base/u64.ts";

export const BLOCK_MAGIC = 0x4b42534d;
export const FORMAT_VERSION = 1;
export const BLOCK_HEADER_BYTES = 64;
export const BLOCK_TRAILER_BYTES = 4;
export const MIN_BLOCK_BYTES = 72;
export const MAX_BLOCK_BYTES = 65536;
export const BLOCK_ALIGNMENT = 8;
/** The most payload that one block carries: 65536 - 64 - 4, kept a multiple of 8. */
export const MAX_PAYLOAD_BYTES = 65464;

export const BlockType = {
  /** The first block of a segment. */
  SegmentHeader: 1,
  Records: 2,
  /** A piece of a body too large for its records block; stands before it. */
  Overflow: 3,
  /** A piece of a checkpoint. */
  Checkpoint: 4,
  /** Everything before it is whole: the writer closed the segment. */
  End: 5,
} as const;
export type BlockType = (typeof BlockType)[keyof typeof BlockType];

export const BlockFlag = {
  /** Checkpoint: this chunk holds the trailer, the checkpoint is whole. */
  LastChunk: 1,
  /** End: another segment follows. */
  SegmentFollows: 2,
} as const;

/** A parsed block header. Reused: `parseBlock` fills it. */
export class BlockHeader {
  version = 0;
  type = 0;
  flags = 0;
  lengthBytes = 0;
  count = 0;
  firstLsn = 0;
  sequence = 0;
  openTransactionLsn = 0;
  segment = 0;
  payloadBytes = 0;
  crc = 0;
}

/** What a stretch of bytes turned out to be. */
export const BlockCheck = {
  Valid: 0,
  /** No block begins here. */
  NoMagic: 1,
  /** A block of another recording. */
  OtherRecording: 2,
  /** The header's own lengths make no sense. */
  BadHeader: 3,
  /** The block goes on past the bytes given: torn, if these are the file's last. */
  Incomplete: 4,
  BadChecksum: 5,
  /** Whole and sound, but written by a later version of the format. */
  NewerVersion: 6,
} as const;
export type BlockCheck = (typeof BlockCheck)[keyof typeof BlockCheck];

export function blockLength(payloadBytes: number): number {
  const raw = BLOCK_HEADER_BYTES + payloadBytes + BLOCK_TRAILER_BYTES;
  return Math.max(MIN_BLOCK_BYTES, Math.ceil(raw / BLOCK_ALIGNMENT) * BLOCK_ALIGNMENT);
}

function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

function readU64(bytes: Uint8Array, at: number): number {
  return numberFromPair(readU32(bytes, at), readU32(bytes, at + 4));
}

/** The length that the block at `at` claims for itself. */
export function blockLengthAt(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at + 8);
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

function writeU64(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value >>> 0);
  writeU32(bytes, at + 4, (value / 4294967296) >>> 0);
}

/**
 * Checks the block that begins at `at`, reading no further than `end`. With `uuid`, blocks of other recordings are refused.
 * Fills `header` where the result is `Valid` or `NewerVersion`.
 */
export function parseBlock(
  bytes: Uint8Array,
  at: number,
  end: number,
  uuid: Uint8Array | undefined,
  header: BlockHeader,
): BlockCheck {
  if (end - at < 4) return end === at ? BlockCheck.NoMagic : BlockCheck.Incomplete;
  if (readU32(bytes, at) !== BLOCK_MAGIC) return BlockCheck.NoMagic;
  if (end - at < MIN_BLOCK_BYTES) return BlockCheck.Incomplete;
  const lengthBytes = readU32(bytes, at + 8);
  if (lengthBytes < MIN_BLOCK_BYTES || lengthBytes > MAX_BLOCK_BYTES || lengthBytes % BLOCK_ALIGNMENT !== 0)
    return BlockCheck.BadHeader;
  if (uuid !== undefined)
    for (let i = 0; i < 16; i++) if (bytes[at + 16 + i] !== uuid[i]) return BlockCheck.OtherRecording;
  if (lengthBytes > end - at) return BlockCheck.Incomplete;
  const crcAt = at + lengthBytes - BLOCK_TRAILER_BYTES;
  header.crc = readU32(bytes, crcAt);
  if (accel.crc32c(bytes.subarray(at, crcAt)) !== header.crc) return BlockCheck.BadChecksum;
  header.version = bytes[at + 4]!;
  header.type = bytes[at + 5]!;
  header.flags = bytes[at + 6]! | (bytes[at + 7]! << 8);
  header.lengthBytes = lengthBytes;
  header.count = readU32(bytes, at + 12);
  header.firstLsn = readU64(bytes, at + 32);
  header.sequence = readU64(bytes, at + 40);
  header.openTransactionLsn = readU64(bytes, at + 48);
  header.segment = readU32(bytes, at + 56);
  header.payloadBytes = readU32(bytes, at + 60);
  if (header.version !== FORMAT_VERSION) return BlockCheck.NewerVersion;
  if (BLOCK_HEADER_BYTES + header.payloadBytes + BLOCK_TRAILER_BYTES > lengthBytes)
    return BlockCheck.BadHeader;
  if (!Number.isSafeInteger(header.firstLsn) || !Number.isSafeInteger(header.sequence))
    return BlockCheck.BadHeader;
  return BlockCheck.Valid;
}

/**
 * Whether `parts`, of which the first is the header, are one after another a sound checkpoint block of the greatest length in the recording
 * `uuid`. Of one that is not, {@link parseBlock} tells what is wrong.
 */
export function isFullChunk(parts: readonly Uint8Array[], uuid: Uint8Array): boolean {
  const header = parts[0]!;
  if (
    readU32(header, 0) !== BLOCK_MAGIC ||
    header[4] !== FORMAT_VERSION ||
    header[5] !== BlockType.Checkpoint ||
    readU32(header, 8) !== MAX_BLOCK_BYTES ||
    readU32(header, 60) !== MAX_PAYLOAD_BYTES
  )
    return false;
  for (let i = 0; i < 16; i++) if (header[16 + i] !== uuid[i]) return false;
  const end = parts[parts.length - 1]!;
  const crcAt = end.length - BLOCK_TRAILER_BYTES;
  let crc = 0;
  for (let i = 0; i < parts.length - 1; i++) crc = accel.crc32c(parts[i]!, crc);
  return accel.crc32c(end.subarray(0, crcAt), crc) === readU32(end, crcAt);
}

export interface BlockFields {
  readonly type: BlockType;
  readonly flags: number;
  readonly count: number;
  readonly uuid: Uint8Array;
  readonly firstLsn: number;
  readonly sequence: number;
  readonly openTransactionLsn: number;
  readonly segment: number;
  readonly payloadBytes: number;
}

/** Writes the header in front of a payload that already stands at `at + 64`, pads, and closes it with the CRC. Returns its length. */
export function sealBlock(bytes: Uint8Array, at: number, fields: BlockFields): number {
  const lengthBytes = writeBlockHeader(bytes, at, fields);
  const crcAt = at + lengthBytes - BLOCK_TRAILER_BYTES;
  bytes.fill(0, at + BLOCK_HEADER_BYTES + fields.payloadBytes, crcAt);
  writeU32(bytes, crcAt, accel.crc32c(bytes.subarray(at, crcAt)));
  return lengthBytes;
}

/** The header alone; the caller owes padding and CRC. Returns the block's length. */
export function writeBlockHeader(bytes: Uint8Array, at: number, fields: BlockFields): number {
  const lengthBytes = blockLength(fields.payloadBytes);
  writeU32(bytes, at, BLOCK_MAGIC);
  bytes[at + 4] = FORMAT_VERSION;
  bytes[at + 5] = fields.type;
  bytes[at + 6] = fields.flags;
  bytes[at + 7] = fields.flags >>> 8;
  writeU32(bytes, at + 8, lengthBytes);
  writeU32(bytes, at + 12, fields.count);
  bytes.set(fields.uuid, at + 16);
  writeU64(bytes, at + 32, fields.firstLsn);
  writeU64(bytes, at + 40, fields.sequence);
  writeU64(bytes, at + 48, fields.openTransactionLsn);
  writeU32(bytes, at + 56, fields.segment);
  writeU32(bytes, at + 60, fields.payloadBytes);
  return lengthBytes;
}
