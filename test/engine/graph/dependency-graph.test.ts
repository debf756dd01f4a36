import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { GraphCycleError } from "../../../engine/graph/graph-cycle-error.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

/** A graph over so many pages without bytes; slots are 0, 1, 2 …, ids 1, 2, 3 … */
function graphOf(pages: number): DependencyGraph {
  const table = new PageTable();
  for (let i = 0; i < pages; i++) unwrap(table.create({ sizeBytes: 0 }));
  return new DependencyGraph(table);
}

function inputsOf(graph: DependencyGraph, node: number): number[] {
  graph.sortInputs(node);
  const { start, count, pool } = graph.incoming;
  return [...pool.subarray(start[node]!, start[node]! + count[node]!)];
}

function levelsOf(graph: DependencyGraph, nodes: readonly number[]): number[] {
  graph.settle();
  return nodes.map((node) => graph.levels.level[node]!);
}

const MILLION = 1_000_000;

describe("the dependency graph", () => {
  it("G1: holds each edge once and tells its types apart", () => {
    const graph = graphOf(3);
    expect(unwrap(graph.addEdge(0, 1, "data"))).toBe(true);
    expect(unwrap(graph.addEdge(0, 1, "data"))).toBe(false);
    expect(unwrap(graph.addEdge(0, 1, "control"))).toBe(true);
    expect(graph.edgeCount).toBe(2);
    expect([
      graph.removeEdge(0, 1, "data"),
      graph.removeEdge(0, 1, "data"),
      graph.has(0, 1, "control"),
    ]).toEqual([true, false, true]);
  });

  it("G2: counts a node's inputs by ascending page id, data before control, whatever the order they came in", () => {
    const graph = graphOf(6);
    for (const [from, type] of [
      [4, "data"],
      [0, "control"],
      [1, "data"],
      [3, "data"],
      [2, "control"],
    ] as const)
      unwrap(graph.addEdge(from, 5, type));
    expect(inputsOf(graph, 5)).toEqual([2, 6, 8, 1, 5]);
    expect(graph.dataInputs(5)).toBe(3);
  });

  it("G3: the level is the longest path that leads to a node, after additions and removals", () => {
    const graph = graphOf(5);
    unwrap(graph.addEdge(0, 1, "data"));
    unwrap(graph.addEdge(1, 2, "data"));
    unwrap(graph.addEdge(0, 2, "data"));
    unwrap(graph.addEdge(2, 3, "control"));
    expect(levelsOf(graph, [0, 1, 2, 3])).toEqual([0, 1, 2, 3]);
    graph.removeEdge(1, 2, "data");
    expect(levelsOf(graph, [0, 1, 2, 3])).toEqual([0, 1, 1, 2]);
    unwrap(graph.addEdge(4, 0, "data"));
    expect(levelsOf(graph, [4, 0, 1, 2, 3])).toEqual([0, 1, 2, 2, 3]);
  });

  it("G4: refuses an edge that would close a cycle, names the whole path, and changes nothing", () => {
    const graph = graphOf(5);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
      [3, 4],
    ] as const)
      unwrap(graph.addEdge(from, to, "data"));
    const labels = [...graph.order.label.subarray(0, 5)];
    const refused = graph.addEdge(4, 1, "control");
    expect(refused).toMatchObject({ ok: false, error: { code: "GRAPH_CYCLE", cycle: [2n, 3n, 4n, 5n] } });
    expect(refused.ok ? "" : refused.error.message).toContain("2 → 3 → 4 → 5 → 2");
    expect([...graph.order.label.subarray(0, 5)]).toEqual(labels);
    expect(graph.edgeCount).toBe(5);
    expect(graph.has(4, 1, "control")).toBe(false);
    const loop = graph.addEdge(2, 2, "data");
    expect(loop.ok ? undefined : loop.error).toBeInstanceOf(GraphCycleError);
    expect(loop).toMatchObject({ error: { cycle: [3n] } });
  });

  it("G4: a long cycle's message is short, its path is whole", () => {
    const graph = graphOf(1000);
    for (let i = 0; i + 1 < 1000; i++) unwrap(graph.addEdge(i, i + 1, "data"));
    const refused = graph.addEdge(999, 0, "data");
    if (refused.ok) throw new Error("accepted");
    expect((refused.error as GraphCycleError).cycle).toHaveLength(1000);
    expect(refused.error.message.length).toBeLessThan(300);
  });

  it("G5: says how one page depends on another", () => {
    const graph = graphOf(5);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [0, 3],
      [3, 2],
    ] as const)
      unwrap(graph.addEdge(from, to, "data"));
    expect(graph.pathIds(0, 2)?.length).toBe(3);
    expect(graph.pathIds(2, 0)).toBeUndefined();
    expect(graph.pathIds(0, 4)).toBeUndefined();
    expect(graph.pathIds(1, 1)).toEqual([2n]);
  });

  it("G6: forgets a page with all its edges", () => {
    const graph = graphOf(4);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [1, 3],
      [0, 3],
    ] as const)
      unwrap(graph.addEdge(from, to, "data"));
    graph.leave(1);
    expect(graph.edgeCount).toBe(1);
    expect(levelsOf(graph, [0, 2, 3])).toEqual([0, 0, 1]);
    unwrap(graph.addEdge(2, 1, "data"));
    expect(levelsOf(graph, [2, 1])).toEqual([0, 1]);
  });

  it("G7: takes a chain of a million pages built forwards, backwards and in any order, and refuses to close it", {
    timeout: 120_000,
  }, () => {
    const shuffled = Array.from({ length: MILLION - 1 }, (_, i) => i);
    const prng = new Prng(7);
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = prng.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    const graph = graphOf(MILLION);
    const builds = [(i: number) => i, (i: number) => MILLION - 2 - i, (i: number) => shuffled[i]!];
    for (const nth of builds) {
      for (let i = 0; i + 1 < MILLION; i++) unwrap(graph.addEdge(nth(i), nth(i) + 1, "data"));
      expect(levelsOf(graph, [0, 1, MILLION - 1])).toEqual([0, 1, MILLION - 1]);
      const refused = graph.addEdge(MILLION - 1, 0, "data");
      expect(refused.ok ? undefined : (refused.error as GraphCycleError).cycle.length).toBe(MILLION);
      for (let i = 0; i + 1 < MILLION; i++) graph.removeEdge(i, i + 1, "data");
      expect(graph.edgeCount).toBe(0);
    }
  });

  it("G7: takes fans of a million pages, out and in, and takes them down again", { timeout: 120_000 }, () => {
    const graph = graphOf(MILLION + 2);
    for (let i = 1; i <= MILLION; i++) unwrap(graph.addEdge(0, i, "data"));
    for (let i = 1; i <= MILLION; i++) unwrap(graph.addEdge(i, MILLION + 1, "data"));
    expect(levelsOf(graph, [0, 1, MILLION, MILLION + 1])).toEqual([0, 1, 1, 2]);
    expect(graph.bytes / (MILLION + 2)).toBeLessThan(64);
    for (let i = 1; i <= MILLION; i += 2) graph.removeEdge(0, i, "data");
    for (let i = 1; i <= MILLION; i += 2) graph.removeEdge(i, MILLION + 1, "data");
    graph.sortInputs(MILLION + 1);
    expect(graph.incoming.pool[graph.incoming.start[MILLION + 1]!]).toBe(2 * 2);
    graph.leave(0);
    graph.leave(MILLION + 1);
    expect(graph.edgeCount).toBe(0);
  });
});
