import { accel } from "../../accel/index.ts";
import { ArenaViews } from "../arena-views.ts";
import { recomputeError } from "../executor.ts";
import { RunResult } from "../level-run.ts";
import { loadFunction } from "../module-function.ts";
import { NodeState } from "../node-state.ts";
import { PageContext, WriteMode } from "../page-context.ts";
import type { RecomputeFunction } from "../recompute.ts";
import { RunJournal } from "../run-journal.ts";
import { type JobBoard, type JobError, type JobReport, JobResult } from "./job-board.ts";
import { WorkerGraph } from "./worker-graph.ts";
import type { Briefing, WorkerFunction, WorkerMemory } from "./worker-memory.ts";

/** Thrown through a recompute that asks for what only the session's thread has. */
class Refusal {}

/** The context of a recompute on a worker: the page's bytes are a copy, so that whatever becomes of the worker, the page is whole. */
class StagedContext extends PageContext {
  stagingArena = 0;

  protected override get ownArena(): number {
    return this.stagingArena;
  }

  protected override get offset(): number {
    return 0;
  }
}

interface Loaded extends WorkerFunction {
  readonly run: RecomputeFunction;
}

/** Runs jobs of a board on a worker's thread. */
export class RowRunner {
  readonly journal = new RunJournal(true);
  readonly #lane: number;
  readonly #graph: WorkerGraph;
  readonly #views = new ArenaViews();
  readonly #context: StagedContext;
  readonly #functions = new Map<number, Loaded>();
  #board: JobBoard;
  #errors: JobError[] = [];
  #asked: { readonly job: number; readonly inputs: Uint32Array }[] = [];
  #told: Uint32Array | undefined;
  #toldBytes: Uint8Array | undefined;
  // of the page that runs
  readonly #reads = new Set<number>();
  #isRefused = false;

  constructor(lane: number, memory: WorkerMemory, board: JobBoard) {
    this.#lane = lane;
    this.#graph = new WorkerGraph(memory);
    this.#board = board;
    this.#context = new StagedContext(this.#graph, this.#views);
    this.#refresh();
  }

  brief({ memory, board, functions = [] }: Briefing): void {
    for (const one of functions) this.#functions.set(one.number, { ...one, run: runnable(one) });
    if (board !== undefined) this.#board = board;
    if (memory === undefined) return;
    this.#graph.memory = memory;
    this.#refresh();
  }

  #refresh(): void {
    this.#context.refresh();
    this.#context.stagingArena = this.#graph.memory.arenas.length;
  }

  #reserve(sizeBytes: number): void {
    if (sizeBytes <= this.#graph.staging.length) return;
    this.#graph.staging = new Uint8Array(new SharedArrayBuffer((sizeBytes + 4095) & ~4095));
    this.#refresh();
  }

  run(job: number): void {
    const started = performance.now();
    const board = this.#board;
    board.lane[job] = this.#lane;
    const result = this.#runRow(job);
    board.micros[job] = (performance.now() - started) * 1000;
    board.result[job] = result;
  }

  #runRow(job: number): number {
    const board = this.#board;
    const slot = board.slot[job]!;
    const fn = this.#functions.get(board.fn[job]!)!;
    const context = this.#context;
    this.#begin(slot);
    context.discover = fn.discover ? this.#noteRead : undefined;
    this.#graph.missing = fn.discover ? this.#refuse : undefined;
    try {
      fn.run(context);
    } catch (error) {
      if (this.#isRefused) return JobResult.Refused;
      const { code, message, remedy, place, cause } = recomputeError(fn.name, this.#graph.idOf(slot), error);
      this.#errors.push({ job, code, message, remedy, place, cause: portable(cause) });
      return RunResult.Failed;
    }
    if (this.#isRefused) return JobResult.Refused;
    if (fn.discover) this.#asked.push({ job, inputs: Uint32Array.from(this.#reads) });
    if (context.mode === WriteMode.None) return RunResult.Equal;
    return context.mode === WriteMode.Image ? this.#keepRuns(job, slot) : this.#keepElement(job);
  }

  #begin(slot: number): void {
    const graph = this.#graph;
    const { memory } = graph;
    const { size, inputStart, inputCount, pool } = memory;
    this.#reserve(size[slot]!);
    accel.copyBytes(
      memory.arenas[memory.arena[slot]!]!,
      memory.arenaOffset[slot]!,
      graph.staging,
      0,
      size[slot]!,
    );
    const first = inputStart[slot]!;
    let inputs = inputCount[slot]!;
    while (inputs > 0 && (pool[first + inputs - 1]! & 1) !== 0) inputs--;
    graph.inputStart = first;
    graph.inputCount = inputs;
    const context = this.#context;
    context.slot = slot;
    context.inputStart = first;
    context.inputCount = inputs;
    context.ownPlace = 0;
    context.mode = WriteMode.None;
    this.#isRefused = false;
    this.#reads.clear();
  }

  /** What a discovering page asks for: an input that is there and computed may be had, all else is the session's to find. */
  readonly #noteRead = (input: number): number => {
    if ((this.#graph.memory.state[input]! & (NodeState.Failed | NodeState.Stale)) !== 0) this.#refuse();
    this.#reads.add(input);
    return -1;
  };

  readonly #refuse = (): void => {
    this.#isRefused = true;
    throw new Refusal();
  };

  #keepElement(job: number): number {
    const context = this.#context;
    if (!context.hasElementChanged()) return RunResult.Equal;
    const board = this.#board;
    const { elementOffset: offset, elementBytes: bytes } = context;
    const view = this.#views.all[context.stagingArena]!;
    board.elementOffset[job] = offset;
    board.elementBytes[job] = bytes;
    board.newLo[job] =
      bytes >= 4 ? view.i32[offset >>> 2]! : bytes === 2 ? view.u16[offset >>> 1]! : view.bytes[offset]!;
    board.newHi[job] = bytes === 8 ? view.i32[(offset >>> 2) + 1]! : 0;
    return RunResult.Element;
  }

  #keepRuns(job: number, slot: number): number {
    const board = this.#board;
    const { journal } = this;
    const { staging, memory } = this.#graph;
    const first = journal.addDiff(this.#context.image, 0, staging, 0, memory.size[slot]!);
    if (journal.runCount === first) return RunResult.Equal;
    board.runFrom[job] = first;
    board.runTo[job] = journal.runCount;
    board.bytesAt[job] = journal.addBytes(first, staging, 0);
    return RunResult.Runs;
  }

  /** What there is to say of the jobs since the last report; undefined where their rows say all. */
  report(): JobReport | undefined {
    const { runOffset, runLength, bytes } = this.journal;
    const hasGrown = this.#told !== runOffset || this.#toldBytes !== bytes;
    if (!hasGrown && this.#errors.length === 0 && this.#asked.length === 0) return undefined;
    const report = {
      errors: this.#errors,
      asked: this.#asked,
      ...(hasGrown ? { journal: { runOffset, runLength, bytes } } : {}),
    };
    this.#errors = [];
    this.#asked = [];
    this.#told = runOffset;
    this.#toldBytes = bytes;
    return report;
  }
}

/** The function, or one that throws why there is none. */
function runnable(module: WorkerFunction): RecomputeFunction {
  const loaded = loadFunction(module);
  if (loaded.ok) return loaded.value;
  return () => {
    throw loaded.error;
  };
}

/** What was thrown, where it can be sent to another thread. */
function portable(cause: unknown): unknown {
  try {
    return structuredClone(cause);
  } catch {
    return undefined;
  }
}
