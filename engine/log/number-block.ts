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

/** Deltas that write 8 bytes to the start of a page each, and differ in nothing but the page, its epoch and the bytes; those before `row` are appended. */
export interface NumberRecords {
  /** By row. */
  readonly slot: Uint32Array;
  /** The bytes of row `r` from `8 * r` on. */
  readonly numbers: Uint8Array;
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

const NUMBER_BYTES = 8;
/** A list of one run, its gap, its length - 1, the bytes. */
const BODY_BYTES = 3 + NUMBER_BYTES;
/** A body, and at most of columns: page id and epoch, and the distances to one cause differ by less than 2^16. */
const ROW_BYTES = BODY_BYTES + 8 + 8 + 2;
/** The columns' descriptors, and the gaps before columns. */
const DESCRIPTOR_BYTES = COLUMN_COUNT * 17;
const VALUES = new Float64Array(6);

/** So many rows are worth a block of their own: they go there straight from where they are. */
const OWN_BLOCK_ROWS = 512;
export function isWorthANumberBlock({ row, to }: NumberRecords): boolean {
  return to - row >= OWN_BLOCK_ROWS;
}

/** The rows from `from` on that have one source, up to `to`, as such records; undefined where they are none. */
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
  if (!batch.areNumbers) return undefined;
  const { slot, source, payload: numbers } = batch;
  const first = source[from]!;
  let end = from + 1;
  while (end < to && source[end] === first) end++;
  const name = sources[first] ?? "";
  if (name.length * 3 > MAX_INLINE_SOURCE_BYTES) return undefined;
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
  if (encode === undefined) {
    stageNumbers(builder, records, to, time);
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
  records.row = to;
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

/** Whether the records, which are not worth a block, fit the block under construction. */
export function numbersFit(builder: BlockBuilder, { row, to }: NumberRecords): boolean {
  const rows = to - row;
  return builder.count + rows <= MAX_BLOCK_RECORDS && !builder.isFullFor(rows * ROW_BYTES);
}

/** Stages rows up to `to`, for which there is room, and takes them from the records. The dictionary has their source or takes it. */
export function stageNumbers(
  builder: BlockBuilder,
  records: NumberRecords,
  to: number,
  time: { readonly lo: number; readonly hi: number },
): void {
  const { slot, numbers, epoch, idLo, idHi, cause, flags, row: from } = records;
  const { bodies, firstLsn } = builder;
  const source = builder.sourceIndex(records.source);
  let at = builder.count;
  let bodyAt = builder.bodyBytes;
  for (let row = from; row < to; row++, at++) {
    const page = slot[row]!;
    builder.kind[at] = RecordKind.Delta;
    builder.flags[at] = flags;
    builder.timeLo[at] = time.lo;
    builder.timeHi[at] = time.hi;
    builder.pageLo[at] = idLo[page]!;
    builder.pageHi[at] = idHi[page]!;
    builder.epoch[at] = epoch[row]!;
    builder.source[at] = source;
    if (cause !== 0) builder.causeDistance[at] = firstLsn + at - cause;
    builder.bodyLength[at] = BODY_BYTES;
    bodies[bodyAt++] = 1;
    bodies[bodyAt++] = 0;
    bodies[bodyAt++] = NUMBER_BYTES - 1;
    const numberAt = row * NUMBER_BYTES;
    for (let i = 0; i < NUMBER_BYTES; i++) bodies[bodyAt++] = numbers[numberAt + i]!;
  }
  if (flags !== 0) builder.usesFlags = true;
  if (cause !== 0) builder.usesCause = true;
  builder.bodyBytes = bodyAt;
  builder.count = at;
  records.row = to;
}
