import type { MmsbError } from "../../base/errors.ts";
import type { LogFile } from "../file-system.ts";

/** One read from the file: large enough that the calls cost little beside the bytes, small enough to forget about. */
export const WINDOW_BYTES = 256 * 1024;

/**
 * Reads a file from front to back through a buffer of fixed size, so that no length in the file decides how much memory is used.
 * A failed read is kept in `error`; from then on nothing can be taken.
 */
export class FileWindow {
  readonly bytes = new Uint8Array(WINDOW_BYTES);
  /** Where the next byte stands in `bytes`. */
  at = 0;
  error: MmsbError | undefined;
  readonly #file: LogFile;
  readonly #sizeBytes: number;
  /** Sees every byte of the file once, in order. */
  readonly #visit: ((chunk: Uint8Array) => void) | undefined;
  #filled = 0;
  /** File offset of `bytes[0]`. */
  #startOffset = 0;

  constructor(file: LogFile, sizeBytes: number, visit?: (chunk: Uint8Array) => void) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#visit = visit;
  }

  /** File offset of the next byte. */
  get offset(): number {
    return this.#startOffset + this.at;
  }

  get remaining(): number {
    return this.#sizeBytes - this.offset;
  }

  /** Makes the next `count` bytes (at most a window) stand at `bytes[at..]`. False where the file ends before. */
  has(count: number): boolean {
    return count <= this.#filled - this.at || (count <= this.remaining && this.#fill(count));
  }

  /** Goes forward by `count` bytes of any number; false, and nowhere, where the file ends before. */
  skip(count: number): boolean {
    if (count > this.remaining) return false;
    while (count > this.#filled - this.at) {
      if (this.#visit === undefined) {
        this.#startOffset += this.at + count;
        this.at = 0;
        this.#filled = 0;
        return true;
      }
      count -= this.#filled - this.at;
      this.at = this.#filled;
      if (!this.#fill(Math.min(count, WINDOW_BYTES))) return false;
    }
    this.at += count;
    return true;
  }

  /** A copy of the next `count` bytes of any number, and goes past them; undefined where the file ends before. */
  take(count: number): Uint8Array | undefined {
    if (count > this.remaining) return undefined;
    const out = new Uint8Array(count);
    for (let at = 0; at < count; ) {
      if (!this.has(1)) return undefined;
      const part = Math.min(count - at, this.#filled - this.at);
      out.set(this.bytes.subarray(this.at, this.at + part), at);
      this.at += part;
      at += part;
    }
    return out;
  }

  #fill(count: number): boolean {
    if (this.error !== undefined) return false;
    this.bytes.copyWithin(0, this.at, this.#filled);
    this.#startOffset += this.at;
    this.#filled -= this.at;
    this.at = 0;
    const room = this.bytes.subarray(
      this.#filled,
      Math.min(WINDOW_BYTES, this.#sizeBytes - this.#startOffset),
    );
    const read = this.#file.read(room, this.#startOffset + this.#filled);
    if (!read.ok) {
      this.error = read.error;
      return false;
    }
    this.#visit?.(room.subarray(0, read.value));
    this.#filled += read.value;
    return this.#filled >= count;
  }
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
