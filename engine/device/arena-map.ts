/** Blocks of a pool are multiples of so many bytes. */
export const POOL_GRANULE = 256;

/** Bytes `[offset, offset + sizeBytes)` of an arena. */
export interface ArenaRun {
  readonly offset: number;
  readonly sizeBytes: number;
}

/** One large allocation that a pool gives blocks from, and what of it is in use: ascending, apart, neighbours joined. */
export interface ArenaMap {
  /** Given in the order in which arenas are reserved; never used again. */
  readonly arena: number;
  readonly sizeBytes: number;
  readonly used: readonly ArenaRun[];
}

/** What lies between free runs (ascending, apart) of an arena. */
export function usedBetween(sizeBytes: number, free: Iterable<ArenaRun>): ArenaRun[] {
  const used: ArenaRun[] = [];
  let from = 0;
  for (const { offset, sizeBytes: bytes } of free) {
    if (offset > from) used.push({ offset: from, sizeBytes: offset - from });
    from = offset + bytes;
  }
  if (from < sizeBytes) used.push({ offset: from, sizeBytes: sizeBytes - from });
  return used;
}

/**
 * The maps with at most `limit` runs in all, or one an arena where there are more arenas: runs whose gaps are smaller than `gapBytes` are told as one. 0: every
 * gap is told.
 */
export function boundedMaps(
  maps: readonly ArenaMap[],
  limit: number,
): { readonly maps: readonly ArenaMap[]; readonly gapBytes: number } {
  let runs = maps.reduce((total, { used }) => total + used.length, 0);
  if (runs <= limit) return { maps, gapBytes: 0 };
  const largest = Math.max(...maps.map(({ sizeBytes }) => sizeBytes));
  let bounded = maps;
  let gapBytes = POOL_GRANULE;
  while (runs > limit && gapBytes <= largest) {
    gapBytes *= 2;
    bounded = bounded.map((map) => ({ ...map, used: joined(map.used, gapBytes) }));
    runs = bounded.reduce((total, { used }) => total + used.length, 0);
  }
  return { maps: bounded, gapBytes };
}

function joined(runs: readonly ArenaRun[], gapBytes: number): ArenaRun[] {
  const out: ArenaRun[] = [];
  for (const run of runs) {
    const last = out[out.length - 1];
    if (last !== undefined && run.offset - (last.offset + last.sizeBytes) < gapBytes)
      out[out.length - 1] = { offset: last.offset, sizeBytes: run.offset + run.sizeBytes - last.offset };
    else out.push(run);
  }
  return out;
}
