import type { WireFieldType, WireSchemaField } from "../../../engine/protocol/requests/pages.ts";

export const FIELD_BYTES: Readonly<Record<WireFieldType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
  bool: 1,
  char: 1,
};

export function elementCount(field: Pick<WireSchemaField, "shape">): number {
  return field.shape.reduce((product, length) => product * length, 1);
}

export function fieldSizeBytes(field: Pick<WireSchemaField, "shape" | "type">): number {
  return elementCount(field) * FIELD_BYTES[field.type];
}

/** "f32[32][32]", "u8". */
export function fieldTypeText(field: Pick<WireSchemaField, "shape" | "type">): string {
  return field.type + field.shape.map((length) => `[${length}]`).join("");
}

/** "[3][7]" for a flat index into a row-major shape. */
export function elementName(shape: readonly number[], index: number): string {
  const parts: number[] = [];
  let rest = index;
  for (let at = shape.length - 1; at >= 0; at--) {
    parts.unshift(rest % shape[at]!);
    rest = Math.floor(rest / shape[at]!);
  }
  return parts.map((part) => `[${part}]`).join("");
}

/** A little-endian value whose bytes are there; a truth value and a character are their byte. */
export function readNumber(type: WireFieldType, view: DataView, at: number): number | bigint {
  switch (type) {
    case "i8":
      return view.getInt8(at);
    case "u16":
      return view.getUint16(at, true);
    case "i16":
      return view.getInt16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
    default:
      return view.getUint8(at);
  }
}

/** A little-endian value as text; `undefined` where its bytes are not there. */
export function readValue(type: WireFieldType, view: DataView, at: number): string | undefined {
  if (at < 0 || at + FIELD_BYTES[type] > view.byteLength) return undefined;
  const value = readNumber(type, view, at);
  switch (type) {
    case "f32":
      return floatText(Number(value), 32);
    case "f64":
      return floatText(Number(value), 64);
    case "bool":
      return value === 0 ? "false" : "true";
    case "char":
      return charText(Number(value));
    default:
      return String(value);
  }
}

/** The shortest digits that read back as the same value: 0.1 in 32 bits reads 0.1, not 0.10000000149011612. */
function floatText(value: number, bits: 32 | 64): string {
  if (Object.is(value, -0)) return "-0";
  if (bits === 64 || !Number.isFinite(value)) return String(value);
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(9)));
}

function charText(code: number): string {
  return code >= 0x20 && code < 0x7f
    ? `'${String.fromCharCode(code)}'`
    : `'\\x${code.toString(16).padStart(2, "0")}'`;
}

/** The first elements in one line; characters as one string. */
export function previewValues(field: WireSchemaField, view: DataView, at: number, most: number): string {
  const count = elementCount(field);
  if (field.type === "char" && field.shape.length > 0) return charString(view, at, Math.min(count, most * 4));
  const values: string[] = [];
  for (let index = 0; index < Math.min(count, most); index++) {
    const value = readValue(field.type, view, at + index * FIELD_BYTES[field.type]);
    if (value === undefined) break;
    values.push(value);
  }
  if (values.length === 0) return "";
  if (field.shape.length === 0) return values[0]!;
  return count > values.length ? `${values.join(", ")}, …` : values.join(", ");
}

function charString(view: DataView, at: number, length: number): string {
  let text = "";
  for (let index = 0; index < length && at + index < view.byteLength; index++) {
    const code = view.getUint8(at + index);
    if (code === 0) break;
    text += code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : "·";
  }
  return `"${text}"`;
}

/** What the same bytes mean as each type, little-endian: what a person tries first on bytes without a schema. */
export function readings(bytes: Uint8Array): { readonly type: WireFieldType; readonly value: string }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const types: WireFieldType[] = ["u8", "i8", "u16", "i16", "u32", "i32", "f32", "u64", "i64", "f64"];
  return types.flatMap((type) => {
    const value = readValue(type, view, 0);
    return value === undefined ? [] : [{ type, value }];
  });
}
