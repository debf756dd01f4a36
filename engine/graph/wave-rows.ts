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

  get count(): number {
    return this.deltas.count;
  }

  clear(cause: number): void {
    this.deltas.clear();
    this.cause = cause;
  }

  /** Adds the page of row `k` of a level, which has changed. */
  add(executor: Executor, run: LevelRun, k: number, recompute: number): void {
    const { table } = executor.graph;
    const slot = run.list[k]!;
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
    this.#reserve();
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
    this.#reserve();
    const from = run.beforeAt[k]!;
    this.before.set(bytes.subarray(from, from + this.deltas.payloadBytes - at), at);
  }

  #reserve(): void {
    if (this.before.length >= this.deltas.payloadBytes) return;
    const longer = new Uint8Array(this.deltas.payload.length);
    longer.set(this.before);
    this.before = longer;
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
