import { accel } from "../accel/index.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { checkAbout, type Delta, type DeltaAbout, MAX_DELTA_OFFSET, makeDelta } from "./delta.ts";
import { RunList } from "./run-list.ts";

/*
 * The laws, held by test/property/deltas.test.ts (`x . d` is the page x after d):
 *
 *   x . compose(a, b)            = (x . a) . b
 *   compose(compose(a, b), c)    = compose(a, compose(b, c))
 *   compose(a, empty)            = compose(empty, a) = a        in runs and bytes
 *   (x . d) . invert(d, x)       = x
 *   x . diff(x, y)               = y
 */

/** Writes the delta's bytes into the page and returns how many. Nothing is written where a run lies outside of it. */
export function applyDelta(delta: Delta, page: Uint8Array): Result<number> {
  const checked = checkFits(delta, page);
  if (!checked.ok) return checked;
  const { runs, payload } = delta;
  return ok(accel.applyRuns(runs.offset, runs.length, 0, runs.count, payload, 0, page, 0, page.length));
}

/** One delta that does what `first` and then `second` do; its origin is that of `second`. O(runs + bytes). */
export function composeDeltas(first: Delta, second: Delta): Result<Delta> {
  if (first.pageId !== second.pageId) {
    return fail(
      "DELTA_PAGE_MISMATCH",
      `a delta of page ${first.pageId} cannot be joined with one of page ${second.pageId}`,
      "Compose deltas of the same page only",
      { pageId: first.pageId },
    );
  }
  const runs = new RunList(first.runs.count + second.runs.count);
  uniteRuns(first.runs, second.runs, runs);
  const payload = new Uint8Array(runs.totalBytes);
  paint(first, runs, payload);
  paint(second, runs, payload);
  return ok(makeDelta(second, runs, payload));
}

/** The delta that takes `delta` back: the same runs with the bytes that `pageBefore` (the whole page) holds there. */
export function invertDelta(delta: Delta, pageBefore: Uint8Array): Result<Delta> {
  const checked = checkFits(delta, pageBefore);
  if (!checked.ok) return checked;
  const { runs } = delta;
  const payload = new Uint8Array(runs.totalBytes);
  accel.gatherRuns(runs.offset, runs.length, 0, runs.count, pageBefore, 0, payload, 0);
  return ok(makeDelta(delta, runs.clone(), payload));
}

/** What turns `before` into `after`: exactly the bytes that differ. Both are whole images of one page. */
export function diffPages(about: DeltaAbout, before: Uint8Array, after: Uint8Array): Result<Delta> {
  const checked = checkAbout(about);
  if (!checked.ok) return checked;
  if (before.length !== after.length || before.length > MAX_DELTA_OFFSET) {
    return fail(
      "DELTA_LENGTH",
      `images of ${before.length} and ${after.length} bytes are not of one page`,
      "Give two images of the same size, below 4 GiB",
      { pageId: about.pageId },
    );
  }
  const runs = new RunList();
  runs.assignDiff(before, 0, after, 0, before.length);
  const payload = new Uint8Array(runs.totalBytes);
  accel.gatherRuns(runs.offset, runs.length, 0, runs.count, after, 0, payload, 0);
  return ok(makeDelta(about, runs, payload));
}

/** Whether both touch the same bytes of the same page with the same values. */
export function sameChange(a: Delta, b: Delta): boolean {
  if (a.pageId !== b.pageId || !a.runs.equals(b.runs) || a.payload.length !== b.payload.length) return false;
  for (let i = 0; i < a.payload.length; i++) if (a.payload[i] !== b.payload[i]) return false;
  return true;
}

/** Becomes the runs of all bytes that `a` or `b` touch. */
export function uniteRuns(a: RunList, b: RunList, into: RunList): void {
  into.clear();
  let i = 0;
  let j = 0;
  while (i < a.count || j < b.count) {
    if (j === b.count || (i < a.count && a.offset[i]! <= b.offset[j]!)) {
      into.extend(a.offset[i]!, a.length[i]!);
      i++;
    } else {
      into.extend(b.offset[j]!, b.length[j]!);
      j++;
    }
  }
}

/** Copies the delta's bytes to where `runs`, which cover all of its own, keep them in `payload`. */
function paint(delta: Delta, runs: RunList, payload: Uint8Array): void {
  let from = 0;
  let row = 0;
  let rowAt = 0;
  for (let i = 0; i < delta.runs.count; i++) {
    const offset = delta.runs.offset[i]!;
    const length = delta.runs.length[i]!;
    while (runs.offset[row]! + runs.length[row]! <= offset) rowAt += runs.length[row++]!;
    accel.copyBytes(delta.payload, from, payload, rowAt + offset - runs.offset[row]!, length);
    from += length;
  }
}

function checkFits(delta: Delta, page: Uint8Array): Result<void> {
  if (delta.runs.endOffset <= page.length) return ok();
  return fail(
    "DELTA_RANGE",
    `the delta reaches to byte ${delta.runs.endOffset} of a page of ${page.length} bytes`,
    "Give the page that the delta was made for",
    { pageId: delta.pageId, offset: delta.runs.endOffset },
  );
}
