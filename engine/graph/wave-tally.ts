import type { DependencyGraph } from "./dependency-graph.ts";
import type { DirtyLevels } from "./dirty-levels.ts";
import type { Executor } from "./executor.ts";
import type { FailureBook } from "./failure-book.ts";
import { type LevelRun, RunResult } from "./level-run.ts";
import { NodeState } from "./node-state.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { WaveLevels } from "./wave-levels.ts";
import type { WaveRows } from "./wave-rows.ts";
import type { PageFailure, WaveCounts } from "./wave-sink.ts";
import { WorkStack } from "./work-stack.ts";

/** What has come of a wave so far. Pages whose runs are over are settled here: what they led to is noted, and their dependents are told. */
export class WaveTally {
  recomputed = 0;
  changed = 0;
  levels = 0;
  readonly cutOff = new WorkStack();
  readonly blocked = new WorkStack();
  readonly told = new WaveLevels();
  failed: PageFailure[] = [];
  readonly #graph: DependencyGraph;
  readonly #registry: RecomputeRegistry;
  readonly #executor: Executor;
  readonly #failures: FailureBook;
  readonly #dirty: DirtyLevels;
  /** Undefined where nothing is logged: then epochs are raised here. */
  readonly #rows: WaveRows | undefined;

  constructor(
    executor: Executor,
    registry: RecomputeRegistry,
    failures: FailureBook,
    dirty: DirtyLevels,
    rows: WaveRows | undefined,
  ) {
    this.#executor = executor;
    this.#graph = executor.graph;
    this.#registry = registry;
    this.#failures = failures;
    this.#dirty = dirty;
    this.#rows = rows;
  }

  clear(): void {
    this.recomputed = 0;
    this.changed = 0;
    this.levels = 0;
    this.cutOff.clear();
    this.blocked.clear();
    this.told.clear();
    if (this.failed.length > 0) this.failed = [];
  }

  counts(): WaveCounts {
    return {
      recomputed: this.recomputed,
      changed: this.changed,
      cutOff: this.cutOff.count,
      failed: this.failed.length,
      blocked: this.blocked.count,
      levels: this.levels,
    };
  }

  /** What came of the rows of a level from `from` on. `mark` hears of those that have changed; without it their dependents go to the lists of their levels. */
  settle(run: LevelRun, level: number, from: number, mark: { add(slot: number): void } | undefined): void {
    const { state, table } = this.#graph;
    const { epoch, changed, stamp } = table;
    const { list, result } = run;
    const rows = this.#rows;
    const rowsBefore = rows?.count ?? 0;
    const cutOffBefore = this.cutOff.count;
    const blockedBefore = this.blocked.count;
    const failedBefore = this.failed.length;
    for (let k = from; k < run.count; k++) {
      const slot = list[k]!;
      const outcome = result[k]!;
      if (outcome === RunResult.Retry) {
        state[slot]! |= NodeState.Dirty;
        this.#dirty.push(slot, this.#graph.levels.level[slot]!);
        continue;
      }
      state[slot]! &= ~NodeState.Dirty;
      if (outcome === RunResult.Skipped) {
        this.#postpone(slot, level);
        continue;
      }
      // A failure that is over counts as a change: those below must run again.
      let tells = outcome === RunResult.Element || outcome === RunResult.Runs;
      if (tells) {
        this.changed++;
        if (rows !== undefined) rows.add(this.#executor, run, k, this.#registry.of[slot]!);
        else {
          epoch[slot]!++;
          changed[slot] = stamp;
        }
      } else if (outcome === RunResult.Equal) this.cutOff.push(slot);
      if ((state[slot]! & NodeState.Stale) !== 0) this.#failures.setStale(slot, false);
      if (outcome === RunResult.Failed || outcome === RunResult.InputFailed) {
        tells = this.#noteFailure(run, k, outcome);
        state[slot]! |= NodeState.Failed;
      } else {
        this.recomputed++;
        if ((state[slot]! & NodeState.Failed) !== 0) {
          state[slot]! &= ~NodeState.Failed;
          this.#failures.set(slot, undefined);
          tells = true;
        }
      }
      if (!tells) continue;
      if (mark !== undefined) mark.add(slot);
      else this.push(slot, level);
    }
    if (rows === undefined) return;
    const members = rows.count - rowsBefore + this.failed.length - failedBefore;
    this.told.add(level, members, this.cutOff.count - cutOffBefore, this.blocked.count - blockedBefore);
  }

  /** A pull page waits until it is read, and so do those below it. One that nothing computes waits for nothing. */
  #postpone(slot: number, level: number): void {
    const isPullPage = this.#registry.of[slot] !== 0;
    if (((this.#graph.state[slot]! & NodeState.Stale) !== 0) === isPullPage) return;
    this.#failures.setStale(slot, isPullPage);
    if (isPullPage) this.push(slot, level);
  }

  /** Returns whether this is news to those below. */
  #noteFailure(run: LevelRun, k: number, outcome: number): boolean {
    const slot = run.list[k]!;
    const isRoot = outcome === RunResult.Failed;
    const { errors } = this.#failures;
    const error = isRoot ? this.#executor.errors.get(k)! : errors.get(run.runFrom[k]!)!;
    if (isRoot) {
      this.recomputed++;
      this.failed.push({ slot, error, beforeRow: this.#rows?.count ?? 0 });
    } else this.blocked.push(slot);
    const isNews = errors.get(slot) !== error;
    if (isNews) this.#failures.set(slot, error);
    return isNews;
  }

  /** Puts the dependents of a page of a level on the lists of theirs. */
  push(node: number, level: number): void {
    const { state, outgoing, levels } = this.#graph;
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

  /**
   * Puts all lists into (level, slot) order, for a wave that went back to levels that it had been at. What ran may lie lower by now: behind a page that is not
   * computed, and so changes nothing, or behind a control edge.
   */
  sort(): void {
    const { level } = this.#graph.levels;
    const compare = (a: number, b: number) => level[a]! - level[b]! || a - b;
    this.cutOff.items.subarray(0, this.cutOff.count).sort(compare);
    this.blocked.items.subarray(0, this.blocked.count).sort(compare);
    const rows = this.#rows;
    if (rows === undefined) return;
    rows.sort(compare);
    const slots = rows.deltas.slot.subarray(0, rows.count);
    let row = 0;
    this.failed = this.failed
      .sort((a, b) => compare(a.slot, b.slot))
      .map((failure) => {
        while (row < slots.length && compare(slots[row]!, failure.slot) < 0) row++;
        return { ...failure, beforeRow: row };
      });
    this.#tellAgain(slots);
  }

  #tellAgain(changed: Uint32Array): void {
    const { level } = this.#graph.levels;
    const counts = new Map<number, [members: number, cutOff: number, blocked: number]>();
    const count = (slot: number, column: 0 | 1 | 2) => {
      const at = counts.get(level[slot]!) ?? [0, 0, 0];
      at[column]++;
      counts.set(level[slot]!, at);
    };
    for (const slot of changed) count(slot, 0);
    for (const { slot } of this.failed) count(slot, 0);
    for (const slot of this.cutOff.view()) count(slot, 1);
    for (const slot of this.blocked.view()) count(slot, 2);
    this.told.clear();
    for (const [at, [members, cutOff, blocked]] of [...counts].sort(([a], [b]) => a - b))
      this.told.add(at, members, cutOff, blocked);
  }
}
