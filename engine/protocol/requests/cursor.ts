import { lsn, recordingHandle, timeNs, u64 } from "../scalars.ts";
import { z } from "../zod.ts";
import { defineRequest } from "./define.ts";

/** Where the cursor lands. A window holds its own cursor; the server keeps none. */
const landing = z.object({
  lsn,
  /** The record's time; `null` at LSN 0. */
  timestampNs: timeNs.nullable(),
  /** False where there is nothing more in that direction: `lsn` is as far as it goes. */
  moved: z.boolean(),
  insideTransaction: z.boolean(),
});
export type CursorLanding = z.infer<typeof landing>;

/**
 * One step from `lsn`. `record`: the next record; `delta`: the next delta of any page; `page-delta`: of `page` (backward, from its first delta to
 * right before it); `transaction`: the next moment at which none is open (a record outside any is one of its own); `event`: the next row of an
 * unfiltered `events.window`.
 */
export const stepCursor = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    lsn,
    by: z.enum(["record", "delta", "page-delta", "transaction", "event"]),
    backward: z.boolean(),
    count: z.int().min(1).max(1_000_000),
    page: u64.optional(),
  }),
  result: landing,
});

/** The last LSN whose running-maximum time is not later than `timeNs`; 0 = before everything. */
export const seekTime = defineRequest({
  params: z.strictObject({ recording: recordingHandle, timeNs }),
  result: landing,
});

/**
 * What a person types into "go to": `12345`, `#12345`, `12,345`, `+1.5s` or `+20ms` (since the first record), `-3s` (before the last),
 * `50%`, `start`, `end`, `2026-05-04T10:20:30.5Z`, `10:20:30` (UTC, on the first record's day or the next). `ARGUMENT_INVALID` explains
 * the forms.
 */
export const locate = defineRequest({
  params: z.strictObject({ recording: recordingHandle, text: z.string().min(1).max(100), lsn }),
  result: landing,
});

/**
 * Playback: the server runs the clock and sends where the cursor stands now. It sends only as far as credit goes and only the newest
 * place, so a window that draws slowly skips frames but never falls behind, and one that stops drawing costs nothing.
 */
export const playback = defineRequest({
  params: z.strictObject({
    recording: recordingHandle,
    fromLsn: lsn,
    /** Stop here; absent = the end. */
    toLsn: lsn.optional(),
    /** `speed` is records a second, recorded nanoseconds a nanosecond, or transactions a second. */
    mode: z.enum(["records", "time", "transactions"]),
    speed: z.number().positive().max(1e9),
    backward: z.boolean(),
  }),
  result: z.object({ lsn, timestampNs: timeNs.nullable() }),
});
