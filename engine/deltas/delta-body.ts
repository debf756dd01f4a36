import type { PageSpans } from "../accel/accel.ts";
import { accel, runSectionBound } from "../accel/index.ts";
import { shortRun } from "../accel/run-apply.ts";
import type { RunList } from "./run-list.ts";

/*
 * The delta body as it stands in the log: a run section, then the bytes of all runs. Its layout is written down in
 * `engine/accel/run-decode.ts`. A negative result `-(p) - 1` means: corrupt at byte `p` of `bytes` (`corruptOffset`).
 */

/** Bytes that the body of `runCount` runs with `payloadBytes` bytes can take at most. */
export function deltaBodyBound(runCount: number, payloadBytes: number): number {
  return runSectionBound(runCount) + payloadBytes;
}

/**
 * Writes the body of the runs in rows `[runFrom, runTo)`, whose bytes stand one after another from `payload[payloadAt]` on.
 * The runs are canonical (see `RunList`) and `out` has room for `deltaBodyBound` bytes at `at`. Returns the end position.
 */
export function encodeDeltaBody(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  runFrom: number,
  runTo: number,
  payload: Uint8Array,
  payloadAt: number,
  out: Uint8Array,
  at: number,
): number {
  const bodyAt = accel.encodeRuns(runOffset, runLength, runFrom, runTo, out, at);
  let size = 0;
  for (let i = runFrom; i < runTo; i++) size += runLength[i]!;
  accel.copyBytes(payload, payloadAt, out, bodyAt, size);
  return bodyAt + size;
}

/**
 * Reads the body's runs. Returns where the payload starts (it ends at `end` exactly), or a negative number: corrupt, and `into`
 * is empty. Allocates at most 8 bytes for each byte of the body, whatever it claims.
 */
export function decodeDeltaBody(bytes: Uint8Array, start: number, end: number, into: RunList): number {
  into.clear();
  const count = accel.runCount(bytes, start, end);
  if (count < 0) return count;
  into.reserve(count);
  const payloadAt = accel.decodeRuns(bytes, start, end, into.offset, into.length);
  if (payloadAt >= 0) into.count = count;
  return payloadAt;
}

/** Whether the body is sound: what {@link decodeDeltaBody} says, sooner where there is one short run. `scratch` may hold anything afterwards. */
export function isDeltaBody(bytes: Uint8Array, start: number, end: number, scratch: RunList): boolean {
  return shortRun(bytes, start, end) >= 0 || decodeDeltaBody(bytes, start, end, scratch) >= 0;
}

/**
 * Writes the body's bytes into the page at `page[pageAt .. pageAt + pageSize]`; what lies beyond the page's end is dropped.
 * Returns the bytes written, or a negative number: corrupt, and nothing was written.
 */
export function applyDeltaBody(
  bytes: Uint8Array,
  start: number,
  end: number,
  page: Uint8Array,
  pageAt: number,
  pageSize: number,
): number {
  return accel.applyBody(bytes, start, end, page, pageAt, pageSize);
}

/**
 * {@link applyDeltaBody} for rows `[from, to)` of the columns, in order; a row's page is `slot[row]` of `pages`, or `NO_SLOT` to
 * skip it. Returns `to`, or `-(row) - 1` for the first row whose body is corrupt: the rows before it are applied, no other.
 */
export function applyDeltaBodies(
  bytes: Uint8Array,
  bodyStart: Uint32Array,
  bodyLength: Uint32Array,
  slot: Uint32Array,
  from: number,
  to: number,
  pages: PageSpans,
): number {
  return accel.applyBodies(bytes, bodyStart, bodyLength, slot, from, to, pages);
}
