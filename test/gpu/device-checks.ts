// What must hold between two backends, and of recordings: kernels give the same bits, a recording the same state hash.
import type { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { elementBytes, extentOf } from "../../engine/device/cpu-kernels.ts";
import type { DeviceBackend } from "../../engine/device/device-backend.ts";
import { DeviceMemory } from "../../engine/device/device-memory.ts";
import { DevicePages } from "../../engine/device/device-pages.ts";
import {
  ElementType,
  Kernel,
  KernelBatch,
  KernelFunction,
  type KernelJob,
} from "../../engine/device/kernel-batch.ts";
import { ArenaViews } from "../../engine/graph/arena-views.ts";
import type { KernelBatch as GraphBatch, KernelRunner } from "../../engine/graph/kernels/kernel-runner.ts";
import { referenceKernels } from "../../engine/graph/kernels/reference-kernels.ts";
import type { RecordSource } from "../../engine/log/record-source.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { DeviceKernels } from "../../engine/session/device-kernels.ts";
import { replayOnDevice } from "../../engine/session/device-replay.ts";
import { fillElements, randomSpec, viewsOf } from "../helpers/kernel-batches.ts";
import { draw, type Expect } from "./backend-checks.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Elements of all kinds: numbers of many sizes, zeros of both signs, infinities, NaN, numbers too small to be normal. */
function elements(random: Prng, type: ElementType, count: number): Uint8Array {
  const odd = [0, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e-320, -1e-40];
  const bytes = new Uint8Array(count * elementBytes(type));
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) {
    const number =
      random.below(20) === 0 ? random.pick(odd) : (random.float() - 0.5) * 2 ** (random.below(80) - 40);
    if (type === ElementType.F32) view.setFloat32(i * 4, number, true);
    else if (type === ElementType.F64) view.setFloat64(i * 8, number, true);
    else if (type === ElementType.U32) view.setUint32(i * 4, random.u32() >>> random.below(32), true);
    else view.setInt32(i * 4, random.below(10) === 0 ? random.below(3) - 1 : random.u32() | 0, true);
  }
  return bytes;
}

function randomJob(random: Prng): Required<Omit<KernelJob, "out" | "a" | "b">> {
  for (;;) {
    const kernel = random.pick(Object.values(Kernel));
    const isMatmul = kernel === Kernel.Matmul;
    const job = {
      kernel,
      function: random.pick(Object.values(KernelFunction)),
      type: random.pick(Object.values(ElementType)),
      count: isMatmul ? 1 + random.below(20) : random.pick([1, 31, 32, 33, 255, 257, 1000, 1024, 1025, 5000]),
      inner: isMatmul ? random.below(40) : 0,
      columns: 1 + random.below(40),
      scale: random.below(7) - 3,
      bias: random.below(7) - 3,
    };
    if (extentOf({ ...job, out: 0, a: 0, b: 0 }) !== undefined) return job;
  }
}

/** Random batches of jobs on both backends: every output page is the same, bit for bit. */
export function checkKernels(
  backend: DeviceBackend,
  oracle: DeviceBackend,
  random: Prng,
  rounds: number,
  expect: Expect,
): void {
  for (let round = 0; round < rounds; round++) {
    const jobs = Array.from({ length: 1 + random.below(8) }, () => randomJob(random));
    const inputs = jobs.map((job) => {
      const need = extentOf({ ...job, out: 0, a: 0, b: 0 })!;
      const a = elements(random, job.type, Math.ceil(need.a / elementBytes(job.type)));
      const b = elements(random, job.type, Math.ceil(need.b / elementBytes(job.type)));
      return { a, b, out: draw(random, need.out + 12) };
    });
    const results = [backend, oracle].map((device) => {
      const batch = new KernelBatch();
      const outs: { handle: number; length: number }[] = [];
      const handles: number[] = [];
      const place = (bytes: Uint8Array) => {
        const handle = unwrap(device.createPage(DeviceMemory.Device, 1n, bytes.length));
        unwrap(device.write(handle, 0, bytes));
        handles.push(handle);
        return handle;
      };
      for (const [i, job] of jobs.entries()) {
        const { a, b, out } = inputs[i]!;
        const handle = place(out);
        batch.push({ ...job, out: handle, a: place(a), b: place(b) });
        outs.push({ handle, length: out.length });
      }
      unwrap(device.run(batch));
      const read = outs.map(({ handle, length }) => {
        const into = new Uint8Array(length).fill(0xcd);
        unwrap(device.read(handle, 0, into));
        return hex(into);
      });
      for (const handle of handles) unwrap(device.freePage(handle));
      return read;
    });
    for (const [i, job] of jobs.entries())
      expect(
        results[0]![i] === results[1]![i],
        `${backend.name} and ${oracle.name} agree on ${JSON.stringify(job)}`,
      );
  }
}

/** The recording's state, at a few moments, comes out the same on the device as on the CPU. */
export function checkReplay(
  backend: DeviceBackend,
  source: RecordSource,
  random: Prng,
  expect: Expect,
): void {
  const last = source.committedLsn;
  for (const at of [last, Math.floor(last / 2), 1 + random.below(last), 1]) {
    const onDevice = unwrap(replayOnDevice(source, backend, at));
    const onCpu = unwrap(replayAll(source, { at, fromStart: true }));
    expect(hex(onDevice.stateHash) === hex(onCpu.stateHash), `the state hash at LSN ${at}`);
    expect(onDevice.applied === onCpu.applied, `the deltas applied up to LSN ${at}`);
  }
}

/**
 * Random batches of the graph's kernels over pages here and there: the runner for the device gives the reference's bits and refuses the same rows, whatever it leaves
 * to the CPU; and within a wave a computed page is read as it is now, not as the device has it. Returns how many rows the device computed.
 */
export function checkGraphKernels(
  backend: DeviceBackend,
  random: Prng,
  rounds: number,
  expect: Expect,
): number {
  let rowsRun = 0;
  for (let round = 0; round < rounds; round++) {
    const table = new PageTable({ maxBytes: 2 ** 24 });
    const pages = new DevicePages(table, backend);
    const spec = randomSpec(random);
    const element = spec.kind === "copy" ? undefined : spec.element;
    const most = random.pick([8, 64, 600, 9000]);
    const size = () => (random.below(4) === 0 ? 1 + random.below(most) : most);
    const slots = Array.from({ length: 2 + random.below(8) }, () => {
      const location = random.below(8) === 0 ? "cpu" : random.pick(["gpu", "unified"] as const);
      return unwrap(table.create({ sizeBytes: size(), location }));
    });
    const views = new ArenaViews();
    views.refresh(table.spans.arenas);
    // slack between pages is filled as well, which no kernel reads
    for (const slot of slots) {
      const bytes = new Uint8Array((table.size[slot]! + 7) & ~7);
      fillElements(viewsOf([bytes])[0]!, element, random);
      table.bytes(slot).set(bytes.subarray(0, table.size[slot]!));
      unwrap(pages.place(slot));
    }
    const computed = new Set(slots.filter(() => random.below(3) === 0));
    // What a wave has computed stands in the host image alone.
    for (const slot of computed) {
      const bytes = new Uint8Array((table.size[slot]! + 7) & ~7);
      fillElements(viewsOf([bytes])[0]!, element, random);
      table.bytes(slot).set(bytes.subarray(0, table.size[slot]!));
    }
    const rows = 1 + random.below(5);
    const inputStart = new Uint32Array(rows + 1);
    const inputs: number[] = [];
    const outAt = new Uint32Array(rows);
    const slot = new Uint32Array(rows);
    let bytes = 0;
    for (let row = 0; row < rows; row++) {
      slot[row] = random.pick(slots);
      for (let count = random.pick([0, 1, 1, 2, 2, 3, 3, 4, 17, 40]); count > 0; count--)
        inputs.push(random.pick(slots));
      inputStart[row + 1] = inputs.length;
      outAt[row] = bytes;
      bytes += (table.size[slot[row]!]! + 7) & ~7;
    }
    const batchOf = (): GraphBatch => ({
      spec,
      rows,
      slot,
      inputStart,
      inputs: Uint32Array.from(inputs),
      arenas: views.all,
      arena: table.arena,
      arenaOffset: table.arenaOffset,
      size: table.size,
      out: viewsOf([new Uint8Array(bytes).fill(0xa5)])[0]!,
      outAt,
      refused: new Uint8Array(rows).fill(7),
    });
    const runner = new DeviceKernels({
      pages,
      cpu: referenceKernels,
      isComputed: (page) => computed.has(page),
      wave: () => 1,
      minBytes: 0,
    });
    const [onDevice, onCpu] = ([runner, referenceKernels] as const).map((by: KernelRunner) => {
      const batch = batchOf();
      by.run(batch);
      return Array.from({ length: rows }, (_, row) => {
        const at = outAt[row]!;
        const result = hex(batch.out.bytes.subarray(at, at + table.size[slot[row]!]!));
        return batch.refused[row] === 0 ? result : `refused ${batch.refused[row]}`;
      });
    });
    expect(
      JSON.stringify(onDevice) === JSON.stringify(onCpu),
      `the graph's ${JSON.stringify(spec)} on ${backend.name} gives the bits of the CPU`,
    );
    expect(backend.failure === undefined, "no call failed");
    rowsRun += runner.rowsRun;
    runner.release();
    for (const page of slots) pages.remove(page);
  }
  expect(unwrap(backend.stats()).device.usedBytes === 0, "nothing of it stays on the device");
  return rowsRun;
}
