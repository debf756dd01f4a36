import type { ErrorCode } from "../base/errors.ts";

export const EXIT_FINE = 0;
/** Something is wrong with the data, or the machine could not do what was asked. */
export const EXIT_PROBLEM = 1;
export const EXIT_USAGE = 2;
/** 128 + SIGINT, as shells have it. */
export const EXIT_INTERRUPTED = 130;

/** Errors that say that what was asked for makes no sense, not that the data is bad. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "ARGUMENT_INVALID",
  "DELTA_RANGE",
  "LOG_EXISTS",
  "LOG_NOT_FOUND",
  "LSN_DROPPED",
  "LSN_OUT_OF_RANGE",
  "PAGE_SIZE_INVALID",
  "PAGE_UNKNOWN",
  "UNSUPPORTED",
]);

export function exitCodeOf(code: ErrorCode): number {
  if (code === "CANCELLED") return EXIT_INTERRUPTED;
  return USAGE_CODES.has(code) ? EXIT_USAGE : EXIT_PROBLEM;
}
