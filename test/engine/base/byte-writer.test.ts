import { expect, it } from "vitest";
import { ByteReader, ByteWriter, utf8Decode } from "../../../engine/base/bytes.ts";
import { Prng } from "../../../engine/base/prng.ts";

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

/** Random text: plain, with characters of two to four bytes, with a byte order mark, empty and long. */
function randomText(prng: Prng): string {
  const alphabet = prng.chance(0.6) ? "abcdef._-/0" : "aé€𝄞\ufeff\u0000\u007f\u0080";
  const characters = [...alphabet];
  return Array.from({ length: prng.below(prng.chance(0.1) ? 300 : 40) }, () => prng.pick(characters)).join(
    "",
  );
}

it("text is its length in bytes and its UTF-8, however it is written, and comes back", () => {
  const seed = 20;
  const prng = new Prng(seed);
  for (let round = 0; round < 5000; round++) {
    const text = randomText(prng);
    const bytes = new TextEncoder().encode(text);
    const written = new ByteWriter(1).u8(7).text(text).u8(9).finish();
    expect(written, `seed ${seed}, round ${round}`).toEqual(
      new ByteWriter(1).u8(7).sizedBytes(bytes).u8(9).finish(),
    );
    const reader = new ByteReader(written);
    expect([reader.u8(), reader.text(), reader.u8(), reader.remaining]).toEqual([7, text, 9, 0]);
  }
});

it("decoding says of any bytes what the platform's decoder says, met before or not", () => {
  const seed = 21;
  const prng = new Prng(seed);
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const met: Uint8Array[] = [];
  for (let round = 0; round < 20_000; round++) {
    const bytes =
      met.length > 0 && prng.chance(0.5)
        ? prng.pick(met).slice()
        : new TextEncoder().encode(randomText(prng));
    if (bytes.length > 0 && prng.chance(0.2)) bytes[prng.below(bytes.length)] = prng.below(256);
    if (met.length < 2000) met.push(bytes);
    expect(utf8Decode(bytes), `seed ${seed}, round ${round}`).toBe(decoder.decode(bytes));
  }
});
