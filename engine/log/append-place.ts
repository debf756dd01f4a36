import { err, fail, ok, type Result } from "../base/result.ts";
import type { LogFile, LogFileSystem } from "./file-system.ts";
import { LogReader, type LogTail } from "./log-reader.ts";
import { type SegmentSet, segmentsIn } from "./segment-names.ts";

export interface AppendPlace {
  /** Open for writing; ends where the next block goes. */
  readonly file: LogFile;
  /** Closed: what it told of the recording. */
  readonly reader: LogReader;
  readonly tail: LogTail;
}

/** A new file for a recording of which no part exists yet. */
export function openNew(fs: LogFileSystem, path: string, set: SegmentSet): Result<LogFile> {
  const names = fs.list(set.folder);
  if (!names.ok) return names;
  const existing = segmentsIn(names.value, set)[0];
  if (existing === undefined) return fs.open(path, "create");
  return fail("LOG_EXISTS", `'${existing.name}' exists already`, "Choose another name or remove it first", {
    path,
  });
}

/** Where a recording goes on: its torn tail cut off, half-made segments removed. Refuses where damage stands before the end. */
export function findAppendPlace(path: string, set: SegmentSet, fs: LogFileSystem): Result<AppendPlace> {
  const opened = LogReader.open(path, { fileSystem: fs });
  if (!opened.ok) return opened;
  const reader = opened.value;
  const tail = reader.tail;
  reader.close();
  const newer = reader.damage.find((found) => found.error.code === "LOG_VERSION");
  if (newer !== undefined) return err(newer.error);
  const damage = reader.damage.find((found) => found.error.code !== "LOG_TRUNCATED" && !tail.isTail(found));
  if (damage !== undefined || reader.gaps.length > 0) {
    return fail(
      "LOG_BLOCK_DAMAGED",
      "the recording is damaged before its end, so nothing may be appended to it",
      "Make a good copy with 'mmsb recover', then open the copy",
      { path, ...(damage === undefined ? {} : { offset: damage.offset }) },
    );
  }
  for (const unborn of tail.unborn) {
    const removed = fs.remove(unborn);
    if (!removed.ok) return removed;
  }
  // Also makes the names durable that a writer which died had made, before anything in those files is acknowledged.
  const named = fs.syncFolder(set.folder);
  if (!named.ok) return named;
  const file = fs.open(tail.path, "write");
  if (!file.ok) return file;
  const size = file.value.size();
  if (!size.ok || size.value > tail.endOffset) {
    const cut = size.ok ? file.value.truncate(tail.endOffset) : size;
    const synced = cut.ok ? file.value.sync() : cut;
    if (!synced.ok) {
      file.value.close();
      return err(synced.error);
    }
  }
  return ok({ file: file.value, reader, tail });
}
