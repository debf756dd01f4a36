import { describe, expect, it } from "vitest";
import { U64_MAX } from "../../../engine/base/u64.ts";
import { RetiredIds } from "../../../engine/pages/retired-ids.ts";

describe("retired ids", () => {
  it("that follow one another take one interval, however many they are", () => {
    const retired = new RetiredIds();
    for (let id = 1n; id <= 200_000n; id++) retired.add(id);
    expect(retired.intervalCount).toBe(1);
    expect([retired.has(0n), retired.has(1n), retired.has(200_000n), retired.has(200_001n)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(retired.nextFree(1n)).toBe(200_001n);
  });

  it("reach both ends of u64", () => {
    const retired = new RetiredIds();
    retired.add(0n);
    retired.addRange(U64_MAX - 1n, U64_MAX);
    expect([retired.has(0n), retired.has(U64_MAX), retired.has(1n)]).toEqual([true, true, false]);
    expect(retired.nextFree(0n)).toBe(1n);
    expect(retired.nextFree(U64_MAX - 1n)).toBeUndefined();
    retired.add(U64_MAX);
    expect(retired.intervalCount).toBe(2);
  });

  it("scattered without end stay bounded, and none of them is forgotten", () => {
    const retired = new RetiredIds(100);
    const ids = Array.from({ length: 20_000 }, (_, i) => BigInt(i) * 1_000_003n * BigInt((i % 7) + 1));
    for (const id of ids) retired.add(id);
    expect(retired.intervalCount).toBeLessThanOrEqual(100);
    expect(ids.every((id) => retired.has(id))).toBe(true);
    expect(retired.has(U64_MAX)).toBe(false);
  });

  it("are all forgotten by clear", () => {
    const retired = new RetiredIds();
    retired.addRange(1n, 10n);
    retired.add(20n);
    retired.clear();
    expect([retired.has(5n), retired.has(20n), retired.nextFree(1n)]).toEqual([false, false, 1n]);
  });
});
