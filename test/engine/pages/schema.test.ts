import { describe, expect, it } from "vitest";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import { MAX_SCHEMA_FIELDS } from "../../../engine/pages/limits.ts";
import type { FieldType, PageSchema } from "../../../engine/pages/page-types.ts";
import { checkSchema, decodeSchema, encodeSchema, readField } from "../../../engine/pages/schema.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
const field = (over: object = {}) => ({
  name: "x",
  type: "u32" as FieldType,
  offset: 0,
  shape: [] as number[],
  ...over,
});
const check = (fields: unknown, size = 16) => codeOf(checkSchema({ fields } as PageSchema, size));

describe("a schema", () => {
  it("may cover the same bytes twice, leave gaps, and start fields anywhere", () => {
    expect(check([field(), field({ name: "y" }), field({ name: "z", type: "f64", offset: 7 })])).toBe("ok");
    expect(check([])).toBe("ok");
    expect(check([], 0)).toBe("ok");
    expect(check([field({ shape: [2, 2] })])).toBe("ok");
    expect(check([field({ offset: 12 })])).toBe("ok");
  });

  it.each([
    ["an unknown type", [field({ type: "u128" })]],
    ["a type from the prototype", [field({ type: "toString" })]],
    ["a negative offset", [field({ offset: -1 })]],
    ["half an offset", [field({ offset: 0.5 })]],
    ["an offset that is no number", [field({ offset: "0" })]],
    ["a field that ends beyond the page", [field({ offset: 13 })]],
    ["a field that starts beyond the page", [field({ offset: 2 ** 52 })]],
    ["a shape larger than the page", [field({ shape: [5] })]],
    ["a shape whose product overflows", [field({ shape: [2 ** 31, 2 ** 31, 2 ** 31] })]],
    ["a shape whose product overflows to nothing", [field({ shape: new Array(32).fill(2 ** 52) })]],
    ["an empty dimension", [field({ shape: [0] })]],
    ["a negative dimension", [field({ shape: [-1, -1] })]],
    ["half a dimension", [field({ shape: [1.5] })]],
    ["too many dimensions", [field({ shape: new Array(33).fill(1) })]],
    ["no shape", [field({ shape: undefined })]],
    ["two fields of one name", [field(), field()]],
    ["an empty name", [field({ name: "" })]],
    ["an endless name", [field({ name: "x".repeat(1025) })]],
    ["a name that has no UTF-8", [field({ name: "\udfff" })]],
    ["a name that is no text", [field({ name: 7 })]],
    ["too many fields", Array.from({ length: MAX_SCHEMA_FIELDS + 1 }, (_, i) => field({ name: `f${i}` }))],
    ["no list of fields", undefined],
  ])("with %s is refused", (_, fields) => {
    expect(check(fields)).toBe("SCHEMA_INVALID");
  });

  it("comes back from its bytes as it was, in its author's order", () => {
    const schema: PageSchema = {
      fields: [
        field({ name: "zeta", type: "f64", offset: 3, shape: [1, 1] }),
        field({ name: "\ufeffα", type: "char", offset: 15 }),
        field({ name: "a", type: "bool", offset: 300 }),
      ],
    };
    expect(unwrap(decodeSchema(encodeSchema(schema), 301))).toEqual(schema);
    expect(codeOf(decodeSchema(encodeSchema(schema), 300))).toBe("SCHEMA_INVALID");
    expect(unwrap(decodeSchema(encodeSchema({ fields: [] }), 0))).toEqual({ fields: [] });
  });

  it("keeps its bytes for ever", () => {
    const types = [
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
    ] as const;
    const fields = types.map((type, i) =>
      field({ name: String.fromCharCode(97 + i), type, offset: i === 0 ? 200 : i }),
    );
    expect(Buffer.from(encodeSchema({ fields: [{ ...fields[0]!, shape: [3, 130] }] })).toString("hex")).toBe(
      "01010161" + "00" + "c801" + "02" + "03" + "8201",
    );
    expect(Buffer.from(encodeSchema({ fields: fields.slice(1) })).toString("hex")).toBe(
      "010b" +
        types
          .slice(1)
          .map(
            (_, i) =>
              `01${(98 + i).toString(16)}${(i + 1).toString(16).padStart(2, "0")}${(i + 1).toString(16).padStart(2, "0")}00`,
          )
          .join(""),
    );
  });

  it("that is cut, lengthened or changed in one bit is refused or is another schema, and never comes back as itself", () => {
    const schema: PageSchema = {
      fields: [field({ name: "ab", offset: 2, shape: [2, 1] }), field({ name: "c", type: "u8" })],
    };
    const bytes = encodeSchema(schema);
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(decodeSchema(bytes.slice(0, length), 16))).toBe("SCHEMA_INVALID");
    }
    expect(codeOf(decodeSchema(Uint8Array.of(...bytes, 0), 16))).toBe("SCHEMA_INVALID");
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      const decoded = decodeSchema(flipped, 16);
      if (decoded.ok) {
        expect(decoded.value).not.toEqual(schema);
        expect(encodeSchema(decoded.value)).toEqual(flipped);
      } else {
        expect(decoded.error.code).toBe("SCHEMA_INVALID");
      }
    }
  });

  it("with a length written longer than it need be is refused", () => {
    expect(codeOf(decodeSchema(Uint8Array.of(1, 1, 1, 97, 0, 0x81, 0x00, 0), 16))).toBe("SCHEMA_INVALID");
    expect(codeOf(decodeSchema(Uint8Array.of(1, 1, 1, 97, 0, 0x01, 0), 16))).toBe("ok");
  });

  it("that claims billions of fields in a few bytes costs nothing", () => {
    expect(codeOf(decodeSchema(Uint8Array.of(1, 0xff, 0xff, 0xff, 0xff, 0x0f), 16))).toBe("SCHEMA_INVALID");
    expect(codeOf(decodeSchema(Uint8Array.of(1, 0xff, 0xff, 0x03), 16))).toBe("SCHEMA_INVALID");
  });
});

describe("a field's values", () => {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  const read = (type: FieldType, shape: number[] = [], limit?: number) =>
    readField(bytes, field({ type, offset: 1, shape }), limit);

  it.each<[FieldType, () => void, number | bigint]>([
    ["u8", () => view.setUint8(1, 200), 200],
    ["i8", () => view.setInt8(1, -100), -100],
    ["u16", () => view.setUint16(1, 65535, true), 65535],
    ["i16", () => view.setInt16(1, -2, true), -2],
    ["u32", () => view.setUint32(1, 4294967295, true), 4294967295],
    ["i32", () => view.setInt32(1, -3, true), -3],
    ["u64", () => view.setBigUint64(1, 2n ** 64n - 1n, true), 2n ** 64n - 1n],
    ["i64", () => view.setBigInt64(1, -5n, true), -5n],
    ["f32", () => view.setFloat32(1, 0.5, true), 0.5],
    ["f64", () => view.setFloat64(1, Math.PI, true), Math.PI],
    ["bool", () => view.setUint8(1, 77), 1],
    ["char", () => view.setUint8(1, 65), 65],
  ])("of type %s are read little-endian, at any offset", (type, write, value) => {
    write();
    expect(unwrap(read(type))).toEqual({ elements: 1, values: [value] });
  });

  it("come row-major, as many as were asked for, with the number there are", () => {
    for (let i = 0; i < 6; i++) bytes[1 + i] = i * i;
    expect(unwrap(read("u8", [2, 3]))).toEqual({ elements: 6, values: [0, 1, 4, 9, 16, 25] });
    expect(unwrap(read("u8", [2, 3], 2))).toEqual({ elements: 6, values: [0, 1] });
    expect(unwrap(read("u8", [2, 3], 0))).toEqual({ elements: 6, values: [] });
  });

  it("beyond the bytes are an error", () => {
    expect(codeOf(read("u8", [64]))).toBe("SCHEMA_INVALID");
  });

  it("are read from a page in shared memory", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(16)).subarray(4);
    shared[0] = 5;
    expect(unwrap(readField(shared, field({ type: "u16" }))).values).toEqual([5]);
  });
});
