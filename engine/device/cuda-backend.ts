import type { CudaDevice, CudaFunctions } from "../accel/cuda-functions.ts";
import { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import { highOf, highOfNumber, lowOf, u64FromPair } from "../base/u64.ts";
import { type ArenaMap, usedBetween } from "./arena-map.ts";
import type {
  ApplyRows,
  BackendStats,
  DeviceBackend,
  DeviceDescription,
  PageDiff,
  PageRanges,
  PoolStats,
} from "./device-backend.ts";
import { badCall, deviceFailure, deviceOutOfMemory, deviceRefusal } from "./device-errors.ts";
import type { DeviceEventKind, DeviceEventRow, DeviceOperation } from "./device-events.ts";
import { DeviceMemory, type MemoryAdvice } from "./device-memory.ts";
import type { KernelBatch } from "./kernel-batch.ts";

export interface CudaOptions {
  /** Which card; 0 is the first. */
  readonly ordinal?: number;
  readonly arenaBytes?: number;
  /** Of the pool of device pages; the card's memory where it is left out. */
  readonly maxDeviceBytes?: number;
  /** Of the pool of unified pages; default 512 MiB. */
  readonly maxUnifiedBytes?: number;
  readonly eventCapacity?: number;
  /** Launches and copies carry their duration on the device, at some 3 µs each. Default true. */
  readonly timed?: boolean;
}

/** The library's own codes (mmsb/cuda.h). */
const ARGUMENT = -1;
const OUT_OF_MEMORY = -2;
const CARD_OUT_OF_MEMORY = 2; // cudaErrorMemoryAllocation
const STAT_COUNT = 29;
const EVENT_COLUMNS = 13;
const FIRST_MAP_VALUES = 4096;
const EVENT_ROWS = 1024;
const FIRST_RUNS = 4096;

/** A GPU through the CUDA library (native/cuda). */
export class CudaBackend implements DeviceBackend {
  readonly name = "cuda";
  readonly description: DeviceDescription;
  failure: MmsbError | undefined;
  readonly #cuda: CudaFunctions;
  readonly #device: CudaDevice;
  #isOpen = true;
  /** Views of unified pages that the program holds, by handle. */
  readonly #views = new Map<number, ArrayBuffer>();
  /** What is known of each page, by handle. */
  readonly #pages = new Map<number, { memory: DeviceMemory; sizeBytes: number; host?: Uint8Array }>();
  readonly #statValues = new Float64Array(STAT_COUNT);
  readonly #eventValues = new Float64Array(EVENT_ROWS * EVENT_COLUMNS);
  #mapValues = new Float64Array(FIRST_MAP_VALUES);

  private constructor(cuda: CudaFunctions, device: CudaDevice, description: DeviceDescription) {
    this.#cuda = cuda;
    this.#device = device;
    this.description = description;
  }

  /** `cuda` with its library loaded. Errors: DEVICE_UNAVAILABLE. */
  static open(cuda: CudaFunctions, options: CudaOptions = {}): Result<CudaBackend> {
    const {
      ordinal = 0,
      arenaBytes = 0,
      maxDeviceBytes = 0,
      maxUnifiedBytes = 0,
      eventCapacity = 0,
    } = options;
    const found = cuda.describe(ordinal);
    const device =
      found.code === 0
        ? cuda.open(
            ordinal,
            arenaBytes,
            maxDeviceBytes,
            maxUnifiedBytes,
            eventCapacity,
            options.timed === false ? 0 : 1,
          )
        : undefined;
    if (device === undefined) {
      const { code, operation, message } = cuda.lastError();
      const remedy = "Run 'mmsb doctor'; without a GPU the CPU does the same work";
      return err(
        new MmsbError("DEVICE_UNAVAILABLE", `${operation} failed (code ${code}: ${message})`, remedy),
      );
    }
    const { name, totalBytes, multiprocessors, computeMajor, computeMinor } = found;
    const compute = `${computeMajor}.${computeMinor}`;
    return ok(new CudaBackend(cuda, device, { name, totalBytes, multiprocessors, compute }));
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const handle of [...this.#views.keys()]) this.#dropView(handle);
    this.#cuda.close(this.#device);
  }

  // ---- pages

  createPage(memory: DeviceMemory, id: bigint, sizeBytes: number, host?: Uint8Array): Result<number> {
    const lost = this.#lost();
    if (lost !== undefined) return err(lost);
    if (memory === DeviceMemory.Registered && (host === undefined || host.length < sizeBytes))
      return badCall("a registered page lies inside registered memory");
    const { pageCreate } = this.#cuda;
    const handle = pageCreate(this.#device, memory, lowOf(id), highOf(id), sizeBytes, host);
    if (handle < 0) return err(this.#error());
    this.#pages.set(handle, { memory, sizeBytes, ...(host === undefined ? {} : { host }) });
    return ok(handle);
  }

  freePage(handle: number): Result<void> {
    this.#dropView(handle);
    const freed = this.#call(() => this.#cuda.pageFree(this.#device, handle));
    if (freed.ok) this.#pages.delete(handle);
    return freed;
  }

  migratePage(handle: number, memory: DeviceMemory): Result<void> {
    const known = this.#pages.get(handle);
    if (known?.memory === memory) return ok();
    const lost = this.#lost();
    if (lost !== undefined) return err(lost);
    this.#dropView(handle);
    const moved = this.#call(() => this.#cuda.pageMigrate(this.#device, handle, memory));
    if (moved.ok && known !== undefined) this.#pages.set(handle, { memory, sizeBytes: known.sizeBytes });
    return moved;
  }

  view(handle: number): Result<Uint8Array | undefined> {
    const lost = this.#lost();
    if (lost !== undefined) return err(lost);
    const known = this.#pages.get(handle);
    if (known === undefined) return badCall(`handle ${handle} names no page`);
    if (known.memory === DeviceMemory.Device)
      return badCall("the CPU cannot see a device page: read it into a buffer");
    const waited = this.synchronize();
    if (!waited.ok) return waited;
    if (known.host !== undefined) return ok(known.host.subarray(0, known.sizeBytes));
    let buffer = this.#views.get(handle);
    if (buffer === undefined) {
      buffer = this.#cuda.pageView(this.#device, handle, known.sizeBytes);
      if (buffer === undefined) return { ok: true, value: undefined };
      this.#views.set(handle, buffer);
    }
    return ok(new Uint8Array(buffer));
  }

  #dropView(handle: number): void {
    const view = this.#views.get(handle);
    if (view === undefined) return;
    this.#views.delete(handle);
    this.#cuda.detach(view);
  }

  prefetch(handle: number, toDevice: boolean): Result<void> {
    return this.#call(() => this.#cuda.pagePrefetch(this.#device, handle, toDevice ? 1 : 0));
  }

  advise(handle: number, advice: MemoryAdvice): Result<void> {
    return this.#call(() => this.#cuda.pageAdvise(this.#device, handle, advice));
  }

  registerHost(bytes: Uint8Array): Result<void> {
    return this.#call(() => this.#cuda.register(this.#device, bytes));
  }

  unregisterHost(bytes: Uint8Array): Result<void> {
    return this.#call(() => this.#cuda.unregister(this.#device, bytes));
  }

  // ---- bytes

  write(handle: number, offset: number, bytes: Uint8Array): Result<void> {
    return this.#call(() => this.#cuda.write(this.#device, handle, offset, bytes, 0, bytes.length));
  }

  read(handle: number, offset: number, into: Uint8Array): Result<void> {
    return this.#call(() => this.#cuda.read(this.#device, handle, offset, into, 0, into.length));
  }

  synchronize(): Result<void> {
    return this.#call(() => this.#cuda.synchronize(this.#device));
  }

  // ---- kernels

  zero(page: Uint32Array, count: number): Result<void> {
    return this.#call(() => this.#cuda.zero(this.#device, page, count));
  }

  clone(from: Uint32Array, to: Uint32Array, count: number): Result<void> {
    return this.#call(() => this.#cuda.clone(this.#device, from, to, count));
  }

  copyRanges(from: PageRanges, to: PageRanges): Result<void> {
    const { page, offset, length, count } = from;
    return this.#call(() =>
      this.#cuda.copyRanges(this.#device, page, offset, to.page, to.offset, length, count),
    );
  }

  scatter(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void> {
    const { page, offset, length, count } = ranges;
    return this.#call(() =>
      this.#cuda.scatter(this.#device, buffer, bufferOffset, page, offset, length, count),
    );
  }

  gather(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void> {
    const { page, offset, length, count } = ranges;
    return this.#call(() =>
      this.#cuda.gather(this.#device, buffer, bufferOffset, page, offset, length, count),
    );
  }

  merge(
    page: Uint32Array,
    mask: Uint32Array,
    values: Uint32Array,
    count: number,
    bits: boolean,
  ): Result<void> {
    return this.#call(() => this.#cuda.merge(this.#device, page, mask, values, count, bits ? 1 : 0));
  }

  apply(rows: ApplyRows): Result<void> {
    const { page, offset, length, payloadAt, count, payload, payloadBytes } = rows;
    return this.#call(() =>
      this.#cuda.apply(this.#device, page, offset, length, payloadAt, count, payload, payloadBytes, 0),
    );
  }

  diff(before: Uint32Array, after: Uint32Array, count: number): Result<PageDiff> {
    const runStart = new Uint32Array(count + 1);
    for (let capacity = FIRST_RUNS; ; ) {
      const runOffset = new Uint32Array(capacity);
      const runLength = new Uint32Array(capacity);
      const done = this.#call(() =>
        this.#cuda.diff(this.#device, before, after, count, runStart, runOffset, runLength),
      );
      if (!done.ok) return done;
      const runs = runStart[count]!;
      if (runs <= capacity)
        return ok({
          runStart,
          runOffset: runOffset.subarray(0, runs),
          runLength: runLength.subarray(0, runs),
        });
      capacity = runs;
    }
  }

  crc32c(page: Uint32Array, count: number): Result<Uint32Array> {
    const crcs = new Uint32Array(count);
    const done = this.#call(() => this.#cuda.crc32c(this.#device, page, count, crcs));
    return done.ok ? ok(crcs) : done;
  }

  sha256(page: Uint32Array, count: number): Result<Uint8Array> {
    const digests = new Uint8Array(count * 32);
    const done = this.#call(() => this.#cuda.sha256(this.#device, page, count, digests));
    return done.ok ? ok(digests) : done;
  }

  run(jobs: KernelBatch): Result<void> {
    return this.#call(() => this.#cuda.graph(this.#device, jobs.words, jobs.numbers, jobs.count));
  }

  // ---- statistics

  setCause(lsn: number): void {
    if (this.#isOpen) this.#cuda.setCause(this.#device, lsn >>> 0, highOfNumber(lsn));
  }

  stats(): Result<BackendStats> {
    if (!this.#isOpen) return err(closed());
    const values = this.#statValues;
    if (this.#cuda.stats(this.#device, values) !== 0) return err(this.#error());
    const known = (at: number) => (values[at]! < 0 ? undefined : values[at]);
    return ok({
      device: poolOf(values, 0),
      unified: poolOf(values, 8),
      registeredBytes: values[16]!,
      launches: values[17]!,
      copies: values[18]!,
      allocations: values[19]!,
      frees: values[20]!,
      bytesToDevice: values[21]!,
      bytesToHost: values[22]!,
      eventsDropped: values[23]!,
      cardFreeBytes: values[24]!,
      cardTotalBytes: values[25]!,
      utilizationPercent: known(26),
      temperatureCelsius: known(27),
      powerMilliwatts: known(28),
    });
  }

  arenaMaps(memory: 1 | 2): Result<readonly ArenaMap[]> {
    if (!this.#isOpen) return err(closed());
    for (;;) {
      const count = this.#cuda.poolMap(this.#device, memory, this.#mapValues);
      if (count < 0) return err(this.#error());
      if (count <= this.#mapValues.length) return ok(mapsOf(this.#mapValues, count));
      this.#mapValues = new Float64Array(count * 2);
    }
  }

  takeEvents(): DeviceEventRow[] {
    const rows: DeviceEventRow[] = [];
    if (!this.#isOpen) return rows;
    for (;;) {
      const count = this.#cuda.events(this.#device, this.#eventValues);
      for (let row = 0; row < count; row++) rows.push(eventOf(this.#eventValues, row * EVENT_COLUMNS));
      if (count < EVENT_ROWS) return rows;
    }
  }

  provokeFault(): Result<void> {
    return this.#call(() => this.#cuda.provokeFault(this.#device));
  }

  // ---- inside

  #lost(): MmsbError | undefined {
    return this.failure ?? (this.#isOpen ? undefined : closed());
  }

  #call(work: () => number): Result<void> {
    const lost = this.#lost();
    if (lost !== undefined) return err(lost);
    return work() === 0 ? ok() : err(this.#error());
  }

  /** What the call before says; a device lost by it stays lost. */
  #error(): MmsbError {
    const { code, sticky, operation, message } = this.#cuda.lastError();
    if (sticky === 1) {
      this.failure ??= deviceFailure(operation, code, message);
      return this.failure;
    }
    if (code === ARGUMENT) return badCall(`${operation}: ${message}`).error;
    if (code === OUT_OF_MEMORY || code === CARD_OUT_OF_MEMORY) return deviceOutOfMemory(message);
    return deviceRefusal(operation, code, message);
  }
}

function closed(): MmsbError {
  return new MmsbError("DEVICE_UNAVAILABLE", "the device was closed", "Open it again");
}

function poolOf(values: Float64Array, at: number): PoolStats {
  return {
    usedBytes: values[at]!,
    reservedBytes: values[at + 1]!,
    peakUsedBytes: values[at + 2]!,
    peakReservedBytes: values[at + 3]!,
    freeBytes: values[at + 4]!,
    largestFreeBytes: values[at + 5]!,
    arenas: values[at + 6]!,
    pages: values[at + 7]!,
  };
}

function mapsOf(values: Float64Array, count: number): ArenaMap[] {
  const maps: ArenaMap[] = [];
  for (let at = 0; at < count; ) {
    const [arena, sizeBytes, runs] = [values[at]!, values[at + 1]!, values[at + 2]!];
    const from = at + 3;
    const free = Array.from({ length: runs }, (_, run) => ({
      offset: values[from + run * 2]!,
      sizeBytes: values[from + run * 2 + 1]!,
    }));
    maps.push({ arena, sizeBytes, used: usedBetween(sizeBytes, free) });
    at = from + runs * 2;
  }
  return maps;
}

function eventOf(values: Float64Array, at: number): DeviceEventRow {
  return {
    kind: values[at] as DeviceEventKind,
    operation: values[at + 1] as DeviceOperation,
    timeNs: BigInt(values[at + 2]!) * 1_000_000_000n + BigInt(values[at + 3]!),
    bytes: values[at + 4]!,
    durationNs: values[at + 5]!,
    count: values[at + 6]!,
    pageId: u64FromPair(values[at + 7]!, values[at + 8]!),
    cause: values[at + 9]!,
    memory: values[at + 10] as DeviceMemory | 0,
    code: values[at + 11]!,
    stream: values[at + 12]!,
  };
}
