import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";

/** A small JSON file that the shell keeps for next time. Nothing depends on it: what cannot be read or written is done without. */
export class KeptFile {
  readonly #path: string;

  constructor(folder: string, name: string) {
    this.#path = path.join(folder, name);
  }

  /** Whatever stands there, unchecked; `undefined` = nothing readable. */
  read(): unknown {
    try {
      return JSON.parse(readFileSync(this.#path, "utf8"));
    } catch {
      return undefined;
    }
  }

  write(value: unknown): void {
    try {
      mkdirSync(path.dirname(this.#path), { recursive: true });
      writeFileSync(`${this.#path}.tmp`, JSON.stringify(value));
      renameSync(`${this.#path}.tmp`, this.#path);
    } catch {
      // A full or read-only disk: the window begins with its usual size next time.
    }
  }
}
