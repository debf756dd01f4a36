import type { Accel } from "./accel.ts";
import type { NativeFunctions } from "./native-functions.ts";
import { referenceAccel } from "./reference.ts";

/*
 * Crossing into the addon costs 25 ns and some 10 ns more for each typed array: what takes less than that in TypeScript stays there.
 * Each threshold is the size from which the crossing pays, as `npm run bench -- native` prints it.
 */
const CRC_FROM_BYTES = 64;

/** The hot loops with the addon: each call goes where it is faster, and the results are the same bits. */
export function mixedAccel(native: NativeFunctions): Accel {
  return {
    ...referenceAccel,
    name: "native",
    crc32c: (bytes, seed = 0) =>
      bytes.length < CRC_FROM_BYTES ? referenceAccel.crc32c(bytes, seed) : native.crc32c(bytes, seed),
  };
}
