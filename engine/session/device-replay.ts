import { fail, ok, type Result } from "../base/result.ts";
import { u64FromPair } from "../base/u64.ts";
import { decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import type { DeviceBackend } from "../device/device-backend.ts";
import { DeviceMemory } from "../device/device-memory.ts";
import { type DeviceChoice, openDevice } from "../device/open-device.ts";
import { RowQueue } from "../device/row-queue.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { decodePageCreate, decodePageMigrate } from "../log/record-bodies.ts";
import { RecordKind } from "../log/record-kinds.ts";
import type { RecordSource } from "../log/record-source.ts";
import type { PageLocation } from "../pages/page-types.ts";
import { type PageHashRow, stateHashOf } from "../pages/state-hash.ts";

export interface DeviceReplayOutcome {
  readonly lsn: number;
  /** Deltas applied by the device. */
  readonly applied: number;
  readonly stateHash: Uint8Array;
  /** In id order; hashed by the device. */
  readonly pages: readonly PageHashRow[];
}

interface Placed {
  readonly handle: number;
  readonly sizeBytes: number;
  epoch: number;
}

/** Deltas wait for the device until they hold so much. */
const BATCH_BYTES = 16 * 2 ** 20;
const BATCH_ROWS = 262_144;

/**
 * Rebuilds a recording's pages on a device alone: unified pages in unified memory, all others in device memory, deltas in large batches, and the page hashes
 * taken there. What it comes to is the state hash of {@link file://../replay/replay-all.ts} on the CPU, or something is wrong with one of them.
 *
 * `at`: the moment to rebuild; the final state where it is left out. The pages are freed again. Errors: LOG_RECORDS_LOST where records before it are lost,
 * LSN_OUT_OF_RANGE, LOG_RECORD_CORRUPT, DEVICE_OUT_OF_MEMORY, DEVICE_FAILED.
 */
export function replayOnDevice(
  source: RecordSource,
  backend: DeviceBackend,
  at = Math.max(source.committedLsn, source.firstLsn - 1),
): Result<DeviceReplayOutcome> {
  const replay = new DeviceReplay(source, backend);
  const outcome = replay.run(at);
  replay.free();
  return outcome;
}

export type { DeviceChoice };

/** Opens a device for the length of `work`. Errors: DEVICE_UNAVAILABLE, those of `work`. */
export function withDevice<T>(choice: DeviceChoice, work: (device: DeviceBackend) => Result<T>): Result<T> {
  const device = openDevice(choice);
  if (!device.ok) return device;
  try {
    return work(device.value);
  } finally {
    device.value.dispose();
  }
}

class DeviceReplay {
  readonly #source: RecordSource;
  readonly #backend: DeviceBackend;
  readonly #pages = new Map<bigint, Placed>();
  readonly #queue = new RowQueue();
  readonly #runs = new RunList();
  #applied = 0;

  constructor(source: RecordSource, backend: DeviceBackend) {
    this.#source = source;
    this.#backend = backend;
  }

  run(at: number): Result<DeviceReplayOutcome> {
    const { firstLsn, lastLsn, gaps } = this.#source;
    if (!Number.isSafeInteger(at) || at < firstLsn - 1 || at > Math.max(lastLsn, firstLsn - 1)) {
      const message = `the recording holds LSN ${firstLsn} to ${lastLsn}`;
      return fail("LSN_OUT_OF_RANGE", message, "Give an LSN inside the recording", { lsn: at });
    }
    if (gaps.some((gap) => gap.fromLsn <= at))
      return fail(
        "LOG_RECORDS_LOST",
        "records before this moment are lost",
        "Replay a damaged recording on the CPU",
        { lsn: at },
      );
    const begun = this.#begin();
    if (!begun.ok) return begun;
    const batch = new RecordBatch();
    for (let lsn = firstLsn; lsn <= at; ) {
      const read = this.#source.readBlock(this.#source.findBlock(lsn), batch);
      if (!read.ok) return read;
      const end = Math.min(batch.count, at + 1 - batch.firstLsn);
      for (let row = 0; row < end; row++) {
        const applied = this.#record(batch, row);
        if (!applied.ok) return applied;
      }
      lsn = batch.firstLsn + end;
    }
    const flushed = this.#flush();
    return flushed.ok ? this.#finish(at) : flushed;
  }

  /** The state that the recording begins with. */
  #begin(): Result<void> {
    const [genesis] = this.#source.checkpoints;
    if (genesis === undefined || genesis.lsn !== this.#source.firstLsn - 1) return ok();
    const image = this.#source.loadCheckpoint(genesis);
    if (!image.ok) return image;
    for (const [index, page] of image.value.pages.entries()) {
      const bytes = new Uint8Array(page.sizeBytes);
      const read = image.value.readPage(index, bytes);
      if (!read.ok) return read;
      const placed = this.#create(page.id, page.sizeBytes, page.location, page.epoch);
      if (!placed.ok) return placed;
      const sent = this.#backend.write(placed.value, 0, bytes);
      if (!sent.ok) return sent;
    }
    return ok();
  }

  #record(batch: RecordBatch, row: number): Result<void> {
    const id = u64FromPair(batch.pageLo[row]!, batch.pageHi[row]!);
    const page = this.#pages.get(id);
    switch (batch.kind[row]) {
      case RecordKind.Delta:
        return page === undefined ? ok() : this.#delta(batch, row, page);
      case RecordKind.PageCreate: {
        const body = decodePageCreate(batch.body(row));
        if (!body.ok) return body;
        const gone = this.#destroy(id);
        if (!gone.ok) return gone;
        const created = this.#create(id, body.value.sizeBytes, body.value.location, batch.epoch[row]!);
        return created.ok ? ok() : created;
      }
      case RecordKind.PageDestroy:
        return this.#destroy(id);
      case RecordKind.PageMigrate: {
        const location = decodePageMigrate(batch.body(row));
        if (!location.ok) return location;
        if (page === undefined) return ok();
        const flushed = this.#flush();
        return flushed.ok ? this.#backend.migratePage(page.handle, memoryFor(location.value)) : flushed;
      }
      default:
        return ok();
    }
  }

  #delta(batch: RecordBatch, row: number, page: Placed): Result<void> {
    const start = batch.bodyStart[row]!;
    const payloadAt = decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, this.#runs);
    if (payloadAt < 0)
      return fail("LOG_RECORD_CORRUPT", "the body of a delta record is malformed", "Run 'mmsb recover'", {
        lsn: batch.firstLsn + row,
      });
    const { offset, length, count } = this.#runs;
    let at = payloadAt;
    for (let run = 0; run < count; run++) {
      this.#queue.push(page.handle, offset[run]!, batch.bytes, at, length[run]!);
      at += length[run]!;
    }
    page.epoch = batch.epoch[row]!;
    this.#applied++;
    return this.#queue.payloadBytes >= BATCH_BYTES || this.#queue.count >= BATCH_ROWS ? this.#flush() : ok();
  }

  #create(id: bigint, sizeBytes: number, location: PageLocation, epoch: number): Result<number> {
    const created = this.#backend.createPage(memoryFor(location), id, sizeBytes);
    if (created.ok) this.#pages.set(id, { handle: created.value, sizeBytes, epoch });
    return created;
  }

  #destroy(id: bigint): Result<void> {
    const page = this.#pages.get(id);
    if (page === undefined) return ok();
    // What waits is for a handle that another page may get.
    const flushed = this.#flush();
    if (!flushed.ok) return flushed;
    this.#pages.delete(id);
    return this.#backend.freePage(page.handle);
  }

  #flush(): Result<void> {
    if (this.#queue.count === 0) return ok();
    const sent = this.#backend.apply(this.#queue);
    this.#queue.clear();
    return sent;
  }

  #finish(lsn: number): Result<DeviceReplayOutcome> {
    const ordered = [...this.#pages].sort(([a], [b]) => (a < b ? -1 : 1));
    const handles = Uint32Array.from(ordered, ([, page]) => page.handle);
    const digests = this.#backend.sha256(handles, handles.length);
    if (!digests.ok) return digests;
    const pages = ordered.map(([id, { sizeBytes, epoch }], i) => {
      const sha256 = digests.value.slice(i * 32, i * 32 + 32);
      return { id, sizeBytes, epoch, sha256 };
    });
    return ok({ lsn, applied: this.#applied, stateHash: stateHashOf(pages), pages });
  }

  free(): void {
    for (const { handle } of this.#pages.values()) this.#backend.freePage(handle);
  }
}

function memoryFor(location: PageLocation): 1 | 2 {
  return location === "unified" ? DeviceMemory.Unified : DeviceMemory.Device;
}
