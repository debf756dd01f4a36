/**
 * A second reader of the delta body, written from the layout text alone (header of `engine/accel/run-decode.ts`), one bit at a time
 * and with no regard to speed. `undefined` = corrupt.
 */
export interface NaiveBody {
  readonly runs: readonly { readonly offset: number; readonly length: number }[];
  readonly payload: Uint8Array;
}

class Corrupt extends Error {}

const U32_MAX = 2 ** 32 - 1;

class Reader {
  #bit = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get byteAt(): number {
    return this.#bit / 8;
  }

  get bytesLeft(): number {
    return this.#bytes.length - Math.ceil(this.#bit / 8);
  }

  bit(): number {
    const byte = this.#bytes[Math.floor(this.#bit / 8)];
    if (byte === undefined) throw new Corrupt();
    return (byte >> (this.#bit++ % 8)) & 1;
  }

  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value += this.bit() * 2 ** i;
    return value;
  }

  byte(): number {
    return this.bits(8);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; shift < 35n; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << shift;
      if (byte >= 128) continue;
      if (byte === 0 && shift > 0n) throw new Corrupt();
      if (value > BigInt(U32_MAX)) throw new Corrupt();
      return Number(value);
    }
    throw new Corrupt();
  }

  unary(): number {
    let zeros = 0;
    while (this.bit() === 0) zeros++;
    return zeros;
  }

  rice(k: number): number {
    const quotient = this.unary();
    return quotient * 2 ** k + this.bits(k);
  }

  padding(): void {
    while (this.#bit % 8 !== 0) if (this.bit() === 1) throw new Corrupt();
  }
}

function column(reader: Reader, mode: number, zeroRuns: number, count: number): number[] {
  if (mode <= 13) {
    const low = Array.from({ length: count }, () => reader.bits(mode));
    return low.map((bits) => reader.unary() * 2 ** mode + bits);
  }
  const symbols: number[] = [];
  for (;;) {
    const zeros = reader.rice(zeroRuns >> 4);
    if (zeros > count - symbols.length) throw new Corrupt();
    for (let i = 0; i < zeros; i++) symbols.push(0);
    if (symbols.length === count) return symbols;
    symbols.push(reader.rice(zeroRuns & 15) + 1);
  }
}

function zeroRunByte(reader: Reader): number {
  const byte = reader.byte();
  if (byte >> 4 > 13 || (byte & 15) > 13) throw new Corrupt();
  return byte;
}

function readRuns(reader: Reader): { offset: number; length: number }[] {
  const tag = reader.byte();
  const count = (tag & 63) < 63 ? tag & 63 : 63 + reader.varint();
  if (count > reader.bytesLeft) throw new Corrupt();
  const form = tag >> 6;
  const runs: { offset: number; length: number }[] = [];
  if (form === 0) {
    let free = 0;
    for (let i = 0; i < count; i++) {
      const offset = free + reader.varint();
      const length = reader.varint() + 1;
      runs.push({ offset, length });
      free = offset + length + 1;
      if (free - 1 > U32_MAX) throw new Corrupt();
    }
    return runs;
  }
  if (form === 3 || count === 0) throw new Corrupt();
  const modes = reader.byte();
  const kg = modes >> 4;
  const kl = modes & 15;
  const gapZeroRuns = kg === 14 ? zeroRunByte(reader) : 0;
  const lengthZeroRuns = kl === 14 ? zeroRunByte(reader) : 0;
  const constant = kl === 15 ? reader.varint() : 0;
  const unit = form === 2 ? reader.varint() : 1;
  const base = form === 2 ? reader.varint() : 0;
  if (unit === 0) throw new Corrupt();
  const gaps = kg === 15 ? new Array<number>(count).fill(0) : column(reader, kg, gapZeroRuns, count);
  const lengths =
    kl === 15 ? new Array<number>(count).fill(constant) : column(reader, kl, lengthZeroRuns, count);
  reader.padding();
  for (let i = 0; i < count; i++) {
    const before = runs[i - 1];
    if (gaps[i]! > U32_MAX || lengths[i]! > U32_MAX) throw new Corrupt();
    const offset =
      before === undefined
        ? base + unit * gaps[0]!
        : before.offset + unit * (Math.floor(before.length / unit) + 1 + gaps[i]!);
    const length = lengths[i]! + 1;
    if (offset + length > U32_MAX) throw new Corrupt();
    runs.push({ offset, length });
  }
  return runs;
}

export function naiveDecode(body: Uint8Array): NaiveBody | undefined {
  try {
    const reader = new Reader(body);
    const runs = readRuns(reader);
    const payload = body.subarray(reader.byteAt);
    return runs.reduce((sum, run) => sum + run.length, 0) === payload.length ? { runs, payload } : undefined;
  } catch (error) {
    if (error instanceof Corrupt) return undefined;
    throw error;
  }
}

/** The page after the body, by definition: byte by byte, cut at the page's end. */
export function naiveApply(body: NaiveBody, page: Uint8Array): Uint8Array {
  const after = page.slice();
  let at = 0;
  for (const { offset, length } of body.runs) {
    for (let i = 0; i < length; i++, at++) {
      if (offset + i < after.length) after[offset + i] = body.payload[at]!;
    }
  }
  return after;
}
