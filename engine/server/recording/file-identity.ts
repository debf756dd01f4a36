import { type BigIntStats, statSync } from "node:fs";

/** Which file a path named, and how it was left, so that one put in its place, or written over, is told from one that has grown. */
export class FileIdentity {
  readonly #path: string;
  readonly #was: BigIntStats | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#was = stat(path);
  }

  /** Whether another file is there now: not where it is gone, for then there is nothing else to be had. `mayGrow`: more of it is no change. */
  isReplaced(mayGrow: boolean): boolean {
    const was = this.#was;
    const now = stat(this.#path);
    if (now === undefined) return false;
    if (was === undefined || now.dev !== was.dev || now.ino !== was.ino || now.size < was.size) return true;
    return !mayGrow && (now.size !== was.size || now.mtimeNs !== was.mtimeNs);
  }
}

function stat(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}
