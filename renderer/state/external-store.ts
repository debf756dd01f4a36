import { useSyncExternalStore } from "react";

/** Something that holds an immutable snapshot and says when it changed. */
export interface ExternalStore<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => T;
}

export function useStore<T, V>(store: ExternalStore<T>, select: (state: T) => V): V {
  return useSyncExternalStore(store.subscribe, () => select(store.snapshot()));
}
