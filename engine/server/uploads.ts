import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail, ok, type Result } from "../base/result.ts";
import { ioError } from "../log/file-system.ts";
import { LIMITS } from "../protocol/limits.ts";

const MAX_UPLOAD_BYTES = 4 * 2 ** 30;
const MAX_UPLOADS = 4;

interface Upload {
  readonly path: string;
  readonly folder: string;
  readonly sizeBytes: number;
  readonly file: FileHandle;
  receivedBytes: number;
  /** A chunk is being written; the next one must wait for it. */
  isBusy: boolean;
}

/** Files that a window sends because it has no path for them. They live in a folder of their own until the connection ends. */
export class Uploads {
  readonly #open = new Map<number, Upload>();
  readonly #folders: string[] = [];
  readonly #finished = new Set<string>();
  #next = 1;
  #disposed = false;

  /** Whether a path is that of a file this connection sent. */
  has(path: string): boolean {
    return this.#finished.has(path);
  }

  async begin(name: string, sizeBytes: number): Promise<Result<number>> {
    if (sizeBytes > MAX_UPLOAD_BYTES) {
      return fail(
        "LIMIT_EXCEEDED",
        `a file of ${sizeBytes} bytes is too large to be sent`,
        "Open it by its path: 'mmsb serve FILE'",
      );
    }
    if (this.#folders.length >= MAX_UPLOADS) {
      return fail(
        "LIMIT_EXCEEDED",
        `${MAX_UPLOADS} files were sent on this connection already`,
        "Reload the window to send more",
      );
    }
    try {
      const folder = await mkdtemp(join(tmpdir(), "mmsb-upload-"));
      this.#folders.push(folder);
      const path = join(folder, plainName(name));
      const file = await open(path, "wx", 0o600);
      if (this.#disposed) {
        await file.close();
        await rm(folder, { recursive: true, force: true });
        return fail("PORT_CLOSED", "the connection ended", "Connect again");
      }
      this.#open.set(this.#next, { path, folder, sizeBytes, file, receivedBytes: 0, isBusy: false });
      return ok(this.#next++);
    } catch (cause) {
      return { ok: false, error: ioError(cause, tmpdir(), "write") };
    }
  }

  /** Takes the next bytes; they must begin where the last ones ended. Returns how many there are now. */
  async add(id: number, offset: number, bytes: Uint8Array): Promise<Result<number>> {
    const upload = this.#open.get(id);
    if (upload === undefined) return noUpload();
    const isNext = offset === upload.receivedBytes && !upload.isBusy;
    if (!isNext || bytes.length > LIMITS.uploadChunkBytes || offset + bytes.length > upload.sizeBytes) {
      return fail(
        "ARGUMENT_INVALID",
        "this is not the next chunk of the upload",
        "Send chunks in order, one after another",
        { offset },
      );
    }
    upload.isBusy = true;
    try {
      await upload.file.write(bytes, 0, bytes.length, offset);
      upload.receivedBytes += bytes.length;
      return ok(upload.receivedBytes);
    } catch (cause) {
      return { ok: false, error: ioError(cause, upload.path, "write") };
    } finally {
      upload.isBusy = false;
    }
  }

  /** Ends an upload; its path can be opened from now on. */
  async finish(id: number): Promise<Result<string>> {
    const upload = this.#open.get(id);
    if (upload === undefined) return noUpload();
    if (upload.receivedBytes !== upload.sizeBytes || upload.isBusy) {
      return fail(
        "ARGUMENT_INVALID",
        `${upload.receivedBytes} of ${upload.sizeBytes} bytes have arrived`,
        "Send the rest first",
      );
    }
    this.#open.delete(id);
    await upload.file.close().catch(() => undefined);
    this.#finished.add(upload.path);
    return ok(upload.path);
  }

  /** Removes everything that was sent. */
  dispose(): void {
    this.#disposed = true;
    for (const { file } of this.#open.values()) void file.close().catch(() => undefined);
    this.#open.clear();
    this.#finished.clear();
    for (const folder of this.#folders)
      void rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

function noUpload(): Result<never> {
  return fail("ARGUMENT_INVALID", "there is no such upload", "Begin one first");
}

/** A name that can only be a file in its folder. */
function plainName(name: string): string {
  const plain = name.replace(/[^\w.-]+/g, "_").replace(/^\.+/, "");
  return plain === "" ? "upload.tlog" : plain.slice(-120);
}
