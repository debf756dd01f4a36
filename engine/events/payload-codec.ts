import { ByteReader, ByteWriter, utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import {
  ALLOCATION_ACTIONS,
  CHECKPOINT_KINDS,
  COPY_DIRECTIONS,
  EDGE_KINDS,
  EVENT_CODE,
  EVENT_LOCATIONS,
  type EventFields,
  eventTypeOf,
  type KnownEventType,
  LOG_LEVELS,
  type NoFields,
  WAVE_TRIGGERS,
} from "./event-types.ts";
import {
  decodeJson,
  decodeText,
  encodeJson,
  type FieldCodec,
  flag,
  oneOf,
  struct,
  text,
  u64,
  varint,
} from "./payload-fields.ts";
import { waveEnd } from "./wave-payload.ts";

/**
 * What stands behind an event's type: in the body of an event record for the stored types, and in every serialized event. Layouts: rules E3 to E6 of
 * docs/SerializationSpec.md. Every payload but that of a mark begins with its version, 1; it rises when a reader of the old one would misread
 * the new. A payload of a later version is left as bytes.
 */
const PAYLOAD_VERSION = 1;

/** The name, then where there are data a zero byte and their JSON: a mark of the first recordings is a name alone. */
const mark: FieldCodec<EventFields["mark"]> = {
  write(out, { name, data }) {
    out.bytes(utf8Encode(name));
    const json = encodeJson(data);
    if (json.length > 0) out.u8(0).bytes(json);
  },
  read(reader) {
    const bytes = reader.bytes(reader.remaining);
    const zero = bytes.indexOf(0);
    const name = decodeText(reader, zero < 0 ? bytes : bytes.subarray(0, zero));
    if (zero < 0) return { name };
    const data = decodeJson(reader, bytes.subarray(zero + 1));
    if (data === undefined) reader.reject();
    return { name, data: data ?? null };
  },
};

const log: FieldCodec<EventFields["log"]> = {
  write(out, { level, message, data }) {
    levels.write(out, level);
    out.text(message).bytes(encodeJson(data));
  },
  read(reader) {
    const level = levels.read(reader);
    const message = text.read(reader);
    const data = decodeJson(reader, reader.bytes(reader.remaining));
    return data === undefined ? { level, message } : { level, message, data };
  },
};

const levels = oneOf(LOG_LEVELS);
const locations = oneOf(EVENT_LOCATIONS);
const nothing = struct<NoFields>({});
const edge = struct<EventFields["edge-add"]>({ to: u64, edgeType: oneOf(EDGE_KINDS) });
const transactionEnd = struct<EventFields["transaction-commit"]>({ beginLsn: varint });
const recompute = struct<EventFields["recompute-start"]>({ waveLsn: varint });
const recomputeAtLevel = struct<EventFields["recompute-cut-off"]>({ waveLsn: varint, level: varint });

/** In the order of the spec's table. */
const PAYLOADS: { readonly [T in KnownEventType]: FieldCodec<EventFields[T]> } = {
  mark,
  log,
  "wave-start": struct({ trigger: oneOf(WAVE_TRIGGERS), roots: varint }),
  "wave-end": waveEnd,
  allocation: struct({
    action: oneOf(ALLOCATION_ACTIONS),
    location: locations,
    sizeBytes: varint,
    usedBytes: varint,
    durationNs: varint,
    pool: text,
  }),
  "kernel-launch": struct({ kernel: text, stream: varint, sizeBytes: varint, durationNs: varint }),
  copy: struct({ direction: oneOf(COPY_DIRECTIONS), stream: varint, sizeBytes: varint, durationNs: varint }),
  "page-create": struct({ sizeBytes: varint, location: locations, pageType: text }),
  "page-destroy": nothing,
  "page-migrate": struct({ location: locations }),
  "page-schema": nothing,
  "page-metadata": nothing,
  delta: struct({
    sizeBytes: varint,
    runs: varint,
    start: varint,
    end: varint,
    derived: flag,
    compensation: flag,
  }),
  "edge-add": edge,
  "edge-remove": edge,
  "transaction-begin": nothing,
  "transaction-commit": transactionEnd,
  "transaction-abort": transactionEnd,
  checkpoint: struct({ kind: oneOf(CHECKPOINT_KINDS), stateLsn: varint, baseLsn: varint }),
  "session-start": struct({ writer: text }),
  "session-stop": nothing,
  failure: struct({ code: text, message: text }),
  "recompute-start": recompute,
  "recompute-end": recompute,
  "recompute-failed": struct({ waveLsn: varint, code: text, message: text }),
  "recompute-cut-off": recomputeAtLevel,
  "recompute-blocked": recomputeAtLevel,
};

/** The payload of a type, without the type. */
export function encodePayload<T extends KnownEventType>(type: T, fields: EventFields[T]): Uint8Array {
  const out = new ByteWriter(64);
  writePayload(out, type, fields);
  return out.finish();
}

export function writePayload<T extends KnownEventType>(
  out: ByteWriter,
  type: T,
  fields: EventFields[T],
): void {
  if (type !== "mark") out.u8(PAYLOAD_VERSION);
  PAYLOADS[type].write(out, fields);
}

/** A type of which the fields are known. */
export type KnownPayload = {
  readonly [T in KnownEventType]: { readonly type: T; readonly fields: EventFields[T] };
}[KnownEventType];

/**
 * What a payload says; undefined for a type or a version that this program does not know. Errors: EVENT_CORRUPT, with the offset in the payload.
 */
export function decodePayload(code: number, payload: Uint8Array): Result<KnownPayload | undefined> {
  const type = eventTypeOf(code);
  const nobody: Result<KnownPayload | undefined> = { ok: true, value: undefined };
  if (type === undefined) return nobody;
  const reader = new ByteReader(payload);
  if (type !== "mark") {
    const version = reader.u8();
    if (version > PAYLOAD_VERSION) return nobody;
    if (version !== PAYLOAD_VERSION) return corruptPayload(type, 0);
  }
  const fields = PAYLOADS[type].read(reader);
  if (reader.failed || reader.remaining !== 0) return corruptPayload(type, reader.offset);
  return ok({ type, fields } as KnownPayload);
}

function corruptPayload(type: KnownEventType, offset: number) {
  return fail(
    "EVENT_CORRUPT",
    `the payload of a ${type} event (type ${EVENT_CODE[type]}) is malformed`,
    "Read it as bytes; what wrote it is at fault",
    { offset },
  );
}
