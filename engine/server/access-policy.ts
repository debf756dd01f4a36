import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, join, resolve, sep } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import type { AvailableRecording } from "../protocol/requests/recordings.ts";

/** Files listed of one folder; a folder of more is listed in part. */
const MAX_LISTED = 1000;

export interface AccessOptions {
  /** Files that may be opened. */
  readonly files?: readonly string[];
  /** Folders whose recordings (and those of folders below) may be opened. */
  readonly folders?: readonly string[];
  /** Any path: only where whoever asks is the person at this machine, as in the desktop window. */
  readonly anyPath?: boolean;
}

/**
 * Which files a window may open. A path is resolved to the real file before it is judged, so neither `..` nor a symbolic link leads out of
 * what was granted. What is not granted and what does not exist are refused alike: the answer tells nothing about the disk.
 */
export class AccessPolicy {
  readonly anyPath: boolean;
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  constructor(options: AccessOptions = {}) {
    this.anyPath = options.anyPath ?? false;
    for (const file of options.files ?? []) this.grantFile(file);
    for (const folder of options.folders ?? []) this.grantFolder(folder);
  }

  grantFile(path: string): void {
    this.#files.add(resolve(path));
  }

  revokeFile(path: string): void {
    this.#files.delete(resolve(path));
  }

  grantFolder(path: string): void {
    this.#folders.add(resolve(path));
  }

  /** The absolute path to open, or `ACCESS_DENIED`. */
  check(path: string): Result<string> {
    if (path.includes("\0")) return denied();
    const wanted = resolve(path);
    if (this.anyPath || this.#files.has(wanted)) return ok(wanted);
    const real = realPath(wanted);
    if (real === undefined) return denied();
    for (const file of this.#files) if (realPath(file) === real) return ok(file);
    for (const folder of this.#folders) {
      const root = realPath(folder);
      if (root !== undefined && real.startsWith(root.endsWith(sep) ? root : root + sep)) return ok(real);
    }
    return denied();
  }

  /** What can be offered for opening: granted files, and recordings directly in granted folders, newest first. */
  list(): AvailableRecording[] {
    const paths = new Set<string>();
    for (const file of this.#files) paths.add(file);
    for (const folder of this.#folders) for (const path of recordingsIn(folder)) paths.add(path);
    const available: AvailableRecording[] = [];
    for (const path of paths) {
      const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
      if (stats?.isFile() !== true) continue;
      available.push({
        name: basename(path),
        path,
        sizeBytes: Number(stats.size),
        modifiedNs: maxZero(stats.mtimeNs),
      });
      if (available.length >= MAX_LISTED) break;
    }
    return available.sort((a, b) => (a.modifiedNs < b.modifiedNs ? 1 : a.modifiedNs > b.modifiedNs ? -1 : 0));
  }
}

function maxZero(value: bigint): bigint {
  return value < 0n ? 0n : value;
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function recordingsIn(folder: string): string[] {
  try {
    // `x.000001.tlog` belongs to `x.tlog`, which stands for the set unless it is gone.
    const names = readdirSync(folder).filter((name) => name.endsWith(".tlog"));
    const present = new Set(names);
    return names
      .filter((name) => !present.has(name.replace(/\.\d{6}\.tlog$/, ".tlog")) || !/\.\d{6}\.tlog$/.test(name))
      .slice(0, MAX_LISTED)
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}

function denied(): Result<never> {
  return fail(
    "ACCESS_DENIED",
    "this server may not open that file",
    "Give the file or its folder on the command line, as in 'mmsb serve FILE'",
  );
}
