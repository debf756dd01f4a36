import { CProgram } from "./c-program.ts";

/** The C program that measures what the machine itself needs; absent where there is no compiler. All results are seconds. */
export class RawBounds {
  readonly #program: CProgram;

  constructor(folder: string) {
    this.#program = new CProgram(folder, "raw-bounds.c", ["-pthread"]);
  }

  get isAvailable(): boolean {
    return this.#program.isAvailable;
  }

  /** `inFlight`: chunks that may wait for a sync that covers them; 0 = none is synced. `prepare`: room is asked for, or zeros are written, ahead of the writes, as the log does. */
  writeSeconds(
    path: string,
    totalBytes: number,
    chunkBytes: number,
    inFlight: number,
    prepare: boolean,
  ): number | undefined {
    return this.#program.run("write", path, totalBytes, chunkBytes, inFlight, prepare ? 1 : 0);
  }

  readSeconds(path: string): number | undefined {
    return this.#program.run("read", path);
  }

  /** Writing state that large, a megabyte at a time, from memory that was not just touched. */
  storeSeconds(path: string, totalBytes: number): number | undefined {
    return this.#program.run("store", path, totalBytes, 1 << 20);
  }

  /** Reading the file into memory of its size. */
  loadSeconds(path: string): number | undefined {
    return this.#program.run("load", path);
  }

  /** `bytes` is a multiple of `pieceBytes`, which are copied by a call each. */
  copySeconds(bytes: number, rounds: number, pieceBytes = bytes): number | undefined {
    return this.#program.run("copy", bytes, rounds, pieceBytes);
  }

  /** Reading `bytes` and adding them up. */
  sumSeconds(bytes: number, rounds: number): number | undefined {
    return this.#program.run("sum", bytes, rounds);
  }

  /** Copying `rows` times 64 bytes, one after another in the source, to random places of as many pages of 4 KiB. */
  scatterSeconds(rows: number, pages: number): number | undefined {
    return this.#program.run("scatter", rows, pages);
  }
}
