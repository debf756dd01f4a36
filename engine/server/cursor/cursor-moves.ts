import { fail, ok, type Result } from "../../base/result.ts";
import type { CursorLanding } from "../../protocol/requests/cursor.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { Cursor, type StepMode } from "../../replay/cursor.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Sliced } from "../slice-scheduler.ts";

/** Steps taken between two chances to stop. */
const STEPS_A_SLICE = 64;

type Step = ParamsOf<"cursor.step">;

/** Where a cursor stands. `moved` false = it could not go further. */
export function landingAt(recording: Recording, lsn: number, moved: boolean): Result<CursorLanding> {
  const open = recording.index.openTransaction(lsn);
  if (!open.ok) return open;
  const isRecord = recording.source.findBlock(lsn) >= 0;
  const record = isRecord ? recording.record(lsn) : undefined;
  if (record !== undefined && !record.ok) return record;
  return ok({
    lsn,
    timestampNs: record?.value.timestampNs ?? null,
    moved,
    insideTransaction: open.value !== 0,
  });
}

export function* stepCursor(opened: OpenedRecording, params: Step): Sliced<Result<ReplyOf<"cursor.step">>> {
  const { recording } = opened;
  const checked = recording.checkLsn(params.lsn);
  if (!checked.ok) return checked;
  const landed =
    params.by === "delta" || params.by === "event"
      ? yield* stepRows(opened, params)
      : yield* stepPlaces(recording, params);
  if (!landed.ok) return landed;
  const landing = landingAt(recording, landed.value, landed.value !== params.lsn);
  return landing.ok ? ok({ result: landing.value, columns: {} }) : landing;
}

/** To the n-th delta or event from here: known from the survey, without walking there. */
function* stepRows(opened: OpenedRecording, { lsn, by, backward, count }: Step): Sliced<Result<number>> {
  const rows = opened.searches.rowsFor(by === "delta" ? "deltas" : "events", {});
  if (!rows.ok) return rows;
  const set = rows.value;
  while (!set.isComplete && set.searchedLsn < lsn) {
    const advanced = yield* set.advance();
    if (!advanced.ok) return advanced;
  }
  const rank = set.rank(backward ? lsn - 1 : lsn);
  if (!rank.ok) return rank;
  while (!backward && !set.isComplete && set.total < rank.value + count) {
    const advanced = yield* set.advance();
    if (!advanced.ok) return advanced;
  }
  const row = backward ? Math.max(0, rank.value - count) : Math.min(set.total, rank.value + count) - 1;
  if (backward ? rank.value === 0 : row < rank.value) return ok(lsn);
  const found = yield* set.select(row, row + 1);
  return found.ok ? ok(Math.min(found.value[0] ?? lsn, opened.recording.lastLsn)) : found;
}

function* stepPlaces(recording: Recording, { lsn, by, page, backward, count }: Step): Sliced<Result<number>> {
  const direction = backward ? -1 : 1;
  const cursor = new Cursor(recording, 0);
  const sought = cursor.seek(lsn);
  if (!sought.ok) return sought;
  let mode: StepMode = by === "transaction" ? { by } : { by: "record" };
  if (by === "page-delta") {
    if (page === undefined)
      return fail("ARGUMENT_INVALID", "a step to a page's delta needs the page", "Give 'page'");
    mode = { by: "delta", pageId: page };
  }
  for (let steps = 1; steps <= count; steps++) {
    const moved = cursor.step(mode, direction);
    if (!moved.ok) return moved;
    if (!moved.value) break;
    if (steps % STEPS_A_SLICE === 0) yield;
  }
  return ok(cursor.lsn);
}

export function seekTime(recording: Recording, timeNs: bigint): Result<ReplyOf<"cursor.seek-time">> {
  const lsn = recording.lsnAtTime(timeNs);
  if (!lsn.ok) return lsn;
  const landing = landingAt(recording, lsn.value, true);
  return landing.ok ? ok({ result: landing.value, columns: {} }) : landing;
}
