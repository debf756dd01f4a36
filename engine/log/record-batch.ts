import { assert } from "../base/assert.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { u64FromPair } from "../base/u64.ts";
import type { BlockBuffer } from "./block-buffer.ts";
import type { BlockHeader } from "./block-format.ts";

/** Most records that one block may hold; a reader's columns have this capacity. */
export const MAX_BLOCK_RECORDS = 4096;

/**
 * The records of one block, decoded into columns: the currency between log, index, replay, server and command line.
 * Row i has LSN `firstLsn + i`. Reused from block to block: copy what must outlive the next `readBlock` into this batch. What is read into
 * another one does not touch it.
 *
 * A row's body is `bytes[bodyStart[i] .. bodyStart[i] + bodyLength[i])`; its intent metadata (UTF-8 JSON, deltas only) follows
 * directly: the next `metaLength[i]` bytes. Body layouts: `record-bodies.ts`.
 */
export class RecordBatch {
  readonly capacity: number;
  firstLsn = 0;
  count = 0;
  /** LSN of the TransactionBegin that is open where the batch starts; 0 = none. */
  openTransactionLsn = 0;
  /** Rows whose bodies were lost with the blocks that held them; where more was lost than a source's name, a gap of one record stands there. */
  lost = 0;
  readonly kind: Uint8Array;
  /** Bits of `RecordFlag`. */
  readonly flags: Uint8Array;
  /** Nanoseconds since the Unix epoch. */
  readonly timeLo: Uint32Array;
  readonly timeHi: Uint32Array;
  /** The page concerned (an edge's `from`); 0 for kinds without one. */
  readonly pageLo: Uint32Array;
  readonly pageHi: Uint32Array;
  /** The page's epoch after the record. */
  readonly epoch: Float64Array;
  /** A delta's own id: its LSN, unless a foreign log gave it another. */
  readonly deltaIdLo: Uint32Array;
  readonly deltaIdHi: Uint32Array;
  /** Index into `strings`: who wrote it. */
  readonly source: Uint32Array;
  /** LSN of the record that led to this one; 0 = none. */
  readonly cause: Float64Array;
  /** Length of a foreign delta's mask in flags; 0 = not foreign. */
  readonly maskLength: Uint32Array;
  readonly bodyStart: Uint32Array;
  readonly bodyLength: Uint32Array;
  readonly metaLength: Uint32Array;
  strings: readonly string[] = [];
  bytes: Uint8Array = EMPTY_BYTES;
  /** Where a reader puts the block that `bytes` then shows; a batch has its own, unless whoever reads many copies what it keeps of each. */
  room: BlockBuffer | undefined;
  /** What the block in `room` says of itself. */
  header: BlockHeader | undefined;

  constructor(capacity = MAX_BLOCK_RECORDS) {
    this.capacity = capacity;
    this.kind = new Uint8Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.timeLo = new Uint32Array(capacity);
    this.timeHi = new Uint32Array(capacity);
    this.pageLo = new Uint32Array(capacity);
    this.pageHi = new Uint32Array(capacity);
    this.epoch = new Float64Array(capacity);
    this.deltaIdLo = new Uint32Array(capacity);
    this.deltaIdHi = new Uint32Array(capacity);
    this.source = new Uint32Array(capacity);
    this.cause = new Float64Array(capacity);
    this.maskLength = new Uint32Array(capacity);
    this.bodyStart = new Uint32Array(capacity);
    this.bodyLength = new Uint32Array(capacity);
    this.metaLength = new Uint32Array(capacity);
  }

  lsn(row: number): number {
    return this.firstLsn + row;
  }

  /** The row of an LSN that this batch holds. */
  rowOf(lsn: number): number {
    const row = lsn - this.firstLsn;
    assert(row >= 0 && row < this.count, "the batch holds this LSN");
    return row;
  }

  pageId(row: number): bigint {
    return u64FromPair(this.pageLo[row]!, this.pageHi[row]!);
  }

  timestampNs(row: number): bigint {
    return u64FromPair(this.timeLo[row]!, this.timeHi[row]!);
  }

  deltaId(row: number): bigint {
    return u64FromPair(this.deltaIdLo[row]!, this.deltaIdHi[row]!);
  }

  sourceText(row: number): string {
    return this.strings[this.source[row]!] ?? "";
  }

  /** A view; valid until the batch is reused. */
  body(row: number): Uint8Array {
    const start = this.bodyStart[row]!;
    return this.bytes.subarray(start, start + this.bodyLength[row]!);
  }

  /** The intent metadata's UTF-8 JSON as a view; empty = none. */
  metadata(row: number): Uint8Array {
    const start = this.bodyStart[row]! + this.bodyLength[row]!;
    return this.bytes.subarray(start, start + this.metaLength[row]!);
  }
}
