import type { JSX } from "react";
import { useCursorRecord } from "../client/cursor-record.tsx";
import { useRecording } from "../client/use-studio.ts";
import { useTimeFormat } from "../client/use-time-format.ts";
import { useCursor } from "../state/cursor-store.ts";
import { formatCount } from "../ui/format/count.ts";
import { Tip } from "../ui/tooltip.tsx";
import { useShell } from "./shell-store.ts";

/** Where the cursor stands. Its width never changes while scrubbing; a click goes elsewhere. */
export function CursorReadout(): JSX.Element {
  const show = useShell((state) => state.show);
  return (
    <Tip text="Go to an LSN or a time" shortcut="G">
      <button type="button" className="readout" onClick={() => show("goto")}>
        <Position />
      </button>
    </Tip>
  );
}

/** Apart from its button, whose tip would be drawn anew with it. */
function Position(): JSX.Element {
  const lsn = useCursor((state) => state.lsn);
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const record = useCursorRecord().data?.result.record;
  const last = formatCount(recording.lastLsn);
  const time = record !== undefined && record.lsn === lsn ? formatTime(record.timestampNs, 6) : undefined;
  return (
    <>
      <span className="readout__name">LSN</span>
      <span className="readout__lsn num" style={{ minWidth: `${last.length}ch` }} data-testid="cursor-lsn">
        {formatCount(lsn)}
      </span>
      <span className="readout__of num">/ {last}</span>
      <span className="readout__time num">
        {time ?? (lsn < recording.firstLsn ? "before the first record" : "")}
      </span>
    </>
  );
}
