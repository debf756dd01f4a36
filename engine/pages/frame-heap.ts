import { assert } from "../base/assert.ts";
import { SharedColumn } from "./shared-column.ts";

/** Bins of one exact length each, below which four bins share each doubling (two-level segregated fit: Masmano et al., 2004). */
const EXACT_BINS = 32;
const BINS = EXACT_BINS + 4 * 26;
const NONE = 0;
/** Blocks looked at in the one bin whose blocks may be too short. */
const MAX_SCAN = 64;
const FIRST_CAPACITY = 1024;

/**
 * Blocks of whole frames: allocation and release in constant time, neighbours that are free are joined. Frame number 0 is nobody's, so
 * that it can mean "none". All state is in typed arrays over shared memory, beside the frames and never in them.
 */
export class FrameHeap {
  /** At the first and last frame of a block its length: positive where the block is free, negative where it is in use. */
  readonly #span: SharedColumn<Int32Array>;
  /** Links of a bin's list, at the first frame of a free block. */
  readonly #next: SharedColumn<Uint32Array>;
  readonly #previous: SharedColumn<Uint32Array>;
  /** First block of each bin. */
  readonly #heads = new Uint32Array(new SharedArrayBuffer(BINS * 4));
  /** One bit for each bin with a block in it. */
  readonly #filled = new Uint32Array(new SharedArrayBuffer(Math.ceil(BINS / 32) * 4));
  readonly #maxCapacity: number;
  #capacity = FIRST_CAPACITY;
  freeFrames = 0;

  constructor(maxFrameNumbers: number) {
    const max = Math.max(FIRST_CAPACITY, maxFrameNumbers);
    this.#maxCapacity = max;
    this.#span = new SharedColumn<Int32Array>(Int32Array, FIRST_CAPACITY, max);
    this.#next = new SharedColumn<Uint32Array>(Uint32Array, FIRST_CAPACITY, max);
    this.#previous = new SharedColumn<Uint32Array>(Uint32Array, FIRST_CAPACITY, max);
  }

  /** Gives the heap a run of frames that lies beside no other run: its neighbours' numbers stay unused. */
  addRun(first: number, frames: number): void {
    const needed = first + frames + 1;
    assert(needed <= this.#maxCapacity, "frame numbers are bounded");
    if (needed > this.#capacity) {
      while (this.#capacity < needed) this.#capacity = Math.min(this.#capacity * 2, this.#maxCapacity);
      for (const column of [this.#span, this.#next, this.#previous]) column.grow(this.#capacity);
    }
    // What stood under these numbers before may have left a mark there.
    this.#span.rows[first + frames] = 0;
    this.#link(first, frames);
  }

  /** Takes back a run given by {@link addRun} where all of it is free; false where it is not. */
  removeRun(first: number, frames: number): boolean {
    if (this.#span.rows[first] !== frames) return false;
    this.#unlink(first, frames);
    this.#span.rows[first] = 0;
    this.#span.rows[first + frames - 1] = 0;
    return true;
  }

  /** The first frame of a block of exactly `frames` frames; 0 where no free block is long enough. */
  allocate(frames: number): number {
    const first = this.#find(frames);
    if (first === NONE) return NONE;
    const length = this.#span.rows[first]!;
    this.#unlink(first, length);
    if (length > frames) this.#link(first + frames, length - frames);
    this.#mark(first, frames, -frames);
    return first;
  }

  /** Takes back a block that {@link allocate} gave. */
  release(first: number, frames: number): void {
    const span = this.#span.rows;
    assert(
      span[first] === -frames && span[first + frames - 1] === -frames,
      "a block is released once, as it was given",
    );
    // Frame numbers between arenas hold 0: nothing free there to join with.
    this.#mark(first, frames, 0);
    const before = span[first - 1]!;
    if (before > 0) {
      this.#unlink(first - before, before);
      first -= before;
      frames += before;
    }
    const after = span[first + frames]!;
    if (after > 0) {
      this.#unlink(first + frames, after);
      frames += after;
    }
    this.#link(first, frames);
  }

  /** Frames of the longest free block; walks the highest bin only. */
  largestFree(): number {
    for (let bin = BINS - 1; bin >= 0; bin--) {
      let largest = 0;
      for (let block = this.#heads[bin]!; block !== NONE; block = this.#next.rows[block]!) {
        largest = Math.max(largest, this.#span.rows[block]!);
      }
      if (largest > 0) return largest;
    }
    return 0;
  }

  #mark(first: number, frames: number, value: number): void {
    this.#span.rows[first] = value;
    this.#span.rows[first + frames - 1] = value;
  }

  #link(first: number, frames: number): void {
    const bin = binOf(frames);
    const head = this.#heads[bin]!;
    this.#mark(first, frames, frames);
    this.#next.rows[first] = head;
    this.#previous.rows[first] = NONE;
    if (head !== NONE) this.#previous.rows[head] = first;
    this.#heads[bin] = first;
    this.#filled[bin >>> 5]! |= 1 << (bin & 31);
    this.freeFrames += frames;
  }

  /** Takes a block out of its bin; the caller overwrites its marks (inner ones may stay: only block ends are ever read). */
  #unlink(first: number, frames: number): void {
    const next = this.#next.rows[first]!;
    const previous = this.#previous.rows[first]!;
    if (next !== NONE) this.#previous.rows[next] = previous;
    if (previous !== NONE) {
      this.#next.rows[previous] = next;
    } else {
      const bin = binOf(frames);
      this.#heads[bin] = next;
      if (next === NONE) this.#filled[bin >>> 5]! &= ~(1 << (bin & 31));
    }
    this.freeFrames -= frames;
  }

  #find(frames: number): number {
    const own = binOf(frames);
    let block = this.#heads[own]!;
    for (let i = 0; block !== NONE && i < MAX_SCAN; i++) {
      if (this.#span.rows[block]! >= frames) return block;
      block = this.#next.rows[block]!;
    }
    for (let word = (own + 1) >>> 5; word < this.#filled.length; word++) {
      let bits = this.#filled[word]!;
      if (word === (own + 1) >>> 5) bits &= -1 << ((own + 1) & 31);
      if (bits !== 0) return this.#heads[word * 32 + lowestBit(bits)]!;
    }
    return NONE;
  }
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
