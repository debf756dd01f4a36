import { corruptOffset } from "../../accel/index.ts";
import { MmsbError } from "../../base/errors.ts";
import { err, fail, ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { type LogFileSystem, nodeFileSystem } from "../file-system.ts";
import type { RecordBatch } from "../record-batch.ts";
import { decodePageCreate } from "../record-bodies.ts";
import { kindName, RecordFlag, RecordKind } from "../record-kinds.ts";
import { encodeForeignText } from "./foreign-text.ts";
import { Frame, type MmsbLog1Version, mmsbLog1Header, parseFrame } from "./mmsblog1-frame.ts";
import { ReplacingFile } from "./replacing-file.ts";

/** Records that have no place in MMSBLOG1, by kind and reason. */
export interface LeftOut {
  /** The kind's name, as in JSON and on the command line. */
  readonly kind: string;
  readonly reason: string;
  readonly records: number;
  readonly firstLsn: number;
}

export interface MmsbLog1Report {
  readonly version: MmsbLog1Version;
  readonly frames: number;
  readonly fileBytes: number;
  /** In order of kind and reason; empty = nothing was lost. */
  readonly leftOut: readonly LeftOut[];
}

export interface MmsbLog1WriterOptions {
  readonly version: MmsbLog1Version;
  readonly fileSystem?: LogFileSystem;
}

/**
 * Writes records as frames (layout: `mmsblog1-frame.ts`). A delta that came from a foreign log keeps every field; only payload bytes that its
 * mask hides become zero. A refused frame is written as it stood. A delta of our own becomes a sparse frame whose mask ends with its
 * last byte, but for the first one of each page: its mask is as long as the page, so that the page's size can be derived again. Every
 * other record is left out and counted.
 *
 * The file appears under its name when {@link finish} succeeds; until then nothing is there. The same records give the same bytes.
 */
export class MmsbLog1Writer {
  readonly version: MmsbLog1Version;
  readonly #out: ReplacingFile;
  readonly #runs = new RunList(64);
  readonly #frame = new Frame();
  /** Sizes of pages of which no frame tells it yet. */
  readonly #untoldSizes = new Map<bigint, number>();
  readonly #leftOut = new Map<string, { kind: string; reason: string; records: number; firstLsn: number }>();
  #frames = 0;
  #strings: readonly string[] = [];
  #sources: (Uint8Array | undefined)[] = [];

  private constructor(version: MmsbLog1Version, out: ReplacingFile) {
    this.version = version;
    this.#out = out;
    out.bytes(mmsbLog1Header(version));
  }

  static create(path: string, options: MmsbLog1WriterOptions): Result<MmsbLog1Writer> {
    const out = ReplacingFile.create(path, options.fileSystem ?? nodeFileSystem);
    return out.ok ? ok(new MmsbLog1Writer(options.version, out.value)) : out;
  }

  /** Tells the size of a page that stands in a checkpoint; PageCreate records tell it by themselves. */
  declarePage(id: bigint, sizeBytes: number): void {
    this.#untoldSizes.set(id, sizeBytes);
  }

  /**
   * Writes rows `[from, to)`. Errors: FOREIGN_NOT_REPRESENTABLE (metadata in version 1), LOG_RECORD_CORRUPT, I/O. After one, only
   * {@link abort} is of use.
   */
  write(batch: RecordBatch, from = 0, to = batch.count): Result<void> {
    if (batch.strings !== this.#strings) {
      this.#strings = batch.strings;
      this.#sources = new Array(batch.strings.length);
    }
    for (let row = from; row < to; row++) {
      const kind = batch.kind[row]!;
      const written =
        kind === RecordKind.Delta
          ? this.#delta(batch, row)
          : kind === RecordKind.ForeignFrame
            ? this.#foreignFrame(batch, row)
            : this.#other(batch, row);
      if (!written.ok) return written;
    }
    return this.#out.error === undefined ? ok() : err(this.#out.error);
  }

  /** Counts a record that is not written. */
  leaveOut(kind: string, reason: string, lsn: number): void {
    const key = `${kind}\n${reason}`;
    const known = this.#leftOut.get(key);
    if (known === undefined) this.#leftOut.set(key, { kind, reason, records: 1, firstLsn: lsn });
    else known.records++;
  }

  /** Syncs the file and gives it its name. */
  finish(): Result<MmsbLog1Report> {
    const fileBytes = this.#out.sizeBytes;
    const committed = this.#out.commit();
    if (!committed.ok) return committed;
    const keys = [...this.#leftOut.keys()].sort();
    const leftOut = keys.map((key) => this.#leftOut.get(key)!);
    return ok({ version: this.version, frames: this.#frames, fileBytes, leftOut });
  }

  /** Leaves nothing behind. */
  abort(): void {
    this.#out.abort();
  }

  #other(batch: RecordBatch, row: number): Result<void> {
    const kind = batch.kind[row]!;
    if (kind === RecordKind.PageCreate) {
      const body = decodePageCreate(batch.body(row));
      if (!body.ok) return body;
      this.declarePage(batch.pageId(row), body.value.sizeBytes);
    }
    this.leaveOut(kindName(kind), "MMSBLOG1 holds deltas only", batch.lsn(row));
    return ok();
  }

  #delta(batch: RecordBatch, row: number): Result<void> {
    const runs = this.#runs;
    const start = batch.bodyStart[row]!;
    const payloadAt = decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, runs);
    if (payloadAt < 0) return corruptRow(batch, row, `its body at byte ${corruptOffset(payloadAt) - start}`);
    if (batch.epoch[row]! > 0xffff_ffff) {
      this.leaveOut("delta", "its epoch is beyond u32", batch.lsn(row));
      return ok();
    }
    const metaLength = batch.metaLength[row]!;
    if (metaLength > 0 && this.version === 1) return noMetadata(batch, row);
    const isForeign = batch.maskLength[row] !== 0 || runs.count === 0;
    const sparse = !isForeign || (batch.flags[row]! & RecordFlag.ForeignSparse) !== 0;
    const wantedLength = isForeign ? batch.maskLength[row]! : this.#takeUntoldSize(batch.pageId(row));
    const maskLength = Math.max(wantedLength, runs.endOffset);

    const out = this.#out;
    out.u32(batch.deltaIdLo[row]!);
    out.u32(batch.deltaIdHi[row]!);
    out.u32(batch.pageLo[row]!);
    out.u32(batch.pageHi[row]!);
    out.u32(batch.epoch[row]!);
    this.#mask(maskLength);
    if (sparse) {
      const setFlags = runs.totalBytes;
      out.u32(setFlags);
      out.bytes(batch.bytes, payloadAt, payloadAt + setFlags);
    } else {
      this.#densePayload(batch.bytes, payloadAt, maskLength);
    }
    out.u8(sparse ? 1 : 0);
    out.u32(batch.timeLo[row]!);
    out.u32(batch.timeHi[row]!);
    const source = this.#source(batch.source[row]!);
    out.u32(source.length);
    out.bytes(source);
    if (this.version === 2) {
      out.u32(metaLength);
      out.bytes(batch.metadata(row));
    }
    this.#frames++;
    return ok();
  }

  #mask(maskLength: number): void {
    const out = this.#out;
    const { offset, length, count } = this.#runs;
    out.u32(maskLength);
    let at = 0;
    for (let i = 0; i < count; i++) {
      out.repeat(0, offset[i]! - at);
      out.repeat(1, length[i]!);
      at = offset[i]! + length[i]!;
    }
    out.repeat(0, maskLength - at);
  }

  #densePayload(bytes: Uint8Array, payloadAt: number, maskLength: number): void {
    const out = this.#out;
    const { offset, length, count } = this.#runs;
    out.u32(maskLength);
    let at = 0;
    for (let i = 0; i < count; i++) {
      out.repeat(0, offset[i]! - at);
      out.bytes(bytes, payloadAt, payloadAt + length[i]!);
      payloadAt += length[i]!;
      at = offset[i]! + length[i]!;
    }
    out.repeat(0, maskLength - at);
  }

  /** The frame as it stood; only the metadata length comes or goes with the version. */
  #foreignFrame(batch: RecordBatch, row: number): Result<void> {
    const raw = batch.body(row);
    const frame = this.#frame;
    const version = versionOfFrame(raw, frame);
    if (version === undefined) return corruptRow(batch, row, "its frame");
    if (frame.metadataLength > 0 && this.version === 1) return noMetadata(batch, row);
    this.#out.bytes(raw, 0, version === 2 ? frame.metadataAt - 4 : raw.length);
    if (this.version === 2) {
      this.#out.u32(frame.metadataLength);
      this.#out.bytes(raw, frame.metadataAt);
    }
    this.#frames++;
    return ok();
  }

  #takeUntoldSize(pageId: bigint): number {
    const sizeBytes = this.#untoldSizes.get(pageId) ?? 0;
    this.#untoldSizes.delete(pageId);
    return sizeBytes;
  }

  #source(index: number): Uint8Array {
    return (this.#sources[index] ??= encodeForeignText(this.#strings[index] ?? ""));
  }
}

/** The version of the log that a frame was cut out of, which its length tells. Fills `frame`. */
export function versionOfFrame(raw: Uint8Array, frame: Frame): MmsbLog1Version | undefined {
  if (parseFrame(raw, 0, raw.length, 1, frame) === raw.length) return 1;
  return parseFrame(raw, 0, raw.length, 2, frame) === raw.length ? 2 : undefined;
}

function noMetadata(batch: RecordBatch, row: number): Result<void> {
  const place = { lsn: batch.lsn(row), pageId: batch.pageId(row) };
  const message = "version 1 of MMSBLOG1 has no place for intent metadata";
  return fail("FOREIGN_NOT_REPRESENTABLE", message, "Write version 2", place);
}

function corruptRow(batch: RecordBatch, row: number, what: string): Result<void> {
  const remedy = "Run 'mmsb recover' to keep what is readable";
  return err(
    new MmsbError("LOG_RECORD_CORRUPT", `the record is malformed: ${what}`, remedy, {
      lsn: batch.lsn(row),
    }),
  );
}
