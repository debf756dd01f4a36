import { describe, expect, it } from "vitest";
import { formatCompact, formatCount, formatShare } from "../../../../renderer/ui/format/count.ts";

describe("numbers as people read them", () => {
  it("groups digits and keeps the last digit of a u64", () => {
    expect(formatCount(1234567)).toBe("1,234,567");
    expect(formatCount(18446744073709551615n)).toBe("18,446,744,073,709,551,615");
  });

  it("groups every number as the language's own formatter does", () => {
    const own = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
    const sizes = Array.from({ length: 17 }, (_, digits) => 10 ** digits).flatMap((ten) => [
      ten - 1,
      ten,
      ten + 1,
    ]);
    for (const value of [
      ...sizes,
      Number.MAX_SAFE_INTEGER,
      2 ** 60,
      1e21,
      -1,
      -1234,
      0.4,
      1234.5,
      Number.NaN,
      Infinity,
    ])
      expect(formatCount(value)).toBe(own.format(value));
  });

  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1.00k"],
    [12_345, "12.3k"],
    [999_400, "999k"],
    [999_950, "1.00M"],
    [10_000_000, "10.0M"],
    [2.5e12, "2.50T"],
    [0.25, "0.25"],
    [-4200, "-4.20k"],
  ])("%d fits an axis as %s", (value, text) => {
    expect(formatCompact(value)).toBe(text);
  });

  it("never hides a share that is there", () => {
    expect(formatShare(0)).toBe("0.0 %");
    expect(formatShare(0.0000001)).toBe("<0.1 %");
    expect(formatShare(0.0512)).toBe("5.1 %");
    expect(formatShare(1)).toBe("100 %");
  });
});
