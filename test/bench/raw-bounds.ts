import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The C program that measures what the machine itself needs; absent where there is no compiler. */
export class RawBounds {
  readonly #program: string | undefined;

  constructor(folder: string) {
    const source = join(process.cwd(), "test", "bench", "raw-bounds.c");
    const program = join(folder, "raw-bounds");
    const built =
      existsSync(source) && spawnSync("cc", ["-O2", "-o", program, source], { stdio: "ignore" }).status === 0;
    this.#program = built ? program : undefined;
  }

  get isAvailable(): boolean {
    return this.#program !== undefined;
  }

  /** Seconds; `undefined` without a compiler. */
  #run(...args: readonly (string | number)[]): number | undefined {
    if (this.#program === undefined) return undefined;
    const ran = spawnSync(this.#program, args.map(String), { encoding: "utf8" });
    return ran.status === 0 ? Number(ran.stdout) : undefined;
  }

  writeSeconds(path: string, totalBytes: number, chunkBytes: number, sync: boolean): number | undefined {
    return this.#run("write", path, totalBytes, chunkBytes, sync ? 1 : 0);
  }

  readSeconds(path: string): number | undefined {
    return this.#run("read", path);
  }

  /** Writing state that large, a megabyte at a time, from memory that was not just touched. */
  storeSeconds(path: string, totalBytes: number): number | undefined {
    return this.#run("store", path, totalBytes, 1 << 20);
  }

  /** Reading the file into memory of its size. */
  loadSeconds(path: string): number | undefined {
    return this.#run("load", path);
  }

  copySeconds(bytes: number, rounds: number): number | undefined {
    return this.#run("copy", bytes, rounds);
  }
}
