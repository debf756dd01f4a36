import type { Accel } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { utf8Encode, varintSize, writeVarint } from "../base/bytes.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import { type BlockBuilder, COLUMN_COUNT, type SealFields } from "./block-builder.ts";
import { BLOCK_HEADER_BYTES, BlockType, MAX_PAYLOAD_BYTES, sealBlock } from "./block-format.ts";
import { type BodyRecords, bodiesThatFit } from "./body-records.ts";
import { MAX_BLOCK_RECORDS } from "./record-batch.ts";

/** A row's columns: its body's length is at most 2^14, and the distances to one cause differ by less than 2^16. */
const ROW_BYTES = 4;
/** The columns' descriptors, and the gaps before columns. */
const DESCRIPTOR_BYTES = COLUMN_COUNT * 17;
const NUMBERS = new Float64Array(9);

/** Writes as many of the records as a block holds as a block of their own, into `out` at `at`; returns its end. Nothing is staged in `builder`. */
export function sealBodyRecords(
  builder: BlockBuilder,
  out: BlockBuffer,
  at: number,
  records: BodyRecords,
  time: { readonly lo: number; readonly hi: number },
  fields: SealFields,
  encode: Accel["encodeBodyRecords"],
): number {
  assert(builder.count === 0, "nothing is staged");
  const { kind, bytes, lengths, source, cause, row, bytesAt } = records;
  const name = utf8Encode(source);
  const dictionaryBytes = 1 + varintSize(name.length) + name.length;
  const room = MAX_PAYLOAD_BYTES - dictionaryBytes - DESCRIPTOR_BYTES;
  if (encode === undefined) {
    const to = bodiesThatFit(lengths, row, MAX_BLOCK_RECORDS, room, ROW_BYTES);
    builder.stageBodies(records, to, time);
    return builder.seal(out, at, fields);
  }
  const payloadAt = at + BLOCK_HEADER_BYTES;
  let bodiesAt = writeVarint(out.u8, payloadAt, 1);
  bodiesAt = writeVarint(out.u8, bodiesAt, name.length);
  out.u8.set(name, bodiesAt);
  bodiesAt += name.length;
  const { firstLsn } = builder;
  NUMBERS[0] = kind;
  NUMBERS[1] = time.lo;
  NUMBERS[2] = time.hi;
  NUMBERS[3] = 0;
  NUMBERS[4] = cause;
  NUMBERS[5] = firstLsn;
  NUMBERS[6] = MAX_BLOCK_RECORDS;
  NUMBERS[7] = room;
  NUMBERS[8] = ROW_BYTES;
  const end = encode(out.u8, at, bodiesAt, lengths, row, bytes, bytesAt, NUMBERS);
  const payloadBytes = end - payloadAt;
  assert(end >= 0 && payloadBytes <= MAX_PAYLOAD_BYTES, "bodies of a batch stand in their block");
  const rows = NUMBERS[0]!;
  for (const until = row + rows; records.row < until; records.row++) records.bytesAt += lengths[records.row]!;
  builder.firstLsn += rows;
  return (
    at +
    sealBlock(out.u8, at, {
      type: BlockType.Records,
      flags: 0,
      count: rows,
      uuid: fields.uuid,
      firstLsn,
      sequence: fields.nextSequence(),
      openTransactionLsn: fields.openTransactionLsn < firstLsn ? fields.openTransactionLsn : 0,
      segment: fields.segment,
      payloadBytes,
    })
  );
}
