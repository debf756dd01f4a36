import type { WireSchemaField } from "../../../engine/protocol/requests/pages.ts";
import { elementCount, FIELD_BYTES, readNumber } from "./field-values.ts";

/** A field that can be looked at as a picture: one square an element. */
export interface PictureShape {
  readonly field: WireSchemaField;
  readonly fieldIndex: number;
  readonly across: number;
  readonly down: number;
}

/** More elements than this are no picture that a person could read, and take long to draw. */
const MOST_ELEMENTS = 1 << 20;
const FEWEST_ELEMENTS = 4;

/** The arrays of numbers, in the schema's order. The last dimension goes across; those before it go down. */
export function pictures(fields: readonly WireSchemaField[] | null): PictureShape[] {
  return (fields ?? []).flatMap((field, fieldIndex): PictureShape[] => {
    const count = elementCount(field);
    if (field.type === "char" || count < FEWEST_ELEMENTS || count > MOST_ELEMENTS) return [];
    const across = field.shape.length === 1 ? nearSquare(count) : field.shape.at(-1)!;
    return [{ field, fieldIndex, across, down: Math.ceil(count / across) }];
  });
}

/** A long row of numbers is wrapped: the width is the power of two that comes nearest to a square. */
function nearSquare(count: number): number {
  return count <= 64 ? count : 2 ** Math.ceil(Math.log2(Math.sqrt(count)));
}

/** Squares of whole pixels (at least one), as large as fit but not absurdly so. */
export function cellPx({ across, down }: PictureShape, widthPx: number, heightPx: number): number {
  return Math.max(1, Math.min(28, Math.floor(Math.min(widthPx / across, heightPx / down))));
}

/** The elements' values; those whose bytes are not there are NaN. `bytes` begins at `offset` of the page. */
export function pictureValues(field: WireSchemaField, bytes: Uint8Array, offset: number): Float64Array {
  const count = elementCount(field);
  const size = FIELD_BYTES[field.type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const place = field.offset - offset + at * size;
    values[at] =
      place < 0 || place + size > bytes.length ? Number.NaN : Number(readNumber(field.type, view, place));
  }
  return values;
}

export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** Lowest and highest finite value. */
export function valueRange(values: Float64Array): ValueRange | undefined {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return min <= max ? { min, max } : undefined;
}

/**
 * Strength and side of a value, from −1 to 1: numbers of both signs part at zero (weights, gradients), others reach from the lowest (0) to the
 * highest (1). Where the lowest is small beside the highest it counts as zero, so that a picture keeps its ground.
 */
export function strengthOf(value: number, { min, max }: ValueRange): number {
  if (!Number.isFinite(value)) return 0;
  if (min < 0) return value / Math.max(-min, Math.abs(max));
  const ground = min < max / 4 ? 0 : min;
  return max > ground ? (value - ground) / (max - ground) : value === 0 ? 0 : 1;
}
