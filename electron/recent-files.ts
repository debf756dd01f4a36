import type { KeptFile } from "./kept-file.ts";

const MOST = 12;

/** The recordings opened last, newest first. */
export class RecentFiles {
  readonly #file: KeptFile;
  #paths: readonly string[];

  constructor(file: KeptFile) {
    this.#file = file;
    const kept = file.read();
    this.#paths = Array.isArray(kept)
      ? kept.filter((path): path is string => typeof path === "string" && path !== "").slice(0, MOST)
      : [];
  }

  get paths(): readonly string[] {
    return this.#paths;
  }

  add(path: string): void {
    this.#keep([path, ...this.#paths.filter((other) => other !== path)].slice(0, MOST));
  }

  clear(): void {
    this.#keep([]);
  }

  #keep(paths: readonly string[]): void {
    this.#paths = paths;
    this.#file.write(paths);
  }
}
