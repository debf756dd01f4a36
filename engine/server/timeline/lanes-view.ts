import { fail, ok, type Result } from "../../base/result.ts";
import { lastAtMost } from "../../log/index/growable.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { findRow, type RunColumns } from "../../log/index/index-run.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { endLsn } from "../pages/page-life.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { Axis } from "./axis.ts";

const MOST = 0xffff;

/** Page lifetimes, one lane each, with how often each pixel column wrote the page. */
export function* viewLanes(
  opened: OpenedRecording,
  params: ParamsOf<"timeline.lanes">,
): Sliced<Result<ReplyOf<"timeline.lanes">>> {
  const { recording } = opened;
  if (params.to <= params.from) {
    return fail(
      "ARGUMENT_INVALID",
      "the viewport is empty: it ends where it begins or before",
      "Give a 'to' above 'from'",
    );
  }
  const axis = new Axis(opened, params);
  axis.fillEdges(false);
  const slots = yield* opened.pageOrders.slotsFor({
    lsn: recording.lastLsn,
    order: params.order === "busiest" ? "deltas" : params.order === "id" ? "id" : "first-write",
    descending: params.order === "busiest",
    dead: true,
    pageTypes: params.pageTypes,
  });
  if (!slots.ok) return slots;
  const shown = slots.value.subarray(params.firstLane, params.firstLane + params.lanes);
  const { tables } = recording.index;
  const { lives } = tables;
  const rows = shown.length;
  const columns = {
    page: new BigUint64Array(rows),
    pageType: new Uint32Array(rows),
    createdLsn: new Float64Array(rows),
    destroyedLsn: new Float64Array(rows),
    createdTimeNs: new BigUint64Array(rows),
    destroyedTimeNs: new BigUint64Array(rows),
    activity: new Uint16Array(rows * params.columns),
  };
  for (let row = 0; row < rows; row++) {
    const slot = shown[row]!;
    const { first, last } = livesOf(opened, slot);
    if (first === NONE) continue;
    const until = endLsn(lives.untilLsn.data[last]!);
    columns.page[row] = tables.ids.id(slot);
    columns.pageType[row] = lives.type.data[last]!;
    columns.createdLsn[row] = lives.fromLsn.data[first]!;
    columns.destroyedLsn[row] = until;
    columns.createdTimeNs[row] = axis.timeNsOf(lives.fromLsn.data[first]!);
    columns.destroyedTimeNs[row] = until === 0 ? 0n : axis.timeNsOf(until);
  }
  const counted = yield* countActivity(opened, axis, shown, columns.activity);
  if (!counted.ok) return counted;
  return ok({
    result: { firstLane: params.firstLane, totalLanes: slots.value.length, columns: params.columns },
    columns,
  });
}

/** A page's first and last life: the lane goes from the beginning of the one to the end of the other. */
function livesOf({ recording }: OpenedRecording, slot: number): { first: number; last: number } {
  const { slotLife, lives } = recording.index.tables;
  const last = slotLife.data[slot]!;
  let first = last;
  while (first !== NONE && lives.previous.data[first]! !== NONE) first = lives.previous.data[first]!;
  return { first, last };
}

/** Run by run of the index, so that each is loaded once; in it one search a lane and pixel column, however many deltas there are. */
function* countActivity(
  opened: OpenedRecording,
  axis: Axis,
  slots: Uint32Array,
  activity: Uint16Array,
): Sliced<Result<void>> {
  const { index } = opened.recording;
  const { edgeLsn, columns } = axis;
  for (let run = Math.max(0, index.findRun(edgeLsn[0]!)); run < index.runCount; run++) {
    const { firstLsn } = index.header(run);
    if (firstLsn >= edgeLsn[columns]!) break;
    const loaded = index.columns(run);
    if (!loaded.ok) return loaded;
    for (let lane = 0; lane < slots.length; lane++) {
      const row = findRow(loaded.value, slots[lane]!);
      if (row >= 0) countRow(loaded.value, row, firstLsn, axis, activity, lane * columns);
    }
    yield;
  }
  return ok();
}

function countRow(
  { rowDelta, deltaOffset }: RunColumns,
  row: number,
  firstLsn: number,
  { edgeLsn, columns }: Axis,
  activity: Uint16Array,
  activityAt: number,
): void {
  const end = rowDelta[row + 1]!;
  let at = lastAtMost(deltaOffset, rowDelta[row]!, end, Math.ceil(edgeLsn[0]!) - 1 - firstLsn) + 1;
  for (let column = 0; column < columns && at < end; column++) {
    const next = Math.ceil(edgeLsn[column + 1]!) - firstLsn;
    if (deltaOffset[at]! >= next) continue;
    const until = lastAtMost(deltaOffset, at, end, next - 1) + 1;
    activity[activityAt + column] = Math.min(MOST, activity[activityAt + column]! + until - at);
    at = until;
  }
}
