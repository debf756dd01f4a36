import type { DependencyGraph } from "./dependency-graph.ts";
import { NodeState } from "./node-state.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { WorkStack } from "./work-stack.ts";

/** Which pull pages a wave computes. Looked up once a page and wave: O(pull pages that it meets, and their edges). */
export class PullPages {
  /** The page that is read, for whose sake the wave runs; -1: none. */
  read = -1;
  readonly #graph: DependencyGraph;
  readonly #registry: RecomputeRegistry;
  readonly #isWanted = new Map<number, boolean>();
  readonly #path = new WorkStack();
  readonly #next = new WorkStack();

  constructor(graph: DependencyGraph, registry: RecomputeRegistry) {
    this.#graph = graph;
    this.#registry = registry;
  }

  /** Before a wave. */
  begin(): void {
    if (this.#isWanted.size > 0) this.#isWanted.clear();
  }

  /** Whether a page that is computed at once, or is read, depends on this pull page, directly or through other pull pages. */
  isWanted(node: number): boolean {
    if (node === this.read) return true;
    const known = this.#isWanted.get(node);
    return known ?? this.#follow(node);
  }

  /** Follows edges forward through pull pages of which nothing is known yet, until one leads to a page that is computed. */
  #follow(node: number): boolean {
    const { start, count, pool } = this.#graph.outgoing;
    const path = this.#path;
    const next = this.#next;
    path.clear();
    next.clear();
    path.push(node);
    next.push(start[node]!);
    while (path.count > 0) {
      const from = path.items[path.count - 1]!;
      const at = next.items[next.count - 1]!;
      if (at === start[from]! + count[from]!) {
        this.#isWanted.set(from, false);
        path.count--;
        next.count--;
        continue;
      }
      next.items[next.count - 1]!++;
      const to = pool[at]! >>> 1;
      const verdict = (pool[at]! & 1) === 0 ? this.#verdict(to) : false;
      if (verdict === true) {
        for (const wanted of path.view()) this.#isWanted.set(wanted, true);
        return true;
      }
      if (verdict === undefined) {
        path.push(to);
        next.push(start[to]!);
      }
    }
    return false;
  }

  /** Undefined: a pull page that has to be looked at. */
  #verdict(node: number): boolean | undefined {
    const recompute = this.#registry.recomputeOf(node);
    if (recompute === undefined) return false;
    return recompute.lazy && node !== this.read ? this.#isWanted.get(node) : true;
  }

  /** A page that runs depends on this one from now on: it is wanted, and so are the pull pages that it needs. */
  want(node: number): void {
    const { start, count, pool } = this.#graph.incoming;
    const stack = this.#path;
    stack.clear();
    stack.push(node);
    while (stack.count > 0) {
      const to = stack.pop();
      if (this.#registry.recomputeOf(to)?.lazy !== true || this.#isWanted.get(to) === true) continue;
      this.#isWanted.set(to, true);
      const end = start[to]! + count[to]!;
      for (let at = start[to]!; at < end; at++) if ((pool[at]! & 1) === 0) stack.push(pool[at]! >>> 1);
    }
  }

  /** Calls `wake` for a page that waits and for those that it needs, as far as none is dirty yet; `wake` makes them so. */
  wake(node: number, wake: (slot: number) => void): void {
    const { state, incoming } = this.#graph;
    const { start, count, pool } = incoming;
    const stack = this.#path;
    stack.clear();
    stack.push(node);
    while (stack.count > 0) {
      const to = stack.pop();
      if ((state[to]! & (NodeState.Stale | NodeState.Dirty)) !== NodeState.Stale) continue;
      wake(to);
      const end = start[to]! + count[to]!;
      for (let at = start[to]!; at < end; at++) if ((pool[at]! & 1) === 0) stack.push(pool[at]! >>> 1);
    }
  }
}
