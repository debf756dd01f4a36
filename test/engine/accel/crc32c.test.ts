import { describe, expect, it } from "vitest";
import { crc32c, crc32cTable } from "../../../engine/accel/crc32c.ts";
import { Prng } from "../../../engine/base/prng.ts";

/** RFC 3720, B.4: an iSCSI SCSI Read (10) command. */
const READ_10 = [
  0x01, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0x14, 0, 0, 0,
  0x18, 0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
];

const VECTORS: [string, Uint8Array, number][] = [
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 ones", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["31 to 0", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ["a read command", Uint8Array.from(READ_10), 0xd9963a56],
  ["123456789", new TextEncoder().encode("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
];

describe.each([
  ["the table", crc32cTable],
  ["the implementation in use", crc32c],
])("CRC-32C by %s", (_, crc) => {
  it.each(VECTORS)("gives the published value for %s", (_name, bytes, expected) => {
    expect(crc(bytes)).toBe(expected);
  });

  it("is the same in one part and in two", () => {
    const bytes = new Uint8Array(1500);
    new Prng(1).fill(bytes);
    for (const cut of [0, 1, 7, 8, 191, 192, 193, 750, 1499, 1500]) {
      expect(crc(bytes.subarray(cut), crc(bytes.subarray(0, cut)))).toBe(crc(bytes));
    }
  });
});

it("agrees between table and library at every small length and alignment, in shared memory too", () => {
  const rng = new Prng(2);
  const memory = new Uint8Array(new SharedArrayBuffer(1024));
  rng.fill(memory);
  for (let length = 0; length < 600; length++) {
    const bytes = memory.subarray(length % 13, (length % 13) + length);
    const seed = rng.u32();
    expect(crc32c(bytes, seed), `length ${length}`).toBe(crc32cTable(bytes, seed));
  }
});
