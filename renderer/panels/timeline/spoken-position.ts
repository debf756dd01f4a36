import { type RefObject, useEffect } from "react";
import { useCursorRecord } from "../../client/cursor-record.tsx";
import { useCursor } from "../../state/cursor-store.ts";

/** Tells the slider where the cursor is, for those who hear it. By hand, because the slider's element holds all that is drawn. */
export function SpokenPosition({ slider }: { slider: RefObject<HTMLElement | null> }): null {
  const record = useCursorRecord().data?.result.record;
  useEffect(() => {
    const tell = () => {
      const { lsn } = useCursor.getState();
      slider.current?.setAttribute("aria-valuenow", String(lsn));
      slider.current?.setAttribute(
        "aria-valuetext",
        record?.lsn === lsn ? `LSN ${lsn}, ${record.summary}` : `LSN ${lsn}`,
      );
    };
    tell();
    return useCursor.subscribe((now, before) => {
      if (now.lsn !== before.lsn) tell();
    });
  }, [slider, record]);
  return null;
}
