import { expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { Propagation } from "../../../engine/graph/propagation.ts";
import type { RecomputeContext, RecomputeDefinition } from "../../../engine/graph/recompute.ts";
import { checkDefinition, RecomputeRegistry } from "../../../engine/graph/registry.ts";
import type { WaveRecord } from "../../../engine/graph/wave-sink.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

/** Pages `[0, inputs)` of the given sizes, each an input of the page behind them. */
function sheetOf(definition: RecomputeDefinition, sizes: readonly number[], isLogged = false, ownBytes = 8) {
  const waves: string[] = [];
  const table = new PageTable();
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(64, 64);
  const sink = {
    begin: () => 7,
    stopped: () => undefined,
    end: ({ rows: { deltas, before } }: WaveRecord) => {
      for (let row = 0; row < deltas.count; row++) {
        const at = deltas.payloadStart[row]!;
        const end = at + deltas.rowBytes(row);
        const run = deltas.runStart[row]!;
        const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, end)).toString("hex");
        waves.push(
          `${deltas.slot[row]}+${deltas.runOffset[run]}: ${hex(before)} -> ${hex(deltas.payload)}, ${deltas.flags[row]}, ${deltas.cause[row]}, ${deltas.source[row]}`,
        );
      }
      return true;
    },
  };
  const propagation = new Propagation(graph, registry, isLogged ? sink : undefined);
  const own = sizes.length;
  for (const sizeBytes of [...sizes, ownBytes]) graph.enter(unwrap(table.create({ sizeBytes })));
  for (let input = 0; input < own; input++) unwrap(graph.addEdge(input, own, "data"));
  registry.setPage(own, "", definition);
  return {
    waves,
    propagation,
    registry,
    set(page: number, value: number) {
      new Float64Array(table.bytes(page).buffer, table.bytes(page).byteOffset, 1)[0] = value;
      propagation.touch(page);
    },
    setBytes(page: number, bytes: readonly number[]) {
      table.bytes(page).set(bytes);
      propagation.touch(page);
    },
    wave: () => unwrap(propagation.run()),
    value: () => new Float64Array(table.bytes(own).slice(0, 8).buffer)[0]!,
    bytes: () => [...table.bytes(own)],
    failure: () => propagation.failures.errors.get(own),
  };
}

const sum = (...inputs: number[]) => inputs.reduce((total, value) => total + value, 0.5);

it("is given element 0 of every input, however many there are, and makes element 0 of the page", () => {
  for (let inputs = 0; inputs <= 7; inputs++) {
    const sheet = sheetOf(
      { formula: (...values) => 1000 * values.length + sum(...values) },
      Array.from({ length: inputs }, (_, i) => 8 + 8 * i),
    );
    for (let input = 0; input < inputs; input++) sheet.set(input, 10 ** -input);
    sheet.propagation.markDirty(inputs);
    sheet.wave();
    const expected = sum(...Array.from({ length: inputs }, (_, i) => 10 ** -i));
    expect(sheet.value()).toBe(1000 * inputs + expected);
  }
});

it("P2: cuts a wave off where its bits are those that stand there, also of zeros and NaNs", () => {
  for (const isLogged of [false, true]) {
    const sheet = sheetOf({ formula: (value) => value! }, [8], isLogged);
    const changes = [0, -0, -0, 0, Number.NaN, Number.NaN, 1, 1, Number.POSITIVE_INFINITY].map((value) => {
      sheet.set(0, value);
      const { changed } = sheet.wave();
      expect(Object.is(sheet.value(), value)).toBe(true);
      return changed;
    });
    expect(changes).toEqual([0, 1, 0, 1, 1, 0, 1, 0, 1]);
  }
});

it("R1: is logged as the same writes of a function are, byte for byte", () => {
  const values = [3, -0, 0, Number.NaN, 1e300, 1e300, -1, 0];
  const logs = [
    { name: "n", formula: (a: number | undefined, b: number | undefined) => a! + b! },
    { name: "n", run: (ctx: RecomputeContext) => ctx.setF64(0, ctx.f64(0, 0) + ctx.f64(1, 0)) },
  ].map((definition) => {
    const sheet = sheetOf(definition as RecomputeDefinition, [8, 16], true, 24);
    for (const value of values) {
      sheet.set(0, value);
      sheet.set(1, -0);
      sheet.wave();
    }
    return sheet.waves;
  });
  expect(logs[0]).toEqual(logs[1]);
  expect(logs[0]![0]).toBe("2+0: 0000000000000000 -> 0000000000000840, 4, 7, 1");
});

it("P6: what throws or returns no number fails, keeps the bytes, and is run again when an input changes", () => {
  for (const isLogged of [false, true]) {
    let result: unknown = 4;
    const formula = () => {
      if (result instanceof Error) throw result;
      return result as number;
    };
    const sheet = sheetOf({ name: "odd", formula }, [8], isLogged);
    const change = (next: unknown) => {
      result = next;
      sheet.set(0, Math.random());
      sheet.wave();
    };
    change(4);
    for (const wrong of [undefined, null, "5", 5n, {}]) {
      change(wrong);
      expect(sheet.failure()).toMatchObject({ code: "RECOMPUTE_FAILED" });
      expect(sheet.failure()?.message).toMatch(/^the formula returned/);
      expect(sheet.value()).toBe(4);
    }
    change(new Error("not today"));
    expect(sheet.failure()?.message).toContain("recompute 'odd' of page 2 threw: not today");
    change(6);
    expect([sheet.failure(), sheet.value()]).toEqual([undefined, 6]);
  }
});

it("P8: an input or a page without room for a number is refused", () => {
  for (const [input, own] of [
    [4, 8],
    [8, 4],
    [0, 8],
  ] as const) {
    const sheet = sheetOf({ formula: (value) => value! + 1 }, [input], false, own);
    sheet.propagation.markDirty(1);
    sheet.wave();
    expect(sheet.failure()).toMatchObject({ code: "DELTA_RANGE" });
    expect(sheet.bytes()).toEqual(Array.from({ length: own }, () => 0));
  }
});

it("stands alone, and is no number", () => {
  const bad: unknown[] = [
    { formula: 5 },
    { formula: () => 1, discover: true },
    { formula: () => 1, run: () => undefined },
    { formula: () => 1, module: "./x.js" },
  ];
  for (const definition of bad) {
    const checked = checkDefinition(definition as RecomputeDefinition);
    expect(checked).toMatchObject({ ok: false, error: { code: "ARGUMENT_INVALID" } });
  }
  expect(checkDefinition({ formula: () => 1, lazy: true, priority: 3 }).ok).toBe(true);
});
