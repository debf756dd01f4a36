import { describe, expect, it } from "vitest";
import { extentOf, runKernel } from "../../../engine/device/cpu-kernels.ts";
import { ElementType, Kernel, KernelFunction, type KernelJob } from "../../../engine/device/kernel-batch.ts";

const NO = { function: KernelFunction.None, inner: 0, columns: 0, scale: 0, bias: 0, out: 0, a: 0, b: 0 };
const bytesOf = (values: { buffer: ArrayBufferLike }) => new Uint8Array(values.buffer);

function run<T extends Float32Array | Float64Array | Int32Array | Uint32Array>(
  job: Omit<KernelJob, "out" | "a" | "b" | "count"> & { count?: number },
  out: T,
  a: Float32Array | Float64Array | Int32Array,
  b: Float32Array | Float64Array | Int32Array = a,
): T {
  runKernel({ ...NO, count: a.length, ...job }, bytesOf(out), bytesOf(a), bytesOf(b));
  return out;
}

const { F32, F64, I32 } = ElementType;

describe("sum (F1)", () => {
  it("joins 256 lanes in order and then in halves, rounding each addition", () => {
    // Lane 0 takes 2^24, then 1 (lost to rounding); lane 1 holds 1: joined last, lost as well. From the left it would be the same, but in
    // lane order the two small ones never meet.
    const a = new Float32Array(257);
    a[0] = 2 ** 24;
    a[1] = 1;
    a[256] = 1;
    expect(run({ kernel: Kernel.Sum, type: F32 }, new Float32Array(1), a)[0]).toBe(2 ** 24);
    // Lanes 1 and 129 meet first (w = 128): their 2 is not lost.
    a[256] = 0;
    a[129] = 1;
    expect(run({ kernel: Kernel.Sum, type: F32 }, new Float32Array(1), a)[0]).toBe(2 ** 24 + 2);
  });

  it("wraps whole numbers, and of nothing is zero", () => {
    expect(run({ kernel: Kernel.Sum, type: I32 }, new Int32Array(1), Int32Array.of(0x7fff_ffff, 1))[0]).toBe(
      -0x8000_0000,
    );
    expect(run({ kernel: Kernel.Sum, type: F64 }, new Float64Array(1), new Float64Array(0))[0]).toBe(0);
  });
});

describe("min and max (F1)", () => {
  it("let a NaN win and know the zeros apart", () => {
    const min = (a: Float64Array) => run({ kernel: Kernel.Min, type: F64 }, new Float64Array(1), a)[0];
    const max = (a: Float64Array) => run({ kernel: Kernel.Max, type: F64 }, new Float64Array(1), a)[0];
    expect(min(Float64Array.of(3, Number.NaN, 1))).toBeNaN();
    expect(Object.is(min(Float64Array.of(0, -0)), -0)).toBe(true);
    expect(Object.is(max(Float64Array.of(-0, 0)), 0)).toBe(true);
    expect(min(new Float64Array(0))).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("map and zip (F2, F3)", () => {
  it("cut the roots of whole numbers; those below zero have none", () => {
    const root = { kernel: Kernel.Map, function: KernelFunction.SquareRoot, type: I32 };
    expect([...run(root, new Int32Array(3), Int32Array.of(9, 15, -4))]).toEqual([3, 3, 0]);
  });

  it("rounds after each operation: no contraction", () => {
    // 0.1f * 3f = 0.3000000119…, rounded to f32 before 1 is added
    const a = Float32Array.of(0.1);
    const affine = {
      kernel: Kernel.Map,
      function: KernelFunction.Affine,
      type: F32,
      scale: 3,
      bias: 1,
    } as const;
    expect(run(affine, new Float32Array(1), a)[0]).toBe(Math.fround(Math.fround(Math.fround(0.1) * 3) + 1));
  });

  it("stores the canonical NaN, whatever made it", () => {
    const root = { kernel: Kernel.Map, function: KernelFunction.SquareRoot, type: F32 } as const;
    expect(new Uint32Array(run(root, new Float32Array(1), Float32Array.of(-1)).buffer)[0]).toBe(0x7fc0_0000);
    const divide = { kernel: Kernel.Zip, function: KernelFunction.Divide, type: F64 } as const;
    const zeros = Float64Array.of(0);
    expect(new BigUint64Array(run(divide, new Float64Array(1), zeros, zeros).buffer)[0]).toBe(0x7ff8n << 48n);
  });

  it("divides whole numbers towards zero, by zero to zero, and wraps", () => {
    const divide = { kernel: Kernel.Zip, function: KernelFunction.Divide, type: I32 } as const;
    const a = Int32Array.of(7, -7, 5, -0x8000_0000);
    expect([...run(divide, new Int32Array(4), a, Int32Array.of(2, 2, 0, -1))]).toEqual([
      3, -3, 0, -0x8000_0000,
    ]);
  });
});

describe("scan (F4)", () => {
  it("is the running sum where nothing is rounded", () => {
    const a = Int32Array.from({ length: 3000 }, (_, i) => i * 7919);
    let sum = 0;
    const expected = a.map((x) => {
      sum = (sum + x) | 0;
      return sum;
    });
    expect(run({ kernel: Kernel.Scan, type: I32 }, new Int32Array(3000), a)).toEqual(expected);
  });

  it("adds a tile's running sum to what stands before the tile", () => {
    const a = new Float32Array(64);
    a[0] = 2 ** 24;
    a[32] = 1;
    a[33] = 1;
    const out = run({ kernel: Kernel.Scan, type: F32 }, new Float32Array(64), a);
    expect([out[31], out[32], out[33]]).toEqual([2 ** 24, 2 ** 24, 2 ** 24 + 2]);
  });
});

describe("matmul (F5) and histogram (F6)", () => {
  it("multiplies row by column", () => {
    const job = { kernel: Kernel.Matmul, type: F64, count: 2, inner: 3, columns: 2 } as const;
    const a = Float64Array.of(1, 2, 3, 4, 5, 6);
    const b = Float64Array.of(7, 8, 9, 10, 11, 12);
    expect([...run(job, new Float64Array(4), a, b)]).toEqual([58, 64, 139, 154]);
  });

  it("counts, and drops what falls outside", () => {
    const job = { kernel: Kernel.Histogram, type: F32, columns: 4, scale: 2, bias: 1 } as const;
    const a = Float32Array.of(1, 1.4, 1.5, 2.99, 3, 0.9, Number.NaN, Number.POSITIVE_INFINITY);
    expect([...run(job, new Uint32Array(4), a)]).toEqual([2, 1, 0, 1]);
  });
});

it("knows what a job needs, and what is no job", () => {
  const job = { ...NO, kernel: Kernel.Matmul, type: F32, count: 3, inner: 4, columns: 5 } as const;
  expect(extentOf(job)).toEqual({ out: 60, a: 48, b: 80 });
  expect(extentOf({ ...job, kernel: Kernel.Zip })).toBeUndefined();
  expect(extentOf({ ...job, kernel: Kernel.Map, function: 99 as KernelFunction })).toBeUndefined();
  expect(extentOf({ ...job, type: 9 as ElementType })).toBeUndefined();
});
