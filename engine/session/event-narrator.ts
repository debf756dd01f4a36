import { ok, type Result } from "../base/result.ts";
import { type EventColumns, EventFlag } from "../events/event-columns.ts";
import { EVENT_CODE, type EventFields, type KnownEventType, type WaveEnd } from "../events/event-types.ts";
import type { IdColumn } from "../events/id-column.ts";
import { decodePayload, type KnownPayload } from "../events/payload-codec.ts";
import {
  decodeCheckpoint,
  decodeEdge,
  decodeEvent,
  decodeFailure,
  decodePageCreate,
  decodePageMigrate,
  decodeSessionStart,
  decodeTransactionEnd,
} from "../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";

/** A record as events are told from it. Page 0 of an event or a failure means none. */
export interface NarratedRecord {
  readonly kind: number;
  readonly lsn: number;
  readonly timeLo: number;
  readonly timeHi: number;
  readonly pageLo: number;
  readonly pageHi: number;
  readonly epoch: number;
  readonly source: string;
  readonly cause: number;
  readonly body: Uint8Array;
}

/** Where told events go: to a hub, or into columns that replay hands out. */
export interface EventSink {
  readonly columns: EventColumns;
  wants(code: number): boolean;
  /** A row of `columns`, or -1 where there is no room. */
  claim(lsn: number): number;
}

/**
 * Tells events from records, one by one and in order: the rules E7 and E8 of docs/SerializationSpec.md. A living session and the replay of its recording tell
 * them with the same words, so they are the same.
 */
export class EventNarrator {
  readonly #sink: EventSink;
  /** LSN of the wave-start whose members are told; 0 = none. */
  #waveLsn = 0;

  constructor(sink: EventSink) {
    this.#sink = sink;
  }

  /** As if nothing had come before: after records that were lost. */
  reset(): void {
    this.#waveLsn = 0;
  }

  /** What a record that nobody hears of changes for those behind it: where a wave begins and ends. */
  follow(kind: number, lsn: number, body: Uint8Array): void {
    if (kind === RecordKind.Event) {
      // The type is a varint, and these are below 128.
      if (body[0] === EVENT_CODE["wave-start"]) this.#waveLsn = lsn;
      else if (body[0] === EVENT_CODE["wave-end"]) this.#waveLsn = 0;
    } else if (ENDS_WAVE.has(kind)) this.#waveLsn = 0;
  }

  /** A delta record, in numbers. */
  delta(
    lsn: number,
    timeLo: number,
    timeHi: number,
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    recordFlags: number,
    sizeBytes: number,
    runs: number,
    start: number,
    end: number,
  ): void {
    const isDerived = (recordFlags & RecordFlag.Derived) !== 0;
    const isCompensation = (recordFlags & RecordFlag.Compensation) !== 0;
    const isMember = isDerived && cause !== 0 && cause === this.#waveLsn;
    const flags = (isDerived ? EventFlag.Derived : 0) | (isCompensation ? EventFlag.Compensation : 0);
    const head = (code: number, ordinal: number, bits: number): number =>
      this.#row(
        code,
        ordinal,
        lsn,
        timeLo,
        timeHi,
        pageLo,
        pageHi,
        epoch,
        source,
        cause,
        bits | EventFlag.HasPage,
      );
    if (isMember) this.#waveRow(head(EVENT_CODE["recompute-start"], 0, 0), 0);
    const row = head(EVENT_CODE.delta, isMember ? 1 : 0, flags);
    if (row >= 0) {
      const { a, b, c, d } = this.#sink.columns;
      a[row] = sizeBytes;
      b[row] = runs;
      c[row] = start;
      d[row] = end;
    }
    if (isMember) this.#waveRow(head(EVENT_CODE["recompute-end"], 2, 0), 0);
  }

  /** Any record but a delta. Errors: LOG_RECORD_CORRUPT. */
  record(record: NarratedRecord): Result<void> {
    const { kind } = record;
    if (ENDS_WAVE.has(kind)) this.#waveLsn = 0;
    switch (kind) {
      case RecordKind.PageCreate:
        return this.#decoded(record, decodePageCreate, "page-create", ({ sizeBytes, location, type }) => ({
          sizeBytes,
          location,
          pageType: type,
        }));
      case RecordKind.PageDestroy:
        return this.told(record, "page-destroy", {});
      case RecordKind.PageMigrate:
        return this.#decoded(record, decodePageMigrate, "page-migrate", (location) => ({ location }));
      case RecordKind.SchemaChange:
        return this.told(record, "page-schema", {});
      case RecordKind.MetadataChange:
        return this.told(record, "page-metadata", {});
      case RecordKind.EdgeAdd:
      case RecordKind.EdgeRemove: {
        const type = kind === RecordKind.EdgeAdd ? "edge-add" : "edge-remove";
        return this.#decoded(record, decodeEdge, type, ({ to, type: edgeType }) => ({ to, edgeType }));
      }
      case RecordKind.TransactionBegin:
        return this.told(record, "transaction-begin", {});
      case RecordKind.TransactionCommit:
      case RecordKind.TransactionAbort: {
        const type = kind === RecordKind.TransactionCommit ? "transaction-commit" : "transaction-abort";
        return this.#decoded(record, decodeTransactionEnd, type, (beginLsn) => ({ beginLsn }));
      }
      case RecordKind.Checkpoint:
        return this.#decoded(record, decodeCheckpoint, "checkpoint", ({ kind: how, lsn, baseLsn }) => ({
          kind: how,
          stateLsn: lsn,
          baseLsn,
        }));
      case RecordKind.SessionStart:
        return this.#decoded(record, decodeSessionStart, "session-start", ({ writer }) => ({ writer }));
      case RecordKind.SessionStop:
        return this.told(record, "session-stop", {});
      case RecordKind.Failure:
        return this.#failure(record);
      case RecordKind.Event:
        return this.#event(record);
      default:
        return ok();
    }
  }

  #failure(record: NarratedRecord): Result<void> {
    const failure = decodeFailure(record.body);
    if (!failure.ok) return failure;
    const { code, message } = failure.value;
    if (record.cause === 0 || record.cause !== this.#waveLsn) {
      return this.told(record, "failure", { code, message });
    }
    this.#waveRow(this.#recordRow(record, EVENT_CODE["recompute-start"], 0), 0);
    return this.told(record, "recompute-failed", { waveLsn: this.#waveLsn, code, message }, 1);
  }

  #event(record: NarratedRecord): Result<void> {
    const body = decodeEvent(record.body);
    if (!body.ok) return body;
    const { eventType: code, payload } = body.value;
    if (code === EVENT_CODE["wave-start"]) this.#waveLsn = record.lsn;
    const isWaveEnd = code === EVENT_CODE["wave-end"];
    // Nobody reads a payload that nobody wants; but what a wave-end tells of may be wanted by itself.
    if (this.#sink.wants(code) || this.#sink.wants(0) || (isWaveEnd && this.#wantsMembers())) {
      const decoded = decodePayload(code, payload);
      this.#payload(record, code, payload, decoded.ok ? decoded.value : undefined);
    }
    if (isWaveEnd) this.#waveLsn = 0;
    return ok();
  }

  #payload(record: NarratedRecord, code: number, payload: Uint8Array, known: KnownPayload | undefined): void {
    const isOfWave = known?.type === "wave-end" && record.cause === this.#waveLsn;
    const ordinal = isOfWave ? this.#waveMembers(record, known.fields) : 0;
    const row = this.#recordRow(record, code, ordinal, known === undefined ? 0 : code);
    if (row < 0) return;
    const { fields, flags } = this.#sink.columns;
    if (known === undefined) flags[row]! |= EventFlag.Unknown;
    fields[row] = known === undefined ? { code, payload: payload.slice() } : known.fields;
  }

  #wantsMembers(): boolean {
    const types = ["recompute-start", "recompute-cut-off", "recompute-blocked"] as const;
    return types.some((type) => this.#sink.wants(EVENT_CODE[type]));
  }

  /** Tells of the pages that have no record of their own; returns the ordinal that comes next. */
  #waveMembers(record: NarratedRecord, { levels, cutOff, blocked }: WaveEnd): number {
    let ordinal = 0;
    let at = 0;
    for (let i = 0; i < levels.count; i++) {
      for (let n = levels.cutOff[i]!; n > 0; n--, at++) {
        this.#memberRow(record, EVENT_CODE["recompute-start"], ordinal++, cutOff, at, 0);
        this.#memberRow(record, EVENT_CODE["recompute-cut-off"], ordinal++, cutOff, at, levels.level[i]!);
      }
    }
    at = 0;
    for (let i = 0; i < levels.count; i++) {
      for (let n = levels.blocked[i]!; n > 0; n--, at++) {
        this.#memberRow(record, EVENT_CODE["recompute-blocked"], ordinal++, blocked, at, levels.level[i]!);
      }
    }
    return ordinal;
  }

  #memberRow(
    record: NarratedRecord,
    code: number,
    ordinal: number,
    ids: IdColumn,
    at: number,
    level: number,
  ): void {
    const { lsn, timeLo, timeHi, source, cause } = record;
    const flags = EventFlag.HasPage;
    const row = this.#row(
      code,
      ordinal,
      lsn,
      timeLo,
      timeHi,
      ids.lo[at]!,
      ids.hi[at]!,
      0,
      source,
      cause,
      flags,
    );
    this.#waveRow(row, level);
  }

  #waveRow(row: number, level: number): void {
    if (row < 0) return;
    this.#sink.columns.a[row] = this.#waveLsn;
    this.#sink.columns.b[row] = level;
  }

  #decoded<D, T extends KnownEventType>(
    record: NarratedRecord,
    decode: (body: Uint8Array) => Result<D>,
    type: T,
    tell: (value: D) => EventFields[T],
  ): Result<void> {
    if (!this.#sink.wants(EVENT_CODE[type])) return ok();
    const decoded = decode(record.body);
    return decoded.ok ? this.told(record, type, tell(decoded.value)) : decoded;
  }

  /** A record of which the fields are known already. */
  told<T extends KnownEventType>(
    record: NarratedRecord,
    type: T,
    fields: EventFields[T],
    ordinal = 0,
  ): Result<void> {
    const row = this.#recordRow(record, EVENT_CODE[type], ordinal);
    if (row >= 0) this.#sink.columns.fields[row] = fields;
    return ok();
  }

  #recordRow(record: NarratedRecord, code: number, ordinal: number, wantedAs = code): number {
    const { kind, lsn, timeLo, timeHi, pageLo, pageHi, epoch, source, cause } = record;
    const flags = hasPage(kind, pageLo, pageHi) ? EventFlag.HasPage : 0;
    return this.#row(
      code,
      ordinal,
      lsn,
      timeLo,
      timeHi,
      pageLo,
      pageHi,
      epoch,
      source,
      cause,
      flags,
      wantedAs,
    );
  }

  /** -1 where nobody wants it, or it has no room. */
  #row(
    code: number,
    ordinal: number,
    lsn: number,
    timeLo: number,
    timeHi: number,
    pageLo: number,
    pageHi: number,
    epoch: number,
    source: string,
    cause: number,
    flags: number,
    wantedAs = code,
  ): number {
    if (!this.#sink.wants(wantedAs)) return -1;
    const row = this.#sink.claim(lsn);
    if (row < 0) return -1;
    const { columns } = this.#sink;
    columns.code[row] = code;
    columns.ordinal[row] = ordinal;
    columns.lsn[row] = lsn;
    columns.timeLo[row] = timeLo;
    columns.timeHi[row] = timeHi;
    columns.pageLo[row] = pageLo;
    columns.pageHi[row] = pageHi;
    columns.epoch[row] = epoch;
    columns.cause[row] = cause;
    columns.flags[row] = flags;
    columns.source[row] = source;
    columns.fields[row] = undefined;
    return row;
  }
}

const ENDS_WAVE: ReadonlySet<number> = new Set([
  RecordKind.TransactionBegin,
  RecordKind.TransactionCommit,
  RecordKind.TransactionAbort,
  RecordKind.SessionStart,
]);

function hasPage(kind: number, pageLo: number, pageHi: number): boolean {
  switch (kind) {
    case RecordKind.PageCreate:
    case RecordKind.PageDestroy:
    case RecordKind.PageMigrate:
    case RecordKind.SchemaChange:
    case RecordKind.MetadataChange:
    case RecordKind.EdgeAdd:
    case RecordKind.EdgeRemove:
      return true;
    case RecordKind.Event:
    case RecordKind.Failure:
      return pageLo !== 0 || pageHi !== 0;
    default:
      return false;
  }
}
