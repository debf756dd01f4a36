import { createHash, randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { toHex } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "../log/file-system.ts";
import {
  type BuildOptions,
  type BuildProgress,
  DEFAULT_RUN,
  emptyIndex,
  IndexBuilder,
} from "../log/index/build-index.ts";
import { ChunkStore } from "../log/index/chunk-store.ts";
import {
  checkBinding,
  type LoadedIndex,
  readDirectory,
  readIndex,
  readScan,
  writingIndex,
} from "../log/index/index-file.ts";
import { CHUNKS_AT } from "../log/index/index-header.ts";
import { LogIndex } from "../log/index/log-index.ts";
import { checkOfBlock } from "../log/index/run-builder.ts";
import { temporaryFile } from "../log/index/temporary-file.ts";
import { RecordBatch } from "../log/record-batch.ts";
import type { Known, RecordSource } from "../log/record-source.ts";
import { segmentPath, segmentSetOf } from "../log/segment-names.ts";

/** `auto`, `memory`, `none`, or the path of the index file. */
export type IndexPlace = "auto" | "memory" | "none" | (string & {});

export interface IndexOptions {
  readonly cacheBytes?: number;
  readonly index?: IndexPlace;
  readonly runRecords?: number;
  /** False: an index that would have to be built into a file, or brought up to date by some MiB, is not: `INDEX_STALE`. Default true. */
  readonly buildsIndex?: boolean;
  readonly files?: LogFileSystem;
}

export const DEFAULT_CACHE_BYTES = 256 << 20;
/** Recordings up to this are indexed in some ten milliseconds: no file is left beside them. */
const SMALL_RECORDING_BYTES = 4 << 20;
/** An index whose recording has grown by less than this is not written again. */
const WORTH_SAVING_BYTES = 1 << 20;

/** While a recording grows, runs are sealed early: what is not sealed is gathered anew at each look, some 2 ms for 4 MiB. */
const FOLLOWING_RUN = { bodyBytes: 4 << 20, records: 1 << 16 };

/** How the memory given to a recording is shared out; the rest goes to pages held by cursors. */
function cacheShares(options: IndexOptions) {
  const total = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
  return {
    runCacheBytes: Math.floor(total * 0.35),
    blockCacheBytes: Math.floor(total * 0.3),
    chunkCacheBytes: Math.floor(total * 0.1),
    pageBytes: Math.floor(total * 0.4),
    indexBytes: Math.floor(total * 0.4),
  };
}

export function buildOptionsFor(index: LogIndex, options: IndexOptions, isFollowing = false): BuildOptions {
  const { pageBytes, indexBytes } = cacheShares(options);
  const most = isFollowing ? FOLLOWING_RUN : DEFAULT_RUN;
  return {
    pageBytes,
    runBodyBytes: Math.max(1 << 16, Math.min(most.bodyBytes, pageBytes)),
    runRecords: options.runRecords ?? Math.max(1 << 12, Math.min(most.records, Math.floor(pageBytes / 64))),
    memoryBytes: index.store.isInMemory ? indexBytes : Number.POSITIVE_INFINITY,
    isBare: options.index === "none",
    ...(options.files === undefined ? {} : { files: options.files }),
  };
}

/** Loads the index where one fits, extends it, or builds it. Falls back from place to place; only the recording itself can fail. */
export function* openIndex(
  source: RecordSource,
  options: IndexOptions,
): Generator<BuildProgress, Result<LogIndex>> {
  const files = options.files ?? nodeFileSystem;
  const places = placesFor(source, options.index ?? "auto");
  for (const path of places) {
    const loaded = yield* loadIndex(path, source, files, options);
    if (loaded !== undefined && options.buildsIndex === false && isFarBehind(loaded)) {
      loaded.close();
      return noIndex(source.path);
    }
    if (loaded !== undefined) {
      let isKept = false;
      try {
        const extended = yield* extend(loaded, options);
        // the next opening need not do it again; where it cannot be kept it must
        if (extended.ok) yield* saveTo(path, loaded, files);
        isKept = extended.ok;
        // it could not be read to its end: then the whole index is built anew
        if (extended.ok || extended.error.code !== "INDEX_DAMAGED") return extended;
      } finally {
        if (!isKept) loaded.close();
      }
    }
    if (options.buildsIndex === false) continue;
    const built = yield* buildFile(path, source, files, options);
    if (built !== undefined) return built;
  }
  if (options.buildsIndex === false && places.length > 0) return noIndex(source.path);
  const { runCacheBytes, blockCacheBytes } = cacheShares(options);
  const spill =
    options.index === "memory" || options.index === "none"
      ? undefined
      : () => temporaryFile("mmsb-index", files);
  const index = emptyIndex(source, new ChunkStore({ spill }), { runCacheBytes, blockCacheBytes });
  if (!index.ok) return index;
  let isKept = false;
  try {
    const built = yield* extend(index.value, options);
    isKept = built.ok;
    return built;
  } finally {
    if (!isKept) index.value.close();
  }
}

/** Where the index of this recording may lie, best first. None: in memory. */
function placesFor(source: RecordSource, place: IndexPlace): string[] {
  if (place === "memory" || place === "none") return [];
  if (place !== "auto") return [place];
  if (source.fileBytes < SMALL_RECORDING_BYTES) return [];
  return pathsFor(source.path, source.format);
}

/** Beside the recording, else in the system's temporary folder under a name that follows from the path. */
function pathsFor(path: string, format: RecordSource["format"]): string[] {
  const name = createHash("sha256").update(resolve(path)).digest();
  return [indexPathOf({ path, format }), join(tmpdir(), `mmsb-${toHex(name.subarray(0, 12))}.idx`)];
}

/**
 * What an index at hand knows of a recording of our own before it is opened; undefined where there is none that can be read. Whoever opens
 * with it checks that it still fits.
 */
export function knownDirectory(path: string, options: IndexOptions) {
  return knownFrom(path, "mmsb", options, readDirectory);
}

/** The same of a foreign log. */
export function knownScan(path: string, options: IndexOptions) {
  return knownFrom(path, "mmsblog1", options, readScan);
}

function* knownFrom<T>(
  path: string,
  format: RecordSource["format"],
  options: IndexOptions,
  read: (file: LogFile) => Generator<void, Result<T | undefined>>,
): Generator<BuildProgress, Known<T> | undefined> {
  const { index = "auto", files = nodeFileSystem } = options;
  if (index === "memory" || index === "none") return undefined;
  for (const place of index === "auto" ? pathsFor(path, format) : [index]) {
    const file = files.open(place, "read");
    if (!file.ok) continue;
    const found = yield* closing(file.value, read(file.value));
    const writtenNs = file.value.modifiedNs();
    file.value.close();
    if (!found.ok || found.value === undefined || !writtenNs.ok) continue;
    return { found: found.value, writtenNs: writtenNs.value, refuted: () => void files.remove(place) };
  }
  return undefined;
}

/** What {@link IndexOptions.buildsIndex} forbids would have to be done. */
export function noIndex(path: string) {
  return fail("INDEX_STALE", "there is no index that fits the recording", "Build it first", { path });
}

/** Whether a file may be opened without building an index for it: there is one to be tried, or the recording is small. */
export function mayHaveIndex(
  path: string,
  { index = "auto", files = nodeFileSystem }: IndexOptions,
): boolean {
  const file = index === "auto" ? files.open(path, "read") : undefined;
  if (file?.ok !== true) return true;
  const size = file.value.size();
  file.value.close();
  if (!size.ok || size.value < SMALL_RECORDING_BYTES) return true;
  return pathsFor(path, "mmsb").some((place) => {
    const found = files.open(place, "read");
    if (found.ok) found.value.close();
    return found.ok;
  });
}

/** Whether bringing it up to date means reading some MiB of the recording. */
function isFarBehind({ source, lastLsn }: LogIndex): boolean {
  return (1 - lastLsn / Math.max(1, source.lastLsn)) * source.fileBytes > SMALL_RECORDING_BYTES;
}

/** Beside the recording; one for all of its segments. */
export function indexPathOf(source: Pick<RecordSource, "path" | "format">): string {
  const { path } = source;
  return `${source.format === "mmsb" ? segmentPath(segmentSetOf(path), path, 0) : path}.idx`;
}

/** Indexes what the recording has gained. */
function* extend(index: LogIndex, options: IndexOptions): Generator<BuildProgress, Result<LogIndex>> {
  if (coversAll(index)) return ok(index);
  const untouched = { doneBytes: 0, totalBytes: index.source.fileBytes };
  yield untouched;
  const builder = new IndexBuilder(index, buildOptionsFor(index, options));
  try {
    yield untouched;
    const built = yield* builder.build(true);
    return built.ok ? ok(index) : built;
  } finally {
    builder.dispose();
  }
}

/** Nothing is left to do, so that not even the last run need be read. */
function coversAll({ source, tables, headers, lastLsn }: LogIndex): boolean {
  if (headers.length === 0 || tables.hasUnmendedGap) return false;
  return (
    tables.stop !== undefined ||
    (lastLsn === source.lastLsn && source.gaps.every((gap) => gap.toLsn <= lastLsn))
  );
}

/** The index in this file, or undefined where there is none that fits: missing, damaged or stale. */
function* loadIndex(
  path: string,
  source: RecordSource,
  files: LogFileSystem,
  options: IndexOptions,
): Generator<BuildProgress, LogIndex | undefined> {
  const file = files.open(path, "read");
  if (!file.ok) return undefined;
  const loaded = yield* closing(file.value, readIndex(file.value, source));
  const fits = loaded.ok && checkBinding(loaded.value, source, (lsn) => blockCheckAt(source, lsn)).ok;
  if (!loaded.ok || !fits) {
    file.value.close();
    return undefined;
  }
  return indexOver(file.value, loaded.value, source, options);
}

/** The steps of reading a file, which is closed where they are dropped. */
function* closing<T>(file: LogFile, steps: Generator<void, T>): Generator<BuildProgress, T> {
  let isDone = false;
  try {
    for (;;) {
      const step = steps.next();
      isDone = step.done === true;
      if (step.done === true) return step.value;
      yield { doneBytes: 0, totalBytes: 0 };
    }
  } finally {
    if (!isDone) file.close();
  }
}

function indexOver(
  file: LogFile,
  loaded: LoadedIndex,
  source: RecordSource,
  options: IndexOptions,
): LogIndex {
  const { runCacheBytes, blockCacheBytes, chunkCacheBytes } = cacheShares(options);
  const store = new ChunkStore({
    base: {
      file,
      at: CHUNKS_AT,
      crcs: loaded.chunkCrcs,
      rebuild: rebuilder(file.path, loaded, source, options),
    },
    cacheBytes: chunkCacheBytes,
    spill: () => temporaryFile("mmsb-index", options.files ?? nodeFileSystem),
  });
  const { tables, headers, baseLsn } = loaded;
  return new LogIndex({ source, tables, store, headers, baseLsn, runCacheBytes, blockCacheBytes });
}

/**
 * Makes the chunks of an index anew, should they turn out to be damaged while they are read: nobody who holds a place in the index
 * notices, for every chunk is where it was. The file itself is thrown away. Takes as long as building did. Errors: INDEX_DAMAGED where they do not
 * come out the same, and those of the recording.
 */
function rebuilder(
  path: string,
  { headers, chunkCrcs }: LoadedIndex,
  source: RecordSource,
  options: IndexOptions,
): () => Result<LogFile> {
  const sealAt = headers.map((header) => header.lastLsn);
  return () => {
    const files = options.files ?? nodeFileSystem;
    files.remove(path);
    const file = temporaryFile("mmsb-index", files);
    if (!file.ok) return file;
    const { runCacheBytes, blockCacheBytes, chunkCacheBytes } = cacheShares(options);
    const store = new ChunkStore({ tail: { file: file.value, at: CHUNKS_AT }, cacheBytes: chunkCacheBytes });
    const index = emptyIndex(source, store, { runCacheBytes, blockCacheBytes });
    if (!index.ok) return index;
    const builder = new IndexBuilder(index.value, { ...buildOptionsFor(index.value, options), sealAt });
    const built = finish(builder.build(true));
    builder.dispose();
    const written = built.ok ? store.flush() : built;
    const isSame =
      store.crcs.length === chunkCrcs.length && store.crcs.every((crc, i) => crc === chunkCrcs[i]);
    if (written.ok && isSame) return file;
    file.value.close();
    const remedy = "Open the recording again; its index is rebuilt";
    return written.ok ? fail("INDEX_DAMAGED", "the index is damaged", remedy, { path }) : written;
  };
}

function blockCheckAt(source: RecordSource, lsn: number): Result<number> {
  const block = source.findBlock(lsn);
  if (block < 0) return ok(-1);
  const batch = new RecordBatch(Math.max(1, source.blockRecordCount(block)));
  const read = source.readBlock(block, batch);
  return read.ok ? ok(checkOfBlock(batch)) : read;
}

function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
}

/** Half-made indexes of processes that were killed. */
function removeLeftovers(path: string, files: LogFileSystem): void {
  const folder = dirname(path);
  const names = files.list(folder);
  if (!names.ok) return;
  for (const name of names.value) {
    if (!name.startsWith(`${basename(path)}.`)) continue;
    const pid = /^(\d+)-[0-9a-f]{8}\.tmp$/.exec(name.slice(basename(path).length + 1))?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) files.remove(join(folder, name));
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Builds the index into a new file. Undefined where the file cannot be written; an error where the recording cannot be read. */
function* buildFile(
  path: string,
  source: RecordSource,
  files: LogFileSystem,
  options: IndexOptions,
): Generator<BuildProgress, Result<LogIndex> | undefined> {
  removeLeftovers(path, files);
  const temporary = temporaryName(path);
  const file = files.open(temporary, "create");
  if (!file.ok) return undefined;
  const { runCacheBytes, blockCacheBytes, chunkCacheBytes } = cacheShares(options);
  const store = new ChunkStore({
    tail: { file: file.value, at: CHUNKS_AT },
    cacheBytes: chunkCacheBytes,
    spill: () => temporaryFile("mmsb-index", files),
  });
  let isKept = false;
  try {
    const index = emptyIndex(source, store, { runCacheBytes, blockCacheBytes });
    if (!index.ok) return index;
    const built = yield* extend(index.value, options);
    if (!built.ok) return isFileTrouble(built.error.place.path, temporary) ? undefined : built;
    const flushed = store.flush();
    if (!flushed.ok || !(yield* write(file.value, index.value)).ok) return undefined;
    store.freeze();
    // where it cannot be renamed, the open file serves as long as the recording is open
    if (!files.rename(temporary, path).ok) files.remove(temporary);
    isKept = true;
    return built;
  } finally {
    if (!isKept) {
      store.close();
      files.remove(temporary);
    }
  }
}

/** All but the chunks. */
function* write(file: LogFile, index: LogIndex): Generator<BuildProgress, Result<void>> {
  const { fileBytes } = index.source;
  for (const writing = writingIndex(file, index, index.source, index.store); ; ) {
    const step = writing.next();
    if (step.done === true) return step.value;
    yield { doneBytes: fileBytes, totalBytes: fileBytes };
  }
}

function isFileTrouble(path: string | undefined, temporary: string): boolean {
  return path === temporary;
}

/** Writes an index that has grown by enough to be worth it, sealed to its end. */
export function* saveIndex(
  index: LogIndex,
  builder: IndexBuilder | undefined,
  options: IndexOptions,
): Generator<BuildProgress, Result<void>> {
  const place = placesFor(index.source, options.index ?? "auto")[0];
  if (place === undefined || index.store.appendedBytes < WORTH_SAVING_BYTES) return ok();
  if (builder !== undefined) {
    const sealed = yield* builder.build(true);
    if (!sealed.ok) return sealed;
  }
  return yield* saveTo(place, index, options.files ?? nodeFileSystem);
}

function* saveTo(
  place: string,
  index: LogIndex,
  files: LogFileSystem,
): Generator<BuildProgress, Result<void>> {
  if (index.store.appendedBytes < WORTH_SAVING_BYTES) return ok();
  const temporary = temporaryName(place);
  const file = files.open(temporary, "create");
  if (!file.ok) return file;
  let isKept = false;
  try {
    const copying = index.store.copyTo(file.value, CHUNKS_AT);
    const totalBytes = index.store.length;
    let doneBytes = 0;
    let step = copying.next();
    while (step.done !== true) {
      doneBytes += step.value;
      yield { doneBytes, totalBytes };
      step = copying.next();
    }
    if (!step.value.ok) return step.value;
    const written = yield* write(file.value, index);
    if (!written.ok) return written;
    const renamed = files.rename(temporary, place);
    isKept = renamed.ok;
    return renamed;
  } finally {
    file.value.close();
    if (!isKept) files.remove(temporary);
  }
}
