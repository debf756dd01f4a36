import { create } from "zustand";
import { persist } from "zustand/middleware";

export type ThemeChoice = "system" | "dark" | "light";
export type Axis = "lsn" | "time";

export interface PreferencesState {
  readonly theme: ThemeChoice;
  readonly axis: Axis;
  /** The Deltas and Events tables scroll with the cursor. */
  readonly followCursor: boolean;
  /** Tracks of the timeline that a person put away. */
  readonly hiddenTracks: readonly string[];
  readonly laneOrder: "first-write" | "busiest" | "id";
  /** Seconds, minutes and so on since the first record, or the calendar time (UTC). */
  readonly timeFormat: "elapsed" | "calendar";
  /** How a page is shown. */
  readonly pageView: "bytes" | "fields" | "picture";
  /** Bytes are coloured by how long ago they were written. */
  readonly pageAges: boolean;
  readonly set: (change: Partial<Omit<PreferencesState, "set">>) => void;
}

/** What a person chose; it outlives the window. */
export const usePreferences = create<PreferencesState>()(
  persist(
    (set) => ({
      theme: "system",
      axis: "lsn",
      followCursor: true,
      hiddenTracks: [],
      laneOrder: "busiest",
      timeFormat: "elapsed",
      pageView: "bytes",
      pageAges: false,
      set: (change) => set(change),
    }),
    { name: "mmsb.preferences", version: 1 },
  ),
);
