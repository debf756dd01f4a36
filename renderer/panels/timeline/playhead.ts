import { useCursorRecord } from "../../client/cursor-record.tsx";
import { useCursor } from "../../state/cursor-store.ts";
import { elapsed, type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";

/** Where on the axis the cursor stands: by its record's own time where that is known, else by the nearest columns. */
export function usePlayhead(
  axis: TimelineAxis,
  data: TimelineData | undefined,
  whole: TimelineData | undefined,
): number {
  const lsn = useCursor((state) => state.lsn);
  const record = useCursorRecord().data?.result.record;
  if (axis.kind === "time" && record?.lsn === lsn) return elapsed(axis, record.timestampNs);
  return valueOfLsn(axis, lsn, data) ?? valueOfLsn(axis, lsn, whole) ?? axis.bounds.from;
}
