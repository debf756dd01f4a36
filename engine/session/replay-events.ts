import { EMPTY_BYTES } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import { EventColumns } from "../events/event-columns.ts";
import type { MmsbEvent } from "../events/event-types.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { RecordKind } from "../log/record-kinds.ts";
import type { RecordSource } from "../log/record-source.ts";
import { EventNarrator } from "./event-narrator.ts";

export interface ReplayEventsOptions {
  /** First and last record whose events are told. Default: all there are. */
  readonly fromLsn?: number;
  readonly toLsn?: number;
}

/**
 * The events of a recording, in order: exactly those that `session.events.onAny` handed out while it was written. A block is read at a time. A result
 * that failed is the last one. Errors: LSN_OUT_OF_RANGE, LOG_RECORD_CORRUPT, those of the source.
 */
export function* replayEvents(
  source: RecordSource,
  options: ReplayEventsOptions = {},
): Generator<Result<MmsbEvent>> {
  for (const block of replayEventColumns(source, options)) {
    if (!block.ok) {
      yield block;
      return;
    }
    for (let row = 0; row < block.value.count; row++) yield ok(block.value.event(row));
  }
}

/** The same in columns, for whoever counts or draws them: those of one block of the recording at a time, void at the next step. */
export function* replayEventColumns(
  source: RecordSource,
  options: ReplayEventsOptions = {},
): Generator<Result<EventColumns>> {
  const { fromLsn = source.firstLsn, toLsn = source.lastLsn } = options;
  if (!Number.isSafeInteger(fromLsn) || !Number.isSafeInteger(toLsn) || fromLsn < source.firstLsn) {
    const remedy = `Give LSNs from ${source.firstLsn} to ${source.lastLsn}`;
    yield fail("LSN_OUT_OF_RANGE", "the recording does not have these records", remedy, { lsn: fromLsn });
    return;
  }
  const batch = new RecordBatch();
  const first = firstBlock(source, fromLsn, batch);
  if (!first.ok) {
    yield first;
    return;
  }
  const narration = new RecordedNarration(source, fromLsn, toLsn);
  for (let block = first.value; block < source.blockCount && source.blockFirstLsn(block) <= toLsn; block++) {
    const read = source.readBlock(block, batch);
    const told = read.ok ? narration.tell(batch) : read;
    if (!told.ok) {
      yield told;
      return;
    }
    if (told.value.count > 0) yield told;
  }
}

/** The block from which records are read: where the transaction begins that is open at `lsn`, for the wave that may be under way in it. */
function firstBlock(source: RecordSource, lsn: number, batch: RecordBatch): Result<number> {
  const block = source.findBlock(lsn);
  if (block <= 0) return ok(Math.max(0, block));
  const read = source.readBlock(block, batch);
  if (!read.ok) return read;
  const begin = batch.openTransactionLsn === 0 ? -1 : source.findBlock(batch.openTransactionLsn);
  return ok(begin < 0 ? block : begin);
}

/** Tells the records of one block after the other. */
class RecordedNarration {
  readonly #source: RecordSource;
  readonly #fromLsn: number;
  readonly #toLsn: number;
  /** One block tells some three events a record; a wave-end as many more as it lists pages. */
  readonly #columns = new EventColumns(Number.MAX_SAFE_INTEGER);
  readonly #narrator: EventNarrator;
  readonly #runs = new RunList();
  #isHeard = false;
  #nextLsn = -1;

  constructor(source: RecordSource, fromLsn: number, toLsn: number) {
    this.#source = source;
    this.#fromLsn = fromLsn;
    this.#toLsn = toLsn;
    const columns = this.#columns;
    this.#narrator = new EventNarrator({
      columns,
      wants: () => this.#isHeard,
      claim: () => columns.claim(),
    });
  }

  tell(batch: RecordBatch): Result<EventColumns> {
    this.#columns.clear();
    // Behind a loss nobody knows what wave is under way.
    if (batch.firstLsn !== this.#nextLsn) this.#narrator.reset();
    this.#nextLsn = batch.firstLsn + batch.count;
    for (let row = 0; row < batch.count && batch.lsn(row) <= this.#toLsn; row++) {
      this.#isHeard = batch.lsn(row) >= this.#fromLsn;
      const told = batch.kind[row] === RecordKind.Delta ? this.#delta(batch, row) : this.#record(batch, row);
      if (!told.ok) return told;
    }
    return ok(this.#columns);
  }

  #delta(batch: RecordBatch, row: number): Result<void> {
    if (!this.#isHeard) return ok();
    const runs = this.#runs;
    const start = batch.bodyStart[row]!;
    if (decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, runs) < 0) {
      return fail("LOG_RECORD_CORRUPT", "the body of a delta record is malformed", "Run 'mmsb verify'", {
        path: this.#source.path,
        lsn: batch.lsn(row),
      });
    }
    const last = runs.count - 1;
    this.#narrator.delta(
      batch.lsn(row),
      batch.timeLo[row]!,
      batch.timeHi[row]!,
      batch.pageLo[row]!,
      batch.pageHi[row]!,
      batch.epoch[row]!,
      batch.sourceText(row),
      batch.cause[row]!,
      batch.flags[row]!,
      runs.totalBytes,
      runs.count,
      last < 0 ? 0 : runs.offset[0]!,
      last < 0 ? 0 : runs.offset[last]! + runs.length[last]!,
    );
    return ok();
  }

  #record(batch: RecordBatch, row: number): Result<void> {
    const body = batch.bodyLength[row] === 0 ? EMPTY_BYTES : batch.body(row);
    return this.#narrator.record({
      kind: batch.kind[row]!,
      lsn: batch.lsn(row),
      timeLo: batch.timeLo[row]!,
      timeHi: batch.timeHi[row]!,
      pageLo: batch.pageLo[row]!,
      pageHi: batch.pageHi[row]!,
      epoch: batch.epoch[row]!,
      source: batch.sourceText(row),
      cause: batch.cause[row]!,
      body,
    });
  }
}
