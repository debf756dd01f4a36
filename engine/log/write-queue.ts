import { getSystemErrorName } from "node:util";
import type { NativeFunctions } from "../accel/native-functions.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";

/** Writes to one file that happen in order, a little later, while the caller goes on. */
export interface WriteQueue {
  /** Bytes that are worth a write of their own, and best end at a multiple of as many in the file: pages of memory are taken by as many then. */
  readonly chunkBytes: number;
  /** So many writes may wait: who has one buffer more, and uses them in turn, never touches one that waits. */
  readonly maxPending: number;
  /**
   * Takes a write, and waits for its turn where too many are pending. `bytes` is a view of shared memory, and stays as it is until
   * `maxPending` further writes were taken, or all are settled. Errors: those of a write before, after which nothing more is written.
   */
  write(bytes: Uint8Array, offset: number): Result<void>;
  /** Waits until all that was taken is with the operating system. Errors: of the first write that failed. */
  settle(): Result<void>;
}

const CHUNK_BYTES = 1 << 19;
const MAX_PENDING = 3;

/** A queue whose writes are done by a thread of the addon, which starts with the first of them. */
export class ThreadWriteQueue implements WriteQueue {
  readonly chunkBytes = CHUNK_BYTES;
  readonly maxPending = MAX_PENDING;
  readonly #native: NativeFunctions;
  readonly #descriptor: number;
  /** Writes at once: where no thread is to be had. */
  readonly #writeNow: (bytes: Uint8Array, offset: number) => Result<void>;
  readonly #errorOf: (cause: { code: string }) => MmsbError;
  /** -1: no thread was to be had. */
  #handle: number | undefined;

  constructor(
    native: NativeFunctions,
    descriptor: number,
    writeNow: (bytes: Uint8Array, offset: number) => Result<void>,
    errorOf: (cause: { code: string }) => MmsbError,
  ) {
    this.#native = native;
    this.#descriptor = descriptor;
    this.#writeNow = writeNow;
    this.#errorOf = errorOf;
  }

  write(bytes: Uint8Array, offset: number): Result<void> {
    this.#handle ??= this.#native.openFile(this.#descriptor);
    if (this.#handle < 0) return this.#writeNow(bytes, offset);
    return this.#result(this.#native.writeFile(this.#handle, bytes, offset));
  }

  settle(): Result<void> {
    if (this.#handle === undefined || this.#handle < 0) return ok();
    return this.#result(this.#native.settleFile(this.#handle));
  }

  /** Ends the thread; what was taken is written first. */
  close(): void {
    if (this.#handle !== undefined && this.#handle >= 0) this.#native.closeFile(this.#handle);
    this.#handle = -1;
  }

  #result(errno: number): Result<void> {
    return errno === 0 ? ok() : err(this.#errorOf({ code: getSystemErrorName(-errno) }));
  }
}
