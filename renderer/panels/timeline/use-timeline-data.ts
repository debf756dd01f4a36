import { useMemo } from "react";
import { LIMITS } from "../../../engine/protocol/limits.ts";
import { requestSpan } from "../../canvas/viewport.ts";
import { useQuery } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import type { Span } from "../../state/timeline-store.ts";
import { fromWire, type TimelineAxis, type TimelineData, toWire } from "./axis.ts";
import type { LaneData } from "./draw-lanes.ts";

/** One bar is two pixels wide: finer ones melt together, and half the columns cross the port. */
const COLUMN_PX = 2;
/** Lanes are asked for in blocks, so that scrolling by one asks for nothing. */
const LANE_BLOCK = 32;

export type LaneOrder = "first-write" | "busiest" | "id";

/** The span that an answer is about: while a newer one is on its way, the old is drawn where it belongs. */
function spanOf(axis: TimelineAxis, asked: { readonly from: bigint; readonly to: bigint }): Span {
  return { from: fromWire(axis, asked.from), to: fromWire(axis, asked.to) };
}

export function useTimelineView(
  axis: TimelineAxis,
  view: Span,
  widthPx: number,
): { data: TimelineData | undefined; loading: boolean } {
  const { recording, lastLsn, surveyedLsn } = useRecording();
  const { span, columns } = requestSpan(
    view,
    axis.bounds,
    widthPx,
    COLUMN_PX,
    LIMITS.viewportColumns,
    axis.kind === "lsn",
  );
  const query = useQuery(
    "timeline.view",
    widthPx === 0
      ? null
      : { recording, axis: axis.kind, from: toWire(axis, span.from), to: toWire(axis, span.to), columns },
    { version: `${lastLsn}/${surveyedLsn}`, scope: axis.kind },
  );
  const { data: reply, asked } = query;
  const data = useMemo(
    () => (reply === undefined || asked === undefined ? undefined : { reply, span: spanOf(axis, asked) }),
    [reply, asked, axis],
  );
  return { data, loading: query.stale && data === undefined };
}

export interface Lanes {
  readonly data: LaneData | undefined;
  readonly total: number;
}

export function useLanes(
  axis: TimelineAxis,
  view: Span,
  widthPx: number,
  order: LaneOrder,
  firstLane: number,
  visibleLanes: number,
): Lanes {
  const { recording, lastLsn, surveyedLsn } = useRecording();
  const { span, columns } = requestSpan(
    view,
    axis.bounds,
    widthPx,
    COLUMN_PX,
    LIMITS.viewportColumns,
    axis.kind === "lsn",
  );
  const first = Math.floor(firstLane / LANE_BLOCK) * LANE_BLOCK;
  const lanes = Math.min(256, Math.ceil((firstLane - first + visibleLanes) / LANE_BLOCK) * LANE_BLOCK);
  const query = useQuery(
    "timeline.lanes",
    widthPx === 0 || visibleLanes <= 0
      ? null
      : {
          recording,
          axis: axis.kind,
          from: toWire(axis, span.from),
          to: toWire(axis, span.to),
          columns,
          order,
          firstLane: first,
          lanes,
        },
    { version: `${lastLsn}/${surveyedLsn}`, scope: `${axis.kind}/${order}` },
  );
  const { data: reply, asked } = query;
  const data = useMemo(
    () => (reply === undefined || asked === undefined ? undefined : { reply, span: spanOf(axis, asked) }),
    [reply, asked, axis],
  );
  return { data, total: reply?.result.totalLanes ?? 0 };
}
