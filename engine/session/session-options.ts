import type { Clock } from "../base/clock.ts";
import type { MmsbError } from "../base/errors.ts";
import type { JsonValue } from "../base/json.ts";
import type { DeviceBackend } from "../device/device-backend.ts";
import type { DeviceUsage } from "../device/device-usage.ts";
import type { EventHandler } from "../events/event-subscription.ts";
import type { WorkerPoolOptions } from "../graph/workers/worker-pool.ts";
import type { LogFileSystem } from "../log/file-system.ts";
import type { WriterLock } from "../log/writer-lock.ts";
import type { PageTableOptions } from "../pages/page-table.ts";
import type { PageMetadata } from "../pages/page-types.ts";

export interface SessionOptions {
  /** The recording: `x.tlog`. A new one, unless `reopen` says otherwise; a file that exists is never overwritten. */
  readonly path: string;
  /** Go on with a recording that exists, from its last finished transaction. */
  readonly reopen?: boolean;
  /**
   * What a finished transaction is worth: `none` (the operating system writes when it likes), `interval` (synced every `intervalMs`) or
   * `commit` (`durable` says when it is on the medium). Default `interval`.
   */
  readonly durability?: "none" | "interval" | "commit";
  readonly intervalMs?: number;
  /** Begin another file of the recording after this many bytes, with a full checkpoint; where the state is larger, after as much of records. */
  readonly rotateBytes?: number;
  /** With `rotateBytes`: files kept; older ones are dropped whole. */
  readonly keepSegments?: number;
  /** Kept in the recording's SessionStart record. */
  readonly metadata?: PageMetadata;
  readonly memory?: PageTableOptions;
  /** Recomputes that one wave may run at most; a transaction whose wave would run more is taken back (WAVE_BUDGET). Default: no bound. */
  readonly waveBudget?: number;
  /**
   * Threads on which functions that stand in modules are run, level by level (docs/Propagation.md): a number from 2 on, or the pool's options; 0 and 1, the default, for none. They
   * change how long a wave takes, and nothing that it does.
   */
  readonly workers?: number | WorkerPoolOptions;
  /** With the same clock, uuid and calls, a session writes the same bytes. */
  readonly clock?: Clock;
  /** 16 bytes that name the recording. */
  readonly uuid?: Uint8Array;
  readonly events?: SessionEventOptions;
  readonly fileSystem?: LogFileSystem;
  readonly lock?: WriterLock;
  /** Where pages of location gpu and unified live (`openDevice`); it is the session's from here on. Without one they live on the CPU. */
  readonly device?: DeviceBackend;
  /** What a batch of built-in kernels reads for each launch at least to run on the device, where all its pages live there. Default 32 KiB; the results are the same. */
  readonly minDeviceKernelBytes?: number;
  /** What the device does is written into the recording, as events (default). False: only where `session.device.recordEvents` is called. */
  readonly recordDeviceEvents?: boolean;
}

/** Who changes something and why; all of it is optional. */
export interface ChangeOptions {
  readonly source?: string;
  /** LSN of the record that led to this change. */
  readonly cause?: number;
}

/** Who tells an event and why, and which page it concerns. */
export interface EventOptions extends ChangeOptions {
  readonly pageId?: bigint;
}

export interface SessionEventOptions {
  /** Hears of everything from the first record on, which `session.events` comes too late for. */
  readonly onEvent?: EventHandler;
  /**
   * Hears of handlers that threw (EVENT_HANDLER_FAILED) and of events that were not delivered (LIMIT_EXCEEDED). Without it they are warnings of the
   * process.
   */
  readonly onTrouble?: (error: MmsbError) => void;
  /** Events that may wait for the end of a transaction; those beyond are not delivered. Default 262 144. */
  readonly maxWaiting?: number;
  /** Seed of the chance by which events are sampled. */
  readonly seed?: number;
}

export interface WriteOptions extends ChangeOptions {
  /** What the writer meant by it. */
  readonly metadata?: JsonValue;
  /** The bytes were computed from other pages, not written by the program itself. */
  readonly derived?: boolean;
}

export interface SessionStats {
  readonly path: string;
  readonly lastLsn: number;
  readonly pages: number;
  readonly edges: number;
  /** Bytes of all pages, and of the arenas that hold them. */
  readonly usedBytes: number;
  readonly reservedBytes: number;
  /** Written by this session. */
  readonly deltas: number;
  /** Records of kind event: marks, messages, waves and the like. */
  readonly events: number;
  readonly checkpoints: number;
  readonly readOnly: boolean;
  /** Where the session has one that answers: its pools, copies and launches, the card's own figures, its pages by type. */
  readonly device?: DeviceUsage;
}

export interface RegisterOptions extends ChangeOptions {
  /** For a page: pages that it is computed from; data edges from them are added in the same transaction. */
  readonly inputs?: readonly bigint[];
}
