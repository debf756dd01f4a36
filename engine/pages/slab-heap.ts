import { assert } from "../base/assert.ts";
import { FRAME_BYTES } from "./arena.ts";
import { type FrameHeap, lowestBit } from "./frame-heap.ts";
import { SharedColumn } from "./shared-column.ts";

/** Unit and alignment of small blocks: a cache line. */
export const GRANULE_BYTES = 64;
const GRANULES_PER_FRAME = FRAME_BYTES / GRANULE_BYTES;

/** Block sizes in granules: four to a doubling from 512 bytes on, so that rounding up wastes less than a fifth there. */
const CLASS_GRANULES = [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56] as const;
/** Longest page that shares frames with others; longer ones take whole frames. */
export const MAX_SMALL_BYTES = 56 * GRANULE_BYTES;

/** Frames of a slab: the fewest that hold 8 blocks and lose at most a sixteenth at the end. At most 64 blocks: one bit each in two words. */
const CLASS_FRAMES = CLASS_GRANULES.map((granules) => {
  for (let frames = 1; ; frames++) {
    const blocks = Math.floor((frames * GRANULES_PER_FRAME) / granules);
    const lost = frames * GRANULES_PER_FRAME - blocks * granules;
    if (blocks >= 8 && lost * 16 <= frames * GRANULES_PER_FRAME) return frames;
  }
});
const CLASS_BLOCKS = CLASS_GRANULES.map((granules, i) =>
  Math.floor((CLASS_FRAMES[i]! * GRANULES_PER_FRAME) / granules),
);
/** Class of a number of granules. */
const CLASS_OF = Uint8Array.from({ length: 57 }, (_, granules) =>
  CLASS_GRANULES.findIndex((size) => size >= granules),
);

const NONE = 0;
const FIRST_CAPACITY = 1024;

/** Bytes of the block that a page of `sizeBytes` (1 to `MAX_SMALL_BYTES`) gets. */
export function smallBlockBytes(sizeBytes: number): number {
  return CLASS_GRANULES[CLASS_OF[Math.ceil(sizeBytes / GRANULE_BYTES)]!]! * GRANULE_BYTES;
}

/**
 * Small blocks, cut from slabs of a few frames; a slab whose blocks are all free goes back to the frames. The state of a slab is a bit a
 * block, in columns by its first frame's number: like the frames' own it never lies in page memory, where a stray write could reach it.
 */
export class SlabHeap {
  readonly #frames: FrameHeap;
  /** First frame of the slab that a frame belongs to. */
  readonly #slabOf: SharedColumn<Uint32Array>;
  /** Free blocks of a slab. */
  readonly #freeLo: SharedColumn<Uint32Array>;
  readonly #freeHi: SharedColumn<Uint32Array>;
  /** Links of a class's list of slabs with a free block. */
  readonly #next: SharedColumn<Uint32Array>;
  readonly #previous: SharedColumn<Uint32Array>;
  readonly #heads = new Uint32Array(new SharedArrayBuffer(CLASS_GRANULES.length * 4));
  readonly #maxCapacity: number;
  #capacity = FIRST_CAPACITY;
  /** The slab that the last {@link allocate} took new frames for, as first frame and count; 0 = it needed none. */
  newSlabFrame = NONE;
  newSlabFrames = 0;

  constructor(frames: FrameHeap, maxFrameNumbers: number) {
    this.#frames = frames;
    this.#maxCapacity = Math.max(FIRST_CAPACITY, maxFrameNumbers);
    const column = () => new SharedColumn<Uint32Array>(Uint32Array, FIRST_CAPACITY, this.#maxCapacity);
    this.#slabOf = column();
    this.#freeLo = column();
    this.#freeHi = column();
    this.#next = column();
    this.#previous = column();
  }

  /** Frames that a page of `sizeBytes` may need. */
  static framesFor(sizeBytes: number): number {
    return CLASS_FRAMES[CLASS_OF[Math.ceil(sizeBytes / GRANULE_BYTES)]!]!;
  }

  /** Number of the block's first granule, counted from frame 0; -1 where the frames have no room for a new slab. */
  allocate(sizeBytes: number): number {
    const kind = CLASS_OF[Math.ceil(sizeBytes / GRANULE_BYTES)]!;
    this.newSlabFrame = NONE;
    let slab = this.#heads[kind]!;
    if (slab === NONE) {
      slab = this.#addSlab(kind);
      if (slab === NONE) return -1;
    }
    const block = this.#takeLowest(slab);
    if ((this.#freeLo.rows[slab]! | this.#freeHi.rows[slab]!) === 0) this.#unlink(slab, kind);
    return slab * GRANULES_PER_FRAME + block * CLASS_GRANULES[kind]!;
  }

  release(granule: number, sizeBytes: number): void {
    const kind = CLASS_OF[Math.ceil(sizeBytes / GRANULE_BYTES)]!;
    const slab = this.#slabOf.rows[Math.floor(granule / GRANULES_PER_FRAME)]!;
    const block = (granule - slab * GRANULES_PER_FRAME) / CLASS_GRANULES[kind]!;
    const blocks = CLASS_BLOCKS[kind]!;
    assert(Number.isInteger(block) && block < blocks, "a small block is released as it was given");
    const words = block < 32 ? this.#freeLo.rows : this.#freeHi.rows;
    const bit = 1 << (block & 31);
    assert((words[slab]! & bit) === 0, "a small block is released once");
    const wasFull = (this.#freeLo.rows[slab]! | this.#freeHi.rows[slab]!) === 0;
    words[slab]! |= bit;
    if (wasFull) this.#link(slab, kind);
    if (this.#freeLo.rows[slab] === lowBits(blocks) && this.#freeHi.rows[slab] === lowBits(blocks - 32)) {
      this.#unlink(slab, kind);
      this.#frames.release(slab, CLASS_FRAMES[kind]!);
    }
  }

  #addSlab(kind: number): number {
    const frames = CLASS_FRAMES[kind]!;
    const blocks = CLASS_BLOCKS[kind]!;
    const slab = this.#frames.allocate(frames);
    if (slab === NONE) return NONE;
    this.#reserve(slab + frames);
    for (let i = 0; i < frames; i++) this.#slabOf.rows[slab + i] = slab;
    this.#freeLo.rows[slab] = lowBits(blocks);
    this.#freeHi.rows[slab] = lowBits(blocks - 32);
    this.#link(slab, kind);
    this.newSlabFrame = slab;
    this.newSlabFrames = frames;
    return slab;
  }

  #takeLowest(slab: number): number {
    const low = this.#freeLo.rows[slab]!;
    if (low !== 0) {
      this.#freeLo.rows[slab] = low & (low - 1);
      return lowestBit(low);
    }
    const high = this.#freeHi.rows[slab]!;
    this.#freeHi.rows[slab] = high & (high - 1);
    return 32 + lowestBit(high);
  }

  #reserve(frameNumbers: number): void {
    if (frameNumbers <= this.#capacity) return;
    while (this.#capacity < frameNumbers) this.#capacity = Math.min(this.#capacity * 2, this.#maxCapacity);
    for (const column of [this.#slabOf, this.#freeLo, this.#freeHi, this.#next, this.#previous]) {
      column.grow(this.#capacity);
    }
  }

  #link(slab: number, kind: number): void {
    const head = this.#heads[kind]!;
    this.#next.rows[slab] = head;
    this.#previous.rows[slab] = NONE;
    if (head !== NONE) this.#previous.rows[head] = slab;
    this.#heads[kind] = slab;
  }

  #unlink(slab: number, kind: number): void {
    const next = this.#next.rows[slab]!;
    const previous = this.#previous.rows[slab]!;
    if (next !== NONE) this.#previous.rows[next] = previous;
    if (previous !== NONE) this.#next.rows[previous] = next;
    else this.#heads[kind] = next;
  }
}

/** A word whose lowest `count` bits are set; 0 below, all of them above 31. */
function lowBits(count: number): number {
  if (count <= 0) return 0;
  return count >= 32 ? 0xffff_ffff : 2 ** count - 1;
}
