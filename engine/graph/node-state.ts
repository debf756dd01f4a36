/** Bits of the graph's `state` column. */
export const NodeState = {
  /** Has an edge or a recompute: it has a level and takes part in the order. */
  Known: 1,
  /** Its level may be wrong since its edges changed. */
  LevelStale: 2,
  /** To be looked at by the wave that runs or by the next one. */
  Dirty: 4,
  /** In this wave its bytes changed, or it failed or recovered: those that depend on it must look. */
  Changed: 8,
  /** Its recompute threw, or one that it depends on did: its bytes are old. */
  Failed: 16,
  /** A pull page whose inputs changed since it was computed. */
  Stale: 32,
  /** Its in-list is not in page id order. */
  Unsorted: 64,
  /** Its bytes were written since the last wave. */
  Touched: 128,
} as const;
