import type { DependencyGraph } from "../dependency-graph.ts";
import type { Recompute, RecomputeRegistry } from "../registry.ts";
import {
  Control,
  createBoard,
  type JobBoard,
  type JobReport,
  JobResult,
  jobOf,
  MAX_CHUNK,
  ticketOf,
} from "./job-board.ts";
import { Lane } from "./lane.ts";
import { isSameMemory, memoryOf, type WorkerFunction, type WorkerMemory } from "./worker-memory.ts";

/** A worker that has not begun to run after this long never will. */
const START_MS = 30_000;
/** Chunks a worker gets of a round, if all jobs take the same time. */
const CHUNKS = 8;
/** How often those are looked at that do not ring. */
const MAX_SLICE_MS = 250;

/** Workers that ended at no job of ours: after so many there is no use in starting others. */
const MAX_IDLE_LOSSES = 4;

/** A worker that was lost, and the job that it was at. */
export interface Loss {
  readonly job: number;
  readonly how: "ended" | "still";
}

/**
 * The threads of a pool, and rounds of jobs that they share out among themselves. Where one is lost all are replaced, with all that they share: whatever
 * it still does before it is gone, nobody looks there any more.
 */
export class Lanes {
  readonly timeoutMs: number;
  board: JobBoard = createBoard(1024);
  readonly #graph: DependencyGraph;
  readonly #registry: RecomputeRegistry;
  readonly #count: number;
  #control = new Int32Array(new SharedArrayBuffer(Control.words * 4));
  #lanes: Lane[] = [];
  #nextId = 1;
  #memory: WorkerMemory | undefined;
  /** By number: what the workers know of functions. */
  #known: (Recompute | undefined)[] = [];
  #round = 0;
  #jobs = 0;
  #idleLosses = 0;
  readonly #lostLanes = new Set<number>();
  readonly #ending = new Set<Promise<void>>();
  /** False once it is closed, or no worker could be started. */
  canRun = true;

  constructor(graph: DependencyGraph, registry: RecomputeRegistry, count: number, timeoutMs: number) {
    this.#graph = graph;
    this.#registry = registry;
    this.#count = count;
    this.timeoutMs = timeoutMs;
  }

  /** Those that live, and those that are not gone yet. */
  get threads(): number {
    return this.#lanes.length + this.#ending.size;
  }

  /** Begins a round of `jobs` jobs, page by page. */
  start(jobs: number, slotOf: (job: number) => number): void {
    const grown = this.board.slot.length < jobs;
    if (grown) this.board = createBoard(Math.max(jobs, 2 * this.board.slot.length));
    const { board } = this;
    const { of } = this.#registry;
    for (let job = 0; job < jobs; job++) {
      const slot = slotOf(job);
      board.slot[job] = slot;
      board.fn[job] = of[slot]!;
    }
    board.result.fill(JobResult.Pending, 0, jobs);
    board.lane.fill(0, 0, jobs);
    this.#brief(jobs, grown);
    const control = this.#control;
    const now = performance.now();
    for (const lane of this.#lanes) lane.begin(now);
    this.#jobs = jobs;
    this.#round = (this.#round + 1) | 0;
    Atomics.store(control, Control.Count, jobs);
    const chunk = Math.ceil(jobs / (this.#count * CHUNKS));
    Atomics.store(control, Control.Chunk, Math.min(MAX_CHUNK, Math.max(1, chunk)));
    Atomics.store(control, Control.Next, ticketOf(this.#round, 0));
    Atomics.store(control, Control.Round, this.#round);
    Atomics.notify(control, Control.Round);
  }

  #brief(jobs: number, isBoardNew: boolean): void {
    const functions = this.#newFunctions(jobs);
    const memory = memoryOf(this.#graph);
    const isMemoryNew = this.#memory === undefined || !isSameMemory(memory, this.#memory);
    this.#memory = memory;
    if (isBoardNew || isMemoryNew || functions.length > 0) {
      const briefing = {
        functions,
        ...(isMemoryNew ? { memory } : {}),
        ...(isBoardNew ? { board: this.board } : {}),
      };
      for (const lane of this.#lanes) lane.brief(briefing);
    }
    if (this.#lanes.length > 0) return;
    const all = this.#known.flatMap((recompute, number) =>
      recompute === undefined ? [] : [toldOf(number, recompute)],
    );
    const briefing = { memory, board: this.board, functions: all };
    while (this.#lanes.length < this.#count)
      this.#lanes.push(new Lane(this.#nextId++, this.#control, briefing));
  }

  #newFunctions(jobs: number): WorkerFunction[] {
    const { all } = this.#registry;
    const { fn } = this.board;
    const told: WorkerFunction[] = [];
    for (let job = 0; job < jobs; job++) {
      const number = fn[job]!;
      const recompute = all[number]!;
      if (this.#known[number] === recompute) continue;
      this.#known[number] = recompute;
      told.push(toldOf(number, recompute));
    }
    return told;
  }

  /**
   * Waits until all jobs are done, or a worker is lost and the others have come to an end. Returns what was lost; the jobs that {@link doneBy} does not
   * know are to be begun again. The threads that it needs for that are new ones.
   */
  finish(): Loss[] {
    const control = this.#control;
    const losses: Loss[] = [];
    this.#lostLanes.clear();
    const sliceMs = Math.min(MAX_SLICE_MS, Math.max(1, this.timeoutMs / 4));
    for (;;) {
      const bell = Atomics.load(control, Control.Bell);
      const now = performance.now();
      for (const lane of this.#lanes) {
        if (this.#lostLanes.has(lane.id)) continue;
        const how = this.#lossOf(lane, now);
        if (how === undefined) continue;
        this.#lostLanes.add(lane.id);
        void this.#end(lane, true);
        const { job } = lane;
        if (job >= 0) losses.push({ job, how });
        else if (++this.#idleLosses > MAX_IDLE_LOSSES) this.canRun = false;
        this.#closeRound();
      }
      if (this.#isOver()) break;
      Atomics.wait(control, Control.Bell, bell, sliceMs);
    }
    if (this.#lostLanes.size === 0) this.#idleLosses = 0;
    return losses.sort((a, b) => a.job - b.job);
  }

  #lossOf(lane: Lane, now: number): Loss["how"] | undefined {
    const still = lane.stillMs(now);
    if (lane.hasEnded) return "ended";
    if (lane.isIdle(this.#round)) return undefined;
    if (lane.isReady) return still > this.timeoutMs ? "still" : undefined;
    if (still <= START_MS) return undefined;
    this.canRun = false;
    return "still";
  }

  /** Nobody claims any more of it. */
  #closeRound(): void {
    const next = Atomics.load(this.#control, Control.Next);
    if (jobOf(next) < this.#jobs)
      Atomics.store(this.#control, Control.Next, ticketOf(this.#round, this.#jobs));
  }

  #isOver(): boolean {
    const alive = this.#lanes.filter((lane) => !this.#lostLanes.has(lane.id));
    if (this.#lostLanes.size > 0) return alive.every((lane) => lane.isIdle(this.#round));
    return alive.reduce((sum, lane) => sum + lane.done, 0) === this.#jobs;
  }

  /** What the workers said of the round's jobs. */
  reports(): JobReport[] {
    return this.#alive().flatMap((lane) => lane.reports());
  }

  /** Who has done a job; undefined where nobody has that can be trusted. */
  doneBy(job: number): Lane | undefined {
    if (this.board.result[job] === JobResult.Pending) return undefined;
    const id = this.board.lane[job]!;
    return this.#alive().find((lane) => lane.id === id);
  }

  #alive(): Lane[] {
    return this.#lostLanes.size === 0
      ? this.#lanes
      : this.#lanes.filter((lane) => !this.#lostLanes.has(lane.id));
  }

  /** After a loss: the next round has other threads, and nothing in common with this one. */
  renew(): void {
    if (this.#lostLanes.size === 0) return;
    this.#closeLanes();
    this.#lostLanes.clear();
    this.#memory = undefined;
    this.#control = new Int32Array(new SharedArrayBuffer(Control.words * 4));
    this.board = createBoard(this.board.slot.length);
    this.#round = 0;
  }

  /** Lets go of all threads; those that were not lost come to their end by themselves. */
  #closeLanes(): void {
    Atomics.store(this.#control, Control.Closing, 1);
    Atomics.add(this.#control, Control.Round, 1);
    Atomics.notify(this.#control, Control.Round);
    for (const lane of this.#alive()) void this.#end(lane, false);
    this.#lanes = [];
  }

  #end(lane: Lane, isStuck: boolean): Promise<void> {
    const ended = lane.end(isStuck).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
    return ended;
  }

  async close(): Promise<void> {
    this.canRun = false;
    this.#closeLanes();
    await Promise.all(this.#ending);
  }
}

function toldOf(number: number, { name, module, discover }: Recompute): WorkerFunction {
  return { number, name, discover, ...module! };
}
