import { ByteReader, ByteWriter } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { EVENT_CODE, type EventFields, type EventHead, eventTypeOf, type MmsbEvent } from "./event-types.ts";
import { decodePayload, writePayload } from "./payload-codec.ts";
import { decodeText } from "./payload-fields.ts";

/** Rises when a reader of the older layout would misread the newer one. */
const EVENT_VERSION = 1;
const LARGEST_CODE = 0xffff_ffff;

/** Which parts stand; the others have their neutral value. */
const Part = {
  /** The page's id as a varint (below 2^53), or as a u64. */
  SmallPage: 1,
  LargePage: 2,
  Epoch: 4,
  Source: 8,
  Cause: 16,
  Ordinal: 32,
  /** The payload is no sound one of its type: it is kept as bytes. */
  Raw: 64,
} as const;
const ALL_PARTS = 127;

/**
 * An event as bytes, to keep or to send: rules E1 to E6 of docs/SerializationSpec.md. One event has one encoding. An event of type `unknown` gives back
 * the bytes that it was read from.
 */
export function serializeEvent(event: MmsbEvent): Uint8Array {
  if (event.type === "unknown" && event.code === LATER_ENVELOPE) return event.payload.slice();
  const code = event.type === "unknown" ? event.code : EVENT_CODE[event.type];
  const { pageId, epoch, source, cause, ordinal } = event;
  let parts = 0;
  if (pageId !== undefined) parts |= isSmall(pageId) ? Part.SmallPage : Part.LargePage;
  if (epoch !== 0) parts |= Part.Epoch;
  if (source !== "") parts |= Part.Source;
  if (cause !== 0) parts |= Part.Cause;
  if (ordinal !== 0) parts |= Part.Ordinal;
  if (event.type === "unknown" && eventTypeOf(code) !== undefined && !decodePayload(code, event.payload).ok) {
    parts |= Part.Raw;
  }
  const out = new ByteWriter(128)
    .u8(EVENT_VERSION)
    .varint(code)
    .u8(parts)
    .varint(event.lsn)
    .u64(event.timestampNs);
  if (pageId !== undefined && isSmall(pageId)) out.varint(Number(pageId));
  else if (pageId !== undefined) out.u64(pageId);
  if (epoch !== 0) out.varint(epoch);
  if (source !== "") out.text(source);
  if (cause !== 0) out.varint(cause);
  if (ordinal !== 0) out.varint(ordinal);
  if (event.type === "unknown") out.bytes(event.payload);
  else writePayload(out, event.type, event as never);
  return out.finish();
}

/**
 * The event that {@link serializeEvent} wrote. One of a type or version that this program does not know comes as `unknown` and is written back byte for
 * byte. Errors: EVENT_CORRUPT, with the offset.
 */
export function deserializeEvent(bytes: Uint8Array): Result<MmsbEvent> {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (reader.failed || version === 0) return corrupt(0);
  if (version > EVENT_VERSION) return ok(laterEnvelope(bytes));
  const code = reader.varint();
  const parts = reader.u8();
  if (code > LARGEST_CODE || parts > ALL_PARTS || (parts & Part.SmallPage && parts & Part.LargePage)) {
    return corrupt(reader.offset);
  }
  const head = readHead(reader, parts);
  if (reader.failed) return corrupt(reader.offset);
  const payloadAt = reader.offset;
  const payload = bytes.slice(payloadAt);
  const decoded = (parts & Part.Raw) === 0 ? decodePayload(code, payload) : undefined;
  if (decoded?.ok === false) return corrupt(payloadAt + (decoded.error.place.offset ?? 0));
  const known = decoded?.value;
  const event = (
    known === undefined
      ? { type: "unknown", ...head, code, payload }
      : { type: known.type, ...head, ...known.fields }
  ) as MmsbEvent;
  // One event has one encoding: whatever else is malformed shows in the first byte that would be written otherwise.
  const again = serializeEvent(event);
  const differs = firstDifference(bytes, again);
  return differs < 0 ? ok(event) : corrupt(differs);
}

function readHead(reader: ByteReader, parts: number): EventHead {
  const lsn = reader.varint();
  const timestampNs = reader.u64();
  let pageId: bigint | undefined;
  if (parts & Part.SmallPage) pageId = BigInt(reader.varint());
  if (parts & Part.LargePage) pageId = reader.u64();
  const epoch = parts & Part.Epoch ? reader.varint() : 0;
  const source = parts & Part.Source ? decodeText(reader, reader.sizedBytes()) : "";
  const cause = parts & Part.Cause ? reader.varint() : 0;
  const ordinal = parts & Part.Ordinal ? reader.varint() : 0;
  const page = pageId === undefined ? {} : { pageId };
  return { lsn, timestampNs, ...page, epoch, source, cause, ordinal };
}

/** No code at all: the whole event was written by a later MMSB, and its head cannot be read. */
const LATER_ENVELOPE = -1;

function laterEnvelope(bytes: Uint8Array): MmsbEvent {
  const fields: EventFields["unknown"] = { code: LATER_ENVELOPE, payload: bytes.slice() };
  return { type: "unknown", lsn: 0, timestampNs: 0n, epoch: 0, source: "", cause: 0, ordinal: 0, ...fields };
}

function isSmall(pageId: bigint): boolean {
  return pageId <= BigInt(Number.MAX_SAFE_INTEGER);
}

/** -1 where both are the same. */
function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) if (a[at] !== b[at]) return at;
  return a.length === b.length ? -1 : shared;
}

function corrupt(offset: number) {
  return fail(
    "EVENT_CORRUPT",
    "the bytes are not those of an event",
    "Ask for them again from where they come",
    {
      offset,
    },
  );
}
