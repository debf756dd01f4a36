// B7 and G of docs/SerializationSpec.md, written from it alone; see spec-reader.ts.

// ---- B7: CRC32C

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 255]!;
  return ~crc >>> 0;
}

// ---- G: numbers, varints, texts

export const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

export class Input {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  take(count: number): Uint8Array {
    if (count > this.bytes.length - this.at) throw new Error(`the structure ends before ${this.at + count}`);
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  uint(count: number): bigint {
    return little(this.take(count));
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  u32(): number {
    return Number(this.uint(4));
  }

  u64(): bigint {
    return this.uint(8);
  }

  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.u8();
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return Number(value);
    }
  }

  sized(): Uint8Array {
    return this.take(this.varint());
  }

  text(): string {
    return decoder.decode(this.sized());
  }

  end(): void {
    if (this.at !== this.bytes.length) throw new Error("bytes are left over");
  }
}

export function little(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}
