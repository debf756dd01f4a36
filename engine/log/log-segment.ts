import type { LogFile } from "./file-system.ts";
import type { Damage } from "./record-source.ts";

/** One file of a recording, and what a reader knows of it. */
export interface LogSegment {
  readonly path: string;
  readonly number: number;
  readonly file: LogFile;
  /** When it was last looked at. */
  sizeBytes: number;
  /** Behind its last sound block. */
  endOffset: number;
  /** Sequence of the block after its last one. */
  nextSequence: number;
  /** It holds records, or the whole checkpoint that it begins with. */
  born: boolean;
  /** Its last block is an end mark. */
  ended: boolean;
  /** Its torn end. */
  tailDamage: Damage | undefined;
}

export function newSegment(path: string, number: number, file: LogFile): LogSegment {
  return {
    path,
    number,
    file,
    sizeBytes: 0,
    endOffset: 0,
    nextSequence: 0,
    born: false,
    ended: false,
    tailDamage: undefined,
  };
}
