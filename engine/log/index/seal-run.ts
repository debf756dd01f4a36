import type { Accel } from "../../accel/accel.ts";
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
/** Rows taken one by one where the addon stopped: there may be many like the first. */
const FEW_ROWS = 16;

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
  readonly hot: Accel;
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
  const sealer = new RunSealer(firstLsn, columns, cluster, tables, store, pages, options);
  const rows = columns.rowSlot.length;
  for (let row = 0; row < rows; ) {
    const done = sealer.batch(row);
    if (!done.ok) return done;
    const until = done.value === row ? Math.min(rows, row + FEW_ROWS) : done.value;
    for (row = done.value; row < until; row++) {
      const sealed = yield* sealer.row(row);
      if (!sealed.ok) return sealed;
    }
    if (done.value === until) yield;
  }
  sealer.finish();
  return ok();
}

class RunSealer {
  readonly #firstLsn: number;
  readonly #columns: RunColumns;
  readonly #tables: IndexTables;
  readonly #store: ChunkStore;
  readonly #pages: PageStore;
  readonly #options: SealOptions;
  readonly #cluster: Uint8Array;
  readonly #apply: BodyApplier;
  readonly #keyOffset = new U32Column();
  readonly #keyAt = new F64Column();
  readonly #chain: number[] = [];
  #sliceBytes = 0;

  constructor(
    firstLsn: number,
    columns: RunColumns,
    cluster: Uint8Array,
    tables: IndexTables,
    store: ChunkStore,
    pages: PageStore,
    options: SealOptions,
  ) {
    this.#firstLsn = firstLsn;
    this.#columns = columns;
    this.#cluster = cluster;
    this.#tables = tables;
    this.#store = store;
    this.#pages = pages;
    this.#options = options;
    this.#apply = new BodyApplier(cluster, columns.deltaBody);
  }

  /** Rows from `from` on in the addon, some `SLICE_BYTES` of work. Returns the row it stopped before: `from` where there is no addon, or the row needs {@link row}. */
  batch(from: number): Result<number> {
    const { hot, isClustered, keyframeFactor } = this.#options;
    if (hot.replayPages === undefined) return ok(from);
    const { lives, slotLife, slotSinceKey, slotRunsSinceKey } = this.#tables;
    const columns = this.#columns;
    const settings = SETTINGS;
    settings[0] = this.#firstLsn;
    settings[1] = this.#keyOffset.length;
    settings[2] = this.#store.length;
    settings[3] = isClustered ? CHEAP_BODY_BYTES : 0;
    settings[4] = keyframeFactor;
    settings[5] = RUNS_PER_KEYFRAME;
    settings[6] = SLICE_BYTES;
    const done = hot.replayPages(
      this.#pages.spans,
      this.#pages.lives,
      from,
      columns.rowSlot,
      columns.rowDelta,
      columns.rowKey,
      columns.deltaOffset,
      columns.deltaBody,
      this.#cluster,
      slotLife.data,
      slotSinceKey.data,
      slotRunsSinceKey.data,
      lives.fromLsn.data,
      lives.untilLsn.data,
      lives.sizeBytes.data,
      KEY_BYTES,
      KEY_OFFSET,
      KEY_AT,
      settings,
      MADE,
    );
    for (let key = 0; key < MADE[0]!; key++) {
      this.#keyOffset.push(KEY_OFFSET[key]!);
      this.#keyAt.push(KEY_AT[key]!);
    }
    const stored = this.#store.append(KEY_BYTES.subarray(0, MADE[1]));
    return stored.ok ? ok(done) : stored;
  }

  *row(row: number): Generator<void, Result<void>> {
    const tables = this.#tables;
    const columns = this.#columns;
    const firstLsn = this.#firstLsn;
    const { isClustered, keyframeFactor } = this.#options;
    const { lives } = tables;
    const { bodyLength } = this.#apply;
    const chain = this.#chain;
    const pages = this.#pages;
    const slot = columns.rowSlot[row]!;
    columns.rowKey[row] = this.#keyOffset.length;
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
      const interval = keyframeInterval(size, isClustered, keyframeFactor);
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
        this.#sliceBytes += columns.deltaBody[at]! - columns.deltaBody[begin]!;
        if (this.#apply.all(begin, at, pages, size) === size && size > 0) {
          this.#addKey(slot, columns.deltaOffset[at - 1]!, -1);
          since = 0;
        } else if (isDue && keyframeFactor !== Number.POSITIVE_INFINITY) {
          const stored = this.#store.append(pages.bytes.subarray(pages.at, pages.at + size));
          if (!stored.ok) return stored;
          this.#addKey(slot, columns.deltaOffset[at - 1]!, stored.value);
          since = 0;
          this.#sliceBytes += size;
        }
        if (this.#sliceBytes > SLICE_BYTES) {
          this.#sliceBytes = 0;
          yield;
        }
      }
      tables.slotSinceKey.data[slot] = since;
      const closed = pages.close(slot);
      if (!closed.ok) return closed;
      this.#sliceBytes += size >>> 6;
    }
    if (!tables.isLive(slot)) pages.release(slot);
    return ok();
  }

  #addKey(slot: number, offset: number, at: number): void {
    this.#keyOffset.push(offset);
    this.#keyAt.push(at);
    this.#tables.slotRunsSinceKey.data[slot] = 0;
  }

  /** The key columns, when all rows are done. */
  finish(): void {
    const columns = this.#columns;
    columns.rowKey[columns.rowSlot.length] = this.#keyOffset.length;
    columns.keyOffset = this.#keyOffset.view().slice();
    columns.keyAt = this.#keyAt.view().slice();
  }
}

// What a batch in the addon takes and gives: never across two calls.
const SETTINGS = new Float64Array(7);
const MADE = new Uint32Array(2);
const KEY_BYTES = new Uint8Array(1 << 20);
const KEY_OFFSET = new Uint32Array(1 << 16);
const KEY_AT = new Float64Array(KEY_OFFSET.length);

/** Notes in `tables` that run number `run` touched these pages: at once with the run's header, for one is no good without the other. */
export function noteRun(run: number, { rowSlot }: RunColumns, tables: IndexTables): void {
  const count = tables.entryRun.length + rowSlot.length;
  for (const column of [tables.entryRun, tables.entryRow, tables.entryPrevious]) column.reserve(count);
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
