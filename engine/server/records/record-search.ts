import { fail, ok, type Result } from "../../base/result.ts";
import { F64Column, lastAtMost } from "../../log/index/growable.ts";
import { RecordBatch } from "../../log/record-batch.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { PageBlocks } from "./page-blocks.ts";
import type { RecordMatcher } from "./record-matcher.ts";
import type { RowSet } from "./row-set.ts";

/** One bit a record: 2^31 of them are 256 MiB, and no search may take more. */
const MAX_RECORDS = 2 ** 31;
/** Blocks passed over in one step. */
const SKIPPED_A_STEP = 512;
/** Deltas judged by their values in one step: a page that is met for the first time takes some 20 µs. */
const VALUES_A_STEP = 128;

/**
 * The records that a filter lets through, found by reading blocks in order. Whoever wants a result drives it: it stands still when nobody
 * does, goes on where it stood, and several who want the same share it. One bit a record: 1.2 MB for 10 M.
 */
export class RecordSearch implements RowSet {
  readonly #recording: Recording;
  readonly #survey: Survey;
  readonly #matcher: RecordMatcher;
  readonly #firstLsn: number;
  readonly #pageBlocks: PageBlocks | undefined;
  readonly #batch = new RecordBatch();
  #bits = new Uint32Array(1024);
  /** Rows before each block that has been judged. */
  readonly #before = new F64Column();
  #total = 0;
  #block = 0;
  /** Of the block, those before it have been judged. */
  #row = 0;

  constructor(recording: Recording, survey: Survey, matcher: RecordMatcher) {
    this.#recording = recording;
    this.#survey = survey;
    this.#matcher = matcher;
    this.#firstLsn = recording.source.firstLsn;
    this.#pageBlocks = matcher.slots === undefined ? undefined : new PageBlocks(recording, matcher.slots);
  }

  get total(): number {
    return this.#total;
  }

  get isComplete(): boolean {
    const { source } = this.#recording;
    return (
      this.#block >= source.blockCount ||
      this.#lsnOf(this.#block) > Math.min(this.#matcher.toLsn, this.#recording.lastLsn)
    );
  }

  get searchedLsn(): number {
    return this.isComplete
      ? this.#recording.lastLsn
      : Math.max(this.#recording.firstLsn, this.#lsnOf(this.#block) - 1);
  }

  get sizeBytes(): number {
    return this.#bits.byteLength + this.#before.data.byteLength;
  }

  #lsnOf(block: number): number {
    return this.#recording.source.blockFirstLsn(block);
  }

  *advance(): Sliced<Result<void>> {
    yield;
    for (let skipped = 0; skipped < SKIPPED_A_STEP; skipped++) {
      if (this.isComplete) return ok();
      if (this.#row > 0) return this.#judge(this.#block);
      const worth = this.#mayHold(this.#block);
      if (!worth.ok) return worth;
      this.#before.push(this.#total);
      if (worth.value) return this.#judge(this.#block);
      this.#block++;
    }
    return ok();
  }

  /** False where the index already says that no record of the block is wanted. */
  #mayHold(block: number): Result<boolean> {
    const { source } = this.#recording;
    const firstLsn = this.#lsnOf(block);
    const endLsn = firstLsn + source.blockRecordCount(block);
    if (endLsn <= this.#matcher.fromLsn) return ok(false);
    if (!this.#surveySays(firstLsn, endLsn)) return ok(false);
    return this.#pageBlocks === undefined ? YES : this.#pageBlocks.mayHold(firstLsn);
  }

  #surveySays(firstLsn: number, endLsn: number): boolean {
    const survey = this.#survey;
    if (endLsn - 1 > survey.surveyedLsn) return true;
    const { kinds, sources, watchesValues } = this.#matcher;
    const deltasBySource = sources !== undefined && !watchesValues;
    for (let at = survey.findBlock(firstLsn); at < survey.blockCount && at >= 0; at++) {
      if (survey.firstLsn.data[at]! >= endLsn) return false;
      const isLast = at + 1 === survey.blockCount;
      const kindsEnd = isLast ? survey.kindCode.length : survey.kindFrom.data[at + 1]!;
      for (let kind = survey.kindFrom.data[at]!; kind < kindsEnd; kind++) {
        const code = survey.kindCode.data[kind]!;
        if (kinds[code] === 0) continue;
        if (code !== RecordKind.Delta || !deltasBySource) return true;
        const sourcesEnd = isLast ? survey.sourceNumber.length : survey.sourceFrom.data[at + 1]!;
        for (let i = survey.sourceFrom.data[at]!; i < sourcesEnd; i++) {
          if (sources.has(survey.sourceNumber.data[i]!)) return true;
        }
      }
    }
    return false;
  }

  /** The next rows of a block; with its last one the search stands at the next block. */
  #judge(block: number): Result<void> {
    const batch = this.#read(block);
    if (!batch.ok) return this.#pass(batch);
    const { count, firstLsn } = batch.value;
    const base = firstLsn - this.#firstLsn;
    if (base + count > MAX_RECORDS) {
      return fail(
        "LIMIT_EXCEEDED",
        "the recording has too many records to search at once",
        "Narrow the filter with fromLsn and toLsn",
        {
          lsn: firstLsn,
        },
      );
    }
    this.#reserve(base + count);
    const end = this.#matcher.watchesValues ? Math.min(count, this.#row + VALUES_A_STEP) : count;
    for (; this.#row < end; this.#row++) {
      const row = this.#row;
      const wanted = this.#matcher.matches(batch.value, row);
      if (!wanted.ok) return this.#pass(wanted);
      if (!wanted.value) continue;
      this.#bits[(base + row) >>> 5]! |= 1 << ((base + row) & 31);
      this.#total++;
    }
    return end === count ? this.#pass(ok()) : ok();
  }

  /** Into a batch of its own: what it goes through once need not be kept, nor push out what is looked at again. */
  #read(block: number): Result<RecordBatch> {
    const { source } = this.#recording;
    const batch = this.#batch;
    if (
      this.#row > 0 &&
      batch.firstLsn === this.#lsnOf(block) &&
      batch.count === source.blockRecordCount(block)
    )
      return ok(batch);
    const read = source.readBlock(block, batch);
    return read.ok ? ok(batch) : read;
  }

  #pass(result: Result<unknown>): Result<void> {
    this.#row = 0;
    this.#block++;
    return result.ok ? ok() : result;
  }

  #reserve(records: number): void {
    const words = Math.ceil(records / 32);
    if (words <= this.#bits.length) return;
    const grown = new Uint32Array(Math.max(words, this.#bits.length * 2));
    grown.set(this.#bits);
    this.#bits = grown;
  }

  rank(lsn: number): Result<number> {
    const block = this.#blockAt(lsn);
    if (block < 0) return ok(0);
    const firstLsn = this.#lsnOf(block);
    const end = Math.min(lsn + 1, firstLsn + this.#recording.source.blockRecordCount(block));
    let rows = this.#before.data[block]!;
    for (let ordinal = firstLsn - this.#firstLsn; ordinal < end - this.#firstLsn; ordinal++)
      rows += this.#bit(ordinal);
    return ok(rows);
  }

  /** The last judged block that begins at or before `lsn`. */
  #blockAt(lsn: number): number {
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#lsnOf(middle) <= lsn) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #bit(ordinal: number): number {
    return (this.#bits[ordinal >>> 5]! >>> (ordinal & 31)) & 1;
  }

  *select(from: number, to: number): Sliced<Result<Float64Array>> {
    const lsns = new Float64Array(Math.max(0, Math.min(to, this.#total) - from));
    let found = 0;
    if (lsns.length === 0) return ok(lsns);
    let block = lastAtMost(this.#before.data, 0, this.#before.length, from);
    let skip = from - this.#before.data[block]!;
    for (; found < lsns.length; block++) {
      const first = this.#lsnOf(block) - this.#firstLsn;
      const end = first + this.#recording.source.blockRecordCount(block);
      for (let ordinal = first; ordinal < end && found < lsns.length; ordinal++) {
        if (this.#bit(ordinal) === 0) continue;
        if (skip > 0) skip--;
        else lsns[found++] = ordinal + this.#firstLsn;
      }
      if ((block & 255) === 255) yield;
    }
    return ok(lsns);
  }
}

const YES: Result<boolean> = ok(true);
