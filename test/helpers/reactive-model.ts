import { assert } from "../../engine/base/assert.ts";
import type { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import { Propagation, type WaveOptions } from "../../engine/graph/propagation.ts";
import type {
  RecomputeContext,
  RecomputeDefinition,
  RecomputeFunction,
} from "../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../engine/graph/registry.ts";
import type { WaveRecord, WaveSink } from "../../engine/graph/wave-sink.ts";
import { WorkerPool } from "../../engine/graph/workers/worker-pool.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { asksOf, FUNCTIONS, isDiscovering, RULES, type Rule, ruleValue } from "./reactive-rules-worker.ts";

const PAGE_BYTES = 16;
/** Where workers find the rules' functions. */
const RULES_MODULE = new URL("./reactive-rules-worker.ts", import.meta.url);

/** A small graph, its waves recorded as a session would, and counters of what ran. */
export class ReactiveModel {
  readonly table: PageTable;
  readonly graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  readonly propagation: Propagation;
  readonly pages: number;
  readonly runs: Uint32Array;
  /** Waves that came back to a level above one where they had been. */
  wavesBack = 0;
  #lowest = 0;
  /** All that waves told, as text, where there is a reader for it. */
  readonly told: string[] = [];
  /** The pages again, rebuilt from what the waves recorded alone. */
  readonly replayed: Float64Array;
  readonly #isTold: boolean;
  readonly #workers: number;
  #lsn = 0;

  constructor(pages: number, isLogged: boolean, { isTold = false, workers = 0, isPlanned = true } = {}) {
    this.pages = pages;
    this.#isTold = isTold;
    this.#workers = workers;
    this.table = new PageTable({ maxPages: pages, maxBytes: 2 ** 20 });
    this.graph = new DependencyGraph(this.table, { maxNodes: pages, maxEdges: 4000 });
    this.registry = new RecomputeRegistry(pages, pages);
    this.propagation = new Propagation(this.graph, this.registry, isLogged ? this.#sink() : undefined);
    // From the second wave of a page on, or never.
    this.propagation.plans.firstWaves = isPlanned ? 2 : Number.POSITIVE_INFINITY;
    if (workers > 0)
      this.propagation.workers = new WorkerPool(this.graph, this.registry, { count: workers, minLevelUs: 0 });
    this.runs = new Uint32Array(pages);
    this.replayed = new Float64Array(pages);
    for (let page = 0; page < pages; page++) {
      unwrap(this.table.create({ sizeBytes: PAGE_BYTES }));
      this.graph.enter(page);
    }
  }

  #sink(): WaveSink {
    return {
      begin: () => ++this.#lsn,
      stopped: () => undefined,
      end: (wave) => {
        this.#replay(wave);
        if (this.#isTold) this.told.push(textOf(wave));
        return true;
      },
    };
  }

  /** A list of pages stands in (level, slot) order. */
  #assertInOrder(what: string, slots: Iterable<number>): void {
    let last = -1;
    for (const slot of slots) {
      const key = this.graph.levels.level[slot]! * this.pages + slot;
      assert(key > last, `${what} stand in (level, slot) order`);
      last = key;
    }
  }

  /** What the wave's levels say is what its lists hold. */
  #assertLevels({ rows, failures, levels, cutOff, blocked }: WaveRecord): void {
    const { level } = this.graph.levels;
    const members = [...rows.deltas.slot.subarray(0, rows.count), ...failures.map(({ slot }) => slot)];
    for (let row = 0; row < levels.count; row++) {
      assert(row === 0 || levels.level[row - 1]! < levels.level[row]!, "levels ascend");
      const here = (slots: readonly number[]) =>
        slots.filter((slot) => level[slot] === levels.level[row]).length;
      assert(levels.members[row] === here(members), "a level's members");
      assert(levels.cutOff[row] === here([...cutOff]), "a level's pages that were cut off");
      assert(levels.blocked[row] === here([...blocked]), "a level's pages that are blocked");
    }
    const total = (column: Uint32Array) =>
      column.subarray(0, levels.count).reduce((sum, count) => sum + count, 0);
    assert(total(levels.members) === members.length, "all members have a level");
  }

  /** Applies what was logged to a copy of the pages, and holds the lists to what they promise. */
  #replay(wave: WaveRecord): void {
    const { rows, startLsn, failures } = wave;
    this.#assertInOrder("pages cut off", wave.cutOff);
    this.#assertInOrder("blocked pages", wave.blocked);
    this.#assertInOrder(
      "failures",
      failures.map(({ slot }) => slot),
    );
    const inLog = [...rows.deltas.slot.subarray(0, rows.count)];
    failures.forEach(({ slot, beforeRow }, i) => {
      inLog.splice(beforeRow + i, 0, slot);
    });
    this.#assertInOrder("deltas and failures", inLog);
    this.#assertLevels(wave);
    const { deltas, before } = rows;
    const seen = new Set<number>();
    for (let row = 0; row < deltas.count; row++) {
      const slot = deltas.slot[row]!;
      assert(!seen.has(slot), "a page is in a wave once");
      seen.add(slot);
      assert(
        deltas.cause[row] === startLsn && deltas.flags[row] === 4,
        "rows are derived, their cause is the wave",
      );
      const image = new Uint8Array(PAGE_BYTES);
      const old = new Uint8Array(PAGE_BYTES);
      new DataView(old.buffer).setFloat64(0, this.replayed[slot]!, true);
      image.set(old);
      let at = deltas.payloadStart[row]!;
      for (let run = deltas.runStart[row]!; run < deltas.runStart[row + 1]!; run++) {
        for (let i = 0; i < deltas.runLength[run]!; i++, at++) {
          const offset = deltas.runOffset[run]! + i;
          assert(before[at] === old[offset], "before holds what stood there");
          image[offset] = deltas.payload[at]!;
        }
      }
      this.replayed[slot] = new DataView(image.buffer).getFloat64(0, true);
      this.table.bumpEpoch(slot);
    }
  }

  value(page: number): number {
    return new DataView(this.table.bytes(page).slice().buffer).getFloat64(0, true);
  }

  write(page: number, value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.table.bytes(page).set(bytes);
    this.replayed[page] = value;
    this.propagation.touch(page);
  }

  register(
    page: number,
    rule: Rule | undefined,
    options: { readonly lazy: boolean; readonly priority: number },
  ): void {
    this.registry.growNodes(this.pages);
    this.registry.setPage(page, "", rule === undefined ? undefined : this.#definition(page, rule, options));
    this.propagation.markDirty(page);
  }

  #definition(
    page: number,
    rule: Rule,
    options: { readonly lazy: boolean; readonly priority: number },
  ): RecomputeDefinition {
    if (rule === "kernel") return { ...options, kernel: { kind: "sum" } };
    if (rule === "columns") {
      const columns = (rows: number, inputs: readonly Float64Array[], output: Float64Array) => {
        for (let row = 0; row < rows; row++) output[row] = inputs[0]![row]! * 2;
      };
      return { ...options, columns, inputs: 1 };
    }
    // The same for some pages in the form of a formula.
    if (rule === "sum" && page % 2 === 1)
      return {
        ...options,
        name: rule,
        formula: (...inputs) => {
          this.runs[page]!++;
          return ruleValue(rule, inputs)!;
        },
      };
    const fn = FUNCTIONS[rule];
    // A discovering page may begin several times: only to the end does it run once.
    const run: RecomputeFunction = (ctx) => {
      fn(ctx);
      this.#count(ctx);
    };
    const counted: RecomputeFunction = (ctx) => {
      this.#count(ctx);
      fn(ctx);
    };
    const found = this.#workers > 0 ? { module: RULES_MODULE, export: rule } : {};
    return isDiscovering(rule)
      ? { ...options, name: rule, discover: true, run, ...found }
      : { ...options, name: rule, run: counted, ...found };
  }

  #count({ pageId }: RecomputeContext): void {
    const page = Number(pageId) - 1;
    this.runs[page]!++;
    const level = this.graph.levels.level[page]!;
    if (level < this.#lowest) {
      this.wavesBack++;
      this.#lowest = Number.NEGATIVE_INFINITY;
    } else if (level > this.#lowest) this.#lowest = level;
  }

  edge(from: number, to: number, add: boolean): void {
    if (add) unwrap(this.graph.addEdge(from, to, "data"));
    else this.graph.removeEdge(from, to, "data");
    this.propagation.markDirty(to);
  }

  inputs(page: number): number[] {
    const { start, count, pool } = this.graph.incoming;
    const list = pool.subarray(start[page]!, start[page]! + count[page]!);
    return Array.from(list, (entry) => entry >>> 1).sort((a, b) => a - b);
  }

  wave(options: WaveOptions = {}) {
    return this.#once(() => this.propagation.run(options));
  }

  pull(page: number) {
    return this.#once(() => this.propagation.pull(page));
  }

  #once<T>(work: () => T): T {
    this.runs.fill(0);
    this.#lowest = 0;
    const outcome = work();
    for (let page = 0; page < this.pages; page++)
      assert(this.runs[page]! <= 1, "a page runs at most once a wave");
    return outcome;
  }
}

/** All of a wave that a log would have, and what its events would tell. */
function textOf({ startLsn, rows, failures, levels, cutOff, blocked, edges, counts }: WaveRecord): string {
  const { deltas, before } = rows;
  const { count, payloadBytes: bytes } = deltas;
  const runs = deltas.runStart[count]!;
  return JSON.stringify({
    startLsn,
    slot: [...deltas.slot.subarray(0, count)],
    source: [...deltas.source.subarray(0, count)],
    runStart: [...deltas.runStart.subarray(0, count + 1)],
    runOffset: [...deltas.runOffset.subarray(0, runs)],
    runLength: [...deltas.runLength.subarray(0, runs)],
    payload: [...deltas.payload.subarray(0, bytes)],
    before: [...before.subarray(0, bytes)],
    failures: failures.map(({ slot, error, beforeRow }) => [slot, error.describe(), beforeRow]),
    levels: [levels.level, levels.members, levels.cutOff, levels.blocked].map((column) => [
      ...column.subarray(0, levels.count),
    ]),
    cutOff: [...cutOff],
    blocked: [...blocked],
    edges,
    counts,
  });
}

/** What the model should hold: everything recomputed, every time, in page order (edges lead to higher pages only). */
export class NaiveModel {
  readonly values: Float64Array;
  readonly rules: (Rule | undefined)[];
  readonly lazy: boolean[];
  readonly failed: boolean[];
  readonly inputs: Set<number>[];

  constructor(pages: number) {
    this.values = new Float64Array(pages);
    this.rules = Array.from({ length: pages }, () => undefined);
    this.lazy = Array.from({ length: pages }, () => false);
    this.failed = Array.from({ length: pages }, () => false);
    this.inputs = Array.from({ length: pages }, () => new Set<number>());
  }

  recompute(): void {
    for (let page = 0; page < this.rules.length; page++) {
      const rule = this.rules[page];
      if (rule === undefined) this.failed[page] = false;
      else if (isDiscovering(rule)) this.#discover(rule, page);
      else {
        const inputs = [...this.inputs[page]!].sort((a, b) => a - b);
        const value = inputs.some((input) => this.failed[input])
          ? undefined
          : ruleValue(
              rule,
              inputs.map((input) => this.values[input]!),
            );
        this.failed[page] = value === undefined;
        if (value !== undefined) this.values[page] = value;
      }
    }
  }

  #discover(rule: "discover" | "seek", page: number): void {
    const read = new Set<number>();
    const asks = asksOf(rule, page);
    let sum = 1;
    this.failed[page] = false;
    for (let ask = asks.next(); ask.done !== true; ) {
      read.add(ask.value);
      if (this.failed[ask.value]) {
        this.failed[page] = true;
        for (const input of read) this.inputs[page]!.add(input);
        return;
      }
      const value = this.values[ask.value]!;
      sum += value;
      ask = asks.next(value);
    }
    this.inputs[page] = read;
    this.values[page] = sum;
  }
}

interface SessionOptions {
  readonly isWide?: boolean;
  /** Many pages discover their inputs, and many are pull pages, both in one. */
  readonly discovers?: boolean;
  /** Whether the waves are written down, for {@link ReactiveModel.told}. */
  readonly isTold?: boolean;
  readonly workers?: number;
  /** Whether waves that set out from one page again and again are planned for. */
  readonly isPlanned?: boolean;
}

/**
 * One random life of a graph: every step is checked against the naive model. Throws where they differ. A wide one has layers of so many pages that waves sweep
 * them, and changes of many pages at once.
 */
export function runReactiveSession(seed: number, how: SessionOptions = {}): ReactiveModel {
  const { isWide = false, discovers = false } = how;
  const prng = new Prng(seed);
  // Choices of its own: those of the pinned seeds stay what they were.
  const steady = new Prng(seed ^ 0x5eed);
  const pulling = new Prng(seed ^ 0xb0b0);
  const width = isWide ? prng.between(66, 110) : 0;
  const pages = isWide ? width * prng.between(3, 4) : prng.between(3, 12) + (discovers ? 6 : 0);
  const isLogged = prng.chance(0.7);
  const usesLazy = prng.chance(0.3) || discovers;
  const usesDiscovery = prng.chance(0.3) || discovers;
  const usesPriority = prng.chance(0.3);
  const usual = RULES.filter((rule) => usesDiscovery || rule !== "discover");
  const rules: readonly Rule[] = discovers ? [...usual, "discover", "seek", "seek", "seek"] : usual;
  const model = new ReactiveModel(pages, isLogged, how);
  const naive = new NaiveModel(pages);
  if (isWide) makeLayers();
  if (discovers) for (let page = 1; page < pages; page++) deriveFromLower(page);
  for (let step = isWide ? 4 : prng.between(4, 14); step > 0; step--) {
    if (isWide) writeMany();
    for (let change = prng.between(isWide ? 0 : 1, 5); change > 0; change--) randomChange();
    if (isLogged && prng.chance(0.15)) stopEarly();
    unwrap(model.wave());
    naive.recompute();
    if (usesLazy && prng.chance(0.5)) unwrap(model.pull(prng.below(pages)));
    check();
    writeOften();
  }
  return model;

  /** One page, or some together, are written again and again, and nothing else changes meanwhile. */
  function writeOften(): void {
    const often = Array.from({ length: steady.pick([1, 1, 2, 3, 9]) }, () =>
      steady.below(isWide ? width : pages),
    );
    const written = often.filter((page) => naive.rules[page] === undefined);
    for (let wave = steady.between(0, 5); wave > 0; wave--) {
      for (const page of written) {
        const value = steady.below(12);
        model.write(page, value);
        naive.values[page] = value;
      }
      unwrap(model.wave(steady.chance(0.2) ? { budget: pages } : {}));
      naive.recompute();
      check();
    }
  }

  /** Each page behind the first layer from one or two of the layer before, now and then from further up. */
  function makeLayers(): void {
    const mixed = prng.chance(0.5);
    const most = prng.pick(rules.filter((rule) => !isDiscovering(rule)));
    for (let page = width; page < pages; page++) {
      for (let inputs = prng.between(1, 2); inputs > 0; inputs--) {
        const layer = prng.chance(0.1) ? 0 : Math.floor(page / width) - 1;
        const from = layer * width + prng.below(width);
        if (naive.inputs[page]!.has(from)) continue;
        model.edge(from, page, true);
        naive.inputs[page]!.add(from);
      }
      if (prng.chance(0.05)) continue;
      const rule =
        mixed && prng.chance(0.1) ? prng.pick(rules.filter((other) => !isDiscovering(other))) : most;
      model.register(page, rule, { lazy: false, priority: 0 });
      naive.rules[page] = rule;
    }
  }

  /** A page computed from one or two lower ones, those that discover apart. */
  function deriveFromLower(page: number): void {
    if (prng.chance(0.2)) return;
    const rule = prng.pick(rules);
    for (let inputs = prng.between(1, 2); inputs > 0 && !isDiscovering(rule); inputs--)
      toggleEdge(prng.below(page), page);
    registerAs(page, rule, prng.chance(0.5), 0);
  }

  function toggleEdge(from: number, page: number): void {
    const inputs = naive.inputs[page]!;
    const add = !inputs.has(from);
    model.edge(from, page, add);
    if (add) inputs.add(from);
    else inputs.delete(from);
  }

  function registerAs(page: number, rule: Rule | undefined, lazy: boolean, priority: number): void {
    model.register(page, rule, { lazy, priority });
    // What a pull page was last computed to, only the model knows.
    if (naive.lazy[page]!) {
      naive.values[page] = model.value(page);
      naive.inputs[page] = new Set(model.inputs(page));
    }
    naive.rules[page] = rule;
    naive.lazy[page] = lazy && rule !== undefined;
  }

  /** Some or all pages of the first layer. */
  function writeMany(): void {
    const share = prng.pick([0.02, 0.6, 1]);
    for (let page = 0; page < width; page++) {
      if (naive.rules[page] !== undefined || !prng.chance(share)) continue;
      const value = prng.below(12);
      model.write(page, value);
      naive.values[page] = value;
    }
  }

  function randomChange(): void {
    const page = prng.below(pages);
    switch (prng.below(6)) {
      case 0:
      case 1:
      case 2:
        if (naive.rules[page] === undefined) {
          const value = prng.below(12);
          model.write(page, value);
          naive.values[page] = value;
        }
        break;
      case 3:
      case 4: {
        const from = prng.below(pages);
        if (from >= page || isDiscovering(naive.rules[page])) break;
        toggleEdge(from, page);
        break;
      }
      default: {
        const rule = prng.chance(0.25) ? undefined : prng.pick(rules);
        const lazy = usesLazy && (usesDiscovery ? pulling : prng).chance(0.5);
        registerAs(page, rule, lazy, usesPriority ? prng.between(-2, 2) : 0);
      }
    }
  }

  /** A wave over its budget leaves everything as it was. */
  function stopEarly(): void {
    const before = Float64Array.from({ length: pages }, (_, page) => model.value(page));
    // A page that nothing computes any more stops failing, whatever becomes of the wave.
    const failing = () =>
      JSON.stringify(
        [...model.propagation.failures.errors.keys()]
          .filter((page) => naive.rules[page] !== undefined)
          .sort(),
      );
    const failures = failing();
    const stopped = model.wave({ budget: isWide ? width + prng.below(width) : prng.below(3) });
    if (stopped.ok) {
      naive.recompute();
      return;
    }
    assert((stopped.error as MmsbError).code === "WAVE_BUDGET", "a budget is what stops it");
    for (let page = 0; page < pages; page++)
      assert(Object.is(model.value(page), before[page]), "nothing was written");
    assert(failures === failing(), "nothing has failed");
  }

  function check(): void {
    for (let page = 0; page < pages; page++) {
      if (model.propagation.isStale(page)) {
        assert(naive.lazy[page]!, `only pull pages wait, not ${page}`);
        continue;
      }
      const failed = model.propagation.failures.errors.has(page);
      assert(failed === naive.failed[page], `page ${page} ${failed ? "has failed" : "has not failed"}`);
      // A pull page that has failed holds what it was computed to last, which the naive model computes more often.
      if (failed && usesLazy) continue;
      assert(
        model.value(page) === naive.values[page],
        `page ${page} is ${model.value(page)}, not ${naive.values[page]}`,
      );
      if (isLogged)
        assert(
          model.replayed[page] === model.value(page),
          `page ${page} is replayed to ${model.replayed[page]}`,
        );
      if (isDiscovering(naive.rules[page])) {
        const inputs = [...naive.inputs[page]!].sort((a, b) => a - b);
        assert(model.inputs(page).join() === inputs.join(), `the inputs of page ${page}`);
      }
    }
  }
}

/** Runs sessions of one kind, and hands each to `look`; throws with the seed of the first that fails. */
export function runReactiveSessions(
  firstSeed: number,
  count: number,
  kind: SessionOptions = {},
  look: (model: ReactiveModel) => void = () => undefined,
): void {
  for (let i = 0; i < count; i++) {
    const seed = (firstSeed + i) >>> 0;
    try {
      look(runReactiveSession(seed, kind));
    } catch (error) {
      throw new Error(`session of seed ${seed}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}

/**
 * The same life without workers and with each of these numbers of them: what the waves told, the pages and the failures are the same. Throws where they are not.
 */
export async function compareWorkers(
  seed: number,
  kind: Pick<SessionOptions, "isWide" | "discovers">,
  numbers: readonly number[],
): Promise<void> {
  const alone = runReactiveSession(seed, { ...kind, isTold: true });
  for (const workers of numbers) {
    const model = runReactiveSession(seed, { ...kind, isTold: true, workers });
    await model.propagation.workers?.close();
    assertSame(model, `with ${workers} workers`, alone, "without");
  }
}

/** The same life with plans for pages that are written often, and without. Returns the waves that had a plan at its end. Throws where they differ. */
export function comparePlans(seed: number, isWide: boolean): number {
  const planned = runReactiveSession(seed, { isWide, isTold: true });
  const unplanned = runReactiveSession(seed, { isWide, isTold: true, isPlanned: false });
  assertSame(planned, "with plans", unplanned, "without");
  return planned.propagation.plans.waves;
}

/** What the waves of two lives told, their pages and their failures are the same. */
function assertSame(model: ReactiveModel, how: string, other: ReactiveModel, otherHow: string): void {
  for (const [wave, text] of other.told.entries())
    assert(model.told[wave] === text, `wave ${wave} ${how}: ${model.told[wave]}\n${otherHow}: ${text}`);
  for (let page = 0; page < other.pages; page++) {
    const same = Buffer.compare(model.table.bytes(page), other.table.bytes(page)) === 0;
    assert(same && model.table.epoch[page] === other.table.epoch[page], `page ${page} ${how}`);
    const [error, otherError] = [model, other].map(({ propagation }) =>
      propagation.failures.errors.get(page)?.describe(),
    );
    assert(error === otherError, `page ${page} ${how} fails by ${error}, not ${otherError}`);
  }
}
