import type { Accel } from "./accel.ts";
import { mixedAccel } from "./native-accel.ts";
import { loadNative } from "./native-addon.ts";
import { referenceAccel } from "./reference.ts";

export { type Accel, corruptOffset, NO_SLOT, type PageSpans } from "./accel.ts";
export { referenceAccel } from "./reference.ts";
export { runSectionBound } from "./run-encode.ts";

/** The addon in use, or why there is none. */
export const nativeAddon = loadNative();

/** The implementation in use: the addon's where it loads, else the reference. */
export const accel: Accel =
  nativeAddon.path === undefined ? referenceAccel : mixedAccel(nativeAddon.functions);
