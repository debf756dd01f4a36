import { highOf, lowOf } from "../../base/u64.ts";
import type { RecordBatch } from "../../log/record-batch.ts";
import type { ParamsOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Survey } from "../recording/survey.ts";

const TWO_32 = 4294967296;
const EXACT_BLOCKS = 96;
/** Room for what a viewport may ask for beyond the recording's own span. */
const MAX_LSN = Number.MAX_SAFE_INTEGER;

type Viewport = Pick<ParamsOf<"timeline.view">, "axis" | "from" | "to" | "columns">;

/**
 * Where records stand on the pixel columns of a viewport. On the time axis a record stands at the latest time of any record up to it, so
 * that the axis never runs backward, whatever a foreign log's clocks did.
 */
export class Axis {
  readonly columns: number;
  readonly edgeLsn: Float64Array;
  readonly edgeTimeNs: BigUint64Array;
  /** Blocks of the survey that the viewport touches; none: `lastBlock` < `firstBlock`. */
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** The records that those blocks hold, both inclusive. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly isTime: boolean;
  /** The viewport is counted record by record. Up to so many blocks: one that is decoded is kept, so the second look costs little. */
  readonly isExact: boolean;
  readonly #opened: OpenedRecording;
  readonly #survey: Survey;
  /** LSNs, or nanoseconds since the survey's origin. */
  readonly #from: number;
  readonly #width: number;
  readonly #originLo: number;
  readonly #originHi: number;
  #running = 0;
  /** Of the first record seen in each column; NaN = none. */
  readonly #firstLsnIn: Float64Array;
  readonly #firstTimeIn: Float64Array;

  constructor(opened: OpenedRecording, { axis, from, to, columns }: Viewport) {
    const { survey } = opened;
    this.#opened = opened;
    this.#survey = survey;
    this.columns = columns;
    this.isTime = axis === "time";
    const origin = this.isTime ? survey.originNs : 0n;
    this.#from = this.isTime ? Number(from - origin) : Math.min(Number(from), MAX_LSN);
    const end = this.isTime ? Number(to - origin) : Math.min(Number(to), MAX_LSN);
    this.#width = Math.max(end - this.#from, Number.MIN_VALUE);
    this.#originLo = lowOf(survey.originNs);
    this.#originHi = highOf(survey.originNs);
    this.edgeLsn = new Float64Array(columns + 1);
    this.edgeTimeNs = new BigUint64Array(columns + 1);
    this.#firstLsnIn = new Float64Array(columns).fill(Number.NaN);
    this.#firstTimeIn = new Float64Array(columns).fill(Number.NaN);
    const last = survey.blockCount - 1;
    if (this.isTime) {
      this.firstBlock = firstAtLeast(survey.endTime.data, survey.blockCount, this.#from);
      this.lastBlock = firstAtLeast(survey.startTime.data, survey.blockCount, end) - 1;
    } else {
      this.firstBlock = Math.max(0, survey.findBlock(this.#from));
      this.lastBlock = Math.min(last, survey.findBlock(Math.max(0, end - 1)));
    }
    const isEmpty = this.lastBlock < this.firstBlock;
    this.isExact = this.lastBlock - this.firstBlock < EXACT_BLOCKS;
    this.firstLsn = isEmpty ? 0 : survey.firstLsn.data[this.firstBlock]!;
    this.lastLsn = isEmpty ? -1 : survey.blockEnd(this.lastBlock) - 1;
    if (!this.isTime && !isEmpty) {
      this.firstLsn = Math.max(this.firstLsn, this.#from);
      this.lastLsn = Math.min(this.lastLsn, end - 1);
    }
  }

  /** Multiplied first: with whole numbers the column is then the right one, also where a record stands on its very edge. */
  #columnAt(place: number): number {
    return ((place - this.#from) * this.columns) / this.#width;
  }

  /** The columns that a block covers, as fractions; may reach outside. */
  extentOf(block: number): readonly [from: number, to: number] {
    const survey = this.#survey;
    return this.isTime
      ? [this.#columnAt(survey.startTime.data[block]!), this.#columnAt(survey.endTime.data[block]!)]
      : [this.#columnAt(survey.firstLsn.data[block]!), this.#columnAt(survey.blockEnd(block))];
  }

  /** The rows of this block follow, in order. */
  enterBlock(block: number): void {
    this.#running = block === 0 ? 0 : this.#survey.endTime.data[block - 1]!;
  }

  /** The column of a record, or -1 outside. Rows come in order. */
  columnOf(batch: RecordBatch, row: number): number {
    const time = (batch.timeHi[row]! - this.#originHi) * TWO_32 + (batch.timeLo[row]! - this.#originLo);
    if (time > this.#running) this.#running = time;
    const lsn = batch.firstLsn + row;
    const column = Math.floor(this.#columnAt(this.isTime ? this.#running : lsn));
    if (column < 0 || column >= this.columns) return -1;
    if (Number.isNaN(this.#firstLsnIn[column]!)) {
      this.#firstLsnIn[column] = lsn;
      this.#firstTimeIn[column] = this.#running;
    }
    return column;
  }

  /** The column in which an LSN is drawn, or -1: from the survey alone. */
  columnOfLsn(lsn: number): number {
    const column = Math.floor(this.#columnAt(this.isTime ? this.#survey.timeAt(lsn) : lsn));
    return column < 0 || column >= this.columns ? -1 : column;
  }

  /** LSN and time at the edges. `wasCounted`: every record of the viewport went through {@link columnOf}. */
  fillEdges(wasCounted: boolean): void {
    const survey = this.#survey;
    for (let edge = 0; edge <= this.columns; edge++) {
      const place = this.#from + (this.#width * edge) / this.columns;
      this.edgeLsn[edge] = this.isTime ? survey.lsnAt(place) : place;
      this.edgeTimeNs[edge] = this.#toNs(this.isTime ? place : survey.timeAt(place));
    }
    if (!wasCounted || this.lastBlock < this.firstBlock) return;
    let lsn = this.lastLsn + 1;
    for (let column = this.columns - 1; column >= 0; column--) {
      if (Number.isNaN(this.#firstLsnIn[column]!)) {
        if (this.isTime) this.edgeLsn[column] = lsn;
        continue;
      }
      lsn = this.#firstLsnIn[column]!;
      if (this.isTime) this.edgeLsn[column] = lsn;
      else this.edgeTimeNs[column] = this.#toNs(this.#firstTimeIn[column]!);
    }
    if (this.isTime)
      this.edgeLsn[this.columns] = Math.max(this.edgeLsn[this.columns]!, this.edgeLsn[this.columns - 1]!);
  }

  #toNs(time: number): bigint {
    const absolute = this.#survey.originNs + BigInt(Math.round(Math.max(time, -Number.MAX_SAFE_INTEGER)));
    return absolute < 0n ? 0n : absolute;
  }

  /** The time of a record for drawing: its own where its block is at hand, else the survey's estimate. */
  timeNsOf(lsn: number): bigint {
    const { recording } = this.#opened;
    if (this.isExact && lsn >= this.firstLsn && lsn <= this.lastLsn) {
      const batch = recording.batchAt(lsn);
      if (batch.ok) return batch.value.timestampNs(batch.value.rowOf(lsn));
    }
    return this.#toNs(this.#survey.timeAt(lsn));
  }
}

/** The first of `count` ascending values that is at least `wanted`, or `count`. */
function firstAtLeast(values: Float64Array, count: number, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
