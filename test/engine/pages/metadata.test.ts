import { describe, expect, it } from "vitest";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import {
  MAX_METADATA_BYTES,
  MAX_METADATA_ENTRIES,
  MAX_METADATA_KEY_BYTES,
} from "../../../engine/pages/limits.ts";
import { checkMetadata, decodeMetadata, encodeMetadata } from "../../../engine/pages/metadata.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("page metadata", () => {
  it("has one encoding, whatever order its keys were added in", () => {
    const one = Uint8Array.of(1);
    const forward = new Map([
      ["a", one],
      ["b", new Uint8Array(0)],
      ["", one],
    ]);
    const backward = new Map([...forward].reverse());
    expect(hex(encodeMetadata(forward))).toBe("0103" + "000101" + "01610101" + "016200");
    expect(encodeMetadata(backward)).toEqual(encodeMetadata(forward));
  });

  it("stands in byte order, where JavaScript's own order of strings differs", () => {
    // U+FFFF sorts after U+10000 as UTF-16 and before it as UTF-8.
    const metadata = new Map([
      ["\u{10000}", new Uint8Array(0)],
      ["\uffff", new Uint8Array(0)],
    ]);
    expect([...unwrap(decodeMetadata(encodeMetadata(metadata))).keys()]).toEqual(["\uffff", "\u{10000}"]);
  });

  it("comes back as it was, byte order marks and empty keys included", () => {
    const metadata = new Map([
      ["\ufeffkey", Uint8Array.of(0, 255)],
      ["", new Uint8Array(300)],
      ["\0", new Uint8Array(0)],
    ]);
    expect(unwrap(decodeMetadata(encodeMetadata(metadata)))).toEqual(metadata);
    expect(unwrap(decodeMetadata(encodeMetadata(new Map()))).size).toBe(0);
  });

  it("owns its values after decoding", () => {
    const bytes = encodeMetadata(new Map([["k", Uint8Array.of(7)]]));
    const decoded = unwrap(decodeMetadata(bytes));
    bytes.fill(0);
    expect(decoded.get("k")).toEqual(Uint8Array.of(7));
  });

  it("is refused where it is too much, or no text, or no bytes", () => {
    const value = new Uint8Array(1);
    const many = new Map(Array.from({ length: MAX_METADATA_ENTRIES + 1 }, (_, i) => [`${i}`, value]));
    const faulty: ReadonlyMap<string, Uint8Array>[] = [
      many,
      new Map([["k".repeat(MAX_METADATA_KEY_BYTES + 1), value]]),
      new Map([["é".repeat(MAX_METADATA_KEY_BYTES / 2 + 1), value]]),
      new Map([["\ud800", value]]),
      new Map([["k", new Uint8Array(MAX_METADATA_BYTES)]]),
      new Map([["k", "text" as unknown as Uint8Array]]),
      new Map([[1 as unknown as string, value]]),
    ];
    for (const metadata of faulty) expect(codeOf(checkMetadata(metadata))).toBe("METADATA_INVALID");
    expect(codeOf(checkMetadata(new Map([["é".repeat(MAX_METADATA_KEY_BYTES / 2), value]])))).toBe("ok");
  });

  it.each([
    ["another version", "0200"],
    ["keys out of order", "0102" + "016200" + "016100"],
    ["a key twice", "0102" + "016100" + "016100"],
    ["a key that is not UTF-8", "0101" + "01ff00"],
    ["a length with a needless byte", "0101" + "81006100"],
    ["bytes left over", "010000"],
    ["nothing at all", ""],
    ["a claim of 2^49 entries", "01ffffffffffff7f"],
    ["a value of 2^49 bytes", "01010161ffffffffffff7f"],
  ])("on disk with %s is refused", (_, text) => {
    expect(codeOf(decodeMetadata(Buffer.from(text, "hex")))).toBe("METADATA_INVALID");
  });

  it("cut anywhere is refused with the offset", () => {
    const bytes = encodeMetadata(
      new Map([
        ["key", Uint8Array.of(1, 2, 3)],
        ["other", new Uint8Array(200)],
      ]),
    );
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodeMetadata(bytes.slice(0, length));
      expect(codeOf(decoded)).toBe("METADATA_INVALID");
      if (!decoded.ok) expect(decoded.error.place.offset).toBeLessThanOrEqual(length);
    }
  });
});
