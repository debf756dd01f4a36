import { LIMITS } from "../limits.ts";
import { count, lsn, recordingHandle, sha256Hex, timeNs } from "../scalars.ts";
import { wireError } from "../wire-error.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";

/** A file that this server may open. */
export const availableRecording = z.object({
  name: z.string(),
  path: z.string(),
  sizeBytes: count,
  modifiedNs: timeNs,
});
export type AvailableRecording = z.infer<typeof availableRecording>;

/** Something wrong with a file, and what it cost. */
export const damageReport = z.object({
  error: wireError,
  path: z.string(),
  offset: count,
  lostBytes: count,
  /** The last good record before it. */
  afterLsn: lsn,
});
export type DamageReport = z.infer<typeof damageReport>;

export const recordingInfo = z.object({
  recording: recordingHandle,
  name: z.string(),
  path: z.string(),
  format: z.enum(["mmsb", "mmsblog1"]),
  formatVersion: count,
  /** 16 bytes in hexadecimal. */
  uuid: z.string(),
  fileBytes: count,
  /** The writer closed it and nothing is damaged. */
  complete: z.boolean(),
  /** Dropped segments leave `firstLsn` above 1. `lastLsn` = `firstLsn` - 1: no records. */
  firstLsn: lsn,
  lastLsn: lsn,
  /** Where the final state stands: after the last record that is not part of an unfinished transaction. */
  committedLsn: lsn,
  /** `null` where there are no records. */
  firstTimestampNs: timeNs.nullable(),
  lastTimestampNs: timeNs.nullable(),
  counts: z.object({
    records: count,
    deltas: count,
    events: count,
    transactions: count,
    /** Pages that exist or existed. */
    pages: count,
    checkpoints: count,
    failures: count,
    /** What the bodies of all deltas take in the log: ranges and bytes, as they are encoded. */
    deltaBytes: count,
    edges: count,
  }),
  /** The record kinds of this version, by the code that columns hold. `records` = how many there are here. */
  kinds: z.array(z.object({ code: count, name: z.string(), records: count })),
  /**
   * Who wrote: `source` columns hold indexes into it. `colour` is a slot of the palette (0..11), given in order of first appearance, so
   * that a source keeps its colour. At most 4096; `sourcesOmitted` more exist.
   */
  sources: z.array(z.object({ name: z.string(), colour: count, records: count })),
  sourcesOmitted: count,
  /** `pageType` columns hold indexes into it. */
  pageTypes: z.array(z.object({ name: z.string(), pages: count })),
  /** `eventType` columns hold indexes into it. */
  eventTypes: z.array(z.object({ name: z.string(), events: count })),
  /** At most 1024, evenly chosen; `counts.checkpoints` is the true number. */
  checkpoints: z.array(
    z.object({ lsn, kind: z.enum(["full", "dirty"]), sizeBytes: count, stateHash: sha256Hex }),
  ),
  /** At most 256; `damageOmitted` more exist. */
  damage: z.array(damageReport),
  damageOmitted: count,
  /** LSNs (both inclusive) that are missing between readable parts. */
  gaps: z.array(z.object({ fromLsn: lsn, toLsn: lsn })),
  /** It is being written: a writer holds it, or it has just grown. `recording.changes` tells more. */
  following: z.boolean(),
  /**
   * Whole-recording knowledge (densities, counts by source and kind, event types) is gathered in the background after opening:
   * up to this LSN so far. `lastLsn` = all of it.
   */
  surveyedLsn: lsn,
});
export type RecordingInfo = z.infer<typeof recordingInfo>;

/** What the server may open and what this connection has open. */
export const listRecordings = defineRequest({
  params: z.strictObject({}),
  result: z.object({
    available: z.array(availableRecording),
    open: z.array(z.object({ recording: recordingHandle, path: z.string(), name: z.string() })),
    /** Any path may be asked for (the desktop window, where the user chooses files in native dialogs). */
    anyPath: z.boolean(),
    /** Files may be sent with `upload.*`. */
    uploads: z.boolean(),
    /** There is a native dialog: `shell.choose-file`. */
    dialogs: z.boolean(),
  }),
});

/**
 * Opens a recording (any file of its set). Long without an index: progress phases `open`, `index`. The same path twice on one
 * connection gives the same handle. Errors: those of the log (`LOG_*`, `FOREIGN_*`), `ARGUMENT_INVALID` where the path may not be
 * opened, `LIMIT_EXCEEDED`. A damaged recording opens, and says what was lost.
 */
export const openRecording = defineRequest({
  params: z.strictObject({ path: z.string().min(1).max(4096) }),
  result: recordingInfo,
});

export const closeRecording = defineRequest({
  params: z.strictObject({ recording: recordingHandle }),
  result: z.object({}),
});

export const describeRecording = defineRequest({
  params: z.strictObject({ recording: recordingHandle }),
  result: recordingInfo,
});

/** Tells when the recording grew, lost its end, or more of it was surveyed. Ends when it is closed. */
export const recordingChanges = defineRequest({
  params: z.strictObject({ recording: recordingHandle }),
  result: recordingInfo,
});

/** Begins to take a file from a page that has no path for it (drag and drop in a browser). */
export const beginUpload = defineRequest({
  params: z.strictObject({ name: z.string().min(1).max(255), sizeBytes: count }),
  result: z.object({ upload: count, maxChunkBytes: count }),
});

/** The next bytes, in order, as the column `bytes`. */
export const sendUpload = defineRequest({
  params: z.strictObject({ upload: count, offset: count }),
  sends: { bytes: "u8" },
  result: z.object({ receivedBytes: count }),
});

/** Ends the upload; `path` can be opened like any other, on this connection, until the connection ends. */
export const finishUpload = defineRequest({
  params: z.strictObject({ upload: count }),
  result: z.object({ path: z.string() }),
});

export const bookmark = z.strictObject({
  /** Stable; made by whoever adds the bookmark. */
  id: z.string().min(1).max(64),
  lsn,
  name: z.string().max(200),
  note: z.string().max(4000),
  createdNs: timeNs,
});
export type Bookmark = z.infer<typeof bookmark>;

/** Bookmarks from the sidecar file `<recording>.bookmarks.json`; none where there is no such file. */
export const loadBookmarks = defineRequest({
  params: z.strictObject({ recording: recordingHandle }),
  result: z.object({
    bookmarks: z.array(bookmark),
    /** Names the file's content; give it back when saving. Empty = no file. */
    revision: z.string(),
    /** False where the folder cannot be written: bookmarks then live only as long as the window. */
    writable: z.boolean(),
  }),
});

/** Replaces the file in one step. `BOOKMARKS_CHANGED` where someone else saved since `revision`: load again and merge. */
export const saveBookmarks = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    bookmarks: z.array(bookmark).max(LIMITS.bookmarks),
    revision: z.string().max(64),
  }),
  result: z.object({ revision: z.string() }),
});
