import { accel, NO_SLOT } from "../accel/index.ts";
import { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import { decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import { BLOCK_HEADER_BYTES } from "../log/block-format.ts";
import { MAX_BLOCK_RECORDS, type RecordBatch } from "../log/record-batch.ts";
import {
  decodeEdge,
  decodeMetadataBody,
  decodePageCreate,
  decodePageMigrate,
  decodeSchemaBody,
} from "../log/record-bodies.ts";
import { isCritical, isKnownKind, kindName, RecordKind } from "../log/record-kinds.ts";
import { type CheckpointImage, readPages } from "../log/record-source.ts";
import { MAX_ARENA_BYTES } from "../pages/arena.ts";
import { EdgeSet } from "../pages/edge-set.ts";
import type { CheckedPageSpec } from "../pages/page-spec.ts";
import { PageTable, type PageTableOptions } from "../pages/page-table.ts";
import { LOCATION_CODE, type PageDescriptor } from "../pages/page-types.ts";
import { StateHasher, structureHash } from "../pages/state-hash.ts";

/** What became of the records. */
export interface ReplayCounts {
  /** Deltas that changed a page. */
  applied: number;
  /** Foreign frames that their own reader refuses. */
  rejected: number;
  /** Deltas, and changes of properties, for a page that is not there. */
  unknown: number;
  /** Records of unknown kinds that may be passed over. */
  skipped: number;
}

/** Kinds that leave pages and edges, and the counts, as they are. */
const WITHOUT_EFFECT = new Uint8Array(256);
for (const kind of [
  RecordKind.TransactionBegin,
  RecordKind.TransactionCommit,
  RecordKind.TransactionAbort,
  RecordKind.Event,
  RecordKind.Checkpoint,
  RecordKind.SessionStart,
  RecordKind.SessionStop,
  RecordKind.Failure,
  RecordKind.Recompute,
])
  WITHOUT_EFFECT[kind] = 1;

/** How many deltas the accelerator applied last. */
const DELTAS = new Uint32Array(1);

const NOTHING: Readonly<ReplayCounts> = { applied: 0, rejected: 0, unknown: 0, skipped: 0 };

/** Rebuilt state: pages and edges, brought forward record by record. The whole of it is in memory. */
export class ReplayState {
  readonly table: PageTable;
  readonly edges = new EdgeSet();
  readonly counts: ReplayCounts = { ...NOTHING };
  readonly #hasher: StateHasher;
  readonly #slots = new Uint32Array(MAX_BLOCK_RECORDS);
  /** Gaps passed, and how many of them a checkpoint made up for. */
  #gaps = 0;
  #mended = 0;
  /** By page, where there are gaps: how many had been passed when its epoch was last confirmed. */
  readonly #confirmed = new Map<bigint, number>();
  readonly #uncertain = new Set<bigint>();
  readonly #runs = new RunList();
  /** The body of the last PageCreate, and what it says. */
  #created: { readonly bytes: Uint8Array; readonly page: CheckedPageSpec } | undefined;

  constructor(options: PageTableOptions = {}) {
    this.table = new PageTable(options);
    this.#hasher = new StateHasher(this.table);
  }

  /** Pages whose bytes are not known for certain, because records of them were lost; in id order. */
  get uncertain(): bigint[] {
    return [...this.#uncertain].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Records were lost, and no full checkpoint since makes up for them. */
  get isAfterGap(): boolean {
    return this.#gaps > this.#mended;
  }

  stateHash(): Uint8Array {
    return this.#hasher.stateHash();
  }

  pageHash(slot: number): Uint8Array {
    return this.#hasher.pageHash(slot);
  }

  structureHash(): Uint8Array {
    return structureHash(this.table.descriptors(), this.edges.sorted());
  }

  passGap(): void {
    this.#gaps++;
  }

  /** Empties it for another replay, which then finds memory that was used before. Views of its pages end here. */
  clear(): void {
    this.#clearPages();
    this.edges.clear();
    this.#gaps = 0;
    this.#mended = 0;
    Object.assign(this.counts, NOTHING);
  }

  #clearPages(): void {
    this.table.clear();
    this.#uncertain.clear();
    this.#confirmed.clear();
  }

  /** Becomes the state in a checkpoint; a dirty one is laid over the state of its base. */
  load(image: CheckpointImage): Result<void> {
    const { table } = this;
    if (image.ref.kind === "full") {
      this.#clearPages();
      this.#mended = this.#gaps;
    }
    for (const id of image.destroyed) this.#destroy(id);
    const outs: Uint8Array[] = [];
    for (const page of image.pages) {
      this.#destroy(page.id);
      const created = this.#create(page);
      if (!created.ok) return created;
      outs.push(table.bytes(created.value));
    }
    const read = readPages(image, 0, outs);
    if (!read.ok) return read;
    this.edges.clear();
    for (const edge of image.edges) this.edges.add(edge);
    return ok();
  }

  #create(page: PageDescriptor): Result<number> {
    const { id, sizeBytes, epoch, location, type, metadata } = page;
    const schema = page.schema === undefined ? {} : { schema: page.schema };
    return this.table.revive({ id, sizeBytes, epoch, location, type, metadata, ...schema });
  }

  #destroy(id: bigint): void {
    const slot = this.table.slotOf(id);
    if (slot < 0) return;
    this.table.destroy(slot);
    this.#uncertain.delete(id);
  }

  /**
   * Applies rows `[from, to)` of a block. Errors: LOG_RECORD_CORRUPT, LOG_KIND_UNKNOWN, PAGE_OUT_OF_MEMORY; what stands before the row
   * at fault is applied.
   */
  apply(batch: RecordBatch, from: number, to: number): Result<void> {
    const { kind } = batch;
    for (let row = from; row < to; ) {
      if (kind[row] === RecordKind.Delta) {
        let end = row + 1;
        while (end < to && kind[end] === RecordKind.Delta) end++;
        const applied = this.#deltas(batch, row, end);
        if (!applied.ok) return applied;
        row = end;
      } else {
        const applied = this.#other(batch, row);
        if (!applied.ok) return applied;
        row++;
      }
    }
    return ok();
  }

  /**
   * Applies a block that was loaded and not decoded, from its first row on, as far as the accelerator can. Returns the row it stopped at: the
   * others are for {@link apply}.
   */
  applyLoaded(batch: RecordBatch): number {
    const { room, header } = batch;
    if (accel.replayBlock === undefined || this.#gaps > 0 || room === undefined || header === undefined)
      return 0;
    const { table } = this;
    const row = accel.replayBlock(
      table.spans,
      room.u8,
      BLOCK_HEADER_BYTES + header.payloadBytes,
      header.count,
      header.firstLsn,
      WITHOUT_EFFECT,
      table.lowSlots,
      table.epoch,
      table.changed,
      table.stamp,
      DELTAS,
    );
    this.counts.applied += DELTAS[0]!;
    return row;
  }

  #deltas(batch: RecordBatch, from: number, to: number): Result<void> {
    const { table } = this;
    const slots = to <= this.#slots.length ? this.#slots : new Uint32Array(to);
    table.slotsOfPairs(batch.pageLo, batch.pageHi, from, to, slots);
    if (this.#gaps > 0) this.#judge(batch, from, to, slots);
    const { spans } = table;
    const done = accel.applyBodies(batch.bytes, batch.bodyStart, batch.bodyLength, slots, from, to, spans);
    const end = done < 0 ? -done - 1 : done;
    const { epoch, changed, stamp } = table;
    const { counts } = this;
    for (let row = from; row < end; row++) {
      const slot = slots[row]!;
      if (slot === NO_SLOT) {
        // unread by `applyBodies`, and corrupt all the same
        const start = batch.bodyStart[row]!;
        if (decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, this.#runs) < 0)
          return corrupt(batch, row);
        counts.unknown++;
        continue;
      }
      epoch[slot] = batch.epoch[row]!;
      changed[slot] = stamp;
      counts.applied++;
    }
    return done < 0 ? corrupt(batch, end) : ok();
  }

  /** After lost records: which pages lost deltas, and which were overwritten whole since. */
  #judge(batch: RecordBatch, from: number, to: number, slots: Uint32Array): void {
    const epochs = new Map<number, number>();
    for (let row = from; row < to; row++) {
      const slot = slots[row]!;
      if (slot === NO_SLOT) continue;
      const id = batch.pageId(row);
      const before = epochs.get(slot) ?? this.table.epoch[slot]!;
      const epoch = batch.epoch[row]!;
      if ((this.#confirmed.get(id) ?? this.#mended) !== this.#gaps && epoch !== before + 1)
        this.#uncertain.add(id);
      this.#confirmed.set(id, this.#gaps);
      epochs.set(slot, epoch);
      if (this.#uncertain.has(id) && this.#overwrites(batch, row, this.table.size[slot]!))
        this.#uncertain.delete(id);
    }
  }

  #overwrites(batch: RecordBatch, row: number, sizeBytes: number): boolean {
    const start = batch.bodyStart[row]!;
    if (decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, this.#runs) < 0) return false;
    const { offset, length, count } = this.#runs;
    let covered = 0;
    for (let i = 0; i < count; i++)
      covered += Math.max(0, Math.min(sizeBytes, offset[i]! + length[i]!) - offset[i]!);
    return covered === sizeBytes;
  }

  #other(batch: RecordBatch, row: number): Result<void> {
    const kind = batch.kind[row]!;
    switch (kind) {
      case RecordKind.PageCreate:
        return this.#pageCreate(batch, row);
      case RecordKind.PageDestroy:
      case RecordKind.PageMigrate:
      case RecordKind.SchemaChange:
      case RecordKind.MetadataChange:
        return this.#pageChange(batch, row, kind);
      case RecordKind.EdgeAdd:
      case RecordKind.EdgeRemove: {
        const edge = decodeEdge(batch.body(row));
        if (!edge.ok) return corrupt(batch, row, edge.error);
        const from = batch.pageId(row);
        if (kind === RecordKind.EdgeAdd) this.edges.add({ from, ...edge.value });
        else this.edges.remove({ from, ...edge.value });
        return ok();
      }
      case RecordKind.ForeignFrame:
        this.counts.rejected++;
        return ok();
      case RecordKind.Gap:
        this.passGap();
        return ok();
      default:
        if (isKnownKind(kind)) return ok();
        if (isCritical(kind)) return unknownKind(batch, row);
        this.counts.skipped++;
        return ok();
    }
  }

  #pageCreate(batch: RecordBatch, row: number): Result<void> {
    const start = batch.bodyStart[row]!;
    const length = batch.bodyLength[row]!;
    // Pages come in rows of equals: what was decoded for the one before serves for all.
    if (this.#created === undefined || !holds(batch.bytes, start, length, this.#created.bytes)) {
      const bytes = batch.body(row).slice();
      const body = decodePageCreate(bytes);
      if (!body.ok) return corrupt(batch, row, body.error);
      if (body.value.sizeBytes > MAX_ARENA_BYTES) return corrupt(batch, row);
      const page = this.table.checked({ id: batch.pageId(row), ...body.value });
      if (!page.ok) return page;
      this.#created = { bytes, page: page.value };
    }
    const lo = batch.pageLo[row]!;
    const hi = batch.pageHi[row]!;
    if (this.table.slotOfPair(lo, hi) >= 0) this.#destroy(batch.pageId(row));
    const created = this.table.reviveLike(this.#created.page, lo, hi, batch.epoch[row]!);
    if (this.#gaps > 0) this.#confirmed.set(batch.pageId(row), this.#gaps);
    return created.ok ? ok() : created;
  }

  #pageChange(batch: RecordBatch, row: number, kind: number): Result<void> {
    const { table } = this;
    const slot = table.slotOfPair(batch.pageLo[row]!, batch.pageHi[row]!);
    if (slot < 0) {
      this.counts.unknown++;
      return ok();
    }
    const body = batch.body(row);
    if (kind === RecordKind.PageDestroy) {
      this.#destroy(batch.pageId(row));
      return ok();
    }
    if (kind === RecordKind.PageMigrate) {
      const location = decodePageMigrate(body);
      if (!location.ok) return corrupt(batch, row, location.error);
      table.location[slot] = LOCATION_CODE[location.value];
      table.markDirty(slot);
      return ok();
    }
    if (kind === RecordKind.SchemaChange) {
      return this.#schemaChange(batch, row, slot);
    }
    const metadata = decodeMetadataBody(body);
    const set = metadata.ok ? table.setMetadata(slot, metadata.value) : metadata;
    return set.ok ? ok() : corrupt(batch, row, set.error);
  }

  #schemaChange(batch: RecordBatch, row: number, slot: number): Result<void> {
    const schema = decodeSchemaBody(batch.body(row), this.table.size[slot]!);
    const set = schema.ok ? this.table.setSchema(slot, schema.value) : schema;
    if (set.ok) return ok();
    // well-formed, but for another page: the records that tell of it are among those that were lost
    if (!this.isAfterGap || !decodeSchemaBody(batch.body(row), MAX_ARENA_BYTES).ok)
      return corrupt(batch, row, set.error);
    this.#uncertain.add(batch.pageId(row));
    this.#confirmed.set(batch.pageId(row), this.#gaps);
    return ok();
  }
}

/** Whether exactly these bytes stand at `bytes[start .. start + length]`. */
function holds(bytes: Uint8Array, start: number, length: number, wanted: Uint8Array): boolean {
  if (length !== wanted.length) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== wanted[i]) return false;
  return true;
}

const REMEDY = "What stands before it can be replayed; 'mmsb recover' keeps what is readable";

/** A record whose checksum is right and whose body makes no sense. */
export function corrupt(
  batch: RecordBatch,
  row: number,
  cause?: MmsbError,
): { readonly ok: false; readonly error: MmsbError } {
  const lsn = batch.lsn(row);
  const message = `the body of a ${kindName(batch.kind[row]!)} record is malformed`;
  return err(new MmsbError("LOG_RECORD_CORRUPT", message, REMEDY, { lsn }, cause));
}

function unknownKind(batch: RecordBatch, row: number): { readonly ok: false; readonly error: MmsbError } {
  const message = `records of kind ${kindName(batch.kind[row]!)} change the state in a way that this version does not know`;
  const remedy = "Open the recording with the version that wrote it";
  return err(new MmsbError("LOG_KIND_UNKNOWN", message, remedy, { lsn: batch.lsn(row) }));
}
