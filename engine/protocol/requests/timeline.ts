import { LIMITS } from "../limits.ts";
import { count, recordingHandle, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";

/**
 * The part of a recording that a track shows: `columns` pixel columns over [from, to). On the axis `lsn` these are LSNs, on `time`
 * nanoseconds since the Unix epoch. Column c covers [from + c·w, from + (c+1)·w) with w = (to − from) / columns.
 */
export const viewport = {
  recording: recordingHandle,
  axis: z.enum(["lsn", "time"]),
  from: u64,
  to: u64,
  columns: z.int().min(1).max(LIMITS.viewportColumns),
} as const;

/** What the timeline groups record kinds into; `kindDensity` has one row for each, in this order. */
export const KIND_GROUPS = [
  "delta",
  "transaction",
  "event",
  "page",
  "edge",
  "checkpoint",
  "failure",
  "other",
] as const;
export type KindGroup = (typeof KIND_GROUPS)[number];

export const MARK_KINDS = [
  "checkpoint",
  "session-start",
  "session-stop",
  "failure",
  "gap",
  "damage",
] as const;

/** How a wave went: recomputes failed in it, it was cancelled or ran out of its budget, or its end is not there (yet). */
export const WAVE_STATE = ["complete", "failed", "cut-short", "open"] as const;

/**
 * Everything that the timeline's tracks draw for one viewport. Matrices are row-major: row × `columns` + column.
 * While the survey runs (`surveyedLsn` < last), what lies beyond it is estimated from the index or zero.
 */
export const viewTimeline = defineRequest({
  params: z.strictObject(viewport),
  result: z.object({
    columns: count,
    /** Rows of `density`: the busiest sources one by one, then everything else (`source` null). */
    bands: z.array(z.object({ label: z.string(), source: count.nullable(), colour: count })),
    /** Rows of `eventDensity`. */
    eventBands: z.array(z.object({ label: z.string(), eventType: count.nullable() })),
    /** Counts are of the records themselves, not spread evenly over cells of the summary. */
    exact: z.boolean(),
    /** Transactions are listed one by one; otherwise only `kindDensity` shows them. */
    transactionsListed: z.boolean(),
    /** Waves are listed one by one; otherwise only `eventDensity` shows them. */
    wavesListed: z.boolean(),
    /** Marks beyond 2000 are thinned to one per pixel column and kind; this many are not listed. */
    marksOmitted: count,
    surveyedLsn: u64,
  }),
  columns: {
    /** Deltas by band. */
    density: "u32",
    /** Records by {@link KIND_GROUPS}. */
    kindDensity: "u32",
    eventDensity: "u32",
    /** What deltas take in the log: ranges and bytes, as they are encoded. */
    byteDensity: "f64",
    /** LSN and time at the left edge of each column, and at the right edge of the last: columns + 1 elements. */
    edgeLsn: "f64",
    edgeTimeNs: "u64",
    /** Transactions that touch the viewport; end 0 = never ended; outcome 0 open, 1 committed, 2 aborted. */
    txBeginLsn: "f64",
    txEndLsn: "f64",
    txBeginTimeNs: "u64",
    txEndTimeNs: "u64",
    txOutcome: "u8",
    /** Waves that touch the viewport, from their wave-start to their wave-end; end 0 = it is not there. */
    waveBeginLsn: "f64",
    waveEndLsn: "f64",
    waveBeginTimeNs: "u64",
    waveEndTimeNs: "u64",
    /** Index into {@link WAVE_STATE}. */
    waveState: "u8",
    markLsn: "f64",
    markTimeNs: "u64",
    /** Index into {@link MARK_KINDS}. */
    markKind: "u8",
  },
});

/** Page lifetimes as lanes, one page each, with how often each pixel column wrote it. */
export const viewLanes = defineRequest({
  params: z.strictObject({
    ...viewport,
    /** `first-write`: in order of first appearance; `busiest`: most deltas first. */
    order: z.enum(["id", "first-write", "busiest"]),
    pageTypes: z.array(count).max(256).optional(),
    firstLane: count,
    lanes: z.int().min(1).max(256),
  }),
  result: z.object({ firstLane: count, totalLanes: count, columns: count }),
  columns: {
    page: "u64",
    pageType: "u32",
    /** LSN and time; destroyed 0 = it lives to the end. */
    createdLsn: "f64",
    destroyedLsn: "f64",
    createdTimeNs: "u64",
    destroyedTimeNs: "u64",
    /** Lane × column: deltas, at most 65535. */
    activity: "u16",
  },
});

/** The whole recording in figures. */
export const overview = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    /** Points of the rates over time. */
    points: z.int().min(1).max(2048),
    /** Rows of the busiest lists. */
    top: z.int().min(1).max(100),
  }),
  result: z.object({
    surveyedLsn: u64,
    busiestPages: z.array(z.object({ pageId: u64, pageType: z.string(), deltas: count, deltaBytes: count })),
    busiestSources: z.array(z.object({ source: count, name: z.string(), records: count, deltaBytes: count })),
    /** Records per kind group, in the order of {@link KIND_GROUPS}. */
    kindCounts: z.array(count),
    transactions: z.object({ committed: count, aborted: count, open: count }),
    /** Bytes of all pages alive at the end. */
    liveBytes: count,
    livePages: count,
  }),
  columns: {
    /** Time at which each point begins; `points` + 1 elements. */
    pointTimeNs: "u64",
    records: "f64",
    deltaBytes: "f64",
    pages: "f64",
  },
});
