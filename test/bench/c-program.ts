import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";

/** A small C program of test/bench, built in the same run with what compiler is there; it prints one number. */
export class CProgram {
  readonly #program: string | undefined;

  constructor(folder: string, source: string, libraries: readonly string[] = []) {
    const file = join(process.cwd(), "test", "bench", source);
    const program = join(folder, basename(source, ".c"));
    const args = ["-O2", "-o", program, file, ...libraries];
    const built = existsSync(file) && spawnSync("cc", args, { stdio: "ignore" }).status === 0;
    this.#program = built ? program : undefined;
  }

  /** It was built: compiler and libraries are there. */
  get isAvailable(): boolean {
    return this.#program !== undefined;
  }

  /** What it printed; `undefined` where it was not built or failed. */
  run(...args: readonly (string | number)[]): number | undefined {
    if (this.#program === undefined) return undefined;
    const ran = spawnSync(this.#program, args.map(String), { encoding: "utf8" });
    return ran.status === 0 ? Number(ran.stdout) : undefined;
  }
}
