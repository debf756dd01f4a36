import type { Disposable } from "../base/disposable.ts";
import type { MmsbError } from "../base/errors.ts";
import type { Result } from "../base/result.ts";
import type { ArenaMap } from "./arena-map.ts";
import type { DeviceEventRow } from "./device-events.ts";
import type { DeviceMemory, MemoryAdvice } from "./device-memory.ts";
import type { KernelBatch } from "./kernel-batch.ts";

export interface DeviceDescription {
  readonly name: string;
  readonly totalBytes: number;
  readonly multiprocessors: number;
  /** "9.0"; "" where there is no card. */
  readonly compute: string;
}

/** One pool of page memory, in bytes. */
export interface PoolStats {
  readonly usedBytes: number;
  readonly reservedBytes: number;
  readonly peakUsedBytes: number;
  readonly peakReservedBytes: number;
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
  readonly arenas: number;
  readonly pages: number;
}

export interface BackendStats {
  readonly device: PoolStats;
  readonly unified: PoolStats;
  readonly registeredBytes: number;
  readonly launches: number;
  readonly copies: number;
  readonly allocations: number;
  readonly frees: number;
  readonly bytesToDevice: number;
  readonly bytesToHost: number;
  /** Rows of statistics that nobody took in time. */
  readonly eventsDropped: number;
  /** Of the whole card; 0 where there is none. */
  readonly cardFreeBytes: number;
  readonly cardTotalBytes: number;
  /** From the driver's management library; undefined where it is not there. */
  readonly utilizationPercent: number | undefined;
  readonly temperatureCelsius: number | undefined;
  readonly powerMilliwatts: number | undefined;
}

/** Runs of bytes for pages, in columns; row r writes `payload[payloadAt[r] ..]` of `length[r]` bytes at `offset[r]` of its page. */
export interface ApplyRows {
  readonly page: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
  readonly payloadAt: Uint32Array;
  readonly count: number;
  readonly payload: Uint8Array;
  readonly payloadBytes: number;
}

/** Ranges of pages, in columns. */
export interface PageRanges {
  readonly page: Uint32Array;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
  readonly count: number;
}

/** Where two lists of pages differ: pair p has the runs `runStart[p] .. runStart[p + 1]`. */
export interface PageDiff {
  readonly runStart: Uint32Array;
  readonly runOffset: Uint32Array;
  readonly runLength: Uint32Array;
}

/**
 * A device that holds pages and works on them: a GPU, or the CPU doing the same. Pages are named by handles, which are used again after a page
 * is freed. Work is queued in the order of the calls; a call that returns bytes waits for what it depends on. Errors: ARGUMENT_INVALID where a
 * call makes no sense (nothing was done), DEVICE_OUT_OF_MEMORY, DEVICE_FAILED with the operation and the device's own code. After a failure
 * that costs the device its context, `failure` is set and every call fails with DEVICE_FAILED.
 */
export interface DeviceBackend extends Disposable {
  readonly name: "cuda" | "cpu";
  readonly description: DeviceDescription;
  readonly failure: MmsbError | undefined;

  /** `host` is the memory of a registered page, inside a registration and on 16 bytes. Other new pages are zero. */
  createPage(memory: DeviceMemory, id: bigint, sizeBytes: number, host?: Uint8Array): Result<number>;
  freePage(handle: number): Result<void>;
  /** To device or unified memory, with its bytes and handle. */
  migratePage(handle: number, memory: DeviceMemory): Result<void>;
  /**
   * The one buffer of a unified or registered page, valid until the page is freed or moved; waits for the device. Undefined where this process
   * may not see it (Electron): read and write instead.
   */
  view(handle: number): Result<Uint8Array | undefined>;
  prefetch(handle: number, toDevice: boolean): Result<void>;
  advise(handle: number, advice: MemoryAdvice): Result<void>;
  /** Lets the device reach host memory in place, and copy from and to it directly. */
  registerHost(bytes: Uint8Array): Result<void>;
  unregisterHost(bytes: Uint8Array): Result<void>;

  write(handle: number, offset: number, bytes: Uint8Array): Result<void>;
  read(handle: number, offset: number, into: Uint8Array): Result<void>;
  synchronize(): Result<void>;

  zero(page: Uint32Array, count: number): Result<void>;
  /** Pages of equal size; no destination twice, none among the sources. */
  clone(from: Uint32Array, to: Uint32Array, count: number): Result<void>;
  /** Destinations overlap neither one another nor a source. `from.length` counts. */
  copyRanges(from: PageRanges, to: PageRanges): Result<void>;
  /** Ranges to, and from, the bytes of page `buffer`, one after another from `bufferOffset` on. */
  scatter(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void>;
  gather(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void>;
  /** page = mask ? values : page, byte by byte. `bits`: one bit a flag, else one byte. Masks and values are pages. */
  merge(
    page: Uint32Array,
    mask: Uint32Array,
    values: Uint32Array,
    count: number,
    bits: boolean,
  ): Result<void>;
  /** Cut at a page's end. Rows are in LSN order: where two overlap the later one wins. */
  apply(rows: ApplyRows): Result<void>;
  diff(before: Uint32Array, after: Uint32Array, count: number): Result<PageDiff>;
  crc32c(page: Uint32Array, count: number): Result<Uint32Array>;
  /** 32 bytes a page. */
  sha256(page: Uint32Array, count: number): Result<Uint8Array>;
  /** The graph's recompute kernels; jobs are independent of one another. */
  run(jobs: KernelBatch): Result<void>;

  /** What the rows of statistics name as their cause from now on: an LSN. */
  setCause(lsn: number): void;
  stats(): Result<BackendStats>;
  /** Every arena of a pool, in the order in which they were reserved, and what of it is in use. */
  arenaMaps(memory: 1 | 2): Result<readonly ArenaMap[]>;
  /** Rows of statistics since the last call, oldest first; those of work the device is still busy with come later. */
  takeEvents(): DeviceEventRow[];
  /** For tests of failure: from here on the device is lost. */
  provokeFault(): Result<void>;
}
