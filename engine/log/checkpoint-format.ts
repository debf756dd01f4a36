/**
 * A checkpoint is a stream of bytes cut into checkpoint blocks. Every chunk but the last two is exactly `CHUNK_BYTES` long, so that the
 * place of any page byte follows from arithmetic; the last chunk (flag LastChunk) holds the trailer alone.
 *
 *   header   u32 magic "MSCP", u16 version (1; 2 where registrations are listed), u8 kind (0 full, 1 dirty), u8 0, u64 LSN, u64 base LSN, u64 timestamp,
 *            u64 page count, u64 destroyed count, u64 edge count, u64 bytes of the lists, u64 bytes of all pages
 *   lists    pages, in id order: u64 id, u64 size, u64 epoch, u8 location, text type, sized metadata, sized schema
 *            destroyed: u64 id each, ascending
 *            edges, sorted: u64 from, u64 to, u8 type
 *            version 2: u32 count, then the registrations of recomputes: u64 page id (0 for a page type), sized body of a Recompute record
 *   bytes    of the pages, one after another
 *   trailer  u64 LSN, u64 base LSN, u64 page bytes, u64 stream bytes before the trailer, u8 kind, 7 zeros, 32 state hash, 32 structure hash
 *
 * The state in it is the state after record LSN. A dirty one lists the pages changed since its base; its edges and registrations are all that stand.
 */
import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  EDGE_TYPES,
  type Edge,
  type EdgeType,
  LOCATION_CODE,
  LOCATIONS,
  type PageDescriptor,
  type PageLocation,
} from "../pages/page-types.ts";
import { MAX_PAYLOAD_BYTES } from "./block-format.ts";
import {
  decodeMetadataBody,
  decodeSchemaBody,
  encodeMetadataBody,
  encodeSchemaBody,
} from "./record-bodies.ts";
import type { CheckpointRef } from "./record-source.ts";
import { decodeRegistration, encodeRegistration, type StandingRegistration } from "./registration.ts";

export const CHUNK_BYTES = MAX_PAYLOAD_BYTES;
export const CHECKPOINT_HEADER_BYTES = 72;
export const CHECKPOINT_TRAILER_BYTES = 104;
const MAGIC = 0x5043534d;
/** Version 2 lists registrations; a checkpoint without any is still of version 1, which every reader knows. */
const VERSION = 1;
const VERSION_WITH_REGISTRATIONS = 2;

/** A state to be written down. */
export interface CheckpointContent {
  readonly kind: "full" | "dirty";
  /** For a dirty one: the LSN of the checkpoint that it builds upon. */
  readonly baseLsn: number;
  /** In id order. */
  readonly pages: readonly PageDescriptor[];
  readonly destroyed: readonly bigint[];
  readonly edges: readonly Edge[];
  /** All that stand, in the order of `compareRegistrations`; none where absent. */
  readonly registrations?: readonly StandingRegistration[];
  readonly stateHash: Uint8Array;
  readonly structureHash: Uint8Array;
  /** The bytes of `pages[index]`, valid until the next call. */
  bytesOf(index: number): Uint8Array;
}

/** Header and lists: everything that stands before the bytes of the pages. */
export function encodeCheckpointLists(
  content: CheckpointContent,
  lsn: number,
  timestampNs: bigint,
): Uint8Array {
  const lists = new ByteWriter(64 * content.pages.length + 17 * content.edges.length + 256);
  let pageBytes = 0;
  for (const page of content.pages) {
    pageBytes += page.sizeBytes;
    lists.u64(page.id).u64n(page.sizeBytes).u64n(page.epoch).u8(LOCATION_CODE[page.location]).text(page.type);
    lists.sizedBytes(encodeMetadataBody(page.metadata)).sizedBytes(encodeSchemaBody(page.schema));
  }
  for (const id of content.destroyed) lists.u64(id);
  for (const edge of content.edges) lists.u64(edge.from).u64(edge.to).u8(EDGE_TYPES.indexOf(edge.type));
  const { registrations = [] } = content;
  if (registrations.length > 0) {
    lists.u32(registrations.length);
    for (const { pageId, registration } of registrations)
      lists.u64(pageId).sizedBytes(encodeRegistration(registration));
  }
  const head = new ByteWriter(CHECKPOINT_HEADER_BYTES + lists.length);
  head
    .u32(MAGIC)
    .u16(registrations.length > 0 ? VERSION_WITH_REGISTRATIONS : VERSION)
    .u8(content.kind === "full" ? 0 : 1)
    .u8(0);
  head.u64n(lsn).u64n(content.baseLsn).u64(timestampNs);
  head.u64n(content.pages.length).u64n(content.destroyed.length).u64n(content.edges.length);
  return head.u64n(lists.length).u64n(pageBytes).bytes(lists.view()).finish();
}

export function encodeCheckpointTrailer(
  content: CheckpointContent,
  lsn: number,
  pageBytes: number,
  streamBytes: number,
): Uint8Array {
  const trailer = new ByteWriter(CHECKPOINT_TRAILER_BYTES)
    .u64n(lsn)
    .u64n(content.baseLsn)
    .u64n(pageBytes)
    .u64n(streamBytes);
  trailer.u8(content.kind === "full" ? 0 : 1).align(8);
  return trailer.bytes(content.stateHash).bytes(content.structureHash).finish();
}

/** The trailer as a reference without its record; `undefined` where it is malformed. */
export function decodeCheckpointTrailer(
  bytes: Uint8Array,
): (CheckpointRef & { readonly streamBytes: number }) | undefined {
  const reader = new ByteReader(bytes);
  const lsn = reader.u64n();
  const baseLsn = reader.u64n();
  const sizeBytes = reader.u64n();
  const streamBytes = reader.u64n();
  const kind = reader.u8();
  reader.skip(7);
  const stateHash = reader.bytes(32).slice();
  const structureHash = reader.bytes(32).slice();
  if (reader.failed || kind > 1) return undefined;
  return {
    lsn,
    baseLsn,
    sizeBytes,
    streamBytes,
    kind: kind === 0 ? "full" : "dirty",
    stateHash,
    structureHash,
    recordLsn: 0,
  };
}

export interface CheckpointLists {
  readonly pages: readonly PageDescriptor[];
  readonly destroyed: readonly bigint[];
  readonly edges: readonly Edge[];
  readonly registrations: readonly StandingRegistration[];
  /** Where in the stream the bytes of each page begin. */
  readonly pageAt: Float64Array;
}

function damaged(detail: string, lsn: number): ReturnType<typeof fail> {
  return fail(
    "CHECKPOINT_DAMAGED",
    `the checkpoint is malformed (${detail})`,
    "Replay starts at an earlier checkpoint",
    { lsn },
  );
}

/** Bytes of header and lists, told from the header alone; a negative number where it is no checkpoint. */
export function checkpointListBytes(header: Uint8Array): number {
  const reader = new ByteReader(header);
  const magic = reader.u32();
  const version = reader.u16();
  reader.skip(2 + 6 * 8);
  const listBytes = reader.u64n();
  const isKnown = magic === MAGIC && (version === VERSION || version === VERSION_WITH_REGISTRATIONS);
  return reader.failed || !isKnown ? -1 : CHECKPOINT_HEADER_BYTES + listBytes;
}

/** Decodes header and lists; `bytes` holds exactly those. Allocates in proportion to `bytes` only. */
export function decodeCheckpointLists(bytes: Uint8Array, lsn: number): Result<CheckpointLists> {
  const reader = new ByteReader(bytes);
  reader.skip(4);
  const version = reader.u16();
  reader.skip(2 + 3 * 8);
  const pageCount = reader.u64n();
  const destroyedCount = reader.u64n();
  const edgeCount = reader.u64n();
  reader.skip(16);
  // The smallest page entry takes 28 bytes: a count that cannot fit is refused before anything is allocated.
  if (reader.failed || pageCount * 28 + destroyedCount * 8 + edgeCount * 17 > reader.remaining)
    return damaged("counts", lsn);
  const pages: PageDescriptor[] = [];
  const pageAt = new Float64Array(pageCount);
  let at = bytes.length;
  let last = -1n;
  for (let i = 0; i < pageCount; i++) {
    const id = reader.u64();
    const sizeBytes = reader.u64n();
    const epoch = reader.u64n();
    const location = LOCATIONS[reader.u8()];
    const type = reader.text();
    const metadata = decodeMetadataBody(reader.sizedBytes());
    const schema = decodeSchemaBody(reader.sizedBytes(), sizeBytes);
    if (reader.failed || location === undefined || id <= last) return damaged(`page ${i}`, lsn);
    if (!metadata.ok) return metadata;
    if (!schema.ok) return schema;
    pages.push({
      id,
      sizeBytes,
      epoch,
      location: location as PageLocation,
      type,
      metadata: metadata.value,
      schema: schema.value,
    });
    pageAt[i] = at;
    at += sizeBytes;
    last = id;
  }
  const destroyed: bigint[] = [];
  for (let i = 0; i < destroyedCount; i++) destroyed.push(reader.u64());
  const edges: Edge[] = [];
  for (let i = 0; i < edgeCount; i++) {
    const from = reader.u64();
    const to = reader.u64();
    const type = EDGE_TYPES[reader.u8()];
    if (type === undefined) return damaged(`edge ${i}`, lsn);
    edges.push({ from, to, type: type as EdgeType });
  }
  const registrations: StandingRegistration[] = [];
  const registrationCount = version === VERSION_WITH_REGISTRATIONS ? reader.u32() : 0;
  for (let i = 0; i < registrationCount && !reader.failed; i++) {
    const pageId = reader.u64();
    const registration = decodeRegistration(reader.sizedBytes());
    if (!registration.ok || !registration.value.registered) return damaged(`registration ${i}`, lsn);
    registrations.push({ pageId, registration: registration.value });
  }
  if (reader.failed || reader.remaining !== 0) return damaged("lists", lsn);
  return ok({ pages, destroyed, edges, registrations, pageAt });
}
