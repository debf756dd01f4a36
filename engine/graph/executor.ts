import { accel } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import { ArenaViews } from "./arena-views.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import { type LevelRun, RunJournal, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { PageContext, RetryLater, WriteMode } from "./page-context.ts";
import type { Recompute } from "./registry.ts";

/** Runs recomputes of pages, restores what a throw left half done, and says what has changed. */
export class Executor {
  readonly graph: DependencyGraph;
  readonly views = new ArenaViews();
  readonly context: PageContext;
  readonly journal = new RunJournal();
  /** Errors by row, of rows with the result Failed. */
  readonly errors = new Map<number, MmsbError>();
  /** Rows whose result is not Equal before they run are left out. */
  checksResults = false;
  /** What an element was before is wanted: the wave is logged. */
  keepsOld = true;

  constructor(graph: DependencyGraph) {
    this.graph = graph;
    this.context = new PageContext(graph, this.views);
  }

  /** Before the rows of a level. */
  begin(): void {
    this.checksResults = false;
    this.journal.clear();
    if (this.errors.size > 0) this.errors.clear();
  }

  /** Runs rows `[from, to)` of a level, all of which have this function. */
  runFunction(recompute: Recompute, run: LevelRun, from: number, to: number): void {
    const { context, graph } = this;
    const { list, result } = run;
    const fn = recompute.run!;
    const checks = this.checksResults;
    const { start, count, pool } = graph.incoming;
    const { state, place } = graph;
    for (let k = from; k < to; k++) {
      if (checks && result[k] !== RunResult.Equal) continue;
      const slot = list[k]!;
      if ((state[slot]! & NodeState.Unsorted) !== 0) graph.sortInputs(slot);
      const first = start[slot]!;
      let inputs = count[slot]!;
      while (inputs > 0 && (pool[first + inputs - 1]! & 1) !== 0) inputs--;
      context.slot = slot;
      context.inputStart = first;
      context.inputCount = inputs;
      context.ownPlace = place[slot]!;
      context.mode = WriteMode.None;
      try {
        fn(context);
        if (context.violation !== undefined) throw context.violation;
      } catch (error) {
        this.refuse(recompute, run, k, error);
        continue;
      }
      if (context.mode === WriteMode.None) result[k] = RunResult.Equal;
      else this.keep(run, k);
    }
  }

  /** Notes what the page's recompute has written, which is something. */
  keep(run: LevelRun, k: number): void {
    if (this.context.mode === WriteMode.Image) this.keepRuns(run, k, this.context.image, 0);
    else this.#keepElement(run, k);
  }

  #keepElement(run: LevelRun, k: number): void {
    const { context } = this;
    if (!context.hasElementChanged()) {
      run.result[k] = RunResult.Equal;
      return;
    }
    run.result[k] = RunResult.Element;
    if (!this.keepsOld) return;
    context.takeWords();
    run.elementOffset[k] = context.elementOffset;
    run.elementBytes[k] = context.elementBytes;
    run.oldLo[k] = context.oldLo;
    run.oldHi[k] = context.oldHi;
  }

  /** Notes what of the page differs from `image[imageAt ..]`, what it held before. */
  keepRuns(run: LevelRun, k: number, image: Uint8Array, imageAt: number): void {
    const { table } = this.graph;
    const slot = run.list[k]!;
    const size = table.size[slot]!;
    const page = this.views.all[table.arena[slot]!]!.bytes;
    const at = table.arenaOffset[slot]!;
    const { journal } = this;
    const first = journal.runCount;
    let looked = 0;
    for (;;) {
      const count = accel.diffImages(
        image,
        imageAt,
        page,
        at,
        looked,
        size,
        journal.runOffset,
        journal.runLength,
        journal.runCount,
      );
      const isFull = count === journal.runOffset.length;
      if (count > journal.runCount) looked = journal.runOffset[count - 1]! + journal.runLength[count - 1]!;
      journal.runCount = count;
      if (!isFull) break;
      journal.reserveRuns(count * 2);
    }
    if (journal.runCount === first) {
      run.result[k] = RunResult.Equal;
      return;
    }
    run.result[k] = RunResult.Runs;
    run.runFrom[k] = first;
    run.runTo[k] = journal.runCount;
    run.beforeAt[k] = journal.beforeBytes;
    for (let i = first; i < journal.runCount; i++) {
      const length = journal.runLength[i]!;
      journal.reserveBefore(journal.beforeBytes + length);
      accel.copyBytes(image, imageAt + journal.runOffset[i]!, journal.before, journal.beforeBytes, length);
      journal.beforeBytes += length;
    }
  }

  /** The page's recompute threw: what it wrote is taken back. */
  refuse(recompute: Recompute, run: LevelRun, k: number, error: unknown): void {
    this.context.restore();
    this.context.violation = undefined;
    if (error instanceof RetryLater) {
      run.result[k] = RunResult.Retry;
      return;
    }
    this.fail(recompute, run, k, error);
  }

  fail(recompute: Recompute, run: LevelRun, k: number, error: unknown): void {
    run.result[k] = RunResult.Failed;
    this.errors.set(k, recomputeError(recompute.name, this.graph.table.idOf(run.list[k]!), error));
  }
}

/** What a page failed with: an `MmsbError` as it is, anything else wrapped. */
export function recomputeError(name: string, pageId: bigint, error: unknown): MmsbError {
  if (error instanceof MmsbError) return error;
  const message = `recompute '${name}' of page ${pageId} threw: ${textOf(error)}`;
  return new MmsbError(
    "RECOMPUTE_FAILED",
    message,
    "Its old bytes stand; it runs again when an input changes",
    { pageId },
    error,
  );
}

function textOf(error: unknown): string {
  try {
    return (error instanceof Error ? error.message : String(error)).slice(0, 1000);
  } catch {
    return "something that cannot be told";
  }
}
