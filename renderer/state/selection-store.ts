import { create } from "zustand";

/** Half open: `end` is the first byte that is not selected. */
export interface ByteSelection {
  readonly start: number;
  readonly end: number;
  /** The byte at that end which the keyboard moves; absent = the first one. */
  readonly head?: number;
}

export interface SelectionState {
  readonly page: bigint | undefined;
  readonly bytes: ByteSelection | undefined;
  /** The LSN that the page is compared with; `undefined` = no comparison. */
  readonly compareLsn: number | undefined;
  /** The selected page follows the record at the cursor. */
  readonly followPage: boolean;
  /** A page chosen by a person stays: following ends. */
  readonly selectPage: (page: bigint | undefined) => void;
  readonly followTo: (page: bigint) => void;
  readonly setFollowPage: (follow: boolean) => void;
  readonly selectBytes: (bytes: ByteSelection | undefined) => void;
  readonly setCompareLsn: (lsn: number | undefined) => void;
  readonly clear: () => void;
}

export const useSelection = create<SelectionState>()((set, get) => ({
  page: undefined,
  bytes: undefined,
  compareLsn: undefined,
  followPage: true,
  selectPage: (page) =>
    set(page === get().page ? { followPage: false } : { page, bytes: undefined, followPage: false }),
  followTo: (page) => {
    if (get().page !== page) set({ page, bytes: undefined });
  },
  setFollowPage: (followPage) => set({ followPage }),
  selectBytes: (bytes) => set({ bytes }),
  setCompareLsn: (compareLsn) => set({ compareLsn }),
  clear: () => set({ page: undefined, bytes: undefined, compareLsn: undefined, followPage: true }),
}));
