import { existsSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { nativeAddon } from "../../../engine/accel/index.ts";
import { loadNative } from "../../../engine/accel/native-addon.ts";
import { MmsbError } from "../../../engine/base/errors.ts";

const root = path.resolve(import.meta.dirname, "../../..");
const built = path.join(root, "dist", "native", `${process.platform}-${process.arch}`, "mmsb.node");

/** The addon, or the reason for which the test is skipped. */
function addonOr(ctx: { skip(reason: string): never }) {
  if (nativeAddon.path === undefined) ctx.skip(`no native addon: ${nativeAddon.reason}`);
  return nativeAddon as Extract<typeof nativeAddon, { path: string }>;
}

describe("the native addon", () => {
  it("is in use wherever it was built", (ctx) => {
    if (!existsSync(built)) ctx.skip("no native addon was built: no cmake or no C++20 compiler");
    if (process.env["MMSB_ACCEL"] !== undefined) ctx.skip("MMSB_ACCEL is set");
    expect(nativeAddon).toMatchObject({ path: built });
  });

  it("stays out where the environment says so, and says why it is not there", () => {
    expect(loadNative("ts")).toEqual({ path: undefined, reason: "MMSB_ACCEL=ts" });
    const absent = loadNative("/nowhere/mmsb.node");
    expect(absent.path).toBeUndefined();
    expect(absent).toMatchObject({ reason: expect.stringContaining("/nowhere/mmsb.node") });
    expect(loadNative(import.meta.filename).path).toBeUndefined();
  });

  it("says where large pages may begin, and leaves the bytes as they are", (ctx) => {
    const { functions } = addonOr(ctx);
    const large = functions.largePageBytes;
    const bytes = new Uint8Array(new SharedArrayBuffer(3 * Math.max(large, 4096))).fill(7);
    const first = functions.preferLargePages(bytes);
    for (const at of [0, 1, 4080, 4096, first, first + 1, bytes.length - 1, bytes.length]) {
      const rest = bytes.subarray(at);
      const wanted = large === 0 ? 0 : Math.min(rest.length, (((first - at) % large) + large) % large);
      expect(functions.preferLargePages(rest)).toBe(wanted);
    }
    expect(bytes.every((byte) => byte === 7)).toBe(true);
  });

  it("throws the engine's own errors", (ctx) => {
    const { functions } = addonOr(ctx);
    const call = () => functions.crc32c("abc" as unknown as Uint8Array);
    expect(call).toThrow(MmsbError);
    expect(call).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID", message: "crc32c: bytes is not a Uint8Array" }),
    );
  });

  it("loads in workers and sees shared memory where it lies", async (ctx) => {
    const { path: file, functions } = addonOr(ctx);
    const shared = new Uint8Array(new SharedArrayBuffer(100_000), 3, 90_001).fill(7);
    const code = `const { parentPort, workerData } = require("node:worker_threads");
      const addon = require(workerData.file);
      parentPort.postMessage(addon.crc32c(workerData.shared));`;
    const sums = await Promise.all(
      Array.from({ length: 4 }, () => {
        const worker = new Worker(code, { eval: true, workerData: { file, shared } });
        return new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
      }),
    );
    expect(sums).toEqual(Array(4).fill(functions.crc32c(shared)));
  });

  it("takes nothing with it where a worker is terminated while it loads", async (ctx) => {
    const { path: file } = addonOr(ctx);
    const code = `const { workerData: { file, running } } = require("node:worker_threads");
      Atomics.store(running, 0, 1);
      Atomics.notify(running, 0);
      for (;;) {
        delete require.cache[file];
        require(file);
      }`;
    for (let i = 0; i < 40; i++) {
      const running = new Int32Array(new SharedArrayBuffer(4));
      const worker = new Worker(code, { eval: true, workerData: { file, running } });
      Atomics.wait(running, 0, 0);
      const until = performance.now() + (i % 7) * 0.2;
      while (performance.now() < until);
      expect(await worker.terminate()).toBe(1);
    }
  });
});
