import { createContext, useContext } from "react";
import { assert } from "../../engine/base/assert.ts";
import type { RecordingInfo } from "../../engine/protocol/requests/recordings.ts";
import { useStore } from "../state/external-store.ts";
import type { SessionState } from "./recording-session.ts";
import type { Studio } from "./studio.ts";

export const StudioContext = createContext<Studio | undefined>(undefined);

export function useStudio(): Studio {
  const studio = useContext(StudioContext);
  assert(studio !== undefined, "the window is rendered inside a StudioContext");
  return studio;
}

export function useSession<V>(select: (state: SessionState) => V): V {
  return useStore(useStudio().session, select);
}

/** The recording that is open. Only for what is rendered while one is: every panel. */
export function useRecording(): RecordingInfo {
  const recording = useSession((state) => state.recording);
  assert(recording !== undefined, "panels are rendered only while a recording is open");
  return recording;
}
