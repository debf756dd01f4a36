import type { Executor } from "./executor.ts";
import type { KernelLevel, WordsEnd } from "./kernels/kernel-level.ts";
import { kernelRunner } from "./kernels/native-kernels.ts";
import { levelKernels, wordKernels } from "./kernels/native-levels.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import type { Recompute } from "./registry.ts";
import { runBulk, unfitInput } from "./run-bulk.ts";
import type { WaveRows } from "./wave-rows.ts";

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
  checksResults: false,
  result: new Uint8Array(0),
  state: new Uint8Array(0),
  epoch: new Float64Array(0),
  changed: NONE,
  stamp: 0,
  journal: undefined,
  runFrom: NONE,
  runTo: NONE,
  beforeAt: NONE,
  failures: 0,
};

/** Fewer pages than this are done sooner by {@link runBulk} than the addon is called. */
const FEW_PAGES = 4;

/** Whether the addon runs so many pages of this kernel: it is there, no device is, and inputs stand in the order of their ids. */
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
  if (runsLevel(executor, recompute, to - from)) runKernelLevel(executor, recompute, run, from, to);
  else runBulk(executor, recompute, run, from, to);
}

function enter(executor: Executor, recompute: Recompute, run: LevelRun): void {
  const { graph, views } = executor;
  const { table, incoming } = graph;
  level.spec = recompute.kernel!;
  level.arenas = views.all;
  level.arena = table.arena;
  level.arenaOffset = table.arenaOffset;
  level.size = table.size;
  level.place = graph.place;
  level.start = incoming.start;
  level.count = incoming.count;
  level.pool = incoming.pool;
  level.result = run.result;
  level.state = graph.state;
  level.epoch = table.epoch;
  level.changed = table.changed;
  level.stamp = table.stamp;
}

/**
 * Runs levels `[from, to)` whose pages all have this kernel, and settles what it runs, as far as pages are one word each and all of every level but the last change
 * ({@link WordsEnd}): level `l` is rows `[bounds[l], bounds[l + 1])` of the list, `run` has the outcome of the last. `rows`: where changes are written down,
 * which has room for them.
 */
export function runWordLevels(
  executor: Executor,
  recompute: Recompute,
  number: number,
  run: LevelRun,
  list: Uint32Array,
  bounds: Uint32Array,
  from: number,
  to: number,
  rows: WaveRows | undefined,
): WordsEnd {
  enter(executor, recompute, run);
  level.list = list;
  return callWords(number, bounds, from, to, rows);
}

const oneLevel = new Uint32Array(2);

/** Runs rows `[from, to)` of a level as {@link runWordLevels} does. */
export function runWords(
  executor: Executor,
  recompute: Recompute,
  number: number,
  run: LevelRun,
  from: number,
  to: number,
  rows: WaveRows | undefined,
): WordsEnd {
  enter(executor, recompute, run);
  level.list = run.list;
  if (from > 0) level.result = run.result.subarray(from);
  oneLevel[0] = from;
  oneLevel[1] = to;
  return callWords(number, oneLevel, 0, 1, rows);
}

function callWords(
  number: number,
  bounds: Uint32Array,
  from: number,
  to: number,
  rows: WaveRows | undefined,
): WordsEnd {
  const columns = rows && {
    slot: rows.deltas.slot,
    now: rows.numbers,
    before: rows.oldNumbers,
    count: rows.count,
  };
  const end = wordKernels!(level, bounds, from, to, columns);
  if (end.written > 0) rows!.addedNumbers(end.written, number);
  return end;
}

/** Runs rows `[from, to)` of a level, all of which have this kernel, and settles none. */
function runKernelLevel(
  executor: Executor,
  recompute: Recompute,
  run: LevelRun,
  from: number,
  to: number,
): void {
  enter(executor, recompute, run);
  level.list = run.list;
  level.checksResults = executor.checksResults;
  level.journal = executor.keepsOld ? executor.journal : undefined;
  level.runFrom = run.runFrom;
  level.runTo = run.runTo;
  level.beforeAt = run.beforeAt;
  level.failures = 0;
  let row = from;
  while (row < to) {
    row = levelKernels!(level, row, to);
    if (row < to) executor.graph.sortInputs(run.list[row]!);
  }
  if (level.failures > 0) {
    for (let k = from; k < to; k++) {
      if (run.result[k] === RunResult.Failed && !executor.errors.has(k))
        executor.fail(recompute, run, k, unfitInput(executor, recompute, run.list[k]!));
    }
  }
}
