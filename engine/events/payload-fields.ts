import {
  type ByteReader,
  type ByteWriter,
  EMPTY_BYTES,
  utf8DecodeStrict,
  utf8Encode,
} from "../base/bytes.ts";
import { type JsonValue, jsonText } from "../base/json.ts";

/** How one field of a payload stands in bytes. What is malformed is rejected on the reader, never thrown. */
export interface FieldCodec<T> {
  write(out: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
}

/** A whole number below 2^53. */
export const varint: FieldCodec<number> = {
  write: (out, value) => void out.varint(value),
  read: (reader) => reader.varint(),
};

export const u64: FieldCodec<bigint> = {
  write: (out, value) => void out.u64(value),
  read: (reader) => reader.u64(),
};

export const flag: FieldCodec<boolean> = {
  write: (out, value) => void out.u8(value ? 1 : 0),
  read: (reader) => {
    const value = reader.u8();
    if (value > 1) reader.reject();
    return value === 1;
  },
};

/** Varint length, then UTF-8. */
export const text: FieldCodec<string> = {
  write: (out, value) => void out.text(value),
  read: (reader) => decodeText(reader, reader.sizedBytes()),
};

/** One byte: the place in the list. */
export function oneOf<T extends string>(names: readonly T[]): FieldCodec<T> {
  return {
    write: (out, value) => void out.u8(names.indexOf(value)),
    read: (reader) => {
      const name = names[reader.u8()];
      if (name === undefined) reader.reject();
      return name ?? names[0]!;
    },
  };
}

/** One more than the number; 0 for none. */
export function optional(codec: FieldCodec<number>): FieldCodec<number | undefined> {
  return {
    write: (out, value) => codec.write(out, value === undefined ? 0 : value + 1),
    read: (reader) => {
      const value = codec.read(reader);
      return value === 0 ? undefined : value - 1;
    },
  };
}

/** Varint count, then each. `leastBytes` is what one takes at least: a count never stands for more memory than there are bytes. */
export function listOf<T>(codec: FieldCodec<T>, leastBytes: number): FieldCodec<readonly T[]> {
  return {
    write: (out, values) => {
      out.varint(values.length);
      for (const value of values) codec.write(out, value);
    },
    read: (reader) => {
      const count = reader.varint();
      if (count * leastBytes > reader.remaining) reader.reject();
      const values: T[] = [];
      for (let i = 0; i < count && !reader.failed; i++) values.push(codec.read(reader));
      return values;
    },
  };
}

/** Rejects where the bytes are not UTF-8. */
export function decodeText(reader: ByteReader, bytes: Uint8Array): string {
  const decoded = utf8DecodeStrict(bytes);
  if (decoded === undefined) reader.reject();
  return decoded ?? "";
}

/** JSON as UTF-8; no bytes for none. */
export function encodeJson(value: JsonValue | undefined): Uint8Array {
  const encoded = value === undefined ? undefined : jsonText(value);
  return encoded === undefined ? EMPTY_BYTES : utf8Encode(encoded);
}

export function decodeJson(reader: ByteReader, bytes: Uint8Array): JsonValue | undefined {
  if (bytes.length === 0 || reader.failed) return undefined;
  try {
    return JSON.parse(decodeText(reader, bytes)) as JsonValue;
  } catch {
    reader.reject();
    return undefined;
  }
}

/** The fields one behind the other, in the order in which they are given. */
export function struct<T extends object>(
  fields: { readonly [K in keyof T]-?: FieldCodec<T[K]> },
): FieldCodec<T> {
  const entries = Object.entries(fields) as [keyof T, FieldCodec<T[keyof T]>][];
  return {
    write: (out, value) => {
      for (const [name, codec] of entries) codec.write(out, value[name]);
    },
    read: (reader) => {
      const value: Partial<T> = {};
      for (const [name, codec] of entries) value[name] = codec.read(reader);
      return value as T;
    },
  };
}
