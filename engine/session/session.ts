import { EMPTY_BYTES, utf8Encode } from "../base/bytes.ts";
import type { MmsbError } from "../base/errors.ts";
import { type JsonValue, jsonText } from "../base/json.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { isU64 } from "../base/u64.ts";
import { type ByteRange, deltaFromRanges } from "../deltas/delta.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import { RunList } from "../deltas/run-list.ts";
import { type EventSource, MAX_ROUNDS } from "../events/event-hub.ts";
import type { EventLimits } from "../events/event-limits.ts";
import type { EventHandler, EventSubscription } from "../events/event-subscription.ts";
import { EVENT_CODE, type EventType, type LogLevel } from "../events/event-types.ts";
import type { WaveOptions } from "../graph/propagation.ts";
import type { RecomputeDefinition, RecomputeFunction } from "../graph/recompute.ts";
import type { WaveCounts } from "../graph/wave-sink.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";
import { checkMetadata } from "../pages/metadata.ts";
import type { PageSpec } from "../pages/page-spec.ts";
import {
  EDGE_TYPES,
  type Edge,
  LOCATION_CODE,
  type PageDescriptor,
  type PageImage,
  type PageLocation,
  type PageMetadata,
  type PageSchema,
} from "../pages/page-types.ts";
import { checkSchema } from "../pages/schema.ts";
import { badCause, checkBatch, isCause, outside } from "./checks.ts";
import type { RecomputeTarget } from "./recompute-target.ts";
import type { SessionCheckpoints } from "./session-checkpoints.ts";
import type { SessionDevice } from "./session-device.ts";
import type {
  ChangeOptions,
  EventOptions,
  RegisterOptions,
  SessionStats,
  WriteOptions,
} from "./session-options.ts";
import { SessionTransaction } from "./session-transaction.ts";
import { SessionWaves } from "./session-waves.ts";
import type { Origin, StateWriter } from "./state-writer.ts";
import { logPayload, markPayload } from "./told-payloads.ts";
import type { WaveLog } from "./wave-log.ts";

const MAX_EVENT_TYPE = 0xffff_ffff;
const NO_OPTIONS: WriteOptions = {};

/**
 * A living MMSB process: pages, the dependencies between them, and the log that every change goes through. Every applied delta raises its
 * page's epoch by exactly one. A write outside {@link transaction} is a transaction of its own.
 *
 * Calls are synchronous and return `Result`s; LSNs in them are those of the records written. A failed write or sync of the log makes the
 * session read-only (LOG_READ_ONLY): what it holds can still be read.
 */
export class Session {
  readonly #state: StateWriter;
  readonly #checkpoints: SessionCheckpoints;
  readonly #waves: SessionWaves;
  readonly #transaction: SessionTransaction;
  #stopped = false;

  /** Made by `mmsbStart`. */
  constructor(state: StateWriter, checkpoints: SessionCheckpoints, log: WaveLog, device?: SessionDevice) {
    this.#state = state;
    this.device = device;
    this.#waves = new SessionWaves(
      state,
      log,
      (work) => this.transaction(work),
      () => this.#transaction.isOpen,
    );
    this.#transaction = new SessionTransaction(
      state,
      () => this.#waves.finish(),
      () => device?.settle(),
    );
    this.#checkpoints = checkpoints;
  }

  /** Where pages of location gpu and unified live, if `mmsbStart` was given a device. */
  readonly device: SessionDevice | undefined;

  get path(): string {
    return this.#state.log.path;
  }

  /** LSN of the last record written. */
  get lastLsn(): number {
    return this.#state.log.lastLsn;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Why nothing can be written any more, where that is so. */
  get failure(): MmsbError | undefined {
    return this.#state.failure;
  }

  // ---- looking

  /** Every page, in id order. */
  pages(): PageDescriptor[] {
    return [...this.#state.table.descriptors()];
  }

  hasPage(id: bigint): boolean {
    return this.#state.table.slotOf(id) >= 0;
  }

  /** Errors: PAGE_UNKNOWN. */
  describe(id: bigint): Result<PageDescriptor> {
    const slot = this.slotOf(id);
    return slot.ok ? ok(this.#state.table.describe(slot.value)) : slot;
  }

  /**
   * The page as it is now, its bytes copied; a pull page is computed before. Errors: PAGE_UNKNOWN, RECOMPUTE_UNDECLARED_READ from within a recompute, those of
   * {@link propagate}.
   */
  read(id: bigint): Result<PageImage> {
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const { reactive, table } = this.#state;
    const allowed = reactive.refuseRead(slot.value);
    if (!allowed.ok) return allowed;
    if (!reactive.propagation.isStale(slot.value)) return ok(table.image(slot.value));
    const pulled = this.#waves.pull(slot.value);
    return pulled.ok ? ok(table.image(slot.value)) : pulled;
  }

  /** A page's row, as the columns of a `DeltaBatch` name it; valid until the page is destroyed. Errors: PAGE_UNKNOWN. */
  slotOf(id: bigint): Result<number> {
    const slot = typeof id === "bigint" ? this.#state.table.slotOf(id) : -1;
    if (slot >= 0) return ok(slot);
    const place = typeof id === "bigint" ? { pageId: id } : {};
    return fail("PAGE_UNKNOWN", "there is no such page", "Create it first, or check the id", place);
  }

  edges(): readonly Edge[] {
    return this.#state.edges.sorted();
  }

  stateHash(): Uint8Array {
    return this.#checkpoints.stateHash();
  }

  structureHash(): Uint8Array {
    return this.#checkpoints.structureHash();
  }

  stats(): SessionStats {
    const { table, edges, log, deltas, eventRecords } = this.#state;
    const device = this.device?.usage();
    return {
      path: log.path,
      lastLsn: log.lastLsn,
      pages: table.count,
      edges: edges.size,
      usedBytes: table.usedBytes,
      reservedBytes: table.reservedBytes,
      deltas,
      events: eventRecords,
      checkpoints: this.#checkpoints.count,
      readOnly: this.#stopped || log.failure !== undefined,
      ...(device?.ok === true ? { device: device.value } : {}),
    };
  }

  // ---- pages

  /**
   * Makes a page and returns its id. Bytes to start with are an ordinary delta in the same transaction.
   * Errors: those of `PageTable.create`, LOG_READ_ONLY.
   */
  createPage(spec: PageSpec, options: WriteOptions = NO_OPTIONS): Result<bigint> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    const origin = begun.value;
    const { bytes } = spec;
    if (bytes !== undefined && bytes.length !== spec.sizeBytes) {
      const message = `${bytes.length} bytes were given for a page of ${spec.sizeBytes}`;
      return fail("ARGUMENT_INVALID", message, "Give exactly as many bytes as the page has");
    }
    if (bytes === undefined || bytes.length === 0) {
      return this.#withWave(this.#state.reactive.isActive, () => {
        const slot = this.#state.create(spec, origin);
        return slot.ok ? ok(this.#state.table.idOf(slot.value)) : slot;
      });
    }
    return this.transaction(() => {
      const slot = this.#state.create(spec, origin);
      if (!slot.ok) return slot;
      const written = this.#writeRun(slot.value, 0, bytes, origin);
      return written.ok ? ok(this.#state.table.idOf(slot.value)) : written;
    });
  }

  /** Ends a page's life, and that of the edges it has. Its id is not used again. Errors: PAGE_UNKNOWN, LOG_READ_ONLY. */
  destroyPage(id: bigint, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const { edges } = this.#state;
    const attached = [...edges.from(id), ...edges.to(id).filter((edge) => edge.from !== id)];
    if (attached.length === 0) return this.#state.destroy(slot.value, begun.value);
    return this.transaction(() => {
      for (const edge of attached) {
        const removed = this.#state.removeEdge(edge, begun.value);
        if (!removed.ok) return removed;
      }
      return this.#state.destroy(slot.value, begun.value);
    });
  }

  /** A page in one buffer that CPU and GPU see, where there is a GPU. Errors: as {@link createPage}. */
  createUnifiedPage(spec: Omit<PageSpec, "location">, options: WriteOptions = NO_OPTIONS): Result<bigint> {
    return this.createPage({ ...spec, location: "unified" }, options);
  }

  /** Errors: PAGE_UNKNOWN, ARGUMENT_INVALID, DEVICE_OUT_OF_MEMORY, LOG_READ_ONLY. */
  migratePage(id: bigint, location: PageLocation, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    if (!Object.hasOwn(LOCATION_CODE, location)) {
      return fail(
        "ARGUMENT_INVALID",
        `'${String(location).slice(0, 40)}' is no location`,
        "Use cpu, gpu or unified",
        {
          pageId: id,
        },
      );
    }
    return this.#state.migrate(slot.value, location, begun.value);
  }

  /** Replaces all of a page's metadata. Errors: PAGE_UNKNOWN, METADATA_INVALID, LOG_READ_ONLY. */
  setMetadata(id: bigint, metadata: PageMetadata, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const checked = checkMetadata(metadata);
    return checked.ok ? this.#state.setMetadata(slot.value, metadata, begun.value) : checked;
  }

  /** Errors: PAGE_UNKNOWN, SCHEMA_INVALID, LOG_READ_ONLY. */
  setSchema(id: bigint, schema: PageSchema | undefined, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const checked = schema === undefined ? ok() : checkSchema(schema, this.#state.table.size[slot.value]!);
    return checked.ok ? this.#state.setSchema(slot.value, schema, begun.value) : checked;
  }

  // ---- bytes

  /** Writes `bytes` at `offset` (in bytes) of a page. Errors: PAGE_UNKNOWN, DELTA_RANGE, ARGUMENT_INVALID, LOG_READ_ONLY. */
  write(id: bigint, offset: number, bytes: Uint8Array, options: WriteOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options, id);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const checked = this.#checkRange(slot.value, offset, bytes.length);
    if (!checked.ok) return checked;
    return this.#withWave(this.#state.reactive.reactsTo(slot.value), () =>
      this.#writeRun(slot.value, offset, bytes, begun.value),
    );
  }

  /** One delta of several ranges, in any order; where they overlap the later one in the list wins. Errors: as {@link write}. */
  writeRanges(id: bigint, ranges: readonly ByteRange[], options: WriteOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options, id);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    for (const { offset, bytes } of ranges) {
      const checked = this.#checkRange(slot.value, offset, bytes.length);
      if (!checked.ok) return checked;
    }
    const delta = deltaFromRanges({ pageId: id }, ranges);
    if (!delta.ok) return delta;
    return this.#writeRuns(slot.value, delta.value.runs, delta.value.payload, begun.value);
  }

  /**
   * Makes the page's bytes be `image` with a delta of exactly those that differ. Returns 0 where none does: then nothing is written.
   * Errors: PAGE_UNKNOWN, DELTA_LENGTH, LOG_READ_ONLY.
   */
  writeImage(id: bigint, image: Uint8Array, options: WriteOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options, id);
    if (!begun.ok) return begun;
    const slot = this.slotOf(id);
    if (!slot.ok) return slot;
    const before = this.#state.table.bytes(slot.value);
    if (image.length !== before.length) {
      const message = `an image of ${image.length} bytes for a page of ${before.length}`;
      return fail("DELTA_LENGTH", message, "Give all of the page's bytes", { pageId: id });
    }
    const runs = new RunList();
    runs.assignDiff(before, 0, image, 0, image.length);
    if (runs.count === 0) return ok(0);
    const payload = new Uint8Array(runs.totalBytes);
    let at = 0;
    for (let i = 0; i < runs.count; i++) {
      const offset = runs.offset[i]!;
      payload.set(image.subarray(offset, offset + runs.length[i]!), at);
      at += runs.length[i]!;
    }
    return this.#writeRuns(slot.value, runs, payload, begun.value);
  }

  #writeRuns(slot: number, runs: RunList, payload: Uint8Array, origin: Origin): Result<number> {
    return this.#withWave(this.#state.reactive.reactsTo(slot), () =>
      this.#state.delta(slot, runs.offset, runs.length, 0, runs.count, payload, 0, origin),
    );
  }

  /**
   * The fast way in: deltas in columns, in order, with consecutive LSNs. Rows name pages by slot ({@link slotOf}) and their writer by its
   * place in `sources`; page ids are looked up. All rows are checked before any is written. Returns the first LSN, or 0 for no rows.
   * Errors: PAGE_UNKNOWN, DELTA_RANGE, ARGUMENT_INVALID, LOG_READ_ONLY (rows logged until then are applied).
   */
  writeBatch(batch: DeltaBatch, sources: readonly string[]): Result<number> {
    const begun = this.#begin(NO_OPTIONS);
    if (!begun.ok) return begun;
    const checked = checkBatch(this.#state.table, this.lastLsn, batch, sources);
    if (!checked.ok) return checked;
    if (batch.count === 0) return ok(0);
    const { reactive } = this.#state;
    const reacts =
      reactive.isActive && batch.slot.subarray(0, batch.count).some((slot) => reactive.reactsTo(slot));
    return this.#withWave(reacts, () => {
      const first = this.lastLsn + 1;
      const done = this.#state.batch(batch, sources);
      return done === batch.count ? ok(first) : this.#state.refusal();
    });
  }

  #checkRange(slot: number, offset: number, length: number): Result<void> {
    const sizeBytes = this.#state.table.size[slot]!;
    if (Number.isSafeInteger(offset) && offset >= 0 && offset + length <= sizeBytes) return ok();
    return outside(this.#state.table.idOf(slot), offset, length, sizeBytes);
  }

  /** No bytes are an empty delta: it raises the epoch all the same. */
  #writeRun(slot: number, offset: number, bytes: Uint8Array, origin: Origin): Result<number> {
    RUN.clear();
    if (bytes.length > 0) RUN.push(offset, bytes.length);
    return this.#state.delta(slot, RUN.offset, RUN.length, 0, RUN.count, bytes, 0, origin);
  }

  // ---- edges and events

  /** `to` is computed from `from`. Returns 0 where the edge stood already. Errors: PAGE_UNKNOWN, ARGUMENT_INVALID, GRAPH_CYCLE, LOG_READ_ONLY. */
  addEdge(edge: Edge, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    for (const id of [edge.from, edge.to]) {
      const slot = this.slotOf(id);
      if (!slot.ok) return slot;
    }
    if (!EDGE_TYPES.includes(edge.type)) {
      return fail(
        "ARGUMENT_INVALID",
        `'${String(edge.type).slice(0, 40)}' is no edge type`,
        "Use data or control",
      );
    }
    if (this.#state.edges.has(edge)) return ok(0);
    return this.#withWave(this.#state.reactive.isActive, () =>
      this.#state.addEdge({ from: edge.from, to: edge.to, type: edge.type }, begun.value),
    );
  }

  /** Errors: GRAPH_EDGE_UNKNOWN, LOG_READ_ONLY. */
  removeEdge(edge: Edge, options: ChangeOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    if (!isU64(edge.from) || !isU64(edge.to) || !this.#state.edges.has(edge)) {
      const message = `there is no ${edge.type} edge from ${edge.from} to ${edge.to}`;
      return fail("GRAPH_EDGE_UNKNOWN", message, "Add it first, or check ids and type");
    }
    return this.#withWave(this.#state.reactive.isActive, () => this.#state.removeEdge(edge, begun.value));
  }

  // ---- pages computed from other pages

  /** Who computes what: see {@link SessionWaves} and docs/Propagation.md. */
  get recomputes(): SessionWaves {
    return this.#waves;
  }

  /** {@link SessionWaves.register}. */
  registerRecompute(
    target: RecomputeTarget,
    recompute: RecomputeFunction | RecomputeDefinition,
    options: RegisterOptions = NO_OPTIONS,
  ): Result<number> {
    const begun = this.#begin(options);
    return begun.ok ? this.#waves.register(target, recompute, options.inputs ?? [], begun.value) : begun;
  }

  /** {@link SessionWaves.propagate}. */
  propagate(pageId?: bigint, limits: WaveOptions = {}): Result<WaveCounts> {
    const begun = this.#begin(NO_OPTIONS);
    return begun.ok ? this.#waves.propagate(pageId, limits) : begun;
  }

  /** Anything else worth a place on the clock. `type` is a whole number below 2^32. Errors: ARGUMENT_INVALID, LOG_READ_ONLY. */
  event(type: number, payload: Uint8Array = EMPTY_BYTES, options: EventOptions = NO_OPTIONS): Result<number> {
    const begun = this.#begin(options);
    if (!begun.ok) return begun;
    if (!Number.isSafeInteger(type) || type < 0 || type > MAX_EVENT_TYPE) {
      return fail("ARGUMENT_INVALID", `${type} is no event type`, "Give a whole number below 2^32");
    }
    const { pageId = 0n } = options;
    if (!isU64(pageId)) return fail("ARGUMENT_INVALID", `${pageId} is no page id`, "Give a u64");
    return this.#state.tell(type, payload, pageId, begun.value);
  }

  /**
   * Sets a mark on the clock, with data if there are any. Returns its LSN. Errors: ARGUMENT_INVALID (a name with a zero byte or over 64 KiB, data that are no
   * JSON), LOG_READ_ONLY.
   */
  mark(name: string, data?: JsonValue, options: EventOptions = NO_OPTIONS): Result<number> {
    const payload = markPayload(name, data);
    return payload.ok ? this.event(EVENT_CODE.mark, payload.value, options) : payload;
  }

  /** Writes a message into the log, where it stands among the changes. Returns its LSN. Errors: as {@link mark}. */
  log(
    level: LogLevel,
    message: string,
    options: EventOptions & { readonly data?: JsonValue } = {},
  ): Result<number> {
    const payload = logPayload(level, message, options.data);
    return payload.ok ? this.event(EVENT_CODE.log, payload.value, options) : payload;
  }

  /**
   * Where to hear of everything that happens here (docs/Events.md). Handlers are called when the session is at rest: after a change, or after the transaction it is
   * part of. They may change the session; what they do is told after what they were told.
   */
  get events(): EventSource {
    return this.#state.events.hub;
  }

  /** `session.events.on`: calls `handler` for every event of a type, or of several. */
  on<T extends EventType>(
    types: T | readonly T[],
    handler: EventHandler<T>,
    limits?: EventLimits,
  ): Result<EventSubscription> {
    return this.events.on(types, handler, limits);
  }

  // ---- transactions

  /**
   * Runs `work`, whose changes become visible together. A failed `Result`, or a throw, takes them back: compensating records are logged,
   * newest first, then the abort; pages have their bytes again (and higher epochs). A thrown `MmsbError` is returned, anything else thrown
   * on. A transaction inside another joins it, and where it fails takes back its own part only. `work` is synchronous and returns a
   * `Result`: a promise, nothing or anything else is refused (ARGUMENT_INVALID), and what ran of it is taken back.
   */
  transaction<T>(work: (beginLsn: number) => Result<T>): Result<T> {
    const begun = this.#begin(NO_OPTIONS);
    return begun.ok ? this.#transaction.run(work) : begun;
  }

  /** A change that a wave may follow is a transaction with it. */
  #withWave<T>(reacts: boolean, work: () => Result<T>): Result<T> {
    return reacts && !this.#transaction.isOpen ? this.transaction(work) : work();
  }

  // ---- the log

  /**
   * Writes the state into the log, so that a seek starts there: all of it, or what changed since the last checkpoint.
   * Returns the LSN of its record. Errors: TRANSACTION_STATE inside a transaction, LOG_READ_ONLY.
   */
  checkpoint(kind: "full" | "dirty" = "full"): Result<number> {
    const begun = this.#begin(NO_OPTIONS);
    if (!begun.ok) return begun;
    if (this.#transaction.isOpen) {
      return fail("TRANSACTION_STATE", "a transaction is open", "Write the checkpoint before or after it");
    }
    return this.#checkpoints.write(kind);
  }

  /** Hands what is buffered to the operating system. */
  flush(): Result<void> {
    return this.#state.log.flush();
  }

  /** On the medium when it returns. Inside a transaction that holds for its records, not for the transaction. */
  sync(): Result<void> {
    return this.#state.log.sync();
  }

  /** Resolves when everything written so far is on the medium; waits of many callers share one sync. */
  durable(): Promise<Result<void>> {
    return this.#state.log.durable();
  }

  /** Ends the session: a SessionStop record, and the log closed. Stopping twice is harmless. */
  async stop(): Promise<Result<void>> {
    if (this.#stopped) return ok();
    if (this.#transaction.isOpen) {
      return fail("TRANSACTION_STATE", "a transaction is open", "Stop the session after it");
    }
    this.#stopped = true;
    const { log } = this.#state;
    this.device?.close();
    if (log.failure === undefined) this.#state.append(RecordKind.SessionStop, {});
    this.#state.events.settle();
    const [closed] = await Promise.all([log.close(), this.#state.reactive.close()]);
    this.#state.events.hub.dispose();
    return closed;
  }

  /** What every change begins with: may it be written, and in whose name. */
  #begin(options: WriteOptions, pageId?: bigint): Result<Origin> {
    const state = this.#state;
    if (this.#stopped) {
      return fail("LOG_CLOSED", "the session was stopped", "Start another one", { path: this.path });
    }
    if (state.failure !== undefined) return state.refusal();
    const refused = state.reactive.refuseChange(pageId);
    if (refused !== undefined) return err(refused);
    if (state.events.hub.round > MAX_ROUNDS) {
      const message = `event handlers have answered their own changes ${MAX_ROUNDS} times in a row`;
      return fail("LIMIT_EXCEEDED", message, "Let a handler leave alone what it changed itself");
    }
    const { source = "", cause = 0, metadata, derived = false } = options;
    if (!isCause(cause, this.lastLsn)) return badCause(cause);
    let bytes = EMPTY_BYTES;
    if (metadata !== undefined) {
      const text = jsonText(metadata);
      if (text === undefined)
        return fail("ARGUMENT_INVALID", "the metadata is not JSON", "Give a JSON value");
      bytes = utf8Encode(text);
    }
    return ok({ source, cause, flags: derived ? RecordFlag.Derived : 0, metadata: bytes });
  }
}

/** Reused: a write has one run. */
const RUN = new RunList(1);
