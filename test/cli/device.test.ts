import { expect, it } from "vitest";
import { buildCommand, expectError, json, lines, makeFolder, mmsb, mmsbWith, parsed } from "./support.ts";

buildCommand();
const inFolder = makeFolder();

it("doctor names every part, says what is missing, and what works without it", async () => {
  const report = await json("doctor");
  const names = report.parts.map(({ name }: { name: string }) => name);
  expect(names.slice(0, 5)).toEqual(["Node", "cmake", "C++ compiler", "nvcc", "addon"]);
  for (const part of report.parts) expect(part.detail).not.toBe("");
  // What stands behind a missing part was not looked for.
  const chain = report.parts.slice(4);
  for (const part of chain.slice(0, -1)) expect(part.isThere).toBe(true);
  if (report.accel === "native") expect(chain[0].detail).toMatch(/mmsb\.node, (portable code|[a-z0-9 +]+)$/);
  expect(report.device).toBe(chain[chain.length - 1].isThere ? "cuda" : "cpu");
  const { stdout, code } = await mmsb("doctor");
  expect(code).toBe(0);
  expect(lines(stdout).filter((line) => /^(found|missing) /.test(line))).toHaveLength(report.parts.length);
});

it("doctor says what the environment holds it to, and what of it makes no sense", async () => {
  const doctor = async (env: Record<string, string>) => parsed(await mmsbWith(env, "doctor", "--json"), 0);
  const last = (report: { parts: { name: string; isThere: boolean; detail: string }[] }) =>
    report.parts.at(-1);
  const typescript = await doctor({ MMSB_ACCEL: "ts" });
  expect(typescript).toMatchObject({ accel: "typescript", device: "cpu" });
  expect(last(typescript)).toEqual({
    name: "addon",
    isThere: false,
    detail: "MMSB_ACCEL=ts: unset MMSB_ACCEL to use the one that was built",
  });
  const portable = await doctor({ MMSB_CPU: "portable" });
  if (portable.accel === "native") expect(portable.parts[4].detail).toMatch(/mmsb\.node, portable code$/);
  const cpu = await doctor({ MMSB_DEVICE: "cpu" });
  expect(cpu.device).toBe("cpu");
  expect(last(cpu)).toEqual({ name: "MMSB_DEVICE", isThere: true, detail: "cpu, whatever there is" });
  const wrong = await doctor({ MMSB_DEVICE: "gpu" });
  expect(last(wrong)).toMatchObject({ name: "MMSB_DEVICE", isThere: false });
  expect(last(wrong)?.detail).toContain("MMSB_DEVICE is 'gpu'. Give auto, cuda or cpu");
  const file = inFolder("device.tlog");
  await json("demo", file, "--steps", "1");
  expectError(
    await mmsbWith({ MMSB_DEVICE: "gpu" }, "replay", file, "--device", "auto"),
    2,
    "ARGUMENT_INVALID",
  );
});

it("replay --device rebuilds the state on a device and finds the same hash", async () => {
  const file = inFolder("life.tlog");
  const demo = await json("demo", file, "--steps", "20");
  const replay = await json("replay", file, "--device", "cpu");
  expect(replay.stateHash).toBe(demo.stateHash);
  expect(replay.device).toMatchObject({ backend: "cpu", isSame: true, stateHash: demo.stateHash });
  expect(replay.device.applied).toBe(replay.applied);
  const text = await mmsb("replay", file, "--at", "40", "--device", "auto");
  expect(text.stdout).toMatch(/on device {4}.*state hash the same/);
});

it("replay --device cuda is a typed error where there is no GPU", async (ctx) => {
  const { device } = await json("doctor");
  if (device === "cuda") ctx.skip("there is a GPU here");
  const file = inFolder("small.tlog");
  await json("demo", file, "--steps", "1");
  expectError(await mmsb("replay", file, "--device", "cuda"), 1, "DEVICE_UNAVAILABLE");
  parsed(await mmsb("replay", file, "--device", "cpu", "--json"), 0);
});
