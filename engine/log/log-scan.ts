import { MmsbError } from "../base/errors.ts";
import { ok } from "../base/result.ts";
import { U64_MAX } from "../base/u64.ts";
import { BlockBuffer } from "./block-buffer.ts";
import { BlockGlance, decodeRecords } from "./block-decoder.ts";
import { BlockDirectory, type CheckpointChunks } from "./block-directory.ts";
import { BLOCK_HEADER_BYTES, BlockFlag, type BlockHeader, BlockType } from "./block-format.ts";
import type { ScanEnd } from "./block-scan.ts";
import { CHECKPOINT_TRAILER_BYTES, CHUNK_BYTES, decodeCheckpointTrailer } from "./checkpoint-format.ts";
import type { LogSegment } from "./log-segment.ts";
import { MAX_BLOCK_RECORDS, RecordBatch } from "./record-batch.ts";
import { decodeCheckpoint } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";
import type { CheckpointRef, Damage, LsnGap } from "./record-source.ts";

interface OpenStream extends CheckpointChunks {
  broken: boolean;
  /** Payload of its chunks so far. */
  streamBytes: number;
  /** The chunk before was not full, so the next one must be the trailer. */
  ended: boolean;
}

/** Where the last sound block stands, and its CRC: what tells whether a file is still the one that was looked at. */
export interface LastBlock {
  readonly segment: number;
  readonly offset: number;
  readonly crc: number;
}

/** What the blocks of a recording tell, gathered as they are walked in order: the directory, checkpoints, what is lost and what is open. */
export class LogScan {
  uuid: Uint8Array = new Uint8Array(16);
  readonly segments: LogSegment[] = [];
  readonly directory = new BlockDirectory();
  readonly damage: Damage[] = [];
  readonly gaps: LsnGap[] = [];
  readonly checkpoints: CheckpointRef[] = [];
  readonly chunks = new Map<CheckpointRef, CheckpointChunks>();
  lastBlock: LastBlock = { segment: 0, offset: 0, crc: 0 };
  closedByWriter = false;
  started = false;
  firstLsn = 0;
  lastLsn = 0;
  nextSequence = 0;
  openTransactionLsn = 0;
  committedLsn = 0;
  lastTimestampNs = 0n;
  #headerSeen = false;
  #stream: OpenStream | undefined;

  /** A checkpoint has begun whose end was not seen: it may still be written. */
  get isInCheckpoint(): boolean {
    return this.#stream !== undefined;
  }

  /** Before the blocks of a segment from `endOffset` on. */
  begin(segment: LogSegment): void {
    if (segment.endOffset > 0) return;
    this.closedByWriter = false;
    this.#headerSeen = false;
  }

  /** Behind the last block found in a segment. */
  end(segment: LogSegment, found: ScanEnd): void {
    segment.endOffset = found.endOffset;
    segment.sizeBytes = found.fileBytes;
    segment.tailDamage = found.tornBytes > 0 ? this.damage.at(-1) : undefined;
  }

  lose(found: Omit<Damage, "afterLsn">, isTail: boolean): void {
    this.damage.push({ ...found, afterLsn: this.lastLsn });
    // what is torn at the end may only be unfinished: then the rest of the checkpoint follows
    if (this.#stream !== undefined && !isTail) this.#stream.broken = true;
  }

  block(segment: LogSegment, header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void {
    if (!this.started) this.uuid = bytes.slice(at + 16, at + 32);
    // An overflow block names its own record, and others may stand before that one in the records block that follows.
    if (!this.started && header.type !== BlockType.Overflow) {
      this.started = true;
      this.firstLsn = header.firstLsn;
      this.lastLsn = header.firstLsn - 1;
      this.committedLsn = this.lastLsn;
    }
    if (offset === 0 && header.type === BlockType.SegmentHeader) this.#headerSeen = true;
    this.lastBlock = { segment: segment.number, offset, crc: header.crc };
    this.nextSequence = header.sequence + 1;
    segment.nextSequence = this.nextSequence;
    segment.ended = header.type === BlockType.End;
    this.closedByWriter = header.type === BlockType.End && (header.flags & BlockFlag.SegmentFollows) === 0;
    switch (header.type) {
      case BlockType.Records:
        this.#records(segment, header, offset, bytes, at);
        break;
      case BlockType.Overflow:
        this.directory.addOverflow(header.sequence, segment.number, offset);
        break;
      case BlockType.Checkpoint:
        this.#checkpoint(segment, header, offset, bytes, at);
        break;
      default:
        this.#noteGap(header.firstLsn);
    }
  }

  /** Records missing before `firstLsn`, if any. */
  #noteGap(firstLsn: number): void {
    if (firstLsn <= this.lastLsn + 1) return;
    this.gaps.push({ fromLsn: this.lastLsn + 1, toLsn: firstLsn - 1 });
    // What was open may have been closed in the lost part: the next block says.
    this.lastLsn = firstLsn - 1;
  }

  #records(segment: LogSegment, header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void {
    if (
      header.firstLsn <= this.lastLsn ||
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
      this.#lost(error, segment.path, offset, header.lengthBytes);
      return;
    }
    this.#noteGap(header.firstLsn);
    segment.born = true;
    this.directory.add(segment.number, offset, header.lengthBytes, header.firstLsn, header.count);
    this.lastLsn = header.firstLsn + header.count - 1;
    const open = header.openTransactionLsn < header.firstLsn ? header.openTransactionLsn : 0;
    const glanced = GLANCE.read(bytes, at, header) ? openBehind(GLANCE, bytes, header, open) : undefined;
    if (glanced === undefined) {
      SCRATCH.u8.set(bytes.subarray(at, at + header.lengthBytes));
      this.openTransactionLsn = this.#followTransaction(header, open);
    } else {
      this.openTransactionLsn = glanced;
      this.#noteTime(GLANCE.lastTimeNs);
    }
    this.committedLsn =
      this.openTransactionLsn === 0 ? this.lastLsn : Math.max(this.openTransactionLsn, this.firstLsn) - 1;
  }

  /**
   * What is open behind the block in the scratch, given what is before it. A transaction's end always ends its block, so only the last
   * row can be one; a begin may be anywhere. Decoding needs no overflow here.
   */
  #followTransaction(header: BlockHeader, openBefore: number): number {
    const batch = BATCH;
    const decoded = decodeRecords(SCRATCH, header, batch, (descriptor) =>
      ok(new Uint8Array(Math.min(0, descriptor.bodyBytes))),
    );
    let open = openBefore;
    if (decoded.ok) {
      for (let row = 0; row < batch.count; row++) {
        const kind = batch.kind[row]!;
        if (kind === RecordKind.TransactionBegin) open = batch.firstLsn + row;
        else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) open = 0;
        else if (kind === RecordKind.Checkpoint) this.#bindCheckpoint(batch, row);
      }
      this.#noteTime(batch.timestampNs(batch.count - 1));
    }
    return open;
  }

  #noteTime(time: bigint): void {
    if (time > this.lastTimestampNs && time <= U64_MAX) this.lastTimestampNs = time;
  }

  /** A checkpoint record names the stream that stands directly before it. */
  #bindCheckpoint(batch: RecordBatch, row: number): void {
    const body = decodeCheckpoint(batch.body(row));
    const ref = this.checkpoints.at(-1);
    if (!body.ok || ref === undefined || ref.lsn !== body.value.lsn || ref.recordLsn !== 0) return;
    const bound: CheckpointRef = { ...ref, recordLsn: batch.firstLsn + row };
    this.checkpoints[this.checkpoints.length - 1] = bound;
    this.chunks.set(bound, this.chunks.get(ref)!);
    this.chunks.delete(ref);
  }

  #checkpoint(segment: LogSegment, header: BlockHeader, offset: number, bytes: Uint8Array, at: number): void {
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
    this.checkpoints.push(ref);
    this.chunks.set(ref, { segments: stream.segments, offsets: stream.offsets });
  }

  /** What can only be told when everything has been seen. */
  finish(): void {
    const first = this.segments[0]!;
    if (!this.#headerSeen && this.segments.length === 1 && this.damage.every((found) => found.offset !== 0)) {
      const place = { path: first.path, offset: 0 };
      const error = new MmsbError(
        "LOG_HEADER_DAMAGED",
        "the file does not begin with a segment header",
        "'mmsb recover' writes a good copy",
        place,
      );
      this.damage.unshift({ error, offset: 0, path: first.path, lostBytes: 0, afterLsn: 0 });
    }
    if (this.directory.count > 0) this.firstLsn = Math.min(this.firstLsn, this.directory.firstLsn.at(0));
    for (let i = 1; i < this.segments.length; i++) {
      const previous = this.segments[i - 1]!;
      const segment = this.segments[i]!;
      if (!previous.ended && previous.tailDamage === undefined) {
        const { path, endOffset: offset } = previous;
        const error = new MmsbError(
          "LOG_TRUNCATED",
          "a segment ends before its end mark, although another one follows",
          "Everything before it is whole",
          { path, offset },
        );
        this.#lost(error, path, offset, 0);
      }
      if (segment.number === previous.number + 1) continue;
      const error = new MmsbError(
        "LOG_SEGMENT_MISSING",
        `segment ${previous.number + 1} is missing`,
        "Put the file back beside the others",
        { path: segment.path },
      );
      this.#lost(error, segment.path, 0, 0);
    }
    if (this.gaps.length > 0 && this.damage.length === 0) {
      const gap = this.gaps[0]!;
      const place = { path: first.path, lsn: gap.fromLsn };
      const error = new MmsbError(
        "LOG_RECORDS_LOST",
        `records ${gap.fromLsn} to ${gap.toLsn} are missing`,
        "'mmsb recover' writes a copy without them",
        place,
      );
      this.damage.push({ error, offset: 0, path: first.path, lostBytes: 0, afterLsn: gap.fromLsn - 1 });
    }
  }

  #lost(error: MmsbError, path: string, offset: number, lostBytes: number): void {
    this.damage.push({ error, offset, path, lostBytes, afterLsn: this.lastLsn });
  }
}

/** What is open behind a block, given what is before it; undefined where it holds a checkpoint record, whose body has to be read. */
function openBehind(
  glance: BlockGlance,
  bytes: Uint8Array,
  header: BlockHeader,
  openBefore: number,
): number | undefined {
  const { kind: base, kindsAt } = glance;
  if (kindsAt < 0) return base === RecordKind.Delta ? openBefore : undefined;
  let open = openBefore;
  for (let row = 0; row < header.count; row++) {
    const kind = (base + bytes[kindsAt + row]!) & 255;
    if (kind === RecordKind.TransactionBegin) open = header.firstLsn + row;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) open = 0;
    else if (kind === RecordKind.Checkpoint) return undefined;
  }
  return open;
}

const GLANCE = new BlockGlance();
/** Columns used while a file is scanned; nothing in them outlives one block. */
const BATCH = new RecordBatch();
/** Holds one block while a file is scanned: never across two calls. */
const SCRATCH = new BlockBuffer();
