import type { Discovery } from "./discovery.ts";
import type { Executor } from "./executor.ts";
import type { FailureBook } from "./failure-book.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import type { PullPages } from "./pull-pages.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { runRows } from "./run-kernel.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

/** Runs the pages of a level with all that may be out of the ordinary: inputs that have failed, pull pages, priorities, discovery, workers. */
export class GeneralLevel {
  readonly #executor: Executor;
  readonly #registry: RecomputeRegistry;
  readonly #failures: FailureBook;
  readonly #discovery: Discovery;
  readonly #pullPages: PullPages;

  constructor(
    executor: Executor,
    registry: RecomputeRegistry,
    failures: FailureBook,
    discovery: Discovery,
    pullPages: PullPages,
  ) {
    this.#executor = executor;
    this.#registry = registry;
    this.#failures = failures;
    this.#discovery = discovery;
    this.#pullPages = pullPages;
  }

  /** Runs rows from `from` on; each has an outcome then. `away`: how many went to workers; -1: that is not decided yet. */
  run(run: LevelRun, from: number, away: number, workers: WorkerPool | undefined): void {
    const registry = this.#registry;
    const executor = this.#executor;
    const { list, result } = run;
    const { of, all } = registry;
    if (from === 0) executor.begin();
    const looksTwice = this.#failures.size > 0 || registry.lazies > 0;
    const inTurn = registry.discoverers > 0 || registry.prioritised > 0;
    if (looksTwice) this.#holdBack(run);
    else if (inTurn) result.fill(RunResult.Equal, 0, run.count);
    const taken = away < 0 ? (workers?.begin(run, looksTwice || inTurn) ?? 0) : away;
    executor.checksResults = looksTwice || taken > 0;
    if (inTurn) {
      if (taken > 0) workers!.collect(run, executor);
      this.#runInTurn(run, taken > 0 ? workers : undefined);
      return;
    }
    let first = from;
    while (first < run.count) {
      const recompute = all[of[list[first]!]!];
      const number = of[list[first]!]!;
      let to = first + 1;
      while (to < run.count && of[list[to]!] === number) to++;
      if (recompute === undefined) result.fill(RunResult.Skipped, first, to);
      else if (recompute.run !== undefined) executor.runFunction(recompute, run, first, to);
      else runRows(executor, recompute, run, first, to);
      first = to;
    }
    if (taken > 0) for (const k of workers!.collect(run, executor)) this.#runOne(run, k);
  }

  #runOne(run: LevelRun, k: number): void {
    const recompute = this.#registry.recomputeOf(run.list[k]!);
    if (recompute === undefined) run.result[k] = RunResult.Skipped;
    else if (recompute.run !== undefined) this.#executor.runFunction(recompute, run, k, k + 1);
    else runRows(this.#executor, recompute, run, k, k + 1);
  }

  /** One page after the other, the higher priority first. */
  #runInTurn(run: LevelRun, workers: WorkerPool | undefined): void {
    const { of, all, prioritised } = this.#registry;
    const priority = (k: number) => all[of[run.list[k]!]!]?.priority ?? 0;
    const rows = Array.from({ length: run.count }, (_, k) => k);
    if (prioritised > 0) rows.sort((a, b) => priority(b) - priority(a) || a - b);
    for (const k of rows) {
      const slot = run.list[k]!;
      const discovers = all[of[slot]!]?.discover === true;
      if (workers?.hasRun(k) === true) {
        if (discovers) this.#discovery.note(slot, workers.askedBy(k), run.result[k]!);
        continue;
      }
      if (run.result[k] !== RunResult.Equal) continue;
      if (discovers) this.#discovery.start(slot);
      this.#runOne(run, k);
      if (discovers) this.#discovery.stop(run.result[k]!);
    }
  }

  /** Sets apart the pages that must not run: an input has failed, or nobody asks for them; or not yet: a pull page that they need was not wanted until now. */
  #holdBack(run: LevelRun): void {
    const { state, incoming } = this.#executor.graph;
    const { start, count, pool } = incoming;
    const { of, all, discoverers } = this.#registry;
    for (let k = 0; k < run.count; k++) {
      const node = run.list[k]!;
      run.result[k] = RunResult.Equal;
      const recompute = all[of[node]!];
      if (recompute === undefined || (recompute.lazy && !this.#pullPages.isWanted(node))) {
        run.result[k] = RunResult.Skipped;
        continue;
      }
      const end = start[node]! + count[node]!;
      for (let at = start[node]!; at < end; at++) {
        const entry = pool[at]!;
        const flags = state[entry >>> 1]!;
        if ((entry & 1) !== 0 || (flags & (NodeState.Failed | NodeState.Stale)) === 0) continue;
        if ((flags & NodeState.Stale) !== 0 && discoverers > 0) {
          this.#discovery.wake(entry >>> 1);
          run.result[k] = RunResult.Retry;
        } else if (
          (flags & NodeState.Failed) !== 0 &&
          // A page that discovers may not ask for the input that has failed this time.
          !recompute.discover &&
          run.result[k] === RunResult.Equal
        ) {
          run.result[k] = RunResult.InputFailed;
          run.runFrom[k] = entry >>> 1;
        }
      }
    }
  }
}
