// What the project's scripts share: where things are, what the sources are, and one way to stop with a clear line.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

export const root = path.resolve(import.meta.dirname, "..");
export const dist = path.join(root, "dist");

/** A problem the person can mend: printed as one line, never with a stack. */
export class Stop extends Error {}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a script's main function; a Stop becomes one line and exit code 1.
 * @param {() => Promise<number | void>} main
 */
export async function runMain(main) {
  try {
    const code = await main();
    if (code) process.exitCode = code;
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

/**
 * Files below a folder of the project, as sorted project-relative paths with forward slashes; none where the folder is absent.
 * @param {string} folder
 * @param {(file: string) => boolean} [keep]
 * @returns {string[]}
 */
export function filesBelow(folder, keep = () => true) {
  if (!existsSync(path.join(root, folder))) return [];
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter(keep)
    .sort();
}

/** @param {string} file */
export function isSource(file) {
  return /\.tsx?$/.test(file);
}

/**
 * One hash over names and contents: the same sources give the same stamp on every machine.
 * @param {readonly string[]} files project-relative
 */
export function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const full = path.join(root, file);
    hash.update(`${file}\0`);
    if (existsSync(full)) hash.update(readFileSync(full));
    hash.update("\0");
  }
  return hash.digest("hex");
}

/** @param {string} file */
export function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
