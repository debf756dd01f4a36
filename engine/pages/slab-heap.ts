import { assert } from "../base/assert.ts";
import { FRAME_BYTES } from "./arena.ts";
import { type FrameHeap, linkFrame, lowestBit, unlinkFrame } from "./frame-heap.ts";
import { FRAME_WORDS, Frame, type FrameTable, NO_FRAME } from "./frame-table.ts";

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
/** Class of a page of so many granules. */
const CLASS_OF = Uint8Array.from({ length: 57 }, (_, granules) =>
  CLASS_GRANULES.findIndex((size) => size >= granules),
);

/** Bytes of the block that a page of `sizeBytes` (1 to `MAX_SMALL_BYTES`) gets. */
export function smallBlockBytes(sizeBytes: number): number {
  return CLASS_GRANULES[classOf(sizeBytes)]! * GRANULE_BYTES;
}

/**
 * Small blocks, cut from slabs of a few frames; a slab whose blocks are all free goes back to the frames. The state of a slab never lies in
 * page memory, where a stray write could reach it, but in the frames' records:
 *
 *   Slab            at each frame of a slab, the slab's first frame
 *   FreeLo, FreeHi  at its first frame, one bit for each block that is free
 *   Next, Previous  at its first frame, its neighbours in the list of slabs of its class with a free block
 */
export class SlabHeap {
  readonly #table: FrameTable;
  readonly #frames: FrameHeap;
  readonly #heads = new Uint32Array(new SharedArrayBuffer(CLASS_GRANULES.length * 4));
  /** The slab that the last {@link allocate} took new frames for, as first frame and count; `NO_FRAME` = it needed none. */
  newSlabFrame = NO_FRAME;
  newSlabFrames = 0;

  constructor(table: FrameTable, frames: FrameHeap) {
    this.#table = table;
    this.#frames = frames;
  }

  /** Frames that a page of `sizeBytes` may need. */
  static framesFor(sizeBytes: number): number {
    return CLASS_FRAMES[classOf(sizeBytes)]!;
  }

  /** Number of the block's first granule, counted from frame 0; -1 where the frames have no room for a new slab. */
  allocate(sizeBytes: number): number {
    const kind = classOf(sizeBytes);
    this.newSlabFrame = NO_FRAME;
    let slab = this.#heads[kind]!;
    if (slab === NO_FRAME) {
      slab = this.#addSlab(kind);
      if (slab === NO_FRAME) return -1;
    }
    const { words } = this.#table;
    const lo = slab * FRAME_WORDS + Frame.FreeLo;
    const hi = slab * FRAME_WORDS + Frame.FreeHi;
    const low = words[lo]!;
    const high = words[hi]!;
    const block = low !== 0 ? lowestBit(low) : 32 + lowestBit(high);
    if (low !== 0) words[lo] = low & (low - 1);
    else words[hi] = high & (high - 1);
    if ((words[lo]! | words[hi]!) === 0) this.#heads[kind] = unlinkFrame(words, slab, slab);
    return slab * GRANULES_PER_FRAME + block * CLASS_GRANULES[kind]!;
  }

  release(granule: number, sizeBytes: number): void {
    const { words } = this.#table;
    const kind = classOf(sizeBytes);
    const slab = words[Math.floor(granule / GRANULES_PER_FRAME) * FRAME_WORDS + Frame.Slab]!;
    const block = (granule - slab * GRANULES_PER_FRAME) / CLASS_GRANULES[kind]!;
    const blocks = CLASS_BLOCKS[kind]!;
    assert(Number.isInteger(block) && block < blocks, "a small block is released as it was given");
    const lo = slab * FRAME_WORDS + Frame.FreeLo;
    const hi = slab * FRAME_WORDS + Frame.FreeHi;
    const own = block < 32 ? lo : hi;
    const bit = 1 << (block & 31);
    assert((words[own]! & bit) === 0, "a small block is released once");
    const wasFull = (words[lo]! | words[hi]!) === 0;
    words[own]! |= bit;
    if (wasFull) this.#heads[kind] = linkFrame(words, slab, this.#heads[kind]!);
    if (words[lo] === lowBits(blocks) && words[hi] === lowBits(blocks - 32)) {
      this.#heads[kind] = unlinkFrame(words, slab, this.#heads[kind]!);
      // Every block of a slab that is gone counts as free: a second release of one fails the check above.
      words[lo] = -1;
      words[hi] = -1;
      this.#frames.release(slab, CLASS_FRAMES[kind]!);
    }
  }

  /** A slab with every block free, at the head of its class's list, which is empty. */
  #addSlab(kind: number): number {
    const frames = CLASS_FRAMES[kind]!;
    const slab = this.#frames.allocate(frames);
    if (slab === NO_FRAME) return NO_FRAME;
    const { words } = this.#table;
    for (let i = 0; i < frames; i++) words[(slab + i) * FRAME_WORDS + Frame.Slab] = slab;
    words[slab * FRAME_WORDS + Frame.FreeLo] = lowBits(CLASS_BLOCKS[kind]!);
    words[slab * FRAME_WORDS + Frame.FreeHi] = lowBits(CLASS_BLOCKS[kind]! - 32);
    this.#heads[kind] = linkFrame(words, slab, NO_FRAME);
    this.newSlabFrame = slab;
    this.newSlabFrames = frames;
    return slab;
  }
}

function classOf(sizeBytes: number): number {
  return CLASS_OF[Math.ceil(sizeBytes / GRANULE_BYTES)]!;
}

/** A word (signed) whose lowest `count` bits are set; none below 0, all of them above 31. */
function lowBits(count: number): number {
  if (count <= 0) return 0;
  return count >= 32 ? -1 : 2 ** count - 1;
}
