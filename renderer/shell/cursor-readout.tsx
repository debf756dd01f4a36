import { type JSX, useLayoutEffect, useRef } from "react";
import { useCursorRecord } from "../client/cursor-record.tsx";
import { useRecording } from "../client/use-studio.ts";
import { useTimeFormat } from "../client/use-time-format.ts";
import { useCursor } from "../state/cursor-store.ts";
import { formatCount } from "../ui/format/count.ts";
import { setText } from "../ui/set-text.ts";
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

/**
 * Apart from its button, whose tip would be drawn anew with it. The cursor's moves are written into the text by hand: they come with every
 * frame of a scrub.
 */
function Position(): JSX.Element {
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const record = useCursorRecord().data?.result.record;
  const lsnText = useRef<HTMLSpanElement>(null);
  const timeText = useRef<HTMLSpanElement>(null);
  const last = formatCount(recording.lastLsn);
  const time = record && formatTime(record.timestampNs, 6);

  useLayoutEffect(() => {
    const write = () => {
      const { lsn } = useCursor.getState();
      setText(lsnText.current, formatCount(lsn));
      const atRecord = record?.lsn === lsn ? time : undefined;
      setText(
        timeText.current,
        atRecord ?? (lsn < recording.firstLsn ? `before LSN ${formatCount(recording.firstLsn)}` : ""),
      );
    };
    write();
    return useCursor.subscribe((now, before) => {
      if (now.lsn !== before.lsn) write();
    });
  }, [record, time, recording.firstLsn]);

  return (
    <>
      <span className="readout__name">LSN</span>
      <span
        ref={lsnText}
        className="readout__lsn num"
        style={{ minWidth: `${last.length}ch` }}
        data-testid="cursor-lsn"
      />
      <span className="readout__of num">/ {last}</span>
      <span ref={timeText} className="readout__time num" />
    </>
  );
}
