import fc from "fast-check";
import { expect, it } from "vitest";
import { U64_MAX } from "../../engine/base/u64.ts";
import { EdgeSet } from "../../engine/pages/edge-set.ts";
import { EDGE_TYPES, type Edge } from "../../engine/pages/page-types.ts";
import { RetiredIds } from "../../engine/pages/retired-ids.ts";
import { compareEdges } from "../../engine/pages/state-hash.ts";

const anyId = fc.oneof(fc.bigInt(0n, 6n), fc.constantFrom(2n ** 32n, 2n ** 53n + 1n, U64_MAX));
const anyEdge = fc.record({ from: anyId, to: anyId, type: fc.constantFrom(...EDGE_TYPES) });
const keyOf = (edge: Edge) => `${edge.from} ${edge.to} ${edge.type}`;

it("an edge set answers as a plain map of edges would, after any additions and removals", () => {
  const anyStep = fc.record({ edge: anyEdge, add: fc.boolean(), list: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 200, size: "max" }), (steps) => {
      const edges = new EdgeSet();
      const oracle = new Map<string, Edge>();
      const sorted = () => [...oracle.values()].sort(compareEdges);
      for (const { edge, add, list } of steps) {
        const known = oracle.has(keyOf(edge));
        const answers = [edges.has(edge), add ? edges.add(edge) : edges.remove(edge)];
        if (answers[0] !== known || answers[1] !== (add ? !known : known))
          throw new Error(`${keyOf(edge)}: ${answers}`);
        if (add) oracle.set(keyOf(edge), edge);
        else oracle.delete(keyOf(edge));
        if (edges.size !== oracle.size) throw new Error(`size ${edges.size}`);
        if (list === 0) expect(edges.sorted()).toEqual(sorted());
      }
      expect(edges.sorted()).toEqual(sorted());
      for (const id of [0n, 3n, 6n, 2n ** 53n + 1n, U64_MAX]) {
        expect(edges.from(id)).toEqual(sorted().filter((edge) => edge.from === id));
        expect(edges.to(id)).toEqual(sorted().filter((edge) => edge.to === id));
      }
    }),
    { numRuns: 200 },
  );
});

it("retired ids are exactly those that were added, while few stand apart", () => {
  const anyRange = fc
    .tuple(fc.bigInt(0n, 60n), fc.nat(5))
    .map(([low, span]) => [low, low + BigInt(span)] as const);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyRange, fc.constant([U64_MAX, U64_MAX] as const)), { maxLength: 40 }),
      (ranges) => {
        const retired = new RetiredIds();
        const oracle = new Set<bigint>();
        for (const [first, last] of ranges) {
          if (first === last) retired.add(first);
          else retired.addRange(first, last);
          for (let id = first; id <= last; id++) oracle.add(id);
        }
        for (let id = 0n; id < 70n; id++) {
          expect(retired.has(id)).toBe(oracle.has(id));
          let free = id;
          while (oracle.has(free)) free++;
          if (retired.nextFree(id) !== free) throw new Error(`after ${id}`);
        }
        expect(retired.has(U64_MAX)).toBe(oracle.has(U64_MAX));
      },
    ),
    { numRuns: 300 },
  );
});

it("retired ids beyond the bound may take in others, and never lose one", () => {
  fc.assert(
    fc.property(
      fc.array(fc.bigInt(0n, U64_MAX), { maxLength: 300, size: "max" }),
      fc.integer({ min: 1, max: 50 }),
      (ids, bound) => {
        const retired = new RetiredIds(bound);
        for (const id of ids) retired.addRange(id, id);
        expect(retired.intervalCount).toBeLessThanOrEqual(bound);
        expect(ids.every((id) => retired.has(id))).toBe(true);
      },
    ),
    { numRuns: 200 },
  );
});
