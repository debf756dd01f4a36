import { type Accel, accel } from "../accel/index.ts";
import { ByteReader, utf8Decode } from "../base/bytes.ts";
import { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import { U64_MAX, u64FromPair } from "../base/u64.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import { COLUMN_COUNT } from "./block-builder.ts";
import {
  alignColumn,
  ColumnPlan,
  readDescriptor,
  readNumberColumn,
  readPairColumn,
  readU32Column,
} from "./block-columns.ts";
import { BLOCK_HEADER_BYTES, type BlockHeader } from "./block-format.ts";
import { loseRow } from "./lost-record.ts";
import { MAX_BLOCK_RECORDS, type RecordBatch } from "./record-batch.ts";
import { RecordFlag } from "./record-kinds.ts";

/** Reads the body, metadata and source that stand in overflow blocks. */
export type OverflowReader = (descriptor: OverflowDescriptor, lsn: number) => Result<Uint8Array>;

/**
 * What stands inline for a record whose body is in overflow blocks:
 * varint body bytes, varint metadata bytes, varint source bytes, varint sequence of the first overflow block.
 * Those blocks hold body, metadata, source, in this order; their sequences are consecutive and come before the records block's.
 */
export interface OverflowDescriptor {
  readonly bodyBytes: number;
  readonly metaBytes: number;
  readonly sourceBytes: number;
  readonly firstSequence: number;
}

// Column numbers, in the order of block-builder.ts.
const KIND = 0;
const FLAGS = 1;
const TIME = 2;
const EPOCH = 4;
const DELTA_ID = 5;
const SOURCE = 6;
const CAUSE = 7;
const METADATA = 10;

const plans = Array.from({ length: COLUMN_COUNT }, () => new ColumnPlan());

function corrupt(header: BlockHeader, detail: string): Result<void> {
  return err(
    new MmsbError(
      "LOG_RECORD_CORRUPT",
      `the records block of ${header.count} records is malformed although its checksum is right (${detail})`,
      "It was written by a faulty program; 'mmsb recover' keeps the other records",
      { lsn: header.firstLsn },
    ),
  );
}

/** What the descriptors of a records block tell while no column is decoded: a walk over all blocks needs no more of most. */
export class BlockGlance {
  /** Time of the last record. */
  lastTimeNs = 0n;
  /** Where the kinds stand, a byte a row to be added to `kind`; -1: every row is of that kind. */
  kindsAt = -1;
  kind = 0;

  /**
   * Looks at a block already checked by `parseBlock` that stands at `bytes[blockAt]`; its count is at least 1. False where the descriptors are
   * malformed or the columns do not fit: {@link decodeRecords} says how. (What stands behind the times is not looked at.)
   */
  read(bytes: Uint8Array, blockAt: number, header: BlockHeader): boolean {
    const end = blockAt + BLOCK_HEADER_BYTES + header.payloadBytes;
    const reader = new ByteReader(bytes, blockAt + BLOCK_HEADER_BYTES, end);
    const stringCount = reader.varint();
    for (let i = 0; i < stringCount && !reader.failed; i++) reader.skip(reader.varint());
    if (reader.failed) return false;
    let at = reader.offset;
    for (const plan of plans) {
      at = readDescriptor(bytes, at, end, plan);
      if (at < 0) return false;
    }
    const kind = plans[KIND]!;
    if (kind.width > 1 || kind.baseHi !== 0) return false;
    this.kind = kind.baseLo;
    this.kindsAt = kind.width === 0 ? -1 : at;
    at += kind.width * header.count;
    const flags = plans[FLAGS]!;
    const { width, baseLo, baseHi } = plans[TIME]!;
    at = alignColumn(at, blockAt, flags.width) + flags.width * header.count;
    at = alignColumn(at, blockAt, width) + width * (header.count - 1);
    if (at + width > end) return false;
    let small = 0n;
    for (let i = width - 1; i >= 0; i--) small = (small << 8n) | BigInt(bytes[at + i]!);
    this.lastTimeNs = (u64FromPair(baseLo, baseHi) + small) & U64_MAX;
    return true;
  }
}

/** From so many records on a call of the addon is done sooner. */
const NATIVE_FROM_RECORDS = 16;

/** Decodes a records block, already checked by `parseBlock`, that stands at the start of `block`. */
export function decodeRecords(
  block: BlockBuffer,
  header: BlockHeader,
  into: RecordBatch,
  overflow: OverflowReader,
  hot: Accel = accel,
): Result<void> {
  const count = header.count;
  const bytes = block.u8;
  const end = BLOCK_HEADER_BYTES + header.payloadBytes;
  if (count === 0 || count > MAX_BLOCK_RECORDS || count > into.capacity)
    return corrupt(header, "record count");

  const reader = new ByteReader(bytes, BLOCK_HEADER_BYTES, end);
  const strings = readDictionary(reader, bytes);
  if (strings === undefined) return corrupt(header, "dictionary");

  into.firstLsn = header.firstLsn;
  into.count = count;
  into.openTransactionLsn = header.openTransactionLsn;
  into.lost = 0;
  into.strings = strings;
  into.bytes = bytes;
  if (hot.decodeRecords !== undefined && count >= NATIVE_FROM_RECORDS) {
    const decoded = decodeAll(hot.decodeRecords, reader.offset, end, into);
    if (decoded === DECODED) return ok();
    if (decoded === OVERFLOWED) return fetchOverflow(header, into, end, overflow);
    // what is wrong is told below
  }

  let at = reader.offset;
  for (const plan of plans) {
    at = readDescriptor(bytes, at, end, plan);
    if (at < 0) return corrupt(header, "column descriptors");
  }
  // Where each column starts; the sum is checked against the payload before a column is read.
  let column = 0;
  const next = (): number => {
    const { width } = plans[column++]!;
    const start = alignColumn(at, 0, width);
    at = start + width * count;
    return at > end ? -1 : start;
  };
  const u32 = (out: Uint8Array | Uint32Array): boolean => {
    const plan = plans[column]!;
    const start = next();
    return start >= 0 && readU32Column(block, start, count, plan, out);
  };
  const pairs = (lo: Uint32Array, hi: Uint32Array): boolean => {
    const plan = plans[column]!;
    const start = next();
    if (start >= 0) readPairColumn(block, start, count, plan, lo, hi);
    return start >= 0;
  };
  const numbers = (out: Float64Array): boolean => {
    const plan = plans[column]!;
    const start = next();
    if (start >= 0) readNumberColumn(block, start, count, plan, out);
    return start >= 0;
  };
  const columnsFit =
    u32(into.kind) &&
    u32(into.flags) &&
    pairs(into.timeLo, into.timeHi) &&
    pairs(into.pageLo, into.pageHi) &&
    numbers(into.epoch) &&
    pairs(into.deltaIdLo, into.deltaIdHi) &&
    u32(into.source) &&
    numbers(into.cause) &&
    u32(into.maskLength) &&
    u32(into.bodyLength) &&
    u32(into.metaLength);
  if (!columnsFit) return corrupt(header, `column ${column - 1}`);
  return finishRows(header, into, at, end, overflow);
}

/** The dictionary read last, and its bytes: that of the next block is mostly the same. */
let lastStrings: readonly string[] = [];
let lastDictionary = new Uint8Array(1);

/** Undefined where it is malformed. The same array as before where nothing has changed: it must not be written to. */
function readDictionary(reader: ByteReader, bytes: Uint8Array): readonly string[] | undefined {
  const start = reader.offset;
  const count = reader.varint();
  if (count > reader.remaining) return undefined;
  for (let i = 0; i < count && !reader.failed; i++) reader.skip(reader.varint());
  if (reader.failed) return undefined;
  const end = reader.offset;
  let same = end - start === lastDictionary.length;
  for (let i = 0; same && i < lastDictionary.length; i++) same = bytes[start + i] === lastDictionary[i];
  if (same) return lastStrings;
  const again = new ByteReader(bytes, start, end);
  again.varint();
  lastStrings = Array.from({ length: count }, () => utf8Decode(again.sizedBytes()));
  lastDictionary = bytes.slice(start, end);
  return lastStrings;
}

const DECODED = 0;
const OVERFLOWED = 1;

function decodeAll(
  decode: NonNullable<Accel["decodeRecords"]>,
  at: number,
  end: number,
  into: RecordBatch,
): number {
  return decode(
    into.bytes,
    at,
    end,
    into.count,
    into.firstLsn,
    into.strings.length,
    into.kind,
    into.flags,
    into.timeLo,
    into.timeHi,
    into.pageLo,
    into.pageHi,
    into.epoch,
    into.deltaIdLo,
    into.deltaIdHi,
    into.source,
    into.cause,
    into.maskLength,
    into.bodyStart,
    into.bodyLength,
    into.metaLength,
  );
}

/** Turns the relative columns into absolute ones, checks what is left, and fetches overflowed bodies. */
function finishRows(
  header: BlockHeader,
  batch: RecordBatch,
  bodiesAt: number,
  end: number,
  overflow: OverflowReader,
): Result<void> {
  const {
    count,
    firstLsn,
    cause,
    deltaIdLo,
    deltaIdHi,
    epoch,
    source,
    bodyStart,
    bodyLength,
    metaLength,
    flags,
  } = batch;
  // One plain loop a column, and none where the column says nothing.
  if (!plans[CAUSE]!.isZero) {
    for (let i = 0; i < count; i++) {
      const distance = cause[i]!;
      if (distance === 0) continue;
      cause[i] = firstLsn + i - distance;
      if (distance > firstLsn + i) return corrupt(header, `cause of row ${i}`);
    }
  }
  const firstLo = firstLsn >>> 0;
  const firstHi = (firstLsn / 4294967296) >>> 0;
  if (plans[DELTA_ID]!.isZero && firstLo + count <= 0xffff_ffff) {
    for (let i = 0; i < count; i++) deltaIdLo[i] = firstLo + i;
    deltaIdHi.fill(firstHi, 0, count);
  } else {
    for (let i = 0; i < count; i++) {
      const lsnLo = firstLo + i;
      const sum = (lsnLo >>> 0) + deltaIdLo[i]!;
      deltaIdHi[i] = deltaIdHi[i]! + firstHi + (lsnLo > 0xffff_ffff ? 1 : 0) + (sum > 0xffff_ffff ? 1 : 0);
      deltaIdLo[i] = sum;
    }
  }
  let at = bodiesAt;
  if (plans[METADATA]!.isZero) {
    for (let i = 0; i < count; i++) {
      bodyStart[i] = at;
      at += bodyLength[i]!;
    }
  } else {
    for (let i = 0; i < count; i++) {
      bodyStart[i] = at;
      at += bodyLength[i]! + metaLength[i]!;
    }
  }
  const stringCount = batch.strings.length;
  if (!plans[SOURCE]!.isZero) {
    for (let i = 0; i < count; i++)
      if (source[i]! >= stringCount) return corrupt(header, `source of row ${i}`);
  }
  if (plans[EPOCH]!.width === 8 || plans[EPOCH]!.baseHi !== 0) {
    for (let i = 0; i < count; i++)
      if (epoch[i]! > Number.MAX_SAFE_INTEGER) return corrupt(header, `epoch of row ${i}`);
  }
  let overflowed = false;
  if (!plans[FLAGS]!.isZero) {
    for (let i = 0; i < count; i++) if ((flags[i]! & RecordFlag.Overflow) !== 0) overflowed = true;
  }
  if (at !== end) return corrupt(header, "bodies");
  return overflowed ? fetchOverflow(header, batch, end, overflow) : ok();
}

/** Appends the overflowed bodies behind the block's own bytes and points the rows at them. */
function fetchOverflow(
  header: BlockHeader,
  batch: RecordBatch,
  end: number,
  overflow: OverflowReader,
): Result<void> {
  const parts: Uint8Array[] = [batch.bytes.subarray(0, end)];
  const strings = batch.strings.slice();
  let length = end;
  for (let i = 0; i < batch.count; i++) {
    if ((batch.flags[i]! & RecordFlag.Overflow) === 0) continue;
    const reader = new ByteReader(
      batch.bytes,
      batch.bodyStart[i]!,
      batch.bodyStart[i]! + batch.bodyLength[i]!,
    );
    const descriptor: OverflowDescriptor = {
      bodyBytes: reader.varint(),
      metaBytes: reader.varint(),
      sourceBytes: reader.varint(),
      firstSequence: reader.varint(),
    };
    if (reader.failed || reader.remaining !== 0) return corrupt(header, `overflow descriptor of row ${i}`);
    const { bodyBytes, metaBytes, sourceBytes } = descriptor;
    const content = overflow(descriptor, batch.lsn(i));
    if (!content.ok) {
      if (content.error.code !== "LOG_RECORDS_LOST") return content;
      const body = loseRow(batch, i, Math.min(bodyBytes + metaBytes + sourceBytes, Number.MAX_SAFE_INTEGER));
      parts.push(body);
      batch.bodyStart[i] = length;
      batch.bodyLength[i] = body.length;
      batch.flags[i] = 0;
      length += body.length;
      continue;
    }
    parts.push(content.value);
    batch.bodyStart[i] = length;
    batch.bodyLength[i] = bodyBytes;
    batch.metaLength[i] = metaBytes;
    batch.flags[i] = batch.flags[i]! & ~RecordFlag.Overflow;
    length += content.value.length;
    if (descriptor.sourceBytes > 0) {
      batch.source[i] = strings.length;
      strings.push(utf8Decode(content.value.subarray(bodyBytes + metaBytes)));
    }
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  batch.bytes = bytes;
  batch.strings = strings;
  return ok();
}
