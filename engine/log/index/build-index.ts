import type { Accel } from "../../accel/accel.ts";
import { ok, type Result } from "../../base/result.ts";
import { type LogFileSystem, nodeFileSystem } from "../file-system.ts";
import { RecordBatch } from "../record-batch.ts";
import { RecordKind } from "../record-kinds.ts";
import { baseOf, type CheckpointRef, type RecordSource } from "../record-source.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { type IndexRun, type RunColumns, type RunHeader, runParts } from "./index-run.ts";
import { IndexTables } from "./index-tables.ts";
import { LogIndex } from "./log-index.ts";
import { PageReader } from "./page-reader.ts";
import { PageStore } from "./page-store.ts";
import { RecordScanner } from "./record-scanner.ts";
import { checkOfBlock, RunBuilder } from "./run-builder.ts";
import { noteRun, sealRun } from "./seal-run.ts";

/** Bytes appended between two yields: a checksum over them and a write, some 1 ms. */
const APPEND_BYTES = 1 << 20;
/** Records of a block scanned between two yields: 0.1 µs a delta, 5 µs a page made. */
const ROWS_A_STEP = 512;
/** What one more block may add to a run that is almost full. */
const MAX_BLOCK_BODIES = 1 << 20;

export interface BuildProgress {
  /** Of the recording's bytes, judged by its blocks. */
  readonly doneBytes: number;
  readonly totalBytes: number;
}

export interface BuildOptions {
  /** Memory for the pages' current bytes while building; the rest goes to a temporary file. */
  readonly pageBytes: number;
  /** A run is sealed when it holds this many bytes of bodies or… */
  readonly runBodyBytes: number;
  /** …this many records. */
  readonly runRecords: number;
  /** Where the chunk store keeps everything in memory: how much it may take before keyframes thin out. Infinity for a file. */
  readonly memoryBytes: number;
  /** No keyframes and no clusters at all: every page is rebuilt from its checkpoint or creation. */
  readonly isBare?: boolean;
  /** Seals runs at just these LSNs and ends behind the last: so the chunks of an index come out as they were, however it had grown. */
  readonly sealAt?: readonly number[];
  readonly files?: LogFileSystem;
  readonly hot?: Accel;
}

/** 16 runs a GiB of log: a run's tables (some 5 MiB) are then a small part of any cache, and a seek passes few runs. */
export const DEFAULT_RUN = { bodyBytes: 32 << 20, records: 1 << 19 };

/** An index that covers nothing yet: the state that the recording begins with. */
export function emptyIndex(
  source: RecordSource,
  store: ChunkStore,
  caches: { blockCacheBytes: number; runCacheBytes: number },
): Result<LogIndex> {
  const tables = new IndexTables();
  const baseLsn = Math.max(0, source.firstLsn - 1);
  const index = new LogIndex({ source, tables, store, headers: [], baseLsn, ...caches });
  const scanner = new RecordScanner(tables, new RunBuilder(tables));
  const first = baseOf(source);
  const image = first === undefined ? undefined : index.image(first.lsn);
  if (image?.ok === true) scanner.adopt(image.value, true);
  // A whole recording without a checkpoint began with nothing. In a damaged one, or one whose oldest part is gone, the state that it
  // began with may be lost: as if there had been records before the first.
  else if (first !== undefined || baseLsn > 0 || source.damage.length > 0) scanner.passGap(baseLsn);
  return ok(index);
}

/**
 * Extends an index over the records that it does not cover yet: one pass, forwards. A generator, so that a server can take it in slices
 * and drop it: each step takes a block or a few milliseconds at most. Can be run again whenever the recording has grown.
 */
export class IndexBuilder {
  readonly #index: LogIndex;
  readonly #options: BuildOptions;
  readonly #tables: IndexTables;
  readonly #run: RunBuilder;
  readonly #scanner: RecordScanner;
  readonly #pages: PageStore;
  readonly #batch = new RecordBatch();
  readonly #mending: CheckpointRef[] = [];
  #mendingCount = 0;
  #nextMending = 0;
  #nextGap = 0;
  #sourceStrings: readonly string[] = [];
  #sourceOf = new Uint32Array(0);
  #nextLsn: number;
  #keyframeFactor = 1;
  #isClustered = true;
  #nextSeal = 0;
  /** The scanner knows what the index knew. */
  #isPrepared = false;
  #doneBlocks = 0;

  constructor(index: LogIndex, options: BuildOptions) {
    this.#index = index;
    this.#options = options;
    this.#tables = index.tables;
    this.#run = new RunBuilder(this.#tables, options.hot);
    this.#scanner = new RecordScanner(this.#tables, this.#run);
    const reader = new PageReader(index);
    this.#pages = new PageStore(options.pageBytes, options.files ?? nodeFileSystem, (slot, life, out) => {
      const sealedLsn = index.headers.at(-1)?.lastLsn ?? index.baseLsn;
      const read = reader.read(slot, life, sealedLsn, out);
      return read.ok ? ok() : read;
    });
    const last = index.headers.at(-1);
    this.#nextLsn = Math.max(index.baseLsn + 1, (last?.lastLsn ?? 0) + 1, index.source.firstLsn);
    if (last !== undefined) {
      const open = index.openTransaction(last.lastLsn);
      this.#scanner.openTransactionLsn = open.ok ? open.value : 0;
    }
    this.#run.reset(this.#nextLsn, this.#scanner.openTransactionLsn, last?.maxTimeNs ?? 0n);
    // gaps and checkpoints that were passed already
    const { gaps } = index.source;
    while (this.#nextGap < gaps.length && gaps[this.#nextGap]!.toLsn < this.#nextLsn) this.#nextGap++;
  }

  /** Bytes of memory the builder holds beside the index. */
  get residentBytes(): number {
    return this.#pages.residentBytes;
  }

  /** Indexes everything up to the recording's present end. With `sealTail` no run is left growing. */
  *build(sealTail: boolean): Generator<BuildProgress, Result<void>> {
    const { source } = this.#index;
    if (!this.#isPrepared) {
      yield* this.#sliced(this.#scanner.prepare());
      this.#isPrepared = true;
    }
    this.#findMending();
    let block =
      source.blockCount === 0 || this.#nextLsn > source.lastLsn
        ? source.blockCount
        : source.findBlock(this.#nextLsn);
    if (block < 0) block = this.#blockAfter(this.#nextLsn);
    this.#run.reserve(Math.min(this.#options.runBodyBytes + MAX_BLOCK_BODIES, source.fileBytes));
    yield this.#progress;
    for (; block < source.blockCount && this.#tables.stop === undefined; block++) {
      if (this.#options.sealAt?.length === this.#nextSeal) return ok();
      const scanned = yield* this.#block(block);
      if (!scanned.ok) return scanned;
      this.#doneBlocks = block + 1;
      yield this.#progress;
    }
    if (this.#tables.stop === undefined) {
      // a checkpoint of the very last state may make up for what was lost
      const passed = yield* this.#passTo(this.#nextLsn);
      if (!passed.ok) return passed;
    }
    if (sealTail) return yield* this.#seal();
    this.#index.tail = yield* this.#tail();
    return ok();
  }

  /** The first block that begins at or after `lsn`, which no block holds. */
  #blockAfter(lsn: number): number {
    const { source } = this.#index;
    let low = 0;
    let high = source.blockCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (source.blockFirstLsn(middle) < lsn) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #findMending(): void {
    const { checkpoints } = this.#index.source;
    if (checkpoints.length === this.#mendingCount) return;
    this.#mendingCount = checkpoints.length;
    this.#mending.length = 0;
    for (const ref of checkpoints)
      if (ref.kind === "full" && ref.lsn >= this.#nextLsn - 1) this.#mending.push(ref);
    this.#nextMending = 0;
  }

  *#block(block: number): Generator<BuildProgress, Result<void>> {
    const batch = this.#batch;
    const read = this.#index.source.readBlock(block, batch);
    if (!read.ok) return read;
    if (batch.count === 0) return ok();
    const sourceOf = this.#mapSources(batch);
    let row = Math.max(0, this.#nextLsn - batch.firstLsn);
    while (row < batch.count && this.#tables.stop === undefined) {
      const passed = yield* this.#passTo(batch.firstLsn + row);
      if (!passed.ok) return passed;
      if (this.#run.isEmpty) {
        const open = row === 0 ? batch.openTransactionLsn : this.#scanner.openTransactionLsn;
        this.#scanner.openTransactionLsn = open;
        const header = this.#index.headers.at(-1);
        this.#run.reset(batch.firstLsn + row, open, header?.maxTimeNs ?? 0n);
      }
      row = yield* this.#scan(batch, row, this.#limit(batch, row), sourceOf);
      this.#nextLsn = batch.firstLsn + row;
      if (this.#sealLsn !== this.#nextLsn - 1) continue;
      const sealed = yield* this.#seal();
      if (!sealed.ok) return sealed;
      this.#nextSeal++;
      if (this.#sealLsn === undefined) return ok();
    }
    if (this.#options.sealAt !== undefined) return ok();
    if (
      this.#run.bodyBytes >= this.#options.runBodyBytes ||
      this.#run.recordCount >= this.#options.runRecords
    )
      return yield* this.#seal();
    return ok();
  }

  /** Where the next run is to be sealed, if that is given. */
  get #sealLsn(): number | undefined {
    return this.#options.sealAt?.[this.#nextSeal];
  }

  /** Rows up to and with the next gap record, or the next checkpoint that mends something. */
  #limit(batch: RecordBatch, row: number): number {
    const { kind } = batch;
    const most = Math.min(batch.count, (this.#sealLsn ?? Number.POSITIVE_INFINITY) + 1 - batch.firstLsn);
    let limit = row;
    while (limit < most && kind[limit++] !== RecordKind.Gap);
    if (!this.#tables.hasUnmendedGap) return limit;
    const next = this.#mending[this.#nextMending];
    return next === undefined ? limit : Math.min(limit, Math.max(row + 1, next.lsn + 1 - batch.firstLsn));
  }

  /** Rows `[from, to)`, or those before the first that replay cannot pass. Returns the row it stopped before. */
  *#scan(
    batch: RecordBatch,
    from: number,
    to: number,
    sourceOf: Uint32Array,
  ): Generator<BuildProgress, number> {
    const { tables } = this.#index;
    if (this.#run.isEmpty && this.#index.headers.length === 0) tables.firstTimeNs = batch.timestampNs(from);
    const shift = this.#run.addBlock(batch, from, to, sourceOf);
    let done = from;
    for (let stop = from; done === stop && stop < to; ) {
      if (stop > from) yield this.#progress;
      stop = Math.min(to, stop + ROWS_A_STEP);
      done = this.#scanner.scan(batch, done, stop, shift);
    }
    if (done < to) this.#run.cut(batch.firstLsn + done);
    this.#run.endBlock(batch, from, done);
    if (done > from) tables.lastTimeNs = batch.timestampNs(done - 1);
    if (done > from && batch.kind[done - 1] === RecordKind.Gap) this.#skipMending(batch.firstLsn + done - 1);
    return done;
  }

  /** Whatever lies between the last record and `lsn`: lost records, and checkpoints that make up for them. */
  *#passTo(lsn: number): Generator<BuildProgress, Result<void>> {
    const { source, baseLsn } = this.#index;
    for (;;) {
      const gap = source.gaps[this.#nextGap];
      if (gap !== undefined && gap.toLsn <= baseLsn) {
        this.#nextGap++;
        continue;
      }
      const gapLsn = gap !== undefined && gap.fromLsn < lsn ? gap.fromLsn : Number.POSITIVE_INFINITY;
      const ref = this.#mending[this.#nextMending];
      if (ref !== undefined && ref.lsn < Math.min(lsn, gapLsn)) {
        this.#nextMending++;
        if (!this.#tables.hasUnmendedGap) continue;
        const sealed = yield* this.#seal();
        if (!sealed.ok) return sealed;
        this.#adopt(ref);
        continue;
      }
      if (gapLsn === Number.POSITIVE_INFINITY) return ok();
      this.#nextGap++;
      const sealed = yield* this.#seal();
      if (!sealed.ok) return sealed;
      this.#skipMending(gap!.fromLsn);
      this.#scanner.passGap(gap!.toLsn + 1);
    }
  }

  /** Checkpoints before `lsn` make up for nothing that is lost from there on. */
  #skipMending(lsn: number): void {
    while (this.#nextMending < this.#mending.length && this.#mending[this.#nextMending]!.lsn < lsn)
      this.#nextMending++;
  }

  #adopt(ref: CheckpointRef): void {
    const image = this.#index.image(ref.lsn);
    // a checkpoint that cannot be read mends nothing; the pages stay uncertain
    if (!image.ok) return;
    this.#scanner.adopt(image.value, false);
    // one that stands inside the stretch that was lost: what follows it is lost all the same
    const lost = this.#index.source.gaps.find((gap) => gap.fromLsn <= ref.lsn && ref.lsn < gap.toLsn);
    if (lost !== undefined) this.#scanner.passGap(lost.toLsn + 1);
  }

  #mapSources(batch: RecordBatch): Uint32Array {
    if (batch.strings === this.#sourceStrings && this.#sourceOf.length >= batch.strings.length)
      return this.#sourceOf;
    this.#sourceStrings = batch.strings;
    this.#sourceOf = new Uint32Array(Math.max(1, batch.strings.length));
    for (let i = 0; i < batch.strings.length; i++)
      this.#sourceOf[i] = this.#tables.addSource(batch.strings[i]!);
    if (batch.strings.length === 0) this.#sourceOf[0] = this.#tables.addSource("");
    return this.#sourceOf;
  }

  *#tail(): Generator<BuildProgress, IndexRun | undefined> {
    if (this.#run.isEmpty) return undefined;
    const { columns, cluster } = yield* this.#sliced(this.#run.tables(false));
    return { header: this.#header(columns, 0, -1, 0, -1), columns, cluster };
  }

  /** CRC of the block that holds the run's last record. */
  #lastBlockCheck(): Result<number> {
    const { lastLsn } = this.#run;
    if (lastLsn >= this.#batch.firstLsn && lastLsn < this.#batch.firstLsn + this.#batch.count)
      return ok(checkOfBlock(this.#batch));
    const batch = this.#index.blocks.block(this.#index.source.findBlock(lastLsn));
    return batch.ok ? ok(checkOfBlock(batch.value)) : batch;
  }

  #header(
    columns: RunColumns,
    lastBlockCheck: number,
    tablesAt: number,
    tablesBytes: number,
    clusterAt: number,
  ): RunHeader {
    const run = this.#run;
    return {
      firstLsn: run.firstLsn,
      lastLsn: run.lastLsn,
      openTransactionLsn: run.openTransactionLsn,
      maxTimeNs: run.maxTimeNs,
      blockCount: columns.blockOffset.length,
      lastBlockCheck,
      bodyBytes: run.bodyBytes,
      tablesAt,
      tablesBytes,
      clusterAt,
    };
  }

  *#seal(): Generator<BuildProgress, Result<void>> {
    const run = this.#run;
    if (run.isEmpty) {
      this.#index.tail = undefined;
      return ok();
    }
    this.#thinOut();
    const { store, headers } = this.#index;
    const { columns, cluster } = yield* this.#sliced(run.tables(true));
    const sealed = yield* this.#sliced(
      sealRun(run.firstLsn, columns, cluster, this.#tables, store, this.#pages, {
        isClustered: this.#isClustered,
        keyframeFactor: this.#keyframeFactor,
        hot: this.#run.hot,
      }),
    );
    if (!sealed.ok) return sealed;
    let clusterAt = -1;
    if (this.#isClustered) {
      const at = yield* this.#append(cluster);
      if (!at.ok) return at;
      clusterAt = at.value;
    } else columns.deltaBody = new Uint32Array(0);
    yield this.#progress;
    const tablesAt = store.length;
    for (const part of runParts(columns)) {
      const tables = yield* this.#append(part);
      if (!tables.ok) return tables;
    }
    const tablesBytes = store.length - tablesAt;
    const padded = store.pad();
    if (!padded.ok) return padded;
    const check = this.#lastBlockCheck();
    if (!check.ok) return check;
    noteRun(headers.length, columns, this.#tables);
    headers.push(this.#header(columns, check.value, tablesAt, tablesBytes, clusterAt));
    this.#index.tail = undefined;
    run.reset(run.lastLsn + 1, this.#scanner.openTransactionLsn, run.maxTimeNs);
    return ok();
  }

  /** Where the bytes begin: nothing else is appended between their parts. */
  *#append(bytes: Uint8Array): Generator<BuildProgress, Result<number>> {
    const { store } = this.#index;
    const at = store.length;
    for (let from = 0; from < bytes.length; from += APPEND_BYTES) {
      const part = store.append(bytes.subarray(from, from + APPEND_BYTES));
      if (!part.ok) return part;
      yield this.#progress;
    }
    return ok(at);
  }

  get #progress(): BuildProgress {
    const { blockCount, fileBytes: totalBytes } = this.#index.source;
    return { doneBytes: Math.floor((totalBytes * this.#doneBlocks) / Math.max(1, blockCount)), totalBytes };
  }

  /** Steps of a part of the work, each told as how far the whole is. */
  *#sliced<T>(steps: Generator<void, T>): Generator<BuildProgress, T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      yield this.#progress;
    }
  }

  /** An index in memory keeps within its bounds: no clusters beyond half of it, and keyframes ever further apart. */
  #thinOut(): void {
    const { memoryBytes, isBare } = this.#options;
    if (isBare === true) {
      this.#isClustered = false;
      this.#keyframeFactor = Number.POSITIVE_INFINITY;
      return;
    }
    if (memoryBytes === Number.POSITIVE_INFINITY) return;
    const used = (this.#index.store.appendedBytes + this.#run.bodyBytes * 2) / memoryBytes;
    if (used > 0.5) this.#isClustered = false;
    this.#keyframeFactor = used >= 1 ? Number.POSITIVE_INFINITY : 2 ** Math.floor(-Math.log2(1 - used));
  }

  dispose(): void {
    this.#pages.dispose();
  }
}
