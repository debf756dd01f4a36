// P of docs/SerializationSpec.md, written from it alone; see spec-reader.ts.
import { crc32c, decoder, Input, little } from "./spec-bytes.ts";
import type { SpecPage } from "./spec-reader.ts";

export interface SpecPageFile extends SpecPage {
  /** Runs of bytes that were ever written; undefined = not tracked. */
  readonly written: { readonly offset: number; readonly length: number }[] | undefined;
}

/** P1, P2. */
export function pageFileOf(file: Uint8Array): SpecPageFile {
  const end = file.length - 4;
  if (crc32c(file.subarray(0, end)) !== Number(little(file.subarray(end)))) throw new Error("wrong checksum");
  const input = new Input(file.subarray(0, end));
  if (decoder.decode(input.take(8)) !== "MMSBPAGE") throw new Error("this is no page file");
  if (input.u32() !== 2 || input.u32() !== 0 || input.u64() !== BigInt(file.length))
    throw new Error("header");
  const [id, size, epoch, location] = [input.u64(), input.u64(), input.u64(), input.u8()];
  input.take(7);
  const [type, metadata, schema, mask] = [input.text(), input.sized(), input.sized(), input.sized()];
  const bytes = input.take(Number(size)).slice();
  input.end();
  let written: { offset: number; length: number }[] | undefined;
  if (mask.length > 0) {
    const runs = new Input(mask);
    let next = 0;
    written = Array.from({ length: runs.varint() }, () => {
      const offset = next + runs.varint();
      const length = runs.varint() + 1;
      next = offset + length + 1;
      return { offset, length };
    });
    runs.end();
  }
  return {
    id,
    sizeBytes: Number(size),
    epoch: Number(epoch),
    location,
    type,
    metadata,
    schema,
    bytes,
    written,
  };
}
