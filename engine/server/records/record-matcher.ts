import { utf8Decode } from "../../base/bytes.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import { comparePairs, highOf, lowOf } from "../../base/u64.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { RecordBatch } from "../../log/record-batch.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import { kindFromName, RecordKind } from "../../log/record-kinds.ts";
import type { RecordFilter } from "../../protocol/requests/filter.ts";
import type { Recording } from "../../replay/recording.ts";
import type { EventTypes } from "../recording/event-types.ts";
import { pageTypeAt, summaryOf } from "./record-text.ts";
import { parseValueExpression, type ValueExpression } from "./value-expression.ts";
import { ValueWatch } from "./value-watch.ts";

/** A filter made ready for one recording: judges record after record, in LSN order. */
export class RecordMatcher {
  /** By kind: whether it is wanted. */
  readonly kinds: Uint8Array;
  /** Slots of the pages wanted; undefined = any. Those that the recording does not have (yet) are not in it. */
  readonly slots: ReadonlySet<number> | undefined;
  readonly #slots: Set<number>;
  /** Pages wanted that the recording does not have, as of so many pages. */
  #missing: readonly bigint[];
  #pagesKnown = 0;
  readonly sources: ReadonlySet<number> | undefined;
  readonly fromLsn: number;
  readonly toLsn: number;
  /** What the filter says of values, if anything. */
  readonly watch: ValueWatch | undefined;
  /** It says something that only the records themselves tell, beside kind, page and value. */
  readonly hasConditions: boolean;
  readonly cause: number | undefined;
  readonly #recording: Recording;
  readonly #eventTypes: EventTypes;
  readonly #filter: RecordFilter;
  readonly #pageTypes: ReadonlySet<number> | undefined;
  readonly #wantedEvents: ReadonlySet<number> | undefined;
  readonly #text: string;
  readonly #runs = new RunList();
  readonly #textInSource = new Map<string, boolean>();
  readonly #textInType = new Map<number, boolean>();
  #strings: readonly string[] = [];
  #sourceOf: number[] = [];

  private constructor(
    recording: Recording,
    eventTypes: EventTypes,
    filter: RecordFilter,
    kinds: Uint8Array,
    expression: ValueExpression | undefined,
  ) {
    this.#recording = recording;
    this.#eventTypes = eventTypes;
    this.#filter = filter;
    this.kinds = kinds;
    this.#slots = new Set();
    this.#missing = filter.pages ?? [];
    this.slots = filter.pages === undefined ? undefined : this.#slots;
    this.followPages();
    this.sources = filter.sources === undefined ? undefined : new Set(filter.sources);
    this.#pageTypes = filter.pageTypes === undefined ? undefined : new Set(filter.pageTypes);
    this.#wantedEvents = filter.eventTypes === undefined ? undefined : new Set(filter.eventTypes);
    this.#text = (filter.text ?? "").toLowerCase();
    this.fromLsn = Math.max(recording.source.firstLsn, filter.fromLsn ?? 0, (filter.cause ?? 0) + 1);
    this.toLsn = filter.toLsn ?? Number.MAX_SAFE_INTEGER;
    this.cause = filter.cause;
    this.watch =
      expression === undefined ? undefined : new ValueWatch(recording, expression, this.fromLsn - 1);
    this.hasConditions =
      [filter.cause, filter.sources, filter.fromTimeNs, filter.toTimeNs, filter.pageTypes].some(
        (condition) => condition !== undefined,
      ) || this.#text !== "";
  }

  /** Pages that have come since are wanted too, where the filter names them. */
  followPages(): void {
    const { ids } = this.#recording.index.tables;
    if (this.#missing.length === 0 || this.#pagesKnown === ids.count) return;
    this.#pagesKnown = ids.count;
    this.#missing = this.#missing.filter((id) => {
      const slot = ids.find(lowOf(id), highOf(id));
      if (slot >= 0) this.#slots.add(slot);
      return slot < 0;
    });
  }

  /** `defaultKinds` where the filter names none. `ARGUMENT_INVALID` for an unknown kind or a value expression that makes no sense. */
  static create(
    recording: Recording,
    eventTypes: EventTypes,
    filter: RecordFilter,
    defaultKinds: readonly number[],
  ): Result<RecordMatcher> {
    const kinds = new Uint8Array(256);
    // A value expression is about deltas; a list of event types about events.
    const unknown = filter.kinds?.find((name) => kindFromName(name) === undefined);
    if (unknown !== undefined) {
      return fail(
        "ARGUMENT_INVALID",
        `there is no record kind '${unknown}'`,
        "RecordingInfo.kinds names those that there are",
      );
    }
    for (const kind of filter.kinds?.map(kindFromName) ?? defaultKinds) kinds[kind!] = 1;
    if (filter.eventTypes !== undefined)
      for (let kind = 0; kind < 256; kind++) if (kind !== RecordKind.Event) kinds[kind] = 0;
    const wantsValue = filter.value !== undefined && filter.value.trim() !== "";
    if (!wantsValue) return ok(new RecordMatcher(recording, eventTypes, filter, kinds, undefined));
    for (let kind = 0; kind < 256; kind++) if (kind !== RecordKind.Delta) kinds[kind] = 0;
    const expression = parseValueExpression(filter.value!);
    return expression.ok
      ? ok(new RecordMatcher(recording, eventTypes, filter, kinds, expression.value))
      : expression;
  }

  /** Whether the row is wanted; a filter that looks at the bytes of pages takes a `ValueSearch` instead. */
  matches(batch: RecordBatch, row: number): boolean {
    const kind = batch.kind[row]!;
    if (this.kinds[kind] === 0) return false;
    const lsn = batch.firstLsn + row;
    if (lsn < this.fromLsn || lsn > this.toLsn) return false;
    if (this.slots !== undefined) {
      const slot = this.#recording.index.tables.ids.find(batch.pageLo[row]!, batch.pageHi[row]!);
      if (!this.slots.has(slot)) return false;
    }
    if (this.watch !== undefined && !this.#valueMatches(this.watch, batch, row)) return false;
    return this.conditionsHold(batch, row);
  }

  /** What the filter says beside kinds, pages, LSNs and values. */
  conditionsHold(batch: RecordBatch, row: number): boolean {
    const lsn = batch.firstLsn + row;
    return (
      this.#columnsMatch(batch, row) &&
      this.#typesMatch(batch, row, lsn) &&
      this.#textMatches(batch, row, lsn)
    );
  }

  #valueMatches(watch: ValueWatch, batch: RecordBatch, row: number): boolean {
    const start = batch.bodyStart[row]!;
    const payloadAt = decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, this.#runs);
    // A malformed body changes nothing, so it has no value.
    return payloadAt >= 0 && watch.matchesDelta(batch.epoch[row]!, this.#runs.totalBytes);
  }

  #columnsMatch(batch: RecordBatch, row: number): boolean {
    if (this.cause !== undefined && batch.cause[row] !== this.cause) return false;
    if (this.sources !== undefined && !this.sources.has(this.#sourceNumber(batch, row))) return false;
    const { fromTimeNs, toTimeNs } = this.#filter;
    const lo = batch.timeLo[row]!;
    const hi = batch.timeHi[row]!;
    if (fromTimeNs !== undefined && comparePairs(lo, hi, lowOf(fromTimeNs), highOf(fromTimeNs)) < 0)
      return false;
    return toTimeNs === undefined || comparePairs(lo, hi, lowOf(toTimeNs), highOf(toTimeNs)) <= 0;
  }

  #sourceNumber(batch: RecordBatch, row: number): number {
    if (batch.strings !== this.#strings) {
      this.#strings = batch.strings;
      const { sources } = this.#recording.index.tables;
      this.#sourceOf = batch.strings.map((text) => sources.find(text));
    }
    const string = batch.source[row]!;
    return string < this.#sourceOf.length
      ? this.#sourceOf[string]!
      : this.#recording.index.tables.sources.find("");
  }

  #typesMatch(batch: RecordBatch, row: number, lsn: number): boolean {
    if (this.#pageTypes !== undefined) {
      const type = pageTypeAt(this.#recording, batch.pageLo[row]!, batch.pageHi[row]!, lsn);
      if (type === NONE || !this.#pageTypes.has(type)) return false;
    }
    if (this.#wantedEvents === undefined) return true;
    const event = decodeEvent(batch.body(row));
    return event.ok && this.#wantedEvents.has(this.#eventTypes.find(event.value.eventType));
  }

  #textMatches(batch: RecordBatch, row: number, lsn: number): boolean {
    if (this.#text === "") return true;
    if (this.#sourceHasText(batch.sourceText(row))) return true;
    const type = pageTypeAt(this.#recording, batch.pageLo[row]!, batch.pageHi[row]!, lsn);
    if (type !== NONE && this.#typeHasText(type)) return true;
    if (batch.metaLength[row]! > 0 && this.#isIn(utf8Decode(batch.metadata(row)))) return true;
    return batch.kind[row] !== RecordKind.Delta && this.#isIn(summaryOf(batch, row));
  }

  #isIn(text: string): boolean {
    return text.toLowerCase().includes(this.#text);
  }

  #sourceHasText(source: string): boolean {
    let found = this.#textInSource.get(source);
    if (found === undefined) {
      found = this.#isIn(source);
      if (this.#textInSource.size < 1 << 16) this.#textInSource.set(source, found);
    }
    return found;
  }

  #typeHasText(type: number): boolean {
    let found = this.#textInType.get(type);
    if (found === undefined) {
      found = this.#isIn(this.#recording.index.tables.types.texts[type]!);
      this.#textInType.set(type, found);
    }
    return found;
  }
}
