import type { MmsbError } from "../base/errors.ts";
import { ok, type Result } from "../base/result.ts";
import type { Edge, PageDescriptor } from "../pages/page-types.ts";
import type { RecordBatch } from "./record-batch.ts";
import type { StandingRegistration } from "./registration.ts";

export type RecordingFormat = "mmsb" | "mmsblog1";

/** Something wrong with a file, and what it cost. */
export interface Damage {
  readonly error: MmsbError;
  /** Byte offset in the file concerned where the damage begins. */
  readonly offset: number;
  readonly path: string;
  /** Bytes that could not be read because of it. */
  readonly lostBytes: number;
  /** LSN of the last good record before it. */
  readonly afterLsn: number;
}

/** LSNs (from, to inclusive) that are missing between two readable blocks. */
export interface LsnGap {
  readonly fromLsn: number;
  readonly toLsn: number;
}

export interface CheckpointRef {
  /** The state in it is the state after this record. */
  readonly lsn: number;
  readonly kind: "full" | "dirty";
  /** For a dirty one: the LSN of the checkpoint that it builds upon. */
  readonly baseLsn: number;
  /** LSN of its `Checkpoint` record; 0 where there is none (genesis, start of a segment). */
  readonly recordLsn: number;
  readonly stateHash: Uint8Array;
  readonly structureHash: Uint8Array;
  /** Bytes of page content in it. */
  readonly sizeBytes: number;
}

/** A checkpoint, read page by page so that it need not fit in memory. */
export interface CheckpointImage {
  readonly ref: CheckpointRef;
  /** In id order. A dirty one lists only the pages changed (or created) since its base. */
  readonly pages: readonly PageDescriptor[];
  /** Ids of the pages destroyed since the base (dirty only). */
  readonly destroyed: readonly bigint[];
  /** The whole edge set, sorted. */
  readonly edges: readonly Edge[];
  /** Who computes what, as far as the checkpoint tells: those of format version 1 tell of none. */
  readonly registrations: readonly StandingRegistration[];
  /** Fills `out` (exactly the page's size) with the bytes of `pages[index]`. */
  readPage(index: number, out: Uint8Array): Result<void>;
  /** The same for the pages from `first` on, one for each of `outs`, in less time. After an error anything may stand in them. */
  readPages?(first: number, outs: readonly Uint8Array[]): Result<void>;
}

/** Fills `outs` with the bytes of the pages from `first` on. After an error anything may stand in them. */
export function readPages(image: CheckpointImage, first: number, outs: readonly Uint8Array[]): Result<void> {
  if (image.readPages !== undefined) return image.readPages(first, outs);
  for (let i = 0; i < outs.length; i++) {
    const read = image.readPage(first + i, outs[i]!);
    if (!read.ok) return read;
  }
  return ok();
}

/** What an earlier reader found ({@link RecordSource.savedDirectory}), as an index kept it: where it still fits, the file need not be gone over. */
export interface Known<T> {
  readonly found: T;
  /** When that was written down (nanoseconds since the epoch, by the file system's clock): it says nothing of a file written to since. */
  readonly writtenNs: bigint;
  /** Called when a block is not what it was then after all: nobody should rely on it any longer. */
  refuted(): void;
}

/**
 * Records in LSN order, block by block, whatever the file format. Index, replay, server and command line know recordings only
 * through this. All reads are synchronous and cost one block (≤ 64 KiB) each.
 */
export interface RecordSource {
  readonly path: string;
  readonly format: RecordingFormat;
  readonly formatVersion: number;
  /** 16 bytes that name the recording. A foreign log has none: the first 16 bytes of the SHA-256 of its content. */
  readonly uuid: Uint8Array;
  /** Bytes of all its files. */
  readonly fileBytes: number;
  /** CRC32C of the last good block: with uuid and length it tells whether an index still fits. */
  readonly lastBlockCrc: number;
  /** The writer closed it and nothing is damaged. */
  readonly complete: boolean;
  /** The writer closed it: nothing comes any more, whether or not something is damaged. */
  readonly closed: boolean;
  /** First and last readable LSN; `lastLsn` = `firstLsn` - 1 where there is no record. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** LSN of the last record that is not part of an unfinished transaction: where the final state stands. */
  readonly committedLsn: number;
  readonly damage: readonly Damage[];
  readonly gaps: readonly LsnGap[];
  /** In LSN order; the first is the genesis state (or the full checkpoint that the oldest kept segment begins with). */
  readonly checkpoints: readonly CheckpointRef[];

  readonly blockCount: number;
  blockFirstLsn(block: number): number;
  blockRecordCount(block: number): number;
  /** The block that holds `lsn`, or -1. O(log blocks). */
  findBlock(lsn: number): number;
  readBlock(block: number, into: RecordBatch): Result<void>;
  /**
   * The two halves of {@link readBlock}, where blocks are those of our own format: into `room` and `header` of the batch, checked and not
   * decoded; and from there into its columns.
   */
  loadBlock?(block: number, into: RecordBatch): Result<void>;
  decodeBlock?(into: RecordBatch): Result<void>;
  loadCheckpoint(ref: CheckpointRef): Result<CheckpointImage>;
  /** Looks for blocks written since; true where there are new ones. */
  refresh(): Result<boolean>;
  /**
   * What opening found out, for an index to keep, so that the next reader need not look at all of the file; undefined where it could not
   * be relied on. Means something to this format only.
   */
  savedDirectory?(): Uint8Array | undefined;
  close(): void;
}

/** The checkpoint that the recording's first record follows on. */
export function baseOf(source: RecordSource): CheckpointRef | undefined {
  const first = source.checkpoints[0];
  return first?.kind === "full" && first.lsn === Math.max(0, source.firstLsn - 1) ? first : undefined;
}
