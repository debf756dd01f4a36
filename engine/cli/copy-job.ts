import type { ErrorCode, ErrorPlace } from "../base/errors.ts";
import type { LeftOut } from "../log/foreign/mmsblog1-writer.ts";

/** What a worker is to copy, and into which format. */
export interface CopyJob {
  readonly input: string;
  readonly output: string;
  readonly to: "mmsb" | "mmsblog1";
}

export interface CopyReport {
  readonly records: number;
  /** Records that depend on what was lost. */
  readonly dropped: number;
  readonly lostBytes: number;
  /** Records that the format has no place for. */
  readonly leftOut: readonly LeftOut[];
}

/** What comes from the worker: how far it is, then the end. */
export type CopyMessage =
  | { readonly done: number; readonly total: number }
  | { readonly report: CopyReport }
  | {
      readonly error: {
        readonly code: ErrorCode;
        readonly message: string;
        readonly remedy: string;
        readonly place: ErrorPlace;
      };
    };
