// Builds the C++ half (native/) with CMake, where this machine has what that takes.
import { spawnSync } from "node:child_process";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { root, Stop } from "./project.mjs";

const native = path.join(root, "native");

/** @param {string} command @param {string[]} args @param {string} [input] */
const succeeds = (command, args, input) =>
  spawnSync(command, args, { input: input ?? "", stdio: ["pipe", "ignore", "ignore"] }).status === 0;

/** @type {string | undefined | null} */
let missing = null;

/** What this machine lacks to build C++20 with CMake, or undefined. Asked once: it costs three short processes. */
export function missingToolchain() {
  if (missing === null) missing = findMissing();
  return missing;
}

function findMissing() {
  if (process.platform === "win32") return "Windows is not supported by the native build";
  if (!succeeds("cmake", ["--version"])) return "cmake was not found (on Debian: apt install cmake g++)";
  const compiler = process.env.CXX ?? "c++";
  const probe =
    "#include <atomic>\n#include <span>\nint i; std::atomic_ref<int> a{i}; int main() { return std::span{&i, 1}[0]; }\n";
  if (!succeeds(compiler, ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"], probe))
    return `${compiler} does not compile C++20 (on Debian: apt install g++)`;
  return undefined;
}

/** Oldest CUDA toolkit that builds the CUDA library. */
const CUDA_MAJOR = 13;

/** What this machine lacks to build the CUDA library, or undefined. It needs no GPU. */
export function missingCuda() {
  const toolchain = missingToolchain();
  if (toolchain !== undefined) return toolchain;
  for (const nvcc of ["nvcc", "/usr/local/cuda/bin/nvcc"]) {
    const { stdout, status } = spawnSync(nvcc, ["--version"], { encoding: "utf8" });
    if (status !== 0) continue;
    const version = Number(/release (\d+)\./.exec(stdout)?.[1]);
    return version >= CUDA_MAJOR
      ? undefined
      : `the CUDA toolkit is ${version}, ${CUDA_MAJOR} or later is needed`;
  }
  return "nvcc was not found (part of NVIDIA's CUDA toolkit)";
}

/** @param {string} name a CMake preset; its output goes to native/build/<name>.log */
export function logFile(name) {
  return path.join(native, "build", `${name}.log`);
}

/**
 * Configures and builds a preset of native/CMakePresets.json in native/build/<preset>, at low priority. Throws a Stop that quotes what the
 * compiler said.
 * @param {string} preset
 * @param {{ targets?: string[], install?: { component: string, to: string } }} [options]
 */
export function buildPreset(preset, { targets = [], install } = {}) {
  mkdirSync(path.join(native, "build"), { recursive: true });
  const log = openSync(logFile(preset), "w");
  /** @param {string[]} args */
  const cmake = (args) => {
    const done = spawnSync("nice", ["cmake", ...args], {
      cwd: native,
      stdio: ["ignore", log, log],
      env: { ...process.env, ...generator() },
    });
    if (done.status !== 0) throw new Stop(`cmake ${args.join(" ")} failed:\n${tail(logFile(preset))}`);
  };
  const modules = path.join(root, "node_modules");
  cmake(["--preset", preset, `-DMMSB_NODE_MODULES=${modules}`]);
  const parallel = String(os.availableParallelism());
  cmake([
    "--build",
    "--preset",
    preset,
    "--parallel",
    parallel,
    ...targets.flatMap((name) => ["--target", name]),
  ]);
  if (install !== undefined) {
    const { component, to } = install;
    cmake(["--install", path.join("build", preset), "--component", component, "--prefix", to]);
  }
}

/** Ninja where it is there, unless the person chose a generator. */
function generator() {
  if (process.env.CMAKE_GENERATOR !== undefined || !succeeds("ninja", ["--version"])) return {};
  return { CMAKE_GENERATOR: "Ninja" };
}

/** @param {string} file */
function tail(file) {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-30).join("\n");
}
