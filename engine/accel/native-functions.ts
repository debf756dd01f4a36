import type { Accel } from "./accel.ts";

/** What the addon exports (native/binding/addon.cpp). Every function checks its arguments and throws ARGUMENT_INVALID. */
export interface NativeFunctions extends Pick<Accel, "crc32c"> {
  readonly interfaceVersion: number;
  /** What of the processor it uses, for people to read. */
  readonly features: string;
  initialize(makeError: (code: string, message: string) => Error): void;
}
