import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { type ErrorCode, MmsbError } from "../base/errors.ts";
import type { NativeFunctions } from "./native-functions.ts";

/** The number in native/binding/addon.cpp: an addon that was built for another engine is not used. */
const INTERFACE_VERSION = 18;
/** How far above this file the build's folder may lie: dist/engine/chunks in a bundle, engine/accel in a checkout. */
const MAX_LEVELS = 6;

/** The addon, or why there is none. */
export type NativeAddon =
  | { readonly path: string; readonly features: string; readonly functions: NativeFunctions }
  | { readonly path: undefined; readonly reason: string };

/** Where the build puts it (`.tools/build.mjs`): dist/native/<platform>-<arch>/mmsb.node, seen from any folder of the checkout or of dist. */
function findAddon(): string | undefined {
  const place = path.join("native", `${process.platform}-${process.arch}`, "mmsb.node");
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

/**
 * Loads the addon. `MMSB_ACCEL=ts` in the environment keeps to TypeScript; a path there names another addon (one built with a sanitizer).
 * Never throws: whatever is wrong with the addon, the engine works without it.
 */
export function loadNative(wanted = process.env["MMSB_ACCEL"] ?? ""): NativeAddon {
  if (wanted === "ts") return { path: undefined, reason: "MMSB_ACCEL=ts" };
  const file = wanted === "" ? findAddon() : wanted;
  if (file === undefined) {
    const built = `dist/native/${process.platform}-${process.arch}/mmsb.node`;
    return { path: undefined, reason: `${built} has not been built` };
  }
  try {
    const functions = createRequire(import.meta.url)(path.resolve(file)) as NativeFunctions;
    if (functions.interfaceVersion !== INTERFACE_VERSION)
      return { path: undefined, reason: `${file} was built for another version of the engine` };
    functions.initialize(makeError);
    return { path: file, features: functions.features, functions };
  } catch (error) {
    return { path: undefined, reason: `${file}: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** What the addon throws where it is called wrongly. */
function makeError(code: string, message: string): MmsbError {
  return new MmsbError(code as ErrorCode, message, "Give arguments as engine/accel/accel.ts describes them");
}
