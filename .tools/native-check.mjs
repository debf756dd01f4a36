// `npm run native:check`: the C++ tests under AddressSanitizer + UndefinedBehaviorSanitizer and under ThreadSanitizer, then the tests of the
// addon in Node with an addon built for the first. A few minutes; never part of `npm test`, which runs the same tests without sanitizers.
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { buildPreset, missingToolchain } from "./native.mjs";
import { root, runMain, Stop, say } from "./project.mjs";
import { setUp } from "./setup.mjs";

const native = path.join(root, "native");

/**
 * @param {string} what
 * @param {string} command
 * @param {string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} options
 */
function run(what, command, args, options) {
  say(`${what} ...`);
  const { status } = spawnSync(command, args, { stdio: "inherit", ...options });
  if (status !== 0) throw new Stop(`${what}: failed`);
}

/**
 * The sanitizer's library, which has to be there before Node starts.
 * @param {string} name
 */
function library(name) {
  const found = spawnSync(process.env.CXX ?? "c++", [`-print-file-name=${name}`], { encoding: "utf8" });
  const file = found.stdout.trim();
  if (!path.isAbsolute(file)) throw new Stop(`${name} was not found: install the compiler's sanitizers`);
  return file;
}

runMain(async () => {
  const missing = missingToolchain();
  if (missing !== undefined) throw new Stop(missing);
  if (process.platform !== "linux") throw new Stop("the sanitizers are run on Linux only");
  if (!setUp("engine", "test", "native").built) throw new Stop("the build failed: see above");
  for (const preset of ["asan", "tsan"]) {
    say(`building ${preset} ...`);
    buildPreset(preset);
    // ThreadSanitizer slows the stress test twentyfold; there are as many interleavings in fewer steps.
    const env = { ...process.env, MMSB_TEST_OPERATIONS: "20000" };
    run(`C++ tests, ${preset}`, "ctest", ["--preset", preset], { cwd: native, env });
  }
  const vitest = path.join("node_modules", "vitest", "vitest.mjs");
  const tests = [
    "test/property/native",
    "test/engine/accel",
    "test/engine/log/write-queue",
    "test/property/shared-pages",
    "test/fault/shared-pages",
  ];
  run(
    "the addon's tests in Node, asan",
    process.execPath,
    [vitest, "run", "--testTimeout=600000", ...tests],
    {
      cwd: root,
      env: {
        ...process.env,
        LD_PRELOAD: `${library("libasan.so")} ${library("libubsan.so")}`,
        // Node itself leaves memory behind when it exits.
        ASAN_OPTIONS: "detect_leaks=0",
        MMSB_ACCEL: path.join(native, "build", "asan", "binding", "mmsb.node"),
        MMSB_OPERATIONS: "20000",
      },
    },
  );
  say("no sanitizer found anything");
});
