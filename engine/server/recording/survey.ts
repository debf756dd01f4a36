import type { MmsbError } from "../../base/errors.ts";
import { ok, type Result } from "../../base/result.ts";
import { F64Column, lastAtMost, U8Column, U32Column } from "../../log/index/growable.ts";
import type { RunColumns, RunHeader } from "../../log/index/index-run.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import { KIND_GROUPS } from "../../protocol/requests/timeline.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { EventTypes } from "./event-types.ts";
import { kindGroupOf, markKindOf } from "./kind-groups.ts";

export const GROUP_COUNT = KIND_GROUPS.length;
const DELTA_GROUP = KIND_GROUPS.indexOf("delta");
/** Pages looked at between two chances to stop: some 0.3 ms. */
const ROWS_A_STEP = 1 << 13;
const BLOCKS_A_STEP = 64;
/** Marks kept; a recording with more failures than this shows the rest as density only. */
const MAX_MARKS = 1 << 16;

export const BlockEnd = { None: 0, Committed: 1, Aborted: 2 } as const;

/**
 * What is known of a whole recording without reading its records again: one row a block, gathered from the index. Some 100 bytes a block:
 * 1.6 MB for 10 M records of 100 bytes. Counts are exact; where in its block a record stands is not known here.
 */
export class Survey {
  readonly #recording: Recording;
  /** Blocks, in LSN order. */
  readonly firstLsn = new F64Column();
  readonly records = new U32Column();
  /** Nanoseconds since `originNs`, as numbers: exact for 104 days, close enough to draw beyond. */
  readonly startTime = new F64Column();
  readonly endTime = new F64Column();
  /** GROUP_COUNT numbers a block. */
  readonly groups = new U32Column();
  readonly deltaBytes = new F64Column();
  readonly end = new U8Column();
  /** Deltas before the block, so that row numbers become blocks and back. */
  readonly deltasBefore = new F64Column();
  /** Beginnings and ends of transactions before the block: whoever looks for them passes over blocks that have none. */
  readonly boundsBefore = new F64Column();
  /** Deltas by source: block b has the entries [sourceFrom[b], sourceFrom[b + 1]) (the last one's end is the length). */
  readonly sourceFrom = new U32Column();
  readonly sourceNumber = new U32Column();
  readonly sourceDeltas = new U32Column();
  /** Events by type, likewise. */
  readonly eventFrom = new U32Column();
  readonly eventNumber = new U32Column();
  readonly eventCount = new U32Column();
  /** Records of each kind, likewise. */
  readonly kindFrom = new U32Column();
  readonly kindCode = new U8Column();
  readonly kindCount = new U32Column();
  readonly marks = { lsn: new F64Column(), kind: new U8Column() };
  marksDropped = 0;
  readonly eventTypes = new EventTypes();
  /** By page slot: applied deltas and the bytes of their bodies. */
  slotDeltas = new Float64Array(0);
  slotBytes = new Float64Array(0);
  /** By source: bytes of delta bodies, shared out by each block's deltas. */
  sourceBytes = new Float64Array(0);
  groupTotals = new Float64Array(GROUP_COUNT);
  begun = 0;
  committed = 0;
  aborted = 0;
  readonly originNs: bigint;
  /** Runs of the index that are in it for good; what follows them is gathered again when the recording grows. */
  #sealedRuns = 0;
  #sealed: SealedTotals | undefined;
  #surveyedLsn: number;
  #generation = -1;
  readonly #waiting: (() => void)[] = [];
  /** Rises with every change. */
  revision = 0;
  /** Why no more will be known, where something could not be read. */
  failure: MmsbError | undefined;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.originNs = recording.index.tables.firstTimeNs;
    this.#surveyedLsn = recording.firstLsn;
  }

  get blockCount(): number {
    return this.firstLsn.length;
  }

  /** Blocks that stay as they are; those behind them may be gathered again. */
  get fixedBlocks(): number {
    return this.#sealed?.blocks ?? this.blockCount;
  }

  /** Every record up to here is in it. */
  get surveyedLsn(): number {
    return this.#surveyedLsn;
  }

  get isComplete(): boolean {
    const { index } = this.#recording;
    return (
      this.#generation === this.#recording.generation &&
      this.#surveyedLsn >= Math.min(index.lastLsn, this.#recording.lastLsn)
    );
  }

  /** The block that holds `lsn`, or the last one before it; -1 = before all. */
  findBlock(lsn: number): number {
    return lastAtMost(this.firstLsn.data, 0, this.firstLsn.length, lsn);
  }

  /** One past the block's last LSN. */
  blockEnd(block: number): number {
    return this.firstLsn.data[block]! + this.records.data[block]!;
  }

  /** Beginnings and ends of transactions in the blocks [from, to). */
  boundsIn(from: number, to: number): number {
    return this.#boundsBefore(to) - this.#boundsBefore(from);
  }

  #boundsBefore(block: number): number {
    return block < this.blockCount
      ? this.boundsBefore.data[block]!
      : this.committed + this.aborted + this.begun;
  }

  get deltaCount(): number {
    const last = this.blockCount - 1;
    return last < 0 ? 0 : this.deltasBefore.data[last]! + this.deltasIn(last);
  }

  deltasIn(block: number): number {
    return this.groups.data[block * GROUP_COUNT + DELTA_GROUP]!;
  }

  /** Settles when more of the recording is known, or when no more will be. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Gathers what is not in it yet. Call again whenever the recording has grown. */
  *gather(onRun: () => void = () => {}): Sliced<Result<void>> {
    try {
      const gathered = yield* this.#gather(onRun);
      if (!gathered.ok) this.failure = gathered.error;
      return gathered;
    } finally {
      this.#changed();
    }
  }

  *#gather(onRun: () => void): Sliced<Result<void>> {
    const { index } = this.#recording;
    for (;;) {
      const generation = this.#recording.generation;
      if (generation !== this.#generation) this.#dropUnsealed();
      let run = this.#sealedRuns;
      while (run < index.runCount && generation === this.#recording.generation) {
        const isTail = run === index.headers.length;
        if (isTail && this.#sealed === undefined) this.#sealed = this.#totals();
        const header = index.header(run);
        const columns = yield* index.loading(run);
        if (!columns.ok) return columns;
        // what was loaded piece by piece may be void by now
        if (generation !== this.#recording.generation) break;
        const added = yield* this.#addRun(header, columns.value);
        if (!added.ok) return added;
        run++;
        if (!isTail) this.#sealedRuns = run;
        onRun();
        this.#changed();
        yield;
      }
      if (generation === this.#recording.generation) {
        this.#generation = generation;
        this.#surveyedLsn = Math.max(this.#surveyedLsn, index.lastLsn);
        return ok();
      }
    }
  }

  #totals(): SealedTotals {
    return {
      blocks: this.blockCount,
      sources: this.sourceNumber.length,
      events: this.eventNumber.length,
      kinds: this.kindCode.length,
      marks: this.marks.lsn.length,
      marksDropped: this.marksDropped,
      eventTotals: this.eventTypes.snapshot(),
      slotDeltas: this.slotDeltas.slice(),
      slotBytes: this.slotBytes.slice(),
      sourceBytes: this.sourceBytes.slice(),
      groupTotals: this.groupTotals.slice(),
      begun: this.begun,
      committed: this.committed,
      aborted: this.aborted,
      surveyedLsn: this.#surveyedLsn,
    };
  }

  /** Back to what stood before the run that still grew. */
  #dropUnsealed(): void {
    const sealed = this.#sealed;
    if (sealed === undefined) return;
    this.#sealed = undefined;
    for (const column of [
      this.firstLsn,
      this.records,
      this.startTime,
      this.endTime,
      this.deltaBytes,
      this.end,
      this.deltasBefore,
      this.boundsBefore,
    ]) {
      column.length = sealed.blocks;
    }
    this.groups.length = sealed.blocks * GROUP_COUNT;
    for (const column of [this.sourceFrom, this.eventFrom, this.kindFrom]) column.length = sealed.blocks;
    for (const column of [this.sourceNumber, this.sourceDeltas]) column.length = sealed.sources;
    for (const column of [this.eventNumber, this.eventCount]) column.length = sealed.events;
    for (const column of [this.kindCode, this.kindCount]) column.length = sealed.kinds;
    this.marks.lsn.length = sealed.marks;
    this.marks.kind.length = sealed.marks;
    this.marksDropped = sealed.marksDropped;
    this.eventTypes.restore(sealed.eventTotals);
    this.slotDeltas = sealed.slotDeltas;
    this.slotBytes = sealed.slotBytes;
    this.sourceBytes = sealed.sourceBytes;
    this.groupTotals = sealed.groupTotals;
    this.begun = sealed.begun;
    this.committed = sealed.committed;
    this.aborted = sealed.aborted;
    this.#surveyedLsn = sealed.surveyedLsn;
    this.revision++;
  }

  *#addRun(header: RunHeader, columns: RunColumns): Sliced<Result<void>> {
    const firstBlock = this.blockCount;
    for (let block = 0; block < columns.blockOffset.length; block++) {
      this.#addBlock(header, columns, block);
      if (block % BLOCKS_A_STEP === BLOCKS_A_STEP - 1) yield;
    }
    yield* this.#addBytes(header, columns, firstBlock);
    this.#addEvents(header, columns, firstBlock);
    const marked = yield* this.#addMarks(header, columns);
    if (!marked.ok) return marked;
    this.#surveyedLsn = header.lastLsn;
    this.revision++;
    return ok();
  }

  #addBlock(header: RunHeader, columns: RunColumns, block: number): void {
    const before = this.blockCount - 1;
    const previousEnd = before < 0 ? 0 : this.endTime.data[before]!;
    this.boundsBefore.push(this.committed + this.aborted + this.begun);
    this.deltasBefore.push(this.deltaCount);
    this.firstLsn.push(header.firstLsn + columns.blockOffset[block]!);
    this.records.push(columns.blockRecords[block]!);
    const start = Number(columns.blockMinTime[block]! - this.originNs);
    const end = Number(columns.blockRunningMaxTime[block]! - this.originNs);
    this.startTime.push(Math.max(previousEnd, Math.min(start, end)));
    this.endTime.push(Math.max(previousEnd, end));
    this.sourceFrom.push(this.sourceNumber.length);
    this.eventFrom.push(this.eventNumber.length);
    this.kindFrom.push(this.kindCode.length);
    this.deltaBytes.push(columns.blockDeltaBytes[block]!);
    const groupsAt = this.groups.length;
    for (let group = 0; group < GROUP_COUNT; group++) this.groups.push(0);
    let outcome: number = BlockEnd.None;
    for (let cell = columns.blockCell[block]!; cell < columns.blockCell[block + 1]!; cell++) {
      const kind = columns.cellKind[cell]!;
      const records = columns.cellRecords[cell]!;
      const group = kindGroupOf(kind);
      this.groups.data[groupsAt + group]! += records;
      this.groupTotals[group]! += records;
      this.#addKind(kind, records);
      if (kind === RecordKind.Delta) {
        this.sourceNumber.push(columns.cellSource[cell]!);
        this.sourceDeltas.push(records);
      } else if (kind === RecordKind.TransactionBegin) this.begun += records;
      else if (kind === RecordKind.TransactionCommit) {
        outcome = BlockEnd.Committed;
        this.committed += records;
      } else if (kind === RecordKind.TransactionAbort) {
        outcome = BlockEnd.Aborted;
        this.aborted += records;
      }
    }
    this.end.push(outcome);
  }

  #addKind(kind: number, records: number): void {
    for (let at = this.kindFrom.data[this.kindFrom.length - 1]!; at < this.kindCode.length; at++) {
      if (this.kindCode.data[at] !== kind) continue;
      this.kindCount.data[at]! += records;
      return;
    }
    this.kindCode.push(kind);
    this.kindCount.push(records);
  }

  /** What each page took; what each source took follows from the blocks. */
  *#addBytes(header: RunHeader, columns: RunColumns, firstBlock: number): Sliced<void> {
    const { slotLife } = this.#recording.index.tables;
    this.slotDeltas = grown(this.slotDeltas, slotLife.length);
    this.slotBytes = grown(this.slotBytes, slotLife.length);
    const { rowSlot, rowDelta, deltaOffset, deltaBody } = columns;
    const average = deltaOffset.length === 0 ? 0 : header.bodyBytes / deltaOffset.length;
    const hasLengths = deltaBody.length > 0;
    for (let row = 0; row < rowSlot.length; row++) {
      const slot = rowSlot[row]!;
      const from = rowDelta[row]!;
      const to = rowDelta[row + 1]!;
      this.slotDeltas[slot]! += to - from;
      this.slotBytes[slot]! += hasLengths ? deltaBody[to]! - deltaBody[from]! : average * (to - from);
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
    }
    this.#shareBytes(firstBlock);
  }

  #shareBytes(firstBlock: number): void {
    this.sourceBytes = grown(this.sourceBytes, this.#recording.index.tables.sourceRecords.length);
    for (let block = firstBlock; block < this.blockCount; block++) {
      const deltas = this.deltasIn(block);
      const to = block + 1 < this.blockCount ? this.sourceFrom.data[block + 1]! : this.sourceNumber.length;
      for (let at = this.sourceFrom.data[block]!; at < to; at++) {
        this.sourceBytes[this.sourceNumber.data[at]!]! +=
          (this.deltaBytes.data[block]! * this.sourceDeltas.data[at]!) / deltas;
      }
    }
  }

  /** The block's entries in the event columns are made here: `eventFrom` of the blocks after it moves along. */
  #addEvents(header: RunHeader, columns: RunColumns, firstBlock: number): void {
    const { eventOffset, eventType } = columns;
    let at = 0;
    for (let block = firstBlock; block < this.blockCount; block++) {
      this.eventFrom.data[block] = this.eventNumber.length;
      const end = this.blockEnd(block) - header.firstLsn;
      for (; at < eventOffset.length && eventOffset[at]! < end; at++) this.#addEvent(block, eventType[at]!);
    }
  }

  #addEvent(block: number, code: number): void {
    const number = this.eventTypes.count(code);
    for (let at = this.eventFrom.data[block]!; at < this.eventNumber.length; at++) {
      if (this.eventNumber.data[at] !== number) continue;
      this.eventCount.data[at]!++;
      return;
    }
    this.eventNumber.push(number);
    this.eventCount.push(1);
  }

  *#addMarks(header: RunHeader, columns: RunColumns): Sliced<Result<void>> {
    const { markOffset } = columns;
    const { lsn, kind } = this.marks;
    for (let at = 0; at < markOffset.length; at++) {
      if (lsn.length >= MAX_MARKS) {
        this.marksDropped += markOffset.length - at;
        return ok();
      }
      const markLsn = header.firstLsn + markOffset[at]!;
      const batch = this.#recording.batchAt(markLsn);
      if (!batch.ok) return batch;
      const mark = markKindOf(batch.value.kind[batch.value.rowOf(markLsn)]!);
      if (mark >= 0) {
        lsn.push(markLsn);
        kind.push(mark);
      }
      if (at % 16 === 15) yield;
    }
    return ok();
  }

  /** Where the time axis stands at an LSN (nanoseconds since `originNs`): blocks are known, within one it is taken as even. */
  timeAt(lsn: number): number {
    const block = this.findBlock(lsn);
    if (block < 0) return this.startTime.data[0] ?? 0;
    const start = this.startTime.data[block]!;
    const end = this.endTime.data[block]!;
    const share = (lsn - this.firstLsn.data[block]!) / this.records.data[block]!;
    return start + (end - start) * Math.min(1, share);
  }

  /** The (fractional) LSN at which the time axis reaches `time`. */
  lsnAt(time: number): number {
    const block = lastAtMost(this.startTime.data, 0, this.startTime.length, time);
    if (block < 0) return this.firstLsn.data[0] ?? this.#recording.firstLsn + 1;
    const start = this.startTime.data[block]!;
    const end = this.endTime.data[block]!;
    const share = end > start ? (time - start) / (end - start) : 1;
    return this.firstLsn.data[block]! + this.records.data[block]! * Math.min(1, share);
  }
}

interface SealedTotals {
  readonly blocks: number;
  readonly sources: number;
  readonly events: number;
  readonly kinds: number;
  readonly marks: number;
  readonly marksDropped: number;
  readonly eventTotals: ReturnType<EventTypes["snapshot"]>;
  readonly slotDeltas: Float64Array<ArrayBuffer>;
  readonly slotBytes: Float64Array<ArrayBuffer>;
  readonly sourceBytes: Float64Array<ArrayBuffer>;
  readonly groupTotals: Float64Array<ArrayBuffer>;
  readonly begun: number;
  readonly committed: number;
  readonly aborted: number;
  readonly surveyedLsn: number;
}

function grown(values: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  if (values.length >= length) return values;
  const larger = new Float64Array(Math.max(length, values.length * 2));
  larger.set(values);
  return larger;
}
