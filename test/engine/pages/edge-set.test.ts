import { describe, expect, it } from "vitest";
import { U64_MAX } from "../../../engine/base/u64.ts";
import { EdgeSet } from "../../../engine/pages/edge-set.ts";
import type { Edge } from "../../../engine/pages/page-types.ts";

const data = (from: bigint, to: bigint): Edge => ({ from, to, type: "data" });
const control = (from: bigint, to: bigint): Edge => ({ from, to, type: "control" });

describe("the edge set", () => {
  it("holds each edge once, and tells its types apart", () => {
    const edges = new EdgeSet();
    expect([
      edges.add(data(1n, 2n)),
      edges.add(data(1n, 2n)),
      edges.add(control(1n, 2n)),
      edges.add(data(2n, 1n)),
    ]).toEqual([true, false, true, true]);
    expect(edges.size).toBe(3);
    expect([
      edges.remove(data(1n, 2n)),
      edges.remove(data(1n, 2n)),
      edges.has(control(1n, 2n)),
      edges.has(data(1n, 2n)),
    ]).toEqual([true, false, true, false]);
    expect(edges.size).toBe(2);
  });

  it("lists edges by from, to and type, whatever the order they came in", () => {
    const wanted = [
      data(0n, U64_MAX),
      data(2n ** 53n, 1n),
      data(2n ** 53n + 1n, 0n),
      data(U64_MAX, 0n),
      control(U64_MAX, 0n),
      data(U64_MAX, U64_MAX),
    ];
    const edges = new EdgeSet();
    for (const edge of [4, 1, 5, 0, 3, 2].map((i) => wanted[i]!)) edges.add(edge);
    expect(edges.sorted()).toEqual(wanted);
    expect(edges.sorted()).toBe(edges.sorted());
    expect(edges.from(U64_MAX)).toEqual(wanted.slice(3));
    expect(edges.to(0n)).toEqual([wanted[2], wanted[3], wanted[4]]);
    expect(edges.to(77n)).toEqual([]);
    expect(edges.from(-1n)).toEqual([]);
  });

  it("keeps a listing that was taken as it was", () => {
    const edges = new EdgeSet();
    edges.add(data(1n, 2n));
    const before = edges.sorted();
    edges.add(data(1n, 3n));
    expect(before).toEqual([data(1n, 2n)]);
    expect(edges.sorted()).toEqual([data(1n, 2n), data(1n, 3n)]);
  });

  it("is empty after clear, and can be filled again", () => {
    const edges = new EdgeSet();
    for (let i = 0n; i < 500n; i++) edges.add(data(i, i + 1n));
    edges.clear();
    expect([edges.size, edges.sorted(), edges.from(3n), edges.has(data(3n, 4n))]).toEqual([0, [], [], false]);
    edges.add(data(3n, 4n));
    expect(edges.sorted()).toEqual([data(3n, 4n)]);
  });

  it("forgets pages that have no edge any more", () => {
    const edges = new EdgeSet();
    for (let i = 1n; i < 1000n; i++) {
      edges.add(data(i, i + 1n));
      edges.add(control(i, i));
      expect(edges.pageCount).toBe(2);
      edges.remove(data(i, i + 1n));
      expect(edges.pageCount).toBe(1);
      edges.remove(control(i, i));
      expect(edges.pageCount).toBe(0);
    }
  });

  it("holds a fan of 100,000 and a chain of 100,000, and empties again", () => {
    const edges = new EdgeSet();
    const count = 100_000n;
    for (let i = 1n; i <= count; i++) {
      edges.add(data(0n, i));
      edges.add(control(i, i + 1n));
    }
    expect(edges.size).toBe(Number(2n * count));
    expect(edges.from(0n).length).toBe(Number(count));
    expect(edges.to(count)).toEqual([data(0n, count), control(count - 1n, count)]);
    const sorted = edges.sorted();
    expect([sorted[0], sorted[Number(count)]]).toEqual([data(0n, 1n), control(1n, 2n)]);
    for (let i = count; i >= 1n; i--) edges.remove(data(0n, i));
    expect(edges.from(0n)).toEqual([]);
    expect(edges.size).toBe(Number(count));
  });
});
