import type { Accel } from "./accel.ts";
import { referenceAccel } from "./reference.ts";

export { type Accel, corruptOffset, NO_SLOT, type PageSpans } from "./accel.ts";
export { referenceAccel } from "./reference.ts";
export { runSectionBound } from "./run-encode.ts";

/** The implementation in use. */
export const accel: Accel = referenceAccel;
