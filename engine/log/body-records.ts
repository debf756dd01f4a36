import type { RecordKind } from "./record-kinds.ts";

/** Records of one kind, source and cause whose bodies, of `lengths[row]` bytes, stand one after another in `bytes`. Those before `row` are appended. */
export interface BodyRecords {
  readonly kind: RecordKind;
  readonly bytes: Uint8Array;
  readonly lengths: Uint32Array;
  readonly source: string;
  readonly cause: number;
  row: number;
  /** Where the body of `row` begins. */
  bytesAt: number;
}

/** So many bytes of bodies are worth a block of their own: they are copied once then, from the caller's memory into the block. */
const OWN_BLOCK_BYTES = 16384;
export function isWorthABlock({ lengths, row }: BodyRecords): boolean {
  let bytes = 0;
  while (row < lengths.length && bytes < OWN_BLOCK_BYTES) bytes += lengths[row++]!;
  return bytes >= OWN_BLOCK_BYTES;
}

/** As many rows as `room` bytes take, each with its body and `rowBytes` beside it, at least the first and at most `most`: the row behind them. */
export function bodiesThatFit(
  lengths: Uint32Array,
  from: number,
  most: number,
  room: number,
  rowBytes: number,
): number {
  const limit = Math.min(lengths.length, from + most);
  let left = room;
  let row = from;
  for (; row < limit; row++) {
    left -= lengths[row]! + rowBytes;
    if (left < 0 && row > from) break;
  }
  return row;
}
