import { ok, type Result } from "../base/result.ts";
import { CpuBackend } from "./cpu-backend.ts";
import { CudaBackend, type CudaOptions } from "./cuda-backend.ts";
import { loadCuda } from "./cuda-library.ts";
import type { DeviceBackend } from "./device-backend.ts";

/**
 * `cuda`: a GPU or an error. `cpu`: the CPU in its place. `auto`: a GPU where there is one, else the CPU. `MMSB_DEVICE` in the environment, one of
 * the three, goes before `auto`.
 */
export type DeviceChoice = "auto" | "cuda" | "cpu";

/** Opens a device. Errors: DEVICE_UNAVAILABLE, only where `cuda` was asked for. */
export function openDevice(choice: DeviceChoice = "auto", options: CudaOptions = {}): Result<DeviceBackend> {
  const wanted = choice === "auto" ? (process.env["MMSB_DEVICE"] ?? "auto") : choice;
  if (wanted === "cpu") return ok(new CpuBackend());
  const cuda = loadCuda();
  const opened = cuda.ok ? CudaBackend.open(cuda.value, options) : cuda;
  return opened.ok || wanted === "cuda" ? opened : ok(new CpuBackend());
}
