import { utf8Decode, utf8Encode } from "../base/bytes.ts";

/** Element types a column may have. The number is on the wire: never reuse one. */
export const COLUMN_TYPE_CODE = { u8: 1, u16: 2, u32: 3, i32: 4, f32: 5, f64: 6, u64: 7 } as const;
export type ColumnType = keyof typeof COLUMN_TYPE_CODE;

export interface ColumnArrays {
  u8: Uint8Array;
  u16: Uint16Array;
  u32: Uint32Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  u64: BigUint64Array;
}
export type ColumnArray = ColumnArrays[ColumnType];

/** Names and element types of the columns that a message carries. */
export type ColumnSpec = Readonly<Record<string, ColumnType>>;

/** The typed arrays that a {@link ColumnSpec} stands for. */
export type ColumnsOf<S extends ColumnSpec> = { readonly [K in keyof S]: ColumnArrays[S[K]] };

export const COLUMN_ELEMENT_BYTES: Readonly<Record<ColumnType, number>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  f64: 8,
  u64: 8,
};

const TYPE_BY_CODE = new Map<number, ColumnType>(
  (Object.keys(COLUMN_TYPE_CODE) as ColumnType[]).map((type) => [COLUMN_TYPE_CODE[type], type]),
);

export function columnTypeFromCode(code: number): ColumnType | undefined {
  return TYPE_BY_CODE.get(code);
}

export function columnTypeOf(array: ColumnArray): ColumnType {
  if (array instanceof Uint8Array) return "u8";
  if (array instanceof Float64Array) return "f64";
  if (array instanceof Uint32Array) return "u32";
  if (array instanceof BigUint64Array) return "u64";
  if (array instanceof Uint16Array) return "u16";
  if (array instanceof Int32Array) return "i32";
  return "f32";
}

/** A view of `count` elements; `byteOffset` must be a multiple of the element size. */
export function viewColumn(
  type: ColumnType,
  buffer: ArrayBufferLike,
  byteOffset: number,
  count: number,
): ColumnArray {
  switch (type) {
    case "u8":
      return new Uint8Array(buffer, byteOffset, count);
    case "u16":
      return new Uint16Array(buffer, byteOffset, count);
    case "u32":
      return new Uint32Array(buffer, byteOffset, count);
    case "i32":
      return new Int32Array(buffer, byteOffset, count);
    case "f32":
      return new Float32Array(buffer, byteOffset, count);
    case "f64":
      return new Float64Array(buffer, byteOffset, count);
    case "u64":
      return new BigUint64Array(buffer, byteOffset, count);
  }
}

/** Texts as two columns: their UTF-8 bytes one after another, and where each ends. */
export interface TextColumns {
  readonly bytes: Uint8Array;
  readonly ends: Uint32Array;
}

export function packTexts(texts: readonly string[]): TextColumns {
  const encoded = texts.map(utf8Encode);
  const ends = new Uint32Array(texts.length);
  let total = 0;
  for (let i = 0; i < encoded.length; i++) ends[i] = total += encoded[i]!.length;
  const bytes = new Uint8Array(total);
  for (let i = 0; i < encoded.length; i++) bytes.set(encoded[i]!, ends[i]! - encoded[i]!.length);
  return { bytes, ends };
}

/** Text `index` of a pair of columns made by {@link packTexts}; empty where the index or the columns do not fit. */
export function textAt(bytes: Uint8Array, ends: Uint32Array, index: number): string {
  const start = index === 0 ? 0 : (ends[index - 1] ?? 0);
  const end = ends[index] ?? start;
  return end > start ? utf8Decode(bytes.subarray(start, end)) : "";
}
