import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { ioError } from "../log/file-system.ts";
import { decodeControl, encodeControl } from "../protocol/check.ts";
import { LIMITS } from "../protocol/limits.ts";
import { type Bookmark, bookmark } from "../protocol/requests/recordings.ts";
import { z } from "../protocol/zod.ts";

/** Bump the version when an older MMSB would misread the file. */
const FORMAT = "mmsb-bookmarks";
const VERSION = 1;
/** Many times what the largest allowed list takes; a file beyond it is not ours. */
const MAX_FILE_BYTES = 32 << 20;

const fileSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  bookmarks: z.array(bookmark).max(LIMITS.bookmarks),
});

export interface LoadedBookmarks {
  readonly bookmarks: Bookmark[];
  /** Names the content; empty = no file. */
  readonly revision: string;
  readonly writable: boolean;
}

/** Where the bookmarks of a recording are kept: beside it. */
export function bookmarksPath(recordingPath: string): string {
  return `${recordingPath}.bookmarks.json`;
}

/** `BOOKMARKS_FORMAT` where the file is there but is not ours, or damaged: it is then never overwritten. */
export async function loadBookmarks(recordingPath: string): Promise<Result<LoadedBookmarks>> {
  const path = bookmarksPath(recordingPath);
  const content = await contentOf(path);
  if (!content.ok) return content;
  const writable = await isWritable(dirname(path));
  if (content.value === undefined) return ok({ bookmarks: [], revision: "", writable });
  const bookmarks = parse(content.value, path);
  return bookmarks.ok
    ? ok({ bookmarks: bookmarks.value, revision: revisionOf(content.value), writable })
    : bookmarks;
}

/**
 * Replaces the file in one step: whoever reads it, and whatever crashes, sees the old content or the new. `BOOKMARKS_CHANGED` where the file
 * is not the one that `revision` names.
 */
export function saveBookmarks(
  recordingPath: string,
  bookmarks: readonly Bookmark[],
  revision: string,
): Promise<Result<string>> {
  // One after another: two windows that save the same revision at once must not both win.
  const before: Promise<unknown> = saving.get(recordingPath) ?? Promise.resolve();
  const saved = before.then(() => replaceFile(recordingPath, bookmarks, revision));
  saving.set(recordingPath, saved);
  return saved.finally(() => {
    if (saving.get(recordingPath) === saved) saving.delete(recordingPath);
  });
}

const saving = new Map<string, Promise<Result<string>>>();

async function replaceFile(
  recordingPath: string,
  bookmarks: readonly Bookmark[],
  revision: string,
): Promise<Result<string>> {
  const path = bookmarksPath(recordingPath);
  const standing = await contentOf(path);
  if (!standing.ok) return standing;
  const standingRevision = standing.value === undefined ? "" : revisionOf(standing.value);
  if (standingRevision !== revision) {
    return fail(
      "BOOKMARKS_CHANGED",
      "the bookmarks were changed by someone else since",
      "Load them again, then save",
      { path },
    );
  }
  const encoded = encodeControl(
    fileSchema,
    { format: FORMAT, version: VERSION, bookmarks: [...bookmarks] },
    "bookmarks",
  );
  if (!encoded.ok) return encoded;
  const content = utf8Encode(`${JSON.stringify(encoded.value, null, 2)}\n`);
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok(revisionOf(content));
  } catch (cause) {
    await unlink(temporary).catch(() => undefined);
    return { ok: false, error: ioError(cause, path, "write") };
  }
}

async function contentOf(path: string): Promise<Result<Uint8Array | undefined>> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await file.stat();
      if (!stats.isFile()) return notOurs(path, "it is not a file");
      if (stats.size > MAX_FILE_BYTES) return notOurs(path, "it is far too large");
      return { ok: true, value: await file.readFile() };
    } finally {
      await file.close();
    }
  } catch (cause) {
    if ((cause as { code?: string }).code === "ENOENT") return { ok: true, value: undefined };
    return { ok: false, error: ioError(cause, path, "read") };
  }
}

function parse(content: Uint8Array, path: string): Result<Bookmark[]> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(content));
  } catch {
    return notOurs(path, "it is not JSON");
  }
  const checked = decodeControl(fileSchema, value, "the bookmark file");
  return checked.ok ? ok(checked.value.bookmarks) : notOurs(path, checked.error.message);
}

function notOurs(path: string, why: string): Result<never> {
  return fail("BOOKMARKS_FORMAT", `the bookmark file cannot be read: ${why}`, "Move it away, or mend it", {
    path,
  });
}

function revisionOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

async function isWritable(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}
