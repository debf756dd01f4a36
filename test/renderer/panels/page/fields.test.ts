import { describe, expect, it } from "vitest";
import type { WireFieldType, WireSchemaField } from "../../../../engine/protocol/requests/pages.ts";
import { differenceFrom } from "../../../../renderer/panels/page/difference.ts";
import { FieldRows, fieldWindow } from "../../../../renderer/panels/page/field-rows.ts";
import {
  elementName,
  fieldSizeBytes,
  fieldTypeText,
  previewValues,
  readings,
  readValue,
} from "../../../../renderer/panels/page/field-values.ts";
import { nameOf, unitAt } from "../../../../renderer/panels/page/inspected-bytes.ts";
import { pictures, pictureValues, strengthOf } from "../../../../renderer/panels/page/picture-layout.ts";

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

  it("are found again by the bytes they stand for", () => {
    const rows = new FieldRows(fields, new Set([1]));
    for (const row of [0, 1, 2, 1_000_001, 1_000_002]) {
      const { offset, sizeBytes } = rows.at(row)!;
      expect(rows.rowOf(offset, offset + sizeBytes)).toBe(row);
    }
    expect(rows.rowOf(1, 3)).toBe(-1);
  });

  it("ask for the bytes in sight only, in whole blocks", () => {
    const size = 1_000_016;
    const open = new FieldRows(fields, new Set([1]));
    expect(fieldWindow(open, 500_002, 500_030, size)).toEqual({ offset: 499_712, length: 4096 });
    expect(fieldWindow(new FieldRows(fields, new Set()), 2, 3, size)).toEqual({
      offset: 999_424,
      length: size - 999_424,
    });
    expect(fieldWindow(new FieldRows([], new Set()), 0, 10, 100)).toEqual({ offset: 0, length: 100 });
  });
});

describe("the selected bytes", () => {
  const fields = [field("total", "u32", 4), field("grid", "f32", 8, 4, 4), field("name", "char", 72, 8)];

  it("are called by their field, their element, or the field that they begin in", () => {
    expect(nameOf(fields, { start: 4, end: 8 })).toEqual({ name: "total", typeText: "u32", number: "u32" });
    expect(nameOf(fields, { start: 28, end: 32 })).toEqual({
      name: "grid[1][1]",
      typeText: "f32",
      number: "f32",
    });
    expect(nameOf(fields, { start: 8, end: 72 })).toMatchObject({ name: "grid", number: undefined });
    expect(nameOf(fields, { start: 30, end: 34 })).toMatchObject({ name: "grid[1][1] …", number: undefined });
    expect(nameOf(fields, { start: 0, end: 2 })).toBeUndefined();
    expect(nameOf(null, { start: 0, end: 2 })).toBeUndefined();
  });

  it("are the whole element that a double click lands in", () => {
    expect(unitAt(fields, 30)).toEqual({ start: 28, end: 32 });
    expect(unitAt(fields, 2)).toEqual({ start: 2, end: 3 });
    expect(unitAt(null, 9)).toEqual({ start: 9, end: 10 });
  });
});

describe("an array as a picture", () => {
  it("takes arrays of numbers, not single ones and not text", () => {
    const shapes = pictures([
      field("one", "u32", 0),
      field("row", "f32", 0, 200),
      field("grid", "u8", 0, 3, 5),
      field("text", "char", 0, 64),
    ]);
    expect(shapes.map(({ field: { name }, across, down }) => [name, across, down])).toEqual([
      ["row", 16, 13],
      ["grid", 5, 3],
    ]);
  });

  it("reads values wherever the bytes begin; those that are not there have none", () => {
    const bytes = new Uint8Array(Float32Array.of(1.5, -2, 3).buffer);
    expect([...pictureValues(field("v", "f32", 8, 4), bytes, 8)]).toEqual([1.5, -2, 3, Number.NaN]);
  });

  it("parts at zero where there are both signs, and keeps zero as ground where the least is small", () => {
    expect(strengthOf(-2, { min: -2, max: 4 })).toBe(-0.5);
    expect(strengthOf(4, { min: -2, max: 4 })).toBe(1);
    expect(strengthOf(1, { min: 0, max: 1 })).toBe(1);
    expect(strengthOf(0, { min: 0, max: 0 })).toBe(0);
    expect(strengthOf(1000, { min: 1000, max: 1010 })).toBe(0);
    expect(strengthOf(Number.NaN, { min: 0, max: 1 })).toBe(0);
  });
});

it("goes from one difference to the next and begins anew at the end", () => {
  const offsets = Uint32Array.of(4, 20, 64);
  expect(differenceFrom(offsets, undefined, 1)).toBe(0);
  expect(differenceFrom(offsets, 4, 1)).toBe(1);
  expect(differenceFrom(offsets, 64, 1)).toBe(0);
  expect(differenceFrom(offsets, 4, -1)).toBe(2);
  expect(differenceFrom(offsets, 30, -1)).toBe(1);
  expect(differenceFrom(new Uint32Array(0), 4, 1)).toBeUndefined();
});
