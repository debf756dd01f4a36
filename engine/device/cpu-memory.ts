import type { PageSpans } from "../accel/index.ts";
import { EMPTY_BYTES } from "../base/bytes.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, ok, type Result } from "../base/result.ts";
import type { ArenaMap } from "./arena-map.ts";
import { ArenaPool, type PoolBlock } from "./arena-pool.ts";
import type { PoolStats } from "./device-backend.ts";
import { badCall, deviceOutOfMemory } from "./device-errors.ts";
import { DeviceMemory } from "./device-memory.ts";

export interface CpuPage {
  memory: DeviceMemory;
  readonly id: bigint;
  bytes: Uint8Array;
  /** Its place in its pool; a registered page has none. */
  block: PoolBlock | undefined;
}

/** Kernels of a GPU read to the next boundary past a page's end: its pools leave so many bytes behind each, and so do these. */
const SLACK_BYTES = 16;

/** The pages of the CPU's device, by handle: in arenas of a pool for each kind of memory, or in memory that was registered. */
export class CpuMemory {
  readonly #maxBytes: number;
  readonly #pools: { readonly [M in 1 | 2]: ArenaPool };
  readonly #pages: (CpuPage | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #registered: Uint8Array[] = [];
  /** Which of `spans.arenas` a buffer is, and how many pages lie in it. */
  readonly #buffers = new Map<ArrayBufferLike, { readonly index: number; pages: number }>();
  readonly #freeArenas: number[] = [];
  readonly #arenas: Uint8Array[] = [];
  #arena = new Uint32Array(64);
  #at = new Uint32Array(64);
  #size = new Uint32Array(64);

  /** `maxBytes`: of each pool. `arenaBytes`: what a pool reserves at a time. */
  constructor(maxBytes: number, arenaBytes?: number) {
    this.#maxBytes = maxBytes;
    const pool = () => new ArenaPool(maxBytes, arenaBytes);
    this.#pools = { 1: pool(), 2: pool() };
  }

  /** Where the pages lie, by handle; until the next page is made, moved or freed. */
  get spans(): PageSpans {
    return { arenas: this.#arenas, arena: this.#arena, at: this.#at, size: this.#size };
  }

  get registeredBytes(): number {
    return this.#registered.reduce((sum, held) => sum + held.length, 0);
  }

  page(handle: number): CpuPage | undefined {
    return this.#pages[handle];
  }

  stats(memory: 1 | 2): PoolStats {
    return this.#pools[memory].stats();
  }

  maps(memory: 1 | 2): ArenaMap[] {
    return this.#pools[memory].maps();
  }

  /** Makes a page, all zero, or in registered memory, at the beginning of `host`. Returns its handle. */
  create(memory: DeviceMemory, id: bigint, sizeBytes: number, host?: Uint8Array): Result<number> {
    let page: CpuPage;
    if (memory === DeviceMemory.Registered) {
      if (host === undefined || host.length < sizeBytes || !this.#isRegistered(host))
        return badCall("a registered page lies inside registered memory");
      page = { memory, id, bytes: host.subarray(0, sizeBytes), block: undefined };
    } else {
      const placed = this.#reserve(memory, sizeBytes);
      if (!placed.ok) return placed;
      placed.value.bytes.fill(0);
      page = { memory, id, ...placed.value };
    }
    const handle = this.#free.pop() ?? this.#pages.length;
    this.#pages[handle] = page;
    this.#span(handle, page.bytes);
    return ok(handle);
  }

  /** Moves a page with its bytes. Room for both is needed. */
  move(handle: number, memory: 1 | 2): Result<void> {
    const page = this.#pages[handle]!;
    const placed = this.#reserve(memory, page.bytes.length);
    if (!placed.ok) return placed;
    placed.value.bytes.set(page.bytes);
    this.#leave(handle, page);
    page.memory = memory;
    page.block = placed.value.block;
    page.bytes = placed.value.bytes;
    this.#span(handle, page.bytes);
    return ok();
  }

  free(handle: number): void {
    this.#leave(handle, this.#pages[handle]!);
    this.#pages[handle] = undefined;
    this.#free.push(handle);
  }

  register(bytes: Uint8Array): void {
    this.#registered.push(bytes);
  }

  unregister(bytes: Uint8Array): Result<void> {
    const at = this.#registered.findIndex((held) => contains(held, bytes) && contains(bytes, held));
    if (at < 0) return badCall("this memory is not registered");
    for (const page of this.#pages)
      if (page?.memory === DeviceMemory.Registered && contains(bytes, page.bytes))
        return badCall(`page ${page.id} lies in it`);
    this.#registered.splice(at, 1);
    return ok();
  }

  /** Drops all pages and gives their memory back. */
  clear(): void {
    for (const pool of Object.values(this.#pools)) pool.releaseMemory();
    for (const list of [this.#pages, this.#free, this.#registered, this.#arenas, this.#freeArenas])
      list.length = 0;
    this.#buffers.clear();
    this.#size.fill(0);
  }

  #isRegistered(host: Uint8Array): boolean {
    return this.#registered.some((held) => contains(held, host));
  }

  #reserve(
    memory: 1 | 2,
    sizeBytes: number,
  ): Result<{ readonly block: PoolBlock; readonly bytes: Uint8Array }> {
    const pool = this.#pools[memory];
    const block = pool.allocate(sizeBytes + SLACK_BYTES);
    if (block === undefined) {
      const held = `${pool.usedBytes} in use, ${pool.reservedBytes} of at most ${this.#maxBytes} reserved`;
      return err(deviceOutOfMemory(`no room for ${sizeBytes} bytes: ${held}`));
    }
    try {
      return ok({ block, bytes: pool.memoryOf(block).subarray(block.offset, block.offset + sizeBytes) });
    } catch (error) {
      pool.release(block, sizeBytes + SLACK_BYTES);
      return err(outOfMemory(sizeBytes, error));
    }
  }

  /** The page's bytes are no longer those of this handle. */
  #leave(handle: number, { memory, bytes, block }: CpuPage): void {
    const { buffer } = bytes;
    const held = this.#buffers.get(buffer)!;
    if (--held.pages === 0) {
      this.#buffers.delete(buffer);
      this.#arenas[held.index] = EMPTY_BYTES;
      this.#freeArenas.push(held.index);
    }
    this.#size[handle] = 0;
    if (memory !== DeviceMemory.Registered && block !== undefined)
      this.#pools[memory].release(block, bytes.length + SLACK_BYTES);
  }

  #span(handle: number, bytes: Uint8Array): void {
    if (handle >= this.#size.length) {
      this.#arena = lengthened(this.#arena);
      this.#at = lengthened(this.#at);
      this.#size = lengthened(this.#size);
    }
    let held = this.#buffers.get(bytes.buffer);
    if (held === undefined) {
      held = { index: this.#freeArenas.pop() ?? this.#arenas.length, pages: 0 };
      this.#buffers.set(bytes.buffer, held);
      this.#arenas[held.index] = new Uint8Array(bytes.buffer);
    }
    held.pages++;
    this.#arena[handle] = held.index;
    this.#at[handle] = bytes.byteOffset;
    this.#size[handle] = bytes.length;
  }
}

function outOfMemory(sizeBytes: number, cause: unknown): MmsbError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return deviceOutOfMemory(`no arena for ${sizeBytes} bytes: ${why}`);
}

function contains(outer: Uint8Array, inner: Uint8Array): boolean {
  return (
    outer.buffer === inner.buffer &&
    inner.byteOffset >= outer.byteOffset &&
    inner.byteOffset + inner.length <= outer.byteOffset + outer.length
  );
}

/** Twice as long, with what it holds. */
export function lengthened(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(column.length * 2);
  longer.set(column);
  return longer;
}
