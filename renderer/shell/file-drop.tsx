import { type DragEvent, type JSX, type ReactNode, useRef, useState } from "react";
import { useSession, useStudio } from "../client/use-studio.ts";
import { showNotice } from "../state/notice-store.ts";

/** A recording dropped anywhere in the window is sent to the engine and opened. */
export function FileDrop({ children }: { children: ReactNode }): JSX.Element {
  const studio = useStudio();
  const uploads = useSession((state) => state.listing?.uploads === true);
  // The desktop knows the file's path: its preload takes the drop.
  const desktop = useSession((state) => state.listing?.dialogs === true);
  const [over, setOver] = useState(false);
  // Entering a child leaves its parent: only as many leaves as enters mean that the pointer is gone.
  const depth = useRef(0);
  const holdsFiles = (event: DragEvent) => event.dataTransfer.types.includes("Files");
  const enter = (event: DragEvent, step: number) => {
    if (!holdsFiles(event)) return;
    depth.current += step;
    setOver(depth.current > 0);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping has a twin for the keyboard, the Open dialog
    <div
      className="app"
      onDragEnter={(event) => enter(event, 1)}
      onDragLeave={(event) => enter(event, -1)}
      onDragOver={(event) => {
        if (holdsFiles(event)) event.preventDefault();
      }}
      onDrop={(event) => {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file === undefined) return;
        if (uploads) void studio.session.upload(file);
        else if (!desktop)
          showNotice({
            tone: "warn",
            text: "This server takes no files: start it with the recording instead",
          });
      }}
    >
      {children}
      {over && <div className="drop-cover">Drop to open</div>}
    </div>
  );
}
