import type { PageSpans } from "./accel.ts";
import { NO_SLOT } from "./accel.ts";
import { copyWords, viewOf } from "./copy-bytes.ts";
import { decodeBody, decodedCount, lengths, offsets, shortRun, shortRunPayload } from "./run-apply.ts";
import { FORM_LIST } from "./run-decode.ts";
import { encodeRuns, runSectionBound } from "./run-encode.ts";

/*
 * Whole batches. What they add to the functions of one delta is that views of the buffers are made once for all rows, which makes
 * the short copies of the most frequent delta, one run of some ten bytes, twice as fast.
 */

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
  const { arenas, arena, at: pageAt, size } = pages;
  const view = viewOf(bytes);
  const views: (DataView | undefined)[] = [];
  let arenaIndex = -1;
  let memory = bytes;
  let memoryView = view;
  for (let row = from; row < to; row++) {
    const page = slot[row]!;
    if (page === NO_SLOT) continue;
    if (arena[page] !== arenaIndex) {
      arenaIndex = arena[page]!;
      memory = arenas[arenaIndex]!;
      memoryView = views[arenaIndex] ??= viewOf(memory);
    }
    const start = bodyStart[row]!;
    const end = start + bodyLength[row]!;
    const offset = shortRun(bytes, start, end);
    if (offset >= 0) {
      const from = shortRunPayload(bytes, start);
      if (offset + end - from <= size[page]!) {
        copyWords(bytes, view, from, memory, memoryView, pageAt[page]! + offset, end - from);
        continue;
      }
    }
    const payloadAt = decodeBody(bytes, start, end);
    if (payloadAt < 0) return -row - 1;
    scatter(
      offsets,
      lengths,
      0,
      decodedCount,
      bytes,
      view,
      payloadAt,
      memory,
      memoryView,
      pageAt[page]!,
      size[page]!,
    );
  }
  return to;
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
  const { arenas, arena, at: pageAt, size } = pages;
  const view = viewOf(payload);
  const views: (DataView | undefined)[] = [];
  let arenaIndex = -1;
  let memory = payload;
  let memoryView = view;
  let written = 0;
  for (let row = from; row < to; row++) {
    const page = slot[row]!;
    if (page === NO_SLOT) continue;
    if (arena[page] !== arenaIndex) {
      arenaIndex = arena[page]!;
      memory = arenas[arenaIndex]!;
      memoryView = views[arenaIndex] ??= viewOf(memory);
    }
    written += scatter(
      runOffset,
      runLength,
      runStart[row]!,
      runStart[row + 1]!,
      payload,
      view,
      payloadStart[row]!,
      memory,
      memoryView,
      pageAt[page]!,
      size[page]!,
    );
  }
  return written;
}

/** `applyRuns` by words. */
function scatter(
  runOffset: Uint32Array,
  runLength: Uint32Array,
  from: number,
  to: number,
  payload: Uint8Array,
  payloadView: DataView,
  payloadAt: number,
  memory: Uint8Array,
  memoryView: DataView,
  pageAt: number,
  pageSize: number,
): number {
  let at = payloadAt;
  for (let i = from; i < to; i++) {
    const offset = runOffset[i]!;
    const length = runLength[i]!;
    if (offset + length > pageSize) {
      // Runs ascend: all that follow lie beyond the end as well.
      const fitting = Math.max(0, pageSize - offset);
      copyWords(payload, payloadView, at, memory, memoryView, pageAt + offset, fitting);
      return at + fitting - payloadAt;
    }
    if (length === 1) memory[pageAt + offset] = payload[at]!;
    else copyWords(payload, payloadView, at, memory, memoryView, pageAt + offset, length);
    at += length;
  }
  return at - payloadAt;
}

/** See `Accel.raiseEpochs`. */
export function raiseEpochs(
  slot: Uint32Array,
  count: number,
  epoch: Float64Array,
  changed: Uint32Array,
  stamp: number,
  rowEpoch: Float64Array,
): number {
  for (let row = 0; row < count; row++) {
    const page = slot[row]!;
    const next = epoch[page]! + 1;
    rowEpoch[row] = next;
    epoch[page] = next;
    changed[page] = stamp;
  }
  return count;
}

const ONE_RUN_BOUND = runSectionBound(1);

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
  const payloadView = viewOf(payload);
  const outView = viewOf(out);
  for (let row = from; row < to; row++) {
    const first = runStart[row]!;
    const last = runStart[row + 1]!;
    if (last - first === 1) {
      // The most frequent delta by far: LIST with one run, written without a call.
      const offset = runOffset[first]!;
      const length = runLength[first]!;
      if (offset < 0x4000 && length <= 128) {
        if (at + ONE_RUN_BOUND + length > limit) return row;
        const start = at;
        out[at++] = FORM_LIST | 1;
        if (offset < 128) out[at++] = offset;
        else {
          out[at] = offset | 128;
          out[at + 1] = offset >>> 7;
          at += 2;
        }
        out[at++] = length - 1;
        copyWords(payload, payloadView, payloadStart[row]!, out, outView, at, length);
        at += length;
        bodyLength[bodyRow++] = at - start;
        continue;
      }
    }
    let size = 0;
    for (let i = first; i < last; i++) size += runLength[i]!;
    if (at + runSectionBound(last - first) + size > limit) return row;
    const payloadAt = encodeRuns(runOffset, runLength, first, last, out, at);
    copyWords(payload, payloadView, payloadStart[row]!, out, outView, payloadAt, size);
    bodyLength[bodyRow++] = payloadAt + size - at;
    at = payloadAt + size;
  }
  return to;
}
