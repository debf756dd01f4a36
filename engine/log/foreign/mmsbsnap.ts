/**
 * MMSBSNAP, the checkpoint of the older Rust MMSB. All integers are little-endian; there is no checksum.
 *
 *   header   8  magic "MMSBSNAP"
 *            4  u32 version, 1 or 2
 *            4  u32 number of pages
 *            8  u64 byte offset in the log, from its start, at which replay goes on; 0 = at the beginning
 *   page     8  u64 id
 *            8  u64 size in bytes
 *            4  u32 epoch
 *            4  i32 location: 0 cpu, 1 gpu, 2 unified
 *            4  u32 metadata length      } layout "bare", which a newer writer of version 2 uses,
 *            …  metadata, 0 bytes = none } leaves these two out
 *            4  u32 data length, equal to the size
 *            …  data
 *   metadata 4  u32 count, then count times: u32 key length, key (UTF-8), u32 value length, value
 *
 * A file of version 2 does not say which layout it has: the one that consumes it exactly is right. Should both, the layout with metadata
 * is taken: that is how version 2 was defined, and a bare file fits it only where bytes of a page happen to read as metadata and data
 * of the right lengths. A file without pages is the same in both.
 */
import { createHash } from "node:crypto";
import { ByteReader, utf8DecodeStrict, utf8Encode } from "../../base/bytes.ts";
import { MmsbError } from "../../base/errors.ts";
import { err, fail, ok, type Result } from "../../base/result.ts";
import { u64FromPair } from "../../base/u64.ts";
import { MAX_METADATA_BYTES } from "../../pages/limits.ts";
import { checkMetadata, EMPTY_METADATA } from "../../pages/metadata.ts";
import {
  DEFAULT_PAGE_TYPE,
  LOCATIONS,
  type PageDescriptor,
  type PageMetadata,
} from "../../pages/page-types.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "../file-system.ts";
import { FileWindow, readU32 } from "./file-window.ts";

export const MMSBSNAP_MAGIC: Uint8Array = utf8Encode("MMSBSNAP");
export const MMSBSNAP_HEADER_BYTES = 24;
const PAGE_HEAD_BYTES = 24;
const CHUNK_BYTES = 1024 * 1024;

/** Whether a page carries metadata length and metadata. */
export type MmsbSnapLayout = "metadata" | "bare";

interface SnapPage {
  readonly descriptor: PageDescriptor;
  readonly dataOffset: number;
}

/** A snapshot file, checked whole when it is opened; the bytes of its pages are read when asked for. */
export class MmsbSnap {
  readonly path: string;
  readonly version: number;
  readonly layout: MmsbSnapLayout;
  readonly fileBytes: number;
  /** Byte offset in the log at which replay goes on. */
  readonly logOffset: bigint;
  /** In id order. */
  readonly pages: readonly PageDescriptor[];
  readonly #file: LogFile;
  readonly #dataOffsets: readonly number[];

  private constructor(
    file: LogFile,
    fileBytes: number,
    header: SnapHeader,
    layout: MmsbSnapLayout,
    pages: SnapPage[],
  ) {
    pages.sort((a, b) => (a.descriptor.id < b.descriptor.id ? -1 : 1));
    this.#file = file;
    this.path = file.path;
    this.fileBytes = fileBytes;
    this.version = header.version;
    this.layout = layout;
    this.logOffset = header.logOffset;
    this.pages = pages.map((page) => page.descriptor);
    this.#dataOffsets = pages.map((page) => page.dataOffset);
  }

  /** Errors: LOG_NOT_A_LOG, LOG_VERSION, FOREIGN_TRUNCATED, FOREIGN_FORMAT, LIMIT_EXCEEDED, each with the offset; I/O. */
  static open(path: string, fileSystem: LogFileSystem = nodeFileSystem): Result<MmsbSnap> {
    const file = fileSystem.open(path, "read");
    if (!file.ok) return file;
    const snap = MmsbSnap.#parse(file.value);
    if (!snap.ok) file.value.close();
    return snap;
  }

  static #parse(file: LogFile): Result<MmsbSnap> {
    const size = file.size();
    if (!size.ok) return size;
    const header = readHeader(file, size.value);
    if (!header.ok) return header;
    const full = new SnapParser(file, size.value, "metadata", header.value.pageCount);
    if (full.run()) return ok(new MmsbSnap(file, size.value, header.value, "metadata", full.pages));
    if (header.value.version < 2) return err(full.error!);
    const bare = new SnapParser(file, size.value, "bare", header.value.pageCount);
    if (bare.run()) return ok(new MmsbSnap(file, size.value, header.value, "bare", bare.pages));
    // Neither fits: the layout that explains more of the file tells better what is wrong with it.
    return err(bare.pages.length > full.pages.length ? bare.error! : full.error!);
  }

  /** Fills `out` (exactly the page's size) with the bytes of `pages[index]`. */
  readPage(index: number, out: Uint8Array): Result<void> {
    return this.#read(index, 0, out);
  }

  /** SHA-256 of the bytes of `pages[index]`, in bounded memory. */
  hashPage(index: number): Result<Uint8Array> {
    const { sizeBytes } = this.pages[index]!;
    const hash = createHash("sha256");
    const chunk = new Uint8Array(Math.min(sizeBytes, CHUNK_BYTES));
    for (let at = 0; at < sizeBytes; at += chunk.length) {
      const part = chunk.subarray(0, Math.min(chunk.length, sizeBytes - at));
      const read = this.#read(index, at, part);
      if (!read.ok) return read;
      hash.update(part);
    }
    return ok<Uint8Array>(hash.digest());
  }

  #read(index: number, from: number, out: Uint8Array): Result<void> {
    const offset = this.#dataOffsets[index]! + from;
    const read = this.#file.read(out, offset);
    if (!read.ok) return read;
    if (read.value === out.length) return ok();
    const place = { path: this.path, offset, pageId: this.pages[index]!.id };
    return fail("FOREIGN_TRUNCATED", "the snapshot became shorter while it was open", "Open it again", place);
  }

  close(): void {
    this.#file.close();
  }
}

interface SnapHeader {
  readonly version: number;
  readonly pageCount: number;
  readonly logOffset: bigint;
}

function readHeader(file: LogFile, sizeBytes: number): Result<SnapHeader> {
  const bytes = new Uint8Array(Math.min(MMSBSNAP_HEADER_BYTES, sizeBytes));
  const read = file.read(bytes, 0);
  if (!read.ok) return read;
  const { path } = file;
  const reader = new ByteReader(bytes, 0, read.value);
  const magic = reader.bytes(MMSBSNAP_MAGIC.length);
  if (MMSBSNAP_MAGIC.some((byte, i) => magic[i] !== byte)) {
    return fail("LOG_NOT_A_LOG", "this is no MMSBSNAP file", "Check the path", { path, offset: 0 });
  }
  const version = reader.u32();
  const pageCount = reader.u32();
  const logOffset = reader.u64();
  if (reader.failed) {
    const message = `the header ends after ${read.value} of ${MMSBSNAP_HEADER_BYTES} bytes`;
    return fail("FOREIGN_TRUNCATED", message, "Take another snapshot", { path, offset: reader.offset });
  }
  if (version !== 1 && version !== 2) {
    const remedy = "Convert it with the program that wrote it";
    return fail("LOG_VERSION", `MMSBSNAP version ${version} is unknown`, remedy, { path, offset: 8 });
  }
  return ok({ version, pageCount, logOffset });
}

/** Reads the pages in one of the two layouts. Page count and lengths are only believed as far as the file holds them. */
class SnapParser {
  readonly pages: SnapPage[] = [];
  error: MmsbError | undefined;
  readonly #path: string;
  readonly #window: FileWindow;
  readonly #layout: MmsbSnapLayout;
  readonly #pageCount: number;
  readonly #ids = new Set<bigint>();

  constructor(file: LogFile, sizeBytes: number, layout: MmsbSnapLayout, pageCount: number) {
    this.#path = file.path;
    this.#window = new FileWindow(file, sizeBytes);
    this.#layout = layout;
    this.#pageCount = pageCount;
  }

  run(): boolean {
    const window = this.#window;
    window.skip(MMSBSNAP_HEADER_BYTES);
    while (this.pages.length < this.#pageCount) if (!this.#page()) return false;
    if (window.remaining === 0) return true;
    return this.#malformed(window.offset, `${window.remaining} bytes follow the last page`);
  }

  #page(): boolean {
    const window = this.#window;
    const offset = window.offset;
    if (!this.#has(PAGE_HEAD_BYTES, "head")) return false;
    const { bytes, at } = window;
    const id = u64FromPair(readU32(bytes, at), readU32(bytes, at + 4));
    const sizeLo = readU32(bytes, at + 8);
    const sizeHi = readU32(bytes, at + 12);
    const epoch = readU32(bytes, at + 16);
    const tag = readU32(bytes, at + 20);
    const location = LOCATIONS[tag];
    window.at += PAGE_HEAD_BYTES;
    if (location === undefined) return this.#malformed(offset + 20, `location ${tag | 0} is unknown`, id);
    if (this.#ids.has(id)) return this.#malformed(offset, "a page stands in it twice", id);

    const metadata = this.#layout === "bare" ? EMPTY_METADATA : this.#metadata(id);
    if (metadata === undefined) return false;
    const lengthOffset = window.offset;
    const dataBytes = this.#length("data");
    if (dataBytes === undefined) return false;
    if (sizeHi !== 0 || dataBytes !== sizeLo) {
      const message = `${dataBytes} bytes of data for a page of ${u64FromPair(sizeLo, sizeHi)}`;
      return this.#malformed(lengthOffset, message, id);
    }
    const dataOffset = window.offset;
    if (!window.skip(dataBytes)) return this.#cut(`data of ${dataBytes} bytes`);
    this.#ids.add(id);
    const type = DEFAULT_PAGE_TYPE;
    const sizeBytes = dataBytes;
    this.pages.push({
      descriptor: { id, sizeBytes, epoch, location, type, metadata, schema: undefined },
      dataOffset,
    });
    return true;
  }

  #metadata(pageId: bigint): PageMetadata | undefined {
    const window = this.#window;
    const length = this.#length("metadata");
    if (length === undefined) return undefined;
    if (length === 0) return EMPTY_METADATA;
    if (length > window.remaining) {
      this.#cut(`metadata of ${length} bytes`);
      return undefined;
    }
    const offset = window.offset;
    if (length > MAX_METADATA_BYTES) {
      const remedy = `At most ${MAX_METADATA_BYTES} bytes are read`;
      this.error = new MmsbError("LIMIT_EXCEEDED", `metadata of ${length} bytes`, remedy, {
        path: this.#path,
        offset,
        pageId,
      });
      return undefined;
    }
    const blob = window.take(length);
    if (blob === undefined) {
      this.#cut(`metadata of ${length} bytes`);
      return undefined;
    }
    return this.#metadataEntries(blob, offset, pageId);
  }

  #metadataEntries(blob: Uint8Array, offset: number, pageId: bigint): PageMetadata | undefined {
    const reader = new ByteReader(blob);
    const count = reader.u32();
    const entries = new Map<string, Uint8Array>();
    for (let i = 0; i < count && !reader.failed; i++) {
      const keyOffset = offset + reader.offset;
      const key = utf8DecodeStrict(reader.bytes(reader.u32()));
      const value = reader.bytes(reader.u32());
      if (reader.failed) break;
      if (key === undefined) {
        this.#malformed(keyOffset, "a metadata key is not UTF-8", pageId);
        return undefined;
      }
      if (entries.has(key)) {
        this.#malformed(keyOffset, "a metadata key stands twice", pageId);
        return undefined;
      }
      entries.set(key, value.slice());
    }
    if (reader.failed || reader.remaining > 0) {
      const message = reader.failed
        ? "metadata ends within an entry"
        : "bytes are left over after the metadata";
      this.#malformed(offset + reader.offset, message, pageId);
      return undefined;
    }
    const checked = checkMetadata(entries);
    if (checked.ok) return entries;
    const { code, message, remedy } = checked.error;
    this.error = new MmsbError(code, message, remedy, { path: this.#path, offset, pageId });
    return undefined;
  }

  #length(part: string): number | undefined {
    if (!this.#has(4, `${part} length`)) return undefined;
    const length = readU32(this.#window.bytes, this.#window.at);
    this.#window.at += 4;
    return length;
  }

  #has(count: number, part: string): boolean {
    return this.#window.has(count) || this.#cut(part);
  }

  #cut(part: string): false {
    const window = this.#window;
    const place = { path: this.#path, offset: window.offset };
    const message = `page ${this.pages.length + 1} of ${this.#pageCount} is cut: its ${part} goes beyond the end of the file`;
    this.error = window.error ?? new MmsbError("FOREIGN_TRUNCATED", message, "Take another snapshot", place);
    return false;
  }

  #malformed(offset: number, what: string, pageId?: bigint): false {
    const place = { path: this.#path, offset, ...(pageId === undefined ? {} : { pageId }) };
    const message = `the snapshot is malformed: ${what}`;
    this.error = new MmsbError("FOREIGN_FORMAT", message, "Take another snapshot", place);
    return false;
  }
}
