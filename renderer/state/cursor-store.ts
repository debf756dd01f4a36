import { create } from "zustand";

export type PlaybackMode = "records" | "time" | "transactions";

export interface CursorState {
  /** The LSN that every panel shows; "at L" means after record L. */
  readonly lsn: number;
  /** The record that the next step leads to, and the page that it is about, once that has been asked. */
  readonly ahead: { readonly lsn: number; readonly page: bigint | null } | undefined;
  readonly playing: boolean;
  /** A person drags the cursor. */
  readonly scrubbing: boolean;
  readonly playbackMode: PlaybackMode;
  /** Records or transactions a second, or recorded time per time that passes. */
  readonly playbackSpeed: number;
  readonly setLsn: (lsn: number) => void;
  readonly setAhead: (lsn: number, page: bigint | null) => void;
  readonly setScrubbing: (scrubbing: boolean) => void;
  readonly setPlaying: (playing: boolean) => void;
  readonly setPlayback: (mode: PlaybackMode, speed: number) => void;
}

export const useCursor = create<CursorState>()((set, get) => ({
  lsn: 0,
  ahead: undefined,
  playing: false,
  scrubbing: false,
  playbackMode: "records",
  playbackSpeed: 60,
  setLsn: (lsn) => set({ lsn }),
  setAhead: (lsn, page) => {
    const { ahead } = get();
    if (ahead?.lsn !== lsn || ahead.page !== page) set({ ahead: { lsn, page } });
  },
  setScrubbing: (scrubbing) => set({ scrubbing }),
  setPlaying: (playing) => set({ playing }),
  setPlayback: (playbackMode, playbackSpeed) => set({ playbackMode, playbackSpeed }),
}));
