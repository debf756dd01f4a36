import { MmsbError } from "../../base/errors.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { DependencyGraph } from "../dependency-graph.ts";
import type { Executor } from "../executor.ts";
import { type LevelRun, RunResult } from "../level-run.ts";
import type { Recompute, RecomputeRegistry } from "../registry.ts";
import { type JobError, JobResult, MAX_JOBS } from "./job-board.ts";
import { Lanes } from "./lanes.ts";

export interface WorkerPoolOptions {
  /** Threads that compute, beside the session's own. */
  readonly count: number;
  /** A recompute that takes longer than this on a worker fails its page, and its worker is replaced. Default 30 000. */
  readonly timeoutMs?: number;
  /** A level goes to the workers where they would spare this much: what its recomputes took last time, all together. 0: every level. Default 200. */
  readonly minLevelUs?: number;
}

const TIMEOUT_MS = 30_000;
/** Waking the workers and gathering what they did takes 30 to 60 µs on two cores: a level that is worth it takes a few times that. */
const MIN_LEVEL_US = 200;
/** A function that ends or holds up more workers than this at one level fails on all of that level's pages. */
const MAX_LOSSES = 4;
const MAX_WORKERS = 64;
const NO_ROWS = new Uint32Array(0);

/** Errors: ARGUMENT_INVALID. */
export function checkPoolOptions({
  count,
  timeoutMs = TIMEOUT_MS,
  minLevelUs = 0,
}: WorkerPoolOptions): Result<void> {
  const isFine =
    Number.isSafeInteger(count) &&
    count >= 0 &&
    count <= MAX_WORKERS &&
    timeoutMs >= 1 &&
    timeoutMs < 2 ** 31 &&
    minLevelUs >= 0;
  return isFine
    ? ok()
    : fail(
        "ARGUMENT_INVALID",
        "these are no workers",
        `Give 0 to ${MAX_WORKERS} of them, and times that are not negative`,
      );
}

/**
 * Runs the pages of a level whose functions stand in modules on other threads. Those read the pages and write none: what they computed comes back in rows, and this
 * thread writes it, in the order of the level. So which worker ran what, and how many there are, shows nowhere.
 */
export class WorkerPool {
  readonly #graph: DependencyGraph;
  readonly #registry: RecomputeRegistry;
  readonly #lanes: Lanes;
  readonly #minLevelUs: number;
  /** Microseconds that a page took, as last seen. */
  readonly #micros = new WeakMap<Recompute, number>();
  // The level that runs: its rows that went to workers, as jobs.
  #rows = new Uint32Array(64);
  #count = 0;
  #begun = 0;
  #hasRun = new Uint8Array(64);
  readonly #asked = new Map<number, Uint32Array>();
  readonly #losses = new Map<Recompute, number>();
  #startedAt = 0;

  constructor(graph: DependencyGraph, registry: RecomputeRegistry, options: WorkerPoolOptions) {
    this.#graph = graph;
    this.#registry = registry;
    this.#minLevelUs = options.minLevelUs ?? MIN_LEVEL_US;
    this.#lanes = new Lanes(graph, registry, options.count, options.timeoutMs ?? TIMEOUT_MS);
  }

  /** Threads that live now. */
  get threads(): number {
    return this.#lanes.threads;
  }

  /**
   * Marks the rows of a level that go to workers ({@link RunResult.Away}) and sets those to work; returns how many they are. `isFilled`: results are
   * set, and rows whose result is not Equal do not run.
   */
  begin(run: LevelRun, isFilled: boolean): number {
    this.#count = 0;
    if (this.#registry.modules === 0 || !this.#lanes.canRun) return 0;
    this.#startedAt = performance.now();
    if (!this.#choose(run, isFilled)) {
      this.#count = 0;
      return 0;
    }
    if (!isFilled) run.result.fill(RunResult.Equal, 0, run.count);
    if (this.#hasRun.length < run.count) this.#hasRun = new Uint8Array(run.list.length);
    this.#hasRun.fill(0, 0, run.count);
    this.#asked.clear();
    this.#losses.clear();
    if (this.#registry.prioritised > 0) this.#sortByPriority(run);
    for (let job = 0; job < this.#count; job++) {
      const row = this.#rows[job]!;
      run.result[row] = RunResult.Away;
      this.#graph.sortInputs(run.list[row]!);
    }
    this.#startRound(run);
    return this.#count;
  }

  /** Collects the rows that may go; false where they are none, or too little work. */
  #choose(run: LevelRun, isFilled: boolean): boolean {
    const { list, result, count } = run;
    const { of, all } = this.#registry;
    if (this.#rows.length < count) this.#rows = new Uint32Array(list.length);
    let cost = 0;
    let number = 0;
    let micros = 0;
    for (let row = 0; row < count; row++) {
      const next = of[list[row]!]!;
      if (next !== number) {
        number = next;
        const recompute = all[number];
        micros =
          recompute?.module === undefined ? -1 : (this.#micros.get(recompute) ?? Number.POSITIVE_INFINITY);
      }
      if (micros < 0 || next === 0 || (isFilled && result[row] !== RunResult.Equal)) continue;
      this.#rows[this.#count++] = row;
      cost += micros;
    }
    return this.#count > 0 && cost >= this.#minLevelUs && (this.#count > 1 || this.#minLevelUs === 0);
  }

  #sortByPriority(run: LevelRun): void {
    const { of, all } = this.#registry;
    const priority = (row: number) => all[of[run.list[row]!]!]!.priority;
    this.#rows.subarray(0, this.#count).sort((a, b) => priority(b) - priority(a) || a - b);
  }

  #startRound(run: LevelRun): void {
    const jobs = Math.min(this.#count, MAX_JOBS);
    this.#begun = jobs;
    this.#lanes.start(jobs, (job) => run.list[this.#rows[job]!]!);
  }

  /**
   * Waits for the workers, writes what they computed into the pages, and fills in the rows. Returns rows that are left to this thread, their result Equal: no
   * worker can be had. Rows that need what only this thread has are Equal too, and {@link hasRun} is false of them.
   */
  collect(run: LevelRun, executor: Executor): Uint32Array {
    while (this.#count > 0) {
      const lost = this.#lanes.finish();
      this.#take(run, executor);
      for (const { job, how } of lost) this.#lose(run, executor, job, how);
      this.#lanes.renew();
      // What was not done is begun again: all behind it, and what a lost worker had claimed.
      let left = 0;
      for (let job = 0; job < this.#count; job++) {
        const row = this.#rows[job]!;
        if (run.result[row] === RunResult.Away) this.#rows[left++] = row;
      }
      this.#count = left;
      if (left === 0) break;
      if (this.#lanes.canRun) this.#startRound(run);
      else {
        for (let job = 0; job < left; job++) run.result[this.#rows[job]!] = RunResult.Equal;
        this.#count = 0;
        return this.#rows.subarray(0, left);
      }
    }
    return NO_ROWS;
  }

  /** Whether a worker has run this row of the level. */
  hasRun(row: number): boolean {
    return this.#hasRun[row] !== 0;
  }

  /** The inputs that a discovering page asked for on a worker. */
  askedBy(row: number): Uint32Array {
    return this.#asked.get(row) ?? NO_ROWS;
  }

  #take(run: LevelRun, executor: Executor): void {
    const { board } = this.#lanes;
    const errors = new Map<number, JobError>();
    for (const { errors: some, asked } of this.#lanes.reports()) {
      for (const error of some) errors.set(error.job, error);
      for (const { job, inputs } of asked) this.#asked.set(this.#rows[job]!, inputs);
    }
    let micros = 0;
    let timed = 0;
    let number = 0;
    const { of } = this.#registry;
    for (let job = 0; job < this.#begun; job++) {
      const lane = this.#lanes.doneBy(job);
      if (lane === undefined) continue;
      const row = this.#rows[job]!;
      const next = of[run.list[row]!]!;
      if (next !== number) {
        this.#learn(number, micros, timed);
        [number, micros, timed] = [next, 0, 0];
      }
      micros += board.micros[job]!;
      timed++;
      this.#hasRun[row] = 1;
      switch (board.result[job]!) {
        case RunResult.Element:
          executor.putElement(
            run,
            row,
            board.elementOffset[job]!,
            board.elementBytes[job]!,
            board.newLo[job]!,
            board.newHi[job]!,
          );
          break;
        case RunResult.Runs:
          executor.putRuns(
            run,
            row,
            lane.journal!,
            board.runFrom[job]!,
            board.runTo[job]!,
            board.bytesAt[job]!,
          );
          break;
        case RunResult.Failed:
          run.result[row] = RunResult.Failed;
          executor.errors.set(row, errorOf(errors.get(job)!));
          break;
        case JobResult.Refused:
          this.#hasRun[row] = 0;
          run.result[row] = RunResult.Equal;
          break;
        default:
          run.result[row] = RunResult.Equal;
      }
    }
    this.#learn(number, micros, timed);
  }

  #learn(number: number, micros: number, rows: number): void {
    const recompute = this.#registry.all[number];
    if (recompute !== undefined && rows > 0) this.#micros.set(recompute, micros / rows);
  }

  /** The level ran on this thread: how long its pages took, where they all have one function. */
  ranHere(run: LevelRun): void {
    const { of, all, modules } = this.#registry;
    if (modules === 0 || run.count === 0) return;
    const number = of[run.list[0]!]!;
    const recompute = all[number];
    if (recompute?.module === undefined || of[run.list[run.count - 1]!] !== number) return;
    for (let row = 1; row < run.count; row++) if (of[run.list[row]!] !== number) return;
    this.#micros.set(recompute, ((performance.now() - this.#startedAt) * 1000) / run.count);
  }

  /** A page's recompute took its worker with it: the page fails, and where that happens too often, all of the level's pages that have this function. */
  #lose(run: LevelRun, executor: Executor, job: number, how: "ended" | "still"): void {
    const row = this.#rows[job]!;
    const { of, all } = this.#registry;
    const number = of[run.list[row]!]!;
    const recompute = all[number]!;
    const losses = (this.#losses.get(recompute) ?? 0) + 1;
    this.#losses.set(recompute, losses);
    const pageId = this.#graph.table.idOf(run.list[row]!);
    this.#failRow(run, executor, row, lostError(recompute.name, pageId, how, this.#lanes.timeoutMs));
    if (losses <= MAX_LOSSES) return;
    for (let other = 0; other < run.count; other++) {
      const slot = run.list[other]!;
      if (of[slot] !== number || (this.#hasRun[other] === 0 && run.result[other] !== RunResult.Away))
        continue;
      if (run.result[other] === RunResult.Element || run.result[other] === RunResult.Runs)
        executor.takeBack(run, other);
      this.#failRow(run, executor, other, tooManyLost(recompute.name, this.#graph.table.idOf(slot)));
    }
  }

  #failRow(run: LevelRun, executor: Executor, row: number, error: MmsbError): void {
    this.#hasRun[row] = 1;
    run.result[row] = RunResult.Failed;
    executor.errors.set(row, error);
  }

  /** Ends all threads; resolves when they are gone. */
  close(): Promise<void> {
    return this.#lanes.close();
  }
}

function errorOf({ code, message, remedy, place, cause }: JobError): MmsbError {
  return new MmsbError(code, message, remedy, place, cause);
}

const REMEDY = "Its old bytes stand; it runs again when an input changes";

function lostError(name: string, pageId: bigint, how: "ended" | "still", timeoutMs: number): MmsbError {
  const what = how === "ended" ? "ended its worker" : `did not end within ${timeoutMs} ms`;
  return new MmsbError("RECOMPUTE_FAILED", `recompute '${name}' of page ${pageId} ${what}`, REMEDY, {
    pageId,
  });
}

function tooManyLost(name: string, pageId: bigint): MmsbError {
  const message = `recompute '${name}' ended or held up more than ${MAX_LOSSES} workers at the level of page ${pageId}`;
  return new MmsbError("RECOMPUTE_FAILED", message, REMEDY, { pageId });
}
