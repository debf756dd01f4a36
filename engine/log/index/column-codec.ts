/**
 * A set of typed columns as bytes: u32 count, u32 zero; per column u32 element bytes (1, 4, 8 = f64, 9 = u64), u32 zero, u64 length in
 * elements; then each column's elements, little-endian, starting at a multiple of 8. Reading makes views, no copies.
 */
import { ByteReader, ByteWriter } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";

export type Column = Uint8Array | Uint32Array | Float64Array | BigUint64Array;
export type ColumnType = "u8" | "u32" | "f64" | "u64";
interface ColumnTypes {
  u8: Uint8Array;
  u32: Uint32Array;
  f64: Float64Array;
  u64: BigUint64Array;
}
export type ColumnsOf<S extends Readonly<Record<string, ColumnType>>> = {
  -readonly [K in keyof S]: ColumnTypes[S[K]];
};

const CODE: Readonly<Record<ColumnType, number>> = { u8: 1, u32: 4, f64: 8, u64: 9 };
const BYTES: Readonly<Record<ColumnType, number>> = { u8: 1, u32: 4, f64: 8, u64: 8 };

/** A part of a set of columns is this long at most: who writes it may do something else between two. */
const PART_BYTES = 1 << 20;
const PADDING = new Uint8Array(8);

/** How many bytes {@link columnParts} gives in all. */
export function columnsLength<S extends Readonly<Record<string, ColumnType>>>(
  shape: S,
  columns: ColumnsOf<S>,
): number {
  const names = Object.keys(shape);
  return names.reduce((size, name) => size + align8(columns[name]!.byteLength), 8 + names.length * 16);
}

/** The set of columns in parts, mostly views of them. The shape says names, types and order; the names are not on disk. */
export function* columnParts<S extends Readonly<Record<string, ColumnType>>>(
  shape: S,
  columns: ColumnsOf<S>,
): Generator<Uint8Array, void> {
  const names = Object.keys(shape);
  const head = new ByteWriter(8 + names.length * 16);
  head.u32(names.length).u32(0);
  for (const name of names) head.u32(CODE[shape[name]!]).u32(0).u64n(columns[name]!.length);
  yield head.finish();
  for (const name of names) {
    const { buffer, byteOffset, byteLength } = columns[name]!;
    for (let from = 0; from < byteLength; from += PART_BYTES)
      yield new Uint8Array(buffer, byteOffset + from, Math.min(PART_BYTES, byteLength - from));
    if (align8(byteLength) > byteLength) yield PADDING.subarray(0, align8(byteLength) - byteLength);
  }
}

export function encodeColumns<S extends Readonly<Record<string, ColumnType>>>(
  shape: S,
  columns: ColumnsOf<S>,
): Uint8Array {
  const out = new Uint8Array(columnsLength(shape, columns));
  let at = 0;
  for (const part of columnParts(shape, columns)) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** `bytes` must start at a multiple of 8 of its buffer; the columns are views of it. */
export function decodeColumns<S extends Readonly<Record<string, ColumnType>>>(
  shape: S,
  bytes: Uint8Array,
): Result<ColumnsOf<S>> {
  const names = Object.keys(shape);
  const reader = new ByteReader(bytes);
  if (reader.u32() !== names.length) return damaged(0);
  reader.u32();
  const lengths: number[] = [];
  for (const name of names) {
    if (reader.u32() !== CODE[shape[name]!]) return damaged(reader.offset);
    reader.u32();
    lengths.push(reader.u64n());
  }
  if (reader.failed) return damaged(reader.offset);
  const columns: Record<string, Column> = {};
  let at = reader.offset;
  for (let i = 0; i < names.length; i++) {
    const type = shape[names[i]!]!;
    const byteLength = lengths[i]! * BYTES[type];
    if (byteLength > bytes.length - at) return damaged(at);
    columns[names[i]!] = viewOf(type, bytes, at, lengths[i]!);
    at += align8(byteLength);
  }
  return ok(columns as ColumnsOf<S>);
}

function viewOf(type: ColumnType, bytes: Uint8Array, at: number, length: number): Column {
  const start = bytes.byteOffset + at;
  if (type === "u8") return bytes.subarray(at, at + length);
  if (type === "u32") return new Uint32Array(bytes.buffer, start, length);
  if (type === "f64") return new Float64Array(bytes.buffer, start, length);
  return new BigUint64Array(bytes.buffer, start, length);
}

function align8(count: number): number {
  return Math.ceil(count / 8) * 8;
}

function damaged(offset: number) {
  return fail(
    "INDEX_DAMAGED",
    "a table of the index is malformed",
    "The index is rebuilt from the recording",
    { offset },
  );
}
