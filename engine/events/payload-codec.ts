import { ByteReader, ByteWriter, utf8Encode } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { deviceSample, deviceStop } from "./device-payloads.ts";
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
 * docs/SerializationSpec.md. Every payload but that of a mark begins with its version; it rises when a reader of the old one would misread
 * the new. A payload of a later version is left as bytes; one of an earlier version is read, and written as such again.
 */
const FIRST_VERSION = 1;
const SECOND_VERSION = 2;

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

type Work<T extends "kernel-launch" | "copy"> = Omit<EventFields[T], "timeNs" | "count" | "isPrefetch">;
const memoryUse = {
  action: oneOf(ALLOCATION_ACTIONS),
  location: locations,
  sizeBytes: varint,
  usedBytes: varint,
  durationNs: varint,
  pool: text,
};
const launch = { kernel: text, stream: varint, sizeBytes: varint, durationNs: varint };
const move = { direction: oneOf(COPY_DIRECTIONS), stream: varint, sizeBytes: varint, durationNs: varint };

/** Version 2 of the types that have one: version 1, and behind it when it happened, and more. Written where there is a time. */
const SECOND: { readonly [T in KnownEventType]?: FieldCodec<EventFields[T]> } = {
  allocation: struct<Required<EventFields["allocation"]>>({ ...memoryUse, timeNs: u64 }),
  "kernel-launch": struct<Required<EventFields["kernel-launch"]>>({ ...launch, timeNs: u64, count: varint }),
  copy: struct<Required<EventFields["copy"]>>({ ...move, timeNs: u64, isPrefetch: flag }),
};

/** Version 1, in the order of the spec's table. */
const PAYLOADS: { readonly [T in KnownEventType]: FieldCodec<EventFields[T]> } = {
  mark,
  log,
  "wave-start": struct({ trigger: oneOf(WAVE_TRIGGERS), roots: varint }),
  "wave-end": waveEnd,
  allocation: struct<Omit<EventFields["allocation"], "timeNs">>(memoryUse),
  "kernel-launch": struct<Work<"kernel-launch">>(launch),
  copy: struct<Work<"copy">>(move),
  "device-sample": deviceSample,
  "device-stop": deviceStop,
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
  const second = "timeNs" in fields ? SECOND[type] : undefined;
  if (type !== "mark") out.u8(second === undefined ? FIRST_VERSION : SECOND_VERSION);
  (second ?? PAYLOADS[type]).write(out, fields);
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
  let codec = PAYLOADS[type] as FieldCodec<EventFields[KnownEventType]>;
  if (type !== "mark") {
    const version = reader.u8();
    const second = SECOND[type] as typeof codec | undefined;
    if (version > (second === undefined ? FIRST_VERSION : SECOND_VERSION)) return nobody;
    if (version < FIRST_VERSION) return corruptPayload(type, 0);
    if (version === SECOND_VERSION) codec = second!;
  }
  const fields = codec.read(reader);
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
