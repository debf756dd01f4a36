import { existsSync } from "node:fs";
import path from "node:path";
import type { CudaFunctions } from "../accel/cuda-functions.ts";
import { nativeAddon } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";

/** How far above this file the build's folder may lie, as for the addon. */
const MAX_LEVELS = 6;

/** A place where the CUDA library is looked for, or the one that `MMSB_CUDA_LIBRARY` names. */
function findLibrary(): string | undefined {
  const named = process.env["MMSB_CUDA_LIBRARY"];
  if (named !== undefined && named !== "") return path.resolve(named);
  const place = path.join("native-cuda", `${process.platform}-${process.arch}`, "libmmsb_cuda.so");
  let folder = import.meta.dirname;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const inside = path.join(folder, path.basename(folder) === "dist" ? "" : "dist", place);
    if (existsSync(inside)) return inside;
    const above = path.dirname(folder);
    if (above === folder) break;
    folder = above;
  }
  return undefined;
}

/** One thing that a GPU needs, and whether it is there. */
export interface CudaRequirement {
  readonly name: "addon" | "CUDA library" | "driver" | "device";
  readonly isThere: boolean;
  /** What was found, or why it is missing and what to do. */
  readonly detail: string;
}

export interface CudaState {
  /** In the order in which they build on one another; what follows a missing one was not looked for. */
  readonly requirements: readonly CudaRequirement[];
  /** With its library loaded, where all is there. */
  readonly functions: CudaFunctions | undefined;
}

/** Looks for everything that a GPU needs, step by step. Loading happens once a process. */
export function inspectCuda(): CudaState {
  const requirements: CudaRequirement[] = [];
  const missing = (name: CudaRequirement["name"], detail: string): CudaState => {
    requirements.push({ name, isThere: false, detail });
    return { requirements, functions: undefined };
  };
  const there = (name: CudaRequirement["name"], detail: string) =>
    requirements.push({ name, isThere: true, detail });

  if (nativeAddon.path === undefined) return missing("addon", `${nativeAddon.reason}: ${addonRemedy()}`);
  there(
    "addon",
    `${nativeAddon.path}, ${nativeAddon.features.trim().replaceAll(" ", " + ") || "portable code"}`,
  );
  const { cuda } = nativeAddon.functions;
  const file = findLibrary();
  if (file === undefined)
    return missing("CUDA library", "not built: 'npm run build' makes it where nvcc (CUDA 13 or later) is");
  const reason = cuda.load(file);
  if (reason !== "") return missing("CUDA library", reason);
  there("CUDA library", file);
  const probe = cuda.probe();
  if (probe.driverVersion === 0)
    return missing("driver", "none found: install NVIDIA's driver (580 or later), or work on the CPU");
  const driver = `for CUDA ${versionText(probe.driverVersion)}, library built with ${versionText(probe.runtimeVersion)}`;
  if (probe.code !== 0 && probe.deviceCount === 0 && probe.driverVersion < probe.runtimeVersion)
    return missing("driver", `${driver}: install a newer driver`);
  there("driver", driver);
  if (probe.code !== 0 || probe.deviceCount === 0) {
    const { message } = cuda.lastError();
    return missing("device", probe.code === 0 ? "no card is visible (CUDA_VISIBLE_DEVICES?)" : message);
  }
  for (let ordinal = 0; ordinal < probe.deviceCount; ordinal++) {
    const { name, computeMajor, computeMinor, totalBytes } = cuda.describe(ordinal);
    const size = `${(totalBytes / 2 ** 30).toFixed(1)} GiB`;
    there("device", `${ordinal}: ${name}, compute ${computeMajor}.${computeMinor}, ${size}`);
  }
  return { requirements, functions: cuda };
}

function addonRemedy(): string {
  const isNamed = (process.env["MMSB_ACCEL"] ?? "") !== "";
  return isNamed
    ? "unset MMSB_ACCEL to use the one that was built"
    : "'npm run build' makes it where cmake and g++ are";
}

/** The CUDA functions, ready to open a device. Errors: DEVICE_UNAVAILABLE, with what is missing. */
export function loadCuda(): Result<CudaFunctions> {
  const { requirements, functions } = inspectCuda();
  if (functions !== undefined) return ok(functions);
  const last = requirements[requirements.length - 1]!;
  const message = `no GPU can be used: ${last.name}: ${last.detail}`;
  return err(
    new MmsbError("DEVICE_UNAVAILABLE", message, "Run 'mmsb doctor'; the CPU device does the same work"),
  );
}

/** 13020 → 13.2 */
function versionText(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}
