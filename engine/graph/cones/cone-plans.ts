import type { DependencyGraph } from "../dependency-graph.ts";
import type { RecomputeRegistry } from "../registry.ts";
import { ConeRows } from "./cone-rows.ts";

/** Pages that a planned wave sets out from, at most. */
export const MAX_SOURCES = 8;
/** Pages are planned for when so many waves have set out from them alone; up to the limit twice as many each time that plans were dropped before they had paid. */
const FIRST_WAVES = 16;
const MAX_WAVES = 255;
/** Making a plan takes about as long as so many waves along it save. */
const PAYING_WAVES = 16;
/** More pages than this go level by level. */
const MAX_PAGES = 256;
/** As the loop for formulas has them. */
const MAX_FORMULA_INPUTS = 4;
/** Counters of waves, by the low bits of the key; pages take those of others over. */
const COUNTERS = 1024;
/** A plan whose waves were broken off so often is given up. */
const MAX_STOPS = 8;

/** What depends on some pages, directly or not, in (level, slot) order: rows `[from, to)`. The rows before them are those of the pages themselves. */
export interface ConePlan {
  /** The pages, in the order in which they were written. */
  readonly slots: readonly number[];
  readonly key: number;
  /** How many pages read one of them and are computed. */
  readonly roots: number;
  readonly from: number;
  readonly to: number;
  /** Waves that met a page which a loop cannot settle. */
  stops: number;
}

/**
 * The order in which a wave goes through what depends on a page, or on a few that are written together, kept for those that are written again and again: as long as no edge and no
 * registration changes that order is the same, and a small wave pays for finding it more than for its pages.
 */
export class ConePlans {
  readonly #graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  readonly rows = new ConeRows();
  /** By key; undefined: they are not to be planned for. */
  readonly #plans = new Map<number, ConePlan | undefined>();
  readonly #counted = new Float64Array(COUNTERS);
  readonly #counters = new Uint8Array(COUNTERS);
  /** Waves that a plan takes at first; more than 255: none is made. */
  firstWaves = FIRST_WAVES;
  #wanted = 0;
  #made = 0;
  /** Waves that had a plan, since the first of those that stand was made. */
  waves = 0;
  #graphVersion = -1;
  #bindings = -1;
  #definitions = -1;
  #last: ConePlan | undefined;

  constructor(graph: DependencyGraph, registry: RecomputeRegistry) {
    this.#graph = graph;
    this.registry = registry;
  }

  get bytes(): number {
    return this.rows.bytes;
  }

  /** The plan for a wave that sets out from these pages alone; undefined where there is none. O(1), and O(pages and edges of the cone) where one is made. */
  planOf(slots: Uint32Array, count: number): ConePlan | undefined {
    const { version } = this.#graph;
    const { bindings, version: definitions } = this.registry;
    if (this.#graphVersion !== version || this.#bindings !== bindings || this.#definitions !== definitions) {
      this.#graphVersion = version;
      this.#bindings = bindings;
      this.#definitions = definitions;
      this.#drop();
    }
    let plan = this.#last;
    if (plan === undefined || !isFor(plan, slots, count)) {
      const key = keyOf(slots, count);
      plan = this.#plans.get(key) ?? this.#count(key, slots, count);
      if (plan === undefined || !isFor(plan, slots, count)) return undefined;
    }
    this.#last = plan;
    this.waves++;
    return plan;
  }

  /** A wave along the plan was broken off. */
  stopped(plan: ConePlan): void {
    if (++plan.stops < MAX_STOPS) return;
    this.#plans.set(plan.key, undefined);
    this.#last = undefined;
  }

  /** All begin anew. */
  #drop(): void {
    const hasPaid = this.waves >= this.#made * PAYING_WAVES;
    this.#wanted = hasPaid ? this.firstWaves : Math.min(this.#wanted * 2, MAX_WAVES);
    this.rows.clear();
    this.#plans.clear();
    this.#last = undefined;
    this.#counters.fill(0);
    this.#made = 0;
    this.waves = 0;
  }

  #count(key: number, written: Uint32Array, count: number): ConePlan | undefined {
    if (this.#plans.has(key)) return undefined;
    const at = key & (COUNTERS - 1);
    if (this.#counted[at] !== key) {
      this.#counted[at] = key;
      this.#counters[at] = 0;
    }
    if (++this.#counters[at]! < this.#wanted) return undefined;
    this.#counters[at] = 0;
    if (this.#plans.size >= COUNTERS) this.#drop();
    const slots = [...written.subarray(0, count)];
    const nodes = this.#coneOf(slots);
    const plan = nodes && this.#add(key, slots, nodes);
    this.#plans.set(key, plan);
    if (plan !== undefined) this.#made++;
    return plan;
  }

  /** What a change of the pages may lead to, in (level, slot) order; undefined where that is nothing, or not for a plan. */
  #coneOf(slots: readonly number[]): number[] | undefined {
    const { outgoing, levels } = this.#graph;
    const { of } = this.registry;
    const seen = new Set<number>();
    const found = [...slots];
    for (let i = 0; i < found.length; i++) {
      const node = found[i]!;
      const end = outgoing.start[node]! + outgoing.count[node]!;
      for (let at = outgoing.start[node]!; at < end; at++) {
        const entry = outgoing.pool[at]!;
        const next = entry >>> 1;
        if ((entry & 1) !== 0 || seen.has(next) || (i < slots.length && of[next] === 0)) continue;
        if (seen.size === MAX_PAGES || !this.#isForLoops(next)) return undefined;
        seen.add(next);
        found.push(next);
      }
    }
    const { level } = levels;
    return seen.size === 0 ? undefined : [...seen].sort((a, b) => level[a]! - level[b]! || a - b);
  }

  #isForLoops(node: number): boolean {
    const recompute = this.registry.recomputeOf(node);
    if (recompute?.run === undefined) return false;
    const { place, incoming } = this.#graph;
    if (place[node] === 0) return false;
    this.#graph.sortInputs(node);
    if (recompute.formula === undefined) return true;
    const inputs = this.#graph.dataInputs(node);
    if (inputs === 0 || inputs > MAX_FORMULA_INPUTS) return false;
    for (let i = 0; i < inputs; i++)
      if (place[incoming.pool[incoming.start[node]! + i]! >>> 1] === 0) return false;
    return true;
  }

  /** Writes a cone's rows down; undefined where there is no room for them. */
  #add(key: number, slots: readonly number[], nodes: readonly number[]): ConePlan | undefined {
    const { incoming, outgoing } = this.#graph;
    const { rows } = this;
    let entries = 0;
    for (const slot of slots) entries += outgoing.count[slot]!;
    for (const node of nodes) entries += Math.max(incoming.count[node]!, outgoing.count[node]!);
    if (!rows.reserve(slots.length + nodes.length, entries)) {
      this.#drop();
      if (!rows.reserve(slots.length + nodes.length, entries)) return undefined;
    }
    const from = rows.count + slots.length;
    const to = from + nodes.length;
    const rowOf = new Map(nodes.map((node, i) => [node, from + i]));
    const first = rows.dependentCount;
    for (const slot of slots) this.#addRow(slot, 0, rowOf);
    const roots = new Set(rows.dependents.subarray(first, rows.dependentCount)).size;
    for (const node of nodes) this.#addRow(node, this.#graph.dataInputs(node), rowOf);
    for (let row = to - 1; row >= from; row--) {
      const isSame = row + 1 < to && rows.recompute[row + 1] === rows.recompute[row];
      rows.sameTo[row] = isSame ? rows.sameTo[row + 1]! : row + 1;
    }
    return { slots, key, roots, from, to, stops: 0 };
  }

  #addRow(node: number, inputs: number, rowOf: ReadonlyMap<number, number>): void {
    const { place, incoming, outgoing, levels } = this.#graph;
    const { rows } = this;
    const row = rows.count++;
    rows.slot[row] = node;
    rows.level[row] = levels.level[node]!;
    rows.recompute[row] = this.registry.of[node]!;
    rows.place[row] = place[node]!;
    rows.dirty[row] = 0;
    for (let i = 0; i < inputs; i++)
      rows.inputs[rows.inputCount++] = place[incoming.pool[incoming.start[node]! + i]! >>> 1]!;
    rows.inputStart[row + 1] = rows.inputCount;
    const end = outgoing.start[node]! + outgoing.count[node]!;
    for (let at = outgoing.start[node]!; at < end; at++) {
      const entry = outgoing.pool[at]!;
      const dependent = rowOf.get(entry >>> 1);
      if ((entry & 1) === 0 && dependent !== undefined) rows.dependents[rows.dependentCount++] = dependent;
    }
    rows.dependentStart[row + 1] = rows.dependentCount;
  }
}

function isFor({ slots }: ConePlan, written: Uint32Array, count: number): boolean {
  if (slots.length !== count) return false;
  for (let i = 0; i < count; i++) if (slots[i] !== written[i]) return false;
  return true;
}

/** One page's is its slot; several have a negative one, which others may have too. */
function keyOf(slots: Uint32Array, count: number): number {
  if (count === 1) return slots[0]!;
  let hash = count;
  for (let i = 0; i < count; i++) hash = (Math.imul(hash, 0x9e37_79b1) + slots[i]!) | 0;
  return -1 - (hash >>> 0);
}
