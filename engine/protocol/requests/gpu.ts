import { LIMITS } from "../limits.ts";
import { count, lsn, recordingHandle, timeNs, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";
import { viewport } from "./timeline.ts";

/** Which way a copy went; `copyBytes` and `copyNs` have one row for each, in this order. */
export const GPU_DIRECTIONS = [
  "host-to-device",
  "device-to-host",
  "device-to-device",
  "host-to-host",
] as const;

/** What a recording tells of its devices as a whole. */
const gpuTotals = z.object({
  allocations: count,
  frees: count,
  copies: count,
  launches: count,
  samples: count,
  /** Rows of statistics that nobody took in time: they are in no record. */
  droppedRows: count,
  /** Events beyond the two million that are kept. */
  omitted: count,
});

/** Device memory by page type, launches and copies over the pixel columns of a viewport. Matrices are row-major: row × `columns` + column. */
export const viewGpu = defineRequest({
  params: z.strictObject(viewport),
  result: z.object({
    columns: count,
    totals: gpuTotals,
    /** Rows of `held`: the page types that took most, in order of first appearance, then the others (`pageType` null); `pageType` -1: memory of no page. */
    types: z.array(z.object({ label: z.string(), pageType: z.int().min(-1).nullable() })),
    /** Rows of `launches` and `launchNs`: the kernels that took longest, then the others as one. */
    kernels: z.array(z.string()),
    /** Everything up to here was looked at. */
    gatheredLsn: lsn,
  }),
  columns: {
    /**
     * Bytes of pages by type, at the moment of the column at which they are most in all: after one of its allocations or frees, or as they were before it.
     * On the axis `time` an event stands where it was queued, on `lsn` at its record.
     */
    held: "f64",
    /** What the pools had reserved, by the last sample up to the column's end; -1 = none yet. */
    reserved: "f64",
    /** Launches, and nanoseconds on the device, by kernel. */
    launches: "u32",
    launchNs: "f64",
    /** Bytes copied, and nanoseconds, by {@link GPU_DIRECTIONS}. */
    copyBytes: "f64",
    copyNs: "f64",
  },
});

const poolAt = z.object({
  pool: z.string(),
  usedBytes: count,
  reservedBytes: count,
  peakUsedBytes: count,
  peakReservedBytes: count,
  freeBytes: count,
  largestFreeBytes: count,
  pages: count,
  /** Used runs closer than this are told as one; 0 = all are told. */
  gapBytes: count,
});

/** How the devices stood at an LSN: the last sample, memory by page type, and what was done up to then. */
export const gpuAt = defineRequest({
  params: z.strictObject({ recording: recordingHandle, lsn }),
  result: z.object({
    sample: z
      .object({
        lsn,
        timeNs,
        pools: z.array(poolAt),
        card: z.object({
          freeBytes: count,
          totalBytes: count,
          utilizationPercent: count.nullable(),
          temperatureCelsius: count.nullable(),
          powerMilliwatts: count.nullable(),
        }),
      })
      .nullable(),
    /** Most bytes first; `pageType` -1: memory of no page. */
    types: z.array(z.object({ label: z.string(), pageType: z.int().min(-1), bytes: count })),
    /** Most time first. `firstLsn` and `lastLsn`: records of the first and the last one up to the LSN. */
    kernels: z.array(
      z.object({
        kernel: z.string(),
        launches: count,
        bytes: count,
        durationNs: count,
        firstLsn: lsn,
        lastLsn: lsn,
      }),
    ),
    copies: z.array(
      z.object({
        direction: z.enum(GPU_DIRECTIONS),
        copies: count,
        prefetches: count,
        bytes: count,
        durationNs: count,
        lastLsn: lsn,
      }),
    ),
  }),
  columns: {
    /** Arenas of the sample: index into `pools`, number and bytes. */
    arenaPool: "u8",
    arenaNumber: "f64",
    arenaBytes: "f64",
    /** Runs in use: index of the arena above, first byte, bytes. */
    runArena: "u32",
    runOffset: "f64",
    runBytes: "f64",
  },
});

/** Pages whose device memory was never given back, as a window. */
export const gpuLeaks = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    order: z.enum(["bytes", "allocated", "id"]),
    offset: count,
    limit: z.int().min(1).max(LIMITS.windowRows),
  }),
  result: z.object({
    offset: count,
    total: count,
    totalBytes: u64,
    /** The session let its device go, and told them; otherwise they are those that are held at the recording's end. */
    isStopped: z.boolean(),
    droppedRows: count,
    /** Pages that the session counted and did not list. */
    unlisted: count,
  }),
  columns: {
    page: "u64",
    /** Index into `RecordingInfo.pageTypes`; 0xffffffff = unknown. */
    pageType: "u32",
    bytes: "f64",
    /** 0 cpu, 1 gpu, 2 unified. */
    location: "u8",
    /** Record of its allocation, and when it was asked for; 0 = not told. */
    allocatedLsn: "f64",
    allocatedTimeNs: "u64",
  },
});
