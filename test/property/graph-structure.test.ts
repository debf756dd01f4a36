import fc from "fast-check";
import { expect, it } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { DependencyGraph } from "../../engine/graph/dependency-graph.ts";
import type { GraphCycleError } from "../../engine/graph/graph-cycle-error.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { EDGE_TYPES } from "../../engine/pages/page-types.ts";

const NODES = 14;

/** Edges as a plain map; a search with a set says what reaches what. */
class NaiveGraph {
  readonly edges = new Map<string, readonly [number, number, string]>();

  reaches(from: number, to: number): boolean {
    const seen = new Set([from]);
    for (const node of seen) for (const [a, b] of this.edges.values()) if (a === node) seen.add(b);
    return seen.has(to);
  }

  level(node: number): number {
    let level = 0;
    for (const [from, to] of this.edges.values())
      if (to === node) level = Math.max(level, this.level(from) + 1);
    return level;
  }
}

it("the graph keeps levels, order and lists right after any edges added, removed and refused, and pages forgotten", () => {
  const node = fc.nat(NODES - 1);
  const anyStep = fc.record({
    from: node,
    to: node,
    type: fc.constantFrom(...EDGE_TYPES),
    action: fc.constantFrom("add", "add", "add", "remove", "leave", "look", "compact"),
  });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 120, size: "max" }), (steps) => {
      const table = new PageTable({ maxPages: NODES, maxBytes: 2 ** 20 });
      // ids against the order of slots, so that sorting inputs has something to do
      for (let i = 0; i < NODES; i++) unwrap(table.create({ id: BigInt((i * 5) % NODES), sizeBytes: 0 }));
      const graph = new DependencyGraph(table, { maxNodes: NODES, maxEdges: 1000 });
      const naive = new NaiveGraph();
      for (const { from, to, type, action } of steps) {
        const key = `${from} ${to} ${type}`;
        if (action === "add") {
          const added = graph.addEdge(from, to, type);
          const closes = from === to || naive.reaches(to, from);
          expect(added.ok).toBe(!closes);
          if (added.ok) expect(added.value).toBe(!naive.edges.has(key));
          else checkPath(added.error as GraphCycleError, naive, table, from, to);
          if (added.ok) naive.edges.set(key, [from, to, type]);
        } else if (action === "remove") {
          expect(graph.removeEdge(from, to, type)).toBe(naive.edges.delete(key));
        } else if (action === "leave") {
          graph.leave(from);
          for (const [k, [a, b]] of naive.edges) if (a === from || b === from) naive.edges.delete(k);
        } else if (action === "compact") {
          graph.incoming.compact();
          graph.outgoing.compact();
        } else check(graph, naive);
      }
      check(graph, naive);
    }),
    { numRuns: 300 },
  );
});

function check(graph: DependencyGraph, naive: NaiveGraph): void {
  graph.settle();
  expect(graph.edgeCount).toBe(naive.edges.size);
  const { label } = graph.order;
  for (const [from, to] of naive.edges.values())
    if (label[from]! >= label[to]!) throw new Error(`order ${from} ${to}`);
  for (let node = 0; node < NODES; node++) {
    if (!graph.isKnown(node)) continue;
    graph.sortInputs(node);
    expect(graph.levels.level[node]).toBe(naive.level(node));
    const rank = (entry: number) => (entry & 1) * 100 + Number(graph.table.idOf(entry >>> 1));
    const wanted = [...naive.edges.values()]
      .filter(([, to]) => to === node)
      .map(([from, , type]) => from * 2 + (type === "data" ? 0 : 1))
      .sort((a, b) => rank(a) - rank(b));
    const { start, count, pool } = graph.incoming;
    expect([...pool.subarray(start[node]!, start[node]! + count[node]!)]).toEqual(wanted);
    const outs = graph.outgoing;
    const followers = [...outs.pool.subarray(outs.start[node]!, outs.start[node]! + outs.count[node]!)];
    expect(followers.map((entry) => `${node} ${entry >>> 1} ${EDGE_TYPES[entry & 1]}`).sort()).toEqual(
      [...naive.edges.keys()].filter((key) => key.startsWith(`${node} `)).sort(),
    );
  }
  const order = graph.levels.sweepOrder(graph.state);
  const key = (node: number) => graph.levels.level[node]! * 100 + node;
  expect([...order]).toEqual([...order].sort((a, b) => key(a) - key(b)));
}

function checkPath(
  error: GraphCycleError,
  naive: NaiveGraph,
  table: PageTable,
  from: number,
  to: number,
): void {
  const slots = error.cycle.map((id) => table.slotOf(id));
  expect([slots[0], slots.at(-1)]).toEqual([to, from]);
  for (let i = 0; i + 1 < slots.length; i++)
    expect(EDGE_TYPES.some((type) => naive.edges.has(`${slots[i]} ${slots[i + 1]} ${type}`))).toBe(true);
}
