import { accel } from "../accel/index.ts";
import { DeltaBatch } from "../deltas/delta-batch.ts";
import type { PageTable } from "../pages/page-table.ts";
import type { Executor } from "./executor.ts";
import { type LevelRun, RunResult } from "./level-run.ts";

/** The log's flag for a delta that a recompute wrote (`RecordFlag.Derived`: the log stands above this folder). */
const DERIVED = 4;

/**
 * What a wave wrote: one delta a page whose bytes changed, in (level, slot) order, and the bytes that they replaced. A row's `source` is the number of its
 * recompute. Keeps its room from wave to wave.
 */
export class WaveRows {
  readonly deltas = new DeltaBatch();
  /** What stood where `deltas.payload` has the new bytes, byte for byte. */
  before: Uint8Array<ArrayBuffer> = new Uint8Array(this.deltas.payload.length);
  /** Cause of all rows: the wave-start record. */
  cause = 0;
  /** The rows so far are numbers, one f64 at the start of a page each. */
  #isUniform = true;
  /** So many rows have the columns that are the same for all numbers, from this wave or an earlier one. */
  #uniformRows = 0;
  /** `deltas.payload` and `before` as numbers. */
  #numbers = new Float64Array(this.deltas.payload.buffer);
  #oldNumbers = new Float64Array(this.before.buffer);
  // The same, in halves.
  #words = new Int32Array(this.deltas.payload.buffer);
  #oldWords = new Int32Array(this.before.buffer);

  get count(): number {
    return this.deltas.count;
  }

  clear(cause: number): void {
    this.deltas.clear();
    this.cause = cause;
    this.#isUniform = true;
  }

  /** The numbers in `deltas.payload`, and what they replace, by row. */
  get numbers(): Float64Array {
    return this.#numbers;
  }

  get oldNumbers(): Float64Array {
    return this.#oldNumbers;
  }

  /** Whether rows that others write go where these columns stand. */
  isWrittenTo(columns: {
    readonly rowSlot: Uint32Array;
    readonly rowNow: Float64Array;
    readonly rowBefore: Float64Array;
  }): boolean {
    const { rowSlot, rowNow, rowBefore } = columns;
    return rowSlot === this.deltas.slot && rowNow === this.#numbers && rowBefore === this.#oldNumbers;
  }

  /** Whether up to `rows` pages may be added as numbers next, all rows so far being such. Columns may have been replaced. */
  claimNumbers(rows: number): boolean {
    const { deltas } = this;
    if (!this.#isUniform) return false;
    const to = deltas.count + rows;
    deltas.reserve(rows, rows * 8);
    this.#reserve(to * 8);
    if (this.#numbers.buffer !== deltas.payload.buffer) {
      this.#numbers = new Float64Array(deltas.payload.buffer);
      this.#words = new Int32Array(deltas.payload.buffer);
    }
    deltas.areNumbers = true;
    if (this.#uniformRows >= to) return true;
    for (let row = this.#uniformRows; row < to; row++) {
      deltas.runStart[row] = row;
      deltas.runStart[row + 1] = row + 1;
      deltas.payloadStart[row] = row * 8;
    }
    deltas.metaLength.fill(0, this.#uniformRows, to);
    deltas.flags.fill(DERIVED, this.#uniformRows, to);
    deltas.runOffset.fill(0, this.#uniformRows, to);
    deltas.runLength.fill(8, this.#uniformRows, to);
    this.#uniformRows = to;
    return true;
  }

  /**
   * So many rows were written into `deltas.slot`, {@link numbers} and {@link oldNumbers}: pages of which the first f64 has changed. (Who writes numbers there writes no
   * NaN, whose bits might be lost.)
   */
  addedNumbers(rows: number, recompute: number): void {
    const { deltas } = this;
    const from = deltas.count;
    const to = from + rows;
    deltas.source.fill(recompute, from, to);
    deltas.cause.fill(this.cause, from, to);
    deltas.count = to;
    deltas.runCount = to;
    deltas.payloadBytes = to * 8;
  }

  /** Adds one such row, after {@link claimNumbers}. */
  addNumber(slot: number, now: number, before: number, recompute: number): void {
    const row = this.deltas.count;
    this.deltas.slot[row] = slot;
    this.#numbers[row] = now;
    this.#oldNumbers[row] = before;
    this.addedNumbers(1, recompute);
  }

  /** Adds the page of row `k` of a level, of which the first 8 bytes have changed, whatever number they are, after {@link claimNumbers}. */
  addWord(executor: Executor, run: LevelRun, k: number, recompute: number): void {
    const { table } = executor.graph;
    const slot = run.list[k]!;
    const row = this.deltas.count;
    const words = executor.views.all[table.arena[slot]!]!.i32;
    const at = table.arenaOffset[slot]! >>> 2;
    const now = this.#words;
    const before = this.#oldWords;
    this.deltas.slot[row] = slot;
    now[row * 2] = words[at]!;
    now[row * 2 + 1] = words[at + 1]!;
    before[row * 2] = run.oldLo[k]!;
    before[row * 2 + 1] = run.oldHi[k]!;
    this.addedNumbers(1, recompute);
  }

  /** Adds the page of row `k` of a level, which has changed. */
  add(executor: Executor, run: LevelRun, k: number, recompute: number): void {
    const { table } = executor.graph;
    const slot = run.list[k]!;
    this.#isUniform = false;
    this.deltas.areNumbers = false;
    if (this.#uniformRows > this.deltas.count) this.#uniformRows = this.deltas.count;
    const page = executor.views.all[table.arena[slot]!]!.bytes;
    const pageAt = table.arenaOffset[slot]!;
    if (run.result[k] === RunResult.Element) this.#addElement(table, slot, run, k, page, pageAt, recompute);
    else this.#addRuns(table, slot, executor, run, k, page, pageAt, recompute);
    this.deltas.flags[this.deltas.count - 1] = DERIVED;
  }

  #addElement(
    table: PageTable,
    slot: number,
    run: LevelRun,
    k: number,
    page: Uint8Array,
    pageAt: number,
    recompute: number,
  ): void {
    const offset = run.elementOffset[k]!;
    const bytes = run.elementBytes[k]!;
    const at = this.deltas.claimRange(
      slot,
      table.idLo[slot]!,
      table.idHi[slot]!,
      offset,
      bytes,
      recompute,
      this.cause,
    );
    this.#reserve(this.deltas.payloadBytes);
    const { payload } = this.deltas;
    const { before } = this;
    const lo = run.oldLo[k]!;
    const hi = run.oldHi[k]!;
    for (let i = 0; i < bytes; i++) {
      payload[at + i] = page[pageAt + offset + i]!;
      before[at + i] = (i < 4 ? lo : hi) >>> (8 * (i & 3));
    }
  }

  #addRuns(
    table: PageTable,
    slot: number,
    executor: Executor,
    run: LevelRun,
    k: number,
    page: Uint8Array,
    pageAt: number,
    recompute: number,
  ): void {
    const { runOffset, runLength, bytes } = executor.journal;
    const at = this.deltas.begin(slot, table.idLo[slot]!, table.idHi[slot]!, recompute, this.cause);
    for (let i = run.runFrom[k]!; i < run.runTo[k]!; i++)
      this.deltas.addRun(runOffset[i]!, page, pageAt + runOffset[i]!, runLength[i]!);
    this.#reserve(this.deltas.payloadBytes);
    const from = run.beforeAt[k]!;
    accel.copyBytes(bytes, from, this.before, at, this.deltas.payloadBytes - at);
  }

  /** Puts the rows in order of their pages. Columns may have been replaced. */
  sort(compare: (slot: number, other: number) => number): void {
    const { deltas } = this;
    const { count, pageLo, pageHi, runOffset, runLength, source, runStart, payloadStart } = deltas;
    const slot = deltas.slot.slice(0, count);
    const order = Uint32Array.from(slot, (_, row) => row).sort((a, b) => compare(slot[a]!, slot[b]!));
    const from = {
      pageLo: pageLo.slice(0, count),
      pageHi: pageHi.slice(0, count),
      source: source.slice(0, count),
      runStart: runStart.slice(0, count + 1),
      runOffset: runOffset.slice(0, deltas.runCount),
      runLength: runLength.slice(0, deltas.runCount),
      payloadStart: payloadStart.slice(0, count),
      payload: deltas.payload.slice(0, deltas.payloadBytes),
      before: this.before.slice(0, deltas.payloadBytes),
    };
    deltas.clear();
    this.#isUniform = false;
    this.#uniformRows = 0;
    for (const row of order) {
      const bytesAt = from.payloadStart[row]!;
      deltas.pushRuns(
        slot[row]!,
        from.pageLo[row]!,
        from.pageHi[row]!,
        from.runOffset,
        from.runLength,
        from.runStart[row]!,
        from.runStart[row + 1]!,
        from.payload,
        bytesAt,
        from.source[row]!,
        this.cause,
      );
      const to = deltas.count - 1;
      deltas.flags[to] = DERIVED;
      const at = deltas.payloadStart[to]!;
      this.before.set(from.before.subarray(bytesAt, bytesAt + deltas.payloadBytes - at), at);
    }
  }

  #reserve(bytes: number): void {
    if (this.before.length >= bytes) return;
    const longer = new Uint8Array(this.deltas.payload.length);
    longer.set(this.before);
    this.before = longer;
    this.#oldNumbers = new Float64Array(longer.buffer);
    this.#oldWords = new Int32Array(longer.buffer);
  }

  /** Puts back what all rows replaced, in the pages. */
  undo(table: PageTable): void {
    const { count, slot, runOffset, runLength, runStart, payloadStart } = this.deltas;
    for (let row = count - 1; row >= 0; row--) {
      const node = slot[row]!;
      const page = table.arenaBytes(table.arena[node]!);
      accel.applyRuns(
        runOffset,
        runLength,
        runStart[row]!,
        runStart[row + 1]!,
        this.before,
        payloadStart[row]!,
        page,
        table.arenaOffset[node]!,
        table.size[node]!,
      );
    }
  }
}
