import { describe, expect, it } from "vitest";
import { plural, shortenId } from "../../../../renderer/ui/format/ids.ts";

describe("ids in narrow places", () => {
  it("keeps the end of a u64, where ids differ", () => {
    expect(shortenId("18446744073709551615", 9)).toBe("1844…1615");
    expect(shortenId("42")).toBe("42");
  });

  it("counts in words", () => {
    expect(plural(1, "page")).toBe("1 page");
    expect(plural(1200, "page")).toBe("1,200 pages");
    expect(plural(0, "match", "matches")).toBe("0 matches");
  });
});
