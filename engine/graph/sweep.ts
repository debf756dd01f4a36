import type { DependencyGraph } from "./dependency-graph.ts";
import type { LevelRecomputes } from "./level-recomputes.ts";
import type { LevelRun } from "./level-run.ts";
import { NodeState } from "./node-state.ts";

/** A level at least this wide, and at least half of it dirty, may leave the levels below to a sweep. */
const SWEEP_WIDTH = 64;

/**
 * The last level to sweep because of this one, of which `count` pages are about to run; -1: they push. A level is left to a sweep where that costs no more
 * than pushing: a swept page costs about as much as two pushed edges.
 */
export function sweepReach(graph: DependencyGraph, level: number, count: number): number {
  const { levels, state, edgeCount } = graph;
  if (count < SWEEP_WIDTH || count * 2 < levels.population[level]!) return -1;
  if (!levels.isSweepWorthwhile(count)) return -1;
  levels.sweepOrder(state);
  const { sweepStart, reach } = levels;
  const last = reach[level]!;
  if (last <= level) return -1;
  const swept = sweepStart[last + 1]! - sweepStart[level + 1]!;
  return swept * levels.known <= 2 * count * edgeCount ? last : -1;
}

/**
 * Puts the pages of a level that are dirty, or have a data input that has changed, into `run`, in slot order; returns how many they are. `isBelowFull`:
 * every page of the level above has changed.
 */
export function sweepLevel(
  graph: DependencyGraph,
  recomputes: LevelRecomputes,
  level: number,
  run: LevelRun,
  isBelowFull: boolean,
): number {
  const { state, incoming, levels } = graph;
  const { of } = recomputes.registry;
  const order = levels.sweepOrder(state);
  const from = levels.sweepStart[level]!;
  const to = levels.sweepStart[level + 1]!;
  run.reserve(to - from);
  const { list } = run;
  const { start, count, pool } = incoming;
  let n = 0;
  run.recompute = 0;
  if (isBelowFull && !graph.hasHadControl) {
    // All have an input there: no look is needed.
    run.recompute = recomputes.numberOf(level);
    if (run.recompute !== 0) {
      list.set(order.subarray(from, to));
      return to - from;
    }
    for (let i = from; i < to; i++) {
      const node = order[i]!;
      if (of[node] !== 0 || (state[node]! & NodeState.Dirty) !== 0) list[n++] = node;
    }
    return n;
  }
  for (let i = from; i < to; i++) {
    const node = order[i]!;
    if ((state[node]! & NodeState.Dirty) !== 0) {
      list[n++] = node;
      continue;
    }
    const end = start[node]! + count[node]!;
    for (let at = start[node]!; at < end; at++) {
      const entry = pool[at]!;
      if ((state[entry >>> 1]! & NodeState.Changed) === 0 || (entry & 1) !== 0) continue;
      if (of[node] !== 0) list[n++] = node;
      break;
    }
  }
  return n;
}
