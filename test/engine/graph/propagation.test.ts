// What signal libraries are judged by, and what else docs/Propagation.md promises of a wave.
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import type { RecomputeDefinition } from "../../../engine/graph/recompute.ts";
import { Sheet, sum } from "../../helpers/sheet.ts";

describe("a wave", () => {
  it("P1: diamond: the page below two branches runs once, behind both", () => {
    const sheet = new Sheet(4);
    sheet.derive(3, [1, 2], sum);
    sheet.derive(1, [0], sum);
    sheet.derive(2, [0], (ctx) => 10 * ctx.f64(0, 0));
    sheet.wave();
    sheet.write(0, 5);
    expect(sheet.wave()).toBe("1 2 3");
    expect(sheet.value(3)).toBe(55);
  });

  it("P1: glitch freedom: nobody sees an input from before the wave beside one from within it", () => {
    const sheet = new Sheet(5);
    sheet.derive(1, [0], (ctx) => ctx.f64(0, 0) + 1);
    sheet.derive(2, [1], (ctx) => ctx.f64(0, 0) + 1);
    sheet.derive(3, [0, 2], (ctx) => ctx.f64(1, 0) - ctx.f64(0, 0));
    const seen: number[] = [];
    sheet.derive(4, [3], (ctx) => seen.push(ctx.f64(0, 0)));
    for (const value of [1, 7, -3]) {
      sheet.write(0, value);
      sheet.wave();
      expect(sheet.value(3)).toBe(2);
    }
    expect(seen).toEqual([2]);
  });

  it("P2: equal bytes cut it off, zero and minus zero are not equal", () => {
    const sheet = new Sheet(3);
    sheet.derive(1, [0], (ctx) => ctx.f64(0, 0) * 0);
    sheet.derive(2, [1], sum);
    sheet.write(0, 1);
    sheet.wave();
    sheet.write(0, 2);
    expect(sheet.wave()).toBe("1");
    sheet.write(0, -2);
    expect(sheet.wave()).toBe("1 2");
  });

  it("P2: a page that writes back what was there has not changed, however it writes", () => {
    const sheet = new Sheet(3);
    unwrap(sheet.graph.addEdge(0, 1, "data"));
    sheet.define(1, {
      run: (ctx) => {
        ctx.write(0, Uint8Array.of(9, 9, 9));
        ctx.setU8(15, 7);
        ctx.write(0, Uint8Array.of(1, 2, 3));
      },
    });
    sheet.derive(2, [1], () => 1);
    sheet.wave();
    const epoch = sheet.table.epoch[1]!;
    sheet.write(0, 4);
    sheet.wave();
    expect(sheet.table.epoch[1]).toBe(epoch);
    expect(sheet.log).toEqual([]);
  });

  it("P3: nested batches are one wave: however many writes, each page runs once", () => {
    const sheet = new Sheet(4);
    sheet.derive(3, [0, 1, 2], sum);
    sheet.wave();
    for (const page of [0, 1, 2, 0, 1]) sheet.write(page, page + 1);
    expect(sheet.wave()).toBe("3");
    expect(sheet.wave()).toBe("");
  });

  it("P4: a deep chain of a million pages", { timeout: 120_000 }, () => {
    const length = 1_000_000;
    const sheet = new Sheet(length + 1, 8);
    const next: RecomputeDefinition = { run: (ctx) => ctx.setF64(0, ctx.f64(0, 0) + 1) };
    sheet.registry.growNodes(length + 1);
    for (let page = 1; page <= length; page++) {
      unwrap(sheet.graph.addEdge(page - 1, page, "data"));
      sheet.define(page, next);
    }
    sheet.wave();
    sheet.write(0, 5);
    expect(unwrap(sheet.propagation.run())).toMatchObject({ recomputed: length, levels: length });
    expect(sheet.value(length)).toBe(length + 5);
  });

  it("P4: a wide fan of a million pages, out and in again", { timeout: 120_000 }, () => {
    const width = 1_000_000;
    const sheet = new Sheet(width + 2, 8);
    const copy: RecomputeDefinition = { run: (ctx) => ctx.setF64(0, ctx.f64(0, 0)) };
    sheet.registry.growNodes(width + 2);
    for (let page = 1; page <= width; page++) {
      unwrap(sheet.graph.addEdge(0, page, "data"));
      unwrap(sheet.graph.addEdge(page, width + 1, "data"));
      sheet.define(page, copy);
    }
    sheet.define(width + 1, { run: (ctx) => ctx.setF64(0, sum(ctx)) });
    sheet.wave();
    sheet.write(0, 2);
    expect(unwrap(sheet.propagation.run())).toMatchObject({ recomputed: width + 1, levels: 2 });
    expect(sheet.value(width + 1)).toBe(2 * width);
  });

  it("P5: cleanup: a page that is gone, or is no longer computed, is not run", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], sum);
    sheet.derive(2, [0], sum);
    sheet.derive(3, [0], sum);
    sheet.wave();
    sheet.propagation.forget(1);
    unwrap(sheet.table.destroy(1));
    sheet.define(2, undefined);
    sheet.write(0, 4);
    expect(sheet.wave()).toBe("3");
    expect(sheet.value(2)).toBe(0);
  });

  it("P6: counts the pages of a batch once where one of them fails", () => {
    const sheet = new Sheet(4);
    for (const page of [1, 2]) unwrap(sheet.graph.addEdge(0, page, "data"));
    for (const page of [1, 2, 3]) sheet.define(page, { kernel: { kind: "sum" } });
    sheet.write(0, 5);
    // page 3 has no input, and stands on the level above
    unwrap(sheet.graph.addEdge(0, 3, "control"));
    sheet.propagation.markDirty(3);
    expect(unwrap(sheet.propagation.run())).toMatchObject({ recomputed: 3, changed: 2, failed: 1 });
  });

  it("P6: error recovery: a throw fails the page and those below, keeps their bytes, lets the rest go on, and is over when an input changes", () => {
    const sheet = new Sheet(5);
    sheet.derive(1, [0], (ctx) => {
      ctx.setF64(0, 99);
      ctx.setF64(1, 98);
      if (ctx.f64(0, 0) === 2) throw new Error("two is too much");
      return ctx.f64(0, 0);
    });
    sheet.derive(2, [1], sum);
    sheet.derive(3, [2], sum);
    sheet.derive(4, [0], sum);
    sheet.write(0, 1);
    sheet.wave();
    const bytes = [1, 2, 3].map((page) => [...sheet.table.bytes(page)]);
    sheet.write(0, 2);
    expect(sheet.wave()).toBe("1 4");
    expect([1, 2, 3].map((page) => [...sheet.table.bytes(page)])).toEqual(bytes);
    expect(sheet.failure(1)).toMatchObject({ code: "RECOMPUTE_FAILED", place: { pageId: 2n } });
    expect(sheet.failure(1)?.message).toContain("two is too much");
    expect(sheet.failure(3)).toBe(sheet.failure(1));
    expect(sheet.failure(4)).toBeUndefined();
    sheet.write(0, 1);
    // The bytes of page 1 are those it had, and yet those below run again.
    expect(sheet.wave()).toBe("1 4 2 3");
    expect(sheet.propagation.failures.size).toBe(0);
  });

  it("P8: a read of an undeclared page, and a write outside the own page, name both pages", () => {
    const sheet = new Sheet(3);
    sheet.derive(1, [0], (ctx) => ctx.f64(ctx.inputOf(3n), 0));
    sheet.derive(2, [0], (ctx) => {
      ctx.setF64(2, 1);
      return 0;
    });
    sheet.wave();
    expect(sheet.failure(1)).toMatchObject({ code: "RECOMPUTE_UNDECLARED_READ" });
    expect(sheet.failure(1)?.message).toMatch(/page 2 reads page 3/);
    expect(sheet.failure(2)).toMatchObject({ code: "DELTA_RANGE" });
    sheet.derive(2, [], (ctx) => ctx.f64(1, 0));
    sheet.wave();
    expect(sheet.failure(2)?.message).toMatch(/input 1 of 1/);
  });

  it("P9: of the pages of a level the higher priority runs first", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], sum, { priority: -1 });
    sheet.derive(2, [0], sum);
    sheet.derive(3, [0], sum, { priority: 5 });
    expect(sheet.wave()).toBe("3 2 1");
  });

  it("P10: a pull page is computed when it is read, or when a page that is not depends on it", () => {
    const sheet = new Sheet(4);
    sheet.derive(1, [0], sum, { lazy: true });
    sheet.derive(2, [1], sum, { lazy: true });
    sheet.write(0, 3);
    expect(sheet.wave()).toBe("");
    expect([sheet.propagation.isStale(1), sheet.propagation.isStale(2)]).toEqual([true, true]);
    sheet.log.length = 0;
    unwrap(sheet.propagation.pull(2));
    expect(sheet.log.join(" ")).toBe("1 2");
    expect(sheet.value(2)).toBe(3);
    sheet.log.length = 0;
    unwrap(sheet.propagation.pull(2));
    expect(sheet.log).toEqual([]);
    sheet.write(0, 4);
    sheet.wave();
    sheet.derive(3, [2], sum);
    expect(sheet.wave()).toBe("1 2 3");
    sheet.write(0, 5);
    expect(sheet.wave()).toBe("1 2 3");
  });

  it("P11: a control edge orders, and carries no change", () => {
    const sheet = new Sheet(3);
    unwrap(sheet.graph.addEdge(2, 1, "control"));
    sheet.derive(1, [0], sum);
    sheet.derive(2, [0], sum);
    sheet.wave();
    sheet.write(0, 1);
    expect(sheet.wave()).toBe("2 1");
    sheet.define(2, undefined);
    sheet.wave();
    sheet.write(2, 9);
    expect(sheet.wave()).toBe("");
  });

  it("P12: it is cancelled between two levels and gone on with by the next one", () => {
    const sheet = new Sheet(4);
    const signal = { aborted: false };
    sheet.derive(1, [0], (ctx) => {
      signal.aborted = true;
      return ctx.f64(0, 0);
    });
    sheet.derive(2, [1], sum);
    sheet.derive(3, [2], sum);
    sheet.write(0, 4);
    expect(sheet.propagation.run({ signal })).toMatchObject({ ok: false, error: { code: "CANCELLED" } });
    expect([sheet.value(1), sheet.value(2)]).toEqual([4, 0]);
    expect(sheet.wave()).toBe("2 3");
    expect(sheet.value(3)).toBe(4);
  });

  it("P12: a wide level that left its dependents to a sweep is gone on with as well", () => {
    const width = 200;
    const sheet = new Sheet(1 + 2 * width, 8);
    const copy: RecomputeDefinition = { run: (ctx) => ctx.setF64(0, ctx.f64(0, 0)) };
    for (let i = 1; i <= width; i++) {
      unwrap(sheet.graph.addEdge(0, i, "data"));
      unwrap(sheet.graph.addEdge(i, width + i, "data"));
      sheet.define(i, copy);
      sheet.define(width + i, copy);
    }
    sheet.wave();
    for (const value of [1, 2, 3]) {
      sheet.write(0, value);
      const stopped = sheet.propagation.run({ budget: width });
      expect(stopped).toMatchObject({ ok: false, error: { code: "WAVE_BUDGET" } });
      expect([sheet.value(width), sheet.value(2 * width)]).toEqual([value, value - 1]);
      unwrap(sheet.propagation.run());
      expect(sheet.value(2 * width)).toBe(value);
    }
  });

  it("P1: an edge that leads further than those of its level did, and lifts no page, is swept along", () => {
    const width = 200;
    const sheet = new Sheet(2 * width + 4, 8);
    const counts = new Map<number, number>();
    for (let i = 0; i < width; i++) sheet.derive(width + i, [i], () => 1);
    const [source, ...chain] = [0, 1, 2, 3].map((i) => 2 * width + i);
    for (const [i, page] of chain.entries()) sheet.derive(page, [source! + i], sum);
    sheet.wave();
    const last = chain[2]!;
    for (const round of [1, 2, 3]) {
      for (let i = 0; i < width; i++) sheet.write(i, round);
      sheet.wave();
    }
    unwrap(sheet.graph.addEdge(5, last, "data"));
    for (const value of [7, 8]) {
      for (let i = 0; i < width; i++) sheet.write(i, value);
      counts.set(value, sheet.wave().split(" ").length);
      expect(sheet.value(last)).toBe(value);
    }
    expect([...counts.values()]).toEqual([width + 1, width + 1]);
  });

  it("R3: a page of a level that was swept whole gets another recompute, and another, and none", () => {
    const width = 200;
    const sheet = new Sheet(1 + 2 * width, 8);
    const times = (factor: number): RecomputeDefinition => ({
      run: (ctx) => ctx.setF64(0, factor * ctx.f64(0, 0)),
    });
    const [once, twice, thrice] = [times(1), times(2), times(3)];
    for (let i = 1; i <= width; i++) {
      unwrap(sheet.graph.addEdge(0, i, "data"));
      unwrap(sheet.graph.addEdge(i, width + i, "data"));
      sheet.define(i, once);
      sheet.define(width + i, once);
    }
    const some = [width + 1, width + 100, 2 * width];
    for (const [round, definition] of [once, twice, thrice, once, undefined].entries()) {
      for (const page of some) sheet.define(page, definition);
      for (const value of [10 * round + 1, 10 * round + 2]) {
        const before = some.map((page) => sheet.value(page));
        sheet.write(0, value);
        unwrap(sheet.propagation.run());
        const factor = definition === once ? 1 : definition === twice ? 2 : 3;
        const wanted = definition === undefined ? before : some.map(() => factor * value);
        expect(some.map((page) => sheet.value(page))).toEqual(wanted);
        expect([sheet.value(width + 2), sheet.value(2 * width - 1)]).toEqual([value, value]);
      }
    }
  });

  it.each([false, true])(
    "P6: kernels of a wide level go on beside pages that fail, logged: %s",
    (isLogged) => {
      const width = 100;
      const sheet = new Sheet(2 + 2 * width, 8, isLogged);
      const [a, b] = [0, 1];
      const upper = (i: number) => 2 + i;
      const lower = (i: number) => 2 + width + i;
      const total: RecomputeDefinition = { kernel: { kind: "sum", element: "f64" } };
      for (let i = 0; i < width; i++) {
        for (const input of i % 3 === 0 ? [a, b] : [a]) unwrap(sheet.graph.addEdge(input, upper(i), "data"));
        sheet.define(upper(i), total);
        for (const input of [upper(i), upper((i * 7) % width)])
          if (!sheet.graph.has(input, lower(i), "data")) unwrap(sheet.graph.addEdge(input, lower(i), "data"));
        sheet.define(lower(i), total);
      }
      const failing = upper(14);
      sheet.define(failing, {
        run: (ctx) => {
          if (ctx.f64(0, 0) < 0) throw new Error("negative");
          ctx.setF64(0, ctx.f64(0, 0));
        },
      });
      sheet.wave();
      let kept = 0;
      for (const [first, second] of [
        [3, 4],
        [-1, 2],
        [-2, 2],
        [-2, 5],
        [6, 5],
        [7, 5],
      ] as const) {
        sheet.write(a, first);
        sheet.write(b, second);
        const counts = unwrap(sheet.propagation.run());
        const above = Array.from({ length: width }, (_, i) => (i % 3 === 0 ? first + second : first));
        if (first < 0) above[14] = kept;
        else kept = first;
        const isBlocked = (i: number) => first < 0 && (i === 14 || (i * 7) % width === 14);
        expect(Array.from({ length: width }, (_, i) => sheet.value(upper(i)))).toEqual(above);
        for (let i = 0; i < width; i++) {
          if (isBlocked(i)) continue;
          const inputs = new Set([i, (i * 7) % width]);
          expect(sheet.value(lower(i))).toBe([...inputs].reduce((sum, input) => sum + above[input]!, 0));
        }
        expect(sheet.propagation.failures.size).toBe(first < 0 ? 3 : 0);
        expect(counts.failed + counts.blocked).toBeLessThanOrEqual(3);
      }
    },
  );

  it("does not start within a recompute", () => {
    const sheet = new Sheet(2);
    let inner: unknown;
    sheet.derive(1, [0], () => {
      inner = sheet.propagation.run();
      return 1;
    });
    sheet.wave();
    expect(inner).toMatchObject({ ok: false, error: { code: "TRANSACTION_STATE" } });
  });
});
