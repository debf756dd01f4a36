import { asciiByte, formatOffset, hexByte } from "../../ui/format/bytes.ts";
import type { ByteStretch } from "./page-data.ts";

/** Bytes as hexadecimal digits, a blank between two and one more between groups of eight. */
export function hexText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) {
    if (at > from) text += (at - from) % 8 === 0 ? "  " : " ";
    text += hexByte(bytes[at]!);
  }
  return text;
}

function asciiText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let at = from; at < to; at++) text += asciiByte(bytes[at]!);
  return text;
}

/** The three columns of text of rows `[first, end)`, a line a row; one whose bytes are not known yet is empty in the second and third. */
export function hexLines(
  {
    offset,
    pageSizeBytes,
    bytes,
    before,
  }: Pick<ByteStretch, "offset" | "pageSizeBytes" | "bytes" | "before">,
  bytesPerRow: number,
  first: number,
  end: number,
): { readonly offsets: string; readonly first: string; readonly second: string } {
  const offsets: string[] = [];
  const firsts: string[] = [];
  const seconds: string[] = [];
  for (let row = first; row < end; row++) {
    const from = row * bytesPerRow - offset;
    const to = Math.min(from + bytesPerRow, bytes.length);
    const isKnown = from >= 0 && from < to;
    offsets.push(formatOffset(row * bytesPerRow, pageSizeBytes));
    firsts.push(isKnown ? hexText(before ?? bytes, from, to) : "");
    seconds.push(
      !isKnown ? "" : before === undefined ? asciiText(bytes, from, to) : hexText(bytes, from, to),
    );
  }
  return { offsets: offsets.join("\n"), first: firsts.join("\n"), second: seconds.join("\n") };
}
