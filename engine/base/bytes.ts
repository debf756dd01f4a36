import { assert } from "./assert.ts";
import { highOf, highOfNumber, lowOf, numberFromPair, u64FromPair } from "./u64.ts";

const encoder = new TextEncoder();
// `ignoreBOM` keeps a leading U+FEFF as the character that it is: the same text comes back.
const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8Encode(text: string): Uint8Array {
  const { length } = text;
  if (length > SHORT_TEXT_BYTES) return encoder.encode(text);
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return encoder.encode(text);
    bytes[i] = unit;
  }
  return bytes;
}

/** Short texts are met again and again (page types, sources): the last one of each hash is kept, and decoding it again makes no string. */
const SHORT_TEXT_BYTES = 32;
const keptTexts: (string | undefined)[] = new Array(512).fill(undefined);

/** Lossy: malformed sequences become U+FFFD. Copies, because decoders refuse views of shared memory. */
export function utf8Decode(bytes: Uint8Array, from = 0, to = bytes.length): string {
  const length = to - from;
  if (length === 0) return "";
  if (length > SHORT_TEXT_BYTES) return decoder.decode(bytes.slice(from, to));
  let hash = length;
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + bytes[i]!) | 0;
  const slot = (hash ^ (hash >>> 9)) & (keptTexts.length - 1);
  const kept = keptTexts[slot];
  if (kept !== undefined && isAsciiAt(kept, bytes, from, length)) return kept;
  const text = decoder.decode(bytes.slice(from, to));
  keptTexts[slot] = text;
  return text;
}

/** Whether the `length` bytes are this text, each character one byte below 128. */
function isAsciiAt(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i]!;
    if (byte > 127 || text.charCodeAt(i) !== byte) return false;
  }
  return true;
}

/** `undefined` where the bytes are not UTF-8. */
export function utf8DecodeStrict(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes.slice());
  } catch {
    return undefined;
  }
}

export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Byte-wise lexicographic order: the order of every sorted key on disk. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i]!];
  return text;
}

/** `undefined` where the text is not an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** Bytes that {@link writeVarint} takes for a whole number below 2^53 (LEB128: 7 bits a byte). */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** LEB128, little end first. Returns the position after it. */
export function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7fff_ffff) {
    out[at++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  while (rest >= 128) {
    out[at++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}

/** Grows as it is written; little-endian. Without a view of its bytes: a few bytes stay in the JavaScript heap then. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(initialBytes = 256) {
    this.#bytes = new Uint8Array(initialBytes);
  }

  get length(): number {
    return this.#length;
  }

  /** Where to write next. May replace the buffer: read it after this, never in the same expression before it. */
  #reserve(count: number): number {
    const at = this.#length;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + count));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = at + count;
    return at;
  }

  u8(value: number): this {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    return this;
  }

  u32(value: number): this {
    this.patchU32(this.#reserve(4), value);
    return this;
  }

  i32(value: number): this {
    return this.u32(value);
  }

  /** A whole number below 2^53 as u64. */
  u64n(value: number): this {
    return this.u32(value).u32(highOfNumber(value));
  }

  u64(value: bigint): this {
    return this.u32(lowOf(value)).u32(highOf(value));
  }

  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, "a varint holds a whole number below 2^53");
    const at = this.#reserve(varintSize(value));
    writeVarint(this.#bytes, at, value);
    return this;
  }

  bytes(value: Uint8Array): this {
    if (value.length === 0) return this;
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** Varint length, then the bytes. */
  sizedBytes(value: Uint8Array): this {
    return this.varint(value.length).bytes(value);
  }

  /** Varint length in bytes, then UTF-8. */
  text(value: string): this {
    const { length } = value;
    if (length > 127) return this.sizedBytes(utf8Encode(value));
    const start = this.#length;
    let at = this.#reserve(1 + length);
    const bytes = this.#bytes;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 127) {
        this.#length = start;
        return this.sizedBytes(utf8Encode(value));
      }
      bytes[at + i] = unit;
    }
    return this;
  }

  /** Zeros up to a multiple of `alignment`. */
  align(alignment: number): this {
    const rest = this.#length % alignment;
    if (rest !== 0) {
      const at = this.#reserve(alignment - rest);
      this.#bytes.fill(0, at, this.#length);
    }
    return this;
  }

  patchU32(at: number, value: number): void {
    const bytes = this.#bytes;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
  }

  /** A view of what has been written; valid until the next write. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what has been written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}

/**
 * Reads untrusted bytes. Nothing throws: after the first read past the end (or malformed varint) `failed` is true, `offset`
 * stays where it happened, and every later read returns zero. Callers check `failed` once per structure.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #end: number;
  #at: number;
  #failed = false;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  get failed(): boolean {
    return this.#failed;
  }

  /** Marks the structure as malformed at the present offset. */
  reject(): void {
    this.#failed = true;
  }

  #take(count: number): number {
    if (this.#failed || count > this.#end - this.#at) {
      this.#failed = true;
      return -1;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }

  u8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#view.getUint8(at);
  }

  u16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#view.getUint16(at, true);
  }

  u32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getUint32(at, true);
  }

  i32(): number {
    const at = this.#take(4);
    return at < 0 ? 0 : this.#view.getInt32(at, true);
  }

  u64(): bigint {
    const at = this.#take(8);
    return at < 0 ? 0n : u64FromPair(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true));
  }

  /** A u64 that must be below 2^53; larger ones fail. */
  u64n(): number {
    const at = this.#take(8);
    if (at < 0) return 0;
    const value = numberFromPair(this.#view.getUint32(at, true), this.#view.getUint32(at + 4, true));
    if (!Number.isSafeInteger(value)) {
      this.#at = at;
      this.#failed = true;
      return 0;
    }
    return value;
  }

  varint(): number {
    const start = this.#at;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const at = this.#take(1);
      if (at < 0) return 0;
      const byte = this.#bytes[at]!;
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
      scale *= 128;
    }
    this.#at = start;
    this.#failed = true;
    return 0;
  }

  /** A view, not a copy. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return at < 0 || count === 0 ? EMPTY_BYTES : this.#bytes.subarray(at, at + count);
  }

  sizedBytes(): Uint8Array {
    return this.bytes(this.varint());
  }

  text(): string {
    const count = this.varint();
    const at = this.#take(count);
    return at < 0 ? "" : utf8Decode(this.#bytes, at, at + count);
  }

  skip(count: number): void {
    this.#take(count);
  }
}

export const EMPTY_BYTES: Uint8Array = new Uint8Array(0);
