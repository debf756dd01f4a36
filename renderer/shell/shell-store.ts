import { create } from "zustand";

/** At most one of these is open. */
export type Overlay = "palette" | "help" | "goto" | "open" | "verify" | undefined;

interface ShellState {
  readonly overlay: Overlay;
  readonly show: (overlay: Overlay) => void;
  /** Does nothing where another one was opened since. */
  readonly hide: (overlay: Overlay) => void;
}

export const useShell = create<ShellState>()((set) => ({
  overlay: undefined,
  show: (overlay) => set({ overlay }),
  hide: (overlay) => set((state) => (state.overlay === overlay ? { overlay: undefined } : state)),
}));
