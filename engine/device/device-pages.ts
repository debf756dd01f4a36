import type { Disposable } from "../base/disposable.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import type { PageTable } from "../pages/page-table.ts";
import { LOCATION_CODE, type PageLocation } from "../pages/page-types.ts";
import type { DeviceBackend } from "./device-backend.ts";
import { badCall } from "./device-errors.ts";
import { DeviceMemory } from "./device-memory.ts";
import { RowQueue } from "./row-queue.ts";

/** Where a page's bytes can be worked on: `host` only, `resident` on the device too, or `failed`: it was, and the device is lost. */
export type PageResidence = "host" | "resident" | "failed";

const NO_HANDLE = -1;
const FAILED = -2;
/** Waiting deltas are sent at this many bytes, whoever asks for them or not. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;

/**
 * The pages of a table that live on a device. Each keeps a host image in the table's arenas, which is what the log, checkpoints and hashes go
 * by: a delta is logged, applied to the host image, and queued here; {@link flush} brings the device's copy up to it in one launch. So a lost
 * device loses no delta: its pages become `failed` and go on in host memory. docs/DeviceMemoryModel.md has the rules by number.
 */
export class DevicePages implements Disposable {
  readonly table: PageTable;
  readonly backend: DeviceBackend;
  /** By slot: the backend's handle, or that there is none. */
  #handles = new Int32Array(0);
  readonly #queue = new RowQueue();
  readonly #onFailure: (error: MmsbError, pages: readonly bigint[]) => void;
  readonly #lastLsn: (() => number) | undefined;
  #resident = 0;
  #isLost = false;

  /**
   * `onFailure` hears once of a lost device, with the pages that it held. `lastLsn`, where there is a log: its last record. Memory is asked for and moved before the record
   * that says so is written, given back after it; the device's statistics name that record as their cause.
   */
  constructor(
    table: PageTable,
    backend: DeviceBackend,
    onFailure: (error: MmsbError, pages: readonly bigint[]) => void = () => undefined,
    lastLsn?: () => number,
  ) {
    this.table = table;
    this.backend = backend;
    this.#onFailure = onFailure;
    this.#lastLsn = lastLsn;
  }

  /** What the device does from here on is for the sake of the log's last record, or of one that comes `ahead` of it. */
  nameCause(ahead: number): void {
    if (this.#lastLsn !== undefined) this.backend.setCause(this.#lastLsn() + ahead);
  }

  dispose(): void {
    this.#handles.fill(NO_HANDLE);
    this.#resident = 0;
    this.backend.dispose();
  }

  /** Pages on the device. */
  get count(): number {
    return this.#resident;
  }

  residence(slot: number): PageResidence {
    const handle = this.#handles[slot] ?? NO_HANDLE;
    return handle >= 0 ? "resident" : handle === FAILED ? "failed" : "host";
  }

  /** The backend's handle of a resident page, or -1. */
  handleOf(slot: number): number {
    return Math.max(NO_HANDLE, this.#handles[slot] ?? NO_HANDLE);
  }

  /**
   * Gives a page of location gpu or unified its memory there, with the bytes of the host image. A page of location cpu is left alone, and so is every page
   * once the device is lost. `isLogged`: its record stands already. Errors: DEVICE_OUT_OF_MEMORY; the page has no memory there then.
   */
  place(slot: number, location: PageLocation = this.table.locationOf(slot), isLogged = false): Result<void> {
    const memory = memoryOf(LOCATION_CODE[location]);
    if (memory === undefined || this.residence(slot) === "resident") return ok();
    if (this.backend.failure !== undefined) {
      this.#set(slot, FAILED);
      return ok();
    }
    this.nameCause(isLogged ? 0 : 1);
    const created = this.judged(
      this.backend.createPage(memory, this.table.idOf(slot), this.table.size[slot]!),
    );
    if (!created.ok) return this.#lostMeanwhile(slot) ? ok() : created;
    this.#set(slot, created.value);
    this.#resident++;
    const bytes = this.table.bytes(slot);
    if (bytes.length === 0) return ok();
    const sent = this.judged(this.backend.write(created.value, 0, bytes));
    if (!sent.ok && this.residence(slot) === "resident") this.remove(slot);
    return sent.ok || this.#lostMeanwhile(slot) ? ok() : sent;
  }

  /** The device is lost: the page is `failed`, and goes on in host memory. That is no error of whoever asked. */
  #lostMeanwhile(slot: number): boolean {
    if (this.backend.failure === undefined) return false;
    this.#set(slot, FAILED);
    return true;
  }

  /** The page goes, or comes home: its memory on the device is given back. */
  remove(slot: number): void {
    const handle = this.#handles[slot] ?? NO_HANDLE;
    if (handle === NO_HANDLE) return;
    this.#set(slot, NO_HANDLE);
    if (handle === FAILED) return;
    this.#resident--;
    this.#queue.drop(handle);
    this.nameCause(0);
    this.judged(this.backend.freePage(handle));
  }

  /**
   * Brings the page to its next location, before that is logged and set. Where it is already nothing happens.
   * Errors: DEVICE_OUT_OF_MEMORY; nothing has changed then.
   */
  move(slot: number, location: PageLocation): Result<void> {
    const memory = memoryOf(LOCATION_CODE[location]);
    const handle = this.handleOf(slot);
    if (memory === undefined) {
      this.remove(slot);
      return ok();
    }
    if (handle < 0) return this.place(slot, location);
    const flushed = this.flush();
    this.nameCause(1);
    const moved = flushed.ok ? this.judged(this.backend.migratePage(handle, memory)) : flushed;
    return moved.ok || this.#lostMeanwhile(slot) ? ok() : moved;
  }

  // ---- deltas

  /** A delta that was applied to the page's host image: the runs `[from, to)` and their bytes from `payloadAt` on. */
  wrote(
    slot: number,
    runOffset: Uint32Array,
    runLength: Uint32Array,
    from: number,
    to: number,
    payload: Uint8Array,
    payloadAt: number,
  ): void {
    const handle = this.handleOf(slot);
    if (handle < 0) return;
    let at = payloadAt;
    for (let run = from; run < to; run++) {
      this.#queue.push(handle, runOffset[run]!, payload, at, runLength[run]!);
      at += runLength[run]!;
    }
    if (this.#queue.payloadBytes >= MAX_WAITING_BYTES) this.flush();
  }

  /** The first `rows` rows of a batch, applied to the host images. */
  wroteBatch(batch: DeltaBatch, rows: number): void {
    if (this.#resident === 0) return;
    const { slot, runStart, runOffset, runLength, payload, payloadStart } = batch;
    for (let row = 0; row < rows; row++) {
      this.wrote(
        slot[row]!,
        runOffset,
        runLength,
        runStart[row]!,
        runStart[row + 1]!,
        payload,
        payloadStart[row]!,
      );
    }
  }

  /** Sends what waits, in LSN order, as one launch. Errors: DEVICE_FAILED; the host images are right all the same. */
  flush(): Result<void> {
    if (this.#queue.count === 0) return ok();
    this.nameCause(0);
    const sent = this.judged(this.backend.apply(this.#queue));
    this.#queue.clear();
    return sent;
  }

  // ---- looking

  /** The device's own copy of a resident page. Errors: DEVICE_FAILED, ARGUMENT_INVALID for a page that is not there. */
  read(slot: number, into: Uint8Array): Result<void> {
    const handle = this.handleOf(slot);
    if (handle < 0) return badCall(`page ${this.table.idOf(slot)} is not on the device`);
    const flushed = this.flush();
    return flushed.ok ? this.judged(this.backend.read(handle, 0, into)) : flushed;
  }

  /**
   * The bytes of a unified page as CPU and GPU both see them; undefined where this process may not look (Electron). What is written through it is no
   * delta: write through the session.
   */
  view(slot: number): Result<Uint8Array | undefined> {
    const handle = this.handleOf(slot);
    if (handle < 0) return badCall(`page ${this.table.idOf(slot)} is not on the device`);
    const flushed = this.flush();
    return flushed.ok ? this.judged(this.backend.view(handle)) : flushed;
  }

  /** Slots of resident pages, in id order. */
  residents(): number[] {
    return [...this.table.slotsInIdOrder()].filter((slot) => this.handleOf(slot) >= 0);
  }

  /** SHA-256 of the device's copies, by slot: what a state hash is made of. Errors: DEVICE_FAILED. */
  hashes(): Result<Map<number, Uint8Array>> {
    const flushed = this.flush();
    if (!flushed.ok) return flushed;
    const slots = this.residents();
    const digests = this.judged(
      this.backend.sha256(
        Uint32Array.from(slots, (slot) => this.handleOf(slot)),
        slots.length,
      ),
    );
    if (!digests.ok) return digests;
    return ok(new Map(slots.map((slot, i) => [slot, digests.value.slice(i * 32, i * 32 + 32)])));
  }

  /** Hands a result of the backend on; where it says that the device is lost, its pages become failed. */
  judged<T>(result: Result<T>): Result<T> {
    const { failure } = this.backend;
    if (result.ok || failure === undefined || this.#isLost) return result;
    this.#isLost = true;
    const pages: bigint[] = [];
    for (let slot = 0; slot < this.#handles.length; slot++) {
      if (this.#handles[slot]! < 0) continue;
      this.#handles[slot] = FAILED;
      pages.push(this.table.idOf(slot));
    }
    this.#resident = 0;
    this.#queue.clear();
    this.#onFailure(failure, pages);
    return err(failure);
  }

  #set(slot: number, handle: number): void {
    if (slot >= this.#handles.length) {
      const longer = new Int32Array(Math.max(64, slot + 1, this.#handles.length * 2)).fill(NO_HANDLE);
      longer.set(this.#handles);
      this.#handles = longer;
    }
    this.#handles[slot] = handle;
  }
}

function memoryOf(locationCode: number): 1 | 2 | undefined {
  if (locationCode === LOCATION_CODE.gpu) return DeviceMemory.Device;
  return locationCode === LOCATION_CODE.unified ? DeviceMemory.Unified : undefined;
}
