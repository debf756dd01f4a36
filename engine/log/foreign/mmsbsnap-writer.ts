import { ByteWriter, compareBytes, EMPTY_BYTES, utf8Encode } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { highOf, highOfNumber, lowOf, lowOfNumber } from "../../base/u64.ts";
import { LOCATION_CODE, type PageMetadata } from "../../pages/page-types.ts";
import { type LogFileSystem, nodeFileSystem } from "../file-system.ts";
import type { CheckpointImage } from "../record-source.ts";
import { MMSBSNAP_MAGIC, type MmsbSnapLayout } from "./mmsbsnap.ts";
import { ReplacingFile } from "./replacing-file.ts";

export interface MmsbSnapOptions {
  readonly version: 1 | 2;
  /** `bare` is only legal in version 2, and drops page metadata. */
  readonly layout: MmsbSnapLayout;
  /** Byte offset in the foreign log at which replay goes on. */
  readonly logOffset: number;
}

/** What a snapshot needs of a checkpoint; a full one has it. */
export type SnapPages = Pick<CheckpointImage, "pages" | "readPage">;

/**
 * Writes pages as MMSBSNAP (layout: `mmsbsnap.ts`) in id order, metadata in byte order of its keys, so that the same state gives the same
 * bytes. Page types, schemas and edges have no place in it. Errors: FOREIGN_NOT_REPRESENTABLE, I/O; then nothing is left behind.
 */
export function writeMmsbSnap(
  path: string,
  state: SnapPages,
  options: MmsbSnapOptions,
  fileSystem: LogFileSystem = nodeFileSystem,
): Result<void> {
  const { version, layout } = options;
  if (layout === "bare" && version !== 2) {
    return fail("ARGUMENT_INVALID", "only version 2 has the bare layout", "Write version 2", { path });
  }
  for (const { id, epoch, metadata } of state.pages) {
    if (epoch > 0xffff_ffff) {
      const remedy = "Keep this recording as mmsb";
      const place = { path, pageId: id };
      return fail("FOREIGN_NOT_REPRESENTABLE", `epoch ${epoch} is beyond MMSBSNAP's u32`, remedy, place);
    }
    if (layout === "bare" && metadata.size > 0) {
      const message = "the bare layout has no place for page metadata";
      return fail("FOREIGN_NOT_REPRESENTABLE", message, "Use the layout with metadata", {
        path,
        pageId: id,
      });
    }
  }
  const created = ReplacingFile.create(path, fileSystem);
  if (!created.ok) return created;
  const out = created.value;
  const written = writeContent(out, state, options);
  if (written.ok) return out.commit();
  out.abort();
  return written;
}

function writeContent(out: ReplacingFile, state: SnapPages, options: MmsbSnapOptions): Result<void> {
  const { pages } = state;
  out.bytes(MMSBSNAP_MAGIC);
  out.u32(options.version);
  out.u32(pages.length);
  out.u32(lowOfNumber(options.logOffset));
  out.u32(highOfNumber(options.logOffset));
  const order = pages.map((_page, index) => index);
  order.sort((a, b) => (pages[a]!.id < pages[b]!.id ? -1 : 1));
  for (const index of order) {
    const { id, sizeBytes, epoch, location, metadata } = pages[index]!;
    out.u32(lowOf(id));
    out.u32(highOf(id));
    out.u32(sizeBytes);
    out.u32(0);
    out.u32(epoch);
    out.u32(LOCATION_CODE[location]);
    if (options.layout === "metadata") {
      const blob = metadataBlob(metadata);
      out.u32(blob.length);
      out.bytes(blob);
    }
    const bytes = new Uint8Array(sizeBytes);
    const read = state.readPage(index, bytes);
    if (!read.ok) return read;
    out.u32(sizeBytes);
    out.bytes(bytes);
  }
  return ok();
}

function metadataBlob(metadata: PageMetadata): Uint8Array {
  if (metadata.size === 0) return EMPTY_BYTES;
  const entries = [...metadata].map(([key, value]) => ({ key: utf8Encode(key), value }));
  entries.sort((a, b) => compareBytes(a.key, b.key));
  const blob = new ByteWriter().u32(entries.length);
  for (const { key, value } of entries) blob.u32(key.length).bytes(key).u32(value.length).bytes(value);
  return blob.finish();
}
