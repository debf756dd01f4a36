import type { DependencyGraph } from "./dependency-graph.ts";
import { NodeState } from "./node-state.ts";
import type { RecomputeRegistry } from "./registry.ts";
import { WorkStack } from "./work-stack.ts";

/** Whether a page that is computed at once depends on this pull page, directly or through other pull pages. */
export function isPullPageWanted(graph: DependencyGraph, registry: RecomputeRegistry, node: number): boolean {
  const { outgoing } = graph;
  const { of, all } = registry;
  const seen = new Set([node]);
  for (const from of seen) {
    const end = outgoing.start[from]! + outgoing.count[from]!;
    for (let at = outgoing.start[from]!; at < end; at++) {
      const entry = outgoing.pool[at]!;
      const recompute = (entry & 1) === 0 ? all[of[entry >>> 1]!] : undefined;
      if (recompute === undefined) continue;
      if (!recompute.lazy) return true;
      seen.add(entry >>> 1);
    }
  }
  return false;
}

/** A stale page and the stale pages that it needs. */
export function staleInputs(graph: DependencyGraph, slot: number): ReadonlySet<number> {
  const { state, incoming } = graph;
  const stale = new Set<number>();
  const stack = new WorkStack();
  stack.push(slot);
  while (stack.count > 0) {
    const node = stack.pop();
    if ((state[node]! & NodeState.Stale) === 0 || stale.has(node)) continue;
    stale.add(node);
    const end = incoming.start[node]! + incoming.count[node]!;
    for (let at = incoming.start[node]!; at < end; at++) {
      const entry = incoming.pool[at]!;
      if ((entry & 1) === 0) stack.push(entry >>> 1);
    }
  }
  return stale;
}
