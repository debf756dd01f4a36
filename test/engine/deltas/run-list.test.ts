import { describe, expect, it } from "vitest";
import { RunList } from "../../../engine/deltas/run-list.ts";

function listed(runs: RunList): number[][] {
  return Array.from({ length: runs.count }, (_, i) => [runs.offset[i]!, runs.length[i]!]);
}

describe("a run list", () => {
  it("grows as it is filled and keeps its room when cleared", () => {
    const runs = new RunList(1);
    for (let i = 0; i < 100; i++) runs.push(i * 3, 2);
    expect(runs.totalBytes).toBe(200);
    expect(runs.endOffset).toBe(299);
    const { capacity } = runs;
    runs.clear();
    expect(runs.count).toBe(0);
    expect(runs.endOffset).toBe(0);
    expect(runs.capacity).toBe(capacity);
  });

  it("merges runs that overlap or touch as they are added in order", () => {
    const runs = new RunList(0);
    for (const [offset, length] of [
      [2, 3],
      [3, 1],
      [5, 2],
      [9, 0],
      [9, 1],
      [9, 4],
    ])
      runs.extend(offset!, length!);
    expect(listed(runs)).toEqual([
      [2, 5],
      [9, 4],
    ]);
    expect(runs.isCanonical()).toBe(true);
  });

  it.each([
    ["an empty run", [[3, 0]]],
    [
      "runs that touch",
      [
        [3, 2],
        [5, 1],
      ],
    ],
    [
      "runs that overlap",
      [
        [3, 2],
        [4, 9],
      ],
    ],
    [
      "falling runs",
      [
        [9, 1],
        [3, 1],
      ],
    ],
    ["a run over the end of 2^32", [[0xffff_ffff, 1]]],
  ])("knows that %s is not canonical", (_, pairs) => {
    const runs = new RunList();
    for (const [offset, length] of pairs) runs.push(offset!, length!);
    expect(runs.isCanonical()).toBe(false);
  });

  it("takes the last runs that there can be", () => {
    const runs = new RunList();
    runs.push(0, 1);
    runs.push(0xffff_fffe, 1);
    expect(runs.isCanonical()).toBe(true);
  });

  it("finds the row at or before an offset", () => {
    const runs = new RunList();
    runs.push(4, 2);
    runs.push(10, 1);
    expect([3, 4, 9, 10, 99].map((offset) => runs.rowAtOrBefore(offset))).toEqual([-1, 0, 0, 1, 1]);
  });

  it("comes from masks and images, however many runs they have", () => {
    const mask = Uint8Array.from({ length: 301 }, (_, i) => i % 2);
    const bits = new Uint8Array(38).fill(0b10101010);
    const lists = [new RunList(0), new RunList(3), new RunList(1000)];
    lists[0]!.assignMask(mask);
    lists[1]!.assignBits(bits, 0, 301);
    lists[2]!.assignDiff(new Uint8Array(301), 0, mask, 0, 301);
    for (const runs of lists) {
      expect(runs.count).toBe(150);
      expect(runs.equals(lists[0]!)).toBe(true);
      expect(runs.clone().equals(runs)).toBe(true);
    }
    expect(listed(lists[0]!).slice(0, 2)).toEqual([
      [1, 1],
      [3, 1],
    ]);
    lists[0]!.push(400, 1);
    expect(lists[0]!.equals(lists[1]!)).toBe(false);
  });
});
