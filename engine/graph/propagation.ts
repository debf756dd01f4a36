import type { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { ChangeMarks } from "./change-marks.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import { DirtyLevels, sortNodes } from "./dirty-levels.ts";
import { Discovery } from "./discovery.ts";
import { Executor } from "./executor.ts";
import { FailureBook } from "./failure-book.ts";
import { LevelRecomputes } from "./level-recomputes.ts";
import { LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { PendingPages } from "./pending-pages.ts";
import { PlainLevel } from "./plain-level.ts";
import { isPullPageWanted, staleInputs } from "./pull-pages.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { runRows } from "./run-kernel.ts";
import { sweepLevel, sweepReach } from "./sweep.ts";
import { cancelled, overBudget, refused } from "./wave-errors.ts";
import { WaveLevels } from "./wave-levels.ts";
import { WaveRows } from "./wave-rows.ts";
import type { PageFailure, WaveCounts, WaveSink } from "./wave-sink.ts";
import { WorkStack } from "./work-stack.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface WaveOptions {
  /** Recomputes that a wave may run at most; before a level that would go beyond it the wave ends with WAVE_BUDGET. */
  readonly budget?: number;
  /** Looked at between two levels; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean };
}

const NOTHING: WaveCounts = { recomputed: 0, changed: 0, cutOff: 0, failed: 0, blocked: 0, levels: 0 };
const NO_OPTIONS: WaveOptions = {};

/**
 * Recomputes what depends on what was written: level by level, each page at most once, nothing twice. Rules: docs/Propagation.md.
 *
 * Dependents are found in one of two ways, level by level. Usually a page that has changed puts its dependents on the lists of their levels
 * (push). Where a wide level is mostly dirty it only marks itself changed, and the levels that its edges reach are swept: each page there looks whether an
 * input has changed, which reads one byte of one input for most (pull). Both find the same pages.
 */
export class Propagation {
  readonly graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  readonly executor: Executor;
  readonly rows = new WaveRows();
  readonly failures = new FailureBook();
  /** Runs functions that stand in modules. */
  workers: WorkerPool | undefined;
  readonly #sink: WaveSink | undefined;
  readonly #dirty = new DirtyLevels();
  readonly #run = new LevelRun();
  readonly #pending: PendingPages;
  readonly #cutOff = new WorkStack();
  readonly #blocked = new WorkStack();
  readonly #marks: ChangeMarks;
  readonly #levelRecomputes: LevelRecomputes;
  readonly #plain: PlainLevel;
  readonly #told = new WaveLevels();
  readonly #discovery: Discovery;
  #failed: PageFailure[] = [];
  #recomputed = 0;
  #changed = 0;
  #levels = 0;
  #level = 0;
  #firstFailure = 0;
  #isRunning = false;
  /** The pull pages that a read asks for. */
  #pulled: ReadonlySet<number> | undefined;

  constructor(graph: DependencyGraph, registry: RecomputeRegistry, sink?: WaveSink) {
    this.graph = graph;
    this.registry = registry;
    this.#sink = sink;
    this.#pending = new PendingPages(graph);
    this.executor = new Executor(graph);
    this.executor.keepsOld = sink !== undefined;
    this.#marks = new ChangeMarks(graph);
    this.#levelRecomputes = new LevelRecomputes(graph, registry);
    this.#plain = new PlainLevel(this.executor, registry, this.#cutOff, sink && this.rows);
    this.#discovery = new Discovery(graph, this.executor.context, (slot) => this.failures.errors.get(slot));
  }

  /** A wave runs: nothing may change but what it changes. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** The page whose recompute runs now; meaningful while {@link isRunning}. */
  get runningSlot(): number {
    return this.executor.context.slot;
  }

  /** Something was written or marked since the last wave. */
  get isPending(): boolean {
    return !this.#pending.isEmpty;
  }

  get bytes(): number {
    return this.#dirty.bytes + this.registry.bytes + this.#levelRecomputes.bytes;
  }

  /** The page's bytes were written from outside. */
  touch(slot: number): void {
    this.#pending.touch(slot);
  }

  /** The page is to be recomputed by the next wave. */
  markDirty(slot: number): void {
    this.#pending.markDirty(slot);
  }

  /** A page is gone. */
  forget(slot: number): void {
    if (this.failures.errors.has(slot)) this.failures.set(slot, undefined);
    this.registry.forget(slot);
    this.graph.leave(slot);
  }

  /** Makes the failures what they were at a mark of {@link failures}: the bytes are taken back too. */
  rollbackFailures(mark: number): void {
    const { state } = this.graph;
    this.failures.rollback(mark, (slot, hasFailed) => {
      if (hasFailed) state[slot]! |= NodeState.Failed;
      else state[slot]! &= ~NodeState.Failed;
    });
  }

  /** Drops what waits: the writes that led to it were taken back. */
  discardPending(): void {
    this.#pending.discard();
  }

  /**
   * Runs a wave over everything that waits. Errors: WAVE_BUDGET and CANCELLED (what the wave wrote is taken back, its pages stay marked, the next
   * wave looks at them again), LOG_READ_ONLY from the sink. Recomputes that throw are no error of the wave: see {@link failures}.
   */
  run(options: WaveOptions = NO_OPTIONS): Result<WaveCounts> {
    if (this.#isRunning)
      return fail("TRANSACTION_STATE", "a wave runs already", "Propagate after the recompute, not within it");
    this.#begin();
    const isSwept = this.#pending.sweepTo >= 0;
    if (this.#dirty.size === 0 && !isSwept) return ok(NOTHING);
    let startLsn = 0;
    if (this.#sink !== undefined) {
      const swept = isSwept ? this.#pending.countSwept(this.registry.of) : 0;
      if (this.#dirty.size + swept === 0) {
        this.#marks.clear();
        return ok(NOTHING);
      }
      startLsn = this.#sink.begin(this.#dirty.size + swept);
      if (startLsn === 0) {
        this.#marks.clear();
        this.#keepForLater();
        return refused();
      }
    }
    this.rows.clear(startLsn);
    this.#isRunning = true;
    let stopped: MmsbError | undefined;
    try {
      stopped = this.#runLevels(options);
    } finally {
      this.#isRunning = false;
    }
    if (stopped === undefined) return this.#finish(startLsn);
    this.#takeBack(this.#level);
    this.#keepForLater();
    this.#sink?.stopped(startLsn, stopped.code === "CANCELLED" ? "cancelled" : "budget");
    return err(stopped);
  }

  /** Runs a wave over stale pull pages that this page needs, itself included. */
  pull(slot: number, options: WaveOptions = NO_OPTIONS): Result<WaveCounts> {
    const { state } = this.graph;
    if (!this.graph.isKnown(slot) || (state[slot]! & NodeState.Stale) === 0) return ok(NOTHING);
    const wanted = staleInputs(this.graph, slot);
    for (const node of wanted) {
      state[node]! &= ~NodeState.Stale;
      this.markDirty(node);
    }
    this.#pulled = wanted;
    const outcome = this.run(options);
    this.#pulled = undefined;
    if (!outcome.ok) for (const node of wanted) state[node]! |= NodeState.Stale;
    return outcome;
  }

  /** A pull page whose inputs changed since it was computed. */
  isStale(slot: number): boolean {
    return this.graph.isKnown(slot) && (this.graph.state[slot]! & NodeState.Stale) !== 0;
  }

  // ---- the course of a wave

  #begin(): void {
    const { graph, registry } = this;
    graph.settle();
    registry.growNodes(graph.state.length);
    this.#cutOff.clear();
    this.#blocked.clear();
    this.#told.clear();
    if (this.#failed.length > 0) this.#failed = [];
    if (this.#sink === undefined) this.failures.keep();
    this.#recomputed = 0;
    this.#changed = 0;
    this.#levels = 0;
    this.executor.context.refresh();
    this.#plain.begin(this.#run);
    this.#discovery.begin();
    const { of, all } = registry;
    this.#pending.release(of, (slot) => this.#release(slot));
    this.#firstFailure = this.failures.mark;
    if (registry.lazies > 0)
      this.#pending.wakeInputs((slot) => all[of[slot]!]?.lazy !== true || this.#isWanted(slot));
    this.#dirty.trim();
    this.#dirty.reserve(graph.levels.population.length);
    this.#pending.place(of, this.#dirty, this.#marks, registry.discoverers > 0);
  }

  /** A page that nothing computes any more neither fails nor waits. */
  #release(node: number): void {
    const { state } = this.graph;
    if ((state[node]! & NodeState.Failed) !== 0) {
      this.failures.set(node, undefined);
      this.touch(node);
    }
    state[node]! &= ~(NodeState.Failed | NodeState.Stale);
  }

  #runLevels(options: WaveOptions): MmsbError | undefined {
    const { budget = Number.POSITIVE_INFINITY, signal } = options;
    const dirty = this.#dirty;
    const { registry } = this;
    const isInOrder = registry.lazies + registry.discoverers + registry.prioritised === 0;
    let isPlain = isInOrder && this.failures.size === 0;
    let { sweepTo } = this.#pending;
    let level = this.#pending.firstLevel(dirty);
    for (;;) {
      if (sweepTo < level) level = dirty.nextLevel(level);
      if (level < 0) return undefined;
      this.#level = level;
      if (signal?.aborted === true) return cancelled();
      const run = this.#run;
      run.count = sweepTo >= level ? this.#sweep(level) : this.#take(level);
      if (run.count > 0) {
        if (registry.discoverers > 0) this.#putOffMoved(level);
        if (this.#recomputed + run.count > budget) {
          this.#putBack(level);
          return overBudget(budget, this.#recomputed, run.count);
        }
        this.#levels++;
        const reach = registry.discoverers > 0 ? -1 : sweepReach(this.graph, level, run.count);
        if (reach > sweepTo) sweepTo = reach;
        const away = isPlain ? (this.workers?.begin(run, false) ?? 0) : -1;
        let isWhole = false;
        if (isPlain && away === 0) {
          isWhole = this.#runPlain(level, reach >= 0);
          this.workers?.ranHere(run);
        } else this.#runRest(level, reach >= 0, 0, 0, away);
        if (!isWhole) isPlain = isInOrder && this.failures.size === 0;
      }
      level++;
    }
  }

  #take(level: number): number {
    const dirty = this.#dirty;
    const run = this.#run;
    run.recompute = 0;
    run.reserve(dirty.count[level]!);
    const count = dirty.take(level, run.list);
    sortNodes(run.list, count);
    return count;
  }

  #sweep(level: number): number {
    const run = this.#run;
    const isBelowFull = level > 0 && this.#marks.isFull(level - 1) && !this.graph.hasHadControl;
    if (!isBelowFull) this.#marks.settle();
    const n = sweepLevel(this.graph, this.#levelRecomputes, level, run, isBelowFull);
    // Those that were pushed are among them: their list is only emptied.
    const pushed = this.#dirty.count[level]!;
    if (pushed > 0) {
      run.reserve(n + pushed);
      this.#dirty.take(level, run.list.subarray(n));
    }
    return n;
  }

  /** Pages that a discovered edge has lifted wait for their new level. */
  #putOffMoved(level: number): void {
    const run = this.#run;
    const { level: levelOf } = this.graph.levels;
    let kept = 0;
    for (let k = 0; k < run.count; k++) {
      const node = run.list[k]!;
      if (levelOf[node]! > level) this.#dirty.push(node, levelOf[node]!);
      else run.list[kept++] = node;
    }
    run.count = kept;
  }

  #putBack(level: number): void {
    const { state } = this.graph;
    for (let k = 0; k < this.#run.count; k++) {
      const node = this.#run.list[k]!;
      state[node]! |= NodeState.Dirty;
      this.#dirty.push(node, level);
    }
  }

  /** Runs rows from `from` on; each has an outcome then. `away`: how many went to workers; -1: that is not decided yet. */
  #execute(from: number, away: number): void {
    const { registry, executor } = this;
    const run = this.#run;
    const { list, result } = run;
    const { of, all } = registry;
    if (from === 0) executor.begin();
    const looksTwice = this.failures.size > 0 || registry.lazies > 0;
    const inTurn = registry.discoverers > 0 || registry.prioritised > 0;
    if (looksTwice) this.#holdBack();
    else if (inTurn) result.fill(RunResult.Equal, 0, run.count);
    const { workers } = this;
    const taken = away < 0 ? (workers?.begin(run, looksTwice || inTurn) ?? 0) : away;
    executor.checksResults = looksTwice || taken > 0;
    if (inTurn) {
      if (taken > 0) workers!.collect(run, executor);
      this.#executeInTurn(taken > 0);
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
    if (taken > 0) for (const k of workers!.collect(run, executor)) this.#executeOne(k);
  }

  #executeOne(k: number): void {
    const run = this.#run;
    const recompute = this.registry.all[this.registry.of[run.list[k]!]!];
    if (recompute === undefined) run.result[k] = RunResult.Skipped;
    else if (recompute.run !== undefined) this.executor.runFunction(recompute, run, k, k + 1);
    else runRows(this.executor, recompute, run, k, k + 1);
  }

  /** One page after the other, the higher priority first. */
  #executeInTurn(usesWorkers: boolean): void {
    const run = this.#run;
    const { of, all, prioritised } = this.registry;
    const priority = (k: number) => all[of[run.list[k]!]!]?.priority ?? 0;
    const rows = Array.from({ length: run.count }, (_, k) => k);
    if (prioritised > 0) rows.sort((a, b) => priority(b) - priority(a) || a - b);
    for (const k of rows) {
      const slot = run.list[k]!;
      const discovers = all[of[slot]!]?.discover === true;
      if (usesWorkers && this.workers!.hasRun(k)) {
        if (discovers) this.#discovery.note(slot, this.workers!.askedBy(k), run.result[k]!);
        continue;
      }
      if (run.result[k] !== RunResult.Equal) continue;
      if (discovers) this.#discovery.start(slot);
      this.#executeOne(k);
      if (discovers) this.#discovery.stop(run.result[k]!);
    }
    const { state, levels } = this.graph;
    this.registry.growNodes(state.length);
    this.#dirty.reserve(levels.population.length);
  }

  /** Sets apart the pages that must not run: an input has failed, or nobody asks for them. */
  #holdBack(): void {
    const run = this.#run;
    const { state, incoming } = this.graph;
    const { start, count, pool } = incoming;
    const { of, all } = this.registry;
    for (let k = 0; k < run.count; k++) {
      const node = run.list[k]!;
      run.result[k] = RunResult.Equal;
      const recompute = all[of[node]!];
      if (recompute === undefined || (recompute.lazy && !this.#isWanted(node))) {
        run.result[k] = RunResult.Skipped;
        continue;
      }
      // It may not ask for the input that has failed this time.
      if (recompute.discover) continue;
      const end = start[node]! + count[node]!;
      for (let at = start[node]!; at < end; at++) {
        const entry = pool[at]!;
        if ((entry & 1) !== 0 || (state[entry >>> 1]! & NodeState.Failed) === 0) continue;
        run.result[k] = RunResult.InputFailed;
        run.runFrom[k] = entry >>> 1;
        break;
      }
    }
  }

  /** Whether a pull page is to run: the read that began this wave asks for it, or a page that is computed at once. */
  #isWanted(node: number): boolean {
    return this.#pulled?.has(node) === true || isPullPageWanted(this.graph, this.registry, node);
  }

  // ---- what came of a level

  /** Runs a level as most are; false where that did not go to its end. */
  #runPlain(level: number, leavesToSweep: boolean): boolean {
    const run = this.#run;
    const plain = this.#plain;
    const cutOffBefore = this.#cutOff.count;
    plain.run(run);
    this.#changed += plain.changes;
    this.#recomputed += plain.recomputed;
    if (this.#sink !== undefined) this.#told.add(level, plain.changes, this.#cutOff.count - cutOffBefore, 0);
    if (!leavesToSweep) this.#dirty.pushDependents(this.graph, run, plain.settled, level);
    else if (plain.changes === this.graph.levels.population[level]) this.#marks.addLevel(level);
    else {
      const { list, result } = run;
      for (let k = 0; k < plain.settled; k++) {
        if (result[k] === RunResult.Element || result[k] === RunResult.Runs) this.#marks.add(list[k]!);
      }
    }
    if (plain.settled === run.count) return true;
    this.#runRest(level, leavesToSweep, plain.executed, plain.settled, 0);
    return false;
  }

  /** Runs rows from `executed` on, of which `away` went to workers (-1: that is not decided yet), and settles those from `settled` on. */
  #runRest(level: number, leavesToSweep: boolean, executed: number, settled: number, away: number): void {
    this.#execute(executed, away);
    this.#settleLevel(level, leavesToSweep, settled);
  }

  /** What came of the rows from `from` on. */
  #settleLevel(level: number, leavesToSweep: boolean, from: number): void {
    const { graph, rows } = this;
    const { state, table } = graph;
    const { epoch, changed, stamp } = table;
    const run = this.#run;
    const { list, result } = run;
    const isLogged = this.#sink !== undefined;
    const rowsBefore = rows.count;
    const cutOffBefore = this.#cutOff.count;
    const blockedBefore = this.#blocked.count;
    const failedBefore = this.#failed.length;
    for (let k = from; k < run.count; k++) {
      const slot = list[k]!;
      const outcome = result[k]!;
      const before = state[slot]!;
      // A failure that is over counts as a change: those below must run again.
      let tells = outcome === RunResult.Element || outcome === RunResult.Runs;
      if (tells) {
        this.#changed++;
        if (isLogged) rows.add(this.executor, run, k, this.registry.of[slot]!);
        else {
          epoch[slot]!++;
          changed[slot] = stamp;
        }
      } else if (outcome === RunResult.Equal) this.#cutOff.push(slot);
      else if (outcome === RunResult.Retry) {
        state[slot]! |= NodeState.Dirty;
        this.#dirty.push(slot, graph.levels.level[slot]!);
        continue;
      } else if (outcome === RunResult.Skipped) {
        state[slot] = before & ~NodeState.Dirty;
        if (this.registry.of[slot] !== 0) this.#postpone(slot);
        continue;
      }
      if (outcome === RunResult.Failed || outcome === RunResult.InputFailed) {
        tells = this.#noteFailure(k, slot, outcome);
        state[slot] = (before & ~(NodeState.Dirty | NodeState.Stale)) | NodeState.Failed;
      } else {
        this.#recomputed++;
        state[slot] = before & ~(NodeState.Dirty | NodeState.Failed | NodeState.Stale);
        if ((before & NodeState.Failed) !== 0) {
          this.failures.set(slot, undefined);
          tells = true;
        }
      }
      if (!tells) continue;
      if (leavesToSweep) this.#marks.add(slot);
      else this.#push(slot, level);
    }
    if (!isLogged) return;
    const members = rows.count - rowsBefore + this.#failed.length - failedBefore;
    this.#told.add(level, members, this.#cutOff.count - cutOffBefore, this.#blocked.count - blockedBefore);
  }

  /** A pull page waits until it is read, and so do those below it. */
  #postpone(slot: number): void {
    const { state } = this.graph;
    if ((state[slot]! & NodeState.Stale) !== 0) return;
    state[slot]! |= NodeState.Stale;
    this.#push(slot, this.graph.levels.level[slot]!);
  }

  /** Returns whether this is news to those below. */
  #noteFailure(k: number, slot: number, outcome: number): boolean {
    const isRoot = outcome === RunResult.Failed;
    const error = isRoot ? this.executor.errors.get(k)! : this.failures.errors.get(this.#run.runFrom[k]!)!;
    if (isRoot) {
      this.#recomputed++;
      this.#failed.push({ slot, error, beforeRow: this.rows.count });
    } else this.#blocked.push(slot);
    const isNews = this.failures.errors.get(slot) !== error;
    if (isNews) this.failures.set(slot, error);
    return isNews;
  }

  #push(node: number, level: number): void {
    const { state, outgoing, levels } = this.graph;
    const { start, count, pool } = outgoing;
    const dirty = this.#dirty;
    const levelOf = levels.level;
    const end = start[node]! + count[node]!;
    for (let at = start[node]!; at < end; at++) {
      const entry = pool[at]!;
      const next = entry >>> 1;
      if ((entry & 1) !== 0 || (state[next]! & NodeState.Dirty) !== 0) continue;
      state[next]! |= NodeState.Dirty;
      const to = levelOf[next]!;
      dirty.push(next, to > level ? to : level + 1);
    }
  }

  #counts(): WaveCounts {
    return {
      recomputed: this.#recomputed,
      changed: this.#changed,
      cutOff: this.#cutOff.count,
      failed: this.#failed.length,
      blocked: this.#blocked.count,
      levels: this.#levels,
    };
  }

  #finish(startLsn: number): Result<WaveCounts> {
    this.#marks.clear();
    const edges = this.#discovery.finish();
    const outcome = this.#counts();
    if (this.#sink === undefined) return ok(outcome);
    const isLogged = this.#sink.end({
      startLsn,
      rows: this.rows,
      failures: this.#failed,
      levels: this.#told.columns(),
      cutOff: this.#cutOff.items.subarray(0, this.#cutOff.count),
      blocked: this.#blocked.items.subarray(0, this.#blocked.count),
      edges,
      counts: outcome,
    });
    if (isLogged) return ok(outcome);
    this.rows.undo(this.graph.table);
    this.rollbackFailures(this.#firstFailure);
    return refused();
  }

  /**
   * An unfinished wave. Where it is logged, what it wrote is taken back and the pages it got to are marked again. Where it is not, what is done
   * stays, and what it leads to waits.
   */
  #takeBack(level: number): void {
    const marks = this.#marks;
    if (this.#sink === undefined) {
      marks.settle();
      for (let i = 0; i < marks.pages.count; i++) this.#push(marks.pages.items[i]!, level - 1);
      marks.clear();
      this.#discovery.finish();
      return;
    }
    marks.clear();
    this.#discovery.undo();
    this.rollbackFailures(this.#firstFailure);
    this.rows.undo(this.graph.table);
    for (let row = 0; row < this.rows.count; row++) this.markDirty(this.rows.deltas.slot[row]!);
    for (let i = 0; i < this.#cutOff.count; i++) this.markDirty(this.#cutOff.items[i]!);
    for (const { slot } of this.#failed) this.markDirty(slot);
    for (let i = 0; i < this.#blocked.count; i++) this.markDirty(this.#blocked.items[i]!);
  }

  /** The pages still on the lists wait for the next wave. */
  #keepForLater(): void {
    this.#pending.touchAgain();
    const dirty = this.#dirty;
    const run = this.#run;
    for (let level = dirty.nextLevel(0); level >= 0; level = dirty.nextLevel(level)) {
      run.reserve(dirty.count[level]!);
      const count = dirty.take(level, run.list);
      this.#pending.keep(run.list, count);
    }
  }
}
