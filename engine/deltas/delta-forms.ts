import { accel } from "../accel/index.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { checkAbout, type Delta, type DeltaAbout, MAX_DELTA_OFFSET, makeDelta } from "./delta.ts";
import { RunList } from "./run-list.ts";

/*
 * The other forms in which deltas are written: a mask of one byte a flag (not zero = set; its index is the byte's offset in the page)
 * with either as many payload bytes as flags (dense: those under unset flags mean nothing) or one for each set flag (sparse).
 */

/** A mask with its bytes, in either form. */
export interface MaskedBytes {
  readonly mask: Uint8Array;
  readonly payload: Uint8Array;
}

/** From a mask and as many bytes; those under unset flags are dropped. */
export function deltaFromDense(about: DeltaAbout, mask: Uint8Array, payload: Uint8Array): Result<Delta> {
  const runs = runsOfMask(about, mask);
  if (!runs.ok) return runs;
  if (payload.length !== mask.length) return lengthsDisagree(about, mask.length, payload.length);
  const bytes = new Uint8Array(runs.value.totalBytes);
  const { offset, length, count } = runs.value;
  accel.gatherRuns(offset, length, 0, count, payload, 0, bytes, 0);
  return ok(makeDelta(about, runs.value, bytes));
}

/** From a mask and one byte for each set flag. */
export function deltaFromSparse(about: DeltaAbout, mask: Uint8Array, payload: Uint8Array): Result<Delta> {
  const runs = runsOfMask(about, mask);
  if (!runs.ok) return runs;
  const totalBytes = runs.value.totalBytes;
  if (payload.length !== totalBytes) return lengthsDisagree(about, totalBytes, payload.length);
  return ok(makeDelta(about, runs.value, payload.slice()));
}

/** A mask of `length` flags and as many bytes, zero under unset flags. */
export function toDense(delta: Delta, length = delta.runs.endOffset): Result<MaskedBytes> {
  const mask = maskOf(delta, length);
  if (!mask.ok) return mask;
  const payload = new Uint8Array(length);
  const { runs } = delta;
  accel.applyRuns(runs.offset, runs.length, 0, runs.count, delta.payload, 0, payload, 0, length);
  return ok({ mask: mask.value, payload });
}

/** A mask of `length` flags and one byte for each set flag. */
export function toSparse(delta: Delta, length = delta.runs.endOffset): Result<MaskedBytes> {
  const mask = maskOf(delta, length);
  return mask.ok ? ok({ mask: mask.value, payload: delta.payload.slice() }) : mask;
}

function runsOfMask(about: DeltaAbout, mask: Uint8Array): Result<RunList> {
  const checked = checkAbout(about);
  if (!checked.ok) return checked;
  if (mask.length > MAX_DELTA_OFFSET) {
    return fail("DELTA_RANGE", `a mask of ${mask.length} flags is too long`, "Give fewer than 2^32 flags", {
      pageId: about.pageId,
    });
  }
  const runs = new RunList();
  runs.assignMask(mask);
  return ok(runs);
}

function maskOf(delta: Delta, length: number): Result<Uint8Array> {
  const { runs } = delta;
  if (!Number.isSafeInteger(length) || length < runs.endOffset || length > MAX_DELTA_OFFSET) {
    return fail(
      "DELTA_RANGE",
      `the delta reaches to byte ${runs.endOffset}, the mask asked for has ${length} flags`,
      "Ask for the size of the page",
      { pageId: delta.pageId },
    );
  }
  const mask = new Uint8Array(length);
  accel.runsToMask(runs.offset, runs.length, 0, runs.count, mask, 0, length);
  return ok(mask);
}

function lengthsDisagree(about: DeltaAbout, wanted: number, given: number): Result<never> {
  return fail(
    "DELTA_LENGTH",
    `the mask wants ${wanted} payload bytes, ${given} were given`,
    "Give as many bytes as flags (dense) or as set flags (sparse)",
    { pageId: about.pageId },
  );
}
