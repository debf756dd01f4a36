import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import type { MmsbError } from "../../../../engine/base/errors.ts";
import { unwrap } from "../../../../engine/base/result.ts";
import { DependencyGraph } from "../../../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../../../engine/graph/propagation.ts";
import type { RecomputeDefinition } from "../../../../engine/graph/recompute.ts";
import { RecomputeRegistry } from "../../../../engine/graph/registry.ts";
import {
  checkPoolOptions,
  WorkerPool,
  type WorkerPoolOptions,
} from "../../../../engine/graph/workers/worker-pool.ts";
import { PageTable } from "../../../../engine/pages/page-table.ts";
import { moduleFile } from "../../../helpers/module-file.ts";

const PAGE_BYTES = 64;

/** A source, and `width` pages that are computed from it on workers, however little there is to do. */
class Fan {
  readonly table = new PageTable();
  readonly graph = new DependencyGraph(this.table);
  readonly registry: RecomputeRegistry;
  readonly propagation: Propagation;
  readonly pool: WorkerPool;
  readonly width: number;

  constructor(width: number, options: Partial<WorkerPoolOptions> = {}, sizeBytes = PAGE_BYTES) {
    this.width = width;
    this.registry = new RecomputeRegistry(width + 1, width + 1);
    this.propagation = new Propagation(this.graph, this.registry);
    this.pool = new WorkerPool(this.graph, this.registry, { count: 2, minLevelUs: 0, ...options });
    this.propagation.workers = this.pool;
    onTestFinished(() => this.pool.close());
    for (let page = 0; page <= width; page++) {
      unwrap(this.table.create({ sizeBytes }));
      this.graph.enter(page);
      if (page > 0) unwrap(this.graph.addEdge(0, page, "data"));
    }
  }

  define(definition: RecomputeDefinition, from = 1, to = this.width): this {
    for (let page = from; page <= to; page++) {
      this.registry.setPage(page, "", definition);
      this.propagation.markDirty(page);
    }
    return this;
  }

  write(value: number): this {
    this.table.bytes(0).set(new Uint8Array(Float64Array.of(value).buffer));
    this.propagation.touch(0);
    return this;
  }

  wave() {
    return unwrap(this.propagation.run());
  }

  value(page: number, index = 0): number {
    return new Float64Array(this.table.bytes(page).slice().buffer)[index]!;
  }

  values(): number[] {
    return Array.from({ length: this.width }, (_, i) => this.value(i + 1));
  }

  error(page: number): MmsbError | undefined {
    return this.propagation.failures.errors.get(page);
  }
}

const SOURCE = `
import { isMainThread, threadId } from "node:worker_threads";
const number = (ctx) => Number(ctx.pageId);
export const scaled = (ctx) => ctx.setF64(0, ctx.f64(0, 0) * number(ctx));
export const thread = (ctx) => { ctx.setF64(0, ctx.f64(0, 0)); ctx.setF64(1, threadId); };
export const every = (ctx) => {
  if (ctx.pageId === 2n) ctx.setU8(3, 200);
  if (ctx.pageId === 3n) ctx.setU16(1, 60000);
  if (ctx.pageId === 4n) ctx.setF32(1, 1.5);
  if (ctx.pageId === 5n) ctx.setI32(2, -7);
  if (ctx.pageId === 6n) { ctx.setF64(0, 1); ctx.setF64(4, 2); ctx.write(60, Uint8Array.of(1, 0, 2)); }
  if (ctx.pageId === 7n) ctx.setF64(0, -0);
  if (ctx.pageId === 8n) { ctx.write(0, ctx.bytes(0)); if (ctx.own()[0] !== ctx.bytes(0)[0] || ctx.ownU32(0) !== ctx.u32(0, 0)) throw new Error("own"); }
};
export const touchy = (ctx) => {
  ctx.setF64(0, -1);
  ctx.write(20, Uint8Array.of(1, 2));
  if (number(ctx) % 3 === 0) throw new RangeError("three");
  if (number(ctx) % 3 === 1) ctx.f64(1, 0);
};
export const fatal = (ctx) => { if (number(ctx) % 50 === 7 && ctx.f64(0, 0) === 1) process.exit(3); ctx.setF64(0, ctx.f64(0, 0) + 1); };
export const endless = (ctx) => { if (number(ctx) === 5 && ctx.f64(0, 0) === 1) { if (isMainThread) throw new Error("no worker was started"); for (;;); } ctx.setF64(0, ctx.f64(0, 0) + 1); };
export const deadly = (ctx) => { if (ctx.f64(0, 0) === 1 && number(ctx) % 4 === 0) process.exit(); ctx.setF64(0, ctx.f64(0, 0) + 1); ctx.setF64(2, 8); };
export const odd = () => { throw { toString() { throw 1; }, f() {} }; };
export const deep = (ctx) => { const f = () => 1 + f(); ctx.setF64(0, f()); };
`;

let url: URL;
const use = (name: string): RecomputeDefinition => {
  url ??= moduleFile(SOURCE);
  return { module: url, export: name };
};
afterEach(() => {
  url = undefined as never;
});

describe("W1: functions that stand in modules run on workers", () => {
  it("on as many as there are, none of them the session's thread, to the same values", () => {
    const fan = new Fan(300).define(use("thread")).write(2);
    expect(fan.wave()).toMatchObject({ recomputed: 300, changed: 300 });
    expect(new Set(fan.values())).toEqual(new Set([2]));
    const threads = new Set(Array.from({ length: 300 }, (_, i) => fan.value(i + 1, 1)));
    expect(threads.has(0)).toBe(false);
    expect(fan.pool.threads).toBe(2);
    fan.define(use("scaled"));
    fan.wave();
    expect(fan.values()).toEqual(Array.from({ length: 300 }, (_, i) => 2 * (i + 2)));
    expect(fan.wave()).toMatchObject({ recomputed: 0 });
  });

  it("cuts a wave off where bytes come out equal, and raises epochs where they do not", () => {
    const fan = new Fan(10).define(use("scaled")).write(0);
    expect(fan.wave()).toMatchObject({ recomputed: 10, cutOff: 10, changed: 0 });
    fan.write(3);
    expect(fan.wave()).toMatchObject({ recomputed: 10, cutOff: 0, changed: 10 });
    expect(Array.from(fan.table.epoch.subarray(1, 11))).toEqual(new Array(10).fill(1));
  });

  it("gives every width and number of writes the bytes that the session's thread gives", () => {
    const onWorkers = new Fan(9).define(use("every")).write(5.25);
    const here = new Fan(9).define(use("every")).write(5.25);
    here.propagation.workers = undefined;
    expect(onWorkers.wave()).toEqual(here.wave());
    for (let page = 1; page <= 9; page++)
      expect([...onWorkers.table.bytes(page)]).toEqual([...here.table.bytes(page)]);
  });

  it("follows pages and the graph as they grow", () => {
    const small = new Fan(3, {}, 8).define(use("scaled")).write(1);
    small.wave();
    const table = small.table;
    const registry = new RecomputeRegistry(3000, 3000);
    const propagation = new Propagation(small.graph, registry);
    const pool = new WorkerPool(small.graph, registry, { count: 2, minLevelUs: 0 });
    onTestFinished(() => pool.close());
    propagation.workers = pool;
    let pages = 4;
    for (const more of [10, 100, 2500]) {
      for (; pages < more; pages++) {
        unwrap(table.create({ sizeBytes: pages % 7 === 0 ? 70_000 : 8 }));
        unwrap(small.graph.addEdge(0, pages, "data"));
        registry.growNodes(small.graph.state.length);
        registry.setPage(pages, "", use("scaled"));
        propagation.markDirty(pages);
      }
      table.bytes(0).set(new Uint8Array(Float64Array.of(more).buffer));
      propagation.touch(0);
      expect(unwrap(propagation.run())).toMatchObject({ recomputed: more - 4, failed: 0 });
      for (let page = 4; page < pages; page++) expect(small.value(page)).toBe(more * (page + 1));
    }
  });
});

describe("W2: what fails on a worker fails its page", () => {
  it("a throw, a read of what is no input, and things that no thread can be told", () => {
    const fan = new Fan(12).define(use("touchy")).write(1);
    const before = [...fan.table.bytes(2)];
    expect(fan.wave()).toMatchObject({ failed: 8, changed: 4 });
    expect([...fan.table.bytes(2)]).toEqual(before);
    const here = new Fan(12).define(use("touchy")).write(1);
    here.propagation.workers = undefined;
    here.wave();
    for (let page = 1; page <= 12; page++) {
      expect(fan.error(page)?.code).toBe(here.error(page)?.code);
      expect(fan.error(page)?.message).toBe(here.error(page)?.message);
      expect(fan.error(page)?.remedy).toBe(here.error(page)?.remedy);
      expect(fan.error(page)?.place).toEqual(here.error(page)?.place);
    }
    expect(fan.error(2)?.cause).toMatchObject({ name: "RangeError", message: "three" });
    const strange = new Fan(2).define(use("odd"), 1, 1).define(use("deep"), 2, 2);
    strange.wave();
    expect(strange.error(1)?.message).toContain("something that cannot be told");
    expect(strange.error(2)?.message).toContain("call stack");
  });

  it("a module that is not there, or does not export it", () => {
    const fan = new Fan(4)
      .define({ module: "./no/such/module.js", export: "a" }, 1, 2)
      .define(use("none"), 3, 3);
    fan.define(use("scaled"), 4, 4).write(1);
    expect(fan.wave()).toMatchObject({ failed: 3, changed: 1 });
    const here = new Fan(2).define({ module: "./no/such/module.js", export: "a" });
    here.propagation.workers = undefined;
    here.wave();
    expect(fan.error(1)).toMatchObject({ code: "RECOMPUTE_FAILED", message: here.error(1)!.message });
    expect(fan.error(3)?.message).toContain("exports no function 'none'");
    fan.define(use("scaled"), 1, 3);
    expect(fan.wave()).toMatchObject({ failed: 0, changed: 3 });
  });

  it("a recompute that ends its worker; the others run, and it runs again when its input changes", () => {
    const fan = new Fan(120).define(use("fatal")).write(1);
    expect(fan.wave()).toMatchObject({ failed: 3, changed: 117 });
    for (const page of [6, 56, 106]) {
      expect(fan.error(page)).toMatchObject({
        code: "RECOMPUTE_FAILED",
        place: { pageId: BigInt(page + 1) },
      });
      expect(fan.error(page)?.message).toBe(`recompute 'fatal' of page ${page + 1} ended its worker`);
    }
    fan.write(2);
    expect(fan.wave()).toMatchObject({ failed: 0, changed: 120 });
    expect(new Set(fan.values())).toEqual(new Set([3]));
  });

  it("a recompute that never ends; its worker is replaced", () => {
    const fan = new Fan(40, { timeoutMs: 2000 }).define(use("endless")).write(1);
    expect(fan.wave()).toMatchObject({ failed: 1, changed: 39 });
    expect(fan.error(4)?.message).toBe("recompute 'endless' of page 5 did not end within 2000 ms");
    fan.write(2);
    expect(fan.wave()).toMatchObject({ failed: 0, changed: 40 });
  });

  it("a function that ends more than four workers at a level fails on all of its pages there, and takes back what it wrote", () => {
    const fan = new Fan(64, { count: 1 }).define(use("deadly"), 1, 48).define(use("scaled"), 49, 64).write(1);
    expect(fan.wave()).toMatchObject({ failed: 48, changed: 16 });
    for (let page = 1; page <= 48; page++) {
      expect(fan.error(page)?.message).toContain("more than 4 workers");
      expect([...fan.table.bytes(page)]).toEqual(new Array(PAGE_BYTES).fill(0));
    }
    fan.write(2);
    expect(fan.wave()).toMatchObject({ failed: 0 });
    expect(fan.value(1)).toBe(3);
  });
});

describe("W3: workers cost nothing where there is nothing to gain, and leave nothing behind", () => {
  it("starts no thread for functions that stand in no module, or take no time", () => {
    const fan = new Fan(50).define({ run: (ctx) => ctx.setF64(0, 1) });
    fan.wave();
    expect(fan.pool.threads).toBe(0);
    const light = new Fan(50, { minLevelUs: 1e6 }).define(use("scaled")).write(1);
    light.wave();
    // how long it takes is not known at first
    const { threads } = light.pool;
    expect(threads).toBe(2);
    light.define(use("thread")).wave();
    light.write(2).wave();
    expect(light.value(9, 1)).toBe(0);
  });

  it("ends its threads when it is closed, once or twice, even one that never ends", async () => {
    const fan = new Fan(40, { timeoutMs: 1000 }).define(use("endless")).write(1);
    fan.wave();
    expect(fan.pool.threads).toBeGreaterThan(0);
    await fan.pool.close();
    expect(fan.pool.threads).toBe(0);
    await fan.pool.close();
    // after that this thread runs all
    fan.define(use("thread")).write(2).wave();
    expect(fan.value(3, 1)).toBe(0);
  });

  it("refuses numbers that are none", () => {
    const bad = [
      { count: -1 },
      { count: 1.5 },
      { count: 65 },
      { count: 2, timeoutMs: 0 },
      { count: 2, minLevelUs: -1 },
    ];
    for (const options of bad)
      expect(checkPoolOptions(options)).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
    expect(checkPoolOptions({ count: 64, timeoutMs: 1, minLevelUs: 0 }).ok).toBe(true);
  });
});
