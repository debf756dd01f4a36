import { assert } from "../base/assert.ts";
import { FRAME_WORDS, Frame, type FrameTable, NO_FRAME } from "./frame-table.ts";

/** Bins of one exact length each, below which four bins share each doubling (two-level segregated fit: Masmano et al., 2004). */
const EXACT_BINS = 32;
const BINS = EXACT_BINS + 4 * 26;
/** Blocks looked at in the one bin whose blocks may be too short. */
const MAX_SCAN = 64;

/**
 * Blocks of whole frames: allocation and release in constant time, neighbours that are free are joined. All state is in typed arrays over
 * shared memory, beside the frames and never in them:
 *
 *   Span            at the first and the last frame of a block its length: positive where it is free, negative where it is in use
 *   Next, Previous  at the first frame of a free block, its neighbours in the list of its bin
 */
export class FrameHeap {
  readonly #table: FrameTable;
  /** First block of each bin. */
  readonly #heads = new Uint32Array(new SharedArrayBuffer(BINS * 4));
  /** One bit for each bin with a block in it. */
  readonly #filled = new Uint32Array(new SharedArrayBuffer(Math.ceil(BINS / 32) * 4));
  freeFrames = 0;
  /** Frames that are free directly behind the block that {@link allocate} gave last, as far as it was cut from them. */
  freeBehind = 0;

  constructor(table: FrameTable) {
    this.#table = table;
  }

  /** Gives the heap a run of frames that lies beside no other run: the numbers next to it stay unused. */
  addRun(first: number, frames: number): void {
    this.#table.reserve(first + frames + 1);
    // What stood under these numbers before may have left a mark there.
    this.#table.words[(first + frames) * FRAME_WORDS + Frame.Span] = 0;
    this.#link(first, frames);
  }

  /** Takes back a run given by {@link addRun} where all of it is free; false where it is not. */
  removeRun(first: number, frames: number): boolean {
    if (this.#span(first) !== frames) return false;
    this.#unlink(first, frames);
    this.#mark(first, frames, 0);
    return true;
  }

  /** The first frame of a block of exactly `frames` frames; `NO_FRAME` where no free block is long enough. */
  allocate(frames: number): number {
    const first = this.#find(frames);
    if (first === NO_FRAME) return NO_FRAME;
    const length = this.#span(first);
    this.#unlink(first, length);
    if (length > frames) this.#link(first + frames, length - frames);
    this.#mark(first, frames, -frames);
    this.freeBehind = length - frames;
    return first;
  }

  /** Takes back a block that {@link allocate} gave. */
  release(first: number, frames: number): void {
    const whole = this.#span(first) === -frames && this.#span(first + frames - 1) === -frames;
    assert(whole, "a block is released once, as it was given");
    // Frame numbers between arenas hold 0: nothing free there to join with.
    const before = this.#span(first - 1);
    if (before > 0) {
      this.#unlink(first - before, before);
      first -= before;
      frames += before;
    }
    const after = this.#span(first + frames);
    if (after > 0) {
      this.#unlink(first + frames, after);
      frames += after;
    }
    this.#link(first, frames);
  }

  /** Frames of the longest free block; walks the highest bin only. */
  largestFree(): number {
    const { words } = this.#table;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      let largest = 0;
      for (
        let block = this.#heads[bin]!;
        block !== NO_FRAME;
        block = words[block * FRAME_WORDS + Frame.Next]!
      ) {
        largest = Math.max(largest, this.#span(block));
      }
      if (largest > 0) return largest;
    }
    return 0;
  }

  #span(frame: number): number {
    return this.#table.words[frame * FRAME_WORDS + Frame.Span]!;
  }

  /** Only the ends of blocks are ever read, so that marks inside a block may be left standing. */
  #mark(first: number, frames: number, value: number): void {
    const { words } = this.#table;
    words[first * FRAME_WORDS + Frame.Span] = value;
    words[(first + frames - 1) * FRAME_WORDS + Frame.Span] = value;
  }

  #link(first: number, frames: number): void {
    const bin = binOf(frames);
    this.#mark(first, frames, frames);
    this.#heads[bin] = linkFrame(this.#table.words, first, this.#heads[bin]!);
    this.#filled[bin >>> 5]! |= 1 << (bin & 31);
    this.freeFrames += frames;
  }

  #unlink(first: number, frames: number): void {
    const bin = binOf(frames);
    const head = unlinkFrame(this.#table.words, first, this.#heads[bin]!);
    this.#heads[bin] = head;
    if (head === NO_FRAME) this.#filled[bin >>> 5]! &= ~(1 << (bin & 31));
    this.freeFrames -= frames;
  }

  #find(frames: number): number {
    const { words } = this.#table;
    const own = binOf(frames);
    let block = this.#heads[own]!;
    for (let i = 0; block !== NO_FRAME && i < MAX_SCAN; i++) {
      if (this.#span(block) >= frames) return block;
      block = words[block * FRAME_WORDS + Frame.Next]!;
    }
    const first = own + 1;
    for (let word = first >>> 5; word < this.#filled.length; word++) {
      let bits = this.#filled[word]!;
      if (word === first >>> 5) bits &= -1 << (first & 31);
      if (bits !== 0) return this.#heads[word * 32 + lowestBit(bits)]!;
    }
    return NO_FRAME;
  }
}

/** Puts a frame before `head` of a list and returns it as the new head. */
export function linkFrame(words: Int32Array, frame: number, head: number): number {
  words[frame * FRAME_WORDS + Frame.Next] = head;
  words[frame * FRAME_WORDS + Frame.Previous] = NO_FRAME;
  if (head !== NO_FRAME) words[head * FRAME_WORDS + Frame.Previous] = frame;
  return frame;
}

/** Takes a frame out of the list that begins with `head` and returns the list's head afterwards. */
export function unlinkFrame(words: Int32Array, frame: number, head: number): number {
  const next = words[frame * FRAME_WORDS + Frame.Next]!;
  const previous = words[frame * FRAME_WORDS + Frame.Previous]!;
  if (next !== NO_FRAME) words[next * FRAME_WORDS + Frame.Previous] = previous;
  if (previous === NO_FRAME) return next;
  words[previous * FRAME_WORDS + Frame.Next] = next;
  return head;
}

/** Index of the lowest bit set; `bits` is not 0. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

function binOf(frames: number): number {
  if (frames <= EXACT_BINS) return frames - 1;
  const log = 31 - Math.clz32(frames);
  return EXACT_BINS + (log - 5) * 4 + ((frames >>> (log - 2)) & 3);
}
