/**
 * The bodies of every record kind but Delta (see `engine/deltas/delta-body.ts`). Varints are LEB128, texts are varint length + UTF-8,
 * everything else is little-endian.
 *
 *   PageCreate         varint sizeBytes, u8 location, text type, sized metadata, sized schema (empty = none)
 *   PageDestroy        empty
 *   PageMigrate        u8 location
 *   EdgeAdd/EdgeRemove u64 to, u8 edge type (0 data, 1 control); the page column is `from`
 *   TransactionBegin   empty; Commit and Abort: u64 LSN of the begin
 *   SchemaChange       schema bytes (empty = none)
 *   MetadataChange     metadata bytes
 *   Event              varint event type, payload
 *   Checkpoint         u64 LSN of the state, u64 base LSN, u8 kind (0 full, 1 dirty), u64 stream bytes, 32 state hash, 32 structure hash
 *   SessionStart       text writer, sized metadata
 *   SessionStop        empty
 *   Failure            text code, text message
 *   ForeignFrame       the frame as it stood
 *   Gap                u64 first lost LSN, u64 last lost LSN, u64 lost bytes (all as in the damaged log)
 */
import { ByteReader, ByteWriter, EMPTY_BYTES } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { decodeMetadata, EMPTY_METADATA, encodeMetadata } from "../pages/metadata.ts";
import type { PageMetadata, PageSchema } from "../pages/page-types.ts";
import {
  EDGE_TYPES,
  type EdgeType,
  LOCATION_CODE,
  LOCATIONS,
  type PageLocation,
} from "../pages/page-types.ts";
import { decodeSchema, encodeSchema } from "../pages/schema.ts";

const HASH_BYTES = 32;

export interface PageCreateBody {
  readonly sizeBytes: number;
  readonly location: PageLocation;
  readonly type: string;
  readonly metadata: PageMetadata;
  readonly schema: PageSchema | undefined;
}

export interface EdgeBody {
  readonly to: bigint;
  readonly type: EdgeType;
}

export interface EventBody {
  readonly eventType: number;
  readonly payload: Uint8Array;
}

export interface CheckpointBody {
  readonly lsn: number;
  readonly baseLsn: number;
  readonly kind: "full" | "dirty";
  readonly streamBytes: number;
  readonly stateHash: Uint8Array;
  readonly structureHash: Uint8Array;
}

export interface SessionStartBody {
  readonly writer: string;
  readonly metadata: PageMetadata;
}

export interface FailureBody {
  readonly code: string;
  readonly message: string;
}

export interface GapBody {
  readonly fromLsn: number;
  readonly toLsn: number;
  readonly lostBytes: number;
}

function corrupt(what: string, offset: number): ReturnType<typeof fail> {
  return fail(
    "LOG_RECORD_CORRUPT",
    `the body of a ${what} record is malformed`,
    "Run 'mmsb recover' to keep what is readable",
    {
      offset,
    },
  );
}

/** Accepts a body only if it was read whole and nothing is left over. */
function complete<T>(what: string, reader: ByteReader, value: T): Result<T> {
  return reader.failed || reader.remaining !== 0 ? corrupt(what, reader.offset) : ok(value);
}

export function encodePageCreate(body: PageCreateBody): Uint8Array {
  return new ByteWriter(64)
    .varint(body.sizeBytes)
    .u8(LOCATION_CODE[body.location])
    .text(body.type)
    .sizedBytes(body.metadata.size === 0 ? EMPTY_BYTES : encodeMetadata(body.metadata))
    .sizedBytes(body.schema === undefined ? EMPTY_BYTES : encodeSchema(body.schema))
    .finish();
}

export function decodePageCreate(bytes: Uint8Array): Result<PageCreateBody> {
  const reader = new ByteReader(bytes);
  const sizeBytes = reader.varint();
  const location = LOCATIONS[reader.u8()];
  const type = reader.text();
  const metadataBytes = reader.sizedBytes();
  const schemaBytes = reader.sizedBytes();
  if (location === undefined) reader.reject();
  const whole = complete("page-create", reader, undefined);
  if (!whole.ok) return whole;
  const metadata = decodeMetadataBody(metadataBytes);
  if (!metadata.ok) return metadata;
  const schema = decodeSchemaBody(schemaBytes, sizeBytes);
  if (!schema.ok) return schema;
  return ok({
    sizeBytes,
    location: location as PageLocation,
    type,
    metadata: metadata.value,
    schema: schema.value,
  });
}

const NO_METADATA: Result<PageMetadata> = ok(EMPTY_METADATA);
const NO_SCHEMA: Result<PageSchema | undefined> = { ok: true, value: undefined };

export function encodeMetadataBody(metadata: PageMetadata): Uint8Array {
  return metadata.size === 0 ? EMPTY_BYTES : encodeMetadata(metadata);
}

export function decodeMetadataBody(bytes: Uint8Array): Result<PageMetadata> {
  return bytes.length === 0 ? NO_METADATA : decodeMetadata(bytes);
}

export function encodeSchemaBody(schema: PageSchema | undefined): Uint8Array {
  return schema === undefined ? EMPTY_BYTES : encodeSchema(schema);
}

export function decodeSchemaBody(bytes: Uint8Array, pageSizeBytes: number): Result<PageSchema | undefined> {
  return bytes.length === 0 ? NO_SCHEMA : decodeSchema(bytes, pageSizeBytes);
}

export function encodePageMigrate(location: PageLocation): Uint8Array {
  return Uint8Array.of(LOCATION_CODE[location]);
}

export function decodePageMigrate(bytes: Uint8Array): Result<PageLocation> {
  const location = bytes.length === 1 ? LOCATIONS[bytes[0]!] : undefined;
  return location === undefined ? corrupt("page-migrate", 0) : ok(location);
}

export function encodeEdge(body: EdgeBody): Uint8Array {
  return new ByteWriter(9).u64(body.to).u8(EDGE_TYPES.indexOf(body.type)).finish();
}

export function decodeEdge(bytes: Uint8Array): Result<EdgeBody> {
  const reader = new ByteReader(bytes);
  const to = reader.u64();
  const type = EDGE_TYPES[reader.u8()];
  if (type === undefined) reader.reject();
  return complete("edge", reader, { to, type: type as EdgeType });
}

export function encodeTransactionEnd(beginLsn: number): Uint8Array {
  return new ByteWriter(8).u64n(beginLsn).finish();
}

export function decodeTransactionEnd(bytes: Uint8Array): Result<number> {
  const reader = new ByteReader(bytes);
  const beginLsn = reader.u64n();
  return complete("transaction", reader, beginLsn);
}

export function encodeEvent(body: EventBody): Uint8Array {
  return new ByteWriter(body.payload.length + 8).varint(body.eventType).bytes(body.payload).finish();
}

export function decodeEvent(bytes: Uint8Array): Result<EventBody> {
  const reader = new ByteReader(bytes);
  const eventType = reader.varint();
  const payload = reader.bytes(reader.remaining);
  return complete("event", reader, { eventType, payload });
}

export function encodeCheckpoint(body: CheckpointBody): Uint8Array {
  return new ByteWriter(96)
    .u64n(body.lsn)
    .u64n(body.baseLsn)
    .u8(body.kind === "full" ? 0 : 1)
    .u64n(body.streamBytes)
    .bytes(body.stateHash)
    .bytes(body.structureHash)
    .finish();
}

export function decodeCheckpoint(bytes: Uint8Array): Result<CheckpointBody> {
  const reader = new ByteReader(bytes);
  const lsn = reader.u64n();
  const baseLsn = reader.u64n();
  const kind = reader.u8();
  const streamBytes = reader.u64n();
  const stateHash = reader.bytes(HASH_BYTES).slice();
  const structureHash = reader.bytes(HASH_BYTES).slice();
  if (kind > 1) reader.reject();
  return complete("checkpoint", reader, {
    lsn,
    baseLsn,
    kind: kind === 0 ? ("full" as const) : ("dirty" as const),
    streamBytes,
    stateHash,
    structureHash,
  });
}

export function encodeSessionStart(body: SessionStartBody): Uint8Array {
  return new ByteWriter(64).text(body.writer).sizedBytes(encodeMetadataBody(body.metadata)).finish();
}

export function decodeSessionStart(bytes: Uint8Array): Result<SessionStartBody> {
  const reader = new ByteReader(bytes);
  const writer = reader.text();
  const metadataBytes = reader.sizedBytes();
  const whole = complete("session-start", reader, undefined);
  if (!whole.ok) return whole;
  const metadata = decodeMetadataBody(metadataBytes);
  return metadata.ok ? ok({ writer, metadata: metadata.value }) : metadata;
}

export function encodeFailure(body: FailureBody): Uint8Array {
  return new ByteWriter(64).text(body.code).text(body.message).finish();
}

export function decodeFailure(bytes: Uint8Array): Result<FailureBody> {
  const reader = new ByteReader(bytes);
  const code = reader.text();
  const message = reader.text();
  return complete("failure", reader, { code, message });
}

export function encodeGap(body: GapBody): Uint8Array {
  return new ByteWriter(24).u64n(body.fromLsn).u64n(body.toLsn).u64n(body.lostBytes).finish();
}

export function decodeGap(bytes: Uint8Array): Result<GapBody> {
  const reader = new ByteReader(bytes);
  const fromLsn = reader.u64n();
  const toLsn = reader.u64n();
  const lostBytes = reader.u64n();
  return complete("gap", reader, { fromLsn, toLsn, lostBytes });
}
