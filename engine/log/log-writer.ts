import { randomBytes } from "node:crypto";
import { assert } from "../base/assert.ts";
import { ByteWriter, EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import type { Disposable } from "../base/disposable.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { highOf, highOfNumber, lowOf } from "../base/u64.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import { deltaBodyBound, encodeDeltaBody } from "../deltas/delta-body.ts";
import { findAppendPlace, openNew } from "./append-place.ts";
import { type BlockBuilder, MAX_INLINE_BYTES, MAX_INLINE_SOURCE_BYTES } from "./block-builder.ts";
import { BlockType, MAX_BLOCK_BYTES, MAX_PAYLOAD_BYTES } from "./block-format.ts";
import { BlockOutput } from "./block-output.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import { folderOf, type LogFile, type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import type { Durability, LogWriterOptions, RecordFields } from "./log-options.ts";
import { numberRecordsOf } from "./number-block.ts";
import type { RecordBatch } from "./record-batch.ts";
import { encodeCheckpoint, encodeTransactionEnd } from "./record-bodies.ts";
import { RecordFlag, RecordKind } from "./record-kinds.ts";
import { RecordStamp } from "./record-stamp.ts";
import { SegmentChain } from "./segment-chain.ts";
import { type SegmentSet, segmentSetOf } from "./segment-names.ts";
import { socketLock } from "./writer-lock.ts";

export type { Durability, LogWriterOptions, RecordFields } from "./log-options.ts";

const DEFAULT_INTERVAL_MS = 100;

/**
 * Appends records to a recording. Records are staged as columns, sealed into blocks of at most 64 KiB, and written many blocks at a time: by
 * a thread with a bounded queue where the file has one, else by the caller, so nothing waits without bound. After a failed write or sync the writer refuses
 * everything (`failure`): the file holds what was synced before, and the descriptor is not used again.
 *
 * Methods that append return the record's LSN, or 0 where the writer has failed.
 */
export class LogWriter {
  readonly uuid: Uint8Array;
  readonly path: string;
  /** The time of the last record. */
  readonly time: RecordStamp;
  readonly #options: LogWriterOptions;
  readonly #lock: Disposable;
  readonly #time: RecordStamp;
  readonly #durability: Durability;
  readonly #output: BlockOutput;
  readonly #builder: BlockBuilder;
  readonly #segments: SegmentChain;
  /** Of the state that the present segment begins with. Unless it is small, as much of records follows, or it would be all that is written. */
  #openingBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

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
    this.#output = new BlockOutput(path, uuid, file);
    this.#builder = this.#output.builder;
    this.#lock = lock;
    this.#options = options;
    this.time = this.#time = new RecordStamp(options.clock, notBeforeNs);
    this.#segments = new SegmentChain(path, set, this.#output, this.#time, options);
    this.#durability = options.durability ?? "interval";
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
    writer.#segments.writeHeader();
    if (options.genesis !== undefined) writer.#writeCheckpointStream(options.genesis, writer.lastLsn);
    let started = writer.flush();
    if (started.ok && writer.#durability !== "none") started = writer.sync();
    if (started.ok) started = fs.syncFolder(folderOf(path));
    if (!started.ok) {
      writer.#release();
      return writer.failure === undefined ? started : err(writer.failure);
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
    const place = findAppendPlace(path, set, fs);
    if (!place.ok) return place;
    const { file, reader, tail } = place.value;
    const writer = new LogWriter(path, set, reader.uuid, file, lock, options, tail.lastTimestampNs);
    writer.#output.fileOffset = tail.endOffset;
    writer.#output.segment = tail.segment;
    writer.#segments.adopt(tail.segments);
    writer.#output.sequence = tail.nextSequence;
    writer.#builder.firstLsn = reader.lastLsn + 1;
    writer.#output.openTransactionLsn = tail.openTransactionLsn;
    return ok(writer);
  }

  get failure(): MmsbError | undefined {
    return this.#output.failure;
  }

  /** LSN of the last record appended (which need not be written yet); 0 = none. */
  get lastLsn(): number {
    return this.#output.lastLsn;
  }

  get openTransactionLsn(): number {
    return this.#output.openTransactionLsn;
  }

  get durability(): Durability {
    return this.#durability;
  }

  /** Bytes of the recording so far, those in the buffer included. */
  get sizeBytes(): number {
    return this.#output.totalBytes;
  }

  /** Time of the records that follow, until the next call. */
  stamp(): void {
    this.#time.take();
  }

  append(kind: RecordKind, fields: RecordFields): number {
    this.stamp();
    return this.#append(kind, fields);
  }

  #append(kind: RecordKind, fields: RecordFields): number {
    const { pageId, body = EMPTY_BYTES, metadata = EMPTY_BYTES } = fields;
    const row = this.#room(body.length + metadata.length, fields.source ?? "");
    if (row < 0) return row === TOO_LARGE ? this.#appendOverflowed(kind, fields) : 0;
    this.#builder.addBody(body, metadata);
    return this.#finishRow(
      row,
      kind,
      fields.flags ?? 0,
      pageId === undefined ? 0 : lowOf(pageId),
      pageId === undefined ? 0 : highOf(pageId),
      fields.epoch ?? 0,
      fields.cause ?? 0,
      body.length,
      metadata.length,
    );
  }

  /**
   * Records of one kind, source and cause, at one time: the bodies of `lengths[i]` bytes each stand one after another in `bytes`. None
   * is larger than `MAX_INLINE_BYTES`. Returns how many were appended, in order: fewer than there are where the writer has failed.
   */
  appendBodies(kind: RecordKind, bytes: Uint8Array, lengths: Uint32Array, source = "", cause = 0): number {
    assert(source.length * 3 <= MAX_INLINE_SOURCE_BYTES, "the source of a batch stands in its block");
    this.stamp();
    const records = { kind, bytes, lengths, source, cause, row: 0, bytesAt: 0 };
    this.#output.appendBodies(records, this.#time);
    if (records.row > 0 && this.#timer === undefined) this.#schedule();
    return records.row;
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

  /**
   * `appendDelta` for rows `[from, to)` of a batch, all at one time: the page of row `r` has the id `idLo[slot[r]]`, `idHi[slot[r]]` and, after
   * the row, the epoch `epoch[r]`. Of the rows' flags those in `flagMask` are kept. Returns the row it stopped at: `to`, or the first one
   * that is not logged because the writer has failed.
   */
  appendDeltas(
    batch: DeltaBatch,
    from: number,
    to: number,
    idLo: Uint32Array,
    idHi: Uint32Array,
    epoch: Float64Array,
    sources: readonly string[],
    flagMask: number,
  ): number {
    this.stamp();
    const builder = this.#builder;
    for (let row = from; row < to; ) {
      if (this.failure !== undefined || this.#output.isClosed) return row;
      const numbers = numberRecordsOf(batch, row, to, idLo, idHi, epoch, sources, flagMask);
      const staged =
        numbers === undefined
          ? builder.stageDeltas(batch, row, to, idLo, idHi, epoch, sources, flagMask, this.#time)
          : this.#output.appendNumbers(numbers, this.#time);
      if (staged > row) {
        row = staged;
        if (this.#timer === undefined) this.#schedule();
        continue;
      }
      // Too large for what is left of the block, or with metadata.
      const { runStart, runOffset, runLength, payload, payloadStart } = batch;
      const page = batch.slot[row]!;
      const lsn = this.appendDelta(
        idLo[page]!,
        idHi[page]!,
        epoch[row]!,
        sources[batch.source[row]!] ?? "",
        batch.cause[row]!,
        batch.flags[row]! & flagMask,
        runOffset,
        runLength,
        runStart[row]!,
        runStart[row + 1]!,
        payload,
        payloadStart[row]!,
        batch.metadata(row),
      );
      if (lsn === 0) return row;
      row++;
    }
    return to;
  }

  /** Copies a row of another recording as it stands: time, delta id, mask length and all. `cause` is its cause in this one. */
  appendRow(batch: RecordBatch, from: number, cause: number): number {
    const body = batch.body(from);
    const metadata = batch.metadata(from);
    const kind = batch.kind[from]! as RecordKind;
    this.#time.lo = batch.timeLo[from]!;
    this.#time.hi = batch.timeHi[from]!;
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
    if (kind === RecordKind.TransactionBegin) this.#output.openTransactionLsn = lsn;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort)
      this.#endTransaction();
  }

  /** Row of the builder for a record with so many body bytes: -1 where the writer has failed, -2 where it must overflow. */
  #room(bodyBytes: number, source: string): number {
    if (this.#output.failure !== undefined || this.#output.isClosed) return REFUSED;
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
    builder.timeLo[row] = this.#time.lo;
    builder.timeHi[row] = this.#time.hi;
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
      .varint(this.#output.sequence)
      .finish();
    const lsn = this.lastLsn + 1;
    let ordinal = 0;
    for (const part of [body, metadata, longSource]) {
      for (let from = 0; from < part.length; from += MAX_PAYLOAD_BYTES) {
        if (
          !this.#output.emit(
            BlockType.Overflow,
            0,
            ordinal++,
            lsn,
            part.subarray(from, from + MAX_PAYLOAD_BYTES),
          )
        )
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
    assert(this.#output.openTransactionLsn === 0, "transactions do not nest");
    const lsn = this.append(RecordKind.TransactionBegin, { source, cause });
    this.#output.openTransactionLsn = lsn;
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
    assert(this.#output.openTransactionLsn !== 0 || this.failure !== undefined, "a transaction is open");
    const lsn = this.append(kind, {
      source,
      cause: this.#output.openTransactionLsn,
      body: encodeTransactionEnd(this.#output.openTransactionLsn),
    });
    if (lsn !== 0) this.#endTransaction();
    return this.failure === undefined ? lsn : 0;
  }

  #endTransaction(): void {
    this.#seal();
    this.#output.openTransactionLsn = 0;
    this.#rotateIfDue();
  }

  /** Writes the present state into the log, then the record that says so. Returns that record's LSN. */
  writeCheckpoint(content: CheckpointContent): Result<number> {
    const lsn = this.lastLsn;
    if (!this.#seal()) return this.#output.refused();
    const streamBytes = this.#writeCheckpointStream(content, lsn);
    if (streamBytes < 0) return this.#output.refused();
    const body = encodeCheckpoint({
      lsn,
      baseLsn: content.baseLsn,
      kind: content.kind,
      streamBytes,
      stateHash: content.stateHash,
      structureHash: content.structureHash,
    });
    const recordLsn = this.append(RecordKind.Checkpoint, { body });
    if (recordLsn === 0 || !this.#seal()) return this.#output.refused();
    return ok(recordLsn);
  }

  /** Writes a checkpoint of another recording; the caller copies its record next. False where the writer has failed. */
  copyCheckpointStream(content: CheckpointContent, lsn: number): boolean {
    return this.#seal() && this.#writeCheckpointStream(content, lsn) >= 0;
  }

  /** Hands everything appended to the operating system. */
  flush(): Result<void> {
    return this.#output.flush();
  }

  /** Everything appended so far is on the medium when it returns. */
  sync(): Result<void> {
    return this.#output.sync();
  }

  /** `sync` without blocking: all callers that wait at the same time share one sync (group commit). */
  durable(): Promise<Result<void>> {
    return this.#output.durable();
  }

  #seal(): boolean {
    return this.#output.seal();
  }

  /** Bytes of the stream, or -1 where the writer has failed. */
  #writeCheckpointStream(content: CheckpointContent, lsn: number): number {
    return this.#output.writeCheckpoint(content, lsn, this.#time.takeNs());
  }

  /** Nothing waits in memory for longer than the interval. */
  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#output.isClosed || this.failure !== undefined) return;
      if (this.flush().ok && this.#durability !== "none") void this.durable();
    }, this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#timer.unref();
  }

  #rotateIfDue(): void {
    const { rotateBytes, snapshot } = this.#options;
    if (rotateBytes === undefined || snapshot === undefined || this.failure !== undefined) return;
    const state = this.#openingBytes > MAX_BLOCK_BYTES ? this.#openingBytes : 0;
    if (this.#output.fileBytes < Math.max(rotateBytes, 2 * state)) return;
    if (this.#output.isSyncing) return;
    const rotated = this.#segments.rotate(snapshot());
    if (!rotated.ok) this.#output.fail(rotated.error);
    this.#openingBytes = this.#output.fileBytes;
  }

  /** Marks the recording as whole and lets it go. Closing twice is harmless. */
  async close(): Promise<Result<void>> {
    if (this.#output.isClosed) return ok();
    await this.#output.settle();
    let closed: Result<void> = this.#seal() ? ok() : this.#output.refused();
    if (closed.ok) {
      this.#output.emit(BlockType.End, 0, 0, this.lastLsn + 1, EMPTY_BYTES);
      closed = this.#output.endFile(this.#durability !== "none");
    }
    this.#release();
    return closed;
  }

  #release(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#output.close();
    this.#lock.dispose();
  }
}

const REFUSED = -1;
const TOO_LARGE = -2;
