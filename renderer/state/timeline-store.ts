import { create } from "zustand";

/** Half open, in the units of the axis: LSNs, or nanoseconds since the first record. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface TimelineState {
  /** `undefined` = the whole recording. */
  readonly view: Span | undefined;
  /** The area a person marked, in LSNs (`to` is not part of it). */
  readonly area: Span | undefined;
  readonly setView: (view: Span | undefined) => void;
  readonly setArea: (area: Span | undefined) => void;
}

export const useTimeline = create<TimelineState>()((set) => ({
  view: undefined,
  area: undefined,
  setView: (view) => set({ view }),
  setArea: (area) => set({ area }),
}));
