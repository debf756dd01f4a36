// What must hold between two backends, and of recordings: kernels give the same bits, a recording the same state hash.
import type { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { elementBytes, extentOf } from "../../engine/device/cpu-kernels.ts";
import type { DeviceBackend } from "../../engine/device/device-backend.ts";
import { DeviceMemory } from "../../engine/device/device-memory.ts";
import {
  ElementType,
  Kernel,
  KernelBatch,
  KernelFunction,
  type KernelJob,
} from "../../engine/device/kernel-batch.ts";
import type { RecordSource } from "../../engine/log/record-source.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { replayOnDevice } from "../../engine/session/device-replay.ts";
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
