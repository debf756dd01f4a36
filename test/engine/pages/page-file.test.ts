import { describe, expect, it } from "vitest";
import { accel } from "../../../engine/accel/index.ts";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import { U64_MAX } from "../../../engine/base/u64.ts";
import { deserializePage, serializePage } from "../../../engine/pages/page-file.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";
import type { PageImage } from "../../../engine/pages/page-types.ts";

const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);

const page: PageImage = {
  id: U64_MAX,
  sizeBytes: 24,
  epoch: 2 ** 53 - 1,
  location: "gpu",
  type: "weights ω",
  metadata: new Map([
    ["layer", Uint8Array.of(1, 2)],
    ["\ufeff", new Uint8Array(0)],
  ]),
  schema: { fields: [{ name: "w", type: "f32", offset: 0, shape: [2, 3] }] },
  bytes: Uint8Array.from({ length: 24 }, (_, i) => i * 11),
};
const runs = (...pairs: [number, number][]) => ({
  count: pairs.length,
  offset: Uint32Array.from(pairs, ([offset]) => offset),
  length: Uint32Array.from(pairs, ([, length]) => length),
});
const plain: PageImage = {
  id: 0n,
  sizeBytes: 0,
  epoch: 0,
  location: "cpu",
  type: "bytes",
  metadata: new Map(),
  schema: undefined,
  bytes: new Uint8Array(0),
};

/** The file with its checksum made right again, as a forger would. */
function resealed(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  new DataView(sealed.buffer).setUint32(sealed.length - 4, accel.crc32c(sealed.subarray(0, -4)), true);
  return sealed;
}

describe("a page file", () => {
  it.each([
    ["everything", page, runs([0, 3], [5, 1], [23, 1])],
    ["nothing", plain, undefined],
    ["a mask that was tracked and is empty", page, runs()],
    ["a mask of the whole page", page, runs([0, 24])],
    ["an empty schema", { ...page, schema: { fields: [] } }, undefined],
    [
      "the largest id a number cannot hold",
      { ...plain, id: 2n ** 53n + 1n, location: "unified" as const },
      undefined,
    ],
  ])("gives back a page with %s as it was", (_, image, written) => {
    expect(unwrap(deserializePage(unwrap(serializePage(image, written))))).toEqual({ page: image, written });
  });

  it("keeps its bytes for ever", () => {
    const bytes = unwrap(
      serializePage(
        { ...plain, id: 258n, sizeBytes: 3, epoch: 5, bytes: Uint8Array.of(7, 8, 9) },
        runs([1, 2]),
      ),
    );
    expect(Buffer.from(bytes).toString("hex")).toBe(
      [
        "4d4d534250414745", // MMSBPAGE
        "0200000000000000", // version 2, reserved
        "4b00000000000000", // 75 bytes in all
        "0201000000000000", // id
        "0300000000000000", // size
        "0500000000000000", // epoch
        "0000000000000000", // cpu, reserved
        "056279746573", // bytes
        "0000", // no metadata, no schema
        "03010101", // mask: one run, after one byte, of two
        "070809",
        "d0f2043b", // CRC-32C, worked out bit by bit outside of this project
      ].join(""),
    );
  });

  it("cut at any byte is refused, as is one with bytes after its end", () => {
    const bytes = unwrap(serializePage(page, runs([4, 4])));
    for (let length = 0; length < bytes.length; length++) {
      expect(codeOf(deserializePage(bytes.slice(0, length)))).toBe("PAGE_FORMAT");
    }
    expect(codeOf(deserializePage(Uint8Array.of(...bytes, 0)))).toBe("PAGE_FORMAT");
  });

  it("with any single bit flipped is refused", () => {
    const bytes = unwrap(serializePage(page, runs([4, 4], [10, 3])));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(["PAGE_FORMAT", "PAGE_CHECKSUM"]).toContain(codeOf(deserializePage(flipped)));
    }
  });

  it("forged in any byte, with a checksum that fits, is refused or is exactly the file of another page", () => {
    const bytes = unwrap(serializePage(page, runs([4, 4], [10, 3])));
    for (let at = 0; at < bytes.length - 4; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff, bytes[at]! ^ 4]) {
        const forged = bytes.slice();
        forged[at] = value;
        const file = deserializePage(resealed(forged));
        if (file.ok)
          expect(unwrap(serializePage(file.value.page, file.value.written))).toEqual(resealed(forged));
        else expect(["PAGE_FORMAT", "METADATA_INVALID", "SCHEMA_INVALID"]).toContain(file.error.code);
      }
    }
  });

  it("of another version, or of something else, says so", () => {
    const bytes = unwrap(serializePage(page));
    for (const version of [0, 1, 3, 0xffff_ffff]) {
      const other = bytes.slice();
      new DataView(other.buffer).setUint32(8, version, true);
      const refused = deserializePage(resealed(other));
      expect(refused.ok ? "" : refused.error.describe()).toContain(`version ${version} is unknown`);
    }
    expect(codeOf(deserializePage(new TextEncoder().encode("MMSBSNAP".repeat(20))))).toBe("PAGE_FORMAT");
    expect(codeOf(deserializePage(new Uint8Array(0)))).toBe("PAGE_FORMAT");
    expect(codeOf(deserializePage(new Uint8Array(100)))).toBe("PAGE_FORMAT");
  });

  it.each([
    ["a page size of 2^52", 32, 0x10_0000_0000_0000n],
    ["a page size of 2^64-1", 32, U64_MAX],
    ["an epoch of 2^64-1", 40, U64_MAX],
    ["a length of the whole of 2^63", 16, 2n ** 63n],
    ["a location that is none", 48, 3n],
  ])("with %s and a fitting checksum costs neither memory nor time", (_, at, value) => {
    const forged = unwrap(serializePage(page));
    new DataView(forged.buffer).setBigUint64(at, value, true);
    expect(codeOf(deserializePage(resealed(forged)))).toBe("PAGE_FORMAT");
  });

  it.each([
    ["no needless byte", [0, 0, 0, 0], "ok"],
    ["a type length with a needless byte", [0x80, 0, 0, 0, 0], "PAGE_FORMAT"],
    ["a metadata length with a needless byte", [0, 0x80, 0, 0, 0], "PAGE_FORMAT"],
    ["metadata without an entry", [0, 2, 1, 0, 0, 0], "PAGE_FORMAT"],
    ["a mask of no runs", [0, 0, 0, 1, 0], "ok"],
    ["a mask that claims 2^49 runs", [0, 0, 0, 8, 255, 255, 255, 255, 255, 255, 127, 0], "PAGE_FORMAT"],
    ["a mask that claims one run more than it can hold", [0, 0, 0, 2, 1, 0], "PAGE_FORMAT"],
    ["a mask beyond the page", [0, 0, 0, 3, 1, 0, 0], "PAGE_FORMAT"],
    ["a section of 2^49 bytes", [255, 255, 255, 255, 255, 255, 127], "PAGE_FORMAT"],
  ])("forged with %s, and a checksum that fits, is read only where it is right", (_, sections, code) => {
    const head = unwrap(serializePage({ ...plain, type: "" })).slice(0, 56);
    const forged = Uint8Array.of(...head, ...sections, 0, 0, 0, 0);
    new DataView(forged.buffer).setBigUint64(16, BigInt(forged.length), true);
    expect(codeOf(deserializePage(resealed(forged)))).toBe(code);
  });

  it("is refused to be written for runs that are out of order, empty or outside the page", () => {
    for (const written of [
      runs([3, 2], [5, 1]),
      runs([3, 2], [1, 1]),
      runs([0, 0]),
      runs([23, 2]),
      runs([24, 1]),
    ]) {
      expect(codeOf(serializePage(page, written))).toBe("DELTA_RANGE");
    }
    expect(codeOf(serializePage({ ...page, bytes: new Uint8Array(23) }))).toBe("ARGUMENT_INVALID");
    expect(codeOf(serializePage({ ...page, id: -1n }))).toBe("ARGUMENT_INVALID");
  });

  it("of a GPU page read where there is no GPU keeps its tag and lives on the CPU", () => {
    const { page: read } = unwrap(deserializePage(unwrap(serializePage(page))));
    const table = new PageTable();
    const slot = unwrap(table.revive(read));
    expect(table.locationOf(slot)).toBe("gpu");
    expect(table.image(slot)).toEqual(page);
    table.bytes(slot)[0] = 1;
    expect(table.bytes(slot)[0]).toBe(1);
  });

  it("is read from shared memory, and owns what it read", () => {
    const bytes = unwrap(serializePage(page));
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 8)).subarray(8);
    shared.set(bytes);
    const { page: read } = unwrap(deserializePage(shared));
    shared.fill(0);
    expect(read).toEqual(page);
  });
});
