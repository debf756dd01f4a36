import { join } from "node:path";
import { assert } from "../base/assert.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import { BlockBuffer } from "./block-buffer.ts";
import { decodeRecords, type OverflowDescriptor } from "./block-decoder.ts";
import {
  BLOCK_HEADER_BYTES,
  BlockCheck,
  BlockHeader,
  isFullChunk,
  MAX_BLOCK_BYTES,
  MAX_PAYLOAD_BYTES,
  parseBlock,
} from "./block-format.ts";
import { scanBlocks } from "./block-scan.ts";
import { ChunkReader } from "./checkpoint-reader.ts";
import { type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import { LogScan } from "./log-scan.ts";
import { type LogSegment, newSegment } from "./log-segment.ts";
import type { RecordBatch } from "./record-batch.ts";
import type { CheckpointImage, CheckpointRef, Damage, Known, LsnGap, RecordSource } from "./record-source.ts";
import { encodeDirectory, type SavedDirectory } from "./saved-directory.ts";
import { segmentSetOf, segmentsIn } from "./segment-names.ts";

export interface LogReaderOptions {
  readonly fileSystem?: LogFileSystem;
  /** What an earlier reader found: where it still fits, no block is walked. */
  readonly known?: Known<SavedDirectory> | undefined;
}

export interface ScanProgress {
  readonly doneBytes: number;
  readonly totalBytes: number;
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

/**
 * A recording of our own format. Opening walks every block once and checks every checksum (about 1 GiB in half a second from memory),
 * unless it is told what was found before; afterwards any block is one positioned read, checked again.
 */
export class LogReader implements RecordSource {
  readonly path: string;
  readonly format = "mmsb" as const;
  readonly formatVersion = 1;
  readonly #fs: LogFileSystem;
  readonly #scan = new LogScan();
  readonly #bySegment = new Map<number, LogSegment>();
  readonly #header = new BlockHeader();
  readonly #overflowHeader = new BlockHeader();
  #known: Known<SavedDirectory> | undefined;

  private constructor(path: string, fs: LogFileSystem) {
    this.path = path;
    this.#fs = fs;
  }

  /** Opens the set that `path` belongs to. Fails only where no sound block is to be found at all. */
  static open(path: string, options: LogReaderOptions = {}): Result<LogReader> {
    return finish(LogReader.opening(path, options));
  }

  /** The same in slices of about a millisecond; dropping the generator cancels. */
  static *opening(path: string, options: LogReaderOptions = {}): Generator<ScanProgress, Result<LogReader>> {
    const reader = new LogReader(path, options.fileSystem ?? nodeFileSystem);
    let isOpen = false;
    try {
      const opened = yield* reader.#open(options.known);
      isOpen = opened.ok;
      return opened.ok ? ok(reader) : opened;
    } finally {
      if (!isOpen) reader.close();
    }
  }

  *#open(known: Known<SavedDirectory> | undefined): Generator<ScanProgress, Result<void>> {
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
    let totalBytes = 0;
    for (const [i, member] of members.entries()) {
      const added = this.#addSegment(join(set.folder, member.name), member.segment);
      // a bounded recording may have dropped its oldest segments since they were listed
      if (
        !added.ok &&
        added.error.code === "LOG_NOT_FOUND" &&
        this.#scan.segments.length === 0 &&
        i + 1 < members.length
      )
        continue;
      if (!added.ok) return added;
      const size = added.value.file.size();
      if (!size.ok) return size;
      totalBytes += size.value;
    }
    const { segments } = this.#scan;
    if (known !== undefined && this.#fits(known)) {
      known.found.restore(this.#scan);
      known.found.segments.forEach((was, i) => {
        Object.assign(segments[i]!, was);
      });
      this.#known = known;
      // a writer may have gone on in room that was there already
      return this.#scan.closedByWriter ? ok() : finish(this.#walk(segments.at(-1)!, this.#scan.uuid));
    }
    let doneBytes = 0;
    let uuid: Uint8Array | undefined;
    for (const segment of segments) {
      for (const walking = this.#walk(segment, uuid); ; ) {
        const step = walking.next();
        if (step.done !== true) yield { doneBytes: doneBytes + step.value, totalBytes };
        else if (!step.value.ok) return step.value;
        else break;
      }
      doneBytes += segment.sizeBytes;
      if (segment.endOffset > 0) uuid ??= this.#scan.uuid;
    }
    if (uuid === undefined) return this.#notALog(segments[0]!);
    this.#scan.finish();
    return ok();
  }

  #addSegment(path: string, number: number): Result<LogSegment> {
    const file = this.#fs.open(path, "read");
    if (!file.ok) return file;
    const segment = newSegment(path, number, file.value);
    this.#scan.segments.push(segment);
    this.#bySegment.set(number, segment);
    return ok(segment);
  }

  #notALog(segment: LogSegment): Result<never> {
    const place = { path: segment.path, offset: 0 };
    const damage = this.#scan.damage.find(
      (found) => found.error.code === "LOG_VERSION" || found.error.code === "LOG_TRUNCATED",
    );
    if (damage !== undefined) return err(damage.error);
    if (segment.sizeBytes === 0)
      return fail("LOG_EMPTY", "the file is empty", "Nothing was ever recorded in it", place);
    return fail(
      "LOG_NOT_A_LOG",
      "no part of this file is an MMSB recording",
      "Check that it is the right file",
      place,
    );
  }

  *#walk(segment: LogSegment, uuid: Uint8Array | undefined): Generator<number, Result<void>> {
    const scan = this.#scan;
    scan.begin(segment);
    const scanned = yield* scanBlocks(segment.file, uuid, segment.endOffset, {
      block: (header, offset, bytes, at) => scan.block(segment, header, offset, bytes, at),
      damage: (found, isTail) => scan.lose(found, isTail),
    });
    if (!scanned.ok) return scanned;
    scan.end(segment, scanned.value);
    return ok();
  }

  /** Whether the files are still those that were walked: the same set of the same lengths, not written to since, and the same last block. */
  #fits({ found: directory, writtenNs }: Known<SavedDirectory>): boolean {
    const { segments } = this.#scan;
    if (directory.segments.length !== segments.length) return false;
    for (const [i, segment] of segments.entries()) {
      const was = directory.segments[i]!;
      const size = segment.file.size();
      const modifiedNs = segment.file.modifiedNs();
      if (segment.number !== was.number || !size.ok || size.value !== was.sizeBytes) return false;
      if (!modifiedNs.ok || modifiedNs.value >= writtenNs) return false;
    }
    const { lastBlock } = directory;
    const segment = this.#bySegment.get(lastBlock.segment);
    if (segment === undefined) return false;
    const read = segment.file.read(SCRATCH.u8, lastBlock.offset);
    if (!read.ok) return false;
    const check = parseBlock(SCRATCH.u8, 0, read.value, directory.uuid, this.#header);
    return check === BlockCheck.Valid && this.#header.crc === lastBlock.crc;
  }

  get uuid(): Uint8Array {
    return this.#scan.uuid;
  }

  get fileBytes(): number {
    return this.#scan.segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  get lastBlockCrc(): number {
    return this.#scan.lastBlock.crc;
  }

  get closed(): boolean {
    return this.#scan.closedByWriter;
  }

  get complete(): boolean {
    const { damage, gaps } = this.#scan;
    return this.closed && damage.length === 0 && gaps.length === 0;
  }

  get firstLsn(): number {
    return this.#scan.firstLsn;
  }

  get lastLsn(): number {
    const last = this.#scan.directory.count - 1;
    return last < 0 ? this.#scan.firstLsn - 1 : this.blockFirstLsn(last) + this.blockRecordCount(last) - 1;
  }

  get committedLsn(): number {
    return this.#scan.committedLsn;
  }

  get damage(): readonly Damage[] {
    return this.#scan.damage;
  }

  get gaps(): readonly LsnGap[] {
    return this.#scan.gaps;
  }

  get checkpoints(): readonly CheckpointRef[] {
    return this.#scan.checkpoints;
  }

  get blockCount(): number {
    return this.#scan.directory.count;
  }

  blockFirstLsn(block: number): number {
    return this.#scan.directory.firstLsn.at(block);
  }

  blockRecordCount(block: number): number {
    return this.#scan.directory.recordCount.at(block);
  }

  findBlock(lsn: number): number {
    return this.#scan.directory.find(lsn);
  }

  get tail(): LogTail {
    let index = this.#scan.segments.length - 1;
    while (index > 0 && !this.#scan.segments[index]!.born) index--;
    const last = this.#scan.segments[index]!;
    const unborn = this.#scan.segments.slice(index + 1).map((segment) => segment.path);
    return {
      path: last.path,
      segment: last.number,
      segments: this.#scan.segments.slice(0, index + 1).map((segment) => segment.number),
      endOffset: last.endOffset,
      nextSequence: last.nextSequence,
      openTransactionLsn: this.#scan.openTransactionLsn,
      lastTimestampNs: this.#scan.lastTimestampNs,
      unborn,
      isTail: (damage) => damage === last.tailDamage || unborn.includes(damage.path),
    };
  }

  readBlock(block: number, into: RecordBatch): Result<void> {
    const loaded = this.loadBlock(block, into);
    return loaded.ok ? this.decodeBlock(into) : loaded;
  }

  loadBlock(block: number, into: RecordBatch): Result<void> {
    into.room ??= new BlockBuffer();
    into.header ??= new BlockHeader();
    const { segment, offset, lengthBytes } = this.#scan.directory;
    return this.#load(
      segment.at(block),
      offset.at(block),
      into.room,
      into.header,
      into.room.u8.subarray(0, lengthBytes.at(block)),
    );
  }

  decodeBlock(into: RecordBatch): Result<void> {
    assert(into.room !== undefined && into.header !== undefined, "a block was loaded into the batch");
    return decodeRecords(into.room, into.header, into, (descriptor, lsn) =>
      this.#readOverflow(descriptor, lsn),
    );
  }

  /** Reads and checks the block at a place that was sound when the file was opened. `into`: as much of the buffer as the block takes, where that is known. */
  #load(
    segmentNumber: number,
    offset: number,
    buffer: BlockBuffer,
    header: BlockHeader = this.#header,
    into = buffer.u8,
  ): Result<void> {
    const segment = this.#bySegment.get(segmentNumber)!;
    const read = segment.file.read(into, offset);
    if (!read.ok) return read;
    const check = parseBlock(buffer.u8, 0, read.value, this.#scan.uuid, header);
    if (check === BlockCheck.Valid) return ok();
    this.#known?.refuted();
    this.#known = undefined;
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
    const first = this.#scan.directory.findOverflow(firstSequence);
    const lost = () =>
      fail(
        "LOG_RECORDS_LOST",
        "the body of a record was lost with the blocks that held it",
        "'mmsb recover' keeps the other records",
        { lsn },
      );
    // The blocks must be there before memory is taken for what they hold.
    if (blocks > 0 && first < 0) return lost();
    if (blocks > 0 && this.#scan.directory.findOverflow(firstSequence + blocks - 1) !== first + blocks - 1)
      return lost();
    const contentBytes = bodyBytes + metaBytes + sourceBytes;
    const span =
      blocks === 0
        ? 0
        : this.#scan.directory.overflowOffset.at(first + blocks - 1) -
          this.#scan.directory.overflowOffset.at(first) +
          MAX_PAYLOAD_BYTES;
    if (contentBytes > span) return lost();
    const header = this.#overflowHeader;
    const content = new Uint8Array(contentBytes);
    let at = 0;
    for (let i = 0; i < blocks; i++) {
      const row = first + i;
      const loaded = this.#load(
        this.#scan.directory.overflowSegment.at(row),
        this.#scan.directory.overflowOffset.at(row),
        SCRATCH,
        header,
      );
      if (!loaded.ok) return loaded;
      if (header.firstLsn !== lsn || at + header.payloadBytes > content.length) return lost();
      content.set(SCRATCH.u8.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + header.payloadBytes), at);
      at += header.payloadBytes;
    }
    return at === content.length ? ok(content) : lost();
  }

  loadCheckpoint(ref: CheckpointRef): Result<CheckpointImage> {
    const chunks = this.#scan.chunks.get(ref);
    if (chunks === undefined) {
      return fail(
        "CHECKPOINT_NOT_FOUND",
        "this recording has no such checkpoint",
        "Choose one of those it lists",
        { lsn: ref.lsn },
      );
    }
    this.#chunkReader ??= new ChunkReader(
      this.path,
      (segment, offset, buffer) => {
        const loaded = this.#load(segment, offset, buffer);
        return loaded.ok ? ok(this.#header.payloadBytes) : loaded;
      },
      (segment, offset, parts) => {
        const read = this.#bySegment.get(segment)!.file.readParts?.(parts, offset);
        return read?.ok === true && read.value === MAX_BLOCK_BYTES && isFullChunk(parts, this.#scan.uuid);
      },
    );
    return this.#chunkReader.image(ref, chunks);
  }

  /** Made when the first checkpoint is read. */
  #chunkReader: ChunkReader | undefined;

  /** A torn end may be a block that is still being written: it is looked at again each time. */
  refresh(): Result<boolean> {
    const { segments, damage, nextSequence } = this.#scan;
    const last = segments.at(-1)!;
    if (last.tailDamage !== undefined) damage.splice(damage.indexOf(last.tailDamage), 1);
    const walked = finish(this.#walk(last, this.#scan.uuid));
    if (!walked.ok) return walked;
    const set = segmentSetOf(this.path);
    const names = this.#fs.list(set.folder);
    if (!names.ok) return names;
    for (const member of segmentsIn(names.value, set)) {
      if (member.segment <= segments.at(-1)!.number) continue;
      // what was written into the one before it since the look at its end
      const again = finish(this.#walk(segments.at(-1)!, this.#scan.uuid));
      if (!again.ok) return again;
      const segment = this.#addSegment(join(set.folder, member.name), member.segment);
      if (!segment.ok) return segment;
      const next = finish(this.#walk(segment.value, this.#scan.uuid));
      if (!next.ok) return next;
    }
    return ok(this.#scan.nextSequence !== nextSequence);
  }

  savedDirectory(): Uint8Array | undefined {
    return encodeDirectory(this.#scan);
  }

  close(): void {
    for (const segment of this.#scan.segments) segment.file.close();
  }
}

/** Holds one block while it is looked at or an overflowed body is put together: never across two calls. */
const SCRATCH = new BlockBuffer();
