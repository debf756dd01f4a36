import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import { assert } from "../base/assert.ts";
import { ByteWriter, EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import { type Clock, MonotonicClock } from "../base/clock.ts";
import type { Disposable } from "../base/disposable.ts";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { comparePairs, highOf, highOfNumber, lowOf, u64FromPair } from "../base/u64.ts";
import { deltaBodyBound, encodeDeltaBody } from "../deltas/delta-body.ts";
import { BlockBuilder, MAX_INLINE_BYTES, MAX_INLINE_SOURCE_BYTES } from "./block-builder.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockFlag,
  BlockType,
  MAX_BLOCK_BYTES,
  MAX_PAYLOAD_BYTES,
  sealBlock,
} from "./block-format.ts";
import {
  CHUNK_BYTES,
  type CheckpointContent,
  encodeCheckpointLists,
  encodeCheckpointTrailer,
} from "./checkpoint-format.ts";
import { folderOf, type LogFile, type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import { LogReader } from "./log-reader.ts";
import type { RecordBatch } from "./record-batch.ts";
import { encodeCheckpoint, encodeTransactionEnd } from "./record-bodies.ts";
import { RecordFlag, RecordKind } from "./record-kinds.ts";
import { type SegmentSet, segmentPath, segmentSetOf, segmentsIn } from "./segment-names.ts";
import { socketLock, type WriterLock } from "./writer-lock.ts";

/** When a record is safe: never by itself, a short while after, or when its commit returns. */
export type Durability = "none" | "interval" | "commit";

export interface LogWriterOptions {
  /** 16 bytes that name the recording; random unless given. */
  readonly uuid?: Uint8Array;
  readonly clock?: Clock;
  readonly durability?: Durability;
  /** How long a record may wait before it is written (and, at `interval`, synced). */
  readonly intervalMs?: number;
  /** A segment is closed at the first commit after it has this many bytes. Needs `snapshot`. */
  readonly rotateBytes?: number;
  /** Oldest segments are removed whole when there are more than this. */
  readonly keepSegments?: number;
  /** The present state: a later segment begins with it. */
  readonly snapshot?: () => CheckpointContent;
  /** Pages that exist before the first record. */
  readonly genesis?: CheckpointContent;
  /** LSN of the first record, 1 unless this is the copy of a recording that has dropped its beginning. */
  readonly firstLsn?: number;
  readonly fileSystem?: LogFileSystem;
  readonly lock?: WriterLock;
}

/** What a record may say besides its kind; everything has a neutral default. */
export interface RecordFields {
  readonly pageId?: bigint;
  readonly epoch?: number;
  readonly source?: string;
  readonly cause?: number;
  readonly flags?: number;
  readonly body?: Uint8Array;
  readonly metadata?: Uint8Array;
}

/** Sealed blocks wait for a write until there are this many bytes of them: the bound on what the writer buffers. */
const WRITE_BYTES = 1 << 20;
const OUT_BYTES = WRITE_BYTES + 4 * MAX_BLOCK_BYTES;
const DEFAULT_INTERVAL_MS = 100;

/** The wall clock when the process started, carried on by the monotonic one. */
const ORIGIN_NS = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
const ORIGIN_LO = lowOf(ORIGIN_NS);
const ORIGIN_HI = highOf(ORIGIN_NS);
const TWO_32 = 4294967296;

export const systemClock: Clock = { nowNs: () => ORIGIN_NS + BigInt(Math.floor(performance.now() * 1e6)) };

/**
 * Appends records to a recording. Records are staged as columns, sealed into blocks of at most 64 KiB, and written a megabyte at a time;
 * the caller is held up by the write itself, so nothing queues without bound. After a failed write or sync the writer refuses
 * everything (`failure`): the file holds what was synced before, and the descriptor is not used again.
 *
 * Methods that append return the record's LSN, or 0 where the writer has failed.
 */
export class LogWriter {
  readonly uuid: Uint8Array;
  readonly path: string;
  readonly #options: LogWriterOptions;
  readonly #fs: LogFileSystem;
  readonly #set: SegmentSet;
  readonly #lock: Disposable;
  /** Absent for the system clock, which is read without it. */
  readonly #clock: MonotonicClock | undefined;
  readonly #durability: Durability;
  readonly #builder = new BlockBuilder();
  readonly #out = new Uint8Array(OUT_BYTES);
  readonly #runOffset = new Uint32Array(1);
  readonly #runLength = new Uint32Array(1);
  #outLength = 0;
  #file: LogFile;
  #fileOffset = 0;
  #segment = 0;
  #segments: number[] = [0];
  #sequence = 0;
  #openTransactionLsn = 0;
  #timeLo = 0;
  #timeHi = 0;
  #failure: MmsbError | undefined;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Total bytes handed to the operating system, and how many of them a sync has covered. */
  #writtenTotal = 0;
  #syncedTotal = 0;
  #syncing: Promise<void> | undefined;

  private constructor(
    path: string,
    set: SegmentSet,
    uuid: Uint8Array,
    file: LogFile,
    lock: Disposable,
    options: LogWriterOptions,
    notBeforeNs: bigint,
  ) {
    this.path = path;
    this.uuid = uuid;
    this.#set = set;
    this.#file = file;
    this.#lock = lock;
    this.#options = options;
    this.#fs = options.fileSystem ?? nodeFileSystem;
    this.#clock = options.clock === undefined ? undefined : new MonotonicClock(options.clock, notBeforeNs);
    this.#timeLo = lowOf(notBeforeNs);
    this.#timeHi = highOf(notBeforeNs);
    this.#durability = options.durability ?? "interval";
    this.stamp();
  }

  /** Begins a recording in a new file; refuses where the file exists. */
  static async create(path: string, options: LogWriterOptions = {}): Promise<Result<LogWriter>> {
    const set = segmentSetOf(path);
    const fs = options.fileSystem ?? nodeFileSystem;
    const uuid = options.uuid ?? randomBytes(16);
    if (uuid.length !== 16)
      return fail("ARGUMENT_INVALID", "a recording's UUID has 16 bytes", "Give 16 bytes, or none");
    const lock = await (options.lock ?? socketLock).acquire(set);
    if (!lock.ok) return lock;
    const file = openNew(fs, path, set);
    if (!file.ok) {
      lock.value.dispose();
      return file;
    }
    const writer = new LogWriter(path, set, uuid, file.value, lock.value, options, 0n);
    writer.#builder.firstLsn = options.firstLsn ?? 1;
    writer.#writeSegmentHeader();
    if (options.genesis !== undefined) writer.#writeCheckpointStream(options.genesis, writer.lastLsn);
    let started = writer.flush();
    if (started.ok && writer.#durability !== "none") started = writer.sync();
    if (started.ok) started = fs.syncFolder(folderOf(path));
    if (!started.ok) {
      writer.#release();
      return writer.#failure === undefined ? started : err(writer.#failure);
    }
    return ok(writer);
  }

  /**
   * Opens a recording to append to it. A torn tail that no sound block follows is cut off; damage in the middle is refused. A transaction
   * that was left open is still open (`openTransactionLsn`): the caller compensates it and appends the abort.
   */
  static async open(path: string, options: LogWriterOptions = {}): Promise<Result<LogWriter>> {
    const set = segmentSetOf(path);
    const fs = options.fileSystem ?? nodeFileSystem;
    const lock = await (options.lock ?? socketLock).acquire(set);
    if (!lock.ok) return lock;
    const opened = LogWriter.#reopen(path, set, fs, lock.value, options);
    if (!opened.ok) lock.value.dispose();
    return opened;
  }

  static #reopen(
    path: string,
    set: SegmentSet,
    fs: LogFileSystem,
    lock: Disposable,
    options: LogWriterOptions,
  ): Result<LogWriter> {
    const opened = LogReader.open(path, { fileSystem: fs });
    if (!opened.ok) return opened;
    const reader = opened.value;
    const tail = reader.tail;
    reader.close();
    const newer = reader.damage.find((found) => found.error.code === "LOG_VERSION");
    if (newer !== undefined) return err(newer.error);
    const damage = reader.damage.find((found) => found.error.code !== "LOG_TRUNCATED" && !tail.isTail(found));
    if (damage !== undefined || reader.gaps.length > 0) {
      return fail(
        "LOG_BLOCK_DAMAGED",
        "the recording is damaged before its end, so nothing may be appended to it",
        "Make a good copy with 'mmsb recover', then open the copy",
        { path, ...(damage === undefined ? {} : { offset: damage.offset }) },
      );
    }
    for (const unborn of tail.unborn) {
      const removed = fs.remove(unborn);
      if (!removed.ok) return removed;
    }
    // Also makes the names durable that a writer which died had made, before anything in those files is acknowledged.
    const named = fs.syncFolder(set.folder);
    if (!named.ok) return named;
    const file = fs.open(tail.path, "write");
    if (!file.ok) return file;
    const size = file.value.size();
    if (!size.ok || size.value > tail.endOffset) {
      const cut = size.ok ? file.value.truncate(tail.endOffset) : size;
      const synced = cut.ok ? file.value.sync() : cut;
      if (!synced.ok) {
        file.value.close();
        return err(synced.error);
      }
    }
    const writer = new LogWriter(path, set, reader.uuid, file.value, lock, options, tail.lastTimestampNs);
    writer.#fileOffset = tail.endOffset;
    writer.#segment = tail.segment;
    writer.#segments = [...tail.segments];
    writer.#sequence = tail.nextSequence;
    writer.#builder.firstLsn = reader.lastLsn + 1;
    writer.#openTransactionLsn = tail.openTransactionLsn;
    return ok(writer);
  }

  get failure(): MmsbError | undefined {
    return this.#failure;
  }

  /** LSN of the last record appended (which need not be written yet); 0 = none. */
  get lastLsn(): number {
    return this.#builder.firstLsn + this.#builder.count - 1;
  }

  get openTransactionLsn(): number {
    return this.#openTransactionLsn;
  }

  get durability(): Durability {
    return this.#durability;
  }

  /** Bytes of the recording so far, those in the buffer included. */
  get sizeBytes(): number {
    return this.#writtenTotal + this.#outLength;
  }

  #stamped(): bigint {
    this.stamp();
    return u64FromPair(this.#timeLo, this.#timeHi);
  }

  /** Time of the records that follow, until the next call. */
  stamp(): void {
    if (this.#clock !== undefined) {
      const now = this.#clock.nowNs();
      this.#timeLo = lowOf(now);
      this.#timeHi = highOf(now);
      return;
    }
    // The system clock, in numbers: a bigint for each record would cost more than the record.
    const sinceOriginNs = Math.floor(performance.now() * 1e6);
    const lo = ORIGIN_LO + (sinceOriginNs % TWO_32);
    const hi = ORIGIN_HI + Math.floor(sinceOriginNs / TWO_32) + (lo >= TWO_32 ? 1 : 0);
    if (comparePairs(lo % TWO_32, hi, this.#timeLo, this.#timeHi) < 0) return;
    this.#timeLo = lo % TWO_32;
    this.#timeHi = hi;
  }

  append(kind: RecordKind, fields: RecordFields): number {
    this.stamp();
    return this.#append(kind, fields);
  }

  #append(kind: RecordKind, fields: RecordFields): number {
    const { pageId = 0n, body = EMPTY_BYTES, metadata = EMPTY_BYTES } = fields;
    const row = this.#room(body.length + metadata.length, fields.source ?? "");
    if (row < 0) return row === TOO_LARGE ? this.#appendOverflowed(kind, fields) : 0;
    const builder = this.#builder;
    builder.bodies.set(body, builder.bodyBytes);
    builder.bodies.set(metadata, builder.bodyBytes + body.length);
    return this.#finishRow(
      row,
      kind,
      fields.flags ?? 0,
      lowOf(pageId),
      highOf(pageId),
      fields.epoch ?? 0,
      fields.cause ?? 0,
      body.length,
      metadata.length,
    );
  }

  /**
   * The hot path: one delta whose runs are rows [runFrom, runTo) of canonical columns and whose bytes begin at `payload[payloadAt]`.
   * Does not read the clock: call `stamp` once a batch.
   */
  appendDelta(
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    flags: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    runFrom: number,
    runTo: number,
    payload: Uint8Array,
    payloadAt: number,
    metadata: Uint8Array = EMPTY_BYTES,
  ): number {
    let payloadBytes = 0;
    for (let run = runFrom; run < runTo; run++) payloadBytes += runLength[run]!;
    const bound = deltaBodyBound(runTo - runFrom, payloadBytes);
    const row = this.#room(bound + metadata.length, source);
    if (row < 0) {
      if (row !== TOO_LARGE) return 0;
      const body = new Uint8Array(bound);
      const end = encodeDeltaBody(runOffset, runLength, runFrom, runTo, payload, payloadAt, body, 0);
      const pageId = (BigInt(pageHi) << 32n) | BigInt(pageLo);
      return this.#appendOverflowed(RecordKind.Delta, {
        pageId,
        epoch,
        source,
        cause,
        flags,
        body: body.subarray(0, end),
        metadata,
      });
    }
    const { bodies, bodyBytes } = this.#builder;
    const end = encodeDeltaBody(runOffset, runLength, runFrom, runTo, payload, payloadAt, bodies, bodyBytes);
    if (metadata.length > 0) bodies.set(metadata, end);
    return this.#finishRow(
      row,
      RecordKind.Delta,
      flags,
      pageLo,
      pageHi,
      epoch,
      cause,
      end - bodyBytes,
      metadata.length,
    );
  }

  /** `appendDelta` for one run. */
  appendRun(
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    offset: number,
    bytes: Uint8Array,
    from: number,
    length: number,
  ): number {
    this.#runOffset[0] = offset;
    this.#runLength[0] = length;
    return this.appendDelta(
      pageLo,
      pageHi,
      epoch,
      source,
      cause,
      0,
      this.#runOffset,
      this.#runLength,
      0,
      1,
      bytes,
      from,
    );
  }

  /** Copies a row of another recording as it stands: time, delta id, mask length and all. `cause` is its cause in this one. */
  appendRow(batch: RecordBatch, from: number, cause: number): number {
    const body = batch.body(from);
    const metadata = batch.metadata(from);
    const kind = batch.kind[from]! as RecordKind;
    this.#timeLo = batch.timeLo[from]!;
    this.#timeHi = batch.timeHi[from]!;
    const source = batch.sourceText(from);
    const row = this.#room(body.length + metadata.length, source);
    const builder = this.#builder;
    const deltaId = { lo: batch.deltaIdLo[from]!, hi: batch.deltaIdHi[from]!, mask: batch.maskLength[from]! };
    if (row < 0) {
      if (row !== TOO_LARGE) return 0;
      const fields = {
        pageId: batch.pageId(from),
        epoch: batch.epoch[from]!,
        source,
        cause,
        flags: batch.flags[from]!,
        body,
        metadata,
      };
      const lsn = this.#appendOverflowed(kind, fields, deltaId);
      this.#followTransaction(kind, lsn);
      return lsn;
    }
    builder.bodies.set(body, builder.bodyBytes);
    builder.bodies.set(metadata, builder.bodyBytes + body.length);
    const lsn = this.#finishRow(
      row,
      kind,
      batch.flags[from]!,
      batch.pageLo[from]!,
      batch.pageHi[from]!,
      batch.epoch[from]!,
      cause,
      body.length,
      metadata.length,
    );
    this.#setForeign(row, deltaId);
    this.#followTransaction(kind, lsn);
    return lsn;
  }

  #setForeign(row: number, deltaId: { lo: number; hi: number; mask: number }): void {
    const builder = this.#builder;
    const lsn = builder.firstLsn + row;
    const lsnLo = lsn >>> 0;
    builder.idDiffLo[row] = deltaId.lo - lsnLo;
    builder.idDiffHi[row] = deltaId.hi - highOfNumber(lsn) - (deltaId.lo < lsnLo ? 1 : 0);
    builder.maskLength[row] = deltaId.mask;
    builder.usesForeign = true;
  }

  /** Keeps the block's notion of the open transaction right while rows are copied. */
  #followTransaction(kind: number, lsn: number): void {
    if (lsn === 0) return;
    if (kind === RecordKind.TransactionBegin) this.#openTransactionLsn = lsn;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort)
      this.#endTransaction();
  }

  /** Row of the builder for a record with so many body bytes: -1 where the writer has failed, -2 where it must overflow. */
  #room(bodyBytes: number, source: string): number {
    if (this.#failure !== undefined || this.#closed) return REFUSED;
    if (bodyBytes > MAX_INLINE_BYTES || source.length * 3 > MAX_INLINE_SOURCE_BYTES) return TOO_LARGE;
    const builder = this.#builder;
    if (builder.isFullFor(bodyBytes) && !this.#seal()) return REFUSED;
    let index = builder.sourceIndex(source);
    if (index < 0) {
      if (!this.#seal()) return REFUSED;
      index = builder.sourceIndex(source);
    }
    builder.source[builder.count] = index;
    return builder.count;
  }

  #finishRow(
    row: number,
    kind: number,
    flags: number,
    pageLo: number,
    pageHi: number,
    epoch: number,
    cause: number,
    bodyLength: number,
    metaLength: number,
  ): number {
    const builder = this.#builder;
    const lsn = builder.firstLsn + row;
    builder.kind[row] = kind;
    builder.flags[row] = flags;
    builder.timeLo[row] = this.#timeLo;
    builder.timeHi[row] = this.#timeHi;
    builder.pageLo[row] = pageLo;
    builder.pageHi[row] = pageHi;
    builder.epoch[row] = epoch;
    if (flags !== 0) builder.usesFlags = true;
    if (cause !== 0) {
      builder.usesCause = true;
      builder.causeDistance[row] = lsn - cause;
    }
    builder.bodyLength[row] = bodyLength;
    if (metaLength !== 0) {
      builder.usesMetadata = true;
      builder.metaLength[row] = metaLength;
    }
    builder.bodyBytes += bodyLength + metaLength;
    builder.count = row + 1;
    if (this.#timer === undefined) this.#schedule();
    return lsn;
  }

  /** Body, metadata and a long source go into overflow blocks of their own, at once; a descriptor stands in the row. */
  #appendOverflowed(
    kind: RecordKind,
    fields: RecordFields,
    foreign?: { lo: number; hi: number; mask: number },
  ): number {
    const body = fields.body ?? EMPTY_BYTES;
    const metadata = fields.metadata ?? EMPTY_BYTES;
    const source = fields.source ?? "";
    const longSource = source.length * 3 > MAX_INLINE_SOURCE_BYTES ? utf8Encode(source) : EMPTY_BYTES;
    // The descriptor names the first overflow block's sequence, so a full builder is sealed before, not between.
    if (this.#builder.isFullFor(64) && !this.#seal()) return 0;
    const inline = new ByteWriter(32)
      .varint(body.length)
      .varint(metadata.length)
      .varint(longSource.length)
      .varint(this.#sequence)
      .finish();
    const lsn = this.lastLsn + 1;
    let ordinal = 0;
    for (const part of [body, metadata, longSource]) {
      for (let from = 0; from < part.length; from += MAX_PAYLOAD_BYTES) {
        if (!this.#emit(BlockType.Overflow, 0, ordinal++, lsn, part.subarray(from, from + MAX_PAYLOAD_BYTES)))
          return 0;
      }
    }
    const row = this.#room(inline.length, longSource.length > 0 ? "" : source);
    if (row < 0) return 0;
    assert(this.lastLsn + 1 === lsn, "overflow blocks stand directly before their record");
    this.#builder.bodies.set(inline, this.#builder.bodyBytes);
    const pageId = fields.pageId ?? 0n;
    const flags = (fields.flags ?? 0) | RecordFlag.Overflow;
    this.#finishRow(
      row,
      kind,
      flags,
      lowOf(pageId),
      highOf(pageId),
      fields.epoch ?? 0,
      fields.cause ?? 0,
      inline.length,
      0,
    );
    if (foreign !== undefined) this.#setForeign(row, foreign);
    return lsn;
  }

  begin(source = "", cause = 0): number {
    assert(this.#openTransactionLsn === 0, "transactions do not nest");
    const lsn = this.append(RecordKind.TransactionBegin, { source, cause });
    this.#openTransactionLsn = lsn;
    return lsn;
  }

  /** Ends the transaction and its block. */
  commit(source = ""): number {
    return this.#end(RecordKind.TransactionCommit, source);
  }

  /** Ends a transaction that has been taken back: the compensating records stand before this one. */
  abort(source = ""): number {
    return this.#end(RecordKind.TransactionAbort, source);
  }

  #end(kind: RecordKind, source: string): number {
    assert(this.#openTransactionLsn !== 0 || this.#failure !== undefined, "a transaction is open");
    const lsn = this.append(kind, {
      source,
      cause: this.#openTransactionLsn,
      body: encodeTransactionEnd(this.#openTransactionLsn),
    });
    if (lsn !== 0) this.#endTransaction();
    return this.#failure === undefined ? lsn : 0;
  }

  #endTransaction(): void {
    this.#seal();
    this.#openTransactionLsn = 0;
    this.#rotateIfDue();
  }

  /** Writes the present state into the log, then the record that says so. Returns that record's LSN. */
  writeCheckpoint(content: CheckpointContent): Result<number> {
    const lsn = this.lastLsn;
    if (!this.#seal()) return this.#refused();
    const streamBytes = this.#writeCheckpointStream(content, lsn);
    if (streamBytes < 0) return this.#refused();
    const body = encodeCheckpoint({
      lsn,
      baseLsn: content.baseLsn,
      kind: content.kind,
      streamBytes,
      stateHash: content.stateHash,
      structureHash: content.structureHash,
    });
    const recordLsn = this.append(RecordKind.Checkpoint, { body });
    if (recordLsn === 0 || !this.#seal()) return this.#refused();
    return ok(recordLsn);
  }

  /** Writes a checkpoint of another recording; the caller copies its record next. False where the writer has failed. */
  copyCheckpointStream(content: CheckpointContent, lsn: number): boolean {
    return this.#seal() && this.#writeCheckpointStream(content, lsn) >= 0;
  }

  /** Bytes of the stream, or -1 where the writer has failed. */
  #writeCheckpointStream(content: CheckpointContent, lsn: number): number {
    const lists = encodeCheckpointLists(content, lsn, this.#stamped());
    let ordinal = 0;
    let pending = 0;
    let streamBytes = 0;
    let fine = true;
    // Pieces are collected in the output buffer itself, behind the room for the block's header.
    const flushChunk = () => {
      fine = fine && this.#emitInPlace(BlockType.Checkpoint, 0, ordinal++, this.lastLsn + 1, pending);
      pending = 0;
    };
    const add = (bytes: Uint8Array) => {
      streamBytes += bytes.length;
      for (let from = 0; fine && from < bytes.length; ) {
        const count = Math.min(CHUNK_BYTES - pending, bytes.length - from);
        this.#out.set(bytes.subarray(from, from + count), this.#outLength + BLOCK_HEADER_BYTES + pending);
        pending += count;
        from += count;
        if (pending === CHUNK_BYTES) flushChunk();
      }
    };
    add(lists);
    let pageBytes = 0;
    for (let i = 0; fine && i < content.pages.length; i++) {
      const bytes = content.bytesOf(i);
      assert(bytes.length === content.pages[i]!.sizeBytes, "a page image has the page's size");
      pageBytes += bytes.length;
      add(bytes);
    }
    if (fine && pending > 0) flushChunk();
    const trailer = encodeCheckpointTrailer(content, lsn, pageBytes, streamBytes);
    fine = fine && this.#emit(BlockType.Checkpoint, BlockFlag.LastChunk, ordinal, this.lastLsn + 1, trailer);
    return fine ? streamBytes : -1;
  }

  /** A block with this payload, into the output buffer. Staged records are not touched: they come in a later block. */
  #emit(type: BlockType, flags: number, count: number, firstLsn: number, payload: Uint8Array): boolean {
    this.#out.set(payload, this.#outLength + BLOCK_HEADER_BYTES);
    return this.#emitInPlace(type, flags, count, firstLsn, payload.length);
  }

  #emitInPlace(
    type: BlockType,
    flags: number,
    count: number,
    firstLsn: number,
    payloadBytes: number,
  ): boolean {
    this.#outLength += sealBlock(this.#out, this.#outLength, {
      type,
      flags,
      count,
      uuid: this.uuid,
      firstLsn,
      sequence: this.#sequence++,
      openTransactionLsn: this.#openTransactionLsn < firstLsn ? this.#openTransactionLsn : 0,
      segment: this.#segment,
      payloadBytes,
    });
    return this.#outLength < WRITE_BYTES || this.#writeOut();
  }

  #writeSegmentHeader(): void {
    const created = this.#stamped();
    const payload = new ByteWriter(64).u32(this.#segment).u64(created).text("mmsb").finish();
    this.#emit(BlockType.SegmentHeader, 0, 0, this.lastLsn + 1, payload);
  }

  /** Turns the staged records into blocks; false where the writer has failed. */
  #seal(): boolean {
    const builder = this.#builder;
    if (this.#failure !== undefined) return false;
    if (builder.count === 0) return true;
    this.#outLength = builder.seal(this.#out, this.#outLength, {
      uuid: this.uuid,
      segment: this.#segment,
      openTransactionLsn: this.#openTransactionLsn,
      nextSequence: () => this.#sequence++,
    });
    return this.#outLength < WRITE_BYTES || this.#writeOut();
  }

  #writeOut(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.#outLength === 0) return true;
    const written = this.#file.write([this.#out.subarray(0, this.#outLength)], this.#fileOffset);
    if (!written.ok) return this.#fail(written.error);
    this.#fileOffset += this.#outLength;
    this.#writtenTotal += this.#outLength;
    this.#outLength = 0;
    return true;
  }

  #fail(error: MmsbError): false {
    this.#failure ??= error;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    return false;
  }

  #refused(): { readonly ok: false; readonly error: MmsbError } {
    if (this.#failure === undefined)
      return fail("LOG_CLOSED", "the recording is closed", "Open it again to append", { path: this.path });
    return err(
      new MmsbError(
        "LOG_READ_ONLY",
        `the recording takes no more records since a write failed (${this.#failure.message})`,
        this.#failure.remedy,
        this.#failure.place,
        this.#failure,
      ),
    );
  }

  /** Hands everything appended to the operating system. */
  flush(): Result<void> {
    return !this.#closed && this.#seal() && this.#writeOut() ? ok() : this.#refused();
  }

  /** Everything appended so far is on the medium when it returns. */
  sync(): Result<void> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const covered = this.#writtenTotal;
    const synced = this.#file.sync();
    if (!synced.ok) {
      this.#fail(synced.error);
      return synced;
    }
    this.#syncedTotal = Math.max(this.#syncedTotal, covered);
    return ok();
  }

  /** `sync` without blocking: all callers that wait at the same time share one sync (group commit). */
  async durable(): Promise<Result<void>> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const target = this.#writtenTotal;
    while (this.#syncedTotal < target) {
      if (this.#failure !== undefined) return this.#refused();
      this.#syncing ??= this.#syncOnce();
      await this.#syncing;
    }
    return ok();
  }

  async #syncOnce(): Promise<void> {
    const covered = this.#writtenTotal;
    const synced = await this.#file.syncAsync();
    if (synced.ok) this.#syncedTotal = Math.max(this.#syncedTotal, covered);
    else this.#fail(synced.error);
    this.#syncing = undefined;
  }

  /** Nothing waits in memory for longer than the interval. */
  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#closed || this.#failure !== undefined) return;
      if (this.flush().ok && this.#durability !== "none") void this.durable();
    }, this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#timer.unref();
  }

  #rotateIfDue(): void {
    const { rotateBytes, snapshot } = this.#options;
    if (rotateBytes === undefined || snapshot === undefined || this.#failure !== undefined) return;
    if (this.#fileOffset + this.#outLength < rotateBytes || this.#syncing !== undefined) return;
    const rotated = this.#rotate(snapshot());
    if (!rotated.ok) this.#fail(rotated.error);
  }

  /** Closes the segment and begins the next one with the whole state. */
  #rotate(content: CheckpointContent): Result<void> {
    this.#emit(BlockType.End, BlockFlag.SegmentFollows, 0, this.lastLsn + 1, EMPTY_BYTES);
    // At every durability: a later sync reaches the next file only, and may not promise what stands in this one.
    const synced = this.sync();
    if (!synced.ok) return synced;
    const path = segmentPath(this.#set, this.path, this.#segment + 1);
    const next = this.#fs.open(path, "create");
    if (!next.ok) return next;
    this.#file.close();
    this.#file = next.value;
    this.#fileOffset = 0;
    this.#segment++;
    this.#segments.push(this.#segment);
    this.#writeSegmentHeader();
    if (this.#writeCheckpointStream(content, this.lastLsn) < 0) return this.#refused();
    const written = this.#durability === "none" ? this.flush() : this.sync();
    if (!written.ok) return written;
    const named = this.#fs.syncFolder(this.#set.folder);
    return named.ok ? this.#dropOldest() : named;
  }

  #dropOldest(): Result<void> {
    const keep = this.#options.keepSegments;
    while (keep !== undefined && this.#segments.length > Math.max(1, keep)) {
      const oldest = this.#segments.shift()!;
      const removed = this.#fs.remove(segmentPath(this.#set, this.path, oldest));
      if (!removed.ok && removed.error.code !== "LOG_NOT_FOUND") return removed;
      // One by one, so that after a crash no segment is missing between two others.
      const synced = this.#fs.syncFolder(this.#set.folder);
      if (!synced.ok) return synced;
    }
    return ok();
  }

  /** Marks the recording as whole and lets it go. Closing twice is harmless. */
  async close(): Promise<Result<void>> {
    if (this.#closed) return ok();
    if (this.#syncing !== undefined) await this.#syncing;
    let closed: Result<void> = this.#seal() ? ok() : this.#refused();
    if (closed.ok) {
      this.#emit(BlockType.End, 0, 0, this.lastLsn + 1, EMPTY_BYTES);
      closed = this.#durability === "none" ? this.flush() : this.sync();
    }
    this.#release();
    return closed;
  }

  #release(): void {
    this.#closed = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#file.close();
    this.#lock.dispose();
  }
}

/** A new file for a recording of which no part exists yet. */
function openNew(fs: LogFileSystem, path: string, set: SegmentSet): Result<LogFile> {
  const names = fs.list(set.folder);
  if (!names.ok) return names;
  const existing = segmentsIn(names.value, set)[0];
  if (existing === undefined) return fs.open(path, "create");
  return fail("LOG_EXISTS", `'${existing.name}' exists already`, "Choose another name or remove it first", {
    path,
  });
}

const REFUSED = -1;
const TOO_LARGE = -2;
