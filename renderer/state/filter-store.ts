import { create } from "zustand";

/** What a person asked the Deltas table for, as chosen or typed. */
export interface DeltaFilterState {
  /** One line with `page:`, `source:`, `kind:`, `type:`, `cause:`, `lsn:` terms and free text. */
  readonly query: string;
  /** An expression over the page after the delta: `temperature > 3.5`. */
  readonly value: string;
  readonly set: (change: Partial<Pick<DeltaFilterState, "query" | "value">>) => void;
}

/** Shared, because other panels narrow the stream too ("show the deltas of this page"). */
export const useDeltaFilter = create<DeltaFilterState>()((set) => ({
  query: "",
  value: "",
  set: (change) => set(change),
}));

/** What a person asked the Events table for, in the same language. */
export interface EventFilterState {
  readonly query: string;
  readonly setQuery: (query: string) => void;
}

export const useEventFilter = create<EventFilterState>()((set) => ({
  query: "",
  setQuery: (query) => set({ query }),
}));
