import { ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { PageDeltas } from "../../log/index/page-deltas.ts";
import { VersionKind } from "../../log/index/structure.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { endLsn } from "./page-life.ts";

export function* windowPages(
  opened: OpenedRecording,
  params: ParamsOf<"pages.window">,
): Sliced<Result<ReplyOf<"pages.window">>> {
  const { recording, survey, pageOrders } = opened;
  const { lsn } = params;
  const checked = recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const slots = yield* pageOrders.slotsFor(params);
  if (!slots.ok) return slots;
  const { tables } = recording.index;
  const { lives, versions } = tables;
  const shown = slots.value.subarray(params.offset, params.offset + params.limit);
  const rows = shown.length;
  const columns = {
    page: new BigUint64Array(rows),
    pageType: new Uint32Array(rows),
    sizeBytes: new Float64Array(rows),
    epoch: new Float64Array(rows),
    location: new Uint8Array(rows),
    createdLsn: new Float64Array(rows),
    destroyedLsn: new Float64Array(rows),
    lastWriteLsn: new Float64Array(rows),
    deltas: new Float64Array(rows),
  };
  for (let row = 0; row < rows; row++) {
    const slot = shown[row]!;
    const life = pageOrders.lifeFor(slot, lsn);
    const place = new PageDeltas(recording.index, slot);
    const found = place.seek(lsn);
    if (!found.ok) return found;
    const begin = lives.fromLsn.data[life]!;
    const moved = versions.find(lives.version.data[life]!, VersionKind.Location, lsn);
    const isWritten = place.lsn > begin;
    columns.page[row] = tables.ids.id(slot);
    columns.pageType[row] = lives.type.data[life]!;
    columns.sizeBytes[row] = lives.sizeBytes.data[life]!;
    columns.epoch[row] = isWritten ? place.epoch : lives.epoch.data[life]!;
    columns.location[row] = moved === NONE ? lives.location.data[life]! : versions.value.data[moved]!;
    columns.createdLsn[row] = begin;
    columns.destroyedLsn[row] = endLsn(lives.untilLsn.data[life]!);
    columns.lastWriteLsn[row] = isWritten ? place.lsn : 0;
    columns.deltas[row] = survey.slotDeltas[slot] ?? 0;
    if (row % 128 === 127) yield;
  }
  return ok({
    result: { offset: Math.min(params.offset, slots.value.length), total: slots.value.length },
    columns,
  });
}
