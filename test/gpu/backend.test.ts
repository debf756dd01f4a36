import { afterAll, describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { CpuBackend } from "../../engine/device/cpu-backend.ts";
import { CudaBackend } from "../../engine/device/cuda-backend.ts";
import { inspectCuda } from "../../engine/device/cuda-library.ts";
import type { DeviceBackend } from "../../engine/device/device-backend.ts";
import { randomRecording } from "../helpers/random-recording.ts";
import { backendChecks } from "./backend-checks.ts";
import { checkGraphKernels, checkKernels, checkReplay } from "./device-checks.ts";

const seed = Number(process.env["MMSB_TEST_SEED"] ?? Date.now() >>> 0);

function holds(condition: boolean, what: string): void {
  if (!condition) expect.fail(`${what} (seed ${seed})`);
}

function suite(open: () => DeviceBackend): void {
  let backend: DeviceBackend | undefined;
  afterAll(() => backend?.dispose());
  const opened = () => {
    backend ??= open();
    return backend;
  };
  for (const { name, run } of backendChecks)
    it(name, () => {
      const random = new Prng(seed);
      for (let round = 0; round < 5; round++) run(opened(), random, holds);
    });

  it("computes the kernels of the graph as the CPU's reference does, to the bit", () => {
    const random = new Prng(seed);
    expect(checkGraphKernels(opened(), random, 300, holds)).toBeGreaterThan(300);
  });

  it("replays random recordings to the state hash of a replay on the CPU alone", () => {
    const random = new Prng(seed);
    for (let round = 0; round < 5; round++)
      checkReplay(opened(), randomRecording(random.u32(), { records: 300 }).source, random, holds);
  });
}

describe("the CPU in a device's place", () => suite(() => new CpuBackend()));

const { functions, requirements } = inspectCuda();
const missing = requirements.find(({ isThere }) => !isThere);

describe("a GPU", () => {
  if (functions === undefined) {
    it("does what the CPU does", (ctx) =>
      ctx.skip(`no GPU can be used: ${missing?.name}: ${missing?.detail}`));
    return;
  }
  const open = () => unwrap(CudaBackend.open(functions, { timed: true, maxUnifiedBytes: 128 * 2 ** 20 }));
  suite(open);

  it("computes the same bits as the CPU", () => {
    const backend = open();
    checkKernels(backend, new CpuBackend(), new Prng(seed), 40, holds);
    backend.dispose();
  });
});
