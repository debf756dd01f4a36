import { createHash } from "node:crypto";
import { bytesEqual } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { LogFileSystem } from "../file-system.ts";
import { RecordBatch } from "../record-batch.ts";
import { kindName, RecordFlag, RecordKind } from "../record-kinds.ts";
import { baseOf, type CheckpointImage, type RecordSource } from "../record-source.ts";
import { Frame, type MmsbLog1Version, mmsbLog1Header } from "./mmsblog1-frame.ts";
import { type MmsbLog1Report, MmsbLog1Writer, versionOfFrame } from "./mmsblog1-writer.ts";

export interface MmsbLog1ExportOptions {
  /**
   * Without it: the version of a foreign source, the one that a converted log once had, 2 where there is metadata to keep, else 1, which
   * every reader knows.
   */
  readonly version?: MmsbLog1Version;
  readonly fileSystem?: LogFileSystem;
  /** Called after each block with the records done and all there are; false stops the export, and nothing is left behind. */
  readonly onProgress?: (doneRecords: number, totalRecords: number) => boolean;
}

/**
 * Writes a recording as MMSBLOG1: its deltas up to the last finished transaction, in order. What has no place there is listed in the
 * report, a state that the recording starts from included (see `writeMmsbSnap`: with log offset 12 it goes with this log).
 * Errors: those of the source and of the writer, CANCELLED.
 */
export function exportMmsbLog1(
  source: RecordSource,
  path: string,
  options: MmsbLog1ExportOptions = {},
): Result<MmsbLog1Report> {
  const batch = new RecordBatch();
  const version = options.version === undefined ? chooseVersion(source, batch) : ok(options.version);
  if (!version.ok) return version;
  const created = MmsbLog1Writer.create(path, { ...options, version: version.value });
  if (!created.ok) return created;
  const writer = created.value;
  const written = writeAll(source, writer, batch, options);
  if (written.ok) return writer.finish();
  writer.abort();
  return written;
}

function writeAll(
  source: RecordSource,
  writer: MmsbLog1Writer,
  batch: RecordBatch,
  { onProgress }: MmsbLog1ExportOptions,
): Result<void> {
  const start = baseOf(source);
  if (start !== undefined) {
    const image = source.loadCheckpoint(start);
    if (!image.ok) return image;
    for (const { id, sizeBytes } of image.value.pages) writer.declarePage(id, sizeBytes);
    const isFresh = isZeroed(image.value);
    if (!isFresh.ok) return isFresh;
    if (!isFresh.value) writer.leaveOut("checkpoint", "MMSBLOG1 holds no state to start from", start.lsn);
  }
  const { firstLsn, lastLsn, committedLsn } = source;
  for (let block = 0; block < source.blockCount; block++) {
    const read = source.readBlock(block, batch);
    if (!read.ok) return read;
    const finished = Math.min(batch.count, Math.max(0, committedLsn - batch.firstLsn + 1));
    const written = writer.write(batch, 0, finished);
    if (!written.ok) return written;
    for (let row = finished; row < batch.count; row++) {
      const reason = "it belongs to a transaction that was never finished";
      writer.leaveOut(kindName(batch.kind[row]!), reason, batch.lsn(row));
    }
    const done = batch.firstLsn + batch.count - firstLsn;
    if (onProgress?.(done, lastLsn - firstLsn + 1) === false) {
      return fail("CANCELLED", "the export was stopped", "Start it again", { path: source.path });
    }
  }
  return ok();
}

/** Pages as a log's reader makes them up: a log says no more than how long they are. */
function isZeroed(image: CheckpointImage): Result<boolean> {
  for (const [i, { sizeBytes, epoch }] of image.pages.entries()) {
    if (epoch !== 0) return ok(false);
    const bytes = new Uint8Array(sizeBytes);
    const read = image.readPage(i, bytes);
    if (!read.ok) return read;
    if (bytes.some((byte) => byte !== 0)) return ok(false);
  }
  return ok(true);
}

function chooseVersion(source: RecordSource, batch: RecordBatch): Result<MmsbLog1Version> {
  if (source.format === "mmsblog1" && source.formatVersion === 1) return ok<MmsbLog1Version>(1);
  if (source.format === "mmsblog1" && source.formatVersion === 2) return ok<MmsbLog1Version>(2);
  const frame = new Frame();
  for (let block = 0; block < source.blockCount; block++) {
    const read = source.readBlock(block, batch);
    if (!read.ok) return read;
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row]!;
      const needsTwo =
        kind === RecordKind.Delta
          ? batch.metaLength[row]! > 0 || (batch.flags[row]! & RecordFlag.ForeignVersion2) !== 0
          : kind === RecordKind.ForeignFrame && versionOfFrame(batch.body(row), frame) === 2;
      if (needsTwo) return ok<MmsbLog1Version>(2);
    }
  }
  return ok<MmsbLog1Version>(isNamedAfterEmpty(source, 2) ? 2 : 1);
}

/** A log without frames leaves nothing but its name in what it was converted to: the hash of its header. */
function isNamedAfterEmpty({ uuid }: RecordSource, version: MmsbLog1Version): boolean {
  const hash = createHash("sha256").update(mmsbLog1Header(version)).digest();
  return bytesEqual(uuid, hash.subarray(0, uuid.length));
}
