import type { Accel } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { utf8Encode, varintSize, writeVarint } from "../base/bytes.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import {
  type BlockBuilder,
  COLUMN_COUNT,
  MAX_INLINE_SOURCE_BYTES,
  type SealFields,
} from "./block-builder.ts";
import { BLOCK_HEADER_BYTES, BlockType, MAX_PAYLOAD_BYTES, sealBlock } from "./block-format.ts";
import { MAX_BLOCK_RECORDS } from "./record-batch.ts";
import { RecordKind } from "./record-kinds.ts";

/** Deltas that write one f64 to the start of a page each, and differ in nothing but the page, its epoch and the number; those before `row` are appended. */
export interface NumberRecords {
  /** By row. */
  readonly slot: Uint32Array;
  readonly numbers: Float64Array;
  /** The page's epoch after the row. */
  readonly epoch: Float64Array;
  /** By slot. */
  readonly idLo: Uint32Array;
  readonly idHi: Uint32Array;
  /** At most `MAX_INLINE_SOURCE_BYTES`. */
  readonly source: string;
  readonly cause: number;
  readonly flags: number;
  row: number;
  readonly to: number;
}

/** So many rows are worth a block of their own: they go there straight from where they are. */
const OWN_BLOCK_ROWS = 512;
export function isWorthANumberBlock({ row, to }: NumberRecords): boolean {
  return to - row >= OWN_BLOCK_ROWS;
}

/** One run of 8 bytes at offset 0: a list of one run, its gap, its length - 1, the bytes. */
const BODY = [1, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0];
/** A body, and at most of columns: page id and epoch, and the distances to one cause differ by less than 2^16. */
const ROW_BYTES = BODY.length + 8 + 8 + 2;
/** The columns' descriptors, and the gaps before columns. */
const DESCRIPTOR_BYTES = COLUMN_COUNT * 17;
const VALUES = new Float64Array(6);
// A number in halves: as a number a NaN might lose bits.
const HALVES = new Uint32Array(2);
const NUMBER_BYTES = new Uint8Array(HALVES.buffer);

/** The rows from `from` on, up to `to`, as such records; undefined where they are none, or too few with one source. */
export function numberRecordsOf(
  batch: DeltaBatch,
  from: number,
  to: number,
  idLo: Uint32Array,
  idHi: Uint32Array,
  epoch: Float64Array,
  sources: readonly string[],
  flagMask: number,
): NumberRecords | undefined {
  const { numbers, slot, source } = batch;
  if (numbers === undefined || to - from < OWN_BLOCK_ROWS) return undefined;
  const first = source[from]!;
  let end = from + 1;
  while (end < to && source[end] === first) end++;
  const name = sources[first] ?? "";
  if (end - from < OWN_BLOCK_ROWS || name.length * 3 > MAX_INLINE_SOURCE_BYTES) return undefined;
  const [cause, flags] = [batch.cause[from]!, batch.flags[from]! & flagMask];
  return { slot, numbers, epoch, idLo, idHi, source: name, cause, flags, row: from, to: end };
}

/** Writes as many of the records as a block holds for sure as a block of their own, into `out` at `at`; returns its end. Nothing is staged in `builder`. */
export function sealNumberRecords(
  builder: BlockBuilder,
  out: BlockBuffer,
  at: number,
  records: NumberRecords,
  time: { readonly lo: number; readonly hi: number },
  fields: SealFields,
  encode: Accel["encodeNumberRecords"],
): number {
  assert(builder.count === 0, "nothing is staged");
  const { slot, numbers, epoch, idLo, idHi, source, cause, flags, row: from } = records;
  const name = utf8Encode(source);
  assert(name.length <= MAX_INLINE_SOURCE_BYTES, "the source of a batch stands in its block");
  const room = MAX_PAYLOAD_BYTES - 1 - varintSize(name.length) - name.length - DESCRIPTOR_BYTES;
  const to = Math.min(records.to, from + MAX_BLOCK_RECORDS, from + Math.floor(room / ROW_BYTES));
  records.row = to;
  if (encode === undefined) {
    stage(builder, records, from, to, time);
    return builder.seal(out, at, fields);
  }
  const payloadAt = at + BLOCK_HEADER_BYTES;
  let columnsAt = writeVarint(out.u8, payloadAt, 1);
  columnsAt = writeVarint(out.u8, columnsAt, name.length);
  out.u8.set(name, columnsAt);
  columnsAt += name.length;
  const { firstLsn } = builder;
  VALUES[0] = RecordKind.Delta;
  VALUES[1] = flags;
  VALUES[2] = time.lo;
  VALUES[3] = time.hi;
  VALUES[4] = cause;
  VALUES[5] = firstLsn;
  const end = encode(out.u8, at, columnsAt, slot, numbers, epoch, idLo, idHi, from, to, VALUES);
  const payloadBytes = end - payloadAt;
  assert(end >= 0 && payloadBytes <= MAX_PAYLOAD_BYTES, "so many rows fit a block");
  builder.firstLsn += to - from;
  return (
    at +
    sealBlock(out.u8, at, {
      type: BlockType.Records,
      flags: 0,
      count: to - from,
      uuid: fields.uuid,
      firstLsn,
      sequence: fields.nextSequence(),
      openTransactionLsn: fields.openTransactionLsn < firstLsn ? fields.openTransactionLsn : 0,
      segment: fields.segment,
      payloadBytes,
    })
  );
}

/** The rows as the builder's, which is empty. */
function stage(
  builder: BlockBuilder,
  { slot, numbers, epoch, idLo, idHi, source, cause, flags }: NumberRecords,
  from: number,
  to: number,
  time: { readonly lo: number; readonly hi: number },
): void {
  const rows = to - from;
  const halves = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
  builder.kind.fill(RecordKind.Delta, 0, rows);
  builder.flags.fill(flags, 0, rows);
  builder.timeLo.fill(time.lo, 0, rows);
  builder.timeHi.fill(time.hi, 0, rows);
  builder.source.fill(builder.sourceIndex(source), 0, rows);
  builder.bodyLength.fill(BODY.length, 0, rows);
  builder.epoch.set(epoch.subarray(from, to));
  if (flags !== 0) builder.usesFlags = true;
  if (cause !== 0) builder.usesCause = true;
  for (let row = 0; row < rows; row++) {
    const page = slot[from + row]!;
    builder.pageLo[row] = idLo[page]!;
    builder.pageHi[row] = idHi[page]!;
    if (cause !== 0) builder.causeDistance[row] = builder.firstLsn + row - cause;
    HALVES[0] = halves[(from + row) * 2]!;
    HALVES[1] = halves[(from + row) * 2 + 1]!;
    const at = row * BODY.length;
    builder.bodies.set(BODY, at);
    builder.bodies.set(NUMBER_BYTES, at + BODY.length - NUMBER_BYTES.length);
  }
  builder.bodyBytes = rows * BODY.length;
  builder.count = rows;
}
