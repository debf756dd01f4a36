import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DependencyGraph } from "../../../engine/graph/dependency-graph.ts";
import { checkKernel } from "../../../engine/graph/kernels/check-kernel.ts";
import type { KernelElement, KernelSpec } from "../../../engine/graph/kernels/kernel-spec.ts";
import { Propagation } from "../../../engine/graph/propagation.ts";
import { checkDefinition, RecomputeRegistry } from "../../../engine/graph/registry.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";

const ARRAYS = { f64: Float64Array, f32: Float32Array, i32: Int32Array, u32: Uint32Array };

/** Runs a kernel over pages of these elements; `out` elements of the result, or the error it failed with. */
function run(
  spec: KernelSpec,
  inputs: readonly (readonly number[])[],
  out: number,
  as: KernelElement = "f64",
) {
  const element = ("element" in spec ? spec.element : undefined) ?? "f64";
  const table = new PageTable();
  const graph = new DependencyGraph(table);
  const registry = new RecomputeRegistry(16, 16);
  const propagation = new Propagation(graph, registry);
  const width = ARRAYS[as].BYTES_PER_ELEMENT;
  const slots = inputs.map((values) => {
    const bytes = new Uint8Array(ARRAYS[element].from(values).buffer);
    return unwrap(table.create({ sizeBytes: bytes.length, bytes }));
  });
  const page = unwrap(table.create({ sizeBytes: out * width }));
  graph.enter(page);
  for (const slot of slots) unwrap(graph.addEdge(slot, page, "data"));
  registry.setPage(page, "", { kernel: spec });
  propagation.markDirty(page);
  unwrap(propagation.run());
  return propagation.failures.errors.get(page)?.code ?? [...new ARRAYS[as](table.bytes(page).slice().buffer)];
}

describe("the built-in kernels", () => {
  it("sum, min and max over inputs, element by element", () => {
    expect(
      run(
        { kind: "sum" },
        [
          [1, 2],
          [10, 20],
          [100, 200],
        ],
        2,
      ),
    ).toEqual([111, 222]);
    expect(
      run(
        { kind: "min" },
        [
          [5, 2],
          [3, 9],
        ],
        2,
      ),
    ).toEqual([3, 2]);
    expect(
      run(
        { kind: "max" },
        [
          [5, 2],
          [3, 9],
        ],
        2,
      ),
    ).toEqual([5, 9]);
  });

  it("sum over elements, from the first of the first input on", () => {
    expect(run({ kind: "sum", over: "elements" }, [[1, 2, 3], [4]], 1)).toEqual([10]);
    expect(run({ kind: "sum", over: "elements" }, [[2 ** 53, 1, 1]], 1)).toEqual([2 ** 53]);
    expect(run({ kind: "sum", over: "elements", element: "f32" }, [[2 ** 24, 1, 1]], 1, "f32")).toEqual([
      2 ** 24,
    ]);
  });

  it("map", () => {
    expect(run({ kind: "map", operation: "affine", scale: 3, offset: 1 }, [[1, 2]], 2)).toEqual([4, 7]);
    expect(run({ kind: "map", operation: "relu" }, [[-1, 2]], 2)).toEqual([0, 2]);
    expect(run({ kind: "map", operation: "sqrt" }, [[9, 16]], 2)).toEqual([3, 4]);
    expect(run({ kind: "map", operation: "square", element: "u32" }, [[65_536, 65_537]], 2, "u32")).toEqual([
      0, 131_073,
    ]);
  });

  it("zip; integers wrap, a division by zero gives zero", () => {
    expect(
      run(
        { kind: "zip", operation: "subtract" },
        [
          [5, 6],
          [1, 2],
        ],
        2,
      ),
    ).toEqual([4, 4]);
    expect(run({ kind: "zip", operation: "add", element: "i32" }, [[2 ** 31 - 1], [1]], 1, "i32")).toEqual([
      -(2 ** 31),
    ]);
    expect(
      run(
        { kind: "zip", operation: "divide", element: "i32" },
        [
          [7, 7],
          [0, -2],
        ],
        2,
        "i32",
      ),
    ).toEqual([0, -3]);
    expect(
      run({ kind: "zip", operation: "multiply", element: "u32" }, [[0xffff_ffff], [3]], 1, "u32"),
    ).toEqual([0xffff_fffd]);
  });

  it("zip takes operands in the order that is asked for", () => {
    expect(run({ kind: "zip", operation: "subtract", operands: [2n, 1n] }, [[5], [1]], 1)).toEqual([-4]);
    expect(run({ kind: "zip", operation: "subtract", operands: [2n, 9n] }, [[5], [1]], 1)).toBe(
      "RECOMPUTE_UNDECLARED_READ",
    );
  });

  it("matmul rounds after every operation", () => {
    expect(
      run(
        { kind: "matmul", rows: 2, inner: 2, columns: 1 },
        [
          [1, 2, 3, 4],
          [5, 6],
        ],
        2,
      ),
    ).toEqual([17, 39]);
    const prng = new Prng(3);
    const a = Array.from({ length: 12 }, () => Math.fround(prng.normal()));
    const b = Array.from({ length: 8 }, () => Math.fround(prng.normal()));
    const wanted = Array.from({ length: 6 }, (_, at) => {
      let sum = 0;
      for (let p = 0; p < 4; p++)
        sum = Math.fround(sum + Math.fround(a[(at >> 1) * 4 + p]! * b[p * 2 + (at & 1)]!));
      return sum;
    });
    expect(run({ kind: "matmul", rows: 3, inner: 4, columns: 2, element: "f32" }, [a, b], 6, "f32")).toEqual(
      wanted,
    );
  });

  it("scan, histogram and copy", () => {
    expect(run({ kind: "scan" }, [[1, 2, 3]], 3)).toEqual([1, 3, 6]);
    expect(
      run({ kind: "histogram", low: 0, high: 4 }, [[0, 0.5, 1, 3.9, 4, -1, Number.NaN]], 4, "u32"),
    ).toEqual([2, 1, 0, 1]);
    expect(run({ kind: "copy" }, [[7, 8, 9]], 2)).toEqual([7, 8]);
  });

  it("fails a page whose inputs are missing or too short", () => {
    expect(run({ kind: "sum" }, [[1]], 2)).toBe("DELTA_RANGE");
    expect(run({ kind: "zip", operation: "add" }, [[1]], 1)).toBe("DELTA_RANGE");
    expect(
      run(
        { kind: "matmul", rows: 2, inner: 2, columns: 2 },
        [
          [1, 2],
          [1, 2],
        ],
        4,
      ),
    ).toBe("DELTA_RANGE");
    expect(run({ kind: "copy" }, [], 1)).toBe("DELTA_RANGE");
  });

  it("refuses what is no kernel or no recompute", () => {
    const refused = [
      { kind: "fft" },
      { kind: "map", operation: "cube" },
      { kind: "zip", operation: "power" },
      { kind: "matmul", rows: 0, inner: 1, columns: 1 },
      { kind: "histogram", low: 1, high: 1 },
      { kind: "sum", element: "f16" },
      { kind: "sum", over: "moon" },
      { kind: "copy", operands: [-1n] },
    ];
    for (const spec of refused)
      expect(checkKernel(spec as KernelSpec).ok, JSON.stringify(spec.kind)).toBe(false);
    const run = () => undefined;
    const bad = [
      { run, priority: 0.5 },
      { run, name: "x".repeat(2000) },
      { columns: run, inputs: 99 },
      {},
      { kernel: { kind: "copy" }, discover: true },
    ];
    for (const definition of bad)
      expect(checkDefinition(definition as never)).toMatchObject({ error: { code: "ARGUMENT_INVALID" } });
  });
});
