import { MmsbError } from "../base/errors.ts";
import { err } from "../base/result.ts";

type Failed = { readonly ok: false; readonly error: MmsbError };

/** A device that is lost: nothing works on it any more. */
export function deviceFailure(operation: string, code: number, message: string): MmsbError {
  const remedy = "Its pages live on in host memory; restart the process to use the device again";
  return new MmsbError(
    "DEVICE_FAILED",
    `the device was lost in ${operation} (code ${code}: ${message})`,
    remedy,
  );
}

/** A call that failed; the device goes on. */
export function deviceRefusal(operation: string, code: number, message: string): MmsbError {
  const remedy = "The device goes on; 'mmsb doctor' shows what it is";
  return new MmsbError("DEVICE_FAILED", `${operation} failed (code ${code}: ${message})`, remedy);
}

export function deviceOutOfMemory(message: string): MmsbError {
  const remedy = "Move pages to the CPU or destroy them, or give the device's pool more";
  return new MmsbError("DEVICE_OUT_OF_MEMORY", message, remedy);
}

export function badCall(message: string): Failed {
  const remedy = "Give pages and ranges as engine/device/device-backend.ts describes them";
  return err(new MmsbError("ARGUMENT_INVALID", message, remedy));
}
