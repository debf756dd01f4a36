import { accel } from "../accel/index.ts";
import { assert } from "../base/assert.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import { RunList } from "../deltas/run-list.ts";
import type { DevicePages } from "../device/device-pages.ts";
import type { RecomputeDefinition } from "../graph/recompute.ts";
import type { WaveRows } from "../graph/wave-rows.ts";
import type { LogWriter } from "../log/log-writer.ts";
import {
  encodeEdge,
  encodeEvent,
  encodeMetadataBody,
  encodePageCreate,
  encodePageMigrate,
  encodeSchemaBody,
  encodeTransactionEnd,
} from "../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";
import { encodeRegistration } from "../log/registration.ts";
import type { EdgeSet } from "../pages/edge-set.ts";
import type { PageSpec } from "../pages/page-spec.ts";
import type { PageTable } from "../pages/page-table.ts";
import type { Edge, PageLocation, PageMetadata, PageSchema } from "../pages/page-types.ts";
import type { LiveEvents } from "./live-events.ts";
import type { Reactive } from "./reactive.ts";
import type { RecomputeTarget } from "./recompute-target.ts";
import { registrationOf } from "./registrations.ts";
import { type StructureUndo, UndoJournal } from "./undo-journal.ts";

/** Who changes something and why, as a record says it. */
export interface Origin {
  readonly source: string;
  readonly cause: number;
  /** Bits of `RecordFlag`. */
  readonly flags: number;
  /** UTF-8 JSON; deltas only. */
  readonly metadata: Uint8Array;
}

/**
 * Pages, edges and log as one: every change is logged first and applied after, and while a transaction runs, noted for undoing. Arguments
 * are checked by the caller; what can fail here is the log.
 */
export class StateWriter {
  readonly table: PageTable;
  readonly edges: EdgeSet;
  readonly log: LogWriter;
  /** What is told of the changes. */
  readonly events: LiveEvents;
  /** What is computed from what. */
  readonly reactive: Reactive;
  readonly journal = new UndoJournal();
  /** A transaction runs: changes go to the journal. */
  isRecording = false;
  /** Ids of pages destroyed since the last checkpoint. */
  readonly destroyed = new Set<bigint>();
  /** Where pages of location gpu and unified live, if the session was given one. */
  device: DevicePages | undefined;
  deltas = 0;
  eventRecords = 0;
  readonly #wholePage = new RunList(1);
  /** Epochs of the rows of the batch at hand. */
  #rowEpoch = new Float64Array(0);

  constructor(table: PageTable, edges: EdgeSet, log: LogWriter, events: LiveEvents, reactive: Reactive) {
    this.table = table;
    this.edges = edges;
    this.log = log;
    this.events = events;
    this.reactive = reactive;
  }

  get failure(): MmsbError | undefined {
    return this.log.failure;
  }

  /** Why nothing can be written any more. */
  refusal(): { readonly ok: false; readonly error: MmsbError } {
    const { failure, path } = this.log;
    if (failure === undefined)
      return fail("LOG_CLOSED", "the log is closed", "Start another session", { path });
    return err(
      new MmsbError(
        "LOG_READ_ONLY",
        `writing the log failed before (${failure.code}: ${failure.message})`,
        "What was synced is safe: stop this session, mend the cause, and open the recording again",
        { path },
        failure,
      ),
    );
  }

  append(kind: RecordKind, fields: Parameters<LogWriter["append"]>[1]): Result<number> {
    const lsn = this.log.append(kind, fields);
    if (lsn === 0) return this.refusal();
    this.events.record(kind, lsn, fields);
    return ok(lsn);
  }

  /** An event record, of which the payload is bytes. */
  tell(type: number, payload: Uint8Array, pageId: bigint, origin: Origin): Result<number> {
    return this.tellBody(encodeEvent({ eventType: type, payload }), pageId, origin);
  }

  /** {@link tell}, where the record's body is there already. */
  tellBody(body: Uint8Array, pageId: bigint, { source, cause, flags }: Origin): Result<number> {
    const fields = pageId === 0n ? { source, cause, flags, body } : { source, cause, flags, body, pageId };
    const logged = this.append(RecordKind.Event, fields);
    if (!logged.ok) return logged;
    this.eventRecords++;
    this.events.settle();
    return logged;
  }

  /** Begins a transaction; returns its LSN. */
  begin(): Result<number> {
    const lsn = this.log.begin();
    if (lsn === 0) return this.refusal();
    this.isRecording = true;
    this.events.record(RecordKind.TransactionBegin, lsn, NO_FIELDS);
    return ok(lsn);
  }

  /** Ends the transaction, and tells what happened in it. What is to be taken back of it was taken back before. */
  end(outcome: "commit" | "abort"): Result<void> {
    const cause = this.log.openTransactionLsn;
    this.isRecording = false;
    this.journal.clear();
    this.reactive.settled();
    if (this.failure !== undefined) return this.refusal();
    const lsn = outcome === "commit" ? this.log.commit() : this.log.abort();
    if (lsn === 0) return this.refusal();
    const kind = outcome === "commit" ? RecordKind.TransactionCommit : RecordKind.TransactionAbort;
    const isHeard = this.events.hub.isActive;
    this.events.record(kind, lsn, isHeard ? { cause, body: encodeTransactionEnd(cause) } : NO_FIELDS);
    // A device that is lost here has its own record, behind the transaction's, which is done all the same.
    this.device?.flush();
    this.events.settle();
    return ok();
  }

  /** One delta, whose canonical runs `[from, to)` lie inside the page. */
  delta(
    slot: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    payload: Uint8Array,
    payloadAt: number,
    origin: Origin,
  ): Result<number> {
    const { source, cause, flags, metadata } = origin;
    this.log.stamp();
    const lsn = this.#delta(
      slot,
      runOffset,
      runLength,
      from,
      to,
      payload,
      payloadAt,
      source,
      cause,
      flags,
      metadata,
    );
    if (lsn === 0) return this.refusal();
    // behind what is told of the delta: a device that is lost here has a record of its own
    this.device?.wrote(slot, runOffset, runLength, from, to, payload, payloadAt);
    this.events.settle();
    return ok(lsn);
  }

  /**
   * The rows of a batch, checked by the caller, in order and at one time. Returns the rows that were logged and applied: fewer than there
   * are where the log failed.
   */
  batch(batch: DeltaBatch, sources: readonly string[]): number {
    const separately = this.isRecording || this.events.hub.wantsDeltas;
    const done = separately ? this.#batchByRows(batch, sources) : this.#batchAtOnce(batch, sources);
    this.events.settle();
    return done;
  }

  #batchAtOnce(batch: DeltaBatch, sources: readonly string[]): number {
    const { slot, count } = batch;
    const { idLo, idHi, epoch, changed, stamp } = this.table;
    if (this.#rowEpoch.length < count) this.#rowEpoch = new Float64Array(Math.max(count, 1024));
    const rowEpoch = this.#rowEpoch;
    accel.raiseEpochs(slot, count, epoch, changed, stamp, rowEpoch);
    const done = this.log.appendDeltas(batch, 0, count, idLo, idHi, rowEpoch, sources, RecordFlag.Derived);
    for (let row = done; row < count; row++) epoch[slot[row]!]!--;
    batch.apply(this.table.spans, 0, done);
    this.device?.wroteBatch(batch, done);
    if (this.reactive.isActive) for (let row = 0; row < done; row++) this.reactive.touch(slot[row]!);
    this.deltas += done;
    return done;
  }

  /** Within a transaction each row's old bytes are kept, and those follow from the rows before it; and who hears of deltas hears of each. */
  #batchByRows(batch: DeltaBatch, sources: readonly string[]): number {
    const { runStart, runOffset, runLength, payload, payloadStart, slot, source, cause, flags } = batch;
    this.log.stamp();
    let done = 0;
    for (let row = 0; row < batch.count; row++) {
      const lsn = this.#delta(
        slot[row]!,
        runOffset,
        runLength,
        runStart[row]!,
        runStart[row + 1]!,
        payload,
        payloadStart[row]!,
        sources[source[row]!] ?? "",
        cause[row]!,
        flags[row]! & RecordFlag.Derived,
        batch.metadata(row),
      );
      if (lsn === 0) break;
      done++;
    }
    // behind all rows, whose LSNs follow one another: a device that is lost here has a record of its own
    this.device?.wroteBatch(batch, done);
    return done;
  }

  #delta(
    slot: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    payload: Uint8Array,
    payloadAt: number,
    source: string,
    cause: number,
    flags: number,
    metadata: Uint8Array,
  ): number {
    const { table } = this;
    const arena = table.arenaBytes(table.arena[slot]!);
    const pageAt = table.arenaOffset[slot]!;
    const lo = table.idLo[slot]!;
    const hi = table.idHi[slot]!;
    if (this.isRecording) {
      let totalBytes = 0;
      for (let i = from; i < to; i++) totalBytes += runLength[i]!;
      const at = this.journal.claim(runOffset, runLength, from, to, totalBytes, lo, hi);
      accel.gatherRuns(runOffset, runLength, from, to, arena, pageAt, this.journal.payload, at);
    }
    const epoch = table.epoch[slot]! + 1;
    const lsn = this.log.appendDelta(
      lo,
      hi,
      epoch,
      source,
      cause,
      flags,
      runOffset,
      runLength,
      from,
      to,
      payload,
      payloadAt,
      metadata,
    );
    if (lsn === 0) {
      if (this.isRecording) this.journal.pop();
      return 0;
    }
    if (this.isRecording) this.journal.setLsn(lsn);
    accel.applyRuns(runOffset, runLength, from, to, payload, payloadAt, arena, pageAt, table.size[slot]!);
    table.setEpoch(slot, epoch);
    this.reactive.touch(slot);
    this.deltas++;
    if (this.events.hub.wantsDeltas) {
      this.events.delta(lsn, lo, hi, epoch, source, cause, flags, runOffset, runLength, from, to);
    }
    return lsn;
  }

  /**
   * Rows `[from, to)` of a wave, whose bytes stand in the pages already. False where the log failed. `isUndoable`: the transaction goes on after the wave and may yet
   * be taken back.
   */
  waveDeltas(
    { deltas, before }: WaveRows,
    from: number,
    to: number,
    names: readonly string[],
    epochs: Float64Array,
    isUndoable: boolean,
  ): boolean {
    const { idLo, idHi } = this.table;
    const { runStart, runOffset, runLength, payloadStart, slot, source, cause } = deltas;
    let first = this.log.lastLsn + 1;
    if (this.log.appendDeltas(deltas, from, to, idLo, idHi, epochs, names, RecordFlag.Derived) < to)
      return false;
    this.deltas += to - from;
    if (this.device !== undefined && this.device.count > 0) {
      const { payload } = deltas;
      for (let row = from; row < to; row++)
        this.device.wrote(
          slot[row]!,
          runOffset,
          runLength,
          runStart[row]!,
          runStart[row + 1]!,
          payload,
          payloadStart[row]!,
        );
    }
    if (!isUndoable && !this.events.hub.wantsDeltas) return true;
    for (let row = from; row < to; row++, first++) {
      const page = slot[row]!;
      const lo = idLo[page]!;
      const hi = idHi[page]!;
      const a = runStart[row]!;
      const b = runStart[row + 1]!;
      if (isUndoable) {
        const bytes = deltas.rowBytes(row);
        const at = this.journal.claim(runOffset, runLength, a, b, bytes, lo, hi);
        this.journal.payload.set(before.subarray(payloadStart[row]!, payloadStart[row]! + bytes), at);
        this.journal.setLsn(first);
      }
      if (this.events.hub.wantsDeltas) {
        const name = names[source[row]!]!;
        this.events.delta(
          first,
          lo,
          hi,
          epochs[row]!,
          name,
          cause[row]!,
          RecordFlag.Derived,
          runOffset,
          runLength,
          a,
          b,
        );
      }
    }
    return true;
  }

  /** A page, without its bytes; errors are those of `PageTable.create` too, and then nothing was logged. */
  create(spec: PageSpec, origin: Origin, isRevival = false): Result<number> {
    const { bytes: _bytes, ...empty } = spec;
    const created = isRevival ? this.table.revive(empty) : this.table.create(empty);
    if (!created.ok) return created;
    const slot = created.value;
    const placed = this.device?.place(slot);
    if (placed?.ok === false) {
      this.table.destroy(slot);
      return placed;
    }
    const page = this.table.describe(slot);
    const logged = this.append(RecordKind.PageCreate, {
      ...named(origin),
      pageId: page.id,
      epoch: page.epoch,
      body: encodePageCreate(page),
    });
    if (!logged.ok) {
      this.table.destroy(slot);
      return logged;
    }
    this.reactive.created(slot);
    this.#done({ kind: "created", pageId: page.id }, logged.value);
    return ok(slot);
  }

  destroy(slot: number, origin: Origin): Result<number> {
    const image = this.isRecording ? this.table.image(slot) : undefined;
    const pageId = this.table.idOf(slot);
    const logged = this.append(RecordKind.PageDestroy, {
      ...named(origin),
      pageId,
      epoch: this.table.epoch[slot]!,
    });
    if (!logged.ok) return logged;
    const definition = this.reactive.definitionOf(pageId);
    this.reactive.destroyed(slot);
    this.device?.remove(slot);
    this.table.destroy(slot);
    this.destroyed.add(pageId);
    this.#done(image === undefined ? undefined : { kind: "destroyed", image, definition }, logged.value);
    return logged;
  }

  migrate(slot: number, location: PageLocation, origin: Origin): Result<number> {
    const before = this.table.locationOf(slot);
    const moved = this.device?.move(slot, location);
    if (moved?.ok === false) return moved;
    const logged = this.#property(RecordKind.PageMigrate, slot, encodePageMigrate(location), origin);
    if (!logged.ok) return logged;
    this.table.setLocation(slot, location);
    this.#done({ kind: "moved", pageId: this.table.idOf(slot), before }, logged.value);
    return logged;
  }

  setMetadata(slot: number, metadata: PageMetadata, origin: Origin): Result<number> {
    const before = this.table.metadataOf(slot);
    const logged = this.#property(RecordKind.MetadataChange, slot, encodeMetadataBody(metadata), origin);
    if (!logged.ok) return logged;
    const set = this.table.setMetadata(slot, metadata);
    assert(set.ok, "metadata that was encoded can be kept");
    this.#done({ kind: "metadata", pageId: this.table.idOf(slot), before }, logged.value);
    return logged;
  }

  setSchema(slot: number, schema: PageSchema | undefined, origin: Origin): Result<number> {
    const before = this.table.schemaOf(slot);
    const logged = this.#property(RecordKind.SchemaChange, slot, encodeSchemaBody(schema), origin);
    if (!logged.ok) return logged;
    const set = this.table.setSchema(slot, schema);
    assert(set.ok, "a schema that was encoded can be kept");
    this.#done({ kind: "schema", pageId: this.table.idOf(slot), before }, logged.value);
    return logged;
  }

  /** Errors: GRAPH_CYCLE, LIMIT_EXCEEDED (nothing has changed then). */
  addEdge(edge: Edge, origin: Origin): Result<number> {
    const added = this.reactive.addEdge(edge);
    if (!added.ok) return added;
    const logged = this.logEdge(edge, true, origin);
    if (!logged.ok) this.reactive.removeEdge(edge);
    return logged;
  }

  removeEdge(edge: Edge, origin: Origin): Result<number> {
    const logged = this.logEdge(edge, false, origin);
    if (logged.ok) this.reactive.removeEdge(edge);
    return logged;
  }

  /** An edge that came or went in the graph. */
  logEdge(edge: Edge, added: boolean, origin: Origin): Result<number> {
    const fields = { ...named(origin), pageId: edge.from, body: encodeEdge(edge) };
    const logged = this.append(added ? RecordKind.EdgeAdd : RecordKind.EdgeRemove, fields);
    if (!logged.ok) return logged;
    if (added) this.edges.add(edge);
    else this.edges.remove(edge);
    this.#done({ kind: added ? "edge-added" : "edge-removed", edge }, logged.value);
    return logged;
  }

  /** Registers a recompute, or with none takes it away. The target is known, the definition checked. */
  setRecompute(
    target: RecomputeTarget,
    definition: RecomputeDefinition | undefined,
    origin: Origin,
  ): Result<number> {
    const before = this.reactive.definitionOf(target);
    const body = encodeRegistration(registrationOf(target, definition));
    const pageId = typeof target === "bigint" ? target : 0n;
    const logged = this.append(RecordKind.Recompute, { ...named(origin), pageId, body });
    if (!logged.ok) return logged;
    this.reactive.define(target, definition);
    this.#done({ kind: "recompute", target, before }, logged.value);
    return logged;
  }

  /** Takes back, newest first, what stands in the journal from entry `to` on; each step is logged as a compensation of its record. */
  rollback(to: number): Result<void> {
    const { journal } = this;
    this.isRecording = false;
    let failed: Result<unknown> | undefined;
    while (journal.count > to && failed === undefined) {
      const entry = journal.count - 1;
      const undone = this.#undo(entry);
      if (!undone.ok) failed = undone;
      else journal.pop();
    }
    this.isRecording = true;
    return failed === undefined || failed.ok ? ok() : failed;
  }

  #undo(entry: number): Result<unknown> {
    const origin: Origin = {
      source: "mmsb.rollback",
      cause: this.journal.lsnOf(entry),
      flags: RecordFlag.Compensation,
      metadata: EMPTY_BYTES,
    };
    const structure = this.journal.structureOf(entry);
    if (structure !== undefined) return this.#undoStructure(structure, origin);
    const { pageLo, pageHi, runFrom, runTo, payloadAt } = this.journal.deltaOf(entry);
    const slot = this.table.slotOfPair(pageLo, pageHi);
    const { runOffset, runLength, payload } = this.journal;
    return this.delta(slot, runOffset, runLength, runFrom, runTo, payload, payloadAt, origin);
  }

  #undoStructure(undo: StructureUndo, origin: Origin): Result<unknown> {
    switch (undo.kind) {
      case "created":
        return this.destroy(this.table.slotOf(undo.pageId), origin);
      case "destroyed": {
        const { bytes, ...page } = undo.image;
        const slot = this.create(page, origin, true);
        this.destroyed.delete(page.id);
        if (slot.ok && undo.definition !== undefined) this.setRecompute(page.id, undo.definition, origin);
        if (!slot.ok || bytes.length === 0) return slot;
        const runs = this.#wholePage;
        runs.clear();
        runs.push(0, bytes.length);
        return this.delta(slot.value, runs.offset, runs.length, 0, 1, bytes, 0, origin);
      }
      case "moved":
        return this.migrate(this.table.slotOf(undo.pageId), undo.before, origin);
      case "metadata":
        return this.setMetadata(this.table.slotOf(undo.pageId), undo.before, origin);
      case "schema":
        return this.setSchema(this.table.slotOf(undo.pageId), undo.before, origin);
      case "edge-added":
        return this.removeEdge(undo.edge, origin);
      case "edge-removed":
        return this.addEdge(undo.edge, origin);
      case "recompute":
        return this.setRecompute(undo.target, undo.before, origin);
    }
  }

  #property(kind: RecordKind, slot: number, body: Uint8Array, origin: Origin): Result<number> {
    const { table } = this;
    return this.append(kind, { ...named(origin), pageId: table.idOf(slot), epoch: table.epoch[slot]!, body });
  }

  /** A change of structure stands: how to take it back is noted while a transaction runs, else it is told. */
  #done(undo: StructureUndo | undefined, lsn: number): void {
    if (!this.isRecording) {
      this.events.settle();
      return;
    }
    assert(undo !== undefined, "in a transaction everything can be taken back");
    this.journal.push(undo);
    this.journal.setLsn(lsn);
  }
}

const NO_FIELDS = {};

/** What an origin says of a record that is no delta. */
export function named(origin: Origin): { source: string; cause: number; flags: number } {
  return { source: origin.source, cause: origin.cause, flags: origin.flags };
}
