import type { Accel } from "../../accel/accel.ts";
import { copyWords, viewOf } from "../../accel/copy-bytes.ts";
import { F64Column, U32Column } from "./growable.ts";
import type { RunSlots } from "./run-slots.ts";

/** Work between two yields while bodies are brought into page order, in bytes; a delta counts as so many more: some 2 ms. */
const SCATTER_STEP = 1 << 19;
const DELTA_WORK = 64;
/** The same for the addon, in deltas: sorting one takes some 5 ns, and copying it 20. */
const SORT_STEP = 1 << 17;
const GATHER_STEP = 1 << 15;

/** The applied deltas of a run in log order: one row each, the columns after the first share its length. */
export class RunDeltas {
  readonly slot = new U32Column(1024);
  /** LSN less the run's first. */
  readonly offset = new U32Column(1024);
  /** Epoch after it. */
  readonly epoch = new F64Column(1024);
  /** Its body among the run's bytes. */
  readonly start = new U32Column(1024);
  readonly length = new U32Column(1024);
  /** By place in page order, the row: kept from run to run. */
  #rows = new Uint32Array(0);

  get count(): number {
    return this.slot.length;
  }

  reset(): void {
    this.slot.length = 0;
  }

  reserve(count: number): void {
    for (const column of [this.slot, this.offset, this.epoch, this.start, this.length]) column.reserve(count);
  }

  /** Room has been reserved. */
  add(slot: number, offset: number, epoch: number, start: number, length: number): void {
    const at = this.slot.length++;
    this.slot.data[at] = slot;
    this.offset.data[at] = offset;
    this.epoch.data[at] = epoch;
    this.start.data[at] = start;
    this.length.data[at] = length;
  }

  /**
   * Sorts the deltas by page: their bodies one after another into `cluster`, and the epochs of irregular pages into `epoch`. `slots` says where
   * each page's begin, and is changed. Yields now and then.
   */
  *cluster(
    hot: Accel,
    slots: RunSlots,
    bytes: Uint8Array,
    cluster: Uint8Array,
    epoch: Float64Array,
  ): Generator<void, { deltaOffset: Uint32Array; deltaBody: Uint32Array }> {
    const count = this.count;
    const deltaOffset = new Uint32Array(count);
    const deltaBody = new Uint32Array(count + 1);
    deltaBody[count] = cluster.length;
    if (hot.sortDeltas === undefined || hot.gatherBodies === undefined)
      yield* this.#scatter(slots, bytes, cluster, epoch, deltaOffset, deltaBody);
    else {
      if (this.#rows.length < count) this.#rows = new Uint32Array(this.slot.data.length);
      const rows = this.#rows;
      for (let from = 0; from < count; from += SORT_STEP) {
        const to = Math.min(count, from + SORT_STEP);
        hot.sortDeltas(this.slot.data, this.epoch.data, from, to, slots.words, rows, epoch);
        yield;
      }
      for (let from = 0, at = 0; from < count; from += GATHER_STEP) {
        const to = Math.min(count, from + GATHER_STEP);
        const { offset, start, length } = this;
        at = hot.gatherBodies(
          rows,
          from,
          to,
          offset.data,
          start.data,
          length.data,
          bytes,
          cluster,
          at,
          deltaOffset,
          deltaBody,
        );
        yield;
      }
    }
    return { deltaOffset, deltaBody };
  }

  /**
   * Reads the deltas in log order and appends each to its page's stretch. (The other way round, one page after the other, every body is a
   * cache miss, which only the addon can ask for ahead: three times slower.)
   */
  *#scatter(
    slots: RunSlots,
    bytes: Uint8Array,
    cluster: Uint8Array,
    epoch: Float64Array,
    deltaOffset: Uint32Array,
    deltaBody: Uint32Array,
  ): Generator<void, void> {
    const count = this.count;
    const bytesView = viewOf(bytes);
    const clusterView = viewOf(cluster);
    for (let i = 0; i < count; ) {
      let work = 0;
      for (; i < count && work < SCATTER_STEP; i++) {
        const slot = this.slot.data[i]!;
        const length = this.length.data[i]!;
        const place = slots.nextDelta(slot);
        const at = slots.nextBody(slot, length);
        deltaOffset[place] = this.offset.data[i]!;
        deltaBody[place] = at;
        copyWords(bytes, bytesView, this.start.data[i]!, cluster, clusterView, at, length);
        work += DELTA_WORK + length;
        if (slots.isIrregular(slot)) epoch[slots.nextEpoch(slot)] = this.epoch.data[i]!;
      }
      yield;
    }
  }
}
