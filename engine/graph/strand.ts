import type { DependencyGraph } from "./dependency-graph.ts";
import type { LevelRun } from "./level-run.ts";
import type { RecomputeRegistry } from "./registry.ts";

/** Fewer pages go level by level; where there are more, the next are found from the last on. */
const MIN_PAGES = 4;
const MAX_PAGES = 64;

/**
 * Makes the one page of a run, where nothing else waits, the first of a strand: pages of one recompute, each the only one that reads the one before. They need no look at their levels: each
 * is due where the one before has changed, and nothing else is. False where there are too few.
 */
export function followStrand(graph: DependencyGraph, registry: RecomputeRegistry, run: LevelRun): boolean {
  const { start, count, pool } = graph.outgoing;
  const { of, all } = registry;
  const { list } = run;
  let slot = list[0]!;
  const number = of[slot]!;
  if (all[number]?.run === undefined) return false;
  let pages = 1;
  while (pages < MAX_PAGES && count[slot] === 1) {
    const entry = pool[start[slot]!]!;
    slot = entry >>> 1;
    if ((entry & 1) !== 0 || of[slot] !== number) break;
    list[pages++] = slot;
  }
  if (pages < MIN_PAGES) return false;
  run.count = pages;
  run.isStrand = true;
  return true;
}
