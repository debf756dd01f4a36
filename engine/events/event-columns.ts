import { u64FromPair } from "../base/u64.ts";
import { EVENT_CODE, type EventFields, type EventType, eventTypeOf, type MmsbEvent } from "./event-types.ts";

const FIRST_ROWS = 256;

/** Bits of the `flags` column. */
export const EventFlag = {
  /** `pageLo` and `pageHi` name a page. */
  HasPage: 1,
  /** Of a delta: see `DeltaFields`. */
  Derived: 2,
  Compensation: 4,
  /** `fields` hold code and payload of a type, or of a version, that is not known. */
  Unknown: 8,
} as const;

/**
 * Events in columns, in order: what waits for delivery, and what a handler of columns gets. Rows of the frequent types (deltas, and the members of
 * waves that did not fail) are numbers alone; the others keep their fields in `fields`. Grows by doubling up to `limit` rows.
 */
export class EventColumns {
  readonly limit: number;
  count = 0;
  code: Uint32Array;
  flags: Uint8Array;
  ordinal: Uint32Array;
  lsn: Float64Array;
  timeLo: Uint32Array;
  timeHi: Uint32Array;
  pageLo: Uint32Array;
  pageHi: Uint32Array;
  epoch: Float64Array;
  cause: Float64Array;
  /** Delta: sizeBytes, runs, start, end. Members of a wave: waveLsn in `a`; cut off and blocked ones their level in `b`. */
  a: Float64Array;
  b: Float64Array;
  c: Float64Array;
  d: Float64Array;
  readonly source: string[] = [];
  readonly fields: (EventFields[EventType] | undefined)[] = [];

  constructor(limit: number, rows = FIRST_ROWS) {
    const first = Math.min(rows, limit);
    this.limit = limit;
    this.code = new Uint32Array(first);
    this.flags = new Uint8Array(first);
    this.ordinal = new Uint32Array(first);
    this.lsn = new Float64Array(first);
    this.timeLo = new Uint32Array(first);
    this.timeHi = new Uint32Array(first);
    this.pageLo = new Uint32Array(first);
    this.pageHi = new Uint32Array(first);
    this.epoch = new Float64Array(first);
    this.cause = new Float64Array(first);
    this.a = new Float64Array(first);
    this.b = new Float64Array(first);
    this.c = new Float64Array(first);
    this.d = new Float64Array(first);
  }

  /** A row to fill, or -1 where `limit` rows stand. Its `source` and `fields` are the caller's to set; the rest keeps what an earlier use left. */
  claim(): number {
    const row = this.count;
    if (row === this.code.length && !this.#grow()) return -1;
    this.count = row + 1;
    return row;
  }

  #grow(): boolean {
    const rows = Math.min(this.limit, this.code.length * 2);
    if (rows === this.code.length) return false;
    this.code = grown(this.code, rows);
    this.flags = grown(this.flags, rows);
    this.ordinal = grown(this.ordinal, rows);
    this.lsn = grown(this.lsn, rows);
    this.timeLo = grown(this.timeLo, rows);
    this.timeHi = grown(this.timeHi, rows);
    this.pageLo = grown(this.pageLo, rows);
    this.pageHi = grown(this.pageHi, rows);
    this.epoch = grown(this.epoch, rows);
    this.cause = grown(this.cause, rows);
    this.a = grown(this.a, rows);
    this.b = grown(this.b, rows);
    this.c = grown(this.c, rows);
    this.d = grown(this.d, rows);
    return true;
  }

  /** Forgets every row, and lets go of what they held. */
  clear(): void {
    // Not by their length: they would lose their room, and grow again at the next event.
    this.source.fill("", 0, this.count);
    this.fields.fill(undefined, 0, this.count);
    this.count = 0;
  }

  type(row: number): EventType {
    const isUnknown = (this.flags[row]! & EventFlag.Unknown) !== 0;
    return isUnknown ? "unknown" : (eventTypeOf(this.code[row]!) ?? "unknown");
  }

  timestampNs(row: number): bigint {
    return u64FromPair(this.timeLo[row]!, this.timeHi[row]!);
  }

  /** Nanoseconds since the epoch as a number: exact to some 256 ns, for differences of time. */
  timestampNumber(row: number): number {
    return this.timeHi[row]! * 4294967296 + this.timeLo[row]!;
  }

  pageId(row: number): bigint | undefined {
    return (this.flags[row]! & EventFlag.HasPage) === 0
      ? undefined
      : u64FromPair(this.pageLo[row]!, this.pageHi[row]!);
  }

  /** One row as an object, for the public edge. */
  event(row: number): MmsbEvent {
    const code = this.code[row]!;
    const fields = this.fields[row];
    if (code === EVENT_CODE.delta && fields === undefined) return this.#delta(row);
    const pageId = this.pageId(row);
    const page = pageId === undefined ? undefined : { pageId };
    const head = {
      type: this.type(row),
      lsn: this.lsn[row]!,
      ordinal: this.ordinal[row]!,
      timestampNs: this.timestampNs(row),
      epoch: this.epoch[row]!,
      source: this.source[row]!,
      cause: this.cause[row]!,
    };
    return Object.assign(head, page, fields ?? this.#numbers(row, code)) as MmsbEvent;
  }

  /** The most frequent one, written out: copying fields from object to object costs as much as all the rest. */
  #delta(row: number): MmsbEvent {
    const flags = this.flags[row]!;
    return {
      type: "delta",
      lsn: this.lsn[row]!,
      ordinal: this.ordinal[row]!,
      timestampNs: this.timestampNs(row),
      epoch: this.epoch[row]!,
      source: this.source[row]!,
      cause: this.cause[row]!,
      pageId: u64FromPair(this.pageLo[row]!, this.pageHi[row]!),
      sizeBytes: this.a[row]!,
      runs: this.b[row]!,
      start: this.c[row]!,
      end: this.d[row]!,
      derived: (flags & EventFlag.Derived) !== 0,
      compensation: (flags & EventFlag.Compensation) !== 0,
    };
  }

  #numbers(row: number, code: number): object {
    if (code === EVENT_CODE["recompute-start"] || code === EVENT_CODE["recompute-end"])
      return { waveLsn: this.a[row]! };
    return { waveLsn: this.a[row]!, level: this.b[row]! };
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(column: T, rows: number): T {
  const larger = new (column.constructor as new (rows: number) => T)(rows);
  larger.set(column);
  return larger;
}
