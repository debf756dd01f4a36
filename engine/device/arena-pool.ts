import { type ArenaMap, POOL_GRANULE, usedBetween } from "./arena-map.ts";
import type { PoolStats } from "./device-backend.ts";

interface Arena {
  readonly number: number;
  readonly sizeBytes: number;
  /** Free runs by where they begin, and by where they end. */
  readonly byStart: Map<number, FreeRun>;
  readonly byEnd: Map<number, FreeRun>;
  /** Made when it is asked for. */
  memory: Uint8Array | undefined;
}

interface FreeRun {
  readonly arena: Arena;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Where a block lies. */
export interface PoolBlock {
  readonly arena: number;
  readonly offset: number;
}

const DEFAULT_ARENA_BYTES = 64 * 2 ** 20;

/**
 * A pool of page memory by the rules of `native/cuda/src/arena_pool.cpp`, so that its figures are those of a GPU: blocks of multiples of 256 bytes from few large
 * arenas, best fit, neighbours joined when they are freed.
 */
export class ArenaPool {
  readonly #arenaBytes: number;
  readonly #maxBytes: number;
  readonly #arenas = new Map<number, Arena>();
  /** Ascending by size, then place. */
  readonly #bySize: FreeRun[] = [];
  #made = 0;
  #used = 0;
  #reserved = 0;
  #peakUsed = 0;
  #peakReserved = 0;
  #blocks = 0;

  constructor(maxBytes: number, arenaBytes = DEFAULT_ARENA_BYTES) {
    this.#arenaBytes = blockBytes(arenaBytes);
    this.#maxBytes = maxBytes;
  }

  /** Undefined where the pool's limit leaves no room. */
  allocate(bytes: number): PoolBlock | undefined {
    const need = blockBytes(bytes);
    let at = this.#firstFit(need);
    if (at === this.#bySize.length) {
      if (need > this.#maxBytes - this.#reserved) this.#trim();
      const room = this.#maxBytes - this.#reserved;
      if (need > room) return undefined;
      this.#reserve(Math.min(Math.max(need, this.#arenaBytes), room - (room % POOL_GRANULE)));
      at = this.#firstFit(need);
    }
    const run = this.#bySize[at]!;
    this.#take(run);
    if (run.sizeBytes > need)
      this.#give({ arena: run.arena, offset: run.offset + need, sizeBytes: run.sizeBytes - need });
    this.#used += need;
    this.#peakUsed = Math.max(this.#peakUsed, this.#used);
    this.#blocks++;
    return { arena: run.arena.number, offset: run.offset };
  }

  /** The whole arena that a block lies in. Throws RangeError where there is no such memory to be had. */
  memoryOf({ arena: number }: PoolBlock): Uint8Array {
    const arena = this.#arenas.get(number)!;
    arena.memory ??= new Uint8Array(arena.sizeBytes);
    return arena.memory;
  }

  /** Lets go of the memory of all arenas; what the blocks are is kept. */
  releaseMemory(): void {
    for (const arena of this.#arenas.values()) arena.memory = undefined;
  }

  /** `bytes` as they were asked for. */
  release({ arena: number, offset }: PoolBlock, bytes: number): void {
    const arena = this.#arenas.get(number)!;
    const need = blockBytes(bytes);
    const before = arena.byEnd.get(offset);
    const after = arena.byStart.get(offset + need);
    if (before !== undefined) this.#take(before);
    if (after !== undefined) this.#take(after);
    const sizeBytes = (before?.sizeBytes ?? 0) + need + (after?.sizeBytes ?? 0);
    this.#give({ arena, offset: before?.offset ?? offset, sizeBytes });
    this.#used -= need;
    this.#blocks--;
  }

  get usedBytes(): number {
    return this.#used;
  }

  get reservedBytes(): number {
    return this.#reserved;
  }

  stats(): PoolStats {
    return {
      usedBytes: this.#used,
      reservedBytes: this.#reserved,
      peakUsedBytes: this.#peakUsed,
      peakReservedBytes: this.#peakReserved,
      freeBytes: this.#reserved - this.#used,
      largestFreeBytes: this.#bySize[this.#bySize.length - 1]?.sizeBytes ?? 0,
      arenas: this.#arenas.size,
      pages: this.#blocks,
    };
  }

  maps(): ArenaMap[] {
    return [...this.#arenas.values()].map(({ number, sizeBytes, byStart }) => {
      const free = [...byStart.values()].sort((a, b) => a.offset - b.offset);
      return { arena: number, sizeBytes, used: usedBetween(sizeBytes, free) };
    });
  }

  #reserve(sizeBytes: number): void {
    const arena: Arena = {
      number: this.#made++,
      sizeBytes,
      byStart: new Map(),
      byEnd: new Map(),
      memory: undefined,
    };
    this.#arenas.set(arena.number, arena);
    this.#reserved += sizeBytes;
    this.#peakReserved = Math.max(this.#peakReserved, this.#reserved);
    this.#give({ arena, offset: 0, sizeBytes });
  }

  /** Gives arenas without a block back. */
  #trim(): void {
    for (const arena of [...this.#arenas.values()]) {
      const whole = arena.byStart.get(0);
      if (whole?.sizeBytes !== arena.sizeBytes) continue;
      this.#take(whole);
      this.#arenas.delete(arena.number);
      this.#reserved -= arena.sizeBytes;
    }
  }

  #give(run: FreeRun): void {
    run.arena.byStart.set(run.offset, run);
    run.arena.byEnd.set(run.offset + run.sizeBytes, run);
    this.#bySize.splice(this.#placeOf(run), 0, run);
  }

  #take(run: FreeRun): void {
    run.arena.byStart.delete(run.offset);
    run.arena.byEnd.delete(run.offset + run.sizeBytes);
    this.#bySize.splice(this.#placeOf(run), 1);
  }

  /** The first run of at least so many bytes. */
  #firstFit(need: number): number {
    return this.#search((run) => run.sizeBytes < need);
  }

  #placeOf({ sizeBytes, arena, offset }: FreeRun): number {
    return this.#search(
      (run) =>
        run.sizeBytes < sizeBytes ||
        (run.sizeBytes === sizeBytes &&
          (run.arena.number < arena.number || (run.arena === arena && run.offset < offset))),
    );
  }

  #search(isBefore: (run: FreeRun) => boolean): number {
    let low = 0;
    let high = this.#bySize.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(this.#bySize[middle]!)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What a block of so many bytes takes. */
export function blockBytes(bytes: number): number {
  return Math.ceil(Math.max(bytes, 1) / POOL_GRANULE) * POOL_GRANULE;
}
