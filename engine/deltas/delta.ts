import { fail, ok, type Result } from "../base/result.ts";
import { isU64 } from "../base/u64.ts";
import { RunList } from "./run-list.ts";

/** Largest position that runs can name: offset + length of every run is at most this. */
export const MAX_DELTA_OFFSET = 0xffff_ffff;

/** Everything about a delta but its bytes. */
export interface DeltaOrigin {
  readonly pageId: bigint;
  /** Who wrote it. */
  readonly source: string;
  /** LSN of the record that led to it; 0 = none. */
  readonly cause: number;
  /** Nanoseconds since the Unix epoch. */
  readonly timestampNs: bigint;
  /** Intent metadata: JSON text. */
  readonly metadata: string | undefined;
}

/** What callers say about a delta; the rest is "" / 0 / none. */
export type DeltaAbout = Pick<DeltaOrigin, "pageId"> & Partial<Omit<DeltaOrigin, "pageId">>;

/**
 * Masked bytes for one page: the edge's convenience (the engine's own currency is `DeltaBatch`). `payload` holds the bytes of all
 * `runs` one after another, so that `payload.length` is `runs.totalBytes`. Not to be changed once made.
 */
export interface Delta extends DeltaOrigin {
  readonly runs: RunList;
  readonly payload: Uint8Array;
}

/** Bytes for one stretch of a page. */
export interface ByteRange {
  /** Bytes from the start of the page. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Joins the parts; `runs` is canonical and covers exactly the payload's bytes. */
export function makeDelta(about: DeltaAbout, runs: RunList, payload: Uint8Array): Delta {
  return {
    pageId: about.pageId,
    source: about.source ?? "",
    cause: about.cause ?? 0,
    timestampNs: about.timestampNs ?? 0n,
    metadata: about.metadata,
    runs,
    payload,
  };
}

/** Touches nothing. */
export function emptyDelta(about: DeltaAbout): Delta {
  return makeDelta(about, new RunList(0), new Uint8Array(0));
}

/** Replaces the page's first `image.length` bytes. Copies them. */
export function deltaFromImage(about: DeltaAbout, image: Uint8Array): Result<Delta> {
  return deltaFromRanges(about, [{ offset: 0, bytes: image }]);
}

/**
 * Ranges in any order; where they overlap the later one in the list wins; ranges that touch become one run, empty ones vanish.
 * Copies the bytes. O(n log n + bytes).
 */
export function deltaFromRanges(about: DeltaAbout, ranges: readonly ByteRange[]): Result<Delta> {
  const checked = checkAbout(about);
  if (!checked.ok) return checked;
  for (const { offset, bytes } of ranges) {
    const isInside = Number.isSafeInteger(offset) && offset >= 0 && offset + bytes.length <= MAX_DELTA_OFFSET;
    if (!isInside) {
      return fail(
        "DELTA_RANGE",
        `a range of ${bytes.length} bytes at ${offset} is not inside any page`,
        "Give whole offsets from 0 whose ranges end before 2^32",
        { pageId: about.pageId },
      );
    }
  }
  const sorted = ranges.filter((range) => range.bytes.length > 0).sort((a, b) => a.offset - b.offset);
  const runs = new RunList(sorted.length);
  for (const { offset, bytes } of sorted) runs.extend(offset, bytes.length);
  const payload = new Uint8Array(runs.totalBytes);
  const starts = payloadStarts(runs);
  for (const { offset, bytes } of ranges) {
    if (bytes.length === 0) continue;
    const row = runs.rowAtOrBefore(offset);
    payload.set(bytes, starts[row]! + offset - runs.offset[row]!);
  }
  return ok(makeDelta(about, runs, payload));
}

/** The ranges of a delta, as views of its payload. */
export function deltaRanges(delta: Delta): ByteRange[] {
  const { runs, payload } = delta;
  const ranges: ByteRange[] = [];
  let at = 0;
  for (let i = 0; i < runs.count; i++) {
    const length = runs.length[i]!;
    ranges.push({ offset: runs.offset[i]!, bytes: payload.subarray(at, at + length) });
    at += length;
  }
  return ranges;
}

/** Where each run's bytes start in the payload. */
export function payloadStarts(runs: RunList): Float64Array {
  const starts = new Float64Array(runs.count);
  let at = 0;
  for (let i = 0; i < runs.count; i++) {
    starts[i] = at;
    at += runs.length[i]!;
  }
  return starts;
}

export function checkAbout(about: DeltaAbout): Result<void> {
  if (!isU64(about.pageId)) {
    return fail("ARGUMENT_INVALID", `page id ${about.pageId} is not a u64`, "Give an id from 0 to 2^64-1");
  }
  const cause = about.cause ?? 0;
  if (!Number.isSafeInteger(cause) || cause < 0) {
    return fail(
      "ARGUMENT_INVALID",
      `cause ${cause} is not an LSN`,
      "Give the LSN of a record, or 0 for none",
    );
  }
  if (!isU64(about.timestampNs ?? 0n)) {
    return fail(
      "ARGUMENT_INVALID",
      `timestamp ${about.timestampNs} is not a u64`,
      "Give nanoseconds since the Unix epoch",
    );
  }
  return ok();
}
