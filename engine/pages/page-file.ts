/**
 * A page on its own: one self-contained run of bytes, little-endian. Version 2 of page serialization; of a version 1 nothing exists.
 *
 *   offset  bytes  what
 *        0      8  magic "MMSBPAGE"
 *        8      4  u32 version, 2. Raise it when anything below changes; a reader refuses versions that it does not know.
 *       12      4  u32 reserved, 0
 *       16      8  u64 bytes of the whole file, the CRC included
 *       24      8  u64 page id
 *       32      8  u64 page size in bytes, at most 2^30
 *       40      8  u64 epoch, below 2^53
 *       48      1  u8 location: 0 cpu, 1 gpu, 2 unified. A tag: the bytes are here, wherever the page lived.
 *       49      7  reserved, 0
 *       56         varint length and UTF-8 of the type
 *                  varint length and bytes of the metadata (`metadata.ts`); length 0 = none
 *                  varint length and bytes of the schema (`schema.ts`); length 0 = none
 *                  varint length and bytes of the written mask (below); length 0 = it was not tracked
 *                  the page's bytes, as many as its size says
 *              4  u32 CRC-32C of every byte before
 *
 * Written mask: which bytes were ever written, as runs in ascending order that neither touch nor overlap. Varint number of runs, then for
 * each: varint gap (untouched bytes since the last run's end, less one; the first counts from the page's start, whole) and varint
 * length less one.
 *
 * One page has one encoding, and varints are as short as they can be. Nothing is allocated from a length that was not held against
 * the bytes that are there.
 */
import { accel } from "../accel/index.ts";
import {
  ByteReader,
  ByteWriter,
  bytesEqual,
  EMPTY_BYTES,
  utf8DecodeStrict,
  utf8Encode,
  varintSize,
} from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_ARENA_BYTES } from "./arena.ts";
import { decodeMetadata, EMPTY_METADATA, encodeMetadata } from "./metadata.ts";
import { checkPageSpec } from "./page-spec.ts";
import { LOCATION_CODE, LOCATIONS, type PageImage } from "./page-types.ts";
import { decodeSchema, encodeSchema } from "./schema.ts";

const MAGIC = utf8Encode("MMSBPAGE");
const VERSION = 2;
const TOTAL_AT = 16;
const BODY_AT = 56;
const CRC_BYTES = 4;
/** Four empty varint lengths and the CRC behind the fixed part. */
const MIN_BYTES = BODY_AT + 4 + CRC_BYTES;

/** Runs of bytes in rows `[0, count)`: ascending, none empty, with at least one other byte between two of them. */
export interface WrittenRuns {
  readonly count: number;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
}

export interface PageFile {
  readonly page: PageImage;
  /** Which bytes were ever written; `undefined` where nobody kept track. */
  readonly written: WrittenRuns | undefined;
}

/** Errors: those of a page spec, DELTA_RANGE where the runs are out of order or leave the page. */
export function serializePage(page: PageImage, written?: WrittenRuns): Result<Uint8Array> {
  const checked = checkPageSpec(page, MAX_ARENA_BYTES);
  if (!checked.ok) return checked;
  const mask = written === undefined ? ok(EMPTY_BYTES) : encodeMask(written, page.sizeBytes);
  if (!mask.ok) return mask;
  const out = new ByteWriter(page.sizeBytes + 512)
    .bytes(MAGIC)
    .u32(VERSION)
    .u32(0)
    .u64n(0)
    .u64(page.id)
    .u64n(page.sizeBytes)
    .u64n(page.epoch)
    .u8(LOCATION_CODE[page.location])
    .align(8)
    .text(page.type)
    .sizedBytes(page.metadata.size === 0 ? EMPTY_BYTES : encodeMetadata(page.metadata))
    .sizedBytes(page.schema === undefined ? EMPTY_BYTES : encodeSchema(page.schema))
    .sizedBytes(mask.value)
    .bytes(page.bytes);
  // Below 2^32: a page of at most 2^30 bytes, and what it carries is bounded (limits.ts).
  out.patchU32(TOTAL_AT, out.length + CRC_BYTES);
  return ok(out.u32(accel.crc32c(out.view())).finish());
}

/**
 * Reads what {@link serializePage} wrote; the result owns its bytes. Errors: PAGE_FORMAT (not a page file, another version, cut, or
 * malformed), PAGE_CHECKSUM (damaged).
 */
export function deserializePage(bytes: Uint8Array): Result<PageFile> {
  const framed = checkFrame(bytes);
  return framed.ok ? readPage(bytes) : framed;
}

function malformed(message: string, offset: number, remedy = "Take the page from its recording again") {
  return fail("PAGE_FORMAT", message, remedy, { offset });
}

/** Magic, version, length and checksum: after this the bytes are as somebody wrote them. */
function checkFrame(bytes: Uint8Array): Result<void> {
  if (!bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC.subarray(0, bytes.length)) || bytes.length === 0) {
    return malformed("this is no page file", 0, "Give a file that begins with MMSBPAGE");
  }
  if (bytes.length < MIN_BYTES)
    return malformed(`the page file ends after ${bytes.length} bytes`, bytes.length);
  const header = new ByteReader(bytes, MAGIC.length);
  const version = header.u32();
  if (version !== VERSION) {
    return malformed(
      `page file version ${version} is unknown`,
      MAGIC.length,
      `Read it with the MMSB that wrote it; this one reads version ${VERSION}`,
    );
  }
  header.skip(4);
  const total = header.u64();
  if (total !== BigInt(bytes.length)) {
    return malformed(`the page file has ${bytes.length} bytes and should have ${total}`, TOTAL_AT);
  }
  const crcAt = bytes.length - CRC_BYTES;
  const stored = new ByteReader(bytes, crcAt).u32();
  if (accel.crc32c(bytes.subarray(0, crcAt)) !== stored) {
    return fail(
      "PAGE_CHECKSUM",
      "the page file is damaged: its checksum does not fit",
      "Take the page from its recording again",
      { offset: crcAt },
    );
  }
  return ok();
}

function readPage(bytes: Uint8Array): Result<PageFile> {
  const reader = new ByteReader(bytes, 12, bytes.length - CRC_BYTES);
  const reserved = reader.u32();
  reader.skip(8);
  const id = reader.u64();
  const sizeBytes = reader.u64n();
  const epoch = reader.u64n();
  const location = LOCATIONS[reader.u8()];
  const padding = reader.bytes(7);
  const type = utf8DecodeStrict(readSection(reader));
  const metadataBytes = readSection(reader);
  const schemaBytes = readSection(reader);
  const maskBytes = readSection(reader);
  const content = reader.bytes(sizeBytes);
  if (reader.failed || reader.remaining > 0) {
    return malformed("the lengths in the page file do not add up", reader.offset);
  }
  if (reserved !== 0 || padding.some((byte) => byte !== 0)) {
    return malformed("reserved bytes of the page file are used", 12);
  }
  if (location === undefined) return malformed("the page file names an unknown location", 48);
  if (type === undefined) return malformed("the type in the page file is not UTF-8", BODY_AT);
  const metadata = metadataBytes.length === 0 ? ok(EMPTY_METADATA) : decodeMetadata(metadataBytes);
  if (!metadata.ok) return metadata;
  if (metadataBytes.length > 0 && metadata.value.size === 0) {
    return malformed("the page file holds metadata without an entry", BODY_AT);
  }
  const schema = schemaBytes.length === 0 ? NO_SCHEMA : decodeSchema(schemaBytes, sizeBytes);
  if (!schema.ok) return schema;
  const written = maskBytes.length === 0 ? NOT_TRACKED : decodeMask(maskBytes, sizeBytes);
  if (!written.ok) return written;
  const page: PageImage = {
    id,
    sizeBytes,
    epoch,
    location,
    type,
    metadata: metadata.value,
    schema: schema.value,
    bytes: new Uint8Array(content),
  };
  const checked = checkPageSpec(page, MAX_ARENA_BYTES);
  return checked.ok ? ok({ page, written: written.value }) : checked;
}

/** Varint length, then the bytes; a length written longer than it need be is refused. */
function readSection(reader: ByteReader): Uint8Array {
  const before = reader.offset;
  const length = reader.varint();
  if (reader.offset - before !== varintSize(length)) reader.reject();
  return reader.bytes(length);
}

const NO_SCHEMA = { ok: true, value: undefined } as const;
const NOT_TRACKED = { ok: true, value: undefined } as const;

function encodeMask(runs: WrittenRuns, sizeBytes: number): Result<Uint8Array> {
  const out = new ByteWriter().varint(runs.count);
  let end = -1;
  for (let i = 0; i < runs.count; i++) {
    const offset = runs.offset[i]!;
    const length = runs.length[i]!;
    if (offset <= end || length === 0 || offset + length > sizeBytes) {
      const message = `run ${i} of the written mask (${offset}, ${length} bytes) is out of order, empty or outside the page`;
      return fail("DELTA_RANGE", message, "Give ascending runs with a gap between them, inside the page", {
        offset,
      });
    }
    out.varint(end < 0 ? offset : offset - end - 1).varint(length - 1);
    end = offset + length;
  }
  return ok(out.finish());
}

function decodeMask(bytes: Uint8Array, sizeBytes: number): Result<WrittenRuns> {
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  // Two bytes a run at least: more runs than that cannot be there.
  if (count * 2 > reader.remaining)
    return malformed("the written mask of the page file is cut", reader.offset);
  const offset = new Uint32Array(count);
  const length = new Uint32Array(count);
  let end = -1;
  for (let i = 0; i < count; i++) {
    const at = reader.varint() + (end < 0 ? 0 : end + 1);
    const size = reader.varint() + 1;
    if (reader.failed || at + size > sizeBytes) break;
    offset[i] = at;
    length[i] = size;
    end = at + size;
  }
  const runs = { count, offset, length };
  const encoded = encodeMask(runs, sizeBytes);
  if (reader.failed || !encoded.ok || !bytesEqual(encoded.value, bytes)) {
    return malformed("the written mask of the page file is corrupt", reader.offset);
  }
  return ok(runs);
}
