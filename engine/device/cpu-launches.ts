import { ok, type Result } from "../base/result.ts";
import { extentOf, runKernel } from "./cpu-kernels.ts";
import { badCall } from "./device-errors.ts";
import { DeviceOperation } from "./device-events.ts";
import { Kernel, type KernelBatch } from "./kernel-batch.ts";

/** A job that was checked. */
export interface CpuJob {
  readonly run: () => void;
  /** Read and written. */
  readonly bytes: number;
  readonly pageId: bigint;
}

interface JobPage {
  readonly id: bigint;
  readonly bytes: Uint8Array;
}

/** Kernels of a kind are one launch. */
const GRAPH_OPERATION: Readonly<Record<Kernel, DeviceOperation>> = {
  [Kernel.Sum]: DeviceOperation.GraphReduce,
  [Kernel.Min]: DeviceOperation.GraphReduce,
  [Kernel.Max]: DeviceOperation.GraphReduce,
  [Kernel.Map]: DeviceOperation.GraphElementwise,
  [Kernel.Zip]: DeviceOperation.GraphElementwise,
  [Kernel.Matmul]: DeviceOperation.GraphMatmul,
  [Kernel.Scan]: DeviceOperation.GraphScan,
  [Kernel.Histogram]: DeviceOperation.GraphHistogram,
  [Kernel.Copy]: DeviceOperation.GraphElementwise,
};

/** The jobs of a batch, those of a kind together. All are checked before any runs. Errors: ARGUMENT_INVALID. */
export function launchesOf(
  jobs: KernelBatch,
  pageOf: (handle: number) => JobPage | undefined,
): Result<ReadonlyMap<DeviceOperation, readonly CpuJob[]>> {
  const launches = new Map<DeviceOperation, CpuJob[]>();
  for (let row = 0; row < jobs.count; row++) {
    const job = jobs.job(row);
    const need = extentOf(job);
    if (need === undefined) return badCall(`job ${row} is none that there is`);
    const out = pageOf(job.out);
    const a = pageOf(job.a);
    const b = need.b > 0 ? pageOf(job.b) : a;
    if (out === undefined || a === undefined || b === undefined) return badCall(`job ${row} names no page`);
    const isLong = need.out <= out.bytes.length && need.a <= a.bytes.length;
    if (!isLong || (need.b > 0 && need.b > b.bytes.length))
      return badCall(`job ${row} needs more bytes than its pages have`);
    if (job.out === job.a || (need.b > 0 && job.out === job.b))
      return badCall(`job ${row} writes a page that it reads`);
    const operation = GRAPH_OPERATION[job.kernel];
    const checked: CpuJob = {
      run: () => runKernel(job, out.bytes, a.bytes, b.bytes),
      bytes: need.out + need.a + need.b,
      pageId: out.id,
    };
    const sameKind = launches.get(operation);
    if (sameKind === undefined) launches.set(operation, [checked]);
    else sameKind.push(checked);
  }
  return ok(launches);
}
