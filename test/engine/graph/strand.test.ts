import { expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../../engine/graph/propagation.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../../engine/graph/registry.ts";
import type { WaveSink } from "../../../engine/graph/wave-sink.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

const PAGES = 400;
const SOURCES = 12;
const WAVES = 300;

/** What a page becomes of what it reads: mostly something new, at times what it was, NaN, a zero of either sign, or a throw. */
function nextOf(page: number, sum: number): number {
  const kind = (Math.abs(Math.round(Number.isNaN(sum) ? 1 : sum)) * 31 + page * 17) % 211;
  if (kind === 1) throw new Error("not for this");
  if (kind === 2) return Number.NaN;
  if (kind < 5) return 1;
  if (kind < 7) return kind === 5 ? 0 : -0;
  return (sum + page) % 1009;
}

function sumOf(ctx: RecomputeContext): number {
  let sum = 0;
  for (let input = 0; input < ctx.inputCount; input++) sum += ctx.f64(input, 0);
  return sum;
}

const BY_FUNCTION: RecomputeDefinition = {
  run(ctx) {
    const page = Number(ctx.pageId);
    if (page % 37 === 0) ctx.setF64(1, page);
    ctx.setF64(0, nextOf(page, sumOf(ctx)));
  },
};
const BY_FORMULA: RecomputeDefinition = { formula: (a, b = 0) => nextOf(a! % 7, a! + b) };
const OTHER: RecomputeDefinition = { run: (ctx) => ctx.setF64(0, sumOf(ctx) + 1) };

/** A long row of pages behind the first source; other sources feed some of them, some have a second dependent, or a control edge, or another recompute. */
function build(definition: RecomputeDefinition, isLogged: boolean) {
  const told: unknown[] = [];
  const sink: WaveSink = {
    begin: () => 1,
    end({ rows: { deltas }, failures, levels, cutOff, blocked }) {
      const { count, level, members, cutOff: cut, blocked: held } = levels;
      const columns = [level, members, cut, held].map((column) => [...column.subarray(0, count)]);
      const failed = failures.map(({ slot, beforeRow }) => [slot, beforeRow]);
      const written = [...deltas.payload.subarray(0, deltas.payloadBytes)];
      const slots = [...deltas.slot.subarray(0, deltas.count)];
      told.push({ columns, failed, slots, written, cutOff: [...cutOff], blocked: [...blocked] });
      return true;
    },
    stopped: () => undefined,
  };
  const prng = new Prng(11);
  const count = SOURCES + 2 * PAGES;
  const table = new PageTable({ maxPages: count });
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(count, count);
  const propagation = new Propagation(graph, registry, isLogged ? sink : undefined);
  for (let page = 0; page < count; page++) unwrap(table.create({ sizeBytes: 16, type: "page" }));
  registry.setType("strand", definition);
  registry.setType("other", OTHER);
  registry.growNodes(count);
  for (let page = SOURCES; page < SOURCES + PAGES; page++) {
    unwrap(graph.addEdge(page === SOURCES ? 0 : page - 1, page, "data"));
    registry.bind(page, prng.chance(0.01) ? "other" : "strand");
    if (prng.chance(0.03)) unwrap(graph.addEdge(prng.between(1, SOURCES - 1), page, "data"));
    if (prng.chance(0.03)) unwrap(graph.addEdge(page, page + PAGES, prng.chance(0.5) ? "data" : "control"));
    registry.bind(page + PAGES, "other");
    propagation.markDirty(page);
  }
  return { table, propagation, told };
}

/** Writes into both models, of which one goes level by level because it has a budget, and holds what came of it against each other. */
function expectSame(
  definition: RecomputeDefinition,
  isLogged: boolean,
): { strands: number; failures: number; cutOff: number } {
  const [model, byLevel] = [build(definition, isLogged), build(definition, isLogged)];
  const seen = { strands: 0, failures: 0, cutOff: 0 };
  const prng = new Prng(5);
  for (let wave = 0; wave < WAVES; wave++) {
    const source = prng.chance(0.6) ? 0 : prng.below(SOURCES);
    const value = prng.below(1000);
    const [counts, others] = [model, byLevel].map(({ table, propagation }) => {
      const { buffer, byteOffset } = table.bytes(source);
      new Float64Array(buffer, byteOffset, 1)[0] = value;
      propagation.touch(source);
      return unwrap(propagation.run(propagation === byLevel.propagation ? { budget: 1e9 } : {}));
    });
    expect(counts, `wave ${wave}`).toEqual(others);
    expect(model.told.at(-1), `wave ${wave}`).toEqual(byLevel.told.at(-1));
    const failed = ({ failures }: Propagation) =>
      [...failures.errors].map(([slot, { message }]) => [slot, message]);
    expect(failed(model.propagation), `wave ${wave}`).toEqual(failed(byLevel.propagation));
    for (let page = 0; page < SOURCES + 2 * PAGES; page++) {
      const [bytes, expected] = [model, byLevel].map(({ table }) => table.bytes(page).join());
      if (bytes !== expected || model.table.epoch[page] !== byLevel.table.epoch[page])
        expect.fail(`page ${page} in wave ${wave}: ${bytes}, not ${expected}`);
    }
    if (counts!.levels > 8 && counts!.recomputed < counts!.levels * 1.2) seen.strands++;
    seen.failures += counts!.failed;
    seen.cutOff += counts!.cutOff;
  }
  return seen;
}

test.each([
  ["functions", BY_FUNCTION, false],
  ["functions, logged", BY_FUNCTION, true],
  ["formulas", BY_FORMULA, false],
  ["formulas, logged", BY_FORMULA, true],
] as const)(
  "P1, P2, P6: pages one behind the other run as they do level by level: %s",
  (_, definition, isLogged) => {
    const { strands, failures, cutOff } = expectSame(definition, isLogged);
    expect(strands).toBeGreaterThan(WAVES / 10);
    expect(failures).toBeGreaterThan(3);
    expect(cutOff).toBeGreaterThan(3);
  },
);
