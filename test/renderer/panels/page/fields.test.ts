import { describe, expect, it } from "vitest";
import type { WireFieldType, WireSchemaField } from "../../../../engine/protocol/requests/pages.ts";
import { FieldRows } from "../../../../renderer/panels/page/field-rows.ts";
import {
  elementName,
  fieldSizeBytes,
  fieldTypeText,
  previewValues,
  readings,
  readValue,
} from "../../../../renderer/panels/page/field-values.ts";

const field = (name: string, type: WireFieldType, offset: number, ...shape: number[]): WireSchemaField => ({
  name,
  type,
  offset,
  shape,
});

describe("typed fields", () => {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4_000_000_000, true);
  view.setFloat32(4, 0.1, true);
  view.setBigUint64(8, 18446744073709551615n, true);
  bytes.set([0x68, 0x69, 0x00, 0x7a], 16);

  it("read little-endian values exactly, floats in their own precision", () => {
    expect(readValue("u32", view, 0)).toBe("4000000000");
    expect(readValue("i32", view, 0)).toBe("-294967296");
    expect(readValue("f32", view, 4)).toBe("0.1");
    expect(readValue("u64", view, 8)).toBe("18446744073709551615");
    expect(readValue("i64", view, 8)).toBe("-1");
    expect(readValue("bool", view, 8)).toBe("true");
    expect(readValue("char", view, 16)).toBe("'h'");
    expect(readValue("char", view, 18)).toBe("'\\x00'");
    expect(readValue("u64", view, 25)).toBeUndefined();
    expect(readValue("u8", view, -1)).toBeUndefined();
  });

  it("say NaN, infinities and negative zero", () => {
    const special = new DataView(Float64Array.of(Number.NaN, -0, Number.POSITIVE_INFINITY).buffer);
    expect([0, 8, 16].map((at) => readValue("f64", special, at))).toEqual(["NaN", "-0", "Infinity"]);
  });

  it("show arrays by their first elements and characters as text", () => {
    expect(previewValues(field("a", "u8", 0, 4), view, 16, 3)).toBe("104, 105, 0, …");
    expect(previewValues(field("a", "u8", 0, 2), view, 16, 3)).toBe("104, 105");
    expect(previewValues(field("text", "char", 0, 8), view, 16, 8)).toBe('"hi"');
    expect(previewValues(field("one", "u32", 0), view, 0, 8)).toBe("4000000000");
    expect(previewValues(field("gone", "u32", 0), view, 30, 8)).toBe("");
  });

  it("name types and elements as a programmer would", () => {
    expect(fieldTypeText(field("m", "f32", 0, 32, 16))).toBe("f32[32][16]");
    expect(fieldSizeBytes(field("m", "f32", 0, 32, 16))).toBe(2048);
    expect(elementName([32, 16], 35)).toBe("[2][3]");
    expect(elementName([], 0)).toBe("");
  });

  it("offer every reading that the selected bytes are long enough for", () => {
    expect(readings(bytes.subarray(0, 2)).map(({ type }) => type)).toEqual(["u8", "i8", "u16", "i16"]);
    expect(readings(bytes.subarray(8, 16)).at(-3)).toEqual({ type: "u64", value: "18446744073709551615" });
  });
});

describe("the rows of the field table", () => {
  const fields = [field("a", "u32", 0), field("grid", "u8", 4, 1000, 1000), field("z", "f64", 1_000_008)];

  it("are the fields themselves while all are closed", () => {
    const rows = new FieldRows(fields, new Set());
    expect(rows.length).toBe(3);
    expect(rows.at(2)).toMatchObject({ fieldIndex: 2, element: undefined, offset: 1_000_008, sizeBytes: 8 });
    expect(rows.at(3)).toBeUndefined();
  });

  it("are found among a million elements without listing them", () => {
    const rows = new FieldRows(fields, new Set([1]));
    expect(rows.length).toBe(1_000_003);
    expect(rows.at(1)).toMatchObject({ fieldIndex: 1, element: undefined, sizeBytes: 1_000_000 });
    expect(rows.at(2)).toMatchObject({ fieldIndex: 1, element: 0, offset: 4, sizeBytes: 1 });
    expect(rows.at(1_000_001)).toMatchObject({ fieldIndex: 1, element: 999_999, offset: 1_000_003 });
    expect(rows.at(1_000_002)).toMatchObject({ fieldIndex: 2, element: undefined });
  });
});
