/**
 * Texts of foreign logs. Their writer means UTF-8 but nothing checks it, and their reader shows malformed bytes as U+FFFD. We keep
 * them: a byte that is no part of well-formed UTF-8 becomes the private character U+10FE00 + byte, so that the text is an ordinary
 * one (it may be stored, sent, compared) and the bytes come back exactly. Well-formed text stays as it is, except for those 128
 * characters themselves, whose four bytes are each kept the same way.
 */
import { utf8Decode, utf8DecodeStrict, utf8Encode } from "../../base/bytes.ts";

// U+10FE80..U+10FEFF in UTF-8: F4 8F BA 80 .. F4 8F BB BF.
const ESCAPED = /[\u{10fe80}-\u{10feff}]/u;
const ESCAPE_LEAD = [0xf4, 0x8f] as const;

/** Any bytes as text; {@link encodeForeignText} gives the same bytes back. */
export function decodeForeignText(bytes: Uint8Array): string {
  const text = utf8DecodeStrict(bytes);
  return text === undefined || ESCAPED.test(text) ? utf8Decode(escapeBytes(bytes)) : text;
}

export function encodeForeignText(text: string): Uint8Array {
  const bytes = utf8Encode(text);
  return ESCAPED.test(text) ? unescapeBytes(bytes) : bytes;
}

/** The text as its own reader would show it: U+FFFD in place of what is not UTF-8. */
export function showForeignText(text: string): string {
  return ESCAPED.test(text) ? utf8Decode(encodeForeignText(text)) : text;
}

function escapeBytes(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length * 4);
  let at = 0;
  for (let i = 0; i < bytes.length; ) {
    const length = sequenceLength(bytes, i);
    if (length === 0 || isEscape(bytes, i)) {
      const byte = bytes[i++]!;
      out[at++] = ESCAPE_LEAD[0];
      out[at++] = ESCAPE_LEAD[1];
      out[at++] = 0xba + ((byte >>> 6) & 1);
      out[at++] = 0x80 | (byte & 0x3f);
    } else {
      for (const end = i + length; i < end; ) out[at++] = bytes[i++]!;
    }
  }
  return out.subarray(0, at);
}

function unescapeBytes(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  let at = 0;
  for (let i = 0; i < bytes.length; ) {
    if (isEscape(bytes, i)) {
      out[at++] = 0x80 | ((bytes[i + 2]! - 0xba) << 6) | (bytes[i + 3]! & 0x3f);
      i += 4;
    } else {
      out[at++] = bytes[i++]!;
    }
  }
  return out.subarray(0, at);
}

/** Only ever asked where a whole, well-formed sequence begins. */
function isEscape(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === ESCAPE_LEAD[0] && bytes[at + 1] === ESCAPE_LEAD[1] && (bytes[at + 2]! & 0xfe) === 0xba;
}

/** Bytes of the well-formed sequence that begins at `at`, 0 = none (The Unicode Standard, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  // The second byte is narrower after these: no overlong forms, no surrogates, nothing above U+10FFFF.
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return length;
}
