import { type Accel, accel } from "../../accel/index.ts";
import { comparePairs, u64FromPair } from "../../base/u64.ts";
import type { RecordBatch } from "../record-batch.ts";
import { RecordKind } from "../record-kinds.ts";
import { F64Column, U8Column, U32Column } from "./growable.ts";
import type { RunColumns } from "./index-run.ts";
import type { IndexTables } from "./index-tables.ts";
import { RunDeltas } from "./run-deltas.ts";
import { RunSlots } from "./run-slots.ts";

/** Kinds beyond the known ones share the last place of a source's counters. */
const KIND_BYTES = 256;
/** Work between two yields, in bytes. */
const TOUCH_STEP = 1 << 19;
/** The same in rows, each of which is a look at a page's line. */
const ROWS_STEP = 1 << 14;

/**
 * Gathers the records of one run in log order and turns them into the run's tables, in page order. Memory: the run's bodies and some
 * 40 bytes a record.
 */
export class RunBuilder {
  firstLsn = 1;
  lastLsn = 0;
  openTransactionLsn = 0;
  readonly hot: Accel;
  #runningMaxLo = 0;
  #runningMaxHi = 0;

  #bytes = new Uint8Array(1 << 16);
  #byteCount = 0;
  /** Bodies in page order: kept from run to run. */
  #cluster = new Uint8Array(0);
  #bodyBytes = 0;
  readonly deltas = new RunDeltas();
  readonly slots = new RunSlots();
  readonly #otherSlot = new U32Column();
  readonly #otherOffset = new U32Column();

  readonly #blockOffset = new U32Column();
  readonly #blockRecords = new U32Column();
  readonly #blockDeltaBytes = new F64Column();
  readonly #blockTimes: bigint[] = [];
  readonly #blockCell = new U32Column();
  readonly #cellKind = new U8Column();
  readonly #cellSource = new U32Column();
  readonly #cellRecords = new U32Column();
  #counters = new Uint32Array(KIND_BYTES);
  readonly #countersUsed = new U32Column();

  readonly begins = new U32Column();
  readonly ends = new U32Column();
  readonly structure = new U32Column();
  readonly events = new U32Column();
  readonly eventTypes = new U32Column();
  readonly marks = new U32Column();

  readonly #tables: IndexTables;

  constructor(tables: IndexTables, hot: Accel = accel) {
    this.#tables = tables;
    this.hot = hot;
  }

  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  get recordCount(): number {
    return this.lastLsn - this.firstLsn + 1;
  }

  get isEmpty(): boolean {
    return this.#blockOffset.length === 0;
  }

  get blockCount(): number {
    return this.#blockOffset.length;
  }

  get maxTimeNs(): bigint {
    return u64FromPair(this.#runningMaxLo, this.#runningMaxHi);
  }

  /** Starts over, for the run that begins at `firstLsn`. */
  reset(firstLsn: number, openTransactionLsn: number, maxTimeNs: bigint): void {
    this.firstLsn = firstLsn;
    this.lastLsn = firstLsn - 1;
    this.openTransactionLsn = openTransactionLsn;
    this.#runningMaxLo = Number(maxTimeNs & 0xffff_ffffn);
    this.#runningMaxHi = Number(maxTimeNs >> 32n);
    this.#byteCount = 0;
    this.#bodyBytes = 0;
    this.deltas.reset();
    this.slots.reset();
    this.#blockTimes.length = 0;
    for (const column of [
      this.#otherSlot,
      this.#otherOffset,
      this.#blockOffset,
      this.#blockRecords,
      this.#blockDeltaBytes,
      this.#blockCell,
      this.#cellKind,
      this.#cellSource,
      this.#cellRecords,
      this.begins,
      this.ends,
      this.structure,
      this.events,
      this.eventTypes,
      this.marks,
    ]) {
      column.length = 0;
    }
  }

  /** Makes room for so many bytes of bodies at once: memory that is not touched costs nothing, and growing to it copies all of it again. */
  reserve(bytes: number): void {
    if (this.#byteCount === 0 && bytes > this.#bytes.length) this.#bytes = untouchedBytes(bytes);
  }

  /**
   * Takes rows `[from, to)` of a block into the block directory and their bodies into memory. `sourceOf` maps the batch's string
   * numbers to the index's. Returns what to add to a row's `bodyStart` to find its body in this run.
   */
  addBlock(batch: RecordBatch, from: number, to: number, sourceOf: Uint32Array): number {
    this.#blockOffset.push(batch.firstLsn + from - this.firstLsn);
    this.#blockRecords.push(to - from);
    this.#blockCell.push(this.#cellKind.length);
    this.#addTimes(batch, from, to);
    this.#addCells(batch, from, to, sourceOf);
    this.lastLsn = batch.firstLsn + to - 1;
    this.deltas.reserve(this.deltas.count + to - from);

    let start = Number.POSITIVE_INFINITY;
    let end = 0;
    for (let row = from; row < to; row++) {
      const at = batch.bodyStart[row]!;
      const length = batch.bodyLength[row]!;
      if (at < start) start = at;
      if (at + length > end) end = at + length;
      this.#bodyBytes += length;
    }
    const shift = this.#byteCount - start;
    const needed = this.#byteCount + end - start;
    if (needed > this.#bytes.length) {
      const grown = untouchedBytes(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#byteCount));
      this.#bytes = grown;
    }
    this.#bytes.set(batch.bytes.subarray(start, end), this.#byteCount);
    this.#byteCount = needed;
    return shift;
  }

  /**
   * Takes back the records from `lsn` on of the block added last: replay cannot pass there, and nothing more is added ever. The
   * counts by kind and source keep them, for they are in the file.
   */
  cut(lsn: number): void {
    const last = this.#blockOffset.length - 1;
    this.lastLsn = lsn - 1;
    this.#blockRecords.data[last] = lsn - this.firstLsn - this.#blockOffset.data[last]!;
    if (this.#blockRecords.data[last] !== 0) return;
    this.#blockOffset.length = last;
    this.#blockRecords.length = last;
    this.#blockTimes.length = last * 3;
    this.#cellKind.length = this.#blockCell.data[last]!;
    this.#cellSource.length = this.#cellKind.length;
    this.#cellRecords.length = this.#cellKind.length;
    this.#blockCell.length = last;
  }

  /** Rows `[from, to)` are what stays of the block added last: notes what its deltas take. */
  endBlock(batch: RecordBatch, from: number, to: number): void {
    if (to === from) return;
    let bytes = 0;
    for (let row = from; row < to; row++)
      if (batch.kind[row] === RecordKind.Delta) bytes += batch.bodyLength[row]!;
    this.#blockDeltaBytes.push(bytes);
  }

  #addTimes(batch: RecordBatch, from: number, to: number): void {
    const { timeLo, timeHi } = batch;
    let minLo = timeLo[from]!;
    let minHi = timeHi[from]!;
    let maxLo = minLo;
    let maxHi = minHi;
    for (let row = from + 1; row < to; row++) {
      const lo = timeLo[row]!;
      const hi = timeHi[row]!;
      if (hi > maxHi || (hi === maxHi && lo > maxLo)) {
        maxLo = lo;
        maxHi = hi;
      } else if (hi < minHi || (hi === minHi && lo < minLo)) {
        minLo = lo;
        minHi = hi;
      }
    }
    if (comparePairs(maxLo, maxHi, this.#runningMaxLo, this.#runningMaxHi) > 0) {
      this.#runningMaxLo = maxLo;
      this.#runningMaxHi = maxHi;
    }
    this.#blockTimes.push(u64FromPair(minLo, minHi), u64FromPair(maxLo, maxHi), this.maxTimeNs);
  }

  #addCells(batch: RecordBatch, from: number, to: number, sourceOf: Uint32Array): void {
    const wanted = Math.max(1, batch.strings.length) * KIND_BYTES;
    if (this.#counters.length < wanted) this.#counters = new Uint32Array(wanted * 2);
    const counters = this.#counters;
    const used = this.#countersUsed;
    const { kind, source } = batch;
    for (let row = from; row < to; row++) {
      const at = source[row]! * KIND_BYTES + kind[row]!;
      if (counters[at]!++ === 0) used.push(at);
    }
    for (let i = 0; i < used.length; i++) {
      const at = used.data[i]!;
      const kindNumber = at % KIND_BYTES;
      const sourceNumber = sourceOf[Math.floor(at / KIND_BYTES)]!;
      const records = counters[at]!;
      this.#cellKind.push(kindNumber);
      this.#cellSource.push(sourceNumber);
      this.#cellRecords.push(records);
      this.#tables.kindRecords[kindNumber]! += records;
      this.#tables.sourceRecords.data[sourceNumber]! += records;
      counters[at] = 0;
    }
    used.length = 0;
  }

  /** An applied delta; the slot has been touched and its block added. `start`: of its body in this run. */
  addDelta(slot: number, lsn: number, epoch: number, start: number, length: number): void {
    this.slots.addDelta(slot, epoch, length);
    // `addBlock` made room for all of its records
    this.deltas.add(slot, lsn - this.firstLsn, epoch, start, length);
  }

  /** A record that names the page and is no applied delta; the slot has been touched. */
  addOther(slot: number, lsn: number): void {
    this.slots.addOther(slot);
    this.#otherSlot.push(slot);
    this.#otherOffset.push(lsn - this.firstLsn);
  }

  /** A body of this run, for checks while it is gathered. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /**
   * The run's tables without keyframes, and its bodies one after another in page order. The builder stays as it was. With
   * `reuseCluster` the bodies stand in a buffer that the next call overwrites. Yields now and then.
   */
  *tables(reuseCluster: boolean): Generator<void, { columns: RunColumns; cluster: Uint8Array }> {
    const { slots } = this;
    const rowSlot = yield* slots.sorted();
    const rows = rowSlot.length;
    const rowEpochBefore = new Float64Array(rows);
    const rowDelta = new Uint32Array(rows + 1);
    const rowOther = new Uint32Array(rows + 1);
    const rowEpoch = new Uint32Array(rows + 1);
    let bytes = 0;
    for (let row = 0; row < rows; row++) {
      if (row % ROWS_STEP === ROWS_STEP - 1) yield;
      const slot = rowSlot[row]!;
      const deltas = slots.deltas(slot);
      slots.place(slot, rowDelta[row]!, bytes, rowOther[row]!, rowEpoch[row]!);
      rowEpochBefore[row] = slots.epochBefore(slot);
      rowDelta[row + 1] = rowDelta[row]! + deltas;
      bytes += slots.bytes(slot);
      rowOther[row + 1] = rowOther[row]! + slots.others(slot);
      rowEpoch[row + 1] = rowEpoch[row]! + (slots.isIrregular(slot) ? deltas : 0);
    }

    if (!reuseCluster || this.#cluster.length < bytes) {
      this.#cluster = untouchedBytes(bytes);
      // The system hands out memory page by page as it is first touched, some microseconds each: better in slices than all at once.
      for (let from = 0; from < bytes; from += TOUCH_STEP) {
        this.#cluster.fill(0, from, from + TOUCH_STEP);
        yield;
      }
    }
    const cluster = this.#cluster.subarray(0, bytes);
    if (!reuseCluster) this.#cluster = new Uint8Array(0);
    const epoch = new Float64Array(rowEpoch[rows]!);
    const { deltaOffset, deltaBody } = yield* this.deltas.cluster(
      this.hot,
      slots,
      this.#bytes,
      cluster,
      epoch,
    );
    const otherOffset = new Uint32Array(this.#otherSlot.length);
    for (let i = 0; i < otherOffset.length; i++) {
      if (i % ROWS_STEP === ROWS_STEP - 1) yield;
      otherOffset[slots.nextOther(this.#otherSlot.data[i]!)] = this.#otherOffset.data[i]!;
    }

    const blocks = this.#blockOffset.length;
    const times = {
      min: new BigUint64Array(blocks),
      max: new BigUint64Array(blocks),
      running: new BigUint64Array(blocks),
    };
    for (let block = 0; block < blocks; block++) {
      times.min[block] = this.#blockTimes[block * 3]!;
      times.max[block] = this.#blockTimes[block * 3 + 1]!;
      times.running[block] = this.#blockTimes[block * 3 + 2]!;
    }
    const blockCell = new Uint32Array(blocks + 1);
    blockCell.set(this.#blockCell.view());
    blockCell[blocks] = this.#cellKind.length;
    const columns: RunColumns = {
      blockOffset: this.#blockOffset.view().slice(),
      blockRecords: this.#blockRecords.view().slice(),
      blockDeltaBytes: this.#blockDeltaBytes.view().slice(),
      blockMinTime: times.min,
      blockMaxTime: times.max,
      blockRunningMaxTime: times.running,
      blockCell,
      cellKind: this.#cellKind.view().slice(),
      cellSource: this.#cellSource.view().slice(),
      cellRecords: this.#cellRecords.view().slice(),
      rowSlot,
      rowEpochBefore,
      rowDelta,
      rowOther,
      rowKey: new Uint32Array(rows + 1),
      rowEpoch,
      deltaOffset,
      deltaBody,
      epoch,
      otherOffset,
      keyOffset: new Uint32Array(0),
      keyAt: new Float64Array(0),
      beginOffset: this.begins.view().slice(),
      endOffset: this.ends.view().slice(),
      structureOffset: this.structure.view().slice(),
      eventOffset: this.events.view().slice(),
      eventType: this.eventTypes.view().slice(),
      markOffset: this.marks.view().slice(),
    };
    return { columns, cluster };
  }
}

/** Memory with anything in it: zeroing 32 MiB takes longer than a turn of a server may. */
function untouchedBytes(length: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset } = Buffer.allocUnsafeSlow(length);
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, length);
}

/** CRC32C over a block's LSNs and bodies: the same block of the same recording gives the same number. */
export function checkOfBlock(batch: RecordBatch): number {
  let end = 0;
  let start = Number.POSITIVE_INFINITY;
  for (let row = 0; row < batch.count; row++) {
    start = Math.min(start, batch.bodyStart[row]!);
    end = Math.max(end, batch.bodyStart[row]! + batch.bodyLength[row]!);
  }
  const head = new Float64Array([batch.firstLsn, batch.count]);
  let crc = accel.crc32c(new Uint8Array(head.buffer));
  crc = accel.crc32c(batch.kind.subarray(0, batch.count), crc);
  for (const column of [batch.timeLo, batch.pageLo, batch.bodyLength]) {
    crc = accel.crc32c(new Uint8Array(column.buffer, column.byteOffset, batch.count * 4), crc);
  }
  return end > start ? accel.crc32c(batch.bytes.subarray(start, end), crc) : crc;
}
