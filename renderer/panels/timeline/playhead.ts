import { useEffect } from "react";
import type { RecordBrief } from "../../../engine/protocol/requests/records.ts";
import { useCursorRecordWhere } from "../../client/cursor-record.tsx";
import { useCursor } from "../../state/cursor-store.ts";
import { elapsed, type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";

/** Where on the axis the cursor stands: by its record's own time where that is known, else by the nearest columns. */
function playheadOf(
  lsn: number,
  axis: TimelineAxis,
  record: RecordBrief | undefined,
  data: TimelineData | undefined,
  whole: TimelineData | undefined,
): number {
  if (axis.kind === "time" && record?.lsn === lsn) return elapsed(axis, record.timestampNs);
  return valueOfLsn(axis, lsn, data) ?? valueOfLsn(axis, lsn, whole) ?? axis.bounds.from;
}

/**
 * Calls with the place of the cursor on the axis, now and whenever it moves: by hand, because it moves with every frame of a scrub. `place`
 * must be stable (useCallback) while it does the same.
 */
export function usePlayhead(
  axis: TimelineAxis,
  data: TimelineData | undefined,
  whole: TimelineData | undefined,
  place: (value: number, lsn: number) => void,
): void {
  const known = useCursorRecordWhere(() => axis.kind === "time");
  useEffect(() => {
    const follow = () => {
      const { lsn } = useCursor.getState();
      place(playheadOf(lsn, axis, known, data, whole), lsn);
    };
    follow();
    return useCursor.subscribe((now, before) => {
      if (now.lsn !== before.lsn) follow();
    });
  }, [axis, known, data, whole, place]);
}
