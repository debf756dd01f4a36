import { describe, expect, it } from "vitest";
import {
  asciiByte,
  formatBytes,
  formatBytesExact,
  formatOffset,
  formatRange,
  hexByte,
} from "../../../../renderer/ui/format/bytes.ts";

describe("byte sizes and offsets", () => {
  it.each([
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.00 KiB"],
    [4096, "4.00 KiB"],
    [1024 * 1024 - 1, "1.00 MiB"],
    [1536 * 1024, "1.50 MiB"],
    [2 ** 30, "1.00 GiB"],
    [2 ** 53, "8.00 PiB"],
  ])("%d bytes read %s", (size, text) => {
    expect(formatBytes(size)).toBe(text);
  });

  it("says the exact size in words", () => {
    expect(formatBytesExact(1)).toBe("1 byte");
    expect(formatBytesExact(70_000)).toBe("70,000 bytes");
  });

  it("pads offsets to the page's own width, so that rows line up", () => {
    expect(formatOffset(16, 4096)).toBe("0010");
    expect(formatOffset(16, 1 << 20)).toBe("00010");
    expect(formatOffset(0, 0)).toBe("0000");
  });

  it("shows a range with its last byte, and a single byte as one offset", () => {
    expect(formatRange(16, 32)).toBe("0x0010–0x001f");
    expect(formatRange(16, 17)).toBe("0x0010");
  });

  it("prints bytes as hex and printable ASCII", () => {
    expect(hexByte(0)).toBe("00");
    expect(hexByte(255)).toBe("ff");
    expect(asciiByte(0x41)).toBe("A");
    expect(asciiByte(0x7f)).toBe("·");
    expect(asciiByte(0x0a)).toBe("·");
  });
});
