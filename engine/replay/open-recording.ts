import { fail, ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import { type LogFileSystem, nodeFileSystem } from "../log/file-system.ts";
import { foreignFormatOf } from "../log/foreign/foreign-format.ts";
import { MmsbLog1Source } from "../log/foreign/mmsblog1-source.ts";
import type { MmsbSnap } from "../log/foreign/mmsbsnap.ts";
import type { BuildProgress } from "../log/index/build-index.ts";
import { LogReader } from "../log/log-reader.ts";
import type { RecordSource } from "../log/record-source.ts";
import { type IndexPlace, knownDirectory, knownScan, mayHaveIndex, noIndex } from "./index-place.ts";
import { Recording, type RecordingOptions } from "./recording.ts";

export interface SourceOptions {
  /** For a foreign log: the pages that exist at the start, zeroed, with their sizes in bytes. */
  readonly pageSizes?: ReadonlyMap<bigint, number>;
  /** For a foreign log: the state to start from. Stays the caller's to close, after the recording. */
  readonly snapshot?: MmsbSnap;
  /**
   * Where an index may lie (as in `RecordingOptions`): one that fits spares the walk over all blocks. Without it every checksum of a
   * recording of our own, and every frame of a foreign log, is looked at. A block that is read is checked in any case.
   */
  readonly index?: IndexPlace;
  readonly files?: LogFileSystem;
}

export type FileFormat = "mmsb" | "mmsblog1" | "mmsbsnap";

/** What a file's first bytes say; anything that is not foreign may be a recording of our own, however damaged. */
export function formatOf(path: string, files: LogFileSystem = nodeFileSystem): Result<FileFormat> {
  const file = files.open(path, "read");
  if (!file.ok) return file;
  const head = new Uint8Array(8);
  const read = file.value.read(head, 0);
  file.value.close();
  return read.ok ? ok(foreignFormatOf(head.subarray(0, read.value)) ?? "mmsb") : read;
}

/** Opens the records of a file, whatever its format. Errors: UNSUPPORTED for a snapshot, and those of the formats' own readers. */
export function openSource(path: string, options: SourceOptions = {}): Result<RecordSource> {
  return finish(openingSource(path, options));
}

/** The same in slices of about a millisecond, for a recording of our own; dropping the generator cancels. */
export function* openingSource(
  path: string,
  options: SourceOptions = {},
): Generator<BuildProgress, Result<RecordSource>> {
  const { files = nodeFileSystem, pageSizes, snapshot } = options;
  const format = formatOf(path, files);
  // a rotated set may have lost its first segment: the reader looks for the others
  if (!format.ok && format.error.code !== "LOG_NOT_FOUND") return format;
  if (format.ok && format.value === "mmsbsnap") {
    return fail(
      "UNSUPPORTED",
      "a snapshot holds one state and no records",
      "Give it with the log that it was taken of",
      { path },
    );
  }
  if (format.ok && format.value === "mmsblog1") {
    const mayKnow = options.index !== undefined && snapshot === undefined;
    return MmsbLog1Source.open(path, {
      fileSystem: files,
      known: mayKnow ? yield* knownScan(path, options) : undefined,
      ...(pageSizes === undefined ? {} : { pageSizes }),
      ...(snapshot === undefined ? {} : { snapshot }),
    });
  }
  const known = options.index === undefined ? undefined : yield* knownDirectory(path, options);
  return yield* LogReader.opening(path, { fileSystem: files, known });
}

/** Opens a recording to be stepped through. */
export function openRecording(
  path: string,
  options: RecordingOptions & SourceOptions = {},
): Result<Recording> {
  return finish(openingRecording(path, options));
}

/** The same in slices of some milliseconds; dropping the generator cancels. */
export function* openingRecording(
  path: string,
  options: RecordingOptions & SourceOptions = {},
): Generator<BuildProgress, Result<Recording>> {
  if (options.buildsIndex === false && !mayHaveIndex(path, options)) return noIndex(path);
  const source = yield* openingSource(path, { index: "auto", ...options });
  return source.ok ? yield* Recording.open(source.value, options) : source;
}
