import { join } from "node:path";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { U64_MAX } from "../base/u64.ts";
import { BlockBuffer, decodeRecords, type OverflowDescriptor } from "./block-decoder.ts";
import { BlockDirectory, type CheckpointChunks } from "./block-directory.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCheck,
  BlockFlag,
  BlockHeader,
  BlockType,
  MAX_PAYLOAD_BYTES,
  parseBlock,
} from "./block-format.ts";
import { scanBlocks } from "./block-scan.ts";
import { CHECKPOINT_TRAILER_BYTES, CHUNK_BYTES, decodeCheckpointTrailer } from "./checkpoint-format.ts";
import { ChunkReader } from "./checkpoint-reader.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import { MAX_BLOCK_RECORDS, RecordBatch } from "./record-batch.ts";
import { decodeCheckpoint } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";
import type { CheckpointImage, CheckpointRef, Damage, LsnGap, RecordSource } from "./record-source.ts";
import { segmentSetOf, segmentsIn } from "./segment-names.ts";

export interface LogReaderOptions {
  readonly fileSystem?: LogFileSystem;
}

/** Where a writer would go on. */
export interface LogTail {
  readonly path: string;
  readonly segment: number;
  readonly segments: readonly number[];
  readonly endOffset: number;
  readonly nextSequence: number;
  readonly openTransactionLsn: number;
  readonly lastTimestampNs: bigint;
  /** Segments behind it that were begun but never got their whole checkpoint, so hold nothing: the writer removes them. */
  readonly unborn: readonly string[];
  /** Whether the damage is a torn end that no sound block follows. */
  isTail(damage: Damage): boolean;
}

interface Segment {
  readonly path: string;
  readonly number: number;
  readonly file: LogFile;
  endOffset: number;
  /** Sequence of the block after its last one. */
  nextSequence: number;
  /** It holds records, or the whole checkpoint that it begins with. */
  born: boolean;
  /** Its last block is an end mark. */
  ended: boolean;
  /** Its torn end. */
  tailDamage: Damage | undefined;
}

function newSegment(path: string, number: number, file: LogFile): Segment {
  return {
    path,
    number,
    file,
    endOffset: 0,
    nextSequence: 0,
    born: false,
    ended: false,
    tailDamage: undefined,
  };
}

interface OpenStream extends CheckpointChunks {
  broken: boolean;
  /** Payload of its chunks so far. */
  streamBytes: number;
  /** The chunk before was not full, so the next one must be the trailer. */
  ended: boolean;
}

/**
 * A recording of our own format. Opening walks every block once and checks every checksum (about 1 GiB in half a second from memory);
 * afterwards any block is one positioned read.
 */
export class LogReader implements RecordSource {
  readonly path: string;
  readonly format = "mmsb" as const;
  readonly formatVersion = 1;
  #uuid: Uint8Array = new Uint8Array(16);
  readonly #fs: LogFileSystem;
  readonly #segments: Segment[] = [];
  readonly #directory = new BlockDirectory();
  readonly #damage: Damage[] = [];
  readonly #gaps: LsnGap[] = [];
  readonly #checkpoints: CheckpointRef[] = [];
  readonly #chunks = new Map<CheckpointRef, CheckpointChunks>();
  readonly #buffer = new BlockBuffer();
  readonly #header = new BlockHeader();
  #stream: OpenStream | undefined;
  #fileBytes = 0;
  #lastBlockCrc = 0;
  #closedByWriter = false;
  #headerSeen = false;
  #firstLsn = 0;
  #lastLsn = 0;
  #started = false;
  #nextSequence = 0;
  #openTransactionLsn = 0;
  #committedLsn = 0;
  #lastTimestampNs = 0n;

  private constructor(path: string, fs: LogFileSystem) {
    this.path = path;
    this.#fs = fs;
  }

  /** Opens the set that `path` belongs to. Fails only where no sound block is to be found at all. */
  static open(path: string, options: LogReaderOptions = {}): Result<LogReader> {
    const fs = options.fileSystem ?? nodeFileSystem;
    const reader = new LogReader(path, fs);
    const opened = reader.#open();
    if (!opened.ok) {
      reader.close();
      return opened;
    }
    return ok(reader);
  }

  #open(): Result<void> {
    const set = segmentSetOf(this.path);
    const names = this.#fs.list(set.folder);
    if (!names.ok) return names;
    const members = segmentsIn(names.value, set);
    if (members.length === 0) {
      const missing = this.#fs.open(this.path, "read");
      if (!missing.ok) return missing;
      missing.value.close();
      return fail("LOG_NOT_FOUND", "there is no such recording", "Check the path", { path: this.path });
    }
    let uuid: Uint8Array | undefined;
    for (const member of members) {
      const path = join(set.folder, member.name);
      const file = this.#fs.open(path, "read");
      if (!file.ok) return file;
      const segment = newSegment(path, member.segment, file.value);
      const before = this.#directory.count + this.#nextSequence;
      this.#segments.push(segment);
      const scanned = this.#scan(segment, uuid);
      if (!scanned.ok) return scanned;
      if (segment.endOffset > 0) uuid ??= this.#uuid;
      if (before === 0 && segment.endOffset === 0 && members.length === 1) return this.#notALog(segment);
    }
    if (uuid === undefined) return this.#notALog(this.#segments[0]!);
    this.#finishScan();
    return ok();
  }

  #notALog(segment: Segment): Result<never> {
    const place = { path: segment.path, offset: 0 };
    const damage = this.#damage.find(
      (found) => found.error.code === "LOG_VERSION" || found.error.code === "LOG_TRUNCATED",
    );
    if (damage !== undefined) return err(damage.error);
    const size = segment.file.size();
    if (size.ok && size.value === 0)
      return fail("LOG_EMPTY", "the file is empty", "Nothing was ever recorded in it", place);
    return fail(
      "LOG_NOT_A_LOG",
      "no part of this file is an MMSB recording",
      "Check that it is the right file",
      place,
    );
  }

  #scan(segment: Segment, uuid: Uint8Array | undefined): Result<void> {
    if (segment.endOffset === 0) {
      this.#closedByWriter = false;
      this.#headerSeen = false;
    }
    const from = segment.endOffset;
    const damageBefore = this.#damage.length;
    const scanned = scanBlocks(segment.file, uuid, from, {
      block: (header, offset, bytes, at) => this.#visit(segment, header, offset, bytes, at),
      damage: (found) => {
        this.#damage.push({ ...found, afterLsn: this.#lastLsn });
        if (this.#stream !== undefined) this.#stream.broken = true;
      },
    });
    if (!scanned.ok) return scanned;
    segment.endOffset = scanned.value.endOffset;
    const size = segment.file.size();
    if (size.ok) this.#fileBytes += size.value - (from === 0 ? 0 : (this.#segmentBytes.get(segment) ?? 0));
    this.#segmentBytes.set(segment, size.ok ? size.value : 0);
    segment.tailDamage =
      scanned.value.tornBytes > 0 && this.#damage.length > damageBefore ? this.#damage.at(-1) : undefined;
    return ok();
  }

  readonly #segmentBytes = new Map<Segment, number>();

  #visit(segment: Segment, header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void {
    if (!this.#started) this.#uuid = bytes.slice(at + 16, at + 32);
    // An overflow block names its own record, and others may stand before that one in the records block that follows.
    if (!this.#started && header.type !== BlockType.Overflow) {
      this.#started = true;
      this.#firstLsn = header.firstLsn;
      this.#lastLsn = header.firstLsn - 1;
      this.#committedLsn = this.#lastLsn;
    }
    if (offset === 0 && header.type === BlockType.SegmentHeader) this.#headerSeen = true;
    this.#lastBlockCrc = header.crc;
    this.#nextSequence = header.sequence + 1;
    segment.nextSequence = this.#nextSequence;
    segment.ended = header.type === BlockType.End;
    this.#closedByWriter = header.type === BlockType.End && (header.flags & BlockFlag.SegmentFollows) === 0;
    switch (header.type) {
      case BlockType.Records:
        this.#visitRecords(segment, header, offset, bytes, at);
        break;
      case BlockType.Overflow:
        this.#directory.addOverflow(header.sequence, segment.number, offset);
        break;
      case BlockType.Checkpoint:
        this.#visitCheckpoint(segment, header, offset, bytes, at);
        break;
      default:
        this.#noteGap(header.firstLsn);
    }
  }

  /** Records missing before `firstLsn`, if any. */
  #noteGap(firstLsn: number): void {
    if (firstLsn <= this.#lastLsn + 1) return;
    this.#gaps.push({ fromLsn: this.#lastLsn + 1, toLsn: firstLsn - 1 });
    // What was open may have been closed in the lost part: the next block says.
    this.#lastLsn = firstLsn - 1;
  }

  #visitRecords(segment: Segment, header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void {
    if (
      header.firstLsn <= this.#lastLsn ||
      header.firstLsn < 1 ||
      header.count === 0 ||
      header.count > MAX_BLOCK_RECORDS ||
      !Number.isSafeInteger(header.firstLsn + header.count)
    ) {
      const place = { path: segment.path, offset, lsn: header.firstLsn };
      const error = new MmsbError(
        "LOG_BLOCK_DAMAGED",
        "a block repeats records that stand before it",
        "It is passed over",
        place,
      );
      this.#damage.push({
        error,
        offset,
        path: segment.path,
        lostBytes: header.lengthBytes,
        afterLsn: this.#lastLsn,
      });
      return;
    }
    this.#noteGap(header.firstLsn);
    segment.born = true;
    this.#directory.add(segment.number, offset, header.lengthBytes, header.firstLsn, header.count);
    SCRATCH.u8.set(bytes.subarray(at, at + header.lengthBytes));
    this.#lastLsn = header.firstLsn + header.count - 1;
    this.#followTransaction(header);
  }

  /**
   * A transaction's end always ends its block, so only the last row can be one; a begin may be anywhere. Decoding needs no overflow here.
   */
  #followTransaction(header: BlockHeader): void {
    const batch = SCAN_BATCH;
    const decoded = decodeRecords(SCRATCH, header, batch, (descriptor) =>
      ok(new Uint8Array(Math.min(0, descriptor.bodyBytes))),
    );
    let open = header.openTransactionLsn < header.firstLsn ? header.openTransactionLsn : 0;
    if (decoded.ok) {
      for (let row = 0; row < batch.count; row++) {
        const kind = batch.kind[row]!;
        if (kind === RecordKind.TransactionBegin) open = batch.firstLsn + row;
        else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) open = 0;
        else if (kind === RecordKind.Checkpoint) this.#bindCheckpoint(batch, row);
      }
      const time = batch.timestampNs(batch.count - 1);
      if (time > this.#lastTimestampNs && time <= U64_MAX) this.#lastTimestampNs = time;
    }
    this.#openTransactionLsn = open;
    this.#committedLsn = open === 0 ? this.#lastLsn : Math.max(open, this.#firstLsn) - 1;
  }

  /** A checkpoint record names the stream that stands directly before it. */
  #bindCheckpoint(batch: RecordBatch, row: number): void {
    const body = decodeCheckpoint(batch.body(row));
    const ref = this.#checkpoints.at(-1);
    if (!body.ok || ref === undefined || ref.lsn !== body.value.lsn || ref.recordLsn !== 0) return;
    const bound: CheckpointRef = { ...ref, recordLsn: batch.firstLsn + row };
    this.#checkpoints[this.#checkpoints.length - 1] = bound;
    this.#chunks.set(bound, this.#chunks.get(ref)!);
    this.#chunks.delete(ref);
  }

  #visitCheckpoint(
    segment: Segment,
    header: BlockHeader,
    offset: number,
    bytes: Uint8Array,
    at: number,
  ): void {
    this.#noteGap(header.firstLsn);
    if (header.count === 0)
      this.#stream = { segments: [], offsets: [], broken: false, streamBytes: 0, ended: false };
    const stream = this.#stream;
    if (stream === undefined) return;
    if (header.count !== stream.offsets.length) stream.broken = true;
    stream.segments.push(segment.number);
    stream.offsets.push(offset);
    if ((header.flags & BlockFlag.LastChunk) === 0) {
      if (stream.ended) stream.broken = true;
      stream.ended = header.payloadBytes !== CHUNK_BYTES;
      stream.streamBytes += header.payloadBytes;
      return;
    }
    this.#stream = undefined;
    if (stream.broken || header.payloadBytes < CHECKPOINT_TRAILER_BYTES) return;
    const payloadAt = at + BLOCK_HEADER_BYTES;
    const trailer = decodeCheckpointTrailer(bytes.subarray(payloadAt, payloadAt + header.payloadBytes));
    if (trailer === undefined) return;
    const { streamBytes, ...ref } = trailer;
    if (streamBytes !== stream.streamBytes) return;
    segment.born = true;
    this.#checkpoints.push(ref);
    this.#chunks.set(ref, { segments: stream.segments, offsets: stream.offsets });
  }

  /** What can only be told when everything has been seen. */
  #finishScan(): void {
    const first = this.#segments[0]!;
    if (
      !this.#headerSeen &&
      this.#segments.length === 1 &&
      this.#damage.every((found) => found.offset !== 0)
    ) {
      const place = { path: first.path, offset: 0 };
      const error = new MmsbError(
        "LOG_HEADER_DAMAGED",
        "the file does not begin with a segment header",
        "'mmsb recover' writes a good copy",
        place,
      );
      this.#damage.unshift({ error, offset: 0, path: first.path, lostBytes: 0, afterLsn: 0 });
    }
    if (this.#directory.count > 0) this.#firstLsn = Math.min(this.#firstLsn, this.#directory.firstLsn.at(0));
    for (let i = 1; i < this.#segments.length; i++) {
      const previous = this.#segments[i - 1]!;
      const segment = this.#segments[i]!;
      if (!previous.ended && previous.tailDamage === undefined) {
        const { path, endOffset: offset } = previous;
        const error = new MmsbError(
          "LOG_TRUNCATED",
          "a segment ends before its end mark, although another one follows",
          "Everything before it is whole",
          { path, offset },
        );
        this.#damage.push({ error, offset, path, lostBytes: 0, afterLsn: this.#lastLsn });
      }
      if (segment.number === previous.number + 1) continue;
      const place = { path: segment.path };
      const error = new MmsbError(
        "LOG_SEGMENT_MISSING",
        `segment ${previous.number + 1} is missing`,
        "Put the file back beside the others",
        place,
      );
      this.#damage.push({ error, offset: 0, path: segment.path, lostBytes: 0, afterLsn: this.#lastLsn });
    }
    if (this.#gaps.length > 0 && this.#damage.length === 0) {
      const gap = this.#gaps[0]!;
      const place = { path: first.path, lsn: gap.fromLsn };
      const error = new MmsbError(
        "LOG_RECORDS_LOST",
        `records ${gap.fromLsn} to ${gap.toLsn} are missing`,
        "'mmsb recover' writes a copy without them",
        place,
      );
      this.#damage.push({ error, offset: 0, path: first.path, lostBytes: 0, afterLsn: gap.fromLsn - 1 });
    }
  }

  get uuid(): Uint8Array {
    return this.#uuid;
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  get lastBlockCrc(): number {
    return this.#lastBlockCrc;
  }

  get complete(): boolean {
    return this.#closedByWriter && this.#damage.length === 0 && this.#gaps.length === 0;
  }

  get firstLsn(): number {
    return this.#firstLsn;
  }

  get lastLsn(): number {
    const last = this.#directory.count - 1;
    return last < 0 ? this.#firstLsn - 1 : this.blockFirstLsn(last) + this.blockRecordCount(last) - 1;
  }

  get committedLsn(): number {
    return this.#committedLsn;
  }

  get damage(): readonly Damage[] {
    return this.#damage;
  }

  get gaps(): readonly LsnGap[] {
    return this.#gaps;
  }

  get checkpoints(): readonly CheckpointRef[] {
    return this.#checkpoints;
  }

  get blockCount(): number {
    return this.#directory.count;
  }

  blockFirstLsn(block: number): number {
    return this.#directory.firstLsn.at(block);
  }

  blockRecordCount(block: number): number {
    return this.#directory.recordCount.at(block);
  }

  findBlock(lsn: number): number {
    return this.#directory.find(lsn);
  }

  get tail(): LogTail {
    let index = this.#segments.length - 1;
    while (index > 0 && !this.#segments[index]!.born) index--;
    const last = this.#segments[index]!;
    const unborn = this.#segments.slice(index + 1).map((segment) => segment.path);
    return {
      path: last.path,
      segment: last.number,
      segments: this.#segments.slice(0, index + 1).map((segment) => segment.number),
      endOffset: last.endOffset,
      nextSequence: last.nextSequence,
      openTransactionLsn: this.#openTransactionLsn,
      lastTimestampNs: this.#lastTimestampNs,
      unborn,
      isTail: (damage) => damage === last.tailDamage || unborn.includes(damage.path),
    };
  }

  readBlock(block: number, into: RecordBatch): Result<void> {
    const buffer = this.#buffer;
    const read = this.#load(this.#directory.segment.at(block), this.#directory.offset.at(block), buffer);
    if (!read.ok) return read;
    return decodeRecords(buffer, this.#header, into, (descriptor, lsn) =>
      this.#readOverflow(descriptor, lsn),
    );
  }

  /** Reads and checks the block at a place that was sound when the file was opened. */
  #load(segmentNumber: number, offset: number, buffer: BlockBuffer): Result<void> {
    const segment = this.#segments.find((candidate) => candidate.number === segmentNumber)!;
    const read = segment.file.read(buffer.u8, offset);
    if (!read.ok) return read;
    const check = parseBlock(buffer.u8, 0, read.value, this.#uuid, this.#header);
    if (check === BlockCheck.Valid) return ok();
    const remedy = "The file has changed since it was opened; open it again";
    return fail("LOG_BLOCK_DAMAGED", "a block is no longer what it was", remedy, {
      path: segment.path,
      offset,
    });
  }

  #readOverflow(descriptor: OverflowDescriptor, lsn: number): Result<Uint8Array> {
    const { bodyBytes, metaBytes, sourceBytes, firstSequence } = descriptor;
    const parts = [bodyBytes, metaBytes, sourceBytes];
    let blocks = 0;
    for (const part of parts) blocks += Math.ceil(part / MAX_PAYLOAD_BYTES);
    const first = this.#directory.findOverflow(firstSequence);
    const lost = () =>
      fail(
        "LOG_RECORDS_LOST",
        "the body of a record was lost with the blocks that held it",
        "'mmsb recover' keeps the other records",
        { lsn },
      );
    // The blocks must be there before memory is taken for what they hold.
    if (blocks > 0 && first < 0) return lost();
    if (blocks > 0 && this.#directory.findOverflow(firstSequence + blocks - 1) !== first + blocks - 1)
      return lost();
    const contentBytes = bodyBytes + metaBytes + sourceBytes;
    const span =
      blocks === 0
        ? 0
        : this.#directory.overflowOffset.at(first + blocks - 1) -
          this.#directory.overflowOffset.at(first) +
          MAX_PAYLOAD_BYTES;
    if (contentBytes > span) return lost();
    const header = { ...this.#header };
    const content = new Uint8Array(contentBytes);
    let at = 0;
    for (let i = 0; i < blocks; i++) {
      const row = first + i;
      const loaded = this.#load(
        this.#directory.overflowSegment.at(row),
        this.#directory.overflowOffset.at(row),
        SCRATCH,
      );
      if (!loaded.ok) return loaded;
      if (this.#header.firstLsn !== lsn || at + this.#header.payloadBytes > content.length) return lost();
      content.set(
        SCRATCH.u8.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + this.#header.payloadBytes),
        at,
      );
      at += this.#header.payloadBytes;
    }
    Object.assign(this.#header, header);
    return at === content.length ? ok(content) : lost();
  }

  loadCheckpoint(ref: CheckpointRef): Result<CheckpointImage> {
    const chunks = this.#chunks.get(ref);
    if (chunks === undefined) {
      return fail(
        "CHECKPOINT_NOT_FOUND",
        "this recording has no such checkpoint",
        "Choose one of those it lists",
        { lsn: ref.lsn },
      );
    }
    this.#chunkReader ??= new ChunkReader(this.path, (segment, offset, buffer) => {
      const loaded = this.#load(segment, offset, buffer);
      return loaded.ok ? ok(this.#header.payloadBytes) : loaded;
    });
    return this.#chunkReader.image(ref, chunks);
  }

  /** Made when the first checkpoint is read. */
  #chunkReader: ChunkReader | undefined;

  /** A torn end may be a block that is still being written: it is looked at again each time. */
  refresh(): Result<boolean> {
    const before = this.#nextSequence;
    const last = this.#segments.at(-1)!;
    if (last.tailDamage !== undefined) this.#damage.splice(this.#damage.indexOf(last.tailDamage), 1);
    const scanned = this.#scan(last, this.#uuid);
    if (!scanned.ok) return scanned;
    const set = segmentSetOf(this.path);
    const names = this.#fs.list(set.folder);
    if (!names.ok) return names;
    for (const member of segmentsIn(names.value, set)) {
      if (member.segment <= this.#segments.at(-1)!.number) continue;
      const path = join(set.folder, member.name);
      const file = this.#fs.open(path, "read");
      if (!file.ok) return file;
      const segment = newSegment(path, member.segment, file.value);
      this.#segments.push(segment);
      const next = this.#scan(segment, this.#uuid);
      if (!next.ok) return next;
    }
    return ok(this.#nextSequence !== before);
  }

  close(): void {
    for (const segment of this.#segments) segment.file.close();
  }
}

/** Columns used while a file is scanned; nothing in them outlives one block. */
const SCAN_BATCH = new RecordBatch();
/** Holds one block while a file is scanned or an overflowed body is put together: never across two calls. */
const SCRATCH = new BlockBuffer();
