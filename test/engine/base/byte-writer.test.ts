import { expect, it } from "vitest";
import { ByteReader, ByteWriter } from "../../../engine/base/bytes.ts";

it.each([
  ["u8", 1, (out: ByteWriter) => out.u8(0xa1), (from: ByteReader) => from.u8() === 0xa1],
  ["u16", 2, (out: ByteWriter) => out.u16(0xa1b2), (from: ByteReader) => from.u16() === 0xa1b2],
  ["u32", 4, (out: ByteWriter) => out.u32(0xa1b2c3d4), (from: ByteReader) => from.u32() === 0xa1b2c3d4],
  ["i32", 4, (out: ByteWriter) => out.i32(-5), (from: ByteReader) => from.i32() === -5],
  [
    "u64 number",
    8,
    (out: ByteWriter) => out.u64n(2 ** 40 + 7),
    (from: ByteReader) => from.u64n() === 2 ** 40 + 7,
  ],
  [
    "u64",
    8,
    (out: ByteWriter) => out.u64(2n ** 63n + 9n),
    (from: ByteReader) => from.u64() === 2n ** 63n + 9n,
  ],
  ["varint", 3, (out: ByteWriter) => out.varint(70_000), (from: ByteReader) => from.varint() === 70_000],
  ["text", 5, (out: ByteWriter) => out.text("abcd"), (from: ByteReader) => from.text() === "abcd"],
])("a byte writer that has to grow for a %s keeps it", (_, size, write, isBack) => {
  for (let room = 0; room <= size; room++) {
    const out = new ByteWriter(8).bytes(new Uint8Array(8 - Math.min(room, 8)));
    const at = out.length;
    write(out);
    expect(out.length).toBe(at + size);
    const reader = new ByteReader(out.finish(), at);
    expect(isBack(reader) && !reader.failed && reader.remaining === 0).toBe(true);
  }
});
