import { createHash } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { fail, unwrap } from "../../../../engine/base/result.ts";
import { foreignFormatOf } from "../../../../engine/log/foreign/foreign-format.ts";
import { MmsbSnap } from "../../../../engine/log/foreign/mmsbsnap.ts";
import { writeMmsbSnap } from "../../../../engine/log/foreign/mmsbsnap-writer.ts";
import { encodeBlob, encodeSnap, type NaiveSnapPage, temporaryFolder, text, u32, u64 } from "./naive-mmsb.ts";

const folder = temporaryFolder();
const file = path.join(folder, "snap");
const out = path.join(folder, "out");

function open(content: Uint8Array) {
  writeFileSync(file, content);
  const opened = MmsbSnap.open(file);
  if (opened.ok) opened.value.close();
  return opened;
}

function refusal(content: Uint8Array) {
  const opened = open(content);
  if (opened.ok) throw new Error("it opened");
  const { code, place, message } = opened.error;
  return { code, offset: place.offset, message };
}

const none = new Uint8Array(0);
const page = (fields: Partial<NaiveSnapPage> = {}): NaiveSnapPage => ({
  id: 1n,
  epoch: 3,
  location: 0,
  blob: none,
  data: Uint8Array.of(1, 2, 3, 4),
  ...fields,
});
const blob = encodeBlob([
  [text("b"), Uint8Array.of(1)],
  [text("a"), none],
]);
const three = [
  page({ id: 9n, blob }),
  page({ id: 2n ** 64n - 1n, location: 2 }),
  page({ id: 0n, data: none }),
];

describe("a snapshot of the older program", () => {
  it("is told apart from a log by its first bytes", () => {
    expect(foreignFormatOf(encodeSnap(1, 0n, []))).toBe("mmsbsnap");
    expect(foreignFormatOf(Buffer.from("MMSBLOG1\0"))).toBe("mmsblog1");
    expect(foreignFormatOf(Buffer.from("MMSBLOG"))).toBeUndefined();
    expect(foreignFormatOf(Buffer.from("something else"))).toBeUndefined();
  });

  it("is written back byte for byte, pages in id order and metadata in key order", () => {
    writeFileSync(file, encodeSnap(2, 99n, three));
    const snap = unwrap(MmsbSnap.open(file));
    unwrap(writeMmsbSnap(out, snap, { version: 2, layout: "metadata", logOffset: 99 }));
    const sortedBlob = encodeBlob([
      [text("a"), none],
      [text("b"), Uint8Array.of(1)],
    ]);
    const sorted = [three[2]!, page({ id: 9n, blob: sortedBlob }), three[1]!];
    expect(readFileSync(out)).toEqual(encodeSnap(2, 99n, sorted));

    const bare = sorted.slice(0, 1).map(({ blob: _, ...rest }) => rest);
    const state = { pages: snap.pages.slice(0, 1), readPage: snap.readPage.bind(snap) };
    unwrap(writeMmsbSnap(out, state, { version: 2, layout: "bare", logOffset: 2 ** 40 }));
    expect(readFileSync(out)).toEqual(encodeSnap(2, 2n ** 40n, bare));
    snap.close();
  });

  it("hashes its pages without holding them", () => {
    const data = new Uint8Array(3_000_001).fill(7);
    writeFileSync(file, encodeSnap(1, 0n, [page({ data })]));
    const snap = unwrap(MmsbSnap.open(file));
    expect(Buffer.from(unwrap(snap.hashPage(0)))).toEqual(createHash("sha256").update(data).digest());
    truncateSync(file, 1_000_000);
    expect(snap.hashPage(0)).toMatchObject({ ok: false, error: { code: "FOREIGN_TRUNCATED" } });
    snap.close();
  });

  it("is read with metadata where both layouts fit", () => {
    // As two bare pages: 4 and 17 bytes of data. With metadata: four zero bytes are an empty list, the second page's id holds length
    // and data of the first, its size the second's id, its epoch the second's size, and its data the rest.
    const size = 5;
    const inner = Buffer.concat([u32(0), u32(0), u32(size), new Uint8Array(size).fill(0xaa)]);
    const content = encodeSnap(2, 0n, [
      { id: 1n, epoch: 0, location: 0, data: new Uint8Array(4) },
      { id: 4n | (0x0403_0201n << 32n), epoch: size, location: 0, data: inner },
    ]);
    writeFileSync(file, content);
    const snap = unwrap(MmsbSnap.open(file));
    expect(snap.layout).toBe("metadata");
    expect(snap.pages.map(({ id, sizeBytes }) => [id, sizeBytes])).toEqual([
      [1n, 4],
      [BigInt(inner.length), size],
    ]);
    snap.close();
  });

  it("is refused, with the offset, where it is cut at any byte", () => {
    for (const pages of [three, three.map(({ blob: _, ...rest }) => rest)]) {
      const content = encodeSnap(2, 0n, pages);
      for (let length = 0; length < content.length; length++) {
        const { code, offset } = refusal(content.subarray(0, length));
        expect(code).toMatch(length < 8 ? /^LOG_NOT_A_LOG$/ : /^FOREIGN_(TRUNCATED|FORMAT)$/);
        expect(offset).toBeLessThanOrEqual(length);
      }
    }
  });

  it("is refused, with the offset, where it contradicts itself", () => {
    const one = (fields: Partial<NaiveSnapPage>) => encodeSnap(1, 0n, [page(fields)]);
    expect(refusal(encodeSnap(3, 0n, []))).toMatchObject({ code: "LOG_VERSION", offset: 8 });
    expect(refusal(encodeSnap(1, 0n, [page(), page()]))).toMatchObject({
      code: "FOREIGN_FORMAT",
      offset: 60,
    });
    expect(refusal(one({ location: 3 }))).toMatchObject({ code: "FOREIGN_FORMAT", offset: 44 });
    expect(refusal(one({ location: 0xffff_ffff })).message).toContain("location -1");
    expect(refusal(Buffer.concat([one({}), Buffer.of(0)]))).toMatchObject({
      code: "FOREIGN_FORMAT",
      offset: 60,
    });
    // Version 1 always has metadata.
    expect(open(encodeSnap(1, 0n, [{ id: 1n, epoch: 0, location: 0, data: none }])).ok).toBe(false);
    const wrongSize = one({});
    u64(5n).copy(wrongSize, 32);
    expect(refusal(wrongSize)).toMatchObject({ code: "FOREIGN_FORMAT", offset: 52 });
    const twice = encodeBlob([
      [text("k"), none],
      [text("k"), none],
    ]);
    expect(refusal(one({ blob: twice }))).toMatchObject({ code: "FOREIGN_FORMAT", offset: 65 });
    expect(refusal(one({ blob: encodeBlob([[Buffer.of(0xff), none]]) })).message).toContain("UTF-8");
    expect(refusal(one({ blob: Buffer.concat([blob, Buffer.of(0)]) })).message).toContain("left over");
    expect(refusal(one({ blob: blob.subarray(0, 9) })).message).toContain("within an entry");
  });

  it("believes no count and no length that the file does not hold", () => {
    const header = (pages: number) => Buffer.concat([Buffer.from("MMSBSNAP"), u32(1), u32(pages), u64(0n)]);
    const head = Buffer.concat([u64(1n), u64(0xffff_ffffn), u32(1), u32(0)]);
    const huge = u32(0xffff_ffff);
    const filler = new Uint8Array(70_000);
    const started = performance.now();
    expect(refusal(Buffer.concat([header(0xffff_ffff), filler])).code).toBe("FOREIGN_FORMAT");
    expect(refusal(Buffer.concat([header(1), head, huge, filler]))).toMatchObject({
      code: "FOREIGN_TRUNCATED",
      offset: 52,
    });
    expect(refusal(Buffer.concat([header(1), head, u32(0), huge, filler]))).toMatchObject({
      code: "FOREIGN_TRUNCATED",
      offset: 56,
    });
    const manyEntries = Buffer.concat([header(1), head, u32(8), huge, u32(0), u32(0), filler]);
    expect(refusal(manyEntries).code).toBe("FOREIGN_FORMAT");
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it("is not written where it would lose something, or where a page cannot be read", () => {
    writeFileSync(file, encodeSnap(1, 0n, [page({ blob })]));
    const snap = unwrap(MmsbSnap.open(file));
    const options = { version: 2, layout: "metadata", logOffset: 0 } as const;
    const code = (result: ReturnType<typeof writeMmsbSnap>) => (result.ok ? "written" : result.error.code);
    const state = { pages: snap.pages, readPage: snap.readPage.bind(snap) };
    expect(code(writeMmsbSnap(out, state, { ...options, layout: "bare" }))).toBe("FOREIGN_NOT_REPRESENTABLE");
    expect(code(writeMmsbSnap(out, state, { ...options, version: 1, layout: "bare" }))).toBe(
      "ARGUMENT_INVALID",
    );
    const late = { ...state, pages: [{ ...snap.pages[0]!, epoch: 2 ** 32 }] };
    expect(code(writeMmsbSnap(out, late, options))).toBe("FOREIGN_NOT_REPRESENTABLE");
    const broken = { ...state, readPage: () => fail("LOG_IO", "broken", "Mend it") };
    expect(code(writeMmsbSnap(out, broken, options))).toBe("LOG_IO");
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    snap.close();
  });
});
