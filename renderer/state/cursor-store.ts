import { create } from "zustand";

export type PlaybackMode = "records" | "time" | "transactions";

export interface CursorState {
  /** The LSN that every panel shows; "at L" means after record L. */
  readonly lsn: number;
  readonly playing: boolean;
  /** A person drags the cursor. */
  readonly scrubbing: boolean;
  readonly playbackMode: PlaybackMode;
  /** Records or transactions a second, or recorded time per time that passes. */
  readonly playbackSpeed: number;
  readonly setLsn: (lsn: number) => void;
  readonly setScrubbing: (scrubbing: boolean) => void;
  readonly setPlaying: (playing: boolean) => void;
  readonly setPlayback: (mode: PlaybackMode, speed: number) => void;
}

export const useCursor = create<CursorState>()((set) => ({
  lsn: 0,
  playing: false,
  scrubbing: false,
  playbackMode: "records",
  playbackSpeed: 60,
  setLsn: (lsn) => set({ lsn }),
  setScrubbing: (scrubbing) => set({ scrubbing }),
  setPlaying: (playing) => set({ playing }),
  setPlayback: (playbackMode, playbackSpeed) => set({ playbackMode, playbackSpeed }),
}));
