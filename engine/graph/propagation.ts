import type { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { ChangeMarks } from "./change-marks.ts";
import { type ConePlan, ConePlans, MAX_SOURCES } from "./cones/cone-plans.ts";
import { ConeWave } from "./cones/cone-wave.ts";
import type { DependencyGraph } from "./dependency-graph.ts";
import { DirtyLevels, sortNodes } from "./dirty-levels.ts";
import { Discovery } from "./discovery.ts";
import { Executor } from "./executor.ts";
import { FailureBook } from "./failure-book.ts";
import { GeneralLevel } from "./general-level.ts";
import { LevelRecomputes } from "./level-recomputes.ts";
import { LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import { PendingPages } from "./pending-pages.ts";
import { PlainLevel } from "./plain-level.ts";
import { PullPages } from "./pull-pages.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { followStrand } from "./strand.ts";
import { sweepLevel, sweepReach } from "./sweep.ts";
import { cancelled, overBudget, refused } from "./wave-errors.ts";
import { WaveRows } from "./wave-rows.ts";
import type { WaveCounts, WaveSink } from "./wave-sink.ts";
import { WaveTally } from "./wave-tally.ts";
import { WholeLevels } from "./whole-levels.ts";
import type { WorkerPool } from "./workers/worker-pool.ts";

export interface WaveOptions {
  /** Recomputes that a wave may run at most; before a level that would go beyond it the wave ends with WAVE_BUDGET. */
  readonly budget?: number;
  /** Looked at between two levels; an `AbortSignal` fits. */
  readonly signal?: { readonly aborted: boolean };
}

/** How far failures had come, and what waves had taken. */
export interface WaveMark {
  readonly failures: number;
  readonly taken: number;
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
  readonly failures: FailureBook;
  readonly plans: ConePlans;
  /** Runs functions that stand in modules. */
  workers: WorkerPool | undefined;
  readonly #sink: WaveSink | undefined;
  readonly #dirty = new DirtyLevels();
  readonly #run = new LevelRun();
  readonly #pending: PendingPages;
  readonly #marks: ChangeMarks;
  readonly #levelRecomputes: LevelRecomputes;
  readonly #plain: PlainLevel;
  readonly #whole: WholeLevels;
  readonly #tally: WaveTally;
  readonly #pullPages: PullPages;
  readonly #discovery: Discovery;
  readonly #general: GeneralLevel;
  readonly #cones: ConeWave;
  #level = 0;
  /** The wave has been at levels that it went back to. */
  #wentBack = false;
  #firstFailure = 0;
  #isRunning = false;

  constructor(graph: DependencyGraph, registry: RecomputeRegistry, sink?: WaveSink) {
    this.graph = graph;
    this.registry = registry;
    this.#sink = sink;
    this.failures = new FailureBook(graph);
    this.#pending = new PendingPages(graph);
    this.#pullPages = new PullPages(graph, registry);
    this.executor = new Executor(graph);
    this.executor.keepsOld = sink !== undefined;
    this.#marks = new ChangeMarks(graph);
    this.#levelRecomputes = new LevelRecomputes(graph, registry);
    const log = sink && this.rows;
    this.#tally = new WaveTally(this.executor, registry, this.failures, this.#dirty, log);
    const { cutOff, told } = this.#tally;
    this.#plain = new PlainLevel(this.executor, registry, cutOff, log);
    this.#whole = new WholeLevels(this.executor, this.#levelRecomputes, this.#dirty, this.#marks, told, log);
    const { context } = this.executor;
    this.#discovery = new Discovery(graph, context, this.#pullPages, (slot) =>
      this.failures.errors.get(slot),
    );
    this.#general = new GeneralLevel(
      this.executor,
      registry,
      this.failures,
      this.#discovery,
      this.#pullPages,
    );
    this.plans = new ConePlans(graph, registry);
    this.#cones = new ConeWave(this.executor, this.plans, cutOff, told, log);
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
    return this.#dirty.bytes + this.registry.bytes + this.#levelRecomputes.bytes + this.plans.bytes;
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
    if (this.isStale(slot)) this.failures.setStale(slot, false);
    this.registry.forget(slot);
    this.graph.leave(slot);
  }

  /** A point that {@link takeBack} goes back to. */
  mark(): WaveMark {
    return { failures: this.failures.mark, taken: this.#pending.mark };
  }

  /** What waits now may be asked for again by {@link takeBack}: the wave that runs next may be taken back with a part of a transaction. */
  noteTaken(): void {
    this.#pending.note();
  }

  /**
   * The bytes are again what they were at a mark, and so are the failures then. What waits was written since and is dropped; with `isPart` some of that was
   * written before the mark: all of it waits, and what waves took since.
   */
  takeBack({ failures, taken }: WaveMark, isPart: boolean): void {
    this.failures.rollback(failures);
    if (isPart) this.#pending.wait(taken);
    else this.#pending.discard();
  }

  /** No mark is gone back to any more. */
  keep(): void {
    this.failures.keep();
    this.#pending.keepTaken();
  }

  /**
   * Runs a wave over everything that waits. Errors: WAVE_BUDGET and CANCELLED (what the wave wrote is taken back, its pages stay marked, the next
   * wave looks at them again), LOG_READ_ONLY from the sink. Recomputes that throw are no error of the wave: see {@link failures}.
   */
  run(options: WaveOptions = NO_OPTIONS): Result<WaveCounts> {
    if (this.#isRunning)
      return fail("TRANSACTION_STATE", "a wave runs already", "Propagate after the recompute, not within it");
    this.graph.settle();
    this.registry.growNodes(this.graph.state.length);
    const plan = this.#planned(options);
    if (plan !== undefined) return this.#runPlanned(plan, options);
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
    return this.#conclude(startLsn, options, undefined);
  }

  /** Runs the pages of a wave, and finishes it or takes it back. */
  #conclude(startLsn: number, options: WaveOptions, plan: ConePlan | undefined): Result<WaveCounts> {
    this.rows.clear(startLsn);
    this.#isRunning = true;
    let stopped: MmsbError | undefined;
    try {
      stopped = plan === undefined ? this.#runLevels(options) : this.#runPlan(plan, options);
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
    if (!this.isStale(slot)) return ok(NOTHING);
    this.#pullPages.wake(slot, (node) => this.markDirty(node));
    this.#pullPages.read = slot;
    const outcome = this.run(options);
    this.#pullPages.read = -1;
    return outcome;
  }

  /** A pull page whose inputs changed since it was computed. */
  isStale(slot: number): boolean {
    return this.graph.isKnown(slot) && (this.graph.state[slot]! & NodeState.Stale) !== 0;
  }

  // ---- the course of a wave

  /** The plan for the wave that waits, where it has one and nothing is out of the ordinary. */
  #planned({ budget, signal }: WaveOptions): ConePlan | undefined {
    if (signal !== undefined || this.failures.size > 0 || this.workers !== undefined) return undefined;
    if (!this.#isInOrder) return undefined;
    const written = this.#pending.onlyTouched(MAX_SOURCES);
    const plan = written && this.plans.planOf(written.items, written.count);
    return plan === undefined || (budget !== undefined && budget < plan.to - plan.from) ? undefined : plan;
  }

  /** Which page of a level runs first is of no matter, and every page that is due runs. */
  get #isInOrder(): boolean {
    const { lazies, discoverers, prioritised } = this.registry;
    return lazies + discoverers + prioritised === 0;
  }

  #runPlanned(plan: ConePlan, options: WaveOptions): Result<WaveCounts> {
    this.#clear();
    let startLsn = 0;
    if (this.#sink !== undefined) {
      startLsn = this.#sink.begin(plan.roots);
      if (startLsn === 0) return refused();
    }
    this.#pending.takeTouched();
    return this.#conclude(startLsn, options, plan);
  }

  #runPlan(plan: ConePlan, options: WaveOptions): MmsbError | undefined {
    const cones = this.#cones;
    this.#dirty.reserve(this.graph.levels.population.length);
    const isWhole = cones.run(plan, this.#run, this.#dirty);
    const tally = this.#tally;
    tally.recomputed = cones.recomputed;
    tally.changed = cones.changes;
    tally.levels = cones.levels;
    if (isWhole) return undefined;
    this.#plain.begin(this.#run);
    this.#runRest(cones.level, false, 1, 0, 0);
    return this.#runLevels(options);
  }

  /** What the last wave has left. */
  #clear(): void {
    this.#tally.clear();
    if (this.#sink === undefined) this.failures.keep();
    this.#firstFailure = this.failures.mark;
    this.#wentBack = false;
    this.#discovery.begin();
    this.#pullPages.begin();
    this.executor.context.refresh();
  }

  #begin(): void {
    const { graph, registry } = this;
    this.#clear();
    this.#plain.begin(this.#run);
    const { of, all } = registry;
    this.#pending.release(
      of,
      (slot) => this.#release(slot),
      (slot) => {
        // It was a pull page, and is none any more.
        if (!all[of[slot]!]!.lazy) this.failures.setStale(slot, false);
      },
    );
    this.#firstFailure = this.failures.mark;
    if (registry.lazies > 0)
      this.#pending.wakeInputs((slot) => all[of[slot]!]?.lazy !== true || this.#pullPages.isWanted(slot));
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
    state[node]! &= ~NodeState.Failed;
    this.failures.setStale(node, false);
  }

  #runLevels(options: WaveOptions): MmsbError | undefined {
    const { budget = Number.POSITIVE_INFINITY, signal } = options;
    const dirty = this.#dirty;
    const tally = this.#tally;
    const { registry } = this;
    const isInOrder = this.#isInOrder;
    let isPlain = isInOrder && this.failures.size === 0;
    const isFree = signal === undefined && budget === Number.POSITIVE_INFINITY;
    let { sweepTo } = this.#pending;
    let level = this.#pending.firstLevel(dirty);
    for (;;) {
      if (sweepTo < level) level = dirty.nextLevel(level);
      if (level < 0) return undefined;
      this.#level = level;
      if (signal?.aborted === true) return cancelled();
      const run = this.#run;
      run.count = sweepTo >= level ? this.#sweep(level) : this.#take(level);
      if (isPlain && isFree && run.count === 1 && dirty.size === 0 && sweepTo < level && this.#isStrand()) {
        level = this.#runStrand() + 1;
        isPlain = this.failures.size === 0;
        continue;
      }
      if (run.count > 0) {
        if (registry.discoverers > 0) this.#putOffMoved(level);
        if (tally.recomputed + run.count > budget) {
          this.#putBack(level);
          return overBudget(budget, tally.recomputed, run.count);
        }
        tally.levels++;
        let reach = registry.discoverers > 0 ? -1 : sweepReach(this.graph, level, run.count);
        if (reach > sweepTo) sweepTo = reach;
        const away = isPlain ? (this.workers?.begin(run, false) ?? 0) : -1;
        let isWhole = false;
        if (isPlain && away === 0) {
          const whole = this.#whole;
          whole.run(run, level, reach, sweepTo, isFree);
          tally.levels += whole.level - level;
          tally.changed += whole.pages;
          tally.recomputed += whole.pages;
          this.#level = level = whole.level;
          ({ reach, sweepTo } = whole);
          isWhole = this.#runPlain(level, reach >= 0, whole.settled, whole.changes);
          this.workers?.ranHere(run);
        } else this.#runRest(level, reach >= 0, 0, 0, away);
        if (!isWhole) isPlain = isInOrder && this.failures.size === 0;
      }
      level = this.#wokenLevel(level + 1);
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

  /** Puts the pull pages that turned out to be needed on the lists of their levels. Returns where the wave goes on: at the lowest of these, `next` at most. */
  #wokenLevel(next: number): number {
    const { woken } = this.#discovery;
    if (woken.count === 0) return next;
    const { level } = this.graph.levels;
    let lowest = next;
    for (const slot of woken.view()) {
      this.#dirty.push(slot, level[slot]!);
      if (level[slot]! < lowest) lowest = level[slot]!;
    }
    woken.clear();
    this.#wentBack ||= lowest < next;
    return lowest;
  }

  // ---- what came of a level

  /** Runs a level as most are, of which so many rows are done and so many of those have changed; false where that did not go to its end. */
  #runPlain(level: number, leavesToSweep: boolean, settled: number, changes: number): boolean {
    const run = this.#run;
    const plain = this.#plain;
    const tally = this.#tally;
    const cutOffBefore = tally.cutOff.count;
    plain.run(run, settled, changes);
    tally.changed += plain.changes;
    tally.recomputed += plain.recomputed;
    if (this.#sink !== undefined) tally.told.add(level, plain.changes, tally.cutOff.count - cutOffBefore, 0);
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

  #isStrand(): boolean {
    return this.workers === undefined && followStrand(this.graph, this.registry, this.#run);
  }

  /** Runs pages that follow one another, up to one that has not changed; returns the level of the last that was run. */
  #runStrand(): number {
    const run = this.#run;
    const plain = this.#plain;
    const tally = this.#tally;
    const { level } = this.graph.levels;
    plain.run(run);
    run.isStrand = false;
    const { settled, executed } = plain;
    tally.changed += plain.changes;
    tally.recomputed += plain.recomputed;
    tally.levels += executed;
    if (this.#sink !== undefined) {
      for (let k = 0; k < settled; k++) {
        const isCutOff = run.result[k] === RunResult.Equal;
        tally.told.add(level[run.list[k]!]!, isCutOff ? 0 : 1, isCutOff ? 1 : 0, 0);
      }
    }
    const last = run.list[executed - 1]!;
    this.#level = level[last]!;
    if (executed > settled) {
      run.count = executed;
      this.#runRest(this.#level, false, executed, settled, 0);
    } else if (run.result[executed - 1] !== RunResult.Equal) tally.push(last, this.#level);
    return this.#level;
  }

  /** Runs rows from `executed` on, of which `away` went to workers (-1: that is not decided yet), and settles those from `settled` on. */
  #runRest(level: number, leavesToSweep: boolean, executed: number, settled: number, away: number): void {
    this.#general.run(this.#run, executed, away, this.workers);
    if (this.registry.discoverers > 0) {
      this.registry.growNodes(this.graph.state.length);
      this.#dirty.reserve(this.graph.levels.population.length);
    }
    this.#tally.settle(this.#run, level, settled, leavesToSweep ? this.#marks : undefined);
  }

  #finish(startLsn: number): Result<WaveCounts> {
    this.#marks.clear();
    const tally = this.#tally;
    if (this.#wentBack) tally.sort();
    const edges = this.#discovery.finish();
    const outcome = tally.counts();
    if (this.#sink === undefined) return ok(outcome);
    const isLogged = this.#sink.end({
      startLsn,
      rows: this.rows,
      failures: tally.failed,
      levels: tally.told.columns(),
      cutOff: tally.cutOff.view(),
      blocked: tally.blocked.view(),
      edges,
      counts: outcome,
    });
    if (isLogged) return ok(outcome);
    this.rows.undo(this.graph.table);
    this.failures.rollback(this.#firstFailure);
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
      for (let i = 0; i < marks.pages.count; i++) this.#tally.push(marks.pages.items[i]!, level - 1);
      marks.clear();
      this.#discovery.finish();
      return;
    }
    marks.clear();
    this.#discovery.undo();
    this.failures.rollback(this.#firstFailure, (slot) => this.markDirty(slot));
    this.rows.undo(this.graph.table);
    for (let row = 0; row < this.rows.count; row++) this.markDirty(this.rows.deltas.slot[row]!);
    const { cutOff, blocked, failed } = this.#tally;
    for (const slot of cutOff.view()) this.markDirty(slot);
    for (const { slot } of failed) this.markDirty(slot);
    for (const slot of blocked.view()) this.markDirty(slot);
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
