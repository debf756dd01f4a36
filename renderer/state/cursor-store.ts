import { create } from "zustand";

export type PlaybackMode = "records" | "time" | "transactions";

interface RecordPage {
  readonly lsn: number;
  readonly page: bigint | null;
}

export interface CursorState {
  /** The LSN that every panel shows; "at L" means after record L. */
  readonly lsn: number;
  /** The record at the cursor and the page that it is about, once that is known; of an earlier place of the cursor until then. */
  readonly record: RecordPage | undefined;
  /** The same of the record that the next step leads to, once that has been asked. */
  readonly ahead: RecordPage | undefined;
  readonly playing: boolean;
  /** A person drags the cursor. */
  readonly scrubbing: boolean;
  readonly playbackMode: PlaybackMode;
  /** Records or transactions a second, or recorded time per time that passes. */
  readonly playbackSpeed: number;
  readonly setLsn: (lsn: number) => void;
  readonly setRecord: (lsn: number, page: bigint | null) => void;
  readonly setAhead: (lsn: number, page: bigint | null) => void;
  readonly setScrubbing: (scrubbing: boolean) => void;
  readonly setPlaying: (playing: boolean) => void;
  readonly setPlayback: (mode: PlaybackMode, speed: number) => void;
}

export const useCursor = create<CursorState>()((set, get) => ({
  lsn: 0,
  record: undefined,
  ahead: undefined,
  playing: false,
  scrubbing: false,
  playbackMode: "records",
  playbackSpeed: 60,
  setLsn: (lsn) => set({ lsn }),
  setRecord: (lsn, page) => set({ record: { lsn, page } }),
  setAhead: (lsn, page) => {
    const { ahead } = get();
    if (ahead?.lsn !== lsn || ahead.page !== page) set({ ahead: { lsn, page } });
  },
  setScrubbing: (scrubbing) => set({ scrubbing }),
  setPlaying: (playing) => set({ playing }),
  setPlayback: (playbackMode, playbackSpeed) => set({ playbackMode, playbackSpeed }),
}));
