import { accel } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { BlockBuffer } from "./block-buffer.ts";
import { BlockBuilder, type SealFields } from "./block-builder.ts";
import { BLOCK_HEADER_BYTES, BlockFlag, BlockType, MAX_BLOCK_BYTES, sealBlock } from "./block-format.ts";
import { sealBodyRecords } from "./body-block.ts";
import { type BodyRecords, isWorthABlock } from "./body-records.ts";
import {
  CHUNK_BYTES,
  type CheckpointContent,
  encodeCheckpointLists,
  encodeCheckpointTrailer,
} from "./checkpoint-format.ts";
import { type LogFile, MAX_ZERO_BYTES } from "./file-system.ts";
import {
  isWorthANumberBlock,
  type NumberRecords,
  numbersFit,
  sealNumberRecords,
  stageNumbers,
} from "./number-block.ts";

/** Sealed blocks wait for a write until there are this many bytes of them, where the file has no queue. */
const WRITE_BYTES = 1 << 20;
/** What may be sealed on top before it is looked at. */
const SLACK_BYTES = 4 * MAX_BLOCK_BYTES;
/** A sync of more than this has no zeros written ahead: they would cost as much as they save, and more where the medium is busy. */
const MAX_ZEROED_SYNC_BYTES = 1 << 17;
/** Zeros ahead come in pages of memory. */
const ZERO_UNIT_BYTES = 4096;

/**
 * From staged records to bytes in a file: seals blocks, writes them many at a time (through the file's queue, where it has one: then the caller
 * goes on meanwhile), syncs for many callers at once. What is buffered is bounded: one megabyte, or one chunk more than the queue holds. After
 * the first failed write or sync (`failure`) nothing more is written and the descriptor is not used again.
 */
export class BlockOutput {
  readonly path: string;
  readonly uuid: Uint8Array;
  readonly builder = new BlockBuilder();
  file: LogFile;
  fileOffset = 0;
  segment = 0;
  sequence = 0;
  /** LSN of the TransactionBegin that is open; 0 = none. */
  openTransactionLsn = 0;
  isClosed = false;
  /** Used in turn: the queue may still read those before the present one. */
  readonly #buffers: BlockBuffer[];
  #turn = 0;
  #out: BlockBuffer;
  #outLength = 0;
  #failure: MmsbError | undefined;
  /** Bytes handed on, how many of them are known to be with the operating system, and how many a sync has covered. */
  #handedTotal = 0;
  #writtenTotal = 0;
  #syncedTotal = 0;
  #syncing: Promise<void> | undefined;
  /** Where the zeros ahead end in the present file; below `fileOffset`: there are none. */
  #zeroedTo = 0;
  #hasRoomAhead = true;

  constructor(path: string, uuid: Uint8Array, file: LogFile) {
    this.path = path;
    this.uuid = uuid;
    this.file = file;
    const { queue } = file;
    this.#out = new BlockBuffer(this.#chunkBytes + SLACK_BYTES, queue !== undefined);
    this.#buffers = [this.#out];
  }

  get #chunkBytes(): number {
    return this.file.queue?.chunkBytes ?? WRITE_BYTES;
  }

  get failure(): MmsbError | undefined {
    return this.#failure;
  }

  get lastLsn(): number {
    return this.builder.firstLsn + this.builder.count - 1;
  }

  /** Bytes written and buffered since it was opened. */
  get totalBytes(): number {
    return this.#handedTotal + this.#outLength;
  }

  /** Size of the present file once everything sealed is written. */
  get fileBytes(): number {
    return this.fileOffset + this.#outLength;
  }

  get isSyncing(): boolean {
    return this.#syncing !== undefined;
  }

  /** Turns the staged records into blocks; false where it has failed. */
  seal(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.builder.count === 0) return true;
    this.#outLength = this.builder.seal(this.#out, this.#outLength, this.#sealFields());
    return this.#handOnIfFull();
  }

  #sealFields(): SealFields {
    return {
      uuid: this.uuid,
      segment: this.segment,
      openTransactionLsn: this.openTransactionLsn,
      nextSequence: () => this.sequence++,
    };
  }

  /** Appends the records at this time: many as blocks of their own, few beside what is staged. Stops at a row that the failed writer does not take. */
  appendBodies(records: BodyRecords, time: { readonly lo: number; readonly hi: number }): void {
    const { builder } = this;
    const { lengths, source } = records;
    while (records.row < lengths.length && this.#failure === undefined && !this.isClosed) {
      if (isWorthABlock(records)) {
        if (!this.seal()) return;
        const fields = this.#sealFields();
        const encode = accel.encodeBodyRecords;
        this.#outLength = sealBodyRecords(builder, this.#out, this.#outLength, records, time, fields, encode);
        this.#handOnIfFull();
        continue;
      }
      const isFull = builder.isFullFor(lengths[records.row]!) || builder.sourceIndex(source) < 0;
      if (isFull && !this.seal()) return;
      builder.stageBodies(records, builder.bodiesThatFit(records), time);
    }
  }

  /** Appends the records at this time: many as blocks of their own, few beside what is staged. Returns the row it stopped at, which the failed writer does not take. */
  appendNumbers(records: NumberRecords, time: { readonly lo: number; readonly hi: number }): number {
    const { builder } = this;
    while (records.row < records.to && this.#failure === undefined) {
      if (isWorthANumberBlock(records)) {
        if (!this.seal()) break;
        const fields = this.#sealFields();
        const encode = accel.encodeNumberRecords;
        const at = this.#outLength;
        this.#outLength = sealNumberRecords(builder, this.#out, at, records, time, fields, encode);
        this.#handOnIfFull();
        continue;
      }
      const isFull = !numbersFit(builder, records) || builder.sourceIndex(records.source) < 0;
      if (isFull && !this.seal()) break;
      stageNumbers(builder, records, records.to, time);
    }
    return records.row;
  }

  /** A block with this payload. Staged records are not touched: they come in a later block. */
  emit(type: BlockType, flags: number, count: number, firstLsn: number, payload: Uint8Array): boolean {
    accel.copyBytes(payload, 0, this.#out.u8, this.#outLength + BLOCK_HEADER_BYTES, payload.length);
    return this.#emitInPlace(type, flags, count, firstLsn, payload.length);
  }

  #emitInPlace(
    type: BlockType,
    flags: number,
    count: number,
    firstLsn: number,
    payloadBytes: number,
    fullAt = this.#chunkBytes,
  ): boolean {
    this.#outLength += sealBlock(this.#out.u8, this.#outLength, {
      type,
      flags,
      count,
      uuid: this.uuid,
      firstLsn,
      sequence: this.sequence++,
      openTransactionLsn: this.openTransactionLsn < firstLsn ? this.openTransactionLsn : 0,
      segment: this.segment,
      payloadBytes,
    });
    return this.#handOnIfFull(fullAt);
  }

  /** A whole checkpoint stream. Returns its bytes, or -1 where it has failed. */
  writeCheckpoint(content: CheckpointContent, lsn: number, timestampNs: bigint): number {
    const lists = encodeCheckpointLists(content, lsn, timestampNs);
    const nextLsn = this.lastLsn + 1;
    let ordinal = 0;
    let pending = 0;
    let streamBytes = 0;
    let fine = true;
    // Pieces are collected in the output buffer itself, behind the room for the block's header.
    // It comes faster than a file takes it: the fewer hand-overs, the sooner it is written, so there the buffer is filled to the last block.
    const fullAt = this.#out.u8.length - MAX_BLOCK_BYTES;
    const flushChunk = () => {
      fine = fine && this.#emitInPlace(BlockType.Checkpoint, 0, ordinal++, nextLsn, pending, fullAt);
      pending = 0;
    };
    const add = (bytes: Uint8Array) => {
      streamBytes += bytes.length;
      for (let from = 0; fine && from < bytes.length; ) {
        const count = Math.min(CHUNK_BYTES - pending, bytes.length - from);
        const at = this.#outLength + BLOCK_HEADER_BYTES + pending;
        accel.copyBytes(bytes, from, this.#out.u8, at, count);
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
    fine = fine && this.emit(BlockType.Checkpoint, BlockFlag.LastChunk, ordinal, nextLsn, trailer);
    return fine ? streamBytes : -1;
  }

  /** What goes to a queue ends at a multiple of its chunks; the rest, mostly less than a block, is the beginning of the next buffer. */
  #handOnIfFull(fullAt = this.#chunkBytes): boolean {
    if (this.#outLength < fullAt) return true;
    const { queue } = this.file;
    if (queue === undefined) return this.#writeOut();
    if (this.#failure !== undefined) return false;
    const full = this.#out.u8;
    const end = this.#outLength;
    const cut = end - ((this.fileOffset + end) % queue.chunkBytes);
    const taken = queue.write(full.subarray(0, cut), this.fileOffset);
    if (!taken.ok) return this.fail(taken.error);
    this.#handedOn(cut);
    this.#turn = (this.#turn + 1) % (queue.maxPending + 1);
    this.#out = this.#buffers[this.#turn] ??= new BlockBuffer(full.length, true);
    accel.copyBytes(full, cut, this.#out.u8, 0, end - cut);
    return true;
  }

  #handedOn(bytes: number): void {
    this.fileOffset += bytes;
    this.#handedTotal += bytes;
    this.#outLength -= bytes;
  }

  /** Everything sealed is with the operating system when it returns. */
  #writeOut(): boolean {
    if (this.#failure !== undefined) return false;
    if (this.#writtenTotal < this.#handedTotal) {
      const settled = this.file.queue?.settle();
      if (settled?.ok === false) return this.fail(settled.error);
      this.#writtenTotal = this.#handedTotal;
    }
    if (this.#outLength === 0) return true;
    const written = this.file.write([this.#out.u8.subarray(0, this.#outLength)], this.fileOffset);
    if (!written.ok) return this.fail(written.error);
    this.#handedOn(this.#outLength);
    this.#writtenTotal = this.#handedTotal;
    return true;
  }

  /** From here on everything is refused. */
  fail(error: MmsbError): false {
    this.#failure ??= error;
    return false;
  }

  refused(): { readonly ok: false; readonly error: MmsbError } {
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

  flush(): Result<void> {
    return !this.isClosed && this.seal() && this.#writeOut() ? ok() : this.refused();
  }

  sync(): Result<void> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const covered = this.#writtenTotal;
    const zeroed = this.#zeroAhead();
    if (!zeroed.ok) return zeroed;
    return this.#syncNow(covered);
  }

  #syncNow(covered: number): Result<void> {
    const synced = this.file.sync();
    if (!synced.ok) {
      this.fail(synced.error);
      return synced;
    }
    this.#syncedTotal = Math.max(this.#syncedTotal, covered);
    return ok();
  }

  /**
   * Before a sync: small writes that are synced one by one go where zeros were written and synced before. Such a sync changes neither the file's size nor
   * its place on the medium, which the file system would have to write down each time: one of a block takes half as long. There are as many zeros as
   * bytes in the file, up to a megabyte; readers take them for preallocation (V3). Where they find no room there are none from then on: whether there is
   * room for the blocks, their own write tells.
   */
  #zeroAhead(): Result<void> {
    const bytes = this.#writtenTotal - this.#syncedTotal;
    const ahead = Math.min(MAX_ZERO_BYTES, this.fileOffset - (this.fileOffset % ZERO_UNIT_BYTES));
    const isQueued = this.#writtenTotal < this.#handedTotal;
    const isThere = this.#zeroedTo - this.fileOffset >= bytes;
    const isSmall = bytes <= Math.min(ahead, MAX_ZEROED_SYNC_BYTES);
    if (!this.#hasRoomAhead || !isSmall || isQueued || isThere) return ok();
    const from = Math.max(this.fileOffset, this.#zeroedTo);
    const written = this.file.writeZeros(ahead, from);
    this.#zeroedTo = from + ahead;
    if (written.ok) this.#hasRoomAhead = written.value;
    else this.fail(written.error);
    return written.ok ? ok() : written;
  }

  /** The present file gets no further blocks: everything is written, the zeros ahead are cut off, and, if asked for, all is synced. */
  endFile(isSynced: boolean): Result<void> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    if (this.#zeroedTo > this.fileOffset) {
      const cut = this.file.truncate(this.fileOffset);
      if (!cut.ok) {
        this.fail(cut.error);
        return cut;
      }
    }
    return isSynced ? this.#syncNow(this.#writtenTotal) : ok();
  }

  async durable(): Promise<Result<void>> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const target = this.#writtenTotal;
    while (this.#syncedTotal < target) {
      if (this.#failure !== undefined) return this.refused();
      this.#syncing ??= this.#syncOnce();
      await this.#syncing;
    }
    return ok();
  }

  async #syncOnce(): Promise<void> {
    const covered = this.#writtenTotal;
    const zeroed = this.#zeroAhead();
    const synced = zeroed.ok ? await this.file.syncAsync() : zeroed;
    if (synced.ok) this.#syncedTotal = Math.max(this.#syncedTotal, covered);
    else this.fail(synced.error);
    this.#syncing = undefined;
  }

  /** Waits for a sync under way. */
  async settle(): Promise<void> {
    if (this.#syncing !== undefined) await this.#syncing;
  }

  /** Goes on in the next segment's file. */
  moveTo(file: LogFile): void {
    this.file.close();
    this.file = file;
    this.fileOffset = 0;
    this.#zeroedTo = 0;
    this.#hasRoomAhead = true;
    this.segment++;
  }

  close(): void {
    this.isClosed = true;
    this.file.close();
  }
}
