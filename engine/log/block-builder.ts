import { assert } from "../base/assert.ts";
import { utf8Encode, varintSize, writeVarint } from "../base/bytes.ts";
import {
  alignColumn,
  ColumnPlan,
  planNumbers,
  planPairs,
  planU8,
  planU32,
  writeDescriptor,
  writeNumberColumn,
  writePairColumn,
  writeU32Column,
} from "./block-columns.ts";
import {
  BLOCK_HEADER_BYTES,
  type BlockFields,
  BlockType,
  MAX_BLOCK_BYTES,
  MAX_PAYLOAD_BYTES,
  sealBlock,
} from "./block-format.ts";
import { MAX_BLOCK_RECORDS } from "./record-batch.ts";

/**
 * Payload of a records block:
 *
 *   varint n, then n texts (varint length, UTF-8)     the sources named in this block
 *   11 column descriptors                              kind, flags, time, page, epoch, delta id - LSN (modulo 2^64), source,
 *                                                      LSN - cause (0 = no cause), mask length, body length, metadata length
 *   the columns                                        see block-columns.ts
 *   bodies                                             each record's body, then its intent metadata
 */
export const COLUMN_COUNT = 11;

/** A body or metadata above this stands in overflow blocks: so one record always fits a block beside its dictionary. */
export const MAX_INLINE_BYTES = 16384;
/** Bytes of source names that one block may hold: 40 KiB + 16 KiB body + columns < 64 KiB. */
const MAX_DICTIONARY_BYTES = 40960;
/** What a record typically costs in columns; a block that comes out larger all the same is split. */
const COLUMN_BYTES_ESTIMATE = 24;
const FIXED_BYTES = BLOCK_HEADER_BYTES + 8 + COLUMN_COUNT * 17;
/** The longest source name kept in a dictionary. A longer one stands in overflow blocks. */
export const MAX_INLINE_SOURCE_BYTES = 32768;

/** The block under construction: columns that the writer fills in place, sealed into bytes when full. */
export class BlockBuilder {
  firstLsn = 1;
  count = 0;
  bodyBytes = 0;
  readonly kind = new Uint8Array(MAX_BLOCK_RECORDS);
  readonly flags = new Uint8Array(MAX_BLOCK_RECORDS);
  readonly timeLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly timeHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly pageLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly pageHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly epoch = new Float64Array(MAX_BLOCK_RECORDS);
  /** Delta id - LSN, modulo 2^64. */
  readonly idDiffLo = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly idDiffHi = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly source = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly causeDistance = new Float64Array(MAX_BLOCK_RECORDS);
  readonly maskLength = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly bodyLength = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly metaLength = new Uint32Array(MAX_BLOCK_RECORDS);
  /** Whether any staged row has something in these columns; else they are all zero and cost nothing. */
  usesFlags = false;
  usesCause = false;
  usesMetadata = false;
  /** Delta id and mask length. */
  usesForeign = false;
  readonly bodies = new Uint8Array(MAX_BLOCK_BYTES + 2 * MAX_INLINE_BYTES);

  #strings: Uint8Array[] = [];
  #stringIndex = new Map<string, number>();
  #stringBytes = 0;
  #lastString: string | undefined;
  #lastIndex = 0;
  readonly #plans = Array.from({ length: COLUMN_COUNT }, () => new ColumnPlan());

  /** Whether a record with this many body bytes should rather begin the next block. */
  isFullFor(bodyBytes: number): boolean {
    return (
      this.count === MAX_BLOCK_RECORDS ||
      (this.count > 0 &&
        FIXED_BYTES +
          this.#stringBytes +
          (this.count + 1) * COLUMN_BYTES_ESTIMATE +
          this.bodyBytes +
          bodyBytes >
          MAX_BLOCK_BYTES)
    );
  }

  /** The dictionary index of a source, or -1 where the block has no room for another name: seal it first. */
  sourceIndex(text: string): number {
    if (text === this.#lastString) return this.#lastIndex;
    let index = this.#stringIndex.get(text);
    if (index === undefined) {
      const encoded = utf8Encode(text);
      const cost = encoded.length + varintSize(encoded.length);
      if (this.#strings.length > 0 && this.#stringBytes + cost > MAX_DICTIONARY_BYTES) return -1;
      index = this.#strings.length;
      this.#strings.push(encoded);
      this.#stringIndex.set(text, index);
      this.#stringBytes += cost;
    }
    this.#lastString = text;
    this.#lastIndex = index;
    return index;
  }

  /** Writes everything staged as one block (two or more where the estimate was wrong) into `out` at `at`; returns the end. */
  seal(out: Uint8Array, at: number, fields: SealFields): number {
    let end = at;
    let from = 0;
    let bodyFrom = 0;
    while (from < this.count) {
      let to = this.count;
      let payload = -1;
      for (;;) {
        payload = this.#writePayload(out, end, from, to, bodyFrom);
        if (payload >= 0) break;
        assert(to - from > 1, "one record fits a block");
        to = from + ((to - from) >>> 1);
      }
      end += sealBlock(out, end, {
        type: BlockType.Records,
        flags: 0,
        count: to - from,
        uuid: fields.uuid,
        firstLsn: this.firstLsn + from,
        sequence: fields.nextSequence(),
        openTransactionLsn: fields.openTransactionLsn < this.firstLsn + from ? fields.openTransactionLsn : 0,
        segment: fields.segment,
        payloadBytes: payload,
      });
      for (let i = from; i < to; i++) bodyFrom += this.bodyLength[i]! + this.metaLength[i]!;
      from = to;
    }
    this.#reset();
    return end;
  }

  #reset(): void {
    // The columns that a row leaves alone stay zero from block to block.
    if (this.usesCause) this.causeDistance.fill(0, 0, this.count);
    if (this.usesMetadata) this.metaLength.fill(0, 0, this.count);
    if (this.usesForeign) {
      this.idDiffLo.fill(0, 0, this.count);
      this.idDiffHi.fill(0, 0, this.count);
      this.maskLength.fill(0, 0, this.count);
    }
    this.usesFlags = false;
    this.usesCause = false;
    this.usesMetadata = false;
    this.usesForeign = false;
    this.firstLsn += this.count;
    this.count = 0;
    this.bodyBytes = 0;
    if (this.#strings.length > 0) {
      this.#strings = [];
      this.#stringIndex.clear();
      this.#stringBytes = 0;
      this.#lastString = undefined;
    }
  }

  /** Payload of rows [from, to); -1 where it does not fit one block. */
  #writePayload(out: Uint8Array, blockAt: number, from: number, to: number, bodyFrom: number): number {
    const plans = this.#plans;
    planU8(this.kind, from, to, plans[0]!);
    if (this.usesFlags) planU8(this.flags, from, to, plans[1]!);
    else plans[1]!.setZero();
    planPairs(this.timeLo, this.timeHi, from, to, plans[2]!);
    planPairs(this.pageLo, this.pageHi, from, to, plans[3]!);
    planNumbers(this.epoch, from, to, plans[4]!);
    planU32(this.source, from, to, plans[6]!);
    planU32(this.bodyLength, from, to, plans[9]!);
    if (this.usesForeign) {
      planPairs(this.idDiffLo, this.idDiffHi, from, to, plans[5]!);
      planU32(this.maskLength, from, to, plans[8]!);
    } else {
      plans[5]!.setZero();
      plans[8]!.setZero();
    }
    if (this.usesCause) planNumbers(this.causeDistance, from, to, plans[7]!);
    else plans[7]!.setZero();
    if (this.usesMetadata) planU32(this.metaLength, from, to, plans[10]!);
    else plans[10]!.setZero();

    let bodyTo = bodyFrom;
    for (let i = from; i < to; i++) bodyTo += this.bodyLength[i]! + this.metaLength[i]!;
    let size = varintSize(this.#strings.length) + this.#stringBytes + (bodyTo - bodyFrom);
    for (const plan of plans) size += 1 + plan.baseBytes + (to - from) * plan.width + plan.width;
    if (size > MAX_PAYLOAD_BYTES) return -1;

    const payloadAt = blockAt + BLOCK_HEADER_BYTES;
    let at = writeVarint(out, payloadAt, this.#strings.length);
    for (const text of this.#strings) {
      at = writeVarint(out, at, text.length);
      out.set(text, at);
      at += text.length;
    }
    for (const plan of plans) at = writeDescriptor(out, at, plan);
    const u32 = (index: number, values: Uint8Array | Uint32Array) => {
      at = writeU32Column(out, this.#align(out, at, blockAt, index), values, from, to, plans[index]!);
    };
    const pairs = (index: number, lo: Uint32Array, hi: Uint32Array) => {
      at = writePairColumn(out, this.#align(out, at, blockAt, index), lo, hi, from, to, plans[index]!);
    };
    const numbers = (index: number, values: Float64Array) => {
      at = writeNumberColumn(out, this.#align(out, at, blockAt, index), values, from, to, plans[index]!);
    };
    u32(0, this.kind);
    u32(1, this.flags);
    pairs(2, this.timeLo, this.timeHi);
    pairs(3, this.pageLo, this.pageHi);
    numbers(4, this.epoch);
    pairs(5, this.idDiffLo, this.idDiffHi);
    u32(6, this.source);
    numbers(7, this.causeDistance);
    u32(8, this.maskLength);
    u32(9, this.bodyLength);
    u32(10, this.metaLength);
    out.set(this.bodies.subarray(bodyFrom, bodyTo), at);
    return at + (bodyTo - bodyFrom) - payloadAt;
  }

  /** Zeroes the gap before an aligned column. */
  #align(out: Uint8Array, at: number, blockAt: number, index: number): number {
    const aligned = alignColumn(at, blockAt, this.#plans[index]!.width);
    if (aligned !== at) out.fill(0, at, aligned);
    return aligned;
  }
}

/** What the builder does not know about the block's surroundings. */
export interface SealFields extends Pick<BlockFields, "uuid" | "segment" | "openTransactionLsn"> {
  nextSequence(): number;
}
