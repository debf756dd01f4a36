import { useCallback } from "react";
import { usePreferences } from "../state/preferences-store.ts";
import { formatElapsed, formatTimestamp } from "../ui/format/time.ts";
import { useRecording } from "./use-studio.ts";

/** How times are shown: since the first record, or by the calendar, as a person chose. */
export function useTimeFormat(): (timestampNs: bigint, digits?: 0 | 3 | 6 | 9) => string {
  const origin = useRecording().firstTimestampNs ?? 0n;
  const format = usePreferences((state) => state.timeFormat);
  return useCallback(
    (timestampNs, digits) =>
      format === "calendar" ? formatTimestamp(timestampNs) : formatElapsed(timestampNs - origin, digits),
    [origin, format],
  );
}
