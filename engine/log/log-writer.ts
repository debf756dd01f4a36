import { randomBytes } from "node:crypto";
import { assert } from "../base/assert.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import type { Disposable } from "../base/disposable.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { findAppendPlace, openNew } from "./append-place.ts";
import { BlockType, MAX_BLOCK_BYTES } from "./block-format.ts";
import { BlockOutput } from "./block-output.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import { folderOf, type LogFile, type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import type { Durability, LogWriterOptions } from "./log-options.ts";
import { RecordAppender } from "./record-appender.ts";
import type { RecordBatch } from "./record-batch.ts";
import { encodeCheckpoint, encodeTransactionEnd } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";
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
export class LogWriter extends RecordAppender {
  readonly uuid: Uint8Array;
  readonly path: string;
  readonly #options: LogWriterOptions;
  readonly #lock: Disposable;
  readonly #durability: Durability;
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
    super(new BlockOutput(path, uuid, file), new RecordStamp(options.clock, notBeforeNs));
    this.path = path;
    this.uuid = uuid;
    this.#lock = lock;
    this.#options = options;
    this.#segments = new SegmentChain(path, set, this.output, this.time, options);
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
    writer.builder.firstLsn = options.firstLsn ?? 1;
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
    writer.output.fileOffset = tail.endOffset;
    writer.output.segment = tail.segment;
    writer.#segments.adopt(tail.segments);
    writer.output.sequence = tail.nextSequence;
    writer.builder.firstLsn = reader.lastLsn + 1;
    writer.output.openTransactionLsn = tail.openTransactionLsn;
    return ok(writer);
  }

  get failure(): MmsbError | undefined {
    return this.output.failure;
  }

  /** LSN of the last record appended (which need not be written yet); 0 = none. */
  get lastLsn(): number {
    return this.output.lastLsn;
  }

  get openTransactionLsn(): number {
    return this.output.openTransactionLsn;
  }

  get durability(): Durability {
    return this.#durability;
  }

  /** Bytes of the recording so far, those in the buffer included. */
  get sizeBytes(): number {
    return this.output.totalBytes;
  }

  /** {@link RecordAppender.copyRow}, transactions included. */
  appendRow(batch: RecordBatch, from: number, cause: number): number {
    const lsn = this.copyRow(batch, from, cause);
    this.#followTransaction(batch.kind[from]!, lsn);
    return lsn;
  }

  /** Keeps the block's notion of the open transaction right while rows are copied. */
  #followTransaction(kind: number, lsn: number): void {
    if (lsn === 0) return;
    if (kind === RecordKind.TransactionBegin) this.output.openTransactionLsn = lsn;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort)
      this.#endTransaction();
  }

  begin(source = "", cause = 0): number {
    assert(this.output.openTransactionLsn === 0, "transactions do not nest");
    const lsn = this.append(RecordKind.TransactionBegin, { source, cause });
    this.output.openTransactionLsn = lsn;
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
    assert(this.output.openTransactionLsn !== 0 || this.failure !== undefined, "a transaction is open");
    const lsn = this.append(kind, {
      source,
      cause: this.output.openTransactionLsn,
      body: encodeTransactionEnd(this.output.openTransactionLsn),
    });
    if (lsn !== 0) this.#endTransaction();
    return this.failure === undefined ? lsn : 0;
  }

  #endTransaction(): void {
    this.output.seal();
    this.output.openTransactionLsn = 0;
    this.#rotateIfDue();
  }

  /** Writes the present state into the log, then the record that says so. Returns that record's LSN. */
  writeCheckpoint(content: CheckpointContent): Result<number> {
    const lsn = this.lastLsn;
    if (!this.output.seal()) return this.output.refused();
    const streamBytes = this.#writeCheckpointStream(content, lsn);
    if (streamBytes < 0) return this.output.refused();
    const body = encodeCheckpoint({
      lsn,
      baseLsn: content.baseLsn,
      kind: content.kind,
      streamBytes,
      stateHash: content.stateHash,
      structureHash: content.structureHash,
    });
    const recordLsn = this.append(RecordKind.Checkpoint, { body });
    if (recordLsn === 0 || !this.output.seal()) return this.output.refused();
    return ok(recordLsn);
  }

  /** Writes a checkpoint of another recording; the caller copies its record next. False where the writer has failed. */
  copyCheckpointStream(content: CheckpointContent, lsn: number): boolean {
    return this.output.seal() && this.#writeCheckpointStream(content, lsn) >= 0;
  }

  /** Hands everything appended to the operating system. */
  flush(): Result<void> {
    return this.output.flush();
  }

  /** Everything appended so far is on the medium when it returns. */
  sync(): Result<void> {
    return this.output.sync();
  }

  /** `sync` without blocking: all callers that wait at the same time share one sync (group commit). */
  durable(): Promise<Result<void>> {
    return this.output.durable();
  }

  /** Bytes of the stream, or -1 where the writer has failed. */
  #writeCheckpointStream(content: CheckpointContent, lsn: number): number {
    return this.output.writeCheckpoint(content, lsn, this.time.takeNs());
  }

  /** Nothing waits in memory for longer than the interval. */
  protected override appended(): void {
    if (this.#timer === undefined) this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.output.isClosed || this.failure !== undefined) return;
      if (this.flush().ok && this.#durability !== "none") void this.durable();
    }, this.#options.intervalMs ?? DEFAULT_INTERVAL_MS);
    this.#timer.unref();
  }

  #rotateIfDue(): void {
    const { rotateBytes, snapshot } = this.#options;
    if (rotateBytes === undefined || snapshot === undefined || this.failure !== undefined) return;
    const state = this.#openingBytes > MAX_BLOCK_BYTES ? this.#openingBytes : 0;
    if (this.output.fileBytes < Math.max(rotateBytes, 2 * state)) return;
    if (this.output.isSyncing) return;
    const rotated = this.#segments.rotate(snapshot());
    if (!rotated.ok) this.output.fail(rotated.error);
    this.#openingBytes = this.output.fileBytes;
  }

  /** Marks the recording as whole and lets it go. Closing twice is harmless. */
  async close(): Promise<Result<void>> {
    if (this.output.isClosed) return ok();
    await this.output.settle();
    let closed: Result<void> = this.output.seal() ? ok() : this.output.refused();
    if (closed.ok) {
      this.output.emit(BlockType.End, 0, 0, this.lastLsn + 1, EMPTY_BYTES);
      closed = this.output.endFile(this.#durability !== "none");
    }
    this.#release();
    return closed;
  }

  #release(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.output.close();
    this.#lock.dispose();
  }
}
