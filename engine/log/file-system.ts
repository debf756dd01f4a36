import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  readvSync,
  renameSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import { dirname } from "node:path";
import { nativeAddon } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import { ThreadWriteQueue, type WriteQueue } from "./write-queue.ts";

export type FileMode = "read" | "create" | "write";

/** One open file. Offsets and lengths are bytes. */
export interface LogFile {
  readonly path: string;
  size(): Result<number>;
  /** Device and inode: the same for every path to the same file. */
  identity(): Result<string>;
  /** When it was last written to, by the file system's clock. */
  modifiedNs(): Result<bigint>;
  /** Bytes read; fewer than asked only at the end of the file. */
  read(into: Uint8Array, offset: number): Result<number>;
  /** The same into `parts`, at most {@link MAX_READ_PARTS} of them, one after another; fewer bytes than asked wherever the system stops. */
  readParts?(parts: readonly Uint8Array[], offset: number): Result<number>;
  /** Writes all of `parts` one after another from `offset`, or fails. A failure may leave a part of them written. */
  write(parts: readonly Uint8Array[], offset: number): Result<void>;
  /**
   * Writes zeros where later writes go, at most {@link MAX_ZERO_BYTES} of them. False: there is no room for all of them, some may stand there, and the file is as
   * good as before. Errors: those of `write`, all but that one.
   */
  writeZeros(sizeBytes: number, offset: number): Result<boolean>;
  /** Writes that the caller need not wait for, where the system has them. They are settled before anything else is done to the file. */
  readonly queue?: WriteQueue | undefined;
  truncate(sizeBytes: number): Result<void>;
  /** Content and size are on the medium when it returns. */
  sync(): Result<void>;
  /** The same without blocking the caller. */
  syncAsync(): Promise<Result<void>>;
  close(): void;
}

/** What the log asks of the operating system: small, so that a test can stand in for it and fail in every way. */
export interface LogFileSystem {
  /** `create` fails where the file exists. */
  open(path: string, mode: FileMode): Result<LogFile>;
  /** Names in a folder, sorted. */
  list(folder: string): Result<string[]>;
  remove(path: string): Result<void>;
  rename(from: string, to: string): Result<void>;
  /** Makes created, removed and renamed names in the folder durable. */
  syncFolder(folder: string): Result<void>;
}

/** Turns an operating system error into a typed one. */
export function ioError(cause: unknown, path: string, doing: string): MmsbError {
  const system = cause as { code?: string; message?: string };
  const detail = system.code ?? system.message ?? String(cause);
  switch (system.code) {
    case "ENOENT":
      return new MmsbError("LOG_NOT_FOUND", "there is no such file", "Check the path", { path }, cause);
    case "EEXIST":
      return new MmsbError(
        "LOG_EXISTS",
        "the file exists already",
        "Choose another name or remove it first",
        { path },
        cause,
      );
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new MmsbError(
        "LOG_NO_SPACE",
        `no space left while ${doing}`,
        "Free some space, then reopen the recording",
        { path },
        cause,
      );
    case "EISDIR":
      return new MmsbError(
        "LOG_NOT_A_LOG",
        "this is a folder, not a recording",
        "Give the path of a recording",
        { path },
        cause,
      );
    case "ESPIPE":
      return new MmsbError(
        "LOG_NOT_A_LOG",
        "this is a pipe or a device, not a recording",
        "Give the path of a recording",
        { path },
        cause,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new MmsbError(
        "LOG_IO",
        `not allowed (${detail}) while ${doing}`,
        "Check the permissions of the file and its folder",
        { path },
        cause,
      );
    default:
      return new MmsbError(
        "LOG_IO",
        `${detail} while ${doing}`,
        "Check the medium; reopening recovers everything that was synced",
        { path },
        cause,
      );
  }
}

function attempt<T>(path: string, doing: string, run: () => T): Result<T> {
  try {
    return { ok: true, value: run() };
  } catch (cause) {
    return err(ioError(cause, path, doing));
  }
}

export const MAX_READ_PARTS = 1024;
/** Linux takes at most 1,024 buffers in one writev; Node splits more into several calls by itself, we keep below it. */
const MAX_WRITE_PARTS = 1024;
/** Most zeros of one call. */
export const MAX_ZERO_BYTES = 1 << 20;
let zeros: Uint8Array | undefined;

class NodeLogFile implements LogFile {
  readonly path: string;
  readonly queue: ThreadWriteQueue | undefined;
  readonly #fd: number;
  #closed = false;

  constructor(path: string, fd: number, mode: FileMode) {
    this.path = path;
    this.#fd = fd;
    if (nativeAddon.path === undefined || mode === "read") return;
    this.queue = new ThreadWriteQueue(
      nativeAddon.functions,
      fd,
      (bytes, offset) => this.write([bytes], offset),
      (cause) => ioError(cause, path, "writing"),
    );
  }

  size(): Result<number> {
    return attempt(this.path, "reading its size", () => fstatSync(this.#fd).size);
  }

  identity(): Result<string> {
    return attempt(this.path, "reading its identity", () => {
      const stat = fstatSync(this.#fd, { bigint: true });
      return `${stat.dev}:${stat.ino}`;
    });
  }

  modifiedNs(): Result<bigint> {
    return attempt(this.path, "reading its time", () => fstatSync(this.#fd, { bigint: true }).mtimeNs);
  }

  read(into: Uint8Array, offset: number): Result<number> {
    return attempt(this.path, "reading", () => {
      let done = 0;
      while (done < into.length) {
        const count = readSync(this.#fd, into, done, into.length - done, offset + done);
        if (count === 0) break;
        done += count;
      }
      return done;
    });
  }

  readParts(parts: readonly Uint8Array[], offset: number): Result<number> {
    return attempt(this.path, "reading", () => readvSync(this.#fd, parts, offset));
  }

  write(parts: readonly Uint8Array[], offset: number): Result<void> {
    return attempt(this.path, "writing", () => {
      let at = offset;
      for (let from = 0; from < parts.length; from += MAX_WRITE_PARTS) {
        at += this.#writeSome(parts.slice(from, from + MAX_WRITE_PARTS), at);
      }
    });
  }

  /** A short write is continued where it stopped. */
  #writeSome(parts: readonly Uint8Array[], offset: number): number {
    let total = 0;
    for (const part of parts) total += part.length;
    let done =
      parts.length === 1
        ? writeSync(this.#fd, parts[0]!, 0, total, offset)
        : writevSync(this.#fd, parts, offset);
    let before = 0;
    for (const part of parts) {
      while (done < before + part.length) {
        const from = Math.max(0, done - before);
        done += writeSync(this.#fd, part, from, part.length - from, offset + done);
      }
      before += part.length;
    }
    return total;
  }

  writeZeros(sizeBytes: number, offset: number): Result<boolean> {
    zeros ??= new Uint8Array(MAX_ZERO_BYTES);
    const written = this.write([zeros.subarray(0, sizeBytes)], offset);
    if (written.ok) return ok(true);
    return written.error.code === "LOG_NO_SPACE" ? ok(false) : written;
  }

  truncate(sizeBytes: number): Result<void> {
    return attempt(this.path, "cutting the file", () => ftruncateSync(this.#fd, sizeBytes));
  }

  sync(): Result<void> {
    return attempt(this.path, "syncing", () => fdatasyncSync(this.#fd));
  }

  syncAsync(): Promise<Result<void>> {
    return new Promise((resolve) => {
      fdatasync(this.#fd, (cause) =>
        resolve(cause === null ? ok() : err(ioError(cause, this.path, "syncing"))),
      );
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.queue?.close();
    try {
      closeSync(this.#fd);
    } catch {
      // The descriptor is gone either way; what was synced is safe, and nothing more can be done with it.
    }
  }
}

const OPEN_FLAGS: Readonly<Record<FileMode, number>> = {
  // A pipe would otherwise hold the whole process up until someone writes into it.
  read: constants.O_RDONLY | (constants.O_NONBLOCK ?? 0),
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  write: constants.O_RDWR,
};

export const nodeFileSystem: LogFileSystem = {
  open(path, mode) {
    return attempt(path, "opening", () => {
      const fd = openSync(path, OPEN_FLAGS[mode], 0o644);
      const stats = fstatSync(fd);
      if (!stats.isFile()) {
        closeSync(fd);
        const code = stats.isDirectory() ? "EISDIR" : "ESPIPE";
        throw Object.assign(new Error("is not a file"), { code });
      }
      return new NodeLogFile(path, fd, mode);
    });
  },
  list(folder) {
    return attempt(folder, "listing the folder", () => readdirSync(folder).sort());
  },
  remove(path) {
    return attempt(path, "removing", () => unlinkSync(path));
  },
  rename(from, to) {
    return attempt(from, "renaming", () => renameSync(from, to));
  },
  syncFolder(folder) {
    return attempt(folder, "syncing the folder", () => {
      // Windows cannot open a folder for syncing; there the file system orders names itself.
      if (process.platform === "win32") return;
      const fd = openSync(folder, constants.O_RDONLY);
      try {
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    });
  },
};

/** The folder that holds `path`. */
export function folderOf(path: string): string {
  return dirname(path);
}
