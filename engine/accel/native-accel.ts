import type { Accel } from "./accel.ts";
import type { NativeFunctions } from "./native-functions.ts";
import { referenceAccel } from "./reference.ts";

/** The addon for everything, whatever the size: for tests and measurements. */
export function nativeAccel(
  native: NativeFunctions,
): Accel & Required<Pick<Accel, "replayPages" | "replayBlock">> {
  return {
    ...native,
    name: "native",
    applyBodies: (bytes, bodyStart, bodyLength, slot, from, to, { arenas, arena, at, size }) =>
      native.applyBodies(bytes, bodyStart, bodyLength, slot, from, to, arenas, arena, at, size),
    applyDeltas: (
      slot,
      runStart,
      runOffset,
      runLength,
      payloadStart,
      payload,
      from,
      to,
      { arenas, arena, at, size },
    ) =>
      native.applyDeltas(
        slot,
        runStart,
        runOffset,
        runLength,
        payloadStart,
        payload,
        from,
        to,
        arenas,
        arena,
        at,
        size,
      ),
    blendPages: (mask, values, page, from, to, flagBits, { arenas, arena, at, size }) =>
      native.blendPages(mask, values, page, from, to, flagBits, arenas, arena, at, size),
    replayPages: ({ arenas, arena, at, size }, ...rest) =>
      native.replayPages(arenas, arena, at, size, ...rest),
    replayBlock: ({ arenas, arena, at, size }, ...rest) =>
      native.replayBlock(arenas, arena, at, size, ...rest),
  };
}
/*
 * Crossing into the addon costs 25 ns and some 10 ns more for each typed array: what takes less than that in TypeScript stays there. The
 * sizes from which it pays were measured on one machine; around them both take as long, so it hardly matters where exactly they lie.
 */
const CRC_FROM_BYTES = 64;
const ZERO_FROM_BYTES = 512;
const COMPARE_FROM_BYTES = 256;
const BITS_FROM_FLAGS = 64;
const ENCODE_FROM_RUNS = 8;
/** Decoding and scattering; at most 62, the most that a body's first byte tells. */
const DECODE_FROM_RUNS = 16;
const SCATTER_FROM_RUNS = 64;
const BATCH_FROM_ROWS = 8;
const COUNT_MASK = 63;

/** The hot loops with the addon: each call goes where it is faster, and the results are the same bits. */
export function mixedAccel(native: NativeFunctions): Accel {
  const all = nativeAccel(native);
  const ts = referenceAccel;
  return {
    ...ts,
    name: "native",
    largePageBytes: native.largePageBytes,
    preferLargePages: native.preferLargePages,
    encodeColumns: native.encodeColumns,
    encodeBodyRecords: native.encodeBodyRecords,
    encodeNumberRecords: native.encodeNumberRecords,
    checkDeltas: native.checkDeltas,
    decodeRecords: native.decodeRecords,
    noteDeltas: native.noteDeltas,
    sortDeltas: native.sortDeltas,
    gatherBodies: native.gatherBodies,
    replayPages: all.replayPages,
    stageDeltas: native.stageDeltas,
    replayBlock: all.replayBlock,
    raiseEpochs: (slot, count, epoch, changed, stamp, rowEpoch) =>
      (count < BATCH_FROM_ROWS ? ts : native).raiseEpochs(slot, count, epoch, changed, stamp, rowEpoch),
    crc32c: (bytes, seed = 0) =>
      bytes.length < CRC_FROM_BYTES ? ts.crc32c(bytes, seed) : native.crc32c(bytes, seed),
    zeroBytes: (bytes, start, end) =>
      (end - start < ZERO_FROM_BYTES ? ts : native).zeroBytes(bytes, start, end),
    encodeRuns: (runOffset, runLength, from, to, out, at) =>
      (to - from < ENCODE_FROM_RUNS ? ts : native).encodeRuns(runOffset, runLength, from, to, out, at),
    decodeRuns: (bytes, start, end, runOffset, runLength) =>
      (claimsFewRuns(bytes, start) ? ts : native).decodeRuns(bytes, start, end, runOffset, runLength),
    applyBody: (bytes, start, end, page, pageAt, pageSize) =>
      (claimsFewRuns(bytes, start) ? ts : native).applyBody(bytes, start, end, page, pageAt, pageSize),
    applyBodies: (bytes, bodyStart, bodyLength, slot, from, to, pages) =>
      (to - from < BATCH_FROM_ROWS ? ts : all).applyBodies(
        bytes,
        bodyStart,
        bodyLength,
        slot,
        from,
        to,
        pages,
      ),
    encodeBodies: (
      runStart,
      offset,
      length,
      payloadStart,
      payload,
      from,
      to,
      out,
      at,
      limit,
      bodyLength,
      row,
    ) =>
      (to - from < BATCH_FROM_ROWS ? ts : native).encodeBodies(
        runStart,
        offset,
        length,
        payloadStart,
        payload,
        from,
        to,
        out,
        at,
        limit,
        bodyLength,
        row,
      ),
    applyRuns: (runOffset, runLength, from, to, payload, payloadAt, page, pageAt, pageSize) =>
      (to - from < SCATTER_FROM_RUNS ? ts : native).applyRuns(
        runOffset,
        runLength,
        from,
        to,
        payload,
        payloadAt,
        page,
        pageAt,
        pageSize,
      ),
    applyDeltas: (slot, runStart, runOffset, runLength, payloadStart, payload, from, to, pages) =>
      (to - from < BATCH_FROM_ROWS ? ts : all).applyDeltas(
        slot,
        runStart,
        runOffset,
        runLength,
        payloadStart,
        payload,
        from,
        to,
        pages,
      ),
    gatherRuns: (runOffset, runLength, from, to, page, pageAt, out, at) =>
      (to - from < SCATTER_FROM_RUNS ? ts : native).gatherRuns(
        runOffset,
        runLength,
        from,
        to,
        page,
        pageAt,
        out,
        at,
      ),
    diffImages: (before, beforeAt, after, afterAt, from, to, runOffset, runLength, count) =>
      (to - from < COMPARE_FROM_BYTES ? ts : native).diffImages(
        before,
        beforeAt,
        after,
        afterAt,
        from,
        to,
        runOffset,
        runLength,
        count,
      ),
    blendPages: all.blendPages,
    maskToRuns: (mask, maskAt, from, to, runOffset, runLength, count) =>
      (to - from < COMPARE_FROM_BYTES ? ts : native).maskToRuns(
        mask,
        maskAt,
        from,
        to,
        runOffset,
        runLength,
        count,
      ),
    bitsToRuns: (bits, bitsAt, from, to, runOffset, runLength, count) =>
      (to - from < BITS_FROM_FLAGS ? ts : native).bitsToRuns(
        bits,
        bitsAt,
        from,
        to,
        runOffset,
        runLength,
        count,
      ),
  };
}

/** Whether the body at `start` says that it has few runs; so does one that is not there. */
function claimsFewRuns(bytes: Uint8Array, start: number): boolean {
  return (bytes[start]! & COUNT_MASK) < DECODE_FROM_RUNS;
}
