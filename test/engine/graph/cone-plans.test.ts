import { expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../../engine/graph/propagation.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../../engine/graph/registry.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

/** More waves than a page is written before it is planned for, and than a recompute is entered before it gets code of its own. */
const MANY = 200;
const PAGE_BYTES = 16;

function build(pages: number, { isPlanned = true, small = [] as readonly number[] } = {}) {
  const table = new PageTable({ maxPages: pages });
  const graph = new DependencyGraph(table, { maxNodes: pages });
  const registry = new RecomputeRegistry(pages, pages);
  const propagation = new Propagation(graph, registry);
  if (!isPlanned) propagation.plans.firstWaves = Number.POSITIVE_INFINITY;
  for (let page = 0; page < pages; page++) {
    unwrap(table.create({ sizeBytes: small.includes(page) ? 4 : PAGE_BYTES }));
    graph.enter(page);
  }
  registry.growNodes(graph.state.length);
  const cellOf = (page: number) => {
    const { buffer, byteOffset } = table.bytes(page);
    return new Float64Array(buffer, byteOffset, 2);
  };
  return {
    ...{ table, graph, registry, propagation },
    edge: (from: number, to: number) => unwrap(graph.addEdge(from, to, "data")),
    define(page: number, definition: RecomputeDefinition) {
      registry.setPage(page, "", definition);
      propagation.markDirty(page);
    },
    read: (page: number) => cellOf(page)[0]!,
    /** Writes, and leaves the wave to a later {@link write}. */
    put(page: number, value: number) {
      cellOf(page)[0] = value;
      propagation.touch(page);
    },
    write(page: number, value: number) {
      this.put(page, value);
      return unwrap(propagation.run());
    },
  };
}

const NEXT: RecomputeDefinition = { formula: (a) => a! + 1 };
const SUM: RecomputeDefinition = {
  run(ctx) {
    let sum = 0;
    for (let input = 0; input < ctx.inputCount; input++) sum += ctx.f64(input, 0);
    ctx.setF64(0, sum);
  },
};

/** Page 0, two pages that are computed from it, and one from both. */
function diamond(how = {}) {
  const model = build(8, how);
  for (const [from, to] of [
    [0, 1],
    [0, 2],
    [1, 3],
    [2, 3],
  ] as const)
    model.edge(from, to);
  model.define(1, NEXT);
  model.define(2, NEXT);
  model.define(3, SUM);
  return model;
}

test("a page that is written again and again is planned for: what depends on it runs once, in order", () => {
  const model = diamond();
  for (let wave = 1; wave <= MANY; wave++) {
    const { recomputed, changed, levels } = model.write(0, wave);
    expect([recomputed, changed, levels]).toEqual([3, 3, 2]);
    expect(model.read(3)).toBe(2 * wave + 2);
  }
  expect(model.propagation.plans.waves).toBeGreaterThan(MANY / 2);
});

test("pages that are written together again and again are planned for, in each order of writing and each number", () => {
  const [model, other] = [diamond(), diamond({ isPlanned: false })];
  for (const each of [model, other]) {
    for (const [from, to] of [
      [4, 3],
      [5, 2],
      [5, 6],
    ] as const)
      each.edge(from, to);
    each.define(6, NEXT);
    each.define(2, SUM);
  }
  for (let wave = 1; wave <= 3 * MANY; wave++) {
    const written = [[4, 0], [0, 4], [0, 4, 5], [5]][wave % 4]!;
    const [counts, others] = [model, other].map((each) => {
      for (const page of written.slice(1)) each.put(page, wave + page);
      return each.write(written[0]!, wave);
    });
    expect(counts).toEqual(others);
    for (let page = 0; page < 8; page++) expect(model.read(page)).toBe(other.read(page));
  }
  expect(model.propagation.plans.waves).toBeGreaterThan(2 * MANY);
});

test("what is no number of an input is refused in a planned wave too: pages of four bytes have none", () => {
  const model = build(4, { small: [1, 2] });
  for (const page of [0, 1, 2]) model.edge(page, 3);
  let refused = 0;
  model.define(3, {
    run(ctx) {
      for (const input of [1, 2]) {
        try {
          ctx.f64(input, 0);
        } catch {
          refused++;
        }
      }
      ctx.setF64(0, ctx.f64(0, 0));
    },
  });
  for (let wave = 1; wave <= MANY; wave++) {
    model.write(0, wave);
    expect([model.read(3), refused]).toEqual([wave, 2 * wave]);
  }
  expect(model.propagation.plans.waves).toBeGreaterThan(MANY / 2);
});

test("edges and recomputes that change between two waves are followed", () => {
  const model = diamond();
  for (let wave = 1; wave <= MANY; wave++) model.write(0, wave);
  model.edge(2, 4);
  model.define(4, NEXT);
  model.write(0, 1);
  expect(model.read(4)).toBe(3);
  model.graph.removeEdge(1, 3, "data");
  model.propagation.markDirty(3);
  for (let wave = 1; wave <= MANY; wave++) model.write(0, wave);
  expect(model.read(3)).toBe(MANY + 1);
  model.define(1, { formula: (a) => a! * 2 });
  model.write(0, 7);
  expect([1, 2, 3, 4].map(model.read)).toEqual([14, 8, 8, 9]);
});

test("a page whose bytes come out equal cuts a planned wave off", () => {
  const model = build(4);
  model.edge(0, 1);
  model.edge(1, 2);
  model.define(1, { formula: (a) => Math.floor(a! / 10) });
  model.define(2, NEXT);
  for (let wave = 0; wave < MANY; wave++) {
    const { recomputed, changed, cutOff } = model.write(0, wave);
    // The very first wave finds both pages new.
    if (wave > 0) expect([recomputed, changed, cutOff]).toEqual(wave % 10 === 0 ? [2, 2, 0] : [1, 0, 1]);
  }
});

test("a throw in a planned wave fails its page and those below, the others run, and it is over when it runs through", () => {
  const model = diamond();
  model.define(1, {
    run(ctx) {
      ctx.setF64(0, -1);
      ctx.setF64(1, -1);
      if (ctx.f64(0, 0) === MANY) throw new Error("not this one");
      ctx.setF64(0, ctx.f64(0, 0) + 1);
    },
  });
  for (let wave = 1; wave < MANY; wave++) model.write(0, wave);
  const { failed, blocked } = model.write(0, MANY);
  expect([failed, blocked]).toEqual([1, 1]);
  expect([1, 2, 3].map(model.read)).toEqual([MANY, MANY + 1, 2 * MANY]);
  expect([...model.propagation.failures.errors.keys()].sort()).toEqual([1, 3]);
  model.write(0, 5);
  expect([1, 2, 3].map(model.read)).toEqual([6, 6, 12]);
  expect(model.propagation.failures.size).toBe(0);
});

/** Ways to write: one number, both zeros, NaN, another element, bytes, nothing, two numbers, another width. */
function writeAny(ctx: RecomputeContext, kind: number, wave: number): void {
  const value = ctx.f64(0, 0);
  if (kind === 0) ctx.setF64(0, value + 1);
  if (kind === 1) ctx.setF64(0, wave % 2 === 0 ? 0 : -0);
  if (kind === 2) ctx.setF64(0, wave % 3 === 0 ? Number.NaN : value);
  if (kind === 3) ctx.setF64(1, value);
  if (kind === 4) ctx.write(3, Uint8Array.of(wave, 2, 3));
  if (kind === 5 && ctx.inputSizeBytes(0) !== PAGE_BYTES) throw new Error("an input's size");
  if (kind === 6) {
    ctx.setF64(0, -1);
    if (ctx.ownF64(0) !== -1) throw new Error("a write is seen at once");
    ctx.setF64(1, ctx.f64(0, 0));
    ctx.setF64(0, value);
  }
  if (kind === 7) ctx.setU32(0, ctx.u32(0, 1));
}

test.each([0, 1, 2, 3, 4, 5, 6, 7])("whatever a page writes comes out as without a plan: kind %i", (kind) => {
  let wave = 0;
  const models = [diamond(), diamond({ isPlanned: false })];
  for (const model of models) model.define(2, { run: (ctx) => writeAny(ctx, kind, wave) });
  for (wave = 1; wave <= MANY; wave++) {
    const [counts, others] = models.map((model) => model.write(0, Math.floor(wave / 2)));
    expect(counts).toEqual(others);
    for (const page of [1, 2, 3])
      expect([...models[0]!.table.bytes(page)]).toEqual([...models[1]!.table.bytes(page)]);
    expect([...models[0]!.table.epoch]).toEqual([...models[1]!.table.epoch]);
  }
});

test("formulas that return no number, or NaN, come out as without a plan", () => {
  const models = [diamond(), diamond({ isPlanned: false })];
  for (const model of models)
    model.define(2, { formula: (a) => (a === 50 ? ("50" as never) : a! % 7 === 0 ? Number.NaN : a!) });
  for (let wave = 1; wave <= MANY; wave++) {
    const [counts, others] = models.map((model) => model.write(0, wave));
    expect(counts).toEqual(others);
    const [errors, otherErrors] = models.map(({ propagation }) =>
      [...propagation.failures.errors].map(([slot, error]) => [slot, error.describe()]),
    );
    expect(errors).toEqual(otherErrors);
    for (const page of [1, 2, 3]) expect(models[0]!.read(page)).toBe(models[1]!.read(page));
  }
});

test("plans for many pages stay within their memory, and all values are right", () => {
  const [sources, depth] = [300, 240];
  const model = build(sources * (depth + 1));
  for (let source = 0; source < sources; source++) {
    let before = source;
    for (let i = 0; i < depth; i++) {
      const page = sources + source * depth + i;
      model.edge(before, page);
      model.define(page, NEXT);
      before = page;
    }
  }
  for (let wave = 0; wave < 40; wave++)
    for (let source = 0; source < sources; source++) model.write(source, source + wave);
  for (let source = 0; source < sources; source++)
    expect(model.read(sources + source * depth + depth - 1)).toBe(source + 39 + depth);
  expect(model.propagation.plans.waves).toBeGreaterThan(0);
  expect(model.propagation.plans.bytes).toBeLessThan(4 * 2 ** 20);
}, 60_000);
