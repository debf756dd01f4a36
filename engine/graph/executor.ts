import { accel } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import { ArenaViews } from "./arena-views.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import type { KernelRunner } from "./kernels/kernel-runner.ts";
import { kernelRunner } from "./kernels/native-kernels.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { PageContext, RetryLater, WriteMode } from "./page-context.ts";
import type { Recompute } from "./registry.ts";
import { RunJournal } from "./run-journal.ts";

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
  /** What runs built-in kernels. */
  kernels: KernelRunner = kernelRunner;
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
    const first = journal.addDiff(image, imageAt, page, at, size);
    if (journal.runCount === first) {
      run.result[k] = RunResult.Equal;
      return;
    }
    run.result[k] = RunResult.Runs;
    run.runFrom[k] = first;
    run.runTo[k] = journal.runCount;
    run.beforeAt[k] = journal.addBytes(first, image, imageAt);
  }

  // ---- what a worker computed

  /** Writes an element that differs into the page of row `k`, and notes what it was. */
  putElement(run: LevelRun, k: number, offset: number, bytes: number, newLo: number, newHi: number): void {
    const { table } = this.graph;
    const slot = run.list[k]!;
    const view = this.views.all[table.arena[slot]!]!;
    const at = table.arenaOffset[slot]! + offset;
    run.result[k] = RunResult.Element;
    run.elementOffset[k] = offset;
    run.elementBytes[k] = bytes;
    run.oldHi[k] = 0;
    if (bytes >= 4) {
      const word = at >>> 2;
      run.oldLo[k] = view.i32[word]!;
      view.i32[word] = newLo;
      if (bytes === 4) return;
      run.oldHi[k] = view.i32[word + 1]!;
      view.i32[word + 1] = newHi;
    } else if (bytes === 2) {
      run.oldLo[k] = view.u16[at >>> 1]!;
      view.u16[at >>> 1] = newLo;
    } else {
      run.oldLo[k] = view.bytes[at]!;
      view.bytes[at] = newLo;
    }
  }

  /** Writes runs `[from, to)` of another thread's journal, whose bytes begin at `bytesAt`, into the page of row `k`, and notes what they replaced. */
  putRuns(
    run: LevelRun,
    k: number,
    their: Pick<RunJournal, "runOffset" | "runLength" | "bytes">,
    from: number,
    to: number,
    bytesAt: number,
  ): void {
    const { table } = this.graph;
    const { journal } = this;
    const slot = run.list[k]!;
    const page = this.views.all[table.arena[slot]!]!.bytes;
    const at = table.arenaOffset[slot]!;
    const first = journal.addRuns(their.runOffset, their.runLength, from, to);
    run.result[k] = RunResult.Runs;
    run.runFrom[k] = first;
    run.runTo[k] = journal.runCount;
    run.beforeAt[k] = journal.addBytes(first, page, at);
    accel.applyRuns(
      their.runOffset,
      their.runLength,
      from,
      to,
      their.bytes,
      bytesAt,
      page,
      at,
      table.size[slot]!,
    );
  }

  /** Puts back what {@link putElement} or {@link putRuns} replaced. */
  takeBack(run: LevelRun, k: number): void {
    const { table } = this.graph;
    const slot = run.list[k]!;
    if (run.result[k] === RunResult.Element) {
      this.putElement(run, k, run.elementOffset[k]!, run.elementBytes[k]!, run.oldLo[k]!, run.oldHi[k]!);
      return;
    }
    const { runOffset, runLength, bytes } = this.journal;
    const page = this.views.all[table.arena[slot]!]!.bytes;
    accel.applyRuns(
      runOffset,
      runLength,
      run.runFrom[k]!,
      run.runTo[k]!,
      bytes,
      run.beforeAt[k]!,
      page,
      table.arenaOffset[slot]!,
      table.size[slot]!,
    );
  }

  /** The page's recompute threw: what it wrote is taken back. */
  refuse(recompute: Recompute, run: LevelRun, k: number, error: unknown): void {
    this.context.restore();
    const mustRetry = error instanceof RetryLater || this.context.violation instanceof RetryLater;
    this.context.violation = undefined;
    if (mustRetry) {
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
