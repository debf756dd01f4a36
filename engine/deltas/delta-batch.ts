import { copyWords, viewOf } from "../accel/copy-bytes.ts";
import { accel, type PageSpans, runSectionBound } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { EMPTY_BYTES, varintSize } from "../base/bytes.ts";

/** Payload positions are u32 and the buffer doubles: a batch is flushed long before. */
const MAX_PAYLOAD_BYTES = 0x7fff_ffff;

/**
 * Deltas in columns: the currency of the write path. Row `d` is one delta for one page; its runs are the rows
 * `runStart[d] .. runStart[d + 1]` of the run columns, its bytes stand from `payload[payloadStart[d]]` on, and its intent metadata
 * (UTF-8 JSON) in the `metaLength[d]` bytes after them. Rows keep their order; later ones win.
 *
 * Meant to be filled, handed on and cleared over and over: columns grow to what was needed once and stay. Columns and `payload` may be
 * replaced by any call that adds a row; take them anew afterwards. Runs are canonical (see `RunList`), which the callers see to.
 */
export class DeltaBatch {
  count = 0;
  runCount = 0;
  payloadBytes = 0;
  /** The page's slot in the page table. */
  slot: Uint32Array;
  pageLo: Uint32Array;
  pageHi: Uint32Array;
  /** One row more than there are deltas. */
  runStart: Uint32Array;
  payloadStart: Uint32Array;
  metaLength: Uint32Array;
  /** Index into the writer's list of sources. */
  source: Uint32Array;
  /** LSN of the record that led to the delta; 0 = none. */
  cause: Float64Array;
  /** Bits of the log's `RecordFlag`. */
  flags: Uint8Array;
  runOffset: Uint32Array;
  runLength: Uint32Array;
  payload: Uint8Array;
  /** Whoever filled the columns says that every row writes 8 bytes to the start of its page, and that all have the same cause, the same flags and no metadata. */
  areNumbers = false;
  #view: DataView;
  /** The array that the last row's bytes came from, and its view once it has been seen twice: most producers have one buffer. */
  #from: Uint8Array | undefined;
  #fromView: DataView | undefined;

  constructor(capacity = 1024, payloadCapacity = 64 * capacity) {
    this.slot = new Uint32Array(capacity);
    this.pageLo = new Uint32Array(capacity);
    this.pageHi = new Uint32Array(capacity);
    this.runStart = new Uint32Array(capacity + 1);
    this.payloadStart = new Uint32Array(capacity);
    this.metaLength = new Uint32Array(capacity);
    this.source = new Uint32Array(capacity);
    this.cause = new Float64Array(capacity);
    this.flags = new Uint8Array(capacity);
    this.runOffset = new Uint32Array(capacity);
    this.runLength = new Uint32Array(capacity);
    this.payload = new Uint8Array(payloadCapacity);
    this.#view = viewOf(this.payload);
  }

  clear(): void {
    this.count = 0;
    this.runCount = 0;
    this.payloadBytes = 0;
    this.areNumbers = false;
    this.#from = undefined;
    this.#fromView = undefined;
  }

  /**
   * Adds a delta of one run and returns the position in `payload` where the caller writes its `length` > 0 bytes: for producers
   * that have no buffer of their own.
   */
  claimRange(
    slot: number,
    pageLo: number,
    pageHi: number,
    offset: number,
    length: number,
    source: number,
    cause: number,
  ): number {
    const at = this.begin(slot, pageLo, pageHi, source, cause);
    this.#growPayload(length);
    this.#addRun(offset, length);
    this.payloadBytes = at + length;
    return at;
  }

  /** Adds a delta of one run: `bytes[bytesAt .. bytesAt + length]`, `length` > 0, at `offset` of the page. */
  pushRange(
    slot: number,
    pageLo: number,
    pageHi: number,
    offset: number,
    bytes: Uint8Array,
    bytesAt: number,
    length: number,
    source: number,
    cause: number,
  ): void {
    const at = this.claimRange(slot, pageLo, pageHi, offset, length, source, cause);
    if (bytes === this.#from && this.#fromView !== undefined) {
      copyWords(bytes, this.#fromView, bytesAt, this.payload, this.#view, at, length);
    } else this.#copyIn(bytes, bytesAt, at, length);
  }

  /** Adds a delta with the runs in rows `[from, to)` of the columns, whose bytes stand one after another from `bytesAt` on. */
  pushRuns(
    slot: number,
    pageLo: number,
    pageHi: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    bytes: Uint8Array,
    bytesAt: number,
    source: number,
    cause: number,
  ): void {
    const at = this.begin(slot, pageLo, pageHi, source, cause);
    let total = 0;
    for (let i = from; i < to; i++) {
      total += runLength[i]!;
      this.#addRun(runOffset[i]!, runLength[i]!);
    }
    this.#growPayload(total);
    this.#copyIn(bytes, bytesAt, at, total);
    this.payloadBytes = at + total;
  }

  /**
   * Adds deltas of one run each from columns, rows `[from, to)`; their bytes stand one after another from `bytesAt` on. The way in
   * for producers of many small writes: all bytes move at once.
   */
  pushRanges(
    slot: Uint32Array,
    pageLo: Uint32Array,
    pageHi: Uint32Array,
    offset: Uint32Array,
    length: Uint32Array,
    from: number,
    to: number,
    bytes: Uint8Array,
    bytesAt: number,
    source: number,
    cause: number,
  ): void {
    const rows = to - from;
    const at = this.payloadBytes;
    this.#growRows(rows);
    this.#growRuns(rows);
    this.slot.set(slot.subarray(from, to), this.count);
    this.pageLo.set(pageLo.subarray(from, to), this.count);
    this.pageHi.set(pageHi.subarray(from, to), this.count);
    this.runOffset.set(offset.subarray(from, to), this.runCount);
    this.runLength.set(length.subarray(from, to), this.runCount);
    const { payloadStart, runStart } = this;
    let total = 0;
    for (let i = from, row = this.count, run = this.runCount; i < to; i++) {
      payloadStart[row++] = at + total;
      runStart[row] = ++run;
      total += length[i]!;
    }
    this.source.fill(source, this.count, this.count + rows);
    this.cause.fill(cause, this.count, this.count + rows);
    this.flags.fill(0, this.count, this.count + rows);
    this.metaLength.fill(0, this.count, this.count + rows);
    this.#growPayload(total);
    this.#copyIn(bytes, bytesAt, at, total);
    this.count += rows;
    this.runCount += rows;
    this.payloadBytes = at + total;
  }

  /** Makes room for so many rows more, of one run each, and so many bytes: for producers that write the columns themselves. */
  reserve(rows: number, bytes: number): void {
    this.#growRows(rows);
    this.#growRuns(rows);
    this.#growPayload(bytes);
  }

  /** Adds a delta without runs and returns where its bytes will start; {@link addRun} gives it some. */
  begin(slot: number, pageLo: number, pageHi: number, source: number, cause: number): number {
    const row = this.count;
    if (row === this.slot.length) this.#growRows(1);
    const at = this.payloadBytes;
    this.slot[row] = slot;
    this.pageLo[row] = pageLo;
    this.pageHi[row] = pageHi;
    this.runStart[row] = this.runCount;
    this.runStart[row + 1] = this.runCount;
    this.payloadStart[row] = at;
    this.metaLength[row] = 0;
    this.source[row] = source;
    this.cause[row] = cause;
    this.flags[row] = 0;
    this.count = row + 1;
    return at;
  }

  /** Gives the last delta one more run, beyond those it has, with its bytes. */
  addRun(offset: number, bytes: Uint8Array, bytesAt: number, length: number): void {
    const at = this.payloadBytes;
    this.#growPayload(length);
    this.#addRun(offset, length);
    this.#copyIn(bytes, bytesAt, at, length);
    this.payloadBytes = at + length;
  }

  /** Gives the last delta, complete by now, its intent metadata and flags. */
  describe(flags: number, metadata: Uint8Array | undefined): void {
    const row = this.count - 1;
    assert(row >= 0 && this.metaLength[row] === 0, "the last delta is described once");
    this.flags[row] = flags;
    if (metadata === undefined) return;
    this.#growPayload(metadata.length);
    this.payload.set(metadata, this.payloadBytes);
    this.payloadBytes += metadata.length;
    this.metaLength[row] = metadata.length;
  }

  /** A row's intent metadata, UTF-8 JSON; a view, empty where there is none. */
  metadata(row: number): Uint8Array {
    const length = this.metaLength[row]!;
    if (length === 0) return EMPTY_BYTES;
    const at = this.payloadStart[row]! + this.rowBytes(row);
    return this.payload.subarray(at, at + length);
  }

  /** Payload bytes of a row, metadata apart. */
  rowBytes(row: number): number {
    const end = row + 1 < this.count ? this.payloadStart[row + 1]! : this.payloadBytes;
    return end - this.metaLength[row]! - this.payloadStart[row]!;
  }

  /** Bytes of a row's body, metadata apart: exactly for one run, which most have, at most so many for more. */
  bodyEstimate(row: number): number {
    const first = this.runStart[row]!;
    const runs = this.runStart[row + 1]! - first;
    const bytes = this.rowBytes(row);
    return runs === 1
      ? 1 + varintSize(this.runOffset[first]!) + varintSize(bytes - 1) + bytes
      : runSectionBound(runs) + bytes;
  }

  /** Writes rows `[from, to)` into the pages. Returns the bytes written. */
  apply(pages: PageSpans, from = 0, to = this.count): number {
    return accel.applyDeltas(
      this.slot,
      this.runStart,
      this.runOffset,
      this.runLength,
      this.payloadStart,
      this.payload,
      from,
      to,
      pages,
    );
  }

  /**
   * Writes the bodies of rows `[from, to)`, without metadata, one after another into `out` from `at` on, ending before `limit`, and
   * their lengths to `bodyLength` from `bodyRow` on. Returns the row it stopped at: `to`, or the first that might not fit.
   */
  encode(
    from: number,
    to: number,
    out: Uint8Array,
    at: number,
    limit: number,
    bodyLength: Uint32Array,
    bodyRow: number,
  ): number {
    return accel.encodeBodies(
      this.runStart,
      this.runOffset,
      this.runLength,
      this.payloadStart,
      this.payload,
      from,
      to,
      out,
      at,
      limit,
      bodyLength,
      bodyRow,
    );
  }

  #copyIn(bytes: Uint8Array, bytesAt: number, at: number, length: number): void {
    if (bytes !== this.#from) {
      this.#from = bytes;
      this.#fromView = undefined;
      accel.copyBytes(bytes, bytesAt, this.payload, at, length);
      return;
    }
    this.#fromView ??= viewOf(bytes);
    copyWords(bytes, this.#fromView, bytesAt, this.payload, this.#view, at, length);
  }

  #addRun(offset: number, length: number): void {
    const run = this.runCount;
    if (run === this.runOffset.length) this.#growRuns(1);
    this.runOffset[run] = offset;
    this.runLength[run] = length;
    this.runCount = run + 1;
    this.runStart[this.count] = run + 1;
  }

  #growRows(rows: number): void {
    const need = this.count + rows;
    if (need <= this.slot.length) return;
    const capacity = Math.max(need, this.slot.length * 2);
    this.slot = grown(this.slot, capacity);
    this.pageLo = grown(this.pageLo, capacity);
    this.pageHi = grown(this.pageHi, capacity);
    this.runStart = grown(this.runStart, capacity + 1);
    this.payloadStart = grown(this.payloadStart, capacity);
    this.metaLength = grown(this.metaLength, capacity);
    this.source = grown(this.source, capacity);
    const cause = new Float64Array(capacity);
    cause.set(this.cause);
    this.cause = cause;
    const flags = new Uint8Array(capacity);
    flags.set(this.flags);
    this.flags = flags;
  }

  #growRuns(runs: number): void {
    const need = this.runCount + runs;
    if (need <= this.runOffset.length) return;
    const capacity = Math.max(need, this.runOffset.length * 2);
    this.runOffset = grown(this.runOffset, capacity);
    this.runLength = grown(this.runLength, capacity);
  }

  #growPayload(bytes: number): void {
    const need = this.payloadBytes + bytes;
    if (need <= this.payload.length) return;
    assert(need <= MAX_PAYLOAD_BYTES, "a batch is flushed before it holds 2 GiB");
    const payload = new Uint8Array(Math.min(MAX_PAYLOAD_BYTES, Math.max(need, this.payload.length * 2)));
    payload.set(this.payload.subarray(0, this.payloadBytes));
    this.payload = payload;
    this.#view = viewOf(payload);
  }
}

function grown(column: Uint32Array, capacity: number): Uint32Array {
  const longer = new Uint32Array(capacity);
  longer.set(column);
  return longer;
}
