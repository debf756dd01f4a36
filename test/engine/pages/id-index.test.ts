import { describe, expect, it } from "vitest";
import { IdIndex } from "../../../engine/pages/id-index.ts";

/** The index's hash with its first seed, to craft ids that fall on one place. */
function firstHash(lo: number, hi: number): number {
  let h = Math.imul(lo ^ 0x9e3779b9, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h ^ hi, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

describe("the id index", () => {
  it("answers ids made to collide with another hash function", () => {
    const count = 20_000;
    const lo = new Uint32Array(count);
    const hi = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      let h = Math.imul(i ^ 0x9e3779b9, 0x85ebca6b);
      h ^= h >>> 13;
      lo[i] = i;
      hi[i] = h ^ 0x1234_5678;
    }
    expect(firstHash(lo[0]!, hi[0]!)).toBe(firstHash(lo[count - 1]!, hi[count - 1]!));
    const index = new IdIndex(lo, hi);
    for (let i = 0; i < count; i++) index.insert(i);
    for (let i = 0; i < count; i++) if (index.find(lo[i]!, hi[i]!) !== i) throw new Error(`id ${i} is lost`);
    expect(index.reseeds).toBe(1);
  });

  it("finds ids that are multiples of large powers of two as fast as others", () => {
    const count = 50_000;
    const lo = new Uint32Array(count);
    const hi = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const id = BigInt(i) << 20n;
      lo[i] = Number(id & 0xffff_ffffn);
      hi[i] = Number(id >> 32n);
    }
    const index = new IdIndex(lo, hi);
    for (let i = 0; i < count; i++) index.insert(i);
    for (let i = 0; i < count; i++) if (index.find(lo[i]!, hi[i]!) !== i) throw new Error(`id ${i} is lost`);
    expect([index.find(1, 0), index.reseeds]).toEqual([-1, 0]);
  });

  it("keeps every other id when one of a chain is removed", () => {
    const count = 3000;
    const lo = Uint32Array.from({ length: count }, (_, i) => i * 7);
    const hi = new Uint32Array(count);
    const index = new IdIndex(lo, hi);
    for (let i = 0; i < count; i++) index.insert(i);
    for (let i = 0; i < count; i += 3) index.remove(i);
    for (let i = 0; i < count; i++) expect(index.find(lo[i]!, 0)).toBe(i % 3 === 0 ? -1 : i);
  });
});
