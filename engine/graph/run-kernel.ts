import type { Executor } from "./executor.ts";
import type { KernelLevel } from "./kernels/kernel-level.ts";
import { kernelRunner } from "./kernels/native-kernels.ts";
import { levelKernels } from "./kernels/native-levels.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import type { Recompute } from "./registry.ts";
import { runBulk, unfitInput } from "./run-bulk.ts";

const NONE = new Uint32Array(0);

/** Used again for every level. */
const level: KernelLevel = {
  spec: { kind: "sum" },
  arenas: [],
  arena: new Uint16Array(0),
  arenaOffset: NONE,
  size: NONE,
  place: NONE,
  list: NONE,
  start: NONE,
  count: NONE,
  pool: NONE,
  isByRow: false,
  checksResults: false,
  result: new Uint8Array(0),
  state: new Uint8Array(0),
  settles: false,
  epoch: new Float64Array(0),
  changed: NONE,
  stamp: 0,
  journal: undefined,
  runFrom: NONE,
  runTo: NONE,
  beforeAt: NONE,
  changes: 0,
  failures: 0,
};

/** Fewer pages than this are done sooner by {@link runBulk} than the addon is called. */
const FEW_PAGES = 4;

/** Whether {@link runKernelLevel} runs so many pages of this kernel: the addon is there, no device is, and inputs stand in the order of their ids. */
export function runsLevel(executor: Executor, { kernel }: Recompute, pages: number): boolean {
  const isOurs = levelKernels !== undefined && executor.kernels === kernelRunner;
  return isOurs && kernel !== undefined && kernel.operands === undefined && pages >= FEW_PAGES;
}

/** Runs rows `[from, to)` of a level, all of which have this columns function or kernel, and settles none. */
export function runRows(
  executor: Executor,
  recompute: Recompute,
  run: LevelRun,
  from: number,
  to: number,
): void {
  if (runsLevel(executor, recompute, to - from)) runKernelLevel(executor, recompute, run, from, to, false);
  else runBulk(executor, recompute, run, from, to);
}

/**
 * Runs rows `[from, to)` of a level, all of which have this kernel; returns how many have changed. `settles`: they wait no more and their epochs rise, in the
 * same pass; where a page fails ({@link Executor.errors}) that is undone, as if it had not been asked for.
 */
export function runKernelLevel(
  executor: Executor,
  recompute: Recompute,
  run: LevelRun,
  from: number,
  to: number,
  settles: boolean,
): number {
  const { graph, views } = executor;
  const { table, incoming } = graph;
  level.spec = recompute.kernel!;
  level.arenas = views.all;
  level.arena = table.arena;
  level.arenaOffset = table.arenaOffset;
  level.size = table.size;
  level.place = graph.place;
  level.list = run.list;
  level.start = incoming.start;
  level.count = incoming.count;
  level.pool = incoming.pool;
  level.isByRow = false;
  level.checksResults = executor.checksResults;
  level.result = run.result;
  level.state = graph.state;
  level.settles = settles;
  level.epoch = table.epoch;
  level.changed = table.changed;
  level.stamp = table.stamp;
  level.journal = executor.keepsOld ? executor.journal : undefined;
  level.runFrom = run.runFrom;
  level.runTo = run.runTo;
  level.beforeAt = run.beforeAt;
  level.changes = 0;
  level.failures = 0;
  let row = from;
  while (row < to) {
    row = levelKernels!(level, row, to);
    if (row < to) graph.sortInputs(run.list[row]!);
  }
  if (level.failures > 0) {
    for (let k = from; k < to; k++) {
      if (run.result[k] === RunResult.Failed && !executor.errors.has(k))
        executor.fail(recompute, run, k, unfitInput(executor, recompute, run.list[k]!));
    }
  }
  if (settles && executor.errors.size > 0) {
    for (let k = from; k < to; k++) if (run.result[k] === RunResult.Runs) table.epoch[run.list[k]!]!--;
  }
  return level.changes;
}
