import { formatCount, threeDigits } from "./count.ts";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** 512 → "512 B", 4096 → "4.00 KiB". Powers of 1024, three significant digits. */
export function formatBytes(sizeBytes: number): string {
  let value = sizeBytes;
  let unit = 0;
  // 1023.5 KiB would read "1024 KiB": step up early.
  while (Math.abs(value) >= (unit === 0 ? 1024 : 1023.5) && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${Math.round(value)} B` : `${threeDigits(value)} ${UNITS[unit]}`;
}

/** "4,096 bytes": what a title or a copy gives beside the rounded figure. */
export function formatBytesExact(sizeBytes: number): string {
  return `${formatCount(sizeBytes)} ${sizeBytes === 1 ? "byte" : "bytes"}`;
}

/** Hexadecimal offset, padded to the width that the page's last offset needs (at least four digits). */
export function formatOffset(offset: number, pageSizeBytes: number): string {
  return offset.toString(16).padStart(offsetDigits(pageSizeBytes), "0");
}

export function offsetDigits(pageSizeBytes: number): number {
  return Math.max(4, Math.max(0, pageSizeBytes - 1).toString(16).length);
}

/** A half-open byte range as people read it: "0x0010–0x001f", or one offset for a single byte. */
export function formatRange(start: number, end: number): string {
  const from = `0x${start.toString(16).padStart(4, "0")}`;
  return end - start <= 1 ? from : `${from}–0x${(end - 1).toString(16).padStart(4, "0")}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hexByte(byte: number): string {
  return HEX[byte & 0xff]!;
}

/** The printable ASCII character, or a middle dot. */
export function asciiByte(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}
