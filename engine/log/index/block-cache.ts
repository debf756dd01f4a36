import { ok, type Result } from "../../base/result.ts";
import { RecordBatch } from "../record-batch.ts";
import type { RecordSource } from "../record-source.ts";

/** What a decoded row takes in columns: 2 x u8, 9 x u32, 4 x f64 (rounded up). */
const ROW_BYTES = 80;

/** Decoded blocks, least recently used first out; bounded by bytes. */
export class BlockCache {
  readonly #source: RecordSource;
  readonly #limitBytes: number;
  readonly #blocks = new Map<number, RecordBatch>();
  #bytes = 0;
  /** The block asked for last, without a lookup: stepping stays in one block for hundreds of records. */
  #lastBlock = -1;
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
    if (block === this.#lastBlock) return ok(this.#last!);
    let batch = this.#blocks.get(block);
    if (batch === undefined) {
      batch = new RecordBatch(Math.max(1, this.#source.blockRecordCount(block)));
      const read = this.#source.readBlock(block, batch);
      if (!read.ok) return read;
      ownBodies(batch);
      this.#bytes += batchBytes(batch);
    } else this.#blocks.delete(block);
    this.#blocks.set(block, batch);
    while (this.#bytes > this.#limitBytes && this.#blocks.size > 1) {
      const [oldest, dropped] = this.#blocks.entries().next().value as [number, RecordBatch];
      this.#blocks.delete(oldest);
      this.#bytes -= batchBytes(dropped);
    }
    this.#lastBlock = block;
    this.#last = batch;
    return ok(batch);
  }

  clear(): void {
    this.#blocks.clear();
    this.#bytes = 0;
    this.#lastBlock = -1;
    this.#last = undefined;
  }
}

function batchBytes(batch: RecordBatch): number {
  return batch.bytes.length + batch.capacity * ROW_BYTES;
}

/** The reader's buffer is its own: keeps a copy of just the bodies and metadata. */
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
