import { spawnSync } from "node:child_process";
import path from "node:path";
import { expect, it } from "vitest";
import { buildPreset, missingToolchain } from "../../.tools/native.mjs";

const native = path.resolve(import.meta.dirname, "../../native");

it("the C++ tests of the core pass", { timeout: 180_000 }, (ctx) => {
  const missing = missingToolchain();
  if (missing !== undefined) ctx.skip(missing);
  buildPreset("test");
  const ran = spawnSync("ctest", ["--preset", "test"], { cwd: native, encoding: "utf8" });
  expect(ran.status, ran.stdout + ran.stderr).toBe(0);
  expect(ran.stdout).toMatch(/100% tests passed/);
});
