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
}
