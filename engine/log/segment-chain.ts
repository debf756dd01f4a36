import { ByteWriter, EMPTY_BYTES } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import { BlockFlag, BlockType } from "./block-format.ts";
import type { BlockOutput } from "./block-output.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import { type LogFileSystem, nodeFileSystem } from "./file-system.ts";
import type { LogWriterOptions } from "./log-options.ts";
import type { RecordStamp } from "./record-stamp.ts";
import { type SegmentSet, segmentPath } from "./segment-names.ts";

/** The files of a recording that is being written: begins the next one when the present one is full, drops the oldest. */
export class SegmentChain {
  readonly #path: string;
  readonly #set: SegmentSet;
  readonly #output: BlockOutput;
  readonly #time: RecordStamp;
  readonly #options: LogWriterOptions;
  readonly #fs: LogFileSystem;
  /** Numbers of the segments that are kept, oldest first. */
  #numbers: number[] = [0];

  constructor(
    path: string,
    set: SegmentSet,
    output: BlockOutput,
    time: RecordStamp,
    options: LogWriterOptions,
  ) {
    this.#path = path;
    this.#time = time;
    this.#set = set;
    this.#output = output;
    this.#options = options;
    this.#fs = options.fileSystem ?? nodeFileSystem;
  }

  /** Goes on where another writer stopped. */
  adopt(numbers: readonly number[]): void {
    this.#numbers = [...numbers];
  }

  /** The block that a segment begins with. */
  writeHeader(): void {
    const createdNs = this.#time.takeNs();
    const payload = new ByteWriter(64).u32(this.#output.segment).u64(createdNs).text("mmsb").finish();
    this.#output.emit(BlockType.SegmentHeader, 0, 0, this.#output.lastLsn + 1, payload);
  }

  /** Closes the segment and begins the next one with the whole state. */
  rotate(content: CheckpointContent): Result<void> {
    const output = this.#output;
    output.emit(BlockType.End, BlockFlag.SegmentFollows, 0, output.lastLsn + 1, EMPTY_BYTES);
    // At every durability: a later sync reaches the next file only, and may not promise what stands in this one.
    const synced = output.endFile(true);
    if (!synced.ok) return synced;
    const next = this.#fs.open(segmentPath(this.#set, this.#path, output.segment + 1), "create");
    if (!next.ok) return next;
    output.moveTo(next.value);
    this.#numbers.push(output.segment);
    this.writeHeader();
    if (output.writeCheckpoint(content, output.lastLsn, this.#time.takeNs()) < 0) return output.refused();
    const written = this.#options.durability === "none" ? output.flush() : output.sync();
    if (!written.ok) return written;
    const named = this.#fs.syncFolder(this.#set.folder);
    return named.ok ? this.#dropOldest() : named;
  }

  #dropOldest(): Result<void> {
    const keep = this.#options.keepSegments;
    while (keep !== undefined && this.#numbers.length > Math.max(1, keep)) {
      const oldest = this.#numbers.shift()!;
      const removed = this.#fs.remove(segmentPath(this.#set, this.#path, oldest));
      if (!removed.ok && removed.error.code !== "LOG_NOT_FOUND") return removed;
      // One by one, so that after a crash no segment is missing between two others.
      const synced = this.#fs.syncFolder(this.#set.folder);
      if (!synced.ok) return synced;
    }
    return ok();
  }
}
