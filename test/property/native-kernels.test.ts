// Law: the addon computes every built-in kernel of the graph to the bit as the TypeScript reference does, and refuses the same pages. Every NaN that is stored is
// the canonical one.
import { describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import type { KernelBatch } from "../../engine/graph/kernels/kernel-runner.ts";
import { nativeKernels } from "../../engine/graph/kernels/native-kernels.ts";
import { referenceKernels } from "../../engine/graph/kernels/reference-kernels.ts";
import { expectRefusals } from "../helpers/expect-refusals.ts";
import { addon, fillElements, randomBatch, viewsOf } from "../helpers/kernel-batches.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260117);

/** The same batch with an output of its own. */
function twinOf(batch: KernelBatch): KernelBatch {
  return { ...batch, out: viewsOf([batch.out.bytes.slice()])[0]!, refused: batch.refused.slice() };
}

/** The row's bytes. */
function resultOf({ slot, size, out, outAt }: KernelBatch, row: number): Uint8Array {
  return out.bytes.slice(outAt[row]!, outAt[row]! + size[slot[row]!]!);
}

describe("the addon's kernels", () => {
  it("give the bits of the reference on random batches", (ctx) => {
    const native = nativeKernels(addon(ctx));
    const seen = new Set<string>();
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const batch = randomBatch(new Prng(seed + round));
      const twin = twinOf(batch);
      referenceKernels.run(batch);
      native.run(twin);
      const { spec } = batch;
      const told = `MMSB_SEED=${seed + round}: ${JSON.stringify(spec)}`;
      expect(twin.refused, told).toEqual(batch.refused);
      for (let row = 0; row < batch.rows; row++) {
        if (batch.refused[row] !== 0) {
          refused++;
          continue;
        }
        seen.add(
          `${spec.kind} ${"element" in spec ? spec.element : ""} ${"operation" in spec ? spec.operation : ""}`,
        );
        if (Buffer.compare(resultOf(twin, row), resultOf(batch, row)) !== 0)
          expect(resultOf(twin, row), `${told}, row ${row}`).toEqual(resultOf(batch, row));
      }
    }
    // sum, min, max, matmul, scan, histogram; map and zip with six operations each; all with four elements; copy
    expect(seen.size).toBe((6 + 12) * 4 + 1);
    expect(refused).toBeGreaterThan(100);
  });

  it("sum pages that are longer than the piece they work on", (ctx) => {
    const native = nativeKernels(addon(ctx));
    const bytes = 8 * 5000;
    const arenas = viewsOf([new Uint8Array(3 * bytes)]);
    fillElements(arenas[0]!, "f64", new Prng(seed));
    const batch: KernelBatch = {
      spec: { kind: "sum" },
      rows: 1,
      slot: Uint32Array.of(0),
      inputStart: Uint32Array.of(0, 3),
      inputs: Uint32Array.of(2, 0, 1),
      arenas,
      arena: new Uint16Array(3),
      arenaOffset: Uint32Array.of(0, bytes, 2 * bytes),
      size: new Uint32Array(3).fill(bytes),
      out: viewsOf([new Uint8Array(bytes)])[0]!,
      outAt: new Uint32Array(1),
      refused: new Uint8Array(1),
    };
    const twin = twinOf({ ...batch, spec: { kind: "sum", element: "f64" } });
    referenceKernels.run(batch);
    native.run(twin);
    expect(Buffer.compare(resultOf(twin, 0), resultOf({ ...batch, spec: twin.spec }, 0))).toBe(0);
  });

  it("refuse hostile arguments with a typed error", (ctx) => {
    const native = addon(ctx);
    const good = () => [
      [new Uint8Array(128)],
      new Uint16Array(2),
      Uint32Array.of(0, 64),
      Uint32Array.of(16, 64),
      0,
      0,
      0,
      new Float64Array(3),
      Uint32Array.of(0),
      1,
      Uint32Array.of(0, 1),
      Uint32Array.of(1),
      new Uint8Array(16),
      Uint32Array.of(0),
      new Uint8Array(1),
    ];
    const call = native.runKernel as unknown as (...args: unknown[]) => unknown;
    const odd = new Uint8Array(new ArrayBuffer(200), 1, 128);
    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    const wrong: [number, unknown][] = [
      [0, [odd]],
      [0, [new Uint8Array(100)]],
      [0, []],
      [1, Uint16Array.of(0, 1)],
      [1, new Uint16Array(1)],
      [2, Uint32Array.of(0, 0xffff_fff8)],
      [2, Uint32Array.of(0, 60)],
      [3, Uint32Array.of(16, 65)],
      [3, Uint32Array.of(17, 64)],
      [4, 9],
      [4, -1],
      [5, 4],
      [6, 2],
      [7, new Float64Array(2)],
      [8, Uint32Array.of(2)],
      [8, new Uint32Array(0)],
      [9, 2],
      [9, Number.NaN],
      [9, 2 ** 32 - 1],
      [10, Uint32Array.of(0)],
      [10, Uint32Array.of(1, 0)],
      [10, Uint32Array.of(0, 2)],
      [10, Uint32Array.of(0xffff_ffff, 0xffff_ffff)],
      [11, Uint32Array.of(0xffff_ffff)],
      [11, Uint32Array.of(2)],
      [12, new Uint8Array(15)],
      [12, odd],
      [12, detached],
      [13, Uint32Array.of(8)],
      [13, Uint32Array.of(4)],
      [13, Uint32Array.of(0xffff_fff8)],
      [14, new Uint8Array(0)],
    ];
    for (let position = 0; position < good().length; position++) wrong.push([position, []]);
    expectRefusals(call, good, wrong);
  });
});
