import { ok, type Result } from "../../base/result.ts";
import { F64Column, lastAtMost } from "../../log/index/growable.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import type { Sliced } from "../slice-scheduler.ts";
import type { RowSet } from "./row-set.ts";

/** Blocks without a row of them that are passed over between two chances to stop. */
const BLOCKS_PASSED_A_STEP = 4096;

/** All records of certain kinds: known from the survey, so any row is found by reading one block. */
export class KindRows implements RowSet {
  readonly #recording: Recording;
  readonly #survey: Survey;
  readonly #kinds: Uint8Array;
  /** Rows before each surveyed block. */
  readonly #before = new F64Column();
  #total = 0;
  #revision = -1;
  /** Blocks that were in the survey for good when it was last followed. */
  #fixedBlocks = 0;

  constructor(recording: Recording, survey: Survey, kinds: Uint8Array) {
    this.#recording = recording;
    this.#survey = survey;
    this.#kinds = kinds;
  }

  get total(): number {
    this.#follow();
    return this.#total;
  }

  get isComplete(): boolean {
    return this.#survey.isComplete;
  }

  get searchedLsn(): number {
    return this.isComplete ? this.#recording.lastLsn : this.#survey.surveyedLsn;
  }

  get sizeBytes(): number {
    return this.#before.data.byteLength;
  }

  /** The survey goes on by itself. */
  *advance(): Sliced<Result<void>> {
    const { failure } = this.#survey;
    if (failure !== undefined) return { ok: false, error: failure };
    if (!this.isComplete) yield this.#survey.nextChange();
    return ok();
  }

  /** The survey may have grown, or taken back what it had of a run that still grew. */
  #follow(): void {
    const { blockCount, kindFrom, kindCode, kindCount, revision } = this.#survey;
    if (this.#revision === revision) return;
    const keep = Math.min(this.#fixedBlocks, this.#before.length);
    if (keep < this.#before.length) this.#total = this.#before.data[keep]!;
    this.#before.length = keep;
    for (let block = keep; block < blockCount; block++) {
      this.#before.push(this.#total);
      const to = block + 1 < blockCount ? kindFrom.data[block + 1]! : kindCode.length;
      for (let at = kindFrom.data[block]!; at < to; at++) {
        if (this.#kinds[kindCode.data[at]!] !== 0) this.#total += kindCount.data[at]!;
      }
    }
    this.#revision = revision;
    this.#fixedBlocks = this.#survey.fixedBlocks;
  }

  #rowsIn(block: number): number {
    const end = block + 1 < this.#before.length ? this.#before.data[block + 1]! : this.#total;
    return end - this.#before.data[block]!;
  }

  rank(lsn: number): Result<number> {
    this.#follow();
    const block = this.#survey.findBlock(lsn);
    if (block < 0) return ok(0);
    let rows = this.#before.data[block]!;
    const firstLsn = this.#survey.firstLsn.data[block]!;
    const last = Math.min(lsn, this.#survey.blockEnd(block) - 1);
    const batch = this.#recording.batchAt(firstLsn);
    if (!batch.ok) return batch;
    const { kind } = batch.value;
    for (let row = batch.value.rowOf(firstLsn); row <= batch.value.rowOf(last); row++)
      rows += this.#kinds[kind[row]!]!;
    return ok(rows);
  }

  *select(from: number, to: number): Sliced<Result<Float64Array>> {
    this.#follow();
    const end = Math.min(to, this.#total);
    const lsns = new Float64Array(Math.max(0, end - from));
    let found = 0;
    if (lsns.length === 0) return ok(lsns);
    let block = lastAtMost(this.#before.data, 0, this.#before.length, from);
    for (let passed = 1; found < lsns.length && block < this.#before.length; block++) {
      if (this.#rowsIn(block) === 0) {
        if (passed++ % BLOCKS_PASSED_A_STEP === 0) yield;
        continue;
      }
      const firstLsn = this.#survey.firstLsn.data[block]!;
      const batch = this.#recording.batchAt(firstLsn);
      if (!batch.ok) return batch;
      const { kind } = batch.value;
      const firstRow = batch.value.rowOf(firstLsn);
      let skip = Math.max(0, from - this.#before.data[block]!);
      for (
        let row = firstRow;
        row < firstRow + this.#survey.records.data[block]! && found < lsns.length;
        row++
      ) {
        if (this.#kinds[kind[row]!] === 0) continue;
        if (skip > 0) skip--;
        else lsns[found++] = batch.value.firstLsn + row;
      }
      yield;
    }
    return ok(lsns.subarray(0, found));
  }
}
