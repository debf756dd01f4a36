import { ArenaSet, FRAME_BYTES } from "./arena.ts";
import { FrameHeap } from "./frame-heap.ts";
import { FrameTable, NO_FRAME } from "./frame-table.ts";
import { GRANULE_BYTES, MAX_SMALL_BYTES, SlabHeap, smallBlockBytes } from "./slab-heap.ts";

/** How page memory is used, in bytes. */
export interface MemoryStats {
  /** What the pages asked for. */
  readonly usedBytes: number;
  /** The same with each page rounded up to its block. */
  readonly blockBytes: number;
  /** What the arenas hold of the system (most of it is only committed when it is first written). */
  readonly reservedBytes: number;
  readonly peakUsedBytes: number;
  readonly peakReservedBytes: number;
  /** Whole frames that are free, and the longest run of them: their ratio is 1 where nothing is fragmented. */
  readonly freeBytes: number;
  readonly largestFreeBytes: number;
  readonly arenas: number;
}

const GRANULES_PER_FRAME = FRAME_BYTES / GRANULE_BYTES;

/**
 * Page memory: small pages from slabs (64-byte granules), others in whole frames of 4096 bytes on 4096 boundaries. A new block is all
 * zero. Blocks are named by (arena, offset); {@link allocate} leaves them in `arena` and `offset`, so that it makes no object.
 *
 * One thread at a time. What it knows stands in typed arrays over shared memory (`FrameTable`), small counters aside.
 */
export class Allocator {
  readonly arenas: ArenaSet;
  readonly maxBytes: number;
  readonly #frames: FrameHeap;
  readonly #slabs: SlabHeap;
  /** Where the last block lies. */
  arena = 0;
  offset = 0;
  usedBytes = 0;
  #blockBytes = 0;
  #peakUsedBytes = 0;
  #peakReservedBytes = 0;

  constructor(maxBytes: number, maxArenaBytes: number) {
    this.maxBytes = maxBytes;
    this.arenas = new ArenaSet(maxBytes, maxArenaBytes);
    const table = new FrameTable(this.arenas.maxFrameNumbers);
    this.#frames = new FrameHeap(table);
    this.#slabs = new SlabHeap(table, this.#frames);
  }

  get reservedBytes(): number {
    return this.arenas.heldFrames * FRAME_BYTES;
  }

  /** The longest page there can be. */
  get maxPageBytes(): number {
    return this.arenas.maxArenaFrames * FRAME_BYTES;
  }

  /**
   * Finds room for 1 to `maxPageBytes` bytes; false where there is none. The block is zeroed unless `zero` is false: then its
   * first `sizeBytes` may hold old bytes, and the caller overwrites them all.
   */
  allocate(sizeBytes: number, zero = true): boolean {
    if (!this.#tryAllocate(sizeBytes, zero)) {
      const frames = sizeBytes <= MAX_SMALL_BYTES ? SlabHeap.framesFor(sizeBytes) : framesOf(sizeBytes);
      if (!this.#extend(frames) || !this.#tryAllocate(sizeBytes, zero)) return false;
    }
    this.usedBytes += sizeBytes;
    this.#blockBytes += blockBytesOf(sizeBytes);
    if (this.usedBytes > this.#peakUsedBytes) this.#peakUsedBytes = this.usedBytes;
    return true;
  }

  #tryAllocate(sizeBytes: number, zero: boolean): boolean {
    if (sizeBytes > MAX_SMALL_BYTES) {
      const frames = framesOf(sizeBytes);
      const first = this.#frames.allocate(frames);
      if (first === NO_FRAME) return false;
      this.#locate(first);
      const from = this.offset / FRAME_BYTES;
      this.arenas.claim(this.arena, from, from + frames, zero, this.#frames.freeBehind);
      return true;
    }
    const granule = this.#slabs.allocate(sizeBytes);
    if (granule < 0) return false;
    const slab = this.#slabs.newSlabFrame;
    if (slab !== NO_FRAME) {
      this.#locate(slab);
      const from = this.offset / FRAME_BYTES;
      this.arenas.claim(this.arena, from, from + this.#slabs.newSlabFrames, false);
    }
    this.#locate(Math.floor(granule / GRANULES_PER_FRAME));
    this.offset += (granule % GRANULES_PER_FRAME) * GRANULE_BYTES;
    if (zero) this.arenas.zero(this.arena, this.offset, sizeBytes);
    return true;
  }

  #locate(frame: number): void {
    this.arena = this.arenas.arenaOf(frame);
    this.offset = (frame - this.arenas.firstFrame(this.arena)) * FRAME_BYTES;
  }

  /** Gives back a block of {@link allocate}. */
  release(arena: number, offset: number, sizeBytes: number): void {
    const frame = this.arenas.firstFrame(arena) + Math.floor(offset / FRAME_BYTES);
    if (sizeBytes > MAX_SMALL_BYTES) this.#frames.release(frame, framesOf(sizeBytes));
    else this.#slabs.release(frame * GRANULES_PER_FRAME + (offset % FRAME_BYTES) / GRANULE_BYTES, sizeBytes);
    this.usedBytes -= sizeBytes;
    this.#blockBytes -= blockBytesOf(sizeBytes);
  }

  /** Adds an arena, letting empty ones go first where the limit asks for it. */
  #extend(frames: number): boolean {
    let arena = this.arenas.add(frames);
    if (arena < 0 && this.trim() > 0) arena = this.arenas.add(frames);
    if (arena < 0) return false;
    this.#frames.addRun(this.arenas.firstFrame(arena), this.arenas.frames(arena));
    this.#peakReservedBytes = Math.max(this.#peakReservedBytes, this.reservedBytes);
    return true;
  }

  /** Gives arenas without a page back to the system; returns their bytes. */
  trim(): number {
    const before = this.reservedBytes;
    for (let arena = 0; arena < this.arenas.count; arena++) {
      if (!this.arenas.isHeld(arena)) continue;
      if (this.#frames.removeRun(this.arenas.firstFrame(arena), this.arenas.frames(arena))) {
        this.arenas.release(arena);
      }
    }
    return before - this.reservedBytes;
  }

  stats(): MemoryStats {
    return {
      usedBytes: this.usedBytes,
      blockBytes: this.#blockBytes,
      reservedBytes: this.reservedBytes,
      peakUsedBytes: this.#peakUsedBytes,
      peakReservedBytes: this.#peakReservedBytes,
      freeBytes: this.#frames.freeFrames * FRAME_BYTES,
      largestFreeBytes: this.#frames.largestFree() * FRAME_BYTES,
      arenas: this.arenas.heldCount,
    };
  }
}

function framesOf(sizeBytes: number): number {
  return Math.ceil(sizeBytes / FRAME_BYTES);
}

function blockBytesOf(sizeBytes: number): number {
  return sizeBytes > MAX_SMALL_BYTES ? framesOf(sizeBytes) * FRAME_BYTES : smallBlockBytes(sizeBytes);
}
