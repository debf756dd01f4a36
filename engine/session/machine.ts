import { spawnSync } from "node:child_process";
import { nativeAddon } from "../accel/index.ts";
import { inspectCuda } from "../device/cuda-library.ts";
import { wantedDevice } from "../device/open-device.ts";

/** One thing that MMSB can use, and whether this machine has it. */
export interface MachinePart {
  readonly name: string;
  readonly isThere: boolean;
  /** What was found, or why it is missing and what to do. */
  readonly detail: string;
}

export interface MachineReport {
  readonly parts: readonly MachinePart[];
  /** What runs the hot loops. */
  readonly accel: "native" | "typescript";
  /** What `openDevice` gives pages whose location is gpu or unified: a GPU where there is one, unless MMSB_DEVICE says otherwise. */
  readonly device: "cuda" | "cpu";
}

/** Looks at what builds and runs the native parts. Everything works without any of them; nothing is opened or changed. */
export function inspectMachine(): MachineReport {
  const parts: MachinePart[] = [{ name: "Node", isThere: true, detail: process.version }];
  const tool = (name: string, commands: readonly string[], missing: string) => {
    for (const command of commands) {
      const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" });
      if (status !== 0) continue;
      const lines = stdout.split("\n").filter((line) => line.trim() !== "");
      const detail = (lines.find((line) => /\d+\.\d+/.test(line)) ?? lines[0] ?? command).trim();
      parts.push({ name, isThere: true, detail });
      return;
    }
    parts.push({ name, isThere: false, detail: missing });
  };
  tool("cmake", ["cmake"], "not found: it builds the addon (on Debian: apt install cmake)");
  tool(
    "C++ compiler",
    [process.env["CXX"] ?? "c++"],
    "not found: it builds the addon (on Debian: apt install g++)",
  );
  tool(
    "nvcc",
    ["nvcc", "/usr/local/cuda/bin/nvcc"],
    "not found: it builds the CUDA library (NVIDIA's CUDA toolkit 13 or later)",
  );
  const { requirements, functions } = inspectCuda();
  parts.push(...requirements);
  const wanted = wantedDevice();
  if (!wanted.ok) parts.push({ name: "MMSB_DEVICE", isThere: false, detail: wanted.error.describe() });
  else if (wanted.value !== "auto")
    parts.push({ name: "MMSB_DEVICE", isThere: true, detail: `${wanted.value}, whatever there is` });
  const isCuda = functions !== undefined && wanted.ok && wanted.value !== "cpu";
  const accel = nativeAddon.path === undefined ? "typescript" : "native";
  return { parts, accel, device: isCuda ? "cuda" : "cpu" };
}
