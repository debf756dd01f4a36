import { MmsbError } from "../../base/errors.ts";
import { highOf, lowOf } from "../../base/u64.ts";
import { decodeDeltaBody, isDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { MAX_ARENA_BYTES } from "../../pages/arena.ts";
import { EDGE_TYPES, LOCATION_CODE, type PageDescriptor } from "../../pages/page-types.ts";
import { MAX_BLOCK_RECORDS, type RecordBatch } from "../record-batch.ts";
import {
  decodeEdge,
  decodeEvent,
  decodeMetadataBody,
  decodePageCreate,
  decodePageMigrate,
  decodeSchemaBody,
} from "../record-bodies.ts";
import { isCritical, isKnownKind, kindName, RecordKind } from "../record-kinds.ts";
import type { CheckpointImage } from "../record-source.ts";
import { NONE } from "./id-slots.ts";
import type { IndexTables } from "./index-tables.ts";
import type { RunBuilder } from "./run-builder.ts";
import { StandingEdges } from "./standing-edges.ts";
import { LifetimeFlag, VersionKind, VersionValue } from "./structure.ts";

/** So many deltas are taken one by one sooner than a call of the addon is made. */
const FEW_DELTAS = 16;

/**
 * Follows a recording's records one after another: which pages and edges stand, at which epoch, what is uncertain. Feeds the run that is
 * being gathered. Stops for good (`tables.stop`) at a record that replay cannot pass.
 */
export class RecordScanner {
  readonly #tables: IndexTables;
  readonly #run: RunBuilder;
  readonly #runs = new RunList();
  /** By row of the block at hand: its page. */
  readonly #slots = new Uint32Array(MAX_BLOCK_RECORDS);
  readonly #edges: StandingEdges;
  /** Rises whenever a page begins, ends or becomes uncertain: what the run's lines say of it is then void. */
  #state = 1;
  /** The transaction open after the last record scanned; 0 = none. */
  openTransactionLsn = 0;

  /** Where `tables` hold edges already, {@link prepare} it before the first record. */
  constructor(tables: IndexTables, run: RunBuilder) {
    this.#tables = tables;
    this.#run = run;
    this.#edges = new StandingEdges(tables.edges);
  }

  /** Takes in the edges that the index knows. Yields now and then. */
  prepare(): Generator<void, void> {
    return this.#edges.fill();
  }

  /** Records were lost: from `nextLsn` on something may be missing. */
  passGap(nextLsn: number): void {
    this.#state++;
    this.#tables.gapLsns.push(nextLsn);
  }

  /**
   * The state becomes the one in a full checkpoint: at the beginning, and where records were lost before it. Pages that agree with it
   * go on living; the others begin anew.
   */
  adopt(image: CheckpointImage, isFirst: boolean): void {
    const { tables } = this;
    const { lives, uncertain } = tables;
    const lsn = image.ref.lsn;
    const kept = new Uint8Array(tables.ids.count + image.pages.length);
    for (const page of image.pages) {
      const slot = tables.addSlot(lowOf(page.id), highOf(page.id));
      kept[slot] = 1;
      const life = tables.slotLife.data[slot]!;
      const agrees =
        !isFirst &&
        tables.isLive(slot) &&
        tables.slotUncertain.data[slot] === NONE &&
        tables.slotEpoch.data[slot] === page.epoch &&
        lives.sizeBytes.data[life] === page.sizeBytes &&
        tables.types.texts[lives.type.data[life]!] === page.type;
      if (agrees) this.#adoptProperties(life, page, lsn);
      else {
        this.#endLife(slot, lsn);
        const flags =
          LifetimeFlag.FromCheckpoint |
          (page.metadata.size > 0 ? LifetimeFlag.Metadata : 0) |
          (page.schema === undefined ? 0 : LifetimeFlag.Schema);
        this.#beginLife(
          slot,
          lsn,
          page.sizeBytes,
          page.epoch,
          page.type,
          LOCATION_CODE[page.location],
          flags,
        );
        if (!isFirst) this.#run.slots.touch(slot, page.epoch);
      }
      const open = tables.slotUncertain.data[slot]!;
      if (open !== NONE) uncertain.untilLsn.data[open] = lsn;
      tables.slotUncertain.data[slot] = NONE;
      tables.slotGaps.data[slot] = tables.gapsPassed;
    }
    for (let slot = 0; slot < tables.ids.count; slot++) if (kept[slot] === 0) this.#endLife(slot, lsn);
    this.#adoptEdges(image, lsn);
    if (isFirst) return;
    tables.mendLsns.push(lsn);
    tables.mendGaps.push(tables.gapsPassed);
  }

  /** What a page carries may have changed among the records that were lost. */
  #adoptProperties(life: number, page: PageDescriptor, lsn: number): void {
    const { lives, versions } = this.#tables;
    const adopt = (kind: number, value: number, original: number) => {
      const newest = lives.version.data[life]!;
      const standing = versions.find(newest, kind, lsn);
      const before = standing === NONE ? original : versions.value.data[standing]!;
      // what only a record or checkpoint tells cannot be compared here: the checkpoint's word stands from now on
      const isTold = kind !== VersionKind.Location && value === VersionValue.InCheckpoint;
      if (before !== value || isTold) lives.version.data[life] = versions.add(newest, lsn, kind, value);
    };
    const flags = lives.flags.data[life]!;
    const none = VersionValue.None;
    const original = (flag: number) => ((flags & flag) === 0 ? none : VersionValue.InRecord);
    const given = (isEmpty: boolean) => (isEmpty ? none : VersionValue.InCheckpoint);
    adopt(VersionKind.Location, LOCATION_CODE[page.location], lives.location.data[life]!);
    adopt(VersionKind.Metadata, given(page.metadata.size === 0), original(LifetimeFlag.Metadata));
    adopt(VersionKind.Schema, given(page.schema === undefined), original(LifetimeFlag.Schema));
  }

  #adoptEdges(image: CheckpointImage, lsn: number): void {
    const standing = new Set<number>();
    for (const edge of image.edges) {
      const type = EDGE_TYPES.indexOf(edge.type);
      standing.add(
        this.#addEdge(lowOf(edge.from), highOf(edge.from), lowOf(edge.to), highOf(edge.to), type, lsn),
      );
    }
    for (const row of this.#edges.rows()) if (!standing.has(row)) this.#endEdge(row, lsn);
  }

  get tables(): IndexTables {
    return this.#tables;
  }

  /**
   * Takes rows `[from, to)`; `shift` turns a row's body position into one in the run. Returns the row it stopped before: after a gap
   * record, and at a record that replay cannot pass.
   */
  scan(batch: RecordBatch, from: number, to: number, shift: number): number {
    const { kind } = batch;
    for (let row = from; row < to; ) {
      if (kind[row] !== RecordKind.Delta) {
        if (!this.#other(batch, row)) return row;
        row++;
        if (kind[row - 1] === RecordKind.Gap) return row;
        continue;
      }
      let end = row + 1;
      while (end < to && kind[end] === RecordKind.Delta) end++;
      row = this.#deltas(batch, row, end, shift);
      if (row < end) return row;
    }
    return to;
  }

  /** Rows `[from, to)` are deltas. Returns the row it stopped before: one whose body is corrupt. */
  #deltas(batch: RecordBatch, from: number, to: number, shift: number): number {
    const run = this.#run;
    if (run.hot.noteDeltas === undefined || to - from < FEW_DELTAS) return this.#each(batch, from, to, shift);
    this.#findSlots(batch, from, to);
    const { tables } = this;
    const { slots, deltas } = run;
    slots.reserve(tables.ids.count);
    for (let row = from; row < to; ) {
      slots.reserveTouched(to - row);
      const at = deltas.count;
      const done = run.hot.noteDeltas(
        this.#slots,
        batch.epoch,
        batch.bodyStart,
        batch.bodyLength,
        batch.bytes,
        row,
        to,
        tables.slotLife.data,
        tables.lives.untilLsn.data,
        tables.slotEpoch.data,
        tables.slotGaps.data,
        tables.slotUncertain.data,
        slots.words,
        slots.touched,
        slots.touchedCount,
        deltas.slot.data,
        deltas.offset.data,
        deltas.epoch.data,
        deltas.start.data,
        deltas.length.data,
        at,
        slots.stamp,
        tables.gapsPassed,
        (batch.firstLsn - run.firstLsn) >>> 0,
        shift >>> 0,
        this.#state,
      );
      deltas.slot.length = at + done - row;
      tables.applied += done - row;
      if (done === to) break;
      // what it stopped at is looked at here, and some more: there may be many like it
      const few = Math.min(to, done + FEW_DELTAS);
      row = this.#each(batch, done, few, shift);
      if (row < few) return row;
    }
    return to;
  }

  /** The pages of rows `[from, to)`, into `#slots`; NONE where there is none. */
  #findSlots({ pageLo, pageHi }: RecordBatch, from: number, to: number): void {
    const { ids } = this.#tables;
    const slots = this.#slots;
    let lastLo = -1;
    let lastHi = -1;
    let slot = NONE;
    for (let row = from; row < to; row++) {
      const lo = pageLo[row]!;
      const hi = pageHi[row]!;
      if (lo !== lastLo || hi !== lastHi) {
        slot = ids.find(lo, hi) >>> 0;
        lastLo = lo;
        lastHi = hi;
      }
      slots[row] = slot;
    }
  }

  /** As {@link #deltas}, one after another. */
  #each(batch: RecordBatch, from: number, to: number, shift: number): number {
    const tables = this.#tables;
    const run = this.#run;
    const { slots } = run;
    const { pageLo, pageHi, epoch, bodyStart, bodyLength } = batch;
    for (let row = from; row < to; row++) {
      const start = bodyStart[row]!;
      const length = bodyLength[row]!;
      if (!isDeltaBody(batch.bytes, start, start + length, this.#runs)) {
        this.#stop(batch, row);
        return row;
      }
      const slot = tables.ids.find(pageLo[row]!, pageHi[row]!);
      if (slot < 0 || !tables.isLive(slot)) {
        tables.unknown++;
        if (slot >= 0) this.#noteOther(slot, batch.firstLsn + row);
        continue;
      }
      tables.applied++;
      const after = epoch[row]!;
      slots.touch(slot, tables.slotEpoch.data[slot]!);
      if (tables.slotGaps.data[slot] !== tables.gapsPassed) this.#confirm(slot, after);
      if (tables.slotUncertain.data[slot] !== NONE) {
        decodeDeltaBody(batch.bytes, start, start + length, this.#runs);
        this.#mend(slot, batch.firstLsn + row);
      }
      tables.slotEpoch.data[slot] = after;
      run.addDelta(slot, batch.firstLsn + row, after, start + shift, length);
    }
    return to;
  }

  /** The page's first delta since records were lost: does its epoch follow on the last one known? */
  #confirm(slot: number, epoch: number): void {
    if (epoch !== this.#tables.slotEpoch.data[slot]! + 1) this.#doubt(slot);
    this.#tables.slotGaps.data[slot] = this.#tables.gapsPassed;
  }

  /** The page is uncertain since the first gap after its epoch was last known to be right. */
  #doubt(slot: number): void {
    const tables = this.#tables;
    if (tables.slotUncertain.data[slot] !== NONE) return;
    this.#state++;
    const gap = Math.min(tables.slotGaps.data[slot]!, tables.gapsPassed - 1);
    tables.slotUncertain.data[slot] = tables.uncertain.begin(slot, tables.gapLsns.data[gap]!);
    tables.slotGaps.data[slot] = tables.gapsPassed;
  }

  /** A delta that overwrites the whole page makes it certain again; its runs stand in `#runs`. */
  #mend(slot: number, lsn: number): void {
    const tables = this.#tables;
    const size = tables.lives.sizeBytes.data[tables.slotLife.data[slot]!]!;
    let covered = 0;
    for (let i = 0; i < this.#runs.count; i++) {
      covered += Math.max(
        0,
        Math.min(size, this.#runs.offset[i]! + this.#runs.length[i]!) - this.#runs.offset[i]!,
      );
    }
    if (covered === size) this.#endUncertainty(slot, lsn);
  }

  #endUncertainty(slot: number, lsn: number): void {
    const open = this.#tables.slotUncertain.data[slot]!;
    if (open === NONE) return;
    this.#tables.uncertain.untilLsn.data[open] = lsn;
    this.#tables.slotUncertain.data[slot] = NONE;
  }

  #noteOther(slot: number, lsn: number): void {
    this.#run.slots.touch(slot, this.#tables.slotEpoch.data[slot]!);
    this.#run.addOther(slot, lsn);
  }

  #stop(batch: RecordBatch, row: number, error?: MmsbError): false {
    const lsn = batch.firstLsn + row;
    const what = kindName(batch.kind[row]!);
    const remedy = "What stands before it can be replayed; 'mmsb recover' keeps what is readable";
    this.#tables.stop = {
      lsn,
      error:
        isKnownKind(batch.kind[row]!) || error !== undefined
          ? new MmsbError(
              "LOG_RECORD_CORRUPT",
              `the body of a ${what} record is malformed`,
              remedy,
              { lsn },
              error,
            )
          : new MmsbError(
              "LOG_KIND_UNKNOWN",
              `records of kind ${what} change the state in a way that this version does not know`,
              "Open the recording with the version that wrote it",
              { lsn },
            ),
    };
    return false;
  }

  #other(batch: RecordBatch, row: number): boolean {
    const run = this.#run;
    const kind = batch.kind[row]!;
    const lsn = batch.firstLsn + row;
    const offset = lsn - run.firstLsn;
    switch (kind) {
      case RecordKind.PageCreate:
      case RecordKind.PageDestroy:
      case RecordKind.PageMigrate:
      case RecordKind.SchemaChange:
      case RecordKind.MetadataChange:
        run.structure.push(offset);
        return this.#page(batch, row, kind, lsn);
      case RecordKind.EdgeAdd:
      case RecordKind.EdgeRemove:
        run.structure.push(offset);
        return this.#edge(batch, row, kind, lsn);
      case RecordKind.TransactionBegin:
        run.begins.push(offset);
        this.openTransactionLsn = lsn;
        return true;
      case RecordKind.TransactionCommit:
      case RecordKind.TransactionAbort:
        run.ends.push(offset);
        this.openTransactionLsn = 0;
        return true;
      case RecordKind.Event: {
        const event = decodeEvent(batch.body(row));
        run.events.push(offset);
        run.eventTypes.push(event.ok ? Math.min(event.value.eventType, NONE) : NONE);
        return true;
      }
      default:
        return this.#mark(batch, row, kind, offset);
    }
  }

  #mark(batch: RecordBatch, row: number, kind: number, offset: number): boolean {
    const tables = this.#tables;
    if (!isKnownKind(kind)) {
      if (isCritical(kind)) return this.#stop(batch, row);
      tables.skipped++;
    } else if (kind === RecordKind.ForeignFrame) tables.rejected++;
    else if (kind === RecordKind.Gap) this.passGap(batch.firstLsn + row);
    this.#run.marks.push(offset);
    return true;
  }

  #page(batch: RecordBatch, row: number, kind: number, lsn: number): boolean {
    const tables = this.#tables;
    const lo = batch.pageLo[row]!;
    const hi = batch.pageHi[row]!;
    if (kind === RecordKind.PageCreate) return this.#create(batch, row, lo, hi, lsn);
    const slot = tables.ids.find(lo, hi);
    if (slot < 0 || !tables.isLive(slot)) {
      tables.unknown++;
      if (slot >= 0) this.#noteOther(slot, lsn);
      return true;
    }
    this.#noteOther(slot, lsn);
    const body = batch.body(row);
    if (kind === RecordKind.PageDestroy) {
      this.#endLife(slot, lsn);
      return true;
    }
    const life = tables.slotLife.data[slot]!;
    const newest = tables.lives.version.data[life]!;
    let version: number;
    if (kind === RecordKind.PageMigrate) {
      const location = decodePageMigrate(body);
      if (!location.ok) return this.#stop(batch, row, location.error);
      version = tables.versions.add(newest, lsn, VersionKind.Location, LOCATION_CODE[location.value]);
    } else if (kind === RecordKind.SchemaChange) {
      const schema = decodeSchemaBody(body, tables.lives.sizeBytes.data[life]!);
      if (!schema.ok) {
        // well-formed, but for another page: the records that tell of it are among those that were lost
        if (!tables.hasUnmendedGap || !decodeSchemaBody(body, MAX_ARENA_BYTES).ok)
          return this.#stop(batch, row, schema.error);
        this.#doubt(slot);
        return true;
      }
      version = tables.versions.add(
        newest,
        lsn,
        VersionKind.Schema,
        schema.value === undefined ? VersionValue.None : VersionValue.InRecord,
      );
    } else {
      const metadata = decodeMetadataBody(body);
      if (!metadata.ok) return this.#stop(batch, row, metadata.error);
      version = tables.versions.add(
        newest,
        lsn,
        VersionKind.Metadata,
        metadata.value.size === 0 ? VersionValue.None : VersionValue.InRecord,
      );
    }
    tables.lives.version.data[life] = version;
    return true;
  }

  #create(batch: RecordBatch, row: number, lo: number, hi: number, lsn: number): boolean {
    const tables = this.#tables;
    const body = decodePageCreate(batch.body(row));
    if (!body.ok) return this.#stop(batch, row, body.error);
    const { sizeBytes, type, location, metadata, schema } = body.value;
    // no table could hold it, and nothing may be allocated because a record says so
    if (sizeBytes > MAX_ARENA_BYTES) return this.#stop(batch, row);
    const slot = tables.addSlot(lo, hi);
    this.#noteOther(slot, lsn);
    this.#endLife(slot, lsn);
    const flags =
      (metadata.size > 0 ? LifetimeFlag.Metadata : 0) | (schema === undefined ? 0 : LifetimeFlag.Schema);
    const epoch = batch.epoch[row]!;
    this.#beginLife(slot, lsn, sizeBytes, epoch, type, LOCATION_CODE[location], flags);
    this.#run.slots.restart(slot, epoch);
    tables.slotGaps.data[slot] = tables.gapsPassed;
    return true;
  }

  #beginLife(
    slot: number,
    lsn: number,
    size: number,
    epoch: number,
    type: string,
    location: number,
    flags: number,
  ): void {
    const tables = this.#tables;
    this.#state++;
    const before = tables.slotLife.data[slot]!;
    tables.slotLife.data[slot] = tables.lives.begin(
      slot,
      before,
      lsn,
      size,
      epoch,
      tables.types.number(type),
      location,
      flags,
    );
    tables.slotEpoch.data[slot] = epoch;
    tables.slotSinceKey.data[slot] = 0;
  }

  #endLife(slot: number, lsn: number): void {
    const tables = this.#tables;
    if (!tables.isLive(slot)) return;
    this.#state++;
    tables.lives.untilLsn.data[tables.slotLife.data[slot]!] = lsn;
    this.#endUncertainty(slot, lsn);
  }

  #edge(batch: RecordBatch, row: number, kind: number, lsn: number): boolean {
    const edge = decodeEdge(batch.body(row));
    if (!edge.ok) return this.#stop(batch, row, edge.error);
    const type = EDGE_TYPES.indexOf(edge.value.type);
    const toLo = lowOf(edge.value.to);
    const toHi = highOf(edge.value.to);
    const fromLo = batch.pageLo[row]!;
    const fromHi = batch.pageHi[row]!;
    const slot = this.#tables.ids.find(fromLo, fromHi);
    if (slot >= 0) this.#noteOther(slot, lsn);
    if (kind === RecordKind.EdgeAdd) {
      this.#addEdge(fromLo, fromHi, toLo, toHi, type, lsn);
      return true;
    }
    const standing = this.#edges.find(fromLo, fromHi, toLo, toHi, type);
    if (standing >= 0) this.#endEdge(standing, lsn);
    return true;
  }

  /** The row of the edge, made where it does not stand yet. */
  #addEdge(fromLo: number, fromHi: number, toLo: number, toHi: number, type: number, lsn: number): number {
    const standing = this.#edges.find(fromLo, fromHi, toLo, toHi, type);
    if (standing >= 0) return standing;
    const row = this.#tables.edges.begin(fromLo, fromHi, toLo, toHi, type, lsn);
    this.#edges.insert(row);
    return row;
  }

  #endEdge(row: number, lsn: number): void {
    this.#edges.remove(row);
    this.#tables.edges.untilLsn.data[row] = lsn;
  }
}
