import type { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import type { LogFileSystem } from "../log/file-system.ts";
import { type BuildProgress, IndexBuilder } from "../log/index/build-index.ts";
import { NONE } from "../log/index/id-slots.ts";
import type { LogIndex } from "../log/index/log-index.ts";
import { PageDeltas } from "../log/index/page-deltas.ts";
import { PageReader } from "../log/index/page-reader.ts";
import type { RecordBatch } from "../log/record-batch.ts";
import type { RecordSource } from "../log/record-source.ts";
import { EDGE_TYPES, type Edge, type PageDescriptor, type PageImage } from "../pages/page-types.ts";
import {
  compareEdges,
  hashPageBytes,
  type PageHashRow,
  stateHashOf,
  structureHash,
} from "../pages/state-hash.ts";
import {
  buildOptionsFor,
  DEFAULT_CACHE_BYTES,
  type IndexPlace,
  openIndex,
  saveIndex,
} from "./index-place.ts";
import { PageProperties } from "./page-properties.ts";
import { type RecordInfo, recordInfo } from "./record-info.ts";

export interface RecordingOptions {
  /** Memory for blocks, tables, pages and hashes together; what a page itself needs comes on top. Default 256 MiB. */
  readonly cacheBytes?: number;
  /**
   * Where the index lies. `auto` (default): beside the recording, in the system's temporary folder where that cannot be written, else
   * in memory. `memory`: nothing is written. `none`: not even keyframes are kept, for a single pass over a recording. Or a path.
   */
  readonly index?: IndexPlace;
  /** Records in a run of the index: smaller ones take less memory to build, larger ones are fewer. Default 2^19. */
  readonly runRecords?: number;
  /** False: a recording whose index would have to be built into a file is not opened: `INDEX_STALE`. Default true. */
  readonly buildsIndex?: boolean;
  readonly files?: LogFileSystem;
}

/** What a state at some LSN is worth. */
export interface StateNotes {
  /** The LSN lies inside a transaction: the state is partial. */
  readonly inTransaction: boolean;
  /** Records before it were lost, and no full checkpoint since makes up for them. */
  readonly afterGap: boolean;
  /** Pages whose bytes are not known for certain, in id order. */
  readonly uncertain: readonly bigint[];
}

/** All live pages at one LSN, in columns, in id order. */
export interface PageColumnsAt {
  readonly count: number;
  readonly ids: BigUint64Array;
  readonly sizeBytes: Float64Array;
  readonly epoch: Float64Array;
  /** `LOCATION_CODE`. */
  readonly location: Uint8Array;
  /** Index into `types`. */
  readonly type: Uint32Array;
  readonly types: readonly string[];
  /** LSN of the last delta applied to the page; 0 where there was none. */
  readonly lastDeltaLsn: Float64Array;
}

/**
 * A recording that can be asked about any moment: the records, an index over them, and bounded caches. Reads are synchronous and take a
 * few blocks at most. Rules: `README.md` beside this file.
 */
export class Recording {
  readonly source: RecordSource;
  readonly cacheBytes: number;
  readonly #options: RecordingOptions;
  #index: LogIndex;
  #builder: IndexBuilder | undefined;
  #reader: PageReader;
  #properties: PageProperties;
  #slotsInIdOrder = new Uint32Array(0);
  /** By slot: the delta (or the life's beginning) that the hash is of, and the hash. */
  readonly #hashes = new Map<number, { lsn: number; life: number; hash: Uint8Array }>();
  /** Rises when the index was replaced or has grown: places in it are then void. */
  generation = 0;

  private constructor(source: RecordSource, index: LogIndex, options: RecordingOptions) {
    this.source = source;
    this.cacheBytes = options.cacheBytes ?? DEFAULT_CACHE_BYTES;
    this.#options = options;
    this.#index = index;
    this.#reader = new PageReader(index);
    this.#properties = new PageProperties(index);
  }

  /** Opens at once: loads the index, or builds it (5 s a GiB of log at most). */
  static fromSource(source: RecordSource, options: RecordingOptions = {}): Result<Recording> {
    return finish(Recording.open(source, options));
  }

  /** The same in slices of some milliseconds; dropping the generator cancels. Takes the source over, and closes it where it does not come to an end. */
  static *open(
    source: RecordSource,
    options: RecordingOptions = {},
  ): Generator<BuildProgress, Result<Recording>> {
    let isOpen = false;
    try {
      const opened = yield* openIndex(source, options);
      isOpen = opened.ok;
      return opened.ok ? ok(new Recording(source, opened.value, options)) : opened;
    } finally {
      if (!isOpen) source.close();
    }
  }

  get index(): LogIndex {
    return this.#index;
  }

  get reader(): PageReader {
    return this.#reader;
  }

  /** The earliest moment that can be seen: the state before the first record that is kept. */
  get firstLsn(): number {
    return this.#index.baseLsn;
  }

  /** The last moment that can be seen. */
  get lastLsn(): number {
    const { stop } = this.#index.tables;
    return stop === undefined ? Math.max(this.#index.lastLsn, this.#index.baseLsn) : this.#index.lastLsn;
  }

  /** Where the final state stands. */
  get committedLsn(): number {
    return Math.min(Math.max(this.source.committedLsn, this.#index.baseLsn), this.lastLsn);
  }

  /** What keeps replay from going beyond `lastLsn`, if anything does. */
  get stop(): { readonly lsn: number; readonly error: MmsbError } | undefined {
    return this.#index.tables.stop;
  }

  /** Whether the moment after `lsn` can be seen. Errors: LSN_OUT_OF_RANGE, LSN_DROPPED, LOG_RECORDS_LOST, and what stops replay. */
  checkLsn(lsn: number): Result<void> {
    const { stop } = this.#index.tables;
    if (
      !Number.isSafeInteger(lsn) ||
      lsn < 0 ||
      (lsn > this.lastLsn && stop === undefined) ||
      lsn > this.source.lastLsn
    ) {
      return fail(
        "LSN_OUT_OF_RANGE",
        `the recording ends at LSN ${this.source.lastLsn}`,
        `Give an LSN from ${this.firstLsn} to ${this.lastLsn}`,
        { lsn },
      );
    }
    if (lsn < this.firstLsn) {
      return fail(
        "LSN_DROPPED",
        `the records before LSN ${this.firstLsn + 1} are no longer kept`,
        `Give an LSN from ${this.firstLsn} to ${this.lastLsn}`,
        { lsn },
      );
    }
    if (stop !== undefined && lsn >= stop.lsn) return { ok: false, error: stop.error };
    const gap = this.gapAt(lsn);
    if (gap !== undefined) {
      return fail(
        "LOG_RECORDS_LOST",
        `records ${gap.fromLsn} to ${gap.toLsn} are lost`,
        `Go to LSN ${gap.fromLsn - 1} before them or ${gap.toLsn + 1} after them`,
        { lsn },
      );
    }
    return ok();
  }

  /** The lost stretch that `lsn` lies in. */
  gapAt(lsn: number): { readonly fromLsn: number; readonly toLsn: number } | undefined {
    return this.source.gaps.find((gap) => gap.fromLsn <= lsn && lsn <= gap.toLsn);
  }

  /** The nearest moment that can be seen at or after (1) or before (-1) `lsn`, within the recording's bounds. */
  nearestLsn(lsn: number, direction: 1 | -1): number {
    let at = Math.min(Math.max(lsn, this.firstLsn), this.lastLsn);
    for (let gap = this.gapAt(at); gap !== undefined; gap = this.gapAt(at)) {
      if (direction > 0 && gap.toLsn + 1 <= this.lastLsn) at = gap.toLsn + 1;
      else {
        direction = -1;
        at = gap.fromLsn - 1;
      }
      if (at <= this.firstLsn) return this.firstLsn;
    }
    return at;
  }

  /** The block that holds a record; the row is `batch.rowOf(lsn)`. Valid until the next call on this recording. */
  batchAt(lsn: number): Result<RecordBatch> {
    const block = this.source.findBlock(lsn);
    if (block < 0) {
      const gap = this.gapAt(lsn);
      if (gap !== undefined) {
        return fail(
          "LOG_RECORDS_LOST",
          `records ${gap.fromLsn} to ${gap.toLsn} are lost`,
          "Go to a record before or after them",
          { lsn },
        );
      }
      return fail(
        "LSN_OUT_OF_RANGE",
        "there is no such record",
        `Give an LSN from ${this.source.firstLsn} to ${this.source.lastLsn}`,
        { lsn },
      );
    }
    return this.#index.blocks.block(block);
  }

  record(lsn: number): Result<RecordInfo> {
    const batch = this.batchAt(lsn);
    return batch.ok ? ok(recordInfo(batch.value, batch.value.rowOf(lsn))) : batch;
  }

  /** A page with its bytes as they were after `lsn`; undefined where it did not exist then. */
  pageAt(id: bigint, lsn: number): Result<PageImage | undefined> {
    const checked = this.checkLsn(lsn);
    if (!checked.ok) return checked;
    const slot = this.slotOf(id);
    const life = slot < 0 ? NONE : this.#index.tables.lifeAt(slot, lsn);
    if (life === NONE) return { ok: true, value: undefined };
    const bytes = new Uint8Array(this.#index.tables.lives.sizeBytes.data[life]!);
    const epoch = this.#reader.read(slot, life, lsn, bytes);
    if (!epoch.ok) return epoch;
    const properties = this.#properties.at(life, lsn);
    if (!properties.ok) return properties;
    return ok({ id, sizeBytes: bytes.length, epoch: epoch.value, ...properties.value, bytes });
  }

  /** A page without its bytes. */
  descriptorAt(id: bigint, lsn: number): Result<PageDescriptor | undefined> {
    const checked = this.checkLsn(lsn);
    if (!checked.ok) return checked;
    const slot = this.slotOf(id);
    const life = slot < 0 ? NONE : this.#index.tables.lifeAt(slot, lsn);
    if (life === NONE) return { ok: true, value: undefined };
    return this.#describe(slot, life, lsn);
  }

  /** The slot of a page in the index, or -1 where the recording never had it. */
  slotOf(id: bigint): number {
    return this.#index.tables.ids.find(Number(id & 0xffff_ffffn), Number((id >> 32n) & 0xffff_ffffn));
  }

  #describe(slot: number, life: number, lsn: number): Result<PageDescriptor> {
    const place = this.#placeAt(slot, life, lsn);
    if (!place.ok) return place;
    const properties = this.#properties.at(life, lsn);
    if (!properties.ok) return properties;
    const { tables } = this.#index;
    return ok({
      id: tables.ids.id(slot),
      sizeBytes: tables.lives.sizeBytes.data[life]!,
      epoch: place.value === undefined ? tables.lives.epoch.data[life]! : place.value.epoch,
      ...properties.value,
    });
  }

  /** The page's last delta of this life at or before `lsn`. */
  #placeAt(slot: number, life: number, lsn: number): Result<PageDeltas | undefined> {
    const place = new PageDeltas(this.#index, slot);
    const found = place.seek(lsn);
    if (!found.ok) return found;
    return { ok: true, value: place.lsn > this.#index.tables.lives.fromLsn.data[life]! ? place : undefined };
  }

  /** Calls `visit` for every page that exists after `lsn`, in id order, until it returns an error. */
  #visit(lsn: number, visit: (slot: number, life: number) => Result<void>): Result<void> {
    const checked = this.checkLsn(lsn);
    if (!checked.ok) return checked;
    for (const slot of this.#inIdOrder()) {
      const life = this.#index.tables.lifeAt(slot, lsn);
      if (life === NONE) continue;
      const visited = visit(slot, life);
      if (!visited.ok) return visited;
    }
    return ok();
  }

  #inIdOrder(): Uint32Array {
    const { ids } = this.#index.tables;
    if (this.#slotsInIdOrder.length !== ids.count) {
      const { lo, hi } = ids;
      this.#slotsInIdOrder = Uint32Array.from({ length: ids.count }, (_, slot) => slot).sort(
        (a, b) => hi.data[a]! - hi.data[b]! || lo.data[a]! - lo.data[b]!,
      );
    }
    return this.#slotsInIdOrder;
  }

  /** Every page that exists after `lsn`, in id order, without bytes. */
  pagesAt(lsn: number): Result<PageDescriptor[]> {
    const pages: PageDescriptor[] = [];
    const visited = this.#visit(lsn, (slot, life) => {
      const page = this.#describe(slot, life, lsn);
      if (!page.ok) return page;
      pages.push(page.value);
      return ok();
    });
    return visited.ok ? ok(pages) : visited;
  }

  /** The same in columns, without metadata and schemas: for hundreds of thousands of pages. */
  pageColumnsAt(lsn: number): Result<PageColumnsAt> {
    const { tables } = this.#index;
    const { lives } = tables;
    const capacity = tables.ids.count;
    const ids = new BigUint64Array(capacity);
    const sizeBytes = new Float64Array(capacity);
    const epoch = new Float64Array(capacity);
    const location = new Uint8Array(capacity);
    const type = new Uint32Array(capacity);
    const lastDeltaLsn = new Float64Array(capacity);
    let count = 0;
    const visited = this.#visit(lsn, (slot, life) => {
      const place = this.#placeAt(slot, life, lsn);
      if (!place.ok) return place;
      ids[count] = tables.ids.id(slot);
      sizeBytes[count] = lives.sizeBytes.data[life]!;
      epoch[count] = place.value?.epoch ?? lives.epoch.data[life]!;
      lastDeltaLsn[count] = place.value?.lsn ?? 0;
      location[count] = this.#properties.locationAt(life, lsn);
      type[count++] = lives.type.data[life]!;
      return ok();
    });
    if (!visited.ok) return visited;
    return ok({
      count,
      ids: ids.subarray(0, count),
      sizeBytes: sizeBytes.subarray(0, count),
      epoch: epoch.subarray(0, count),
      location: location.subarray(0, count),
      type: type.subarray(0, count),
      types: tables.types.texts,
      lastDeltaLsn: lastDeltaLsn.subarray(0, count),
    });
  }

  /** Every edge that stands after `lsn`, in order of (from, to, type). */
  edgesAt(lsn: number): Result<Edge[]> {
    const checked = this.checkLsn(lsn);
    if (!checked.ok) return checked;
    const { edges } = this.#index.tables;
    const standing: Edge[] = [];
    for (let row = 0; row < edges.count; row++) {
      if (edges.fromLsn.data[row]! > lsn || edges.untilLsn.data[row]! <= lsn) continue;
      standing.push({ from: edges.from(row), to: edges.to(row), type: EDGE_TYPES[edges.type.data[row]!]! });
    }
    return ok(standing.sort(compareEdges));
  }

  notesAt(lsn: number): Result<StateNotes> {
    const checked = this.checkLsn(lsn);
    if (!checked.ok) return checked;
    const open = this.#index.openTransaction(lsn);
    if (!open.ok) return open;
    const { tables } = this.#index;
    const uncertain = tables.uncertain.at(lsn).map((slot) => tables.ids.id(slot));
    return ok({
      inTransaction: open.value !== 0,
      afterGap: tables.isAfterGap(lsn),
      uncertain: uncertain.sort((a, b) => (a < b ? -1 : 1)),
    });
  }

  stateHashAt(lsn: number): Result<Uint8Array> {
    const { tables } = this.#index;
    const rows: PageHashRow[] = [];
    let scratch = new Uint8Array(0);
    const visited = this.#visit(lsn, (slot, life) => {
      const sizeBytes = tables.lives.sizeBytes.data[life]!;
      if (scratch.length < sizeBytes) scratch = new Uint8Array(sizeBytes);
      const row = this.#hashRow(slot, life, lsn, scratch.subarray(0, sizeBytes));
      if (!row.ok) return row;
      rows.push(row.value);
      return ok();
    });
    return visited.ok ? ok(stateHashOf(rows)) : visited;
  }

  #hashRow(slot: number, life: number, lsn: number, bytes: Uint8Array): Result<PageHashRow> {
    const { tables } = this.#index;
    const place = new PageDeltas(this.#index, slot);
    const found = place.seek(lsn);
    if (!found.ok) return found;
    const begin = tables.lives.fromLsn.data[life]!;
    const changed = Math.max(begin, place.lsn);
    const epoch = place.lsn > begin ? place.epoch : tables.lives.epoch.data[life]!;
    let known = this.#hashes.get(slot);
    if (known === undefined || known.lsn !== changed || known.life !== life) {
      const read = this.#reader.readAt(place, life, bytes);
      if (!read.ok) return read;
      known = { lsn: changed, life, hash: hashPageBytes(bytes) };
      this.#hashes.set(slot, known);
    }
    return ok({ id: tables.ids.id(slot), sizeBytes: bytes.length, epoch, sha256: known.hash });
  }

  structureHashAt(lsn: number): Result<Uint8Array> {
    const pages = this.pagesAt(lsn);
    if (!pages.ok) return pages;
    const edges = this.edgesAt(lsn);
    return edges.ok ? ok(structureHash(pages.value, edges.value)) : edges;
  }

  /** The last LSN whose running-maximum time is not later than `timeNs`; the recording's beginning where even the first is. */
  lsnAtTime(timeNs: bigint): Result<number> {
    const index = this.#index;
    for (let run = 0, low = 0, high = index.runCount; ; ) {
      // the first run that ends later
      while (low < high) {
        const middle = (low + high) >>> 1;
        if (index.header(middle).maxTimeNs > timeNs) high = middle;
        else low = middle + 1;
      }
      run = low;
      if (run === index.runCount) return ok(this.lastLsn);
      const columns = index.columns(run);
      if (!columns.ok) return columns;
      const { blockOffset, blockRecords, blockRunningMaxTime } = columns.value;
      const block = blockRunningMaxTime.findIndex((max) => max > timeNs);
      const firstLsn = index.header(run).firstLsn + blockOffset[block]!;
      const batch = this.batchAt(firstLsn);
      if (!batch.ok) return batch;
      const row = batch.value.rowOf(firstLsn);
      for (let i = 0; i < blockRecords[block]!; i++) {
        if (batch.value.timestampNs(row + i) > timeNs) return ok(this.nearestLsn(firstLsn + i - 1, -1));
      }
      return ok(this.nearestLsn(firstLsn + blockRecords[block]! - 1, -1));
    }
  }

  /** Looks for records written since and indexes them; true where there are new ones. */
  refresh(): Result<boolean> {
    return finish(this.refreshing());
  }

  *refreshing(): Generator<BuildProgress, Result<boolean>> {
    const grown = this.source.refresh();
    if (!grown.ok || !grown.value) return grown;
    this.#builder ??= new IndexBuilder(this.#index, buildOptionsFor(this.#index, this.#options, true));
    const built = yield* this.#builder.build(false);
    this.generation++;
    return built.ok ? ok(true) : built;
  }

  /** Keeps what was indexed since the recording was opened; harmless where it cannot. Call before `close` to make the next opening fast. */
  *saving(): Generator<BuildProgress, Result<void>> {
    return yield* saveIndex(this.#index, this.#builder, this.#options);
  }

  close(): void {
    this.#builder?.dispose();
    this.#index.close();
    this.#hashes.clear();
    this.source.close();
  }
}
