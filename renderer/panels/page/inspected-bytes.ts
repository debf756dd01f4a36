import type { WireFieldType, WireSchemaField } from "../../../engine/protocol/requests/pages.ts";
import type { ByteSelection } from "../../state/selection-store.ts";
import { elementCount, elementName, FIELD_BYTES, fieldSizeBytes, fieldTypeText } from "./field-values.ts";

export interface NamedBytes {
  /** `grid[3][7]`. */
  readonly name: string;
  readonly typeText: string;
  /** The number that they hold, where they hold exactly one. */
  readonly number: WireFieldType | undefined;
}

/** What the schema calls these bytes: a field, one element of it, or the first field that they lie in. */
export function nameOf(
  fields: readonly WireSchemaField[] | null,
  { start, end }: ByteSelection,
): NamedBytes | undefined {
  for (const field of fields ?? []) {
    const inside = start - field.offset;
    if (inside < 0 || inside >= fieldSizeBytes(field)) continue;
    const size = FIELD_BYTES[field.type];
    if (inside === 0 && end - start === fieldSizeBytes(field)) {
      const isOne = elementCount(field) === 1;
      return {
        name: field.name,
        typeText: fieldTypeText(field),
        number: isOne && field.type !== "char" ? field.type : undefined,
      };
    }
    const element = Math.floor(inside / size);
    const name = field.name + elementName(field.shape, element);
    const isElement = inside % size === 0 && end - start === size;
    return {
      name: isElement ? name : `${name} …`,
      typeText: isElement ? field.type : fieldTypeText(field),
      number: isElement && field.type !== "char" ? field.type : undefined,
    };
  }
  return undefined;
}

/** The field or element that a byte belongs to, with its siblings left out; without a schema the byte itself. */
export function unitAt(fields: readonly WireSchemaField[] | null, offset: number): ByteSelection {
  for (const field of fields ?? []) {
    const inside = offset - field.offset;
    if (inside < 0 || inside >= fieldSizeBytes(field)) continue;
    const size = FIELD_BYTES[field.type];
    const start = field.offset + Math.floor(inside / size) * size;
    return { start, end: start + size };
  }
  return { start: offset, end: offset + 1 };
}

/** The number that bytes without a schema are first taken for. */
export function likelyNumber({ start, end }: ByteSelection): WireFieldType | undefined {
  return ({ 1: "u8", 2: "u16", 4: "u32", 8: "u64" } as const)[end - start];
}
