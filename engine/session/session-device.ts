import type { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { DeltaBatch } from "../deltas/delta-batch.ts";
import type { DeviceBackend } from "../device/device-backend.ts";
import { DeviceEventKind } from "../device/device-events.ts";
import type { MemoryAdvice } from "../device/device-memory.ts";
import { DevicePages, type PageResidence } from "../device/device-pages.ts";
import { bytesHeldAfter, type DeviceUsage, deviceUsage } from "../device/device-usage.ts";
import type { KernelJob } from "../device/kernel-batch.ts";
import { runOnPages } from "../device/page-kernels.ts";
import { type DeviceSample, EVENT_CODE } from "../events/event-types.ts";
import { encodePayload } from "../events/payload-codec.ts";
import { encodeFailure } from "../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";
import { DeviceKernels } from "./device-kernels.ts";
import { sampleOf, stopOf, type ToldEvent, toldRow } from "./device-told.ts";
import type { Origin, StateWriter } from "./state-writer.ts";

/** A recompute kernel over pages, which are named by id. */
export type SessionJob = Omit<KernelJob, "out" | "a" | "b"> & {
  readonly out: bigint;
  readonly a: bigint;
  readonly b?: bigint;
};

/** The source of what the device's own records say. */
const SOURCE = "mmsb.device";
const OWN: Omit<Origin, "cause"> = { source: SOURCE, flags: 0, metadata: new Uint8Array(0) };
/** By themselves the device's events are written at most so often, and a sample without anything that came or went so seldom. */
const TELL_EVERY_NS = 100_000_000;
const SAMPLE_EVERY_NS = 1_000_000_000;

/**
 * A session's device: where its pages of location gpu and unified live. Every change is logged and applied to the host images as without one; the
 * device follows (docs/DeviceMemoryModel.md). Where the device is lost, a Failure record says so and the session goes on in host memory.
 */
export class SessionDevice {
  readonly pages: DevicePages;
  /** What runs the graph's kernels: here where a batch's pages live here, else on the CPU. */
  readonly kernels: DeviceKernels;
  readonly #state: StateWriter;
  readonly #tells: boolean;
  /** Pages that were still on the device when the session stopped. */
  #leaked: readonly bigint[] = [];
  /** A lost device that is still to be told of. */
  #loss: { readonly error: MmsbError; readonly pages: readonly bigint[] } | undefined;
  #isTelling = false;
  #toldNs = 0;
  #sampledNs = 0;

  /**
   * `tells`: what the device does is written into the log without being asked for. `minKernelBytes`: what a batch of the graph's kernels reads at least to run
   * here.
   */
  constructor(state: StateWriter, backend: DeviceBackend, tells = true, minKernelBytes?: number) {
    this.#state = state;
    this.#tells = tells;
    this.pages = new DevicePages(
      state.table,
      backend,
      (error, pages) => this.#failed(error, pages),
      () => state.log.lastLsn,
    );
    const { propagation, registry } = state.reactive;
    this.kernels = new DeviceKernels({
      pages: this.pages,
      cpu: propagation.executor.kernels,
      isComputed: (slot) => registry.recomputeOf(slot) !== undefined,
      wave: () => propagation.rows.cause,
      ...(minKernelBytes === undefined ? {} : { minBytes: minKernelBytes }),
    });
  }

  /** Gives the pages of a recording that is gone on with their place; from here on the device follows. Errors: DEVICE_OUT_OF_MEMORY. */
  begin(): Result<void> {
    for (const slot of this.#state.table.slotsInIdOrder()) {
      const placed = this.pages.place(slot, undefined, true);
      if (!placed.ok && this.pages.backend.failure === undefined) return placed;
    }
    this.#state.device = this.pages;
    this.#state.reactive.propagation.executor.kernels = this.kernels;
    return ok();
  }

  /** Where the page's bytes can be worked on. Errors: PAGE_UNKNOWN. */
  residence(id: bigint): Result<PageResidence> {
    const slot = this.#slot(id);
    return slot.ok ? ok(this.pages.residence(slot.value)) : slot;
  }

  /** Brings the device up to the last delta, in one launch. Commits, kernels and reads of the device do it by themselves. Errors: DEVICE_FAILED. */
  flush(): Result<void> {
    return this.pages.flush();
  }

  /** The device's own copy of a page. Errors: PAGE_UNKNOWN, ARGUMENT_INVALID for a page that is not there, DEVICE_FAILED. */
  read(id: bigint): Result<Uint8Array> {
    const slot = this.#slot(id);
    if (!slot.ok) return slot;
    const bytes = new Uint8Array(this.#state.table.size[slot.value]!);
    const read = this.pages.read(slot.value, bytes);
    return read.ok ? ok(bytes) : read;
  }

  /** The one buffer of a unified page, to look at; undefined where this process may not. Errors: as {@link read}. */
  view(id: bigint): Result<Uint8Array | undefined> {
    const slot = this.#slot(id);
    return slot.ok ? this.pages.view(slot.value) : slot;
  }

  /** Hints for a unified page. Errors: as {@link read}. */
  prefetch(id: bigint, toDevice: boolean): Result<void> {
    return this.#hint(id, (handle) => this.pages.backend.prefetch(handle, toDevice));
  }

  advise(id: bigint, advice: MemoryAdvice): Result<void> {
    return this.#hint(id, (handle) => this.pages.backend.advise(handle, advice));
  }

  /**
   * Runs kernels on pages of the device, independent of one another, and logs the bytes that changed as derived deltas, in the order of the jobs. Returns
   * the first one's LSN, or 0 where nothing changed. Errors: PAGE_UNKNOWN, ARGUMENT_INVALID, DEVICE_OUT_OF_MEMORY, DEVICE_FAILED, LOG_READ_ONLY; nothing has
   * changed then.
   */
  run(jobs: readonly SessionJob[], source = SOURCE, cause = 0): Result<number> {
    const state = this.#state;
    if (state.failure !== undefined) return state.refusal();
    const placed = [];
    for (const { out, a, b, ...job } of jobs) {
      const slots = [out, a, b ?? a].map((id) => this.#slot(id));
      for (const slot of slots) if (!slot.ok) return slot;
      const [outSlot, aSlot, bSlot] = slots.map((slot) => (slot.ok ? slot.value : -1));
      placed.push({ ...job, out: outSlot!, a: aSlot!, ...(b === undefined ? {} : { b: bSlot! }) });
    }
    const flushed = this.pages.flush();
    if (!flushed.ok) return flushed;
    this.pages.backend.setCause(cause);
    const deltas = new DeltaBatch();
    const ran = runOnPages(this.pages, placed, deltas, 0, cause);
    if (!ran.ok) return ran;
    if (deltas.count === 0) return ok(0);
    deltas.flags.fill(RecordFlag.Derived, 0, deltas.count);
    const first = state.log.lastLsn + 1;
    if (state.batch(deltas, [source]) === deltas.count) return ok(first);
    ran.value.undo();
    return state.refusal();
  }

  /** Memory by pool and page type, counts, the card's own figures. Errors: DEVICE_FAILED. */
  usage(): Result<DeviceUsage> {
    const stats = this.pages.backend.stats();
    return stats.ok ? ok(deviceUsage(this.pages, stats.value)) : stats;
  }

  /** After the session stopped: ids of pages that nobody had destroyed or moved home. */
  get leaked(): readonly bigint[] {
    return this.#leaked;
  }

  /** How the device's memory stands now, as a device-sample event would tell it. Errors: DEVICE_FAILED. */
  sample(): Result<DeviceSample> {
    return sampleOf(this.pages.backend, this.#state.log.time.takeNs());
  }

  /**
   * Writes what the device did since the last time into the log, as events: allocations and frees, copies, kernel launches, with bytes, duration, page, cause and the time
   * at which it was queued; behind them a sample of the pools where anything came or went, or the last one is a second old. Returns how many. The log grows by some 60 bytes an
   * event. A session does this by itself, after a transaction, at most ten times a second, and at its end. Errors: LOG_READ_ONLY.
   */
  recordEvents(): Result<number> {
    const { log } = this.#state;
    const rows = this.pages.backend.takeEvents();
    const heldBytes = bytesHeldAfter(this.pages, rows);
    let told = 0;
    for (const [at, row] of rows.entries()) {
      const event = toldRow(row, heldBytes[at]!);
      if (event === undefined) continue;
      const written = this.#tell(event, row.pageId, row.cause <= log.lastLsn ? row.cause : 0);
      if (!written.ok) return written;
      told++;
    }
    const now = nanoseconds(log.time);
    this.#toldNs = now;
    const moved = rows.some(({ kind }) => kind === DeviceEventKind.Allocate || kind === DeviceEventKind.Free);
    if (!moved && now - this.#sampledNs < SAMPLE_EVERY_NS) return ok(told);
    this.#sampledNs = now;
    const sample = this.sample();
    if (!sample.ok) return ok(told);
    const payload = encodePayload("device-sample", sample.value);
    const written = this.#tell({ code: EVENT_CODE["device-sample"], payload }, 0n, 0);
    return written.ok ? ok(told + 1) : written;
  }

  /** A transaction is over: its events are written, unless some were just now. */
  settle(): void {
    this.kernels.release();
    this.#tellLoss();
    if (!this.#tells || this.#isTelling) return;
    if (nanoseconds(this.#state.log.time) - this.#toldNs >= TELL_EVERY_NS) this.#recordAll();
  }

  /** Ends it, before the session's last record. */
  close(): void {
    this.kernels.release();
    const residents = this.pages.residents();
    const { table } = this.#state;
    this.#leaked = residents.map((slot) => table.idOf(slot));
    if (this.#state.failure === undefined) {
      if (this.#tells) this.#recordAll();
      const stop = stopOf({ table, backend: this.pages.backend, residents });
      this.#tell({ code: EVENT_CODE["device-stop"], payload: encodePayload("device-stop", stop) }, 0n, 0);
    }
    this.pages.dispose();
  }

  /** Handlers that are told may end transactions of their own. */
  #recordAll(): void {
    this.#isTelling = true;
    this.recordEvents();
    this.#isTelling = false;
  }

  #tell({ code, payload }: ToldEvent, pageId: bigint, cause: number): Result<number> {
    return this.#state.tell(code, payload, pageId, { ...OWN, cause });
  }

  #slot(id: bigint): Result<number> {
    const slot = this.#state.table.slotOf(id);
    return slot >= 0
      ? ok(slot)
      : fail("PAGE_UNKNOWN", "there is no such page", "Create it first, or check the id", { pageId: id });
  }

  #hint(id: bigint, hint: (handle: number) => Result<void>): Result<void> {
    const slot = this.#slot(id);
    if (!slot.ok) return slot;
    const handle = this.pages.handleOf(slot.value);
    if (handle >= 0) return hint(handle);
    return fail("ARGUMENT_INVALID", "the page is not on the device", "Hints are for unified pages", {
      pageId: id,
    });
  }

  #failed(error: MmsbError, pages: readonly bigint[]): void {
    this.#loss = { error, pages };
    // Within a transaction it waits: the members of a wave have consecutive LSNs, and nothing may stand between them.
    if (!this.#state.isRecording) this.#tellLoss();
  }

  #tellLoss(): void {
    if (this.#loss === undefined) return;
    const { error, pages } = this.#loss;
    this.#loss = undefined;
    const list = pages.length > 20 ? `${pages.slice(0, 20).join(", ")}, …` : pages.join(", ");
    const message = `${error.message}; pages that went on in host memory: ${list === "" ? "none" : list}`;
    const body = encodeFailure({ code: error.code, message });
    // A log that failed as well has said so already, and says it at every later call.
    this.#state.append(RecordKind.Failure, { source: SOURCE, body });
  }
}

function nanoseconds({ lo, hi }: { readonly lo: number; readonly hi: number }): number {
  return hi * 4294967296 + lo;
}
