import { accel } from "../../accel/index.ts";
import type { MmsbError } from "../../base/errors.ts";
import { err, ok, type Result } from "../../base/result.ts";
import { folderOf, type LogFile, type LogFileSystem } from "../file-system.ts";

const BUFFER_BYTES = 256 * 1024;

/**
 * Writes a file from front to back under a temporary name beside `path`, and gives it that name once it is whole and synced: nobody
 * ever sees a part of it, and what stood there before stays until then. The first failure is kept and told by {@link commit}; writing
 * on after it does nothing.
 */
export class ReplacingFile {
  readonly path: string;
  readonly #fileSystem: LogFileSystem;
  readonly #file: LogFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #buffered = 0;
  #writtenBytes = 0;
  #error: MmsbError | undefined;
  #done = false;

  private constructor(path: string, fileSystem: LogFileSystem, file: LogFile) {
    this.path = path;
    this.#fileSystem = fileSystem;
    this.#file = file;
  }

  static create(path: string, fileSystem: LogFileSystem): Result<ReplacingFile> {
    // The process id keeps two writers apart; a file of that name can only be what a dead process left.
    const temporary = `${path}.${process.pid}.partial`;
    let file = fileSystem.open(temporary, "create");
    if (!file.ok && file.error.code === "LOG_EXISTS") {
      const removed = fileSystem.remove(temporary);
      if (!removed.ok) return removed;
      file = fileSystem.open(temporary, "create");
    }
    return file.ok ? ok(new ReplacingFile(path, fileSystem, file.value)) : file;
  }

  get error(): MmsbError | undefined {
    return this.#error;
  }

  /** Bytes given so far. */
  get sizeBytes(): number {
    return this.#writtenBytes + this.#buffered;
  }

  u8(value: number): void {
    if (this.#buffered === BUFFER_BYTES) this.#flush();
    this.#buffer[this.#buffered++] = value;
  }

  u32(value: number): void {
    if (this.#buffered + 4 > BUFFER_BYTES) this.#flush();
    const buffer = this.#buffer;
    buffer[this.#buffered++] = value;
    buffer[this.#buffered++] = value >>> 8;
    buffer[this.#buffered++] = value >>> 16;
    buffer[this.#buffered++] = value >>> 24;
  }

  /** Bytes `[from, to)`. */
  bytes(value: Uint8Array, from = 0, to = value.length): void {
    while (from < to) {
      const count = Math.min(to - from, this.#room());
      accel.copyBytes(value, from, this.#buffer, this.#buffered, count);
      this.#buffered += count;
      from += count;
    }
  }

  /** The same byte `count` times. */
  repeat(value: number, count: number): void {
    while (count > 0 && this.#error === undefined) {
      const part = Math.min(count, this.#room());
      const end = this.#buffered + part;
      // A call of `fill` costs as much as some 32 bytes.
      if (part > 32) this.#buffer.fill(value, this.#buffered, end);
      else for (let at = this.#buffered; at < end; at++) this.#buffer[at] = value;
      this.#buffered = end;
      count -= part;
    }
  }

  /** Syncs the file and gives it its name. After any failure the temporary file is gone and `path` as it was. */
  commit(): Result<void> {
    this.#flush();
    if (this.#error === undefined) this.#keep(this.#file.sync());
    if (this.#error !== undefined) {
      const error = this.#error;
      this.abort();
      return err(error);
    }
    this.#file.close();
    this.#done = true;
    const renamed = this.#fileSystem.rename(this.#file.path, this.path);
    if (!renamed.ok) {
      this.#fileSystem.remove(this.#file.path);
      return renamed;
    }
    return this.#fileSystem.syncFolder(folderOf(this.path));
  }

  /** Removes what was written. Harmless after {@link commit}. */
  abort(): void {
    if (this.#done) return;
    this.#done = true;
    this.#file.close();
    this.#fileSystem.remove(this.#file.path);
  }

  #room(): number {
    if (this.#buffered === BUFFER_BYTES) this.#flush();
    return BUFFER_BYTES - this.#buffered;
  }

  #flush(): void {
    if (this.#error === undefined && this.#buffered > 0) {
      this.#keep(this.#file.write([this.#buffer.subarray(0, this.#buffered)], this.#writtenBytes));
    }
    this.#writtenBytes += this.#buffered;
    this.#buffered = 0;
  }

  #keep(result: Result<void>): void {
    if (!result.ok) this.#error ??= result.error;
  }
}
