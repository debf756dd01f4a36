import { ok, type Result } from "../../base/result.ts";
import { RecordBatch } from "../record-batch.ts";
import type { RecordSource } from "../record-source.ts";

/** What a decoded row takes in columns: 2 x u8, 9 x u32, 4 x f64 (rounded up). */
const ROW_BYTES = 80;

/** Decoded blocks, least recently used first out; bounded by bytes. */
export class BlockCache {
  readonly #source: RecordSource;
  readonly #limitBytes: number;
  /** By first LSN: while a recording is written, block numbers shift when its oldest segment goes, and its last block may grow. */
  readonly #blocks = new Map<number, RecordBatch>();
  #bytes = 0;
  /** One for all batches, since each keeps a copy. */
  #room: RecordBatch["room"];
  /** The block asked for last, without a lookup: stepping stays in one block for hundreds of records. */
  #last: RecordBatch | undefined;

  constructor(source: RecordSource, limitBytes: number) {
    this.#source = source;
    this.#limitBytes = limitBytes;
  }

  get residentBytes(): number {
    return this.#bytes;
  }

  /** Valid until the next call of `block` or `clear`; do not change it. */
  block(block: number): Result<RecordBatch> {
    const firstLsn = this.#source.blockFirstLsn(block);
    const count = this.#source.blockRecordCount(block);
    if (this.#last?.firstLsn === firstLsn && this.#last.count === count) return ok(this.#last);
    let batch = this.#blocks.get(firstLsn);
    if (batch !== undefined) this.#drop(firstLsn, batch);
    if (batch?.count !== count) {
      batch = new RecordBatch(Math.max(1, count));
      batch.room = this.#room;
      const read = this.#source.readBlock(block, batch);
      if (!read.ok) return read;
      this.#room = batch.room;
      batch.room = undefined;
      ownBodies(batch);
    }
    this.#blocks.set(firstLsn, batch);
    this.#bytes += batchBytes(batch);
    for (const [oldest, dropped] of this.#blocks) {
      if (this.#bytes <= this.#limitBytes || dropped === batch) break;
      this.#drop(oldest, dropped);
    }
    this.#last = batch;
    return ok(batch);
  }

  #drop(firstLsn: number, batch: RecordBatch): void {
    this.#blocks.delete(firstLsn);
    this.#bytes -= batchBytes(batch);
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
    this.#last = undefined;
  }
}

function batchBytes(batch: RecordBatch): number {
  return batch.bytes.length + batch.capacity * ROW_BYTES;
}

/** Keeps a copy of just the bodies and metadata. */
function ownBodies(batch: RecordBatch): void {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (let row = 0; row < batch.count; row++) {
    const at = batch.bodyStart[row]!;
    start = Math.min(start, at);
    end = Math.max(end, at + batch.bodyLength[row]! + batch.metaLength[row]!);
  }
  if (start > end) start = end;
  batch.bytes = batch.bytes.slice(start, end);
  for (let row = 0; row < batch.count; row++) batch.bodyStart[row]! -= start;
}
