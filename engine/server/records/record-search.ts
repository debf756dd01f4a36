import { fail, ok, type Result } from "../../base/result.ts";
import { RecordBatch } from "../../log/record-batch.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { MatchBits } from "./match-bits.ts";
import { PageBlocks } from "./page-blocks.ts";
import type { RecordMatcher } from "./record-matcher.ts";
import type { RowSet } from "./row-set.ts";

/** Blocks passed over in one step. */
const SKIPPED_A_STEP = 512;

/**
 * The records that a filter lets through, found by reading blocks in order. Whoever wants a result drives it: it stands still when nobody
 * does, goes on where it stood, and several who want the same share it.
 */
export class RecordSearch implements RowSet {
  readonly #recording: Recording;
  readonly #survey: Survey;
  readonly #matcher: RecordMatcher;
  readonly #pageBlocks: PageBlocks | undefined;
  readonly #batch = new RecordBatch();
  readonly #bits: MatchBits;
  #block = 0;

  constructor(recording: Recording, survey: Survey, matcher: RecordMatcher) {
    this.#recording = recording;
    this.#survey = survey;
    this.#matcher = matcher;
    this.#bits = new MatchBits(recording.source);
    this.#pageBlocks = matcher.slots === undefined ? undefined : new PageBlocks(recording, matcher.slots);
  }

  get total(): number {
    return this.#bits.total;
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
    return this.#bits.sizeBytes;
  }

  #lsnOf(block: number): number {
    return this.#recording.source.blockFirstLsn(block);
  }

  *advance(): Sliced<Result<void>> {
    yield;
    this.#matcher.followPages();
    for (let skipped = 0; skipped < SKIPPED_A_STEP; skipped++) {
      if (this.isComplete) return ok();
      const worth = this.#mayHold(this.#block);
      if (!worth.ok) return worth;
      this.#bits.reach(this.#lsnOf(this.#block));
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
    const { kinds, sources } = this.#matcher;
    for (let at = survey.findBlock(firstLsn); at < survey.blockCount && at >= 0; at++) {
      if (survey.firstLsn.data[at]! >= endLsn) return false;
      const isLast = at + 1 === survey.blockCount;
      const kindsEnd = isLast ? survey.kindCode.length : survey.kindFrom.data[at + 1]!;
      for (let kind = survey.kindFrom.data[at]!; kind < kindsEnd; kind++) {
        const code = survey.kindCode.data[kind]!;
        if (kinds[code] === 0) continue;
        if (code !== RecordKind.Delta || sources === undefined) return true;
        const sourcesEnd = isLast ? survey.sourceNumber.length : survey.sourceFrom.data[at + 1]!;
        for (let i = survey.sourceFrom.data[at]!; i < sourcesEnd; i++) {
          if (sources.has(survey.sourceNumber.data[i]!)) return true;
        }
      }
    }
    return false;
  }

  /** All rows of a block; the search then stands at the next. */
  #judge(block: number): Result<void> {
    this.#block++;
    // Into a batch of its own: what it goes through once need not be kept, nor push out what is looked at again.
    const batch = this.#batch;
    const read = this.#recording.source.readBlock(block, batch);
    if (!read.ok) return read;
    const { count, firstLsn } = batch;
    if (!this.#bits.canHold(firstLsn + count - 1)) {
      return fail(
        "LIMIT_EXCEEDED",
        "the recording has too many records to search at once",
        "Narrow the filter with fromLsn and toLsn",
        {
          lsn: firstLsn,
        },
      );
    }
    for (let row = 0; row < count; row++) {
      if (this.#matcher.matches(batch, row)) this.#bits.add(firstLsn + row);
    }
    return ok();
  }

  rank(lsn: number): Result<number> {
    return ok(this.#bits.rank(lsn));
  }

  *select(from: number, to: number): Sliced<Result<Float64Array>> {
    return ok(yield* this.#bits.select(from, to));
  }
}

const YES: Result<boolean> = ok(true);
