// P7 of docs/Propagation.md: pages whose inputs are what they asked for last.
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import type { RecomputeContext } from "../../../engine/graph/recompute.ts";
import { Sheet, sum } from "../../helpers/sheet.ts";

const DISCOVER = { discover: true };
const LAZY = { lazy: true };

/** Asks for these pages, one after the other, and adds them up. */
const asking =
  (...pages: readonly number[]) =>
  (ctx: RecomputeContext) =>
    pages.reduce((total, page) => total + ctx.f64(ctx.inputOf(BigInt(page + 1)), 0), 0);

describe("discovery", () => {
  it("P7: dynamic dependencies: a page that opted in depends on what it asked for last", () => {
    const sheet = new Sheet(4);
    unwrap(sheet.graph.addEdge(0, 3, "data"));
    sheet.derive(3, [], (ctx) => ctx.f64(ctx.inputOf(ctx.f64(ctx.inputOf(1n), 0) > 0 ? 2n : 3n), 0), {
      discover: true,
    });
    sheet.write(1, 10);
    sheet.write(2, 20);
    sheet.wave();
    expect(sheet.value(3)).toBe(20);
    sheet.write(1, 11);
    expect(sheet.wave()).toBe("");
    sheet.write(0, 1);
    expect(sheet.wave()).toBe("3");
    expect(sheet.value(3)).toBe(11);
    sheet.write(2, 21);
    expect(sheet.wave()).toBe("");
  });

  it("P7: a discovered page that is not computed yet is waited for", () => {
    const sheet = new Sheet(5);
    sheet.derive(2, [0], (ctx) => ctx.f64(0, 0) + 1);
    sheet.derive(3, [2], (ctx) => ctx.f64(0, 0) + 1);
    sheet.derive(1, [], (ctx) => ctx.f64(ctx.inputOf(4n), 0), { discover: true });
    sheet.derive(4, [1], sum);
    sheet.write(0, 5);
    sheet.wave();
    expect([sheet.value(3), sheet.value(1), sheet.value(4)]).toEqual([7, 7, 7]);
  });

  it("P7: a pull page that waits is computed in the wave that discovers it, and what it needs before it", () => {
    const sheet = new Sheet(7, 16, true);
    sheet.derive(1, [0], (ctx) => ctx.f64(0, 0) + 1, LAZY);
    sheet.derive(2, [1], (ctx) => ctx.f64(0, 0) * 10, LAZY);
    // Pages 4 to 6 lie below the pull pages: the wave goes back.
    sheet.derive(4, [0], sum);
    sheet.derive(5, [4], sum);
    sheet.derive(6, [5], (ctx) => ctx.f64(ctx.inputOf(6n), 0) + asking(2)(ctx), DISCOVER);
    sheet.write(0, 3);
    const counts = unwrap(sheet.propagation.run());
    expect(sheet.value(6)).toBe(43);
    expect(counts).toMatchObject({ recomputed: 5, changed: 5, failed: 0 });
    // From then on a page that is not lazy depends on them.
    sheet.write(0, 4);
    expect(sheet.wave()).toBe("1 4 2 5 6");
    expect([sheet.value(6), sheet.propagation.isStale(2)]).toEqual([54, false]);
  });

  it("P7: a run is broken off once for each pull page that it needs, and counts once", () => {
    const sheet = new Sheet(6);
    for (const page of [1, 2, 3]) sheet.derive(page, [0], (ctx) => page * ctx.f64(0, 0), LAZY);
    sheet.write(0, 1);
    sheet.wave();
    sheet.derive(5, [], asking(1, 2, 3), DISCOVER);
    const counts = unwrap(sheet.propagation.run());
    expect([sheet.value(5), counts.recomputed]).toEqual([6, 4]);
    expect(sheet.log.join(" ")).toBe("5 1 5 2 5 3 5");
  });

  it("P7: pull pages that discover pull pages, as deep as they go", () => {
    const depth = 300;
    const sheet = new Sheet(depth + 2);
    for (let page = 1; page <= depth; page++)
      sheet.derive(page, [], (ctx) => 1 + asking(page - 1)(ctx), { ...LAZY, ...DISCOVER });
    sheet.write(0, 5);
    expect(sheet.wave()).toBe("");
    sheet.derive(depth + 1, [], asking(depth), DISCOVER);
    sheet.wave();
    expect(sheet.value(depth + 1)).toBe(5 + depth);
    expect(sheet.propagation.failures.size).toBe(0);
  });

  it("P7: what a discovering page no longer asks for waits again", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], sum, LAZY);
    sheet.derive(3, [2], (ctx) => (ctx.f64(ctx.inputOf(3n), 0) > 0 ? asking(1)(ctx) : -1), DISCOVER);
    sheet.write(0, 7);
    sheet.write(2, 1);
    sheet.wave();
    expect(sheet.value(3)).toBe(7);
    sheet.write(2, 0);
    sheet.wave();
    sheet.write(0, 8);
    expect(sheet.wave()).toBe("");
    expect([sheet.value(3), sheet.propagation.isStale(1)]).toEqual([-1, true]);
    sheet.write(2, 1);
    sheet.wave();
    expect(sheet.value(3)).toBe(8);
  });

  it("P7: a cycle through pull pages is refused with its path, and fails those on it", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], asking(0, 3), { ...LAZY, ...DISCOVER });
    sheet.derive(2, [1], sum, LAZY);
    sheet.derive(3, [], asking(2), DISCOVER);
    sheet.wave();
    expect(sheet.failure(1)).toMatchObject({ code: "GRAPH_CYCLE", cycle: [2n, 3n, 4n] });
    expect([sheet.failure(2), sheet.failure(3)]).toEqual([sheet.failure(1), sheet.failure(1)]);
    sheet.define(1, { run: (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1), lazy: true });
    sheet.wave();
    expect([sheet.value(3), sheet.propagation.failures.size]).toEqual([1, 0]);
  });

  it("P7: a pull page that fails fails the page that discovers it, and both recover", () => {
    const sheet = new Sheet(4, 16, true);
    sheet.derive(
      1,
      [0],
      (ctx) => {
        if (ctx.f64(0, 0) === 2) throw new Error("two is too much");
        return ctx.f64(0, 0);
      },
      LAZY,
    );
    sheet.derive(2, [1], sum, LAZY);
    sheet.write(0, 2);
    sheet.wave();
    sheet.derive(3, [], asking(2), DISCOVER);
    sheet.wave();
    expect(sheet.failure(1)?.message).toContain("two is too much");
    expect([sheet.failure(2), sheet.failure(3)]).toEqual([sheet.failure(1), sheet.failure(1)]);
    sheet.write(0, 3);
    sheet.wave();
    expect([sheet.value(3), sheet.propagation.failures.size]).toEqual([3, 0]);
  });

  it("P7: a pull page that had failed and waits is computed before its failure counts", () => {
    const sheet = new Sheet(5);
    const touchy = (ctx: RecomputeContext) => {
      if (ctx.f64(0, 0) === 2) throw new Error("two is too much");
      return ctx.f64(0, 0);
    };
    sheet.derive(1, [0], touchy, LAZY);
    sheet.write(0, 2);
    sheet.wave();
    unwrap(sheet.propagation.pull(1));
    expect(sheet.failure(1)).toBeDefined();
    sheet.write(0, 3);
    sheet.wave();
    sheet.derive(4, [], asking(1), DISCOVER);
    sheet.wave();
    expect([sheet.value(4), sheet.propagation.failures.size]).toEqual([3, 0]);
  });

  it("P7: a recompute that catches what breaks it off starts again all the same", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], sum, LAZY);
    sheet.write(0, 6);
    sheet.wave();
    const stubborn = (ctx: RecomputeContext) => {
      try {
        return asking(1)(ctx);
      } catch {
        return -1;
      }
    };
    sheet.derive(2, [], stubborn, DISCOVER);
    sheet.derive(3, [2], sum);
    sheet.wave();
    expect([sheet.value(2), sheet.value(3)]).toEqual([6, 6]);
  });

  it("P12: a wave that discovers a pull page and goes over its budget leaves it waiting", () => {
    const sheet = new Sheet(4, 16, true);
    sheet.derive(1, [0], sum, LAZY);
    sheet.derive(2, [1], sum, LAZY);
    sheet.write(0, 9);
    sheet.wave();
    sheet.derive(3, [], asking(2), DISCOVER);
    for (const budget of [0, 1, 2]) {
      expect(sheet.propagation.run({ budget })).toMatchObject({ ok: false, error: { code: "WAVE_BUDGET" } });
      expect([1, 2, 3].map((page) => sheet.value(page))).toEqual([0, 0, 0]);
      expect([sheet.propagation.isStale(1), sheet.propagation.isStale(2)]).toEqual([true, true]);
      expect(sheet.graph.has(2, 3, "data")).toBe(false);
    }
    sheet.wave();
    expect(sheet.value(3)).toBe(9);
  });

  it("P12: it is cancelled between the pull page and the page that discovered it, and gone on with", () => {
    const sheet = new Sheet(3);
    const signal = { aborted: false };
    sheet.derive(
      1,
      [0],
      (ctx) => {
        signal.aborted = true;
        return ctx.f64(0, 0);
      },
      LAZY,
    );
    sheet.write(0, 4);
    sheet.wave();
    sheet.derive(2, [], asking(1), DISCOVER);
    expect(sheet.propagation.run({ signal })).toMatchObject({ ok: false, error: { code: "CANCELLED" } });
    expect([sheet.value(1), sheet.value(2)]).toEqual([4, 0]);
    sheet.wave();
    expect(sheet.value(2)).toBe(4);
  });

  it("P10: whether a pull page is wanted is looked up once a wave, in a row of many too", () => {
    const depth = 20_000;
    const sheet = new Sheet(depth + 2);
    for (let page = 1; page <= depth; page++) sheet.derive(page, [page - 1], sum, LAZY);
    sheet.derive(depth + 1, [depth], sum);
    sheet.write(0, 5);
    const started = performance.now();
    sheet.wave();
    expect(sheet.value(depth + 1)).toBe(5);
    // Looking from each page to the end of the row would be 2e8 steps.
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
