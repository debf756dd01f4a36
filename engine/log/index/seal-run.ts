import { assert } from "../../base/assert.ts";
import { EMPTY_BYTES } from "../../base/bytes.ts";
import { ok, type Result } from "../../base/result.ts";
import { applyDeltaBodies, applyDeltaBody } from "../../deltas/delta-body.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { F64Column, U32Column } from "./growable.ts";
import { NONE } from "./id-slots.ts";
import type { RunColumns } from "./index-run.ts";
import type { IndexTables } from "./index-tables.ts";
import type { PageStore } from "./page-store.ts";

/** A page is given a keyframe at least every so many runs that touch it: a seek then reads few places. */
const RUNS_PER_KEYFRAME = 8;
/** Clustered bodies cost 40 ns to apply, a keyframe its page's bytes on disk: up to this much the first is the better bargain. */
const CHEAP_BODY_BYTES = 1 << 20;
/** Work between two yields, in bytes of bodies and pages: some 2 ms. */
const SLICE_BYTES = 1 << 20;

/**
 * How many bytes of a page's delta bodies may pass before the next keyframe. With clustered bodies four times the page's size, because
 * they are read in one piece; without them one page's size, because each delta may cost a block.
 */
export function keyframeInterval(sizeBytes: number, isClustered: boolean, factor: number): number {
  const clustered = Math.max(sizeBytes, Math.min(sizeBytes * 4, CHEAP_BODY_BYTES));
  return (isClustered ? clustered : sizeBytes) * factor;
}

export interface SealOptions {
  readonly isClustered: boolean;
  /** Stretches the keyframe interval; Infinity = no keyframes. */
  readonly keyframeFactor: number;
}

/**
 * Plays a run's deltas page by page, to bring `pages` to the run's end and to write the keyframes. Fills the run's key columns. Yields
 * now and then; until {@link noteRun} nobody who reads the index meanwhile is led to the run.
 */
export function* sealRun(
  firstLsn: number,
  columns: RunColumns,
  cluster: Uint8Array,
  tables: IndexTables,
  store: ChunkStore,
  pages: PageStore,
  options: SealOptions,
): Generator<void, Result<void>> {
  const { lives } = tables;
  const keyOffset = new U32Column();
  const keyAt = new F64Column();
  const chain: number[] = [];
  const apply = new BodyApplier(cluster, columns.deltaBody);
  const { bodyLength } = apply;
  let sliceBytes = 0;
  for (let row = 0; row < columns.rowSlot.length; row++) {
    const slot = columns.rowSlot[row]!;
    columns.rowKey[row] = keyOffset.length;
    const from = columns.rowDelta[row]!;
    const to = columns.rowDelta[row + 1]!;
    if (to > from) {
      tables.slotRunsSinceKey.data[slot]!++;
      // oldest first from the end: the lives that this row's deltas belong to
      livesFrom(tables, slot, firstLsn + columns.deltaOffset[from]!, chain);
    }
    for (let at = from; at < to; ) {
      const life = lifeOf(tables, chain, firstLsn + columns.deltaOffset[at]!);
      const until = lives.untilLsn.data[life]!;
      const size = lives.sizeBytes.data[life]!;
      const opened = pages.open(slot, life, size);
      if (!opened.ok) return opened;
      const interval = keyframeInterval(size, options.isClustered, options.keyframeFactor);
      let since = tables.slotSinceKey.data[slot]!;
      if (firstLsn + columns.deltaOffset[from]! < lives.fromLsn.data[life]!) since = 0;
      while (at < to && firstLsn + columns.deltaOffset[at]! < until) {
        const mustKeep = tables.slotRunsSinceKey.data[slot]! >= RUNS_PER_KEYFRAME;
        // as many as come before the next keyframe; one that may overwrite the whole page is looked at by itself
        const begin = at;
        let isDue = false;
        for (; at < to && !isDue && firstLsn + columns.deltaOffset[at]! < until; at++) {
          if (bodyLength[at]! > size && at > begin) break;
          since += bodyLength[at]!;
          isDue = since > interval || (at + 1 === to && mustKeep);
          if (bodyLength[at]! > size) {
            at++;
            break;
          }
        }
        sliceBytes += columns.deltaBody[at]! - columns.deltaBody[begin]!;
        if (apply.all(begin, at, pages, size) === size && size > 0) {
          keyOffset.push(columns.deltaOffset[at - 1]!);
          keyAt.push(-1);
          since = 0;
          tables.slotRunsSinceKey.data[slot] = 0;
        } else if (isDue && options.keyframeFactor !== Number.POSITIVE_INFINITY) {
          const stored = store.append(pages.bytes.subarray(pages.at, pages.at + size));
          if (!stored.ok) return stored;
          keyOffset.push(columns.deltaOffset[at - 1]!);
          keyAt.push(stored.value);
          since = 0;
          sliceBytes += size;
          tables.slotRunsSinceKey.data[slot] = 0;
        }
        if (sliceBytes > SLICE_BYTES) {
          sliceBytes = 0;
          yield;
        }
      }
      tables.slotSinceKey.data[slot] = since;
      const closed = pages.close(slot);
      if (!closed.ok) return closed;
      sliceBytes += size >>> 6;
    }
    if (!tables.isLive(slot)) pages.release(slot);
  }
  columns.rowKey[columns.rowSlot.length] = keyOffset.length;
  columns.keyOffset = keyOffset.view().slice();
  columns.keyAt = keyAt.view().slice();
  return ok();
}

/** Notes in `tables` that run number `run` touched these pages: at once with the run's header, for one is no good without the other. */
export function noteRun(run: number, { rowSlot }: RunColumns, tables: IndexTables): void {
  for (let row = 0; row < rowSlot.length; row++) {
    const slot = rowSlot[row]!;
    tables.entryRun.push(run);
    tables.entryRow.push(row);
    tables.entryPrevious.push(tables.slotEntry.data[slot]!);
    tables.slotEntry.data[slot] = tables.entryRun.length - 1;
  }
}

/** Applies stretches of a run's bodies to one page after another. */
class BodyApplier {
  readonly bodyLength: Uint32Array;
  readonly #cluster: Uint8Array;
  readonly #bodyStart: Uint32Array;
  /** Every delta of a stretch is for the one page there is. */
  readonly #slot: Uint32Array;
  readonly #spans = {
    arenas: [EMPTY_BYTES],
    arena: new Uint8Array(1),
    at: new Uint32Array(1),
    size: new Uint32Array(1),
  };

  /** `bodyStart` has one entry more than there are bodies: the end of the last. */
  constructor(cluster: Uint8Array, bodyStart: Uint32Array) {
    const count = Math.max(0, bodyStart.length - 1);
    this.#cluster = cluster;
    this.#bodyStart = bodyStart;
    this.#slot = new Uint32Array(count);
    this.bodyLength = new Uint32Array(count);
    for (let i = 0; i < count; i++) this.bodyLength[i] = bodyStart[i + 1]! - bodyStart[i]!;
  }

  /** Bodies `[from, to)` over the open page. Returns the bytes that a single one has written; of several, 0. */
  all(from: number, to: number, pages: PageStore, size: number): number {
    if (to - from === 1) {
      const [start, end] = [this.#bodyStart[from]!, this.#bodyStart[to]!];
      const written = applyDeltaBody(this.#cluster, start, end, pages.bytes, pages.at, size);
      assert(written >= 0, "bodies are checked before they are indexed");
      return written;
    }
    const spans = this.#spans;
    spans.arenas[0] = pages.bytes;
    spans.at[0] = pages.at;
    spans.size[0] = size;
    const done = applyDeltaBodies(
      this.#cluster,
      this.#bodyStart,
      this.bodyLength,
      this.#slot,
      from,
      to,
      spans,
    );
    assert(done === to, "bodies are checked before they are indexed");
    return 0;
  }
}

/** The slot's lives from the newest back to the one that holds at `lsn`. */
function livesFrom(tables: IndexTables, slot: number, lsn: number, into: number[]): void {
  into.length = 0;
  for (let life = tables.slotLife.data[slot]!; life !== NONE; life = tables.lives.previous.data[life]!) {
    into.push(life);
    if (tables.lives.fromLsn.data[life]! < lsn) return;
  }
}

/** The life in `chain` (newest first) that a delta at `lsn` belongs to; younger ones stay, older ones are dropped. */
function lifeOf(tables: IndexTables, chain: number[], lsn: number): number {
  while (chain.length > 1 && tables.lives.fromLsn.data[chain[chain.length - 2]!]! < lsn) chain.pop();
  return chain[chain.length - 1]!;
}
