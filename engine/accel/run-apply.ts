import type { PageSpans } from "./accel.ts";
import { NO_SLOT } from "./accel.ts";
import { copyBytes } from "./copy-bytes.ts";
import { decodeRuns, FORM_LIST, runCount } from "./run-decode.ts";
import { encodeRuns, runSectionBound } from "./run-encode.ts";

const ONE_RUN = FORM_LIST | 1;

/** Grows with the longest list seen (at most one row a body byte). */
let offsets = new Uint32Array(256);
let lengths = new Uint32Array(256);

/** See `Accel.applyBody`. */
export function applyBody(
  bytes: Uint8Array,
  start: number,
  end: number,
  page: Uint8Array,
  pageAt: number,
  pageSize: number,
): number {
  // One run, whose offset takes one or two bytes and whose length one: nearly every delta there is.
  if (end - start > 4 && bytes[start] === ONE_RUN) {
    let at = start + 1;
    let offset = bytes[at++]!;
    if (offset >= 128) {
      const high = bytes[at++]!;
      offset = (high - 1) >>> 0 < 127 ? (offset & 127) | (high << 7) : -1;
    }
    const length = bytes[at++]! + 1;
    if (offset >= 0 && length <= 128 && end - at === length) {
      const fitting = offset + length <= pageSize ? length : Math.max(0, pageSize - offset);
      copyBytes(bytes, at, page, pageAt + offset, fitting);
      return fitting;
    }
  }
  const count = runCount(bytes, start, end);
  if (count > offsets.length) {
    offsets = new Uint32Array(count * 2);
    lengths = new Uint32Array(count * 2);
  }
  const payloadAt = decodeRuns(bytes, start, end, offsets, lengths);
  if (payloadAt < 0) return payloadAt;
  return applyRuns(offsets, lengths, 0, count, bytes, payloadAt, page, pageAt, pageSize);
}

/** See `Accel.applyBodies`. */
export function applyBodies(
  bytes: Uint8Array,
  bodyStart: Uint32Array,
  bodyLength: Uint32Array,
  slot: Uint32Array,
  from: number,
  to: number,
  pages: PageSpans,
): number {
  const { arenas, arena, at, size } = pages;
  for (let row = from; row < to; row++) {
    const page = slot[row]!;
    if (page === NO_SLOT) continue;
    const start = bodyStart[row]!;
    const written = applyBody(
      bytes,
      start,
      start + bodyLength[row]!,
      arenas[arena[page]!]!,
      at[page]!,
      size[page]!,
    );
    if (written < 0) return -row - 1;
  }
  return to;
}

/** See `Accel.encodeBodies`. */
export function encodeBodies(
  runStart: Uint32Array,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  payloadStart: Uint32Array,
  payload: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
  limit: number,
  bodyLength: Uint32Array,
  bodyRow: number,
): number {
  for (let row = from; row < to; row++) {
    const first = runStart[row]!;
    const last = runStart[row + 1]!;
    let size = 0;
    for (let i = first; i < last; i++) size += runLength[i]!;
    if (at + runSectionBound(last - first) + size > limit) return row;
    const payloadAt = encodeRuns(runOffset, runLength, first, last, out, at);
    copyBytes(payload, payloadStart[row]!, out, payloadAt, size);
    bodyLength[bodyRow++] = payloadAt + size - at;
    at = payloadAt + size;
  }
  return to;
}

/** See `Accel.applyRuns`. */
export function applyRuns(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  payload: Uint8Array,
  payloadAt: number,
  page: Uint8Array,
  pageAt: number,
  pageSize: number,
): number {
  const begin = payloadAt;
  for (let i = from; i < to; i++) {
    const offset = runOffset[i]!;
    const length = runLength[i]!;
    if (offset + length > pageSize) {
      // Runs ascend: all that follow lie beyond the end as well.
      if (offset >= pageSize) return payloadAt - begin;
      copyBytes(payload, payloadAt, page, pageAt + offset, pageSize - offset);
      return payloadAt + pageSize - offset - begin;
    }
    if (length === 1) page[pageAt + offset] = payload[payloadAt]!;
    else copyBytes(payload, payloadAt, page, pageAt + offset, length);
    payloadAt += length;
  }
  return payloadAt - begin;
}

/** See `Accel.applyDeltas`. */
export function applyDeltas(
  slot: Uint32Array,
  runStart: Uint32Array,
  runOffset: Uint32Array,
  runLength: Uint32Array,
  payloadStart: Uint32Array,
  payload: Uint8Array,
  from: number,
  to: number,
  pages: PageSpans,
): number {
  const { arenas, arena, at, size } = pages;
  let written = 0;
  for (let row = from; row < to; row++) {
    const page = slot[row]!;
    if (page === NO_SLOT) continue;
    written += applyRuns(
      runOffset,
      runLength,
      runStart[row]!,
      runStart[row + 1]!,
      payload,
      payloadStart[row]!,
      arenas[arena[page]!]!,
      at[page]!,
      size[page]!,
    );
  }
  return written;
}

/** See `Accel.gatherRuns`. */
export function gatherRuns(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  page: Uint8Array,
  pageAt: number,
  out: Uint8Array,
  at: number,
): number {
  for (let i = from; i < to; i++) {
    const length = runLength[i]!;
    copyBytes(page, pageAt + runOffset[i]!, out, at, length);
    at += length;
  }
  return at;
}
