import type { Accel } from "./accel.ts";
import { copyBytes } from "./copy-bytes.ts";
import { crc32c } from "./crc32c.ts";
import { diffImages } from "./image-diff.ts";
import { bitsToRuns, blendPages, maskToRuns, runsToBits, runsToMask } from "./masks.ts";
import { applyBody, applyRuns, gatherRuns } from "./run-apply.ts";
import { applyBodies, applyDeltas, encodeBodies, raiseEpochs } from "./run-batches.ts";
import { decodeRuns, runCount } from "./run-decode.ts";
import { encodeRuns } from "./run-encode.ts";
import { zeroBytes } from "./zero-bytes.ts";

/** Every hot loop in TypeScript: what the others are measured against, and what runs where they cannot. */
export const referenceAccel: Accel = {
  name: "typescript",
  // JavaScript cannot ask for them.
  largePageBytes: 0,
  preferLargePages: () => 0,
  crc32c,
  copyBytes,
  zeroBytes,
  encodeRuns,
  runCount,
  decodeRuns,
  applyBody,
  applyBodies,
  encodeBodies,
  applyRuns,
  applyDeltas,
  raiseEpochs,
  gatherRuns,
  diffImages,
  blendPages,
  maskToRuns,
  bitsToRuns,
  runsToMask,
  runsToBits,
};
