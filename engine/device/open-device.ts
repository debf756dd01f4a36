import { fail, ok, type Result } from "../base/result.ts";
import { CpuBackend } from "./cpu-backend.ts";
import { CudaBackend, type CudaOptions } from "./cuda-backend.ts";
import { loadCuda } from "./cuda-library.ts";
import type { DeviceBackend } from "./device-backend.ts";

/**
 * `cuda`: a GPU or an error. `cpu`: the CPU in its place. `auto`: a GPU where there is one, else the CPU. `MMSB_DEVICE` in the environment, one of
 * the three, goes before `auto`.
 */
export type DeviceChoice = "auto" | "cuda" | "cpu";
const CHOICES: readonly DeviceChoice[] = ["auto", "cuda", "cpu"];

/** What `auto` comes to, by the environment. Errors: ARGUMENT_INVALID for what is no choice, given or in the environment. */
export function wantedDevice(choice: DeviceChoice = "auto"): Result<DeviceChoice> {
  const named = choice === "auto" ? process.env["MMSB_DEVICE"] || "auto" : choice;
  const wanted = CHOICES.find((known) => known === named);
  if (wanted !== undefined) return ok(wanted);
  const where = choice === "auto" ? "MMSB_DEVICE is" : "there is no device";
  return fail("ARGUMENT_INVALID", `${where} '${String(named).slice(0, 40)}'`, "Give auto, cuda or cpu");
}

/** Opens a device. Errors: DEVICE_UNAVAILABLE, only where `cuda` was asked for; ARGUMENT_INVALID. */
export function openDevice(choice: DeviceChoice = "auto", options: CudaOptions = {}): Result<DeviceBackend> {
  const chosen = wantedDevice(choice);
  if (!chosen.ok) return chosen;
  const wanted = chosen.value;
  if (wanted === "cpu") return ok(new CpuBackend());
  const cuda = loadCuda();
  const opened = cuda.ok ? CudaBackend.open(cuda.value, options) : cuda;
  return opened.ok || wanted === "cuda" ? opened : ok(new CpuBackend());
}
