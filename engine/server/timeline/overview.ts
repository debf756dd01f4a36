import { ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import { GROUP_COUNT } from "../recording/survey.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { addEvenly } from "./spread.ts";

const ITEMS_A_STEP = 512;

/** A recording in figures. */
export function* overviewOf(
  opened: OpenedRecording,
  { points, top }: ParamsOf<"overview">,
): Sliced<Result<ReplyOf<"overview">>> {
  const { recording, survey } = opened;
  const { tables } = recording.index;
  const { lives, types, ids, sources, sourceRecords } = tables;
  const busySlots = yield* greatest(ids.count, top, (slot) => survey.slotDeltas[slot] ?? 0);
  const busySources = yield* greatest(sources.texts.length, top, (source) => sourceRecords.data[source]!);
  let livePages = 0;
  let liveBytes = 0;
  for (let slot = 0; slot < ids.count; slot++) {
    if (!tables.isLive(slot)) continue;
    livePages++;
    liveBytes += lives.sizeBytes.data[tables.slotLife.data[slot]!]!;
    if (slot % ITEMS_A_STEP === ITEMS_A_STEP - 1) yield;
  }
  const kindCounts = [...survey.groupTotals];
  return ok({
    result: {
      surveyedLsn: BigInt(survey.isComplete ? recording.lastLsn : survey.surveyedLsn),
      busiestPages: busySlots
        .filter((slot) => (survey.slotDeltas[slot] ?? 0) > 0)
        .map((slot) => {
          const life = tables.slotLife.data[slot]!;
          return {
            pageId: ids.id(slot),
            pageType: life === NONE ? "" : types.texts[lives.type.data[life]!]!,
            deltas: survey.slotDeltas[slot]!,
            deltaBytes: Math.round(survey.slotBytes[slot]!),
          };
        }),
      busiestSources: busySources.map((source) => ({
        source,
        name: sources.texts[source]!,
        records: sourceRecords.data[source]!,
        deltaBytes: Math.round(survey.sourceBytes[source] ?? 0),
      })),
      kindCounts,
      transactions: {
        committed: survey.committed,
        aborted: survey.aborted,
        open: recording.committedLsn < recording.lastLsn ? 1 : 0,
      },
      liveBytes,
      livePages,
    },
    columns: yield* rates(opened, points),
  });
}

/** Records, bytes and pages over time: what each stretch of the clock holds, from the survey. */
function* rates({ recording, survey }: OpenedRecording, points: number) {
  const pointTimeNs = new BigUint64Array(points + 1);
  const records = new Float64Array(points);
  const deltaBytes = new Float64Array(points);
  const pages = new Float64Array(points);
  const last = survey.blockCount - 1;
  const span = Math.max(1, last < 0 ? 1 : survey.endTime.data[last]!);
  for (let point = 0; point <= points; point++) {
    pointTimeNs[point] = survey.originNs + BigInt(Math.round((span * point) / points));
  }
  for (let block = 0; block <= last; block++) {
    const from = (survey.startTime.data[block]! / span) * points;
    const to = Math.min(points, (survey.endTime.data[block]! / span) * points);
    const start = Math.min(from, points - 1e-9);
    let total = 0;
    for (let group = 0; group < GROUP_COUNT; group++)
      total += survey.groups.data[block * GROUP_COUNT + group]!;
    addEvenly(records, 0, points, start, Math.max(start, to), total);
    addEvenly(deltaBytes, 0, points, start, Math.max(start, to), survey.deltaBytes.data[block]!);
    if (block % ITEMS_A_STEP === ITEMS_A_STEP - 1) yield undefined;
  }
  const { lives } = recording.index.tables;
  const pointOf = (lsn: number) => Math.min(points - 1, Math.floor((survey.timeAt(lsn) / span) * points));
  for (let life = 0; life < lives.count; life++) {
    pages[Math.max(0, pointOf(lives.fromLsn.data[life]!))]! += 1;
    const until = lives.untilLsn.data[life]!;
    if (until !== Number.POSITIVE_INFINITY) pages[Math.max(0, pointOf(until))]! -= 1;
    if (life % ITEMS_A_STEP === ITEMS_A_STEP - 1) yield undefined;
  }
  for (let point = 1; point < points; point++) pages[point]! += pages[point - 1]!;
  return { pointTimeNs, records, deltaBytes, pages };
}

/** The numbers below `count` with the greatest weights, greatest first. */
function* greatest(count: number, limit: number, weight: (number: number) => number): Sliced<number[]> {
  const chosen: number[] = [];
  for (let number = 0; number < count; number++) {
    if (number % ITEMS_A_STEP === ITEMS_A_STEP - 1) yield;
    if (chosen.length === limit && weight(number) <= weight(chosen[limit - 1]!)) continue;
    if (chosen.length === limit) chosen.pop();
    let at = chosen.length;
    while (at > 0 && weight(chosen[at - 1]!) < weight(number)) at--;
    chosen.splice(at, 0, number);
  }
  return chosen;
}
