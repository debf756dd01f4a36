import { accel } from "../accel/index.ts";
import type { Clock } from "../base/clock.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import { hashPageBytes } from "../pages/state-hash.ts";
import type { ArenaMap } from "./arena-map.ts";
import { launchesOf } from "./cpu-launches.ts";
import { CpuMemory, type CpuPage, lengthened } from "./cpu-memory.ts";
import type {
  ApplyRows,
  BackendStats,
  DeviceBackend,
  DeviceDescription,
  PageDiff,
  PageRanges,
} from "./device-backend.ts";
import { badCall, deviceFailure } from "./device-errors.ts";
import { DeviceEventKind, type DeviceEventRow, DeviceOperation, operationName } from "./device-events.ts";
import { DeviceMemory, type MemoryAdvice } from "./device-memory.ts";
import { EventRows } from "./event-rows.ts";
import type { KernelBatch } from "./kernel-batch.ts";
import { checkApart } from "./range-overlap.ts";

export interface CpuBackendOptions {
  readonly clock?: Clock;
  /** Of device and unified pages, each. */
  readonly maxBytes?: number;
  /** What a pool reserves at a time; default 64 MiB. */
  readonly arenaBytes?: number;
  readonly eventCapacity?: number;
  /** For tests: called before each operation; a code other than 0 loses the device there. */
  readonly fault?: (operation: FaultPoint) => number;
}

type FaultPoint = DeviceOperation | "create" | "migrate" | "synchronize";

const DEFAULT_MAX_BYTES = 2 ** 30;
const DEFAULT_EVENTS = 65_536;
/** The wall clock when the process started, carried on by the monotonic one: fine enough for what a kernel takes. */
const ORIGIN_NS = BigInt(Math.round(performance.timeOrigin * 1000)) * 1000n;
const processClock: Clock = { nowNs: () => ORIGIN_NS + BigInt(Math.floor(performance.now() * 1e6)) };
/** The code that a provoked fault leaves: cudaErrorIllegalAddress, for likeness. */
const PROVOKED = 700;

/** A device that is the CPU: pages in plain memory, the same operations, errors and statistics. What runs without a GPU, and the tests' oracle. */
export class CpuBackend implements DeviceBackend {
  readonly name = "cpu";
  readonly description: DeviceDescription = { name: "CPU", totalBytes: 0, multiprocessors: 1, compute: "" };
  failure: MmsbError | undefined;
  readonly #clock: Clock;
  readonly #fault: NonNullable<CpuBackendOptions["fault"]>;
  readonly #memory: CpuMemory;
  readonly #rows: EventRows;
  /** When the operation at hand began. */
  #begunNs = 0n;
  #bytesToDevice = 0;
  #bytesToHost = 0;

  constructor(options: CpuBackendOptions = {}) {
    this.#clock = options.clock ?? processClock;
    this.#memory = new CpuMemory(options.maxBytes ?? DEFAULT_MAX_BYTES, options.arenaBytes);
    this.#rows = new EventRows(options.eventCapacity ?? DEFAULT_EVENTS);
    this.#fault = options.fault ?? (() => 0);
  }

  dispose(): void {
    this.#memory.clear();
  }

  // ---- pages

  createPage(memory: DeviceMemory, id: bigint, sizeBytes: number, host?: Uint8Array): Result<number> {
    const lost = this.#lost("create");
    if (lost !== undefined) return err(lost);
    const handle = this.#memory.create(memory, id, sizeBytes, host);
    if (handle.ok) this.#note(DeviceEventKind.Allocate, DeviceOperation.None, sizeBytes, 1, id, memory);
    return handle;
  }

  freePage(handle: number): Result<void> {
    const page = this.#page(handle);
    if (!page.ok) return page;
    this.#begin();
    this.#memory.free(handle);
    this.#noteFree(page.value.id, page.value.bytes.length, page.value.memory);
    return ok();
  }

  migratePage(handle: number, memory: DeviceMemory): Result<void> {
    const found = this.#page(handle);
    if (!found.ok) return found;
    const page = found.value;
    if (page.memory === memory) return ok();
    if (memory === DeviceMemory.Registered) return badCall("a page moves to device or unified memory");
    const lost = this.#lost("migrate");
    if (lost !== undefined) return err(lost);
    const { id, memory: before } = page;
    const moved = this.#memory.move(handle, memory);
    if (!moved.ok) return moved;
    const { length } = page.bytes;
    this.#note(DeviceEventKind.Copy, DeviceOperation.Migrate, length, 1, id);
    this.#noteFree(id, length, before);
    this.#note(DeviceEventKind.Allocate, DeviceOperation.None, length, 1, id, memory);
    return ok();
  }

  view(handle: number): Result<Uint8Array | undefined> {
    const page = this.#page(handle);
    if (!page.ok) return page;
    if (page.value.memory === DeviceMemory.Device)
      return badCall("the CPU cannot see a device page: read it into a buffer");
    return { ok: true, value: page.value.bytes };
  }

  prefetch(handle: number, toDevice: boolean): Result<void> {
    const page = this.#unified(handle);
    if (!page.ok) return page;
    this.#begin();
    const operation = toDevice ? DeviceOperation.PrefetchToDevice : DeviceOperation.PrefetchToHost;
    const { bytes, id } = page.value;
    if (bytes.length > 0) this.#note(DeviceEventKind.Copy, operation, bytes.length, 1, id);
    return ok();
  }

  advise(handle: number, _advice: MemoryAdvice): Result<void> {
    const page = this.#unified(handle);
    return page.ok ? ok() : page;
  }

  registerHost(bytes: Uint8Array): Result<void> {
    if (bytes.length === 0) return badCall("there is nothing to register");
    this.#memory.register(bytes);
    return ok();
  }

  unregisterHost(bytes: Uint8Array): Result<void> {
    return this.#memory.unregister(bytes);
  }

  // ---- bytes

  write(handle: number, offset: number, bytes: Uint8Array): Result<void> {
    const page = this.#inside(handle, offset, bytes.length, DeviceOperation.ToDevice);
    if (!page.ok) return page;
    page.value.bytes.set(bytes, offset);
    if (page.value.memory === DeviceMemory.Device) {
      this.#note(DeviceEventKind.Copy, DeviceOperation.ToDevice, bytes.length, 1, page.value.id);
      this.#bytesToDevice += bytes.length;
    }
    return ok();
  }

  read(handle: number, offset: number, into: Uint8Array): Result<void> {
    const page = this.#inside(handle, offset, into.length, DeviceOperation.ToHost);
    if (!page.ok) return page;
    into.set(page.value.bytes.subarray(offset, offset + into.length));
    if (page.value.memory === DeviceMemory.Device) {
      this.#note(DeviceEventKind.Copy, DeviceOperation.ToHost, into.length, 1, page.value.id);
      this.#bytesToHost += into.length;
    }
    return ok();
  }

  synchronize(): Result<void> {
    const lost = this.#lost("synchronize");
    return lost === undefined ? ok() : err(lost);
  }

  // ---- kernels

  zero(page: Uint32Array, count: number): Result<void> {
    return this.#each(DeviceOperation.Zero, [page], count, ([target]) => {
      target!.fill(0);
      return target!.length;
    });
  }

  clone(from: Uint32Array, to: Uint32Array, count: number): Result<void> {
    const targets = new Set(to.subarray(0, count));
    if (targets.size < count) return badCall("clone names a destination again");
    if (from.subarray(0, count).some((handle) => targets.has(handle)))
      return badCall("clone copies from a destination");
    const check = (a: Uint8Array, b: Uint8Array) => a.length === b.length;
    return this.#each(
      DeviceOperation.Clone,
      [from, to],
      count,
      ([source, target]) => {
        target!.set(source!);
        return 2 * source!.length;
      },
      check,
    );
  }

  copyRanges(from: PageRanges, to: PageRanges): Result<void> {
    const sources = this.#ranges(from, from.length, DeviceOperation.CopyRanges);
    if (!sources.ok) return sources;
    const targets = this.#ranges({ ...to, count: from.count }, from.length, DeviceOperation.CopyRanges);
    if (!targets.ok) return targets;
    const apart = checkApart({ ...from, page: from.page }, { ...to, length: from.length, count: from.count });
    if (!apart.ok) return apart;
    let bytes = 0;
    for (let i = 0; i < from.count; i++) {
      targets.value[i]!.set(sources.value[i]!);
      bytes += sources.value[i]!.length;
    }
    this.#note(DeviceEventKind.Launch, DeviceOperation.CopyRanges, 2 * bytes, from.count);
    return ok();
  }

  scatter(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void> {
    return this.#throughBuffer(DeviceOperation.Scatter, buffer, bufferOffset, ranges, (part, range) =>
      range.set(part),
    );
  }

  gather(buffer: number, bufferOffset: number, ranges: PageRanges): Result<void> {
    if (ranges.page.subarray(0, ranges.count).includes(buffer))
      return badCall("the buffer is gathered into itself");
    return this.#throughBuffer(DeviceOperation.Gather, buffer, bufferOffset, ranges, (part, range) =>
      part.set(range),
    );
  }

  #throughBuffer(
    operation: DeviceOperation,
    buffer: number,
    bufferOffset: number,
    ranges: PageRanges,
    move: (part: Uint8Array, range: Uint8Array) => void,
  ): Result<void> {
    const found = this.#ranges(ranges, ranges.length, operation);
    if (!found.ok) return found;
    const total = found.value.reduce((sum, range) => sum + range.length, 0);
    const page = this.#inside(buffer, bufferOffset, total, operation);
    if (!page.ok) return page;
    if (operation === DeviceOperation.Scatter) {
      const whole = { page: Uint32Array.of(buffer), offset: Uint32Array.of(bufferOffset) };
      const apart = checkApart({ ...whole, length: Uint32Array.of(total), count: 1 }, ranges);
      if (!apart.ok) return apart;
    }
    let at = bufferOffset;
    for (const range of found.value) {
      move(page.value.bytes.subarray(at, at + range.length), range);
      at += range.length;
    }
    this.#note(DeviceEventKind.Launch, operation, 2 * total, ranges.count);
    return ok();
  }

  merge(
    page: Uint32Array,
    mask: Uint32Array,
    values: Uint32Array,
    count: number,
    bits: boolean,
  ): Result<void> {
    const targets = new Set(page.subarray(0, count));
    if (targets.size < count) return badCall("merge names a page again");
    for (let i = 0; i < count; i++)
      if (targets.has(mask[i]!) || targets.has(values[i]!))
        return badCall("merge reads a page that is merged into");
    const flagBytes = (size: number) => (bits ? Math.ceil(size / 8) : size);
    const check = (target: Uint8Array, flags: Uint8Array, given?: Uint8Array) =>
      flags.length >= flagBytes(target.length) && given!.length >= target.length;
    const blend = () => accel.blendPages(mask, values, page, 0, count, bits ? 1 : 8, this.#memory.spans);
    return this.#each(
      DeviceOperation.Merge,
      [page, mask, values],
      count,
      ([target]) => 3 * target!.length + flagBytes(target!.length),
      check,
      blend,
    );
  }

  apply(rows: ApplyRows): Result<void> {
    const { page, offset, length, payloadAt, count, payload, payloadBytes } = rows;
    for (let row = 0; row < count; row++) {
      if (payloadAt[row]! + length[row]! > payloadBytes) return badCall(`row ${row} reads past the payload`);
      const found = this.#page(page[row]!);
      if (!found.ok) return found;
    }
    const lost = this.#lost(DeviceOperation.Apply);
    if (lost !== undefined) return err(lost);
    let bytes = 0;
    for (let row = 0; row < count; row++) {
      const target = this.#memory.page(page[row]!)!.bytes;
      const fitting = Math.max(0, Math.min(length[row]!, target.length - offset[row]!));
      const at = payloadAt[row]!;
      if (fitting > 0) target.set(payload.subarray(at, at + fitting), offset[row]!);
      bytes += length[row]!;
    }
    if (count === 0) return ok();
    const isOnePage = page.subarray(1, count).every((handle) => handle === page[0]);
    const pageId = isOnePage ? this.#memory.page(page[0]!)!.id : 0n;
    this.#note(DeviceEventKind.Launch, DeviceOperation.Apply, 2 * bytes + 16 * count, count, pageId);
    return ok();
  }

  diff(before: Uint32Array, after: Uint32Array, count: number): Result<PageDiff> {
    const runStart = new Uint32Array(count + 1);
    let runOffset = new Uint32Array(64);
    let runLength = new Uint32Array(64);
    let runs = 0;
    let row = 0;
    const done = this.#each(
      DeviceOperation.Diff,
      [before, after],
      count,
      ([a, b]) => {
        const size = a!.length;
        for (let from = 0; ; ) {
          const held = runs;
          runs = accel.diffImages(a!, 0, b!, 0, from, size, runOffset, runLength, runs);
          if (runs < runOffset.length) break;
          // full: there may be more, behind the last run
          from = runs > held ? runOffset[runs - 1]! + runLength[runs - 1]! : from;
          runOffset = lengthened(runOffset);
          runLength = lengthened(runLength);
        }
        runStart[++row] = runs;
        return 2 * size;
      },
      (a, b) => a.length === b.length,
    );
    if (!done.ok) return done;
    return ok({ runStart, runOffset: runOffset.slice(0, runs), runLength: runLength.slice(0, runs) });
  }

  crc32c(page: Uint32Array, count: number): Result<Uint32Array> {
    const crcs = new Uint32Array(count);
    let row = 0;
    const done = this.#each(DeviceOperation.Crc32c, [page], count, ([bytes]) => {
      crcs[row++] = accel.crc32c(bytes!);
      return bytes!.length;
    });
    return done.ok ? ok(crcs) : done;
  }

  sha256(page: Uint32Array, count: number): Result<Uint8Array> {
    const digests = new Uint8Array(count * 32);
    let row = 0;
    const done = this.#each(DeviceOperation.Sha256, [page], count, ([bytes]) => {
      digests.set(hashPageBytes(bytes!), 32 * row++);
      return bytes!.length;
    });
    return done.ok ? ok(digests) : done;
  }

  run(jobs: KernelBatch): Result<void> {
    if (this.failure !== undefined) return err(this.failure);
    const launches = launchesOf(jobs, (handle) => this.#memory.page(handle));
    if (!launches.ok) return launches;
    for (const [operation, list] of launches.value) {
      const lost = this.#lost(operation);
      if (lost !== undefined) return err(lost);
      for (const { run } of list) run();
      const bytes = list.reduce((total, job) => total + job.bytes, 0);
      const pageId = jobs.count === 1 ? list[0]!.pageId : 0n;
      this.#note(DeviceEventKind.Launch, operation, bytes, list.length, pageId);
    }
    return ok();
  }

  // ---- statistics

  setCause(lsn: number): void {
    this.#rows.cause = lsn;
  }

  stats(): Result<BackendStats> {
    return ok({
      device: this.#memory.stats(DeviceMemory.Device),
      unified: this.#memory.stats(DeviceMemory.Unified),
      registeredBytes: this.#memory.registeredBytes,
      launches: this.#rows.counts[DeviceEventKind.Launch],
      copies: this.#rows.counts[DeviceEventKind.Copy],
      allocations: this.#rows.counts[DeviceEventKind.Allocate],
      frees: this.#rows.counts[DeviceEventKind.Free],
      bytesToDevice: this.#bytesToDevice,
      bytesToHost: this.#bytesToHost,
      eventsDropped: this.#rows.dropped,
      cardFreeBytes: 0,
      cardTotalBytes: 0,
      utilizationPercent: undefined,
      temperatureCelsius: undefined,
      powerMilliwatts: undefined,
    });
  }

  takeEvents(): DeviceEventRow[] {
    return this.#rows.take();
  }

  arenaMaps(memory: 1 | 2): Result<readonly ArenaMap[]> {
    return ok(this.#memory.maps(memory));
  }

  provokeFault(): Result<void> {
    return err(this.#lose("fault", PROVOKED));
  }

  // ---- inside

  #page(handle: number): Result<CpuPage> {
    if (this.failure !== undefined) return err(this.failure);
    const page = this.#memory.page(handle);
    return page === undefined ? badCall(`handle ${handle} names no page`) : ok(page);
  }

  #unified(handle: number): Result<CpuPage> {
    const page = this.#page(handle);
    if (!page.ok) return page;
    return page.value.memory === DeviceMemory.Unified ? page : badCall("hints are for unified pages");
  }

  #inside(handle: number, offset: number, length: number, operation: DeviceOperation): Result<CpuPage> {
    const page = this.#page(handle);
    if (!page.ok) return page;
    const { bytes } = page.value;
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + length > bytes.length)
      return badCall(`${length} bytes at ${offset} do not lie in a page of ${bytes.length}`);
    const lost = this.#lost(operation);
    return lost === undefined ? page : err(lost);
  }

  #ranges(ranges: PageRanges, length: Uint32Array, operation: DeviceOperation): Result<Uint8Array[]> {
    const found: Uint8Array[] = [];
    for (let i = 0; i < ranges.count; i++) {
      const offset = ranges.offset[i]!;
      const page = this.#inside(ranges.page[i]!, offset, length[i]!, operation);
      if (!page.ok) return page;
      found.push(page.value.bytes.subarray(offset, offset + length[i]!));
    }
    return ok(found);
  }

  /** Runs `work` on the pages of each row, all of which were looked up and checked first, and `whole` on all rows; `work` returns the bytes read and written. */
  #each(
    operation: DeviceOperation,
    columns: readonly Uint32Array[],
    count: number,
    work: (pages: Uint8Array[]) => number,
    check: (...pages: [Uint8Array, Uint8Array, Uint8Array?]) => boolean = () => true,
    whole: () => void = () => {},
  ): Result<void> {
    const rows: Uint8Array[][] = [];
    for (let i = 0; i < count; i++) {
      const pages: Uint8Array[] = [];
      for (const column of columns) {
        const page = this.#page(column[i]!);
        if (!page.ok) return page;
        pages.push(page.value.bytes);
      }
      if (!check(...(pages as [Uint8Array, Uint8Array, Uint8Array?])))
        return badCall(`row ${i} of ${operationName(operation)} names pages of sizes that do not fit`);
      rows.push(pages);
    }
    const lost = this.#lost(operation);
    if (lost !== undefined) return err(lost);
    whole();
    let bytes = 0;
    for (const pages of rows) bytes += work(pages);
    // Of a launch over one page: that which is written, or looked at.
    const concerned =
      columns[operation === DeviceOperation.Clone || operation === DeviceOperation.Diff ? 1 : 0]!;
    const pageId = count === 1 ? this.#memory.page(concerned[0]!)!.id : 0n;
    if (count > 0) this.#note(DeviceEventKind.Launch, operation, bytes, count, pageId);
    return ok();
  }

  #noteFree(id: bigint, sizeBytes: number, memory: DeviceMemory): void {
    this.#note(DeviceEventKind.Free, DeviceOperation.None, sizeBytes, 1, id, memory);
  }

  /** An operation begins: what is noted of it happened from here on. */
  #begin(): void {
    this.#begunNs = this.#clock.nowNs();
  }

  #lost(operation: FaultPoint): MmsbError | undefined {
    if (this.failure !== undefined) return this.failure;
    this.#begin();
    const code = this.#fault(operation);
    if (code === 0) return undefined;
    return this.#lose(typeof operation === "string" ? operation : operationName(operation), code);
  }

  #lose(operation: string, code: number): MmsbError {
    this.failure = deviceFailure(operation, code, "injected");
    this.#note(DeviceEventKind.Failure, DeviceOperation.None, 0, 0, 0n, 0, code);
    return this.failure;
  }

  #note(
    kind: DeviceEventKind,
    operation: DeviceOperation,
    bytes: number,
    count: number,
    pageId = 0n,
    memory: DeviceMemory | 0 = 0,
    code = 0,
  ): void {
    const timeNs = this.#begunNs;
    // Kernels and copies take time; what comes of them is there when the call returns.
    const isTimed = kind === DeviceEventKind.Launch || kind === DeviceEventKind.Copy;
    const durationNs = isTimed ? Number(this.#clock.nowNs() - timeNs) : 0;
    const stream = 0;
    this.#rows.push({ kind, operation, timeNs, bytes, durationNs, count, pageId, memory, code, stream });
  }
}
