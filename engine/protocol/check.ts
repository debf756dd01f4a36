import { fail, ok, type Result } from "../base/result.ts";
import { COLUMN_TYPE_CODE, type ColumnSpec, type ColumnsOf, columnTypeOf } from "./columns.ts";
import type { FrameColumns } from "./frame.ts";
import type { z } from "./zod.ts";

/** Checks what arrived and turns its decimal strings into numbers and bigints. */
export function decodeControl<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: string,
): Result<z.output<S>> {
  const parsed = schema.safeDecode(value as z.input<S>);
  return parsed.success ? ok(parsed.data) : wrong(what, parsed.error);
}

/** The other way: checks what is about to leave and makes it plain JSON. */
export function encodeControl<S extends z.ZodType>(
  schema: S,
  value: z.output<S>,
  what: string,
): Result<z.input<S>> {
  const encoded = schema.safeEncode(value);
  return encoded.success ? ok(encoded.data) : wrong(what, encoded.error);
}

/** Every declared column must be there with its type; others are dropped. */
export function checkColumns<S extends ColumnSpec>(
  spec: S,
  columns: FrameColumns,
  what: string,
): Result<ColumnsOf<S>> {
  const checked: Record<string, unknown> = {};
  for (const [name, type] of Object.entries(spec)) {
    const column = columns[name];
    if (column === undefined || COLUMN_TYPE_CODE[columnTypeOf(column)] !== COLUMN_TYPE_CODE[type]) {
      return fail(
        "PROTOCOL_MESSAGE",
        `${what}: column ${name} (${type}) is missing or of another type`,
        "Update the older side",
      );
    }
    checked[name] = column;
  }
  return ok(checked as ColumnsOf<S>);
}

function wrong(what: string, error: z.ZodError): Result<never> {
  const first = error.issues[0];
  const path =
    first === undefined || first.path.length === 0
      ? ""
      : ` at ${first.path.map(String).join(".").slice(0, 200)}`;
  const message = first?.message.slice(0, 500) ?? "it does not have the form that is asked for";
  return fail(
    "PROTOCOL_MESSAGE",
    `${what} is malformed${path}: ${message}`,
    "Correct the message; the protocol's README lists the forms",
  );
}
