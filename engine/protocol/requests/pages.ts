import { LIMITS } from "../limits.ts";
import { count, lsn, recordingHandle, sha256Hex, timeNs, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";
import { recordBrief } from "./records.ts";

export const FIELD_TYPES = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
  "f32",
  "f64",
  "bool",
  "char",
] as const;
export type WireFieldType = (typeof FIELD_TYPES)[number];

export const schemaField = z.object({
  name: z.string(),
  type: z.enum(FIELD_TYPES),
  /** Bytes from the start of the page. */
  offset: count,
  /** Row-major; empty = a scalar. */
  shape: z.array(count),
});
export type WireSchemaField = z.infer<typeof schemaField>;

const location = z.enum(["cpu", "gpu", "unified"]);

/** A part of a page: its first byte and how many. */
const range = { offset: count, length: z.int().min(1).max(LIMITS.pageBytes) } as const;

/** Pages alive at an LSN (or ever, with `dead`). Row numbers are stable for one combination of parameters. */
export const windowPages = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    order: z.enum(["id", "type", "size", "last-write", "deltas"]),
    descending: z.boolean(),
    /** Also pages not yet created or already destroyed. */
    dead: z.boolean(),
    pageTypes: z.array(count).max(256).optional(),
    /** Part of the decimal id or of the type's name. */
    text: z.string().max(200).optional(),
    offset: count,
    limit: z.int().min(1).max(LIMITS.windowRows),
  }),
  result: z.object({ offset: count, total: count }),
  columns: {
    page: "u64",
    pageType: "u32",
    sizeBytes: "f64",
    epoch: "f64",
    /** 0 cpu, 1 gpu, 2 unified. */
    location: "u8",
    createdLsn: "f64",
    /** 0 = lives to the end. */
    destroyedLsn: "f64",
    /** Last delta at or before the LSN; 0 = none. */
    lastWriteLsn: "f64",
    /** Deltas in the whole recording. */
    deltas: "f64",
  },
});

/**
 * A page's bytes at an LSN. Errors: `PAGE_UNKNOWN` (not alive at that LSN; the message says when it is), `LSN_OUT_OF_RANGE`.
 * A range that reaches past the end is cut: `bytes.length` says how much there is.
 */
export const viewPage = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    page: u64,
    lsn,
    ...range,
    /** Also who wrote each byte last (`writerLsn`): costs in proportion to the page's own deltas. */
    ages: z.boolean(),
  }),
  result: z.object({
    pageId: u64,
    sizeBytes: count,
    epoch: count,
    location,
    pageType: z.string(),
    /** Values as text where they are UTF-8, else hexadecimal behind `0x`. */
    metadata: z.array(z.object({ key: z.string(), value: z.string() })),
    /** `null` = no schema. */
    fields: z.array(schemaField).nullable(),
    createdLsn: lsn,
    destroyedLsn: lsn,
    /** The last delta at or before the LSN; `null` = never written. */
    lastDelta: recordBrief.nullable(),
    /** The LSN stands inside a transaction: what is shown was not yet visible to others. */
    insideTransaction: z.boolean(),
    /** Records of it were lost before the LSN, and nothing since has written all of it: its bytes may be others. */
    uncertain: z.boolean(),
  }),
  columns: {
    bytes: "u8",
    /** Ranges that the last delta wrote, in the whole page, at most 4096. */
    touchedOffset: "u32",
    touchedLength: "u32",
    /** With `ages`, for the first MiB of the range, per byte: LSN of its last writer, 0 = never written. Empty otherwise. */
    writerLsn: "f64",
  },
});

/** The same range at two LSNs. A page that is not alive at one of them counts as empty there. */
export const comparePages = defineRequest({
  params: z.strictObject({ recording: recordingHandle, page: u64, lsnA: lsn, lsnB: lsn, ...range }),
  result: z.object({
    sizeBytes: count,
    aliveA: z.boolean(),
    aliveB: z.boolean(),
    epochA: count,
    epochB: count,
    /** In the whole page. */
    differingBytes: count,
    differingRanges: count,
  }),
  columns: {
    bytesA: "u8",
    bytesB: "u8",
    /** Differing ranges of the whole page, at most 4096. */
    rangeOffset: "u32",
    rangeLength: "u32",
  },
});

/** Who wrote these bytes, newest first, beginning at `lsn`. Progress phase `history`. */
export const pageHistory = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    page: u64,
    lsn,
    ...range,
    limit: z.int().min(1).max(LIMITS.windowRows),
  }),
  result: z.object({
    /** Ask again from here (`lsn`) for older ones; 0 = there are no more. */
    nextLsn: lsn,
  }),
  columns: {
    lsn: "f64",
    timeNs: "u64",
    epoch: "f64",
    source: "u32",
    cause: "f64",
    kind: "u8",
    /** The part of the asked range that each one wrote: first byte, length up to the last, and how many bytes in between. */
    firstOffset: "u32",
    spanLength: "u32",
    sizeBytes: "u32",
  },
});

/** Who wrote this byte last, at or before `lsn`, and why: the chain of causes up to its root. */
export const lastWriter = defineRequest({
  params: z.strictObject({ recording: recordingHandle, page: u64, offset: count, lsn }),
  result: z.object({
    /** `null` = never written: the page was created with it. */
    writer: recordBrief.nullable(),
    /** The writer's cause, its cause, and so on; at most 256. */
    chain: z.array(recordBrief),
    chainComplete: z.boolean(),
  }),
});

/**
 * A typed number at one place of a page over a span of LSNs, for a sparkline: per pixel column the lowest, highest and last value.
 * Columns without a write repeat the last value (`writes` 0); before the page exists they are NaN. u64 and i64 are rounded to f64.
 */
export const fieldSeries = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    page: u64,
    offset: count,
    type: z.enum(FIELD_TYPES),
    /** Both inclusive. */
    fromLsn: lsn,
    toLsn: lsn,
    columns: z.int().min(1).max(LIMITS.viewportColumns),
  }),
  result: z.object({ writes: count, min: z.number().nullable(), max: z.number().nullable() }),
  columns: { edgeLsn: "f64", low: "f64", high: "f64", last: "f64", writes: "u32" },
});

/**
 * The state hash at an LSN from the cursor, against a replay from the first record. A long job: progress phase `replay`. Where they
 * part, `HASH_MISMATCH` is not an error of the request: `equal` is false.
 */
export const verifyState = defineRequest({
  params: z.strictObject({ recording: recordingHandle, lsn }),
  result: z.object({
    lsn,
    equal: z.boolean(),
    stateHash: sha256Hex,
    replayedHash: sha256Hex,
    structureHash: sha256Hex,
    pages: count,
    replayedRecords: count,
    durationNs: timeNs,
  }),
});
