import { ok, type Result } from "../../base/result.ts";
import { highOf, lowOf } from "../../base/u64.ts";
import { COPY_DIRECTIONS, EVENT_CODE, EVENT_LOCATIONS } from "../../events/event-types.ts";
import { decodePayload } from "../../events/payload-codec.ts";
import { F64Column, lastAtMost, U8Column, U32Column } from "../../log/index/growable.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Survey } from "../recording/survey.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";

/** Events kept: some 40 bytes each. */
const MAX_ROWS = 2 ** 21;
const ROWS_A_STEP = 128;
/** Of running totals: one row of them every so many allocations and frees. */
export const TOTALS_EVERY = 4096;
/** The type of memory that belongs to no page. */
export const NO_TYPE = -1;

const CODES: ReadonlySet<number> = new Set([
  EVENT_CODE.allocation,
  EVENT_CODE["kernel-launch"],
  EVENT_CODE.copy,
  EVENT_CODE["device-sample"],
  EVENT_CODE["device-stop"],
]);

/** A page's memory that is held: where it was asked for. */
export interface Held {
  readonly pageId: bigint;
  readonly bytes: number;
  readonly location: number;
  readonly lsn: number;
  readonly time: number;
}

/**
 * What a recording tells of its devices, in columns: gathered once from the index and the blocks that hold such events, and gone on with as the recording
 * grows. Places on the time axis are nanoseconds since the survey's origin at which an event was queued, and never fall.
 */
export class DeviceHistory {
  readonly #recording: Recording;
  readonly #survey: Survey;
  #nextLsn: number;
  #latest = 0;
  rows = 0;
  omitted = 0;
  droppedRows = 0;

  /** Allocations (bytes above zero) and frees (below). */
  readonly memory = {
    lsn: new F64Column(),
    time: new F64Column(),
    type: new U32Column(),
    bytes: new F64Column(),
  };
  /** Page types by number here: index into the recording's, or {@link NO_TYPE}; the most that each held at a time. */
  readonly types: number[] = [];
  readonly typePeak: number[] = [];
  readonly #typeNumbers = new Map<number, number>();
  /** Bytes by type after the rows so far; and after each {@link TOTALS_EVERY} rows. */
  readonly #held: number[] = [];
  readonly #totals: number[][] = [];
  readonly launches = {
    lsn: new F64Column(),
    time: new F64Column(),
    kernel: new U32Column(),
    bytes: new F64Column(),
    durationNs: new F64Column(),
  };
  readonly kernels: string[] = [];
  readonly kernelNs: number[] = [];
  readonly #kernelNumbers = new Map<string, number>();
  readonly copies = {
    lsn: new F64Column(),
    time: new F64Column(),
    direction: new U8Column(),
    isPrefetch: new U8Column(),
    bytes: new F64Column(),
    durationNs: new F64Column(),
  };
  readonly samples = { lsn: new F64Column(), time: new F64Column(), reserved: new F64Column() };
  readonly stops = new F64Column();
  /** By page: what it holds now, oldest first. */
  readonly held = new Map<bigint, Held[]>();
  /** By page: its last allocation, freed or not. */
  readonly lastAllocation = new Map<bigint, Held>();

  constructor(recording: Recording, survey: Survey) {
    this.#recording = recording;
    this.#survey = survey;
    this.#nextLsn = recording.firstLsn;
  }

  /** Everything up to here was looked at. */
  get gatheredLsn(): number {
    return this.#nextLsn - 1;
  }

  /** Looks at what it has not looked at yet. Several may call it at a time: they share the work. */
  *gather(progress: ReportProgress): Sliced<Result<void>> {
    const { index } = this.#recording;
    const first = this.#nextLsn;
    while (this.#nextLsn <= this.#recording.lastLsn) {
      const run = index.findRun(this.#nextLsn);
      // Before the first run, or in a gap: the next run's first record is the next there is.
      const header = run < 0 ? undefined : index.header(run);
      if (header === undefined || header.lastLsn < this.#nextLsn) {
        if (run + 1 >= index.runCount) return ok();
        this.#nextLsn = index.header(run + 1).firstLsn;
        continue;
      }
      const stepped = this.#step(run);
      if (!stepped.ok) return stepped;
      progress("survey", this.#nextLsn - first, this.#recording.lastLsn - first);
      yield;
    }
    return ok();
  }

  /** A few events of a run, or all that is left of it. */
  #step(run: number): Result<void> {
    const { index } = this.#recording;
    const { firstLsn, lastLsn } = index.header(run);
    const loaded = index.columns(run);
    if (!loaded.ok) return loaded;
    const { eventOffset, eventType } = loaded.value;
    let at = lastAtMost(eventOffset, 0, eventOffset.length, this.#nextLsn - 1 - firstLsn) + 1;
    for (let done = 0; at < eventOffset.length && done < ROWS_A_STEP; at++) {
      if (!CODES.has(eventType[at]!)) continue;
      done++;
      const lsn = firstLsn + eventOffset[at]!;
      const batch = this.#recording.batchAt(lsn);
      if (!batch.ok) return batch;
      const row = batch.value.rowOf(lsn);
      this.#take(lsn, batch.value.timestampNs(row), batch.value.pageId(row), batch.value.body(row));
    }
    this.#nextLsn =
      at < eventOffset.length ? firstLsn + eventOffset[at]! : Math.min(lastLsn, this.#recording.lastLsn) + 1;
    return ok();
  }

  #take(lsn: number, recordNs: bigint, pageId: bigint, body: Uint8Array): void {
    const event = decodeEvent(body);
    const told = event.ok ? decodePayload(event.value.eventType, event.value.payload) : event;
    // What cannot be read says nothing.
    if (!told.ok || told.value === undefined) return;
    const { type, fields } = told.value;
    if (type === "device-stop") {
      this.stops.push(lsn);
      this.droppedRows += fields.droppedRows;
      return;
    }
    if (this.rows >= MAX_ROWS) {
      this.omitted++;
      return;
    }
    this.rows++;
    const timeNs = "timeNs" in fields && fields.timeNs !== undefined ? fields.timeNs : recordNs;
    this.#latest = Math.max(this.#latest, Number(timeNs - this.#survey.originNs));
    const time = this.#latest;
    switch (type) {
      case "allocation": {
        const { action, sizeBytes, location } = fields;
        if (action === "allocate")
          this.#allocated(lsn, time, pageId, sizeBytes, EVENT_LOCATIONS.indexOf(location));
        else if (action === "free") this.#freed(lsn, time, pageId, sizeBytes);
        return;
      }
      case "kernel-launch": {
        const { kernel, sizeBytes, durationNs } = fields;
        const number = this.#kernelNumber(kernel);
        this.kernelNs[number]! += durationNs;
        push(this.launches, { lsn, time, kernel: number, bytes: sizeBytes, durationNs });
        return;
      }
      case "copy": {
        const direction = COPY_DIRECTIONS.indexOf(fields.direction);
        const isPrefetch = fields.isPrefetch === true ? 1 : 0;
        const { sizeBytes: bytes, durationNs } = fields;
        push(this.copies, { lsn, time, direction, isPrefetch, bytes, durationNs });
        return;
      }
      case "device-sample": {
        const reserved = fields.pools.reduce((total, { reservedBytes }) => total + reservedBytes, 0);
        push(this.samples, { lsn, time, reserved });
        return;
      }
      default:
        this.rows--;
    }
  }

  #allocated(lsn: number, time: number, pageId: bigint, bytes: number, location: number): void {
    const one: Held = { pageId, bytes, location, lsn, time };
    const held = this.held.get(pageId);
    if (held === undefined) this.held.set(pageId, [one]);
    else held.push(one);
    this.lastAllocation.set(pageId, one);
    this.#moved(lsn, time, this.#typeOf(pageId, lsn), bytes);
  }

  #freed(lsn: number, time: number, pageId: bigint, bytes: number): void {
    const held = this.held.get(pageId);
    // A free whose allocation is in no record takes nothing away.
    if (held === undefined) return;
    const at = held.findLastIndex((one) => one.bytes === bytes);
    const [gone] = held.splice(at < 0 ? held.length - 1 : at, 1);
    if (held.length === 0) this.held.delete(pageId);
    this.#moved(lsn, time, this.#typeOf(pageId, gone!.lsn), -gone!.bytes);
  }

  #moved(lsn: number, time: number, pageType: number, bytes: number): void {
    if (this.memory.lsn.length % TOTALS_EVERY === 0) this.#totals.push([...this.#held]);
    let type = this.#typeNumbers.get(pageType);
    if (type === undefined) {
      type = this.types.push(pageType) - 1;
      this.#typeNumbers.set(pageType, type);
      this.typePeak.push(0);
      this.#held.push(0);
    }
    push(this.memory, { lsn, time, type, bytes });
    this.#held[type]! += bytes;
    this.typePeak[type] = Math.max(this.typePeak[type]!, this.#held[type]!);
  }

  /** Bytes by type before row `row` of `memory`. */
  heldBefore(row: number): Float64Array {
    const held = new Float64Array(this.types.length);
    const kept = Math.min(this.#totals.length - 1, Math.floor(row / TOTALS_EVERY));
    if (kept < 0) return held;
    held.set(this.#totals[kept]!);
    const { type, bytes } = this.memory;
    for (let at = kept * TOTALS_EVERY; at < row; at++) held[type.data[at]!]! += bytes.data[at]!;
    return held;
  }

  /** The type of a page in its newest life up to an LSN, as the recording numbers types. */
  #typeOf(pageId: bigint, lsn: number): number {
    const life = this.lifeUpTo(pageId, lsn);
    return life === NONE ? NO_TYPE : this.#recording.index.tables.lives.type.data[life]!;
  }

  /** A page's newest life that began up to an LSN, or NONE. */
  lifeUpTo(pageId: bigint, lsn: number): number {
    const { ids, slotLife, lives } = this.#recording.index.tables;
    const slot = ids.find(lowOf(pageId), highOf(pageId));
    let life = slot < 0 ? NONE : slotLife.data[slot]!;
    while (life !== NONE && lives.fromLsn.data[life]! > lsn) life = lives.previous.data[life]!;
    return life;
  }

  #kernelNumber(kernel: string): number {
    let number = this.#kernelNumbers.get(kernel);
    if (number === undefined) {
      number = this.kernels.push(kernel) - 1;
      this.#kernelNumbers.set(kernel, number);
      this.kernelNs.push(0);
    }
    return number;
  }

  /** What a type here is called. */
  typeName(type: number): string {
    const pageType = this.types[type]!;
    return pageType === NO_TYPE ? "no page" : this.#recording.index.tables.types.texts[pageType]!;
  }
}

/** One row more in each column. */
function push<C extends Readonly<Record<string, { push(value: number): void }>>>(
  columns: C,
  row: { readonly [K in keyof C]: number },
): void {
  for (const name in columns) columns[name]!.push(row[name]);
}

/** Rows up to an LSN. */
export function rowsUpTo({ data, length }: F64Column, lsn: number): number {
  return lastAtMost(data, 0, length, lsn) + 1;
}
