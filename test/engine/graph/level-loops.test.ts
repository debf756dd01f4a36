import { expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { Executor } from "../../../engine/graph/executor.ts";
import { LevelLoops } from "../../../engine/graph/level-loops.ts";
import { LevelRun } from "../../../engine/graph/level-run.ts";
import { ownCode } from "../../../engine/graph/own-code.ts";
import { Propagation } from "../../../engine/graph/propagation.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../../engine/graph/registry.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

/** Over all waves, more pages than a recompute runs over before it gets code of its own. */
const PAGES = 3000;
const WAVES = 16;

/** What page `page` becomes in a wave: numbers, both zeros, NaN, what stood there, and a throw. */
function resultOf(page: number, wave: number): number {
  const kind = page % 7;
  if (kind === 1) return Number.NaN;
  if (kind === 2) return wave % 2 === 0 ? 0 : -0;
  if (kind === 3) return page;
  if (kind === 4 && page % 5 === 0 && wave % 5 === 4) throw new Error("not this time");
  return page + wave / 2;
}

/** Writes in all the ways there are, a few pages each: the first number is `value` in the end. */
function write(ctx: RecomputeContext, page: number, value: number): void {
  if (page % 41 === 1) ctx.setF64(0, -1);
  if (page % 41 === 2) ctx.write(8, new Uint8Array([1, 2, 3, page & 255]));
  if (page % 41 === 3) ctx.setU32(3, ctx.u32(0, 0));
  ctx.setF64(0, value);
  if (page % 41 === 4 && !Object.is(ctx.ownF64(0), value)) throw new Error("a write is seen at once");
  if (page % 41 === 5) ctx.setF64(0, value);
}

function runWaves(
  definition: RecomputeDefinition,
  check: (table: PageTable, wave: number, propagation: Propagation) => void,
): void {
  const table = new PageTable({ maxPages: PAGES + 1 });
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(PAGES + 1, PAGES + 1);
  const propagation = new Propagation(graph, registry);
  for (let page = 0; page <= PAGES; page++)
    unwrap(table.create({ sizeBytes: 16, type: page === 0 ? "source" : "node" }));
  registry.setType("node", definition);
  registry.growNodes(PAGES + 1);
  for (let page = 1; page <= PAGES; page++) {
    unwrap(graph.addEdge(0, page, "data"));
    registry.bind(page, "node");
    propagation.markDirty(page);
  }
  const { buffer, byteOffset } = table.bytes(0);
  const source = new Float64Array(buffer, byteOffset, 2);
  for (let wave = 0; wave < WAVES; wave++) {
    source[0] = wave;
    propagation.touch(0);
    unwrap(propagation.run());
    check(table, wave, propagation);
  }
}

const numberAt = (table: PageTable, page: number) => new Float64Array(table.bytes(page).slice().buffer)[0]!;

test("P2, P6: a function has the same results and the same failures once it runs in a loop of its own", () => {
  const last = new Float64Array(PAGES + 1);
  runWaves(
    {
      run(ctx) {
        const page = Number(ctx.pageId) - 1;
        write(ctx, page, resultOf(page, ctx.f64(0, 0)));
      },
    },
    (table, wave, { failures }) => {
      for (let page = 1; page <= PAGES; page++) {
        let isFailed = false;
        try {
          last[page] = resultOf(page, wave);
        } catch {
          isFailed = true;
        }
        if (!Object.is(numberAt(table, page), last[page]) || failures.errors.has(page) !== isFailed)
          expect.fail(`page ${page} in wave ${wave}: ${numberAt(table, page)}, not ${last[page]}`);
      }
    },
  );
});

test("P2: a formula is cut off where its bits are equal, and only there, in a loop of its own", () => {
  const values = [Number.NaN, 0, -0, 7];
  const valueIn = (wave: number) => values[Math.floor(wave / 2) % 4]!;
  const epochs = new Map<number, number>();
  runWaves({ formula: (wave) => valueIn(wave!) }, (table, wave) => {
    const isChanged = wave === 0 || !Object.is(valueIn(wave), valueIn(wave - 1));
    for (let page = 1; page <= PAGES; page++) {
      if (!Object.is(numberAt(table, page), valueIn(wave)))
        expect.fail(`page ${page} in wave ${wave}: ${numberAt(table, page)}`);
      if (table.epoch[page] !== (epochs.get(page) ?? 0) + (isChanged ? 1 : 0))
        expect.fail(`the epoch of page ${page} in wave ${wave}`);
      epochs.set(page, table.epoch[page]!);
    }
  });
});

test("what a copied factory makes does what the factory's does, and the copy is another function", () => {
  const factory = (by: number) => (value: number) => value * by;
  const copy = ownCode(factory)!;
  expect(copy).not.toBe(factory);
  expect(copy(3)(7)).toBe(21);
  expect(ownCode(factory)).not.toBe(copy);
});

/** Sources of all size classes in arenas of 64 KiB, and pages that read up to six of them; some control edges, and inputs that came in any order. */
function scattered(definition: RecomputeDefinition, sizes: readonly number[]) {
  const prng = new Prng(7);
  const table = new PageTable({ maxPages: 2 * PAGES, arenaBytes: 64 * 1024 });
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(2 * PAGES, 2 * PAGES);
  const propagation = new Propagation(graph, registry);
  for (let page = 0; page < 2 * PAGES; page++)
    unwrap(
      table.create({
        sizeBytes: page < PAGES ? prng.pick(sizes) : 8,
        type: page < PAGES ? "source" : "node",
      }),
    );
  registry.setType("node", definition);
  registry.growNodes(2 * PAGES);
  const inputs: number[][] = [];
  for (let page = PAGES; page < 2 * PAGES; page++) {
    const from = new Set(
      Array.from({ length: prng.between(1, sizes.includes(4) ? 6 : 4) }, () => prng.below(PAGES)),
    );
    for (const source of from) unwrap(graph.addEdge(source, page, "data"));
    if (prng.chance(0.1)) {
      const before = prng.below(PAGES);
      if (!from.has(before)) unwrap(graph.addEdge(before, page, "control"));
    }
    inputs[page] = [...from].sort((a, b) => a - b);
    registry.bind(page, "node");
    propagation.markDirty(page);
  }
  return { table, propagation, inputs };
}

/** Runs waves in which every source changes, and holds what came out against `expected`. */
function expectScattered(
  { table, propagation, inputs }: ReturnType<typeof scattered>,
  expected: (inputs: readonly Float64Array[]) => number,
): void {
  expect(new Set(Array.from({ length: 2 * PAGES }, (_, page) => table.arena[page])).size).toBeGreaterThan(4);
  const elements = Array.from({ length: PAGES }, (_, page) => {
    const { buffer, byteOffset } = table.bytes(page);
    return new Float64Array(buffer, byteOffset, table.size[page]! >>> 3);
  });
  for (let wave = 1; wave <= WAVES; wave++) {
    for (let page = 0; page < PAGES; page++) {
      elements[page]!.forEach((_, i) => {
        elements[page]![i] = page * i + wave;
      });
      propagation.touch(page);
    }
    unwrap(propagation.run());
    for (let page = PAGES; page < 2 * PAGES; page++) {
      const from = inputs[page]!;
      const value = expected(from.map((source) => elements[source]!));
      if (numberAt(table, page) !== value)
        expect.fail(`page ${page} in wave ${wave}: ${numberAt(table, page)}, not ${value}`);
    }
  }
}

test("a function reads any element of up to six inputs, wherever they lie and however small they are", () => {
  const model = scattered(
    {
      run(ctx) {
        let sum = ctx.inputCount;
        for (let input = 0; input < ctx.inputCount; input++) {
          const count = ctx.inputSizeBytes(input) >>> 3;
          if (count > 0) sum += ctx.f64(input, 0) + 2 * ctx.f64(input, count - 1);
          else if (Number(ctx.pageId) % 16 === 0) expect(() => ctx.f64(input, 0)).toThrow(/element 0/);
        }
        ctx.setF64(0, sum);
      },
    },
    [4, 8, 16, 64, 512],
  );
  expectScattered(model, (inputs) =>
    inputs.reduce((sum, of) => sum + (of.length > 0 ? of[0]! + 2 * of.at(-1)! : 0), inputs.length),
  );
});

test("a formula gets the first numbers of its inputs, wherever they lie", () => {
  const model = scattered(
    { formula: (a, b = 0, c = 0, d = 0) => a! + 3 * b + 5 * c + 7 * d },
    [8, 16, 64, 512],
  );
  expectScattered(model, (inputs) => inputs.reduce((sum, of, i) => sum + (2 * i + 1) * of[0]!, 0));
});

test("a loop of its own is copied anew where probes say again and again that its calls begin in slow code, and only then", () => {
  const table = new PageTable({ maxPages: 4 });
  unwrap(table.create({ sizeBytes: 8 }));
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(4, 4);
  graph.enter(0);
  registry.growNodes(graph.state.length);
  registry.setPage(0, "", { formula: () => 1 });
  const executor = new Executor(graph);
  const loops = new LevelLoops(executor, registry, undefined);
  const run = new LevelRun();
  loops.begin(run);
  const loop = () => loops.loopOf(registry.recomputeOf(0)!, registry.of[0]!)!;
  const shared = loop();
  loops.ran(20_000);
  let own = loop();
  expect(own).not.toBe(shared);
  for (const ratio of [9, 9, 9, 2, 9, 9, 9]) loops.probed(ratio);
  expect(loop()).toBe(own);
  const copies = new Set([own]);
  for (let probe = 0; probe < 100; probe++) {
    loops.probed(9);
    own = loop();
    copies.add(own);
  }
  expect(copies.size).toBe(9);
});
