import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { U64_MAX } from "../../../engine/base/u64.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";
import type { Edge, PageDescriptor } from "../../../engine/pages/page-types.ts";
import { hashPageBytes, StateHasher, stateHashOf, structureHash } from "../../../engine/pages/state-hash.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const sha256 = (...parts: Uint8Array[]) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};
const u64 = (value: bigint) => Buffer.from(BigUint64Array.of(value).buffer);
const text = (value: string) => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);

function rowsOf(table: PageTable) {
  return Array.from(table.slotsInIdOrder(), (slot) => ({
    id: table.idOf(slot),
    sizeBytes: table.size[slot]!,
    epoch: table.epoch[slot]!,
    sha256: hashPageBytes(table.bytes(slot)),
  }));
}

describe("the state hash", () => {
  it("is SHA-256 over id, size, epoch and the hash of the bytes, in id order", () => {
    const table = new PageTable();
    unwrap(table.create({ id: U64_MAX, sizeBytes: 3, bytes: Uint8Array.of(1, 2, 3), epoch: 2 ** 53 - 1 }));
    unwrap(table.create({ id: 2n ** 32n, sizeBytes: 5000 }));
    const expected = sha256(
      ...[u64(2n ** 32n), u64(5000n), u64(0n), Buffer.from(sha256(new Uint8Array(5000)), "hex")],
      ...[u64(U64_MAX), u64(3n), u64(2n ** 53n - 1n), Buffer.from(sha256(Uint8Array.of(1, 2, 3)), "hex")],
    );
    expect(hex(new StateHasher(table).stateHash())).toBe(expected);
    expect(hex(stateHashOf(rowsOf(table).reverse()))).toBe(expected);
  });

  it("of no pages is the hash of nothing", () => {
    expect(hex(new StateHasher(new PageTable()).stateHash())).toBe(sha256());
    expect(hex(stateHashOf([]))).toBe(sha256());
  });

  it("of thousands of pages is the same from a table and from rows", () => {
    const table = new PageTable();
    for (let i = 0; i < 3000; i++)
      unwrap(table.create({ sizeBytes: i % 50, epoch: i, bytes: new Uint8Array(i % 50).fill(i) }));
    const hasher = new StateHasher(table);
    expect(hasher.stateHash()).toEqual(stateHashOf(rowsOf(table)));
    expect(hasher.stateHash()).toEqual(stateHashOf(rowsOf(table)));
  });

  it("follows every kind of change: bytes with an epoch, bytes alone, epoch alone, another page in the slot", () => {
    const table = new PageTable();
    const slots = [1, 2, 3].map(() => unwrap(table.create({ sizeBytes: 16 })));
    const hasher = new StateHasher(table);
    const seen = new Set([hex(hasher.stateHash())]);
    const changes = [
      () => {
        table.bytes(slots[0]!)[0] = 1;
        table.bumpEpoch(slots[0]!);
      },
      () => {
        table.bytes(slots[1]!)[3] = 1;
        table.markDirty(slots[1]!);
      },
      () => {
        // A writer that stores into the column itself.
        table.bytes(slots[1]!)[4] = 1;
        table.epoch[slots[1]!]!++;
      },
      () => table.setEpoch(slots[2]!, 7),
      () => {
        const image = table.image(slots[2]!);
        unwrap(table.destroy(slots[2]!));
        unwrap(table.revive({ ...image, bytes: new Uint8Array(16).fill(9) }));
      },
    ];
    for (const change of changes) {
      change();
      const now = hex(hasher.stateHash());
      expect(now).toBe(hex(stateHashOf(rowsOf(table))));
      expect(seen.has(now)).toBe(false);
      seen.add(now);
    }
  });

  it("does not hash a page again that did not change", () => {
    const table = new PageTable();
    const slot = unwrap(table.create({ sizeBytes: 16 }));
    const hasher = new StateHasher(table);
    const before = hasher.stateHash();
    // Behind the table's back: nobody was told, so the hash that was kept stands.
    table.bytes(slot)[0] = 1;
    expect(hasher.stateHash()).toEqual(before);
    table.markDirty(slot);
    expect(hasher.stateHash()).not.toEqual(before);
    expect(hasher.pageHash(slot)).toEqual(hashPageBytes(table.bytes(slot)));
  });
});

describe("the structure hash", () => {
  const page = (over: Partial<PageDescriptor> = {}): PageDescriptor => ({
    id: 1n,
    sizeBytes: 8,
    epoch: 0,
    location: "cpu",
    type: "bytes",
    metadata: new Map(),
    schema: undefined,
    ...over,
  });
  const edge: Edge = { from: 1n, to: 2n, type: "data" };

  it("is SHA-256 over the encoding that its file describes", () => {
    const pages = [
      page({ id: 7n, location: "gpu", type: "w", metadata: new Map([["k", Uint8Array.of(5)]]) }),
      page(),
    ];
    const edges: Edge[] = [{ from: 7n, to: 1n, type: "control" }, edge];
    const expected = sha256(
      ...[Buffer.from("MMSBSTRC"), Buffer.of(1, 0, 0, 0), u64(2n)],
      ...[u64(1n), Buffer.of(0), text("bytes"), Buffer.of(0), Buffer.of(0)],
      ...[u64(7n), Buffer.of(1), text("w"), Buffer.of(6, 1, 1, 1, 0x6b, 1, 5), Buffer.of(0)],
      ...[u64(2n), u64(1n), u64(2n), Buffer.of(0), u64(7n), u64(1n), Buffer.of(1)],
    );
    expect(hex(structureHash(pages, edges))).toBe(expected);
    expect(hex(structureHash([...pages].reverse(), [...edges].reverse()))).toBe(expected);
  });

  it("tells apart whatever the state hash leaves out, and nothing that it holds", () => {
    const variants = [
      structureHash([page()], []),
      structureHash([page({ id: 2n })], []),
      structureHash([page({ location: "unified" })], []),
      structureHash([page({ type: "byte" })], []),
      structureHash([page({ metadata: new Map([["", new Uint8Array(0)]]) })], []),
      structureHash([page({ schema: { fields: [] } })], []),
      structureHash([page({ schema: { fields: [{ name: "a", type: "u8", offset: 0, shape: [] }] } })], []),
      structureHash([page()], [edge]),
      structureHash([page()], [{ ...edge, type: "control" }]),
      structureHash([page()], [{ ...edge, from: 2n, to: 1n }]),
      structureHash([page(), page({ id: 2n })], []),
      structureHash([], []),
    ].map(hex);
    expect(new Set(variants).size).toBe(variants.length);
    expect(structureHash([page({ epoch: 5, sizeBytes: 9 })], [])).toEqual(structureHash([page()], []));
  });

  it("of a table with many pages does not depend on the order in which they were made", () => {
    const ids = Array.from({ length: 5000 }, (_, i) => BigInt(i * 7919) % 10_007n);
    const hashes = [ids, [...ids].reverse()].map((order) => {
      const table = new PageTable();
      for (const id of order) unwrap(table.create({ id, sizeBytes: 1, type: `t${id % 3n}` }));
      return hex(structureHash(table.descriptors(), []));
    });
    expect(hashes[0]).toBe(hashes[1]);
  });
});
