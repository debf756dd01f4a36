import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { MmsbLog1Source } from "../../../../engine/log/foreign/mmsblog1-source.ts";
import { encodeLog, naiveFrame, temporaryFolder, text, u32, u64 } from "./naive-mmsb.ts";

const file = path.join(temporaryFolder(), "log");

function open(...parts: Uint8Array[]) {
  writeFileSync(file, Buffer.concat(parts));
  const opened = MmsbLog1Source.open(file);
  if (opened.ok) opened.value.close();
  return opened;
}

const header = Buffer.concat([Buffer.from("MMSBLOG1"), u32(2)]);
const sized = (bytes: Uint8Array) => Buffer.concat([u64(BigInt(bytes.length)), bytes]);

function entry(hashByte: number, metadata?: string): Buffer {
  const proof = Buffer.concat([Buffer.alloc(32, hashByte), u64(1n), u64(1n)]);
  const delta = Buffer.concat([
    u64(1n),
    u64(42n),
    u32(3),
    sized(Uint8Array.of(1, 0, 1, 1)),
    sized(Uint8Array.of(9, 8, 7, 6)),
    Uint8Array.of(0),
    u64(1_700_000_000_000_000_000n),
    sized(text("test")),
    metadata === undefined ? Uint8Array.of(0) : Buffer.concat([Uint8Array.of(1), sized(text(metadata))]),
  ]);
  return sized(Buffer.concat([proof, delta]));
}

function expectBincode(opened: ReturnType<typeof open>): void {
  expect(opened).toMatchObject({ ok: false, error: { code: "FOREIGN_BINCODE", place: { offset: 12 } } });
}

describe("the newer log under MMSBLOG1's magic", () => {
  it("is refused by name, whatever its proofs and metadata", () => {
    for (const hashByte of [0, 1, 0x5a, 0xff]) {
      expectBincode(open(header, entry(hashByte)));
      expectBincode(open(header, entry(hashByte, "{}"), entry(hashByte), entry(hashByte)));
    }
  });

  it("is refused by name where its last entry is cut", () => {
    const last = entry(0x5a);
    for (let length = 1; length < last.length; length++) {
      expectBincode(open(header, entry(0x5a), last.subarray(0, length)));
    }
  });

  it("is refused by name where its entries hold something else", () => {
    const strange = sized(Buffer.alloc(200, 0x77));
    expectBincode(open(header, strange));
    expectBincode(open(header, strange, sized(Buffer.alloc(60, 1)), strange));
  });

  it("is not seen in a damaged log of frames, whose first delta id may look like a length", () => {
    for (const deltaId of [1n, 54n, 60n, 100n]) {
      const log = encodeLog(2, [naiveFrame({ deltaId }), naiveFrame({ deltaId, mask: new Uint8Array(100) })]);
      for (let length = 12; length < log.length; length++) {
        expect(open(log.subarray(0, length)).ok, `delta id ${deltaId}, cut at ${length}`).toBe(true);
      }
    }
  });
});
