// `node dist/test/gpu/engine-suite.js [--require-gpu] [--seed N]`: the engine on a GPU, in a plain Node without the test runner (test/gpu/run.sh carries one).
// Exit 0: every check held. 77: no GPU here.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { CpuBackend } from "../../engine/device/cpu-backend.ts";
import { CudaBackend } from "../../engine/device/cuda-backend.ts";
import { inspectCuda } from "../../engine/device/cuda-library.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { recordDemo } from "../../engine/session/demo/demo.ts";
import { randomRecording } from "../helpers/random-recording.ts";
import { backendChecks } from "./backend-checks.ts";
import { checkGraphKernels, checkKernels, checkReplay } from "./device-checks.ts";

const NO_GPU = 77;
let checks = 0;
let failures = 0;

function expect(holds: boolean, what: string): void {
  checks++;
  if (holds) return;
  failures++;
  if (failures <= 40) console.log(`FAILED  ${what}`);
}

async function group(name: string, run: () => void | Promise<void>): Promise<void> {
  const before = [checks, failures] as const;
  const start = performance.now();
  try {
    await run();
  } catch (error) {
    expect(false, `${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const state = failures === before[1] ? "ok" : "FAILED";
  const took = `${Math.round(performance.now() - start)} ms`;
  console.log(
    `${state.padEnd(9)} ${name.padEnd(92)} ${String(checks - before[0]).padStart(6)} checks ${took}`,
  );
}

async function main(): Promise<number> {
  const { argv } = process;
  const seed = argv.includes("--seed") ? Number(argv[argv.indexOf("--seed") + 1]) : Date.now() >>> 0;
  console.log(`seed ${seed}, node ${process.version}`);
  const { requirements, functions } = inspectCuda();
  for (const { name, isThere, detail } of requirements)
    console.log(`${isThere ? "found" : "missing"} ${name}: ${detail}`);
  if (functions === undefined) {
    console.log("no GPU can be used here");
    return argv.includes("--require-gpu") ? 1 : NO_GPU;
  }
  const random = new Prng(seed);
  const backend = unwrap(CudaBackend.open(functions, { timed: true, maxUnifiedBytes: 128 * 2 ** 20 }));
  const oracle = new CpuBackend();
  for (const check of backendChecks)
    await group(check.name, () => {
      for (let round = 0; round < 10; round++) check.run(backend, random, expect);
    });
  await group("kernels give the same bits as the CPU", () =>
    checkKernels(backend, oracle, random, 100, expect),
  );
  await group("the graph's kernels give the bits of the CPU's reference", () => {
    const rows = checkGraphKernels(backend, random, 400, expect);
    expect(rows > 400, `the device computed ${rows} rows`);
  });
  await group("random recordings replay to the same state hash", () => {
    for (let round = 0; round < 10; round++)
      checkReplay(backend, randomRecording(random.u32(), { records: 500 }).source, random, expect);
  });
  const folder = mkdtempSync(path.join(tmpdir(), "mmsb-gpu-"));
  try {
    for (const [workload, steps] of [
      ["life", 60],
      ["mlp", 30],
      ["tensors", 30],
    ] as const)
      await group(`the ${workload} demo replays to the same state hash`, async () => {
        const file = path.join(folder, `${workload}.tlog`);
        unwrap(await recordDemo({ path: file, workload, seed: 1, steps }));
        checkReplay(backend, unwrap(LogReader.open(file, {})), random, expect);
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const stats = unwrap(backend.stats());
  console.log(
    `${stats.launches} launches, ${stats.copies} copies, ${stats.bytesToDevice} bytes over and ${stats.bytesToHost} back; ` +
      `card ${stats.utilizationPercent ?? "?"} % busy, ${stats.temperatureCelsius ?? "?"} degrees, ${stats.powerMilliwatts ?? "?"} mW`,
  );
  await group("a lost context is a typed error, and closing still works", () => {
    const handle = unwrap(backend.createPage(1, 1n, 16));
    const fault = backend.provokeFault();
    expect(!fault.ok && fault.error.code === "DEVICE_FAILED", "the fault is DEVICE_FAILED");
    expect(!fault.ok && /cudaError/.test(fault.error.message), "and names the CUDA error");
    const after = backend.read(handle, 0, new Uint8Array(1));
    expect(!after.ok && after.error === backend.failure, "so does every call after it");
    backend.dispose();
  });
  console.log(`${checks} checks, ${failures} failed`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
