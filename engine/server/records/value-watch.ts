import { ok, type Result } from "../../base/result.ts";
import type { RunList } from "../../deltas/run-list.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { LifetimeFlag, VersionKind, VersionValue } from "../../log/index/structure.ts";
import { FIELD_TYPE_BYTES, type FieldType, type PageSchema } from "../../pages/page-types.ts";
import type { Recording } from "../../replay/recording.ts";
import type { Operand, Term, ValueExpression } from "./value-expression.ts";

/** Bytes of watched values kept for all pages together; beyond it they are forgotten and read again where needed. */
const KEPT_BYTES = 32 << 20;
/** What a page's entry takes beside its values. */
const ENTRY_BYTES = 200;

/** Where a term looks in one page; `undefined` where the page has no such place. */
interface Place {
  readonly offset: number;
  readonly type: FieldType;
  /** Where its bytes stand among the watched ones. */
  readonly at: number;
}

interface Layout {
  readonly places: readonly (Place | undefined)[];
  readonly bytes: number;
  readonly span: Result<WatchedSpan>;
}

const NOTHING_WATCHED: Layout = { places: [], bytes: 0, span: ok({ begin: 0, end: 0 }) };
const NO_BYTES = new Uint8Array(0);
const YES: Result<boolean> = ok(true);
const NO: Result<boolean> = ok(false);

interface Watched {
  readonly life: number;
  readonly layout: Layout;
  /** Valid for the page as it was after this delta (or the life's begin). */
  readonly values: Uint8Array;
}

/** Where a delta must write for the expression to be looked at; `end` 0 = nowhere. */
export interface WatchedSpan {
  readonly begin: number;
  readonly end: number;
}

/**
 * Evaluates a value expression delta by delta, each page's deltas in LSN order. It keeps the watched bytes of every page it has seen, so that
 * a delta that writes half a number is judged by the whole of it, without rebuilding pages. It must see every delta of a page that writes
 * into the page's span, from its first one on.
 */
export class ValueWatch {
  readonly #recording: Recording;
  readonly #expression: ValueExpression;
  /** False: it is about the deltas themselves, whatever pages they are for. */
  readonly looksAtBytes: boolean;
  readonly #looksAtFields: boolean;
  readonly #layouts = new Map<string, Layout>();
  readonly #watched = new Map<number, Watched>();
  #keptBytes = 0;
  #before = new Uint8Array(0);
  #page = new Uint8Array(0);
  readonly #stack: boolean[] = [];
  /** It has seen every delta from this LSN on. */
  #sinceLsn: number;
  #horizonLsn = 0;
  /** The page entered last, what of its life it is in, and until which LSN that stays so. */
  #slot = -1;
  #life = NONE;
  #layout: Layout = NOTHING_WATCHED;
  #untilLsn = 0;
  /** Pages whose bytes were rebuilt, or whose schema was read. */
  pagesRead = 0;

  constructor(recording: Recording, expression: ValueExpression, sinceLsn: number) {
    this.#sinceLsn = sinceLsn;
    this.#recording = recording;
    this.#expression = expression;
    this.#looksAtFields = expression.terms.some(({ operand }) => operand.kind === "field");
    this.looksAtBytes =
      this.#looksAtFields || expression.terms.some(({ operand }) => operand.kind === "offset");
  }

  /** Deltas before this LSN come in any order of pages, all of them before those behind it. Set it when the recording may have grown. */
  set horizonLsn(lsn: number) {
    this.#horizonLsn = lsn;
    this.#slot = -1;
  }

  /** Whether a delta makes an expression true that looks at no bytes. */
  matchesDelta(epoch: number, sizeBytes: number): boolean {
    return this.#evaluate(undefined, NO_BYTES, epoch, sizeBytes);
  }

  /** Turns to a delta of a page: which part of the page is watched there. */
  enter(slot: number, lsn: number): Result<WatchedSpan> {
    if (slot === this.#slot && lsn < this.#untilLsn) return this.#layout.span;
    const { tables } = this.#recording.index;
    this.#slot = slot;
    this.#life = slot < 0 ? NONE : tables.lifeAt(slot, lsn);
    this.#layout = NOTHING_WATCHED;
    this.#untilLsn = lsn + 1;
    if (this.#life === NONE) return this.#layout.span;
    const layout = this.#layoutOf(this.#life, lsn);
    if (!layout.ok) return layout;
    this.#layout = layout.value;
    if (tables.lives.version.data[this.#life] === NONE)
      this.#untilLsn = tables.lives.untilLsn.data[this.#life]!;
    return this.#layout.span;
  }

  /** Whether the delta that was entered makes the expression true. `payload[payloadAt..]` holds the bytes of its runs. */
  matches(
    lsn: number,
    epoch: number,
    runs: RunList,
    payload: Uint8Array,
    payloadAt: number,
  ): Result<boolean> {
    const layout = this.#layout;
    if (!touches(layout, runs)) return NO;
    const watched = this.#valuesOf(this.#slot, this.#life, lsn, layout);
    if (!watched.ok) return watched;
    const { values } = watched.value;
    if (this.#before.length < values.length) this.#before = new Uint8Array(values.length);
    this.#before.set(values);
    write(layout, values, runs, payload, payloadAt);
    return this.#evaluate(layout, values, epoch, runs.totalBytes) ? YES : NO;
  }

  #layoutOf(life: number, lsn: number): Result<Layout> {
    const { lives, versions, ids } = this.#recording.index.tables;
    const sizeBytes = lives.sizeBytes.data[life]!;
    const version = this.#looksAtFields ? this.#schemaVersion(life, lsn) : NONE;
    const hasSchema =
      this.#looksAtFields &&
      (version === NONE
        ? (lives.flags.data[life]! & LifetimeFlag.Schema) !== 0
        : versions.value.data[version] !== VersionValue.None);
    // Without a schema it is the same for all pages of a size.
    const key = hasSchema ? `${life}:${version}` : `${sizeBytes} bytes`;
    const known = this.#layouts.get(key);
    if (known !== undefined) return ok(known);
    let schema: PageSchema | undefined;
    if (hasSchema) {
      this.pagesRead++;
      const page = this.#recording.descriptorAt(ids.id(lives.slot.data[life]!), lsn);
      if (!page.ok) return page;
      schema = page.value?.schema;
    }
    const layout = layoutFor(this.#expression.terms, schema, sizeBytes);
    if (this.#layouts.size >= 1 << 16) this.#layouts.clear();
    this.#layouts.set(key, layout);
    return ok(layout);
  }

  /** The change of schema in force at `lsn`; `NONE` = that of the page's beginning. */
  #schemaVersion(life: number, lsn: number): number {
    const { lives, versions } = this.#recording.index.tables;
    return versions.find(lives.version.data[life]!, VersionKind.Schema, lsn);
  }

  #valuesOf(slot: number, life: number, lsn: number, layout: Layout): Result<Watched> {
    const known = this.#watched.get(slot);
    if (known !== undefined && known.life === life && known.layout === layout) return ok(known);
    const { lives } = this.#recording.index.tables;
    const values = new Uint8Array(layout.bytes);
    const begin = lives.fromLsn.data[life]!;
    const fromCheckpoint = (lives.flags.data[life]! & LifetimeFlag.FromCheckpoint) !== 0;
    // A page that came into being while this watched, and was not written there since, holds zeros. Where its schema has changed, other
    // bytes may have been watched before.
    const isAsBefore = !this.#looksAtFields || this.#schemaVersion(life, lsn) === NONE;
    const isUntouched = known === undefined && isAsBefore && !fromCheckpoint && begin >= this.#sinceLsn;
    if (!isUntouched) {
      const size = lives.sizeBytes.data[life]!;
      if (this.#page.length < size) this.#page = new Uint8Array(size);
      const page = this.#page.subarray(0, size);
      const read = this.#recording.reader.read(slot, life, lsn - 1, page);
      if (!read.ok) return read;
      this.pagesRead++;
      for (const place of layout.places) {
        if (place !== undefined)
          values.set(page.subarray(place.offset, place.offset + FIELD_TYPE_BYTES[place.type]), place.at);
      }
    }
    if (this.#keptBytes > KEPT_BYTES) {
      this.#watched.clear();
      this.#keptBytes = 0;
      this.#sinceLsn = Math.max(lsn, this.#horizonLsn);
    }
    this.#keptBytes += ENTRY_BYTES + values.length;
    const watched = { life, layout, values };
    this.#watched.set(slot, watched);
    return ok(watched);
  }

  #evaluate(layout: Layout | undefined, values: Uint8Array, epoch: number, sizeBytes: number): boolean {
    const stack = this.#stack;
    stack.length = 0;
    for (const step of this.#expression.steps) {
      if (typeof step === "number") stack.push(this.#holds(step, layout, values, epoch, sizeBytes));
      else if (step === "not") stack.push(!stack.pop()!);
      else {
        const right = stack.pop()!;
        const left = stack.pop()!;
        stack.push(step === "and" ? left && right : left || right);
      }
    }
    return stack[0]!;
  }

  #holds(
    index: number,
    layout: Layout | undefined,
    values: Uint8Array,
    epoch: number,
    sizeBytes: number,
  ): boolean {
    const term = this.#expression.terms[index]!;
    if (term.operand.kind === "epoch") return compare(epoch, term);
    if (term.operand.kind === "size") return compare(sizeBytes, term);
    const place = layout?.places[index];
    if (place === undefined) return false;
    if (term.comparison === "changed") {
      for (let i = 0; i < FIELD_TYPE_BYTES[place.type]; i++) {
        if (values[place.at + i] !== this.#before[place.at + i]) return true;
      }
      return false;
    }
    return compare(readField(values, place.at, place.type), term);
  }
}

/** Mixed comparisons of numbers and bigints are exact. */
function compare(value: number | bigint, { comparison, literal }: Term): boolean {
  switch (comparison) {
    case "==":
      // biome-ignore lint/suspicious/noDoubleEquals: 3n == 3 is true, 3n === 3 is not
      return value == literal;
    case "!=":
      // biome-ignore lint/suspicious/noDoubleEquals: as above
      return value != literal;
    case "<":
      return value < literal;
    case "<=":
      return value <= literal;
    case ">":
      return value > literal;
    default:
      return value >= literal;
  }
}

/** One element of a schema field; the caller checked that it lies inside `bytes`. */
export function readField(bytes: Uint8Array, at: number, type: FieldType): number | bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case "u8":
    case "char":
      return view.getUint8(at);
    case "bool":
      return view.getUint8(at) === 0 ? 0 : 1;
    case "i8":
      return view.getInt8(at);
    case "u16":
      return view.getUint16(at, true);
    case "i16":
      return view.getInt16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "i32":
      return view.getInt32(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "i64":
      return view.getBigInt64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
  }
}

function layoutFor(terms: readonly Term[], schema: PageSchema | undefined, pageBytes: number): Layout {
  let bytes = 0;
  const places = terms.map(({ operand }) => {
    const found = placeOf(operand, schema);
    if (found === undefined || found.offset + FIELD_TYPE_BYTES[found.type] > pageBytes) return undefined;
    const place = { ...found, at: bytes };
    bytes += FIELD_TYPE_BYTES[found.type];
    return place;
  });
  let begin = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const place of places) {
    if (place === undefined) continue;
    begin = Math.min(begin, place.offset);
    end = Math.max(end, place.offset + FIELD_TYPE_BYTES[place.type]);
  }
  return { places, bytes, span: ok({ begin, end }) };
}

function placeOf(
  operand: Operand,
  schema: PageSchema | undefined,
): { offset: number; type: FieldType } | undefined {
  if (operand.kind === "offset") return operand;
  if (operand.kind !== "field") return undefined;
  const field = schema?.fields.find(({ name }) => name === operand.name);
  if (field === undefined || operand.indices.length > field.shape.length) return undefined;
  let element = 0;
  for (let axis = 0; axis < field.shape.length; axis++) {
    const index = operand.indices[axis] ?? 0;
    if (index >= field.shape[axis]!) return undefined;
    element = element * field.shape[axis]! + index;
  }
  return { offset: field.offset + element * FIELD_TYPE_BYTES[field.type], type: field.type };
}

function touches(layout: Layout, runs: RunList): boolean {
  for (const place of layout.places) {
    if (place === undefined) continue;
    const end = place.offset + FIELD_TYPE_BYTES[place.type];
    for (let run = 0; run < runs.count; run++) {
      if (runs.offset[run]! < end && runs.offset[run]! + runs.length[run]! > place.offset) return true;
    }
  }
  return false;
}

function write(
  layout: Layout,
  values: Uint8Array,
  runs: RunList,
  payload: Uint8Array,
  payloadAt: number,
): void {
  let at = payloadAt;
  for (let run = 0; run < runs.count; run++) {
    const offset = runs.offset[run]!;
    const length = runs.length[run]!;
    for (const place of layout.places) {
      if (place === undefined) continue;
      const from = Math.max(offset, place.offset);
      const to = Math.min(offset + length, place.offset + FIELD_TYPE_BYTES[place.type]);
      for (let byte = from; byte < to; byte++)
        values[place.at + byte - place.offset] = payload[at + byte - offset]!;
    }
    at += length;
  }
}
