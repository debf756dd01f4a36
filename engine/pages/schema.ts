/**
 * The typed fields of a page, and their bytes on disk (in log records and page files):
 *
 *   u8      version, 1. Raise it when the layout changes; a reader refuses what it does not know.
 *   varint  number of fields
 *   field*  varint name length, name (UTF-8), u8 type, varint offset, u8 rank, rank × varint dimension
 *
 * Fields keep the order their author gave them. Two fields may cover the same bytes (a union, or one value seen as two types), and a
 * field may start at any offset: pages are bytes first. No name stands twice, and no field is empty or leaves the page.
 */
import { ByteReader, ByteWriter, bytesEqual, utf8DecodeStrict } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { MAX_FIELD_NAME_BYTES, MAX_FIELD_RANK, MAX_SCHEMA_FIELDS } from "./limits.ts";
import { FIELD_TYPE_BYTES, type FieldType, type PageSchema, type SchemaField } from "./page-types.ts";
import { quoted, textProblem } from "./text.ts";

const SCHEMA_VERSION = 1;

/** The number of a type on disk is its place here: append, never reorder. */
const FIELD_TYPES: readonly FieldType[] = [
  "u8",
  "i8",
  "u16",
  "i16",
  "u32",
  "i32",
  "u64",
  "i64",
  "f32",
  "f64",
  "bool",
  "char",
];

/** Elements of a field's shape; 1 for a scalar. */
export function fieldElements(field: SchemaField): number {
  return field.shape.reduce((product, dimension) => product * dimension, 1);
}

export function fieldSizeBytes(field: SchemaField): number {
  return fieldElements(field) * FIELD_TYPE_BYTES[field.type];
}

/** Whether this schema fits a page of `sizeBytes`. Errors: SCHEMA_INVALID, naming the field. */
export function checkSchema(schema: PageSchema, sizeBytes: number): Result<void> {
  if (!Array.isArray(schema.fields)) return invalid("a schema has no list of fields", "Give { fields: […] }");
  if (schema.fields.length > MAX_SCHEMA_FIELDS) {
    return invalid(`a schema has ${schema.fields.length} fields`, `Keep at most ${MAX_SCHEMA_FIELDS}`);
  }
  const names = new Set<string>();
  for (const field of schema.fields as readonly SchemaField[]) {
    const checked = checkField(field, sizeBytes);
    if (!checked.ok) return checked;
    if (names.has(field.name))
      return invalid(`two fields are named ${quoted(field.name)}`, "Rename one of them");
    names.add(field.name);
  }
  return ok();
}

function checkField(field: SchemaField, sizeBytes: number): Result<void> {
  const { name, type, offset, shape } = field;
  const problem = name === "" ? "is empty" : textProblem(name, MAX_FIELD_NAME_BYTES);
  if (problem !== undefined)
    return invalid(`the field name ${quoted(name)} ${problem}`, "Give a short, well-formed name");
  const place = `field ${quoted(name)}`;
  if (!Object.hasOwn(FIELD_TYPE_BYTES, type)) {
    return invalid(`${place} has the unknown type ${quoted(type)}`, `Use one of ${FIELD_TYPES.join(", ")}`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    return invalid(`${place} starts at ${offset}`, "Give a whole number of bytes from the page's start");
  }
  if (!Array.isArray(shape) || shape.length > MAX_FIELD_RANK) {
    return invalid(`${place} has no shape of at most ${MAX_FIELD_RANK} dimensions`, "Give [] for a scalar");
  }
  let bytes = FIELD_TYPE_BYTES[type];
  for (const dimension of shape as readonly number[]) {
    if (!Number.isSafeInteger(dimension) || dimension < 1) {
      return invalid(`${place} has a dimension of ${dimension}`, "Give whole numbers from 1");
    }
    bytes *= dimension;
    // Stop here: the product grows with each dimension, and past 2^53 it would no longer be exact.
    if (bytes > sizeBytes) break;
  }
  if (bytes > sizeBytes || offset > sizeBytes - bytes) {
    return invalid(
      `${place} ends beyond the page's ${sizeBytes} bytes`,
      "Move or shorten the field, or make a larger page",
    );
  }
  return ok();
}

/** A deep, frozen copy: what a caller does to its own object later changes nothing here. */
export function copySchema(schema: PageSchema): PageSchema {
  const fields = schema.fields.map(({ name, type, offset, shape }) =>
    Object.freeze({ name, type, offset, shape: Object.freeze([...shape]) }),
  );
  return Object.freeze({ fields: Object.freeze(fields) });
}

/** The canonical bytes of a schema that {@link checkSchema} accepts. */
export function encodeSchema(schema: PageSchema): Uint8Array {
  const out = new ByteWriter().u8(SCHEMA_VERSION).varint(schema.fields.length);
  for (const field of schema.fields) {
    out.text(field.name).u8(FIELD_TYPES.indexOf(field.type)).varint(field.offset).u8(field.shape.length);
    for (const dimension of field.shape) out.varint(dimension);
  }
  return out.finish();
}

/** Reads exactly `bytes` and checks them against the page's size. Errors: SCHEMA_INVALID with the offset within `bytes`. */
export function decodeSchema(bytes: Uint8Array, pageSizeBytes: number): Result<PageSchema> {
  const reader = new ByteReader(bytes);
  const corrupt = (what: string) =>
    fail("SCHEMA_INVALID", `a page schema is corrupt: ${what}`, "Recover the file it stands in", {
      offset: reader.offset,
    });
  const version = reader.u8();
  if (!reader.failed && version !== SCHEMA_VERSION) return corrupt(`version ${version} is unknown`);
  const count = reader.varint();
  if (count > MAX_SCHEMA_FIELDS) return corrupt(`it claims ${count} fields`);
  const fields: SchemaField[] = [];
  for (let i = 0; i < count && !reader.failed; i++) {
    const name = utf8DecodeStrict(reader.sizedBytes());
    const type = FIELD_TYPES[reader.u8()];
    const offset = reader.varint();
    const rank = reader.u8();
    if (name === undefined) return corrupt("a field name is not UTF-8");
    if (type === undefined) return corrupt("a field has an unknown type");
    if (rank > MAX_FIELD_RANK) return corrupt(`a field has ${rank} dimensions`);
    const shape: number[] = [];
    for (let d = 0; d < rank; d++) shape.push(reader.varint());
    fields.push({ name, type, offset, shape });
  }
  if (reader.failed) return corrupt("it ends too early");
  if (reader.remaining > 0) return corrupt("bytes are left over");
  const schema = copySchema({ fields });
  const checked = checkSchema(schema, pageSizeBytes);
  if (!checked.ok) return checked;
  if (!bytesEqual(encodeSchema(schema), bytes)) return corrupt("it is not in canonical form");
  return ok(schema);
}

/** A field's values, row-major: `bigint` for 64-bit integers, 0 or 1 for `bool`, the byte for `char`, numbers for the rest. */
export interface FieldValues {
  /** Elements of the whole field; `values` may hold fewer. */
  readonly elements: number;
  readonly values: readonly (number | bigint)[];
}

/** Reads the first `limit` elements of a field (little-endian). Errors: SCHEMA_INVALID where the field leaves `bytes`. */
export function readField(
  bytes: Uint8Array,
  field: SchemaField,
  limit = Number.POSITIVE_INFINITY,
): Result<FieldValues> {
  const checked = checkField(field, bytes.length);
  if (!checked.ok) return checked;
  const elements = fieldElements(field);
  const read = READERS[field.type];
  const step = FIELD_TYPE_BYTES[field.type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = Math.max(0, Math.min(elements, Math.floor(limit)));
  const values: (number | bigint)[] = [];
  for (let i = 0; i < count; i++) values.push(read(view, field.offset + i * step));
  return ok({ elements, values });
}

const READERS: Readonly<Record<FieldType, (view: DataView, at: number) => number | bigint>> = {
  u8: (view, at) => view.getUint8(at),
  i8: (view, at) => view.getInt8(at),
  u16: (view, at) => view.getUint16(at, true),
  i16: (view, at) => view.getInt16(at, true),
  u32: (view, at) => view.getUint32(at, true),
  i32: (view, at) => view.getInt32(at, true),
  u64: (view, at) => view.getBigUint64(at, true),
  i64: (view, at) => view.getBigInt64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f64: (view, at) => view.getFloat64(at, true),
  bool: (view, at) => (view.getUint8(at) === 0 ? 0 : 1),
  char: (view, at) => view.getUint8(at),
};

function invalid(message: string, remedy: string) {
  return fail("SCHEMA_INVALID", message, remedy);
}
