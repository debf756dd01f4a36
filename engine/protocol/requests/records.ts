import { LIMITS } from "../limits.ts";
import { count, lsn, recordingHandle, timeNs, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";
import { recordFilter } from "./filter.ts";

/** Bytes of each delta that a table row shows. */
export const PREVIEW_BYTES = 16;

/**
 * A window of the records that a filter lets through, in LSN order. Row numbers are stable: row r stays the same record, however
 * the window moves, so a virtual list can ask by row.
 */
const windowParams = {
  recording: recordingHandle,
  filter: recordFilter,
  /** First row; ignored where `around` is given. */
  offset: count,
  limit: z.int().min(1).max(LIMITS.windowRows),
  /** Place the window so that the last matching record at or before this LSN stands in its middle. */
  around: lsn.optional(),
} as const;

/**
 * A filter that must read records runs as a search in the background; the reply comes as soon as this window is full or the search
 * is done (progress phase `search`). While `complete` is false, `total` counts what was found so far.
 */
const windowResult = {
  offset: count,
  total: count,
  complete: z.boolean(),
  /** The search has read every record up to here. */
  searchedLsn: lsn,
  /** Row of the last matching record at or before `around`; -1 = none, or not asked. */
  aroundRow: z.int().min(-1),
} as const;

/** Columns of every window: one element a row. */
const recordColumns = {
  lsn: "f64",
  kind: "u8",
  timeNs: "u64",
  /** 0 for kinds without a page: look at `flags` bit 4 (16) = has a page. */
  page: "u64",
  /** Index into `RecordingInfo.pageTypes`; 0xffffffff = unknown or none. */
  pageType: "u32",
  /** Index into `RecordingInfo.sources`. */
  source: "u32",
  /** LSN of the record that led to this one; 0 = none. */
  cause: "f64",
  /** LSN of the TransactionBegin it belongs to; 0 = a write of its own. */
  transaction: "f64",
  /** Bits of {@link RecordRowFlag}. */
  flags: "u8",
} as const;

export const RecordRowFlag = {
  /** Written by a recompute, kernel or merge. */
  Derived: 1,
  /** Takes another delta back (transaction abort). */
  Compensation: 2,
  /** Intent metadata is there: ask `record.details`. */
  HasMetadata: 4,
  /** Part of a transaction that never ended: not part of the final state. */
  Uncommitted: 8,
  HasPage: 16,
} as const;

/** Without `kinds` in the filter: deltas. */
export const windowDeltas = defineRequest({
  params: z.strictObject(windowParams),
  result: z.object(windowResult),
  columns: {
    ...recordColumns,
    epoch: "f64",
    deltaId: "u64",
    /** How many ranges of the page it writes, and the first of them. */
    rangeCount: "u32",
    firstOffset: "u32",
    firstLength: "u32",
    /** Bytes written by all ranges. */
    sizeBytes: "u32",
    /** The first {@link PREVIEW_BYTES} bytes written, row after row, zeros behind. */
    preview: "u8",
    previewLength: "u8",
  },
});

/** Without `kinds` in the filter: events, failures, session starts and stops, checkpoints and gaps. */
export const windowEvents = defineRequest({
  params: z.strictObject(windowParams),
  result: z.object(windowResult),
  columns: {
    ...recordColumns,
    /** Index into `RecordingInfo.eventTypes`; 0xffffffff for other kinds. */
    eventType: "u32",
    /** 0 info, 1 warning, 2 error. */
    severity: "u8",
    durationNs: "u64",
    /** One line about each (`textAt`). */
    textBytes: "u8",
    textEnds: "u32",
  },
});

/** A record in a chain or list. */
export const recordBrief = z.object({
  lsn,
  kind: z.string(),
  timestampNs: timeNs,
  pageId: u64.nullable(),
  pageType: z.string().nullable(),
  epoch: count.nullable(),
  source: z.string(),
  cause: lsn,
  /** One line a person can read. */
  summary: z.string(),
});
export type RecordBrief = z.infer<typeof recordBrief>;

/** Everything about one record. Errors: `LSN_OUT_OF_RANGE`, `LSN_DROPPED`, `LOG_RECORDS_LOST`. */
export const recordDetails = defineRequest({
  params: z.strictObject({ recording: recordingHandle, lsn }),
  result: z.object({
    record: recordBrief,
    deltaId: u64.nullable(),
    derived: z.boolean(),
    compensation: z.boolean(),
    /** The transaction it stands in; `endLsn` 0 = it never ended. */
    transaction: z
      .object({ beginLsn: lsn, endLsn: lsn, outcome: z.enum(["open", "committed", "aborted"]) })
      .nullable(),
    /** Ranges of the page that it writes; the columns hold the first 4096. */
    rangeCount: count,
    sizeBytes: count,
    /** Schema fields whose bytes it writes, at most 64. */
    fields: z.array(z.string()),
    /** The intent metadata as it was written (JSON text), cut at 64 KiB; `null` = none. */
    metadata: z.string().nullable(),
    /** Anything else the record holds, ready to show: name and value. */
    properties: z.array(z.object({ name: z.string(), value: z.string() })),
  }),
  columns: {
    rangeOffset: "u32",
    rangeLength: "u32",
    /** Bytes of the ranges one after another, before and after the record, at most 64 KiB; empty for other kinds than deltas. */
    before: "u8",
    after: "u8",
  },
});

/** The chain of causes from a record up to its root, nearest first. At most `limit`; `complete` false = it goes on. */
export const recordCauses = defineRequest({
  params: z.strictObject({ recording: recordingHandle, lsn, limit: z.int().min(1).max(1000) }),
  result: z.object({ chain: z.array(recordBrief), complete: z.boolean() }),
});

/** Records that name this one as their cause, in LSN order. Progress phase `search`. */
export const recordEffects = defineRequest({
  params: z.strictObject({ recording: recordingHandle, lsn, limit: z.int().min(1).max(1000) }),
  result: z.object({ effects: z.array(recordBrief), complete: z.boolean() }),
});

/** How the search behind a filtered window goes. The same filter as the window's: they share the work. Ends when it is done. */
export const searchProgress = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    /** The window that it stands for: it decides the kinds where the filter names none. */
    window: z.enum(["deltas", "events"]),
    filter: recordFilter,
  }),
  result: z.object({ matches: count, searchedLsn: lsn, complete: z.boolean() }),
});
