import type { Clock } from "../base/clock.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import type { LogFileSystem } from "./file-system.ts";
import type { WriterLock } from "./writer-lock.ts";

/** When a record is safe: never by itself, a short while after, or when its commit returns. */
export type Durability = "none" | "interval" | "commit";

export interface LogWriterOptions {
  /** 16 bytes that name the recording; random unless given. */
  readonly uuid?: Uint8Array;
  readonly clock?: Clock;
  readonly durability?: Durability;
  /** How long a record may wait before it is written (and, at `interval`, synced). */
  readonly intervalMs?: number;
  /**
   * A segment is closed at the first commit after it has this many bytes, and no less of records than of the state that it begins with.
   * Needs `snapshot`.
   */
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
