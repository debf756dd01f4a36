import { MmsbError } from "../../base/errors.ts";
import { err, fail, ok, type Result } from "../../base/result.ts";
import { finish } from "../../base/sliced.ts";
import type { CheckpointImage, RecordSource } from "../record-source.ts";
import { BlockCache } from "./block-cache.ts";
import type { ChunkStore } from "./chunk-store.ts";
import { lastAtMost } from "./growable.ts";
import { decodeRun, type IndexRun, type RunColumns, type RunHeader, runBytes } from "./index-run.ts";
import type { IndexTables } from "./index-tables.ts";

/** Checkpoint images kept open; a recording needs its first one and, after damage, the one that mends it. */
const IMAGES_KEPT = 2;
/** Bytes of a run's tables read between two yields. */
const TABLES_STEP = 1 << 20;

/**
 * The index of one recording, as it stands: tables in memory, runs loaded on demand (bounded), and a run that still grows where the
 * recording is being written. `buildIndex` fills and extends it; this class only reads.
 */
export class LogIndex {
  readonly source: RecordSource;
  readonly tables: IndexTables;
  readonly store: ChunkStore;
  readonly blocks: BlockCache;
  readonly headers: RunHeader[];
  /** The records after the last header's, in memory. */
  tail: IndexRun | undefined;
  /** The state that replay begins with is the state after this record. */
  readonly baseLsn: number;
  readonly #runs = new Map<number, RunColumns>();
  readonly #runsLimitBytes: number;
  #runsBytes = 0;
  readonly #images = new Map<number, CheckpointImage>();

  constructor(options: {
    source: RecordSource;
    tables: IndexTables;
    store: ChunkStore;
    headers: RunHeader[];
    baseLsn: number;
    blockCacheBytes: number;
    runCacheBytes: number;
  }) {
    this.source = options.source;
    this.tables = options.tables;
    this.store = options.store;
    this.headers = options.headers;
    this.baseLsn = options.baseLsn;
    this.blocks = new BlockCache(options.source, options.blockCacheBytes);
    this.#runsLimitBytes = options.runCacheBytes;
  }

  /** The last LSN that it covers. */
  get lastLsn(): number {
    return this.tail?.header.lastLsn ?? this.headers.at(-1)?.lastLsn ?? this.baseLsn;
  }

  /** Runs, the growing one included. */
  get runCount(): number {
    return this.headers.length + (this.tail === undefined ? 0 : 1);
  }

  /** Memory that it holds and that its options bound. */
  get cacheBytes(): number {
    return this.#runsBytes + this.blocks.residentBytes + this.store.residentBytes;
  }

  header(run: number): RunHeader {
    return run === this.headers.length ? this.tail!.header : this.headers[run]!;
  }

  /** The last run that begins at or before `lsn`, or -1. O(log runs). */
  findRun(lsn: number): number {
    let low = 0;
    let high = this.runCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.header(middle).firstLsn <= lsn) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  columns(run: number): Result<RunColumns> {
    return finish(this.loading(run));
  }

  /** The same in slices of about a millisecond: the tables of a run take some MiB. */
  *loading(run: number): Generator<undefined, Result<RunColumns>> {
    if (run === this.headers.length) return ok(this.tail!.columns);
    const cached = this.#runs.get(run);
    if (cached !== undefined) {
      this.#runs.delete(run);
      this.#runs.set(run, cached);
      return ok(cached);
    }
    const header = this.headers[run]!;
    const bytes = new Uint8Array(header.tablesBytes);
    for (let at = 0; at < bytes.length; at += TABLES_STEP) {
      if (at > 0) yield;
      const part = Math.min(TABLES_STEP, bytes.length - at);
      const read = this.store.read(header.tablesAt + at, part, bytes, at);
      if (!read.ok) return read;
    }
    const columns = decodeRun(bytes);
    if (!columns.ok) return columns;
    const meanwhile = this.#runs.get(run);
    if (meanwhile !== undefined) return ok(meanwhile);
    this.#runs.set(run, columns.value);
    this.#runsBytes += runBytes(columns.value);
    for (const [oldest, dropped] of this.#runs) {
      if (this.#runsBytes <= this.#runsLimitBytes || oldest === run) break;
      this.#runs.delete(oldest);
      this.#runsBytes -= runBytes(dropped);
    }
    return columns;
  }

  /** LSN of the transaction that is open after the record at `lsn`; 0 = none. */
  openTransaction(lsn: number): Result<number> {
    const run = this.findRun(lsn);
    if (run < 0) return ok(0);
    const header = this.header(run);
    const columns = this.columns(run);
    if (!columns.ok) return columns;
    const { beginOffset, endOffset } = columns.value;
    const begin = lastAtMost(beginOffset, 0, beginOffset.length, lsn - header.firstLsn);
    const end = lastAtMost(endOffset, 0, endOffset.length, lsn - header.firstLsn);
    const beginLsn = begin < 0 ? header.openTransactionLsn : header.firstLsn + beginOffset[begin]!;
    const endLsn = end < 0 ? 0 : header.firstLsn + endOffset[end]!;
    return ok(beginLsn > endLsn ? beginLsn : 0);
  }

  /** The first commit or abort at or after `lsn`; undefined where the transaction never ends. */
  transactionEnd(lsn: number): Result<number | undefined> {
    for (let run = Math.max(0, this.findRun(lsn)); run < this.runCount; run++) {
      const header = this.header(run);
      const columns = this.columns(run);
      if (!columns.ok) return columns;
      const { endOffset } = columns.value;
      const at = lastAtMost(endOffset, 0, endOffset.length, lsn - 1 - header.firstLsn) + 1;
      if (at < endOffset.length) return ok(header.firstLsn + endOffset[at]!);
    }
    return { ok: true, value: undefined };
  }

  /** The full checkpoint whose state is that after `lsn`. */
  image(lsn: number): Result<CheckpointImage> {
    const open = this.#images.get(lsn);
    if (open !== undefined) return ok(open);
    const ref = this.source.checkpoints.find(
      (checkpoint) => checkpoint.lsn === lsn && checkpoint.kind === "full",
    );
    if (ref === undefined) {
      return fail(
        "CHECKPOINT_NOT_FOUND",
        "the checkpoint that replay begins with is missing",
        "Run 'mmsb verify' on the recording",
        { lsn },
      );
    }
    const image = this.source.loadCheckpoint(ref);
    if (!image.ok) return image;
    if (this.#images.size >= IMAGES_KEPT) this.#images.delete(this.#images.keys().next().value as number);
    this.#images.set(lsn, image.value);
    return image;
  }

  /** Which page of a checkpoint has this id, or -1. O(log pages). */
  static pageOf(image: CheckpointImage, id: bigint): number {
    let low = 0;
    let high = image.pages.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = image.pages[middle]!.id;
      if (found === id) return middle;
      if (found < id) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** A damaged table that a checksum did not show. */
  static damaged(message: string): { readonly ok: false; readonly error: MmsbError } {
    return err(
      new MmsbError("INDEX_DAMAGED", message, "Delete the index file; it is rebuilt from the recording"),
    );
  }

  close(): void {
    this.store.close();
    this.blocks.clear();
    this.#runs.clear();
    this.#images.clear();
  }
}
