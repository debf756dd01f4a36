import type { WireSchemaField } from "../../../engine/protocol/requests/pages.ts";
import { elementCount, FIELD_BYTES } from "./field-values.ts";

export interface FieldRow {
  readonly field: WireSchemaField;
  readonly fieldIndex: number;
  /** `undefined`: the field itself. */
  readonly element: number | undefined;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The rows of the field table: fields, and the elements of those that are open. Rows are found by binary search, never listed. */
export class FieldRows {
  readonly #fields: readonly WireSchemaField[];
  readonly #expanded: ReadonlySet<number>;
  /** Row at which each field begins, and one more: the number of rows. */
  readonly #starts: Float64Array;

  constructor(fields: readonly WireSchemaField[], expanded: ReadonlySet<number>) {
    this.#fields = fields;
    this.#expanded = expanded;
    this.#starts = new Float64Array(fields.length + 1);
    for (let at = 0; at < fields.length; at++) {
      const elements = expanded.has(at) ? elementCount(fields[at]!) : 0;
      this.#starts[at + 1] = this.#starts[at]! + 1 + elements;
    }
  }

  get length(): number {
    return this.#starts[this.#fields.length]!;
  }

  isExpanded(fieldIndex: number): boolean {
    return this.#expanded.has(fieldIndex);
  }

  at(row: number): FieldRow | undefined {
    if (row < 0 || row >= this.length) return undefined;
    let low = 0;
    let high = this.#fields.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= row) low = middle;
      else high = middle;
    }
    const field = this.#fields[low]!;
    const size = FIELD_BYTES[field.type];
    const inside = row - this.#starts[low]!;
    if (inside === 0) {
      return {
        field,
        fieldIndex: low,
        element: undefined,
        offset: field.offset,
        sizeBytes: elementCount(field) * size,
      };
    }
    return {
      field,
      fieldIndex: low,
      element: inside - 1,
      offset: field.offset + (inside - 1) * size,
      sizeBytes: size,
    };
  }

  /** The row that stands for exactly these bytes, an element before its field; -1 = none. */
  rowOf(start: number, end: number): number {
    let found = -1;
    for (let at = 0; at < this.#fields.length; at++) {
      const field = this.#fields[at]!;
      const size = FIELD_BYTES[field.type];
      const inside = start - field.offset;
      const fieldBytes = elementCount(field) * size;
      if (inside < 0 || inside >= fieldBytes) continue;
      if (this.#expanded.has(at) && inside % size === 0 && end - start === size)
        return this.#starts[at]! + 1 + inside / size;
      if (inside === 0 && end - start === fieldBytes) found = this.#starts[at]!;
    }
    return found;
  }
}

/** Bytes of an array that its row's preview and marks look at. */
const MOST_FIELD_BYTES = 65_536;
/** Asked for in blocks, so that scrolling by a row asks for nothing new. */
const BLOCK_BYTES = 4096;
const MOST_WINDOW_BYTES = 1 << 20;

/** The bytes that rows `first` to `end` look at, in blocks, inside the page. */
export function fieldWindow(
  rows: FieldRows,
  first: number,
  end: number,
  pageSizeBytes: number,
): { offset: number; length: number } {
  let from = pageSizeBytes;
  let to = 0;
  for (let at = first; at < Math.min(end, rows.length); at++) {
    const row = rows.at(at)!;
    from = Math.min(from, row.offset);
    to = Math.max(to, row.offset + Math.min(row.sizeBytes, MOST_FIELD_BYTES));
  }
  if (from >= to) return { offset: 0, length: Math.min(pageSizeBytes, BLOCK_BYTES) };
  const offset = Math.floor(from / BLOCK_BYTES) * BLOCK_BYTES;
  const stop = Math.min(pageSizeBytes, offset + MOST_WINDOW_BYTES, Math.ceil(to / BLOCK_BYTES) * BLOCK_BYTES);
  return { offset, length: Math.max(1, stop - offset) };
}
