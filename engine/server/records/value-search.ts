import { shortRun } from "../../accel/run-apply.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { DeltaBodies } from "../../log/index/delta-bodies.ts";
import { lastAtMost } from "../../log/index/growable.ts";
import { epochAfter, findRow, type IndexRun, type RunColumns } from "../../log/index/index-run.ts";
import { RecordBatch } from "../../log/record-batch.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { MatchBits } from "./match-bits.ts";
import type { RecordMatcher } from "./record-matcher.ts";
import type { RowSet } from "./row-set.ts";
import type { ValueWatch } from "./value-watch.ts";

/** Work between two chances to stop, some 0.5 ms: a delta is one. */
const WORK_A_STEP = 2048;
const WORK_OF_A_PIECE = 256;
/** A page met for the first time, whose bytes must be rebuilt. */
const WORK_OF_A_PAGE = 128;
const WORK_OF_A_BLOCK = 512;
const ROWS_A_STEP = 64;

/**
 * The deltas whose pages hold a value afterwards. Run by run of the index, and in it page by page: there the bodies of one page's deltas stand
 * one after another, and those that lie beside what is watched are passed over without a look at the rest of them. Only what is found is
 * looked up in the blocks of the log, and only where the filter says more. Whoever wants a result drives it, as with any search.
 */
export class ValueSearch implements RowSet {
  readonly #recording: Recording;
  readonly #matcher: RecordMatcher;
  readonly #watch: ValueWatch;
  readonly #bits: MatchBits;
  readonly #runs = new RunList();
  readonly #bodies: DeltaBodies;
  /** Steps of the search up to what is indexed now; begun anew when that has grown. */
  #steps: Generator<undefined, Result<void>> | undefined;
  #searchedLsn: number;

  constructor(recording: Recording, matcher: RecordMatcher, watch: ValueWatch) {
    this.#recording = recording;
    this.#matcher = matcher;
    this.#watch = watch;
    this.#bits = new MatchBits(recording.source);
    this.#bodies = new DeltaBodies(recording.index);
    this.#searchedLsn = Math.max(recording.firstLsn, matcher.fromLsn - 1);
  }

  get total(): number {
    return this.#bits.total;
  }

  get sizeBytes(): number {
    return this.#bits.sizeBytes;
  }

  get isComplete(): boolean {
    return this.#searchedLsn >= Math.min(this.#matcher.toLsn, this.#recording.lastLsn);
  }

  get searchedLsn(): number {
    return this.isComplete ? this.#recording.lastLsn : this.#searchedLsn;
  }

  rank(lsn: number): Result<number> {
    return ok(this.#bits.rank(lsn));
  }

  *select(from: number, to: number): Sliced<Result<Float64Array>> {
    return ok(yield* this.#bits.select(from, to));
  }

  *advance(): Sliced<Result<void>> {
    yield;
    this.#steps ??= this.#search();
    const step = this.#steps.next();
    if (step.done !== true) return ok();
    this.#steps = undefined;
    return step.value;
  }

  *#search(): Generator<undefined, Result<void>> {
    const { index } = this.#recording;
    while (!this.isComplete) {
      this.#matcher.followPages();
      let number = Math.max(0, index.findRun(this.#searchedLsn + 1));
      // Between two runs records may be lost.
      if (number < index.runCount && index.header(number).lastLsn <= this.#searchedLsn) number++;
      if (number >= index.runCount) {
        this.#searchedLsn = this.#recording.lastLsn;
        return ok();
      }
      // What still grows is replaced when it has grown: it is gone through as it stands now.
      const tail = number === index.headers.length ? index.tail : undefined;
      const header = index.header(number);
      const columns = yield* index.loading(number);
      if (!columns.ok) return columns;
      const last = Math.min(header.lastLsn, this.#matcher.toLsn);
      if (!this.#bits.canHold(last)) {
        return fail(
          "LIMIT_EXCEEDED",
          "the recording has too many records to search at once",
          "Narrow the filter with fromLsn and toLsn",
          { lsn: last },
        );
      }
      this.#watch.horizonLsn = header.lastLsn + 1;
      const from = Math.max(this.#searchedLsn + 1, header.firstLsn);
      const run = { header, columns: columns.value, cluster: tail?.cluster };
      // Bodies that do not lie together are read with their blocks.
      const isClustered = run.columns.deltaBody.length > 0;
      const valued = yield* isClustered ? this.#run(number, run, from, last) : this.#blocks(from, last);
      if (!valued.ok) return valued;
      const kept = this.#matcher.hasConditions ? yield* this.#sift(from, last) : ok();
      if (!kept.ok) return kept;
      this.#bits.reach(last);
      this.#searchedLsn = header.lastLsn;
    }
    return ok();
  }

  /** The deltas of a run between two LSNs, page by page. */
  *#run(number: number, run: IndexRun, fromLsn: number, toLsn: number): Generator<undefined, Result<void>> {
    const { columns, header } = run;
    const { rowSlot, rowDelta, deltaOffset } = columns;
    const rows = this.#rowsOf(columns);
    const bodies = new Bodies(this.#bodies, number, run);
    const watch = this.#watch;
    let work = 0;
    for (let i = 0; i < (rows?.length ?? rowSlot.length); i++) {
      const row = rows === undefined ? i : rows[i]!;
      const slot = rowSlot[row]!;
      const end = lastAtMost(deltaOffset, rowDelta[row]!, rowDelta[row + 1]!, toLsn - header.firstLsn) + 1;
      let at = lastAtMost(deltaOffset, rowDelta[row]!, end, fromLsn - 1 - header.firstLsn) + 1;
      work++;
      for (; at < end; at++) {
        if (++work > WORK_A_STEP) {
          work = 0;
          yield;
        }
        const lsn = header.firstLsn + deltaOffset[at]!;
        const span = watch.enter(slot, lsn);
        if (!span.ok) return span;
        if (span.value.end === 0) continue;
        const loaded = bodies.load(at, rows === undefined ? deltaOffset.length : end);
        if (!loaded.ok) return loaded;
        if (loaded.value) work += WORK_OF_A_PIECE;
        const { bytes, start, stop } = bodies;
        const offset = shortRun(bytes, start, stop);
        if (offset >= 0 && (offset >= span.value.end || offset + stop - start <= span.value.begin)) continue;
        const payloadAt = decodeDeltaBody(bytes, start, stop, this.#runs);
        // A malformed body changes nothing, so it has no value.
        if (payloadAt < 0) continue;
        const pagesRead = watch.pagesRead;
        const matched = watch.matches(lsn, epochAfter(columns, row, at), this.#runs, bytes, payloadAt);
        if (!matched.ok) return matched;
        if (matched.value) this.#bits.add(lsn);
        work += (watch.pagesRead - pagesRead) * WORK_OF_A_PAGE;
      }
    }
    return ok();
  }

  /** The same from the blocks, in LSN order. */
  *#blocks(fromLsn: number, toLsn: number): Generator<undefined, Result<void>> {
    const { source, index } = this.#recording;
    const { slots } = this.#matcher;
    const batch = new RecordBatch();
    for (let block = source.findBlock(fromLsn); block < source.blockCount; block++) {
      if (source.blockFirstLsn(block) > toLsn) break;
      const read = source.readBlock(block, batch);
      if (!read.ok) return read;
      const end = Math.min(batch.count, toLsn + 1 - batch.firstLsn);
      for (let row = Math.max(0, fromLsn - batch.firstLsn); row < end; row++) {
        if (batch.kind[row] !== RecordKind.Delta) continue;
        const slot = index.tables.ids.find(batch.pageLo[row]!, batch.pageHi[row]!);
        if (slots !== undefined && !slots.has(slot)) continue;
        const lsn = batch.firstLsn + row;
        const span = this.#watch.enter(slot, lsn);
        if (!span.ok) return span;
        if (span.value.end === 0) continue;
        const start = batch.bodyStart[row]!;
        const payloadAt = decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, this.#runs);
        if (payloadAt < 0) continue;
        const matched = this.#watch.matches(lsn, batch.epoch[row]!, this.#runs, batch.bytes, payloadAt);
        if (!matched.ok) return matched;
        if (matched.value) this.#bits.add(lsn);
        if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
      }
      yield;
    }
    return ok();
  }

  /** The rows of the pages that are wanted; undefined = all. */
  #rowsOf(columns: RunColumns): Uint32Array | undefined {
    const { slots } = this.#matcher;
    if (slots === undefined) return undefined;
    const rows = [...slots].map((slot) => findRow(columns, slot)).filter((row) => row >= 0);
    return Uint32Array.from(rows).sort();
  }

  /** Takes back what the rest of the filter does not let through. */
  *#sift(fromLsn: number, toLsn: number): Generator<undefined, Result<void>> {
    let work = 0;
    let blockLsn = -1;
    for (let lsn = this.#bits.next(fromLsn, toLsn + 1); lsn >= 0; lsn = this.#bits.next(lsn + 1, toLsn + 1)) {
      const batch = this.#recording.batchAt(lsn);
      if (!batch.ok) return batch;
      work += batch.value.firstLsn === blockLsn ? 1 : WORK_OF_A_BLOCK;
      blockLsn = batch.value.firstLsn;
      if (!this.#matcher.conditionsHold(batch.value, batch.value.rowOf(lsn))) this.#bits.remove(lsn);
      if (work < WORK_A_STEP) continue;
      work = 0;
      yield;
    }
    return ok();
  }
}

/** Bodies of one run's deltas, fetched in pieces. */
class Bodies {
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  stop = 0;
  readonly #bodies: DeltaBodies;
  readonly #number: number;
  readonly #run: IndexRun;
  #from = 0;
  #to = 0;

  constructor(bodies: DeltaBodies, number: number, run: IndexRun) {
    this.#bodies = bodies;
    this.#number = number;
    this.#run = run;
  }

  /** Makes the body of delta `at` stand at `bytes[start .. stop)`; true where a piece had to be fetched for it, of deltas before `end`. */
  load(at: number, end: number): Result<boolean> {
    const { columns, cluster } = this.#run;
    if (cluster !== undefined) {
      this.bytes = cluster;
      this.start = columns.deltaBody[at]!;
      this.stop = columns.deltaBody[at + 1]!;
      return NO;
    }
    const bodies = this.#bodies;
    const isFetched = at < this.#from || at >= this.#to;
    if (isFetched) {
      const loaded = bodies.load(this.#number, columns, at, end);
      if (!loaded.ok) return loaded;
      this.#from = at;
      this.#to = at + bodies.count;
    }
    this.bytes = bodies.bytes;
    this.start = bodies.start(at - this.#from);
    this.stop = bodies.start(at - this.#from + 1);
    return isFetched ? YES : NO;
  }
}

const YES: Result<boolean> = ok(true);
const NO: Result<boolean> = ok(false);
