import { useEffect, useMemo, useState } from "react";
import type { RecordBrief } from "../../../engine/protocol/requests/records.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import { useCursorRecordWhere } from "../../client/cursor-record.tsx";
import { useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { onCursorRest } from "../../state/cursor-rest.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";
import type { LaneData } from "./draw-lanes.ts";
import type { Flow, FlowPlace } from "./draw-overlay.ts";
import { LANE_PX, type Track, trackOf } from "./tracks.ts";

/** Arrows are drawn where the cursor rests, not while it runs. */
const REST_MS = 120;
const MOST_CAUSES = 8;
const MOST_EFFECTS = 60;

export interface FlowRecords {
  readonly record: RecordBrief;
  readonly causes: readonly RecordBrief[];
  readonly effects: readonly RecordBrief[];
}

/** Where the cursor came to rest. What uses it is left alone while the cursor runs. */
function useRestingLsn(): number {
  const [resting, setResting] = useState(() => useCursor.getState().lsn);
  useEffect(() => {
    const rest = () => setResting(useCursor.getState().lsn);
    rest();
    return onCursorRest(REST_MS, rest);
  }, []);
  return resting;
}

/** The record at the cursor with the chain of its causes and what it caused itself. */
export function useFlowRecords(): FlowRecords | undefined {
  const { recording, firstLsn, lastLsn } = useRecording();
  const lsn = useRestingLsn();
  const asked = lsn >= firstLsn && lsn <= lastLsn;
  const details = useCursorRecordWhere((record) => record.lsn === lsn);
  const causes = useQuery("record.causes", asked ? { recording, lsn, limit: MOST_CAUSES } : null, {
    scope: String(lsn),
  });
  const effects = useQuery("record.effects", asked ? { recording, lsn, limit: MOST_EFFECTS } : null, {
    scope: String(lsn),
    version: String(lastLsn),
    abandon: true,
  });
  return useMemo(() => {
    if (details === undefined) return undefined;
    return {
      record: details,
      causes: causes.data?.result.chain ?? [],
      effects: effects.data?.result.effects ?? [],
    };
  }, [details, causes.data, effects.data]);
}

export interface FlowGeometry {
  readonly axis: TimelineAxis;
  readonly data: TimelineData | undefined;
  readonly lanes: LaneData | undefined;
  readonly firstLane: number;
  readonly scale: Scale;
  readonly tracks: readonly Track[];
}

/** Arrows from cause to effect between where the records stand on the tracks. */
export function flowsOf(records: FlowRecords, geometry: FlowGeometry): Flow[] {
  const flows: Flow[] = [];
  const place = (record: RecordBrief) => placeOf(record, geometry);
  let to = place(records.record);
  for (const cause of records.causes) {
    const from = place(cause);
    if (from !== undefined && to !== undefined) flows.push({ from, to, kind: "cause" });
    to = from;
  }
  const start = place(records.record);
  for (const effect of records.effects) {
    const end = place(effect);
    if (start !== undefined && end !== undefined) flows.push({ from: start, to: end, kind: "effect" });
  }
  return flows;
}

function placeOf(
  record: RecordBrief,
  { axis, data, lanes, firstLane, scale, tracks }: FlowGeometry,
): FlowPlace | undefined {
  const value =
    axis.kind === "time" ? Number(record.timestampNs - axis.originNs) : valueOfLsn(axis, record.lsn, data);
  if (value === undefined) return undefined;
  const x = xOf(value, scale);
  const middle = (track: Track | undefined) =>
    track === undefined ? undefined : track.top + track.height / 2;
  const y = record.kind.startsWith("tx-")
    ? middle(trackOf(tracks, "transactions"))
    : record.kind === "event"
      ? middle(trackOf(tracks, "events"))
      : record.kind === "failure"
        ? middle(trackOf(tracks, "failures"))
        : record.kind === "checkpoint" || record.kind.startsWith("session")
          ? middle(trackOf(tracks, "marks"))
          : laneY(record, lanes, firstLane, trackOf(tracks, "pages"));
  const fallback = middle(trackOf(tracks, "deltas")) ?? middle(tracks[0]);
  return y === undefined && fallback === undefined ? undefined : { x, y: y ?? fallback! };
}

function laneY(
  record: RecordBrief,
  lanes: LaneData | undefined,
  firstLane: number,
  track: Track | undefined,
): number | undefined {
  if (record.pageId === null || lanes === undefined || track === undefined) return undefined;
  const row = lanes.reply.columns.page.indexOf(record.pageId);
  if (row < 0) return undefined;
  const y = track.top + (lanes.reply.result.firstLane + row - firstLane + 0.5) * LANE_PX;
  return y > track.top && y < track.top + track.height ? y : undefined;
}
