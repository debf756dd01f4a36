import { describe, expect, it } from "vitest";
import { IdIndex } from "../../../engine/pages/id-index.ts";

/** The index's hash with its first seed, to craft ids that fall on one place. */
function firstHash(lo: number, hi: number): number {
  let h = Math.imul(lo ^ 0x9e3779b9, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h ^ hi, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** An index of all rows, each of which has been found in it. */
function filled(lo: Uint32Array, hi: Uint32Array): IdIndex {
  const index = new IdIndex(lo, hi);
  for (let i = 0; i < lo.length; i++) index.insert(i);
  for (let i = 0; i < lo.length; i++)
    if (index.find(lo[i]!, hi[i]!) !== i) throw new Error(`row ${i} is lost`);
  return index;
}

describe("the id index", () => {
  it("looks up ids given one after another without hashing", () => {
    const lo = Uint32Array.from({ length: 50_000 }, (_, i) => i + 1);
    const index = filled(lo, new Uint32Array(lo.length));
    expect(index.dense.length).toBeGreaterThanOrEqual(50_000);
    expect(index.dense.length).toBeLessThanOrEqual(8 * 50_000);
    expect([index.find(0, 0), index.find(50_001, 0), index.find(1, 1)]).toEqual([-1, -1, -1]);
  });

  it("spends no memory on ids that are far apart", () => {
    const lo = Uint32Array.from({ length: 50_000 }, (_, i) => (i * 80_000) >>> 0);
    expect(filled(lo, new Uint32Array(lo.length)).dense.length).toBe(1024);
  });

  it.each([
    ["multiples of 2^20", (i: number) => BigInt(i) << 20n],
    ["multiples of 2^44", (i: number) => BigInt(i % 2 ** 20) << 44n],
    ["two dense ranges at a distance of 2^24", (i: number) => (BigInt(i & 1) << 24n) + BigInt(i >> 1)],
    ["dense across 2^32", (i: number) => 0xffff_f000n + BigInt(i)],
    ["dense at the very end", (i: number) => 2n ** 64n - 1n - BigInt(i)],
    ["few bits at both ends", (i: number) => (BigInt(i & 255) << 56n) | BigInt(i >> 8)],
  ])("finds ids that are %s, without a long probe", (_, idOf) => {
    const ids = Array.from({ length: 50_000 }, (_, i) => idOf(i));
    const index = filled(
      Uint32Array.from(ids, (id) => Number(id & 0xffff_ffffn)),
      Uint32Array.from(ids, (id) => Number(id >> 32n)),
    );
    expect(index.reseeds).toBe(0);
  });

  it("answers ids made to collide with another hash function", () => {
    const count = 20_000;
    const lo = Uint32Array.from({ length: count }, (_, i) => i);
    const hi = lo.map((low) => {
      let h = Math.imul(low ^ 0x9e3779b9, 0x85ebca6b);
      h ^= h >>> 13;
      return h ^ 0x1234_5678;
    });
    expect(firstHash(lo[0]!, hi[0]!)).toBe(firstHash(lo[count - 1]!, hi[count - 1]!));
    expect(filled(lo, hi).reseeds).toBe(1);
  });

  it("keeps its answers while dense and scattered ids come and go", () => {
    const count = 30_000;
    const lo = Uint32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? Math.imul(i, 0x9e3779b1) : i));
    const hi = Uint32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? i : 0));
    const index = filled(lo, hi);
    for (let round = 0; round < 3; round++) {
      for (let i = round; i < count; i += 2) index.remove(i);
      for (let i = 0; i < count; i++) {
        const gone = i >= round && (i - round) % 2 === 0;
        if (index.find(lo[i]!, hi[i]!) !== (gone ? -1 : i)) throw new Error(`row ${i} in round ${round}`);
      }
      for (let i = round; i < count; i += 2) index.insert(i);
    }
  });

  it("keeps every other id when one of a chain is removed", () => {
    const count = 3000;
    const lo = Uint32Array.from({ length: count }, (_, i) => 2 ** 31 + i * 7);
    const hi = new Uint32Array(count);
    const index = new IdIndex(lo, hi);
    for (let i = 0; i < count; i++) index.insert(i);
    for (let i = 0; i < count; i += 3) index.remove(i);
    for (let i = 0; i < count; i++) expect(index.find(lo[i]!, 0)).toBe(i % 3 === 0 ? -1 : i);
  });
});
