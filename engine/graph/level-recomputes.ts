import type { DependencyGraph } from "./dependency-graph.ts";
import type { RecomputeRegistry } from "./registry.ts";

const UNKNOWN = 0xffff_ffff;

/** Which levels have one recompute for all of their pages: looked up once, and again where levels or recomputes of pages have changed. */
export class LevelRecomputes {
  readonly #graph: DependencyGraph;
  readonly registry: RecomputeRegistry;
  #levelsVersion = -1;
  #bindings = -1;
  /** By level. */
  #numbers = new Uint32Array(0);

  constructor(graph: DependencyGraph, registry: RecomputeRegistry) {
    this.#graph = graph;
    this.registry = registry;
  }

  get bytes(): number {
    return this.#numbers.byteLength;
  }

  /** The number of the recompute that all pages of a level have; 0 where some have another, or none. O(pages of the level) where it is looked up. */
  numberOf(level: number): number {
    const { levels, state } = this.#graph;
    const { of, bindings } = this.registry;
    const order = levels.sweepOrder(state);
    const { sweepStart } = levels;
    if (this.#levelsVersion !== levels.version || this.#bindings !== bindings) {
      if (this.#numbers.length !== sweepStart.length - 1)
        this.#numbers = new Uint32Array(sweepStart.length - 1);
      this.#numbers.fill(UNKNOWN);
      this.#levelsVersion = levels.version;
      this.#bindings = bindings;
    }
    const known = this.#numbers[level]!;
    if (known !== UNKNOWN) return known;
    const from = sweepStart[level]!;
    const to = sweepStart[level + 1]!;
    const number = from < to ? of[order[from]!]! : 0;
    let i = from + 1;
    while (i < to && of[order[i]!] === number) i++;
    this.#numbers[level] = i < to ? 0 : number;
    return this.#numbers[level]!;
  }
}
