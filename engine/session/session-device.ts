import type { MmsbError } from "../base/errors.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { DeltaBatch } from "../deltas/delta-batch.ts";
import type { DeviceBackend } from "../device/device-backend.ts";
import {
  DeviceEventKind,
  type DeviceEventRow,
  DeviceOperation,
  operationName,
} from "../device/device-events.ts";
import { DeviceMemory, type MemoryAdvice } from "../device/device-memory.ts";
import { DevicePages, type PageResidence } from "../device/device-pages.ts";
import { bytesHeldAfter, type DeviceUsage, deviceUsage } from "../device/device-usage.ts";
import type { KernelJob } from "../device/kernel-batch.ts";
import { runOnPages } from "../device/page-kernels.ts";
import { EVENT_CODE } from "../events/event-types.ts";
import { encodePayload } from "../events/payload-codec.ts";
import { encodeFailure } from "../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../log/record-kinds.ts";
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

/**
 * A session's device: where its pages of location gpu and unified live. Every change is logged and applied to the host images as without one; the
 * device follows (docs/DeviceMemoryModel.md). Where the device is lost, a Failure record says so and the session goes on in host memory.
 */
export class SessionDevice {
  readonly pages: DevicePages;
  readonly #state: StateWriter;
  /** Pages that were still on the device when the session stopped. */
  #leaked: readonly bigint[] = [];

  constructor(state: StateWriter, backend: DeviceBackend) {
    this.#state = state;
    this.pages = new DevicePages(state.table, backend, (error, pages) => this.#failed(error, pages));
  }

  /** Gives the pages of a recording that is gone on with their place; from here on the device follows. Errors: DEVICE_OUT_OF_MEMORY. */
  begin(): Result<void> {
    for (const slot of this.#state.table.slotsInIdOrder()) {
      const placed = this.pages.place(slot);
      if (!placed.ok && this.pages.backend.failure === undefined) return placed;
    }
    this.#state.device = this.pages;
    return ok();
  }

  /** Where the page's bytes can be worked on. Errors: PAGE_UNKNOWN. */
  residence(id: bigint): Result<PageResidence> {
    const slot = this.#slot(id);
    return slot.ok ? ok(this.pages.residence(slot.value)) : slot;
  }

  /** Brings the device up to the last delta, in one launch. Commits, kernels and reads of the device do it by themselves. Errors: DEVICE_FAILED. */
  flush(): Result<void> {
    this.pages.backend.setCause(this.#state.log.lastLsn);
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

  /**
   * Writes what the device did since the last call into the log, as events: allocations and frees, copies, kernel launches, with bytes, duration, page and
   * cause. Returns how many. The log grows by some 60 bytes an event; call it at the pace at which you want to see them. Errors: LOG_READ_ONLY.
   */
  recordEvents(): Result<number> {
    let told = 0;
    const rows = this.pages.backend.takeEvents();
    const heldBytes = bytesHeldAfter(this.pages, rows);
    for (const [at, row] of rows.entries()) {
      const event = eventOf(row, heldBytes[at]!);
      if (event === undefined) continue;
      const cause = row.cause <= this.#state.log.lastLsn ? row.cause : 0;
      const written = this.#state.tell(event.code, event.payload, row.pageId, { ...OWN, cause });
      if (!written.ok) return written;
      told++;
    }
    return ok(told);
  }

  /** Ends it, with the session. */
  close(): void {
    const { table } = this.#state;
    this.#leaked = this.pages.residents().map((slot) => table.idOf(slot));
    this.pages.dispose();
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
    const list = pages.length > 20 ? `${pages.slice(0, 20).join(", ")}, …` : pages.join(", ");
    const message = `${error.message}; pages that went on in host memory: ${list === "" ? "none" : list}`;
    const body = encodeFailure({ code: error.code, message });
    // A log that failed as well has said so already, and says it at every later call.
    this.#state.append(RecordKind.Failure, { source: SOURCE, body });
  }
}

/** A row of the device's statistics as an event of the session; a failure has a record of its own. */
function eventOf(
  row: DeviceEventRow,
  usedBytes: number,
): { readonly code: number; readonly payload: Uint8Array } | undefined {
  const { kind, operation, bytes: sizeBytes, durationNs } = row;
  switch (kind) {
    case DeviceEventKind.Allocate:
    case DeviceEventKind.Free: {
      const action = kind === DeviceEventKind.Allocate ? "allocate" : "free";
      const isUnified = row.memory === DeviceMemory.Unified;
      const location = isUnified ? "unified" : "gpu";
      const pool = isUnified ? "unified" : "device";
      const fields = { action, location, sizeBytes, pool, usedBytes, durationNs } as const;
      return { code: EVENT_CODE.allocation, payload: encodePayload("allocation", fields) };
    }
    case DeviceEventKind.Copy: {
      const direction = operation === DeviceOperation.ToHost ? "device-to-host" : "host-to-device";
      const fields = { direction, sizeBytes, stream: 0, durationNs } as const;
      return { code: EVENT_CODE.copy, payload: encodePayload("copy", fields) };
    }
    case DeviceEventKind.Launch: {
      const fields = { kernel: operationName(operation), sizeBytes, stream: 0, durationNs };
      return { code: EVENT_CODE["kernel-launch"], payload: encodePayload("kernel-launch", fields) };
    }
    default:
      return undefined;
  }
}
