import { copyBytes } from "./copy-bytes.ts";
import { decodeRuns, FORM_LIST, runCount } from "./run-decode.ts";

const ONE_RUN = FORM_LIST | 1;

/** Runs of the body that {@link decodeBody} read last; they grow with the longest list seen (at most one row a body byte). */
export let offsets = new Uint32Array(256);
export let lengths = new Uint32Array(256);
export let decodedCount = 0;

/** The quick look that nearly every delta passes: one run, its offset in one or two bytes, its length in one. Returns its offset, or -1: look at the body properly. */
export function shortRun(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 5 || bytes[start] !== ONE_RUN) return -1;
  let at = start + 1;
  let offset = bytes[at++]!;
  if (offset >= 128) {
    const high = bytes[at++]!;
    if ((high - 1) >>> 0 >= 127) return -1;
    offset = (offset & 127) | (high << 7);
  }
  const length = bytes[at++]! + 1;
  if (length > 128 || end - at !== length) return -1;
  return offset;
}

/** Where the bytes begin of a body that passed {@link shortRun}. */
export function shortRunPayload(bytes: Uint8Array, start: number): number {
  return start + 3 + (bytes[start + 1]! >>> 7);
}

/** See `Accel.applyBody`. */
export function applyBody(
  bytes: Uint8Array,
  start: number,
  end: number,
  page: Uint8Array,
  pageAt: number,
  pageSize: number,
): number {
  const offset = shortRun(bytes, start, end);
  if (offset >= 0) {
    const from = shortRunPayload(bytes, start);
    const length = end - from;
    const fitting = offset + length <= pageSize ? length : Math.max(0, pageSize - offset);
    copyBytes(bytes, from, page, pageAt + offset, fitting);
    return fitting;
  }
  const payloadAt = decodeBody(bytes, start, end);
  if (payloadAt < 0) return payloadAt;
  return applyRuns(offsets, lengths, 0, decodedCount, bytes, payloadAt, page, pageAt, pageSize);
}

/** Reads any body into `offsets`, `lengths` and `decodedCount`. Returns where its payload starts; negative: corrupt. */
export function decodeBody(bytes: Uint8Array, start: number, end: number): number {
  const count = runCount(bytes, start, end);
  if (count > offsets.length) {
    const capacity = Math.max(count, offsets.length * 2);
    offsets = new Uint32Array(capacity);
    lengths = new Uint32Array(capacity);
  }
  decodedCount = count;
  return decodeRuns(bytes, start, end, offsets, lengths);
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
    if (length === 1) out[at] = page[pageAt + runOffset[i]!]!;
    else copyBytes(page, pageAt + runOffset[i]!, out, at, length);
    at += length;
  }
  return at;
}
