import { assert } from "../base/assert.ts";
import { SharedColumn } from "./shared-column.ts";

const FIRST_CAPACITY = 256;

/** Words of a frame's record. What a field means depends on what the frame is the first of; see `FrameHeap` and `SlabHeap`. */
export const Frame = { Span: 0, Next: 1, Previous: 2, Slab: 3, FreeLo: 4, FreeHi: 5 } as const;
export const FRAME_WORDS = 6;

/** "No frame": frame number 0 is nobody's. */
export const NO_FRAME = 0;

/**
 * What is known of each frame, one record of 24 bytes a frame (0.6 % of the memory it describes), in shared memory that grows in place.
 * One array of records rather than a column a field: a step of the allocator reads several fields of few frames.
 */
export class FrameTable {
  readonly #maxFrames: number;
  readonly #column: SharedColumn<Int32Array>;
  #capacity: number;
  /** Field `f` of frame `n` is `words[n * FRAME_WORDS + f]`. Take it again after {@link reserve}. */
  words: Int32Array;

  constructor(maxFrames: number) {
    this.#maxFrames = Math.max(FIRST_CAPACITY, maxFrames);
    this.#capacity = FIRST_CAPACITY;
    this.#column = new SharedColumn<Int32Array>(
      Int32Array,
      FIRST_CAPACITY * FRAME_WORDS,
      this.#maxFrames * FRAME_WORDS,
    );
    this.words = this.#column.rows;
  }

  /** Makes room for frame numbers below `frames`. */
  reserve(frames: number): void {
    if (frames <= this.#capacity) return;
    assert(frames <= this.#maxFrames, "frame numbers are bounded");
    this.#capacity = Math.min(this.#maxFrames, Math.max(frames, this.#capacity * 2));
    this.#column.grow(this.#capacity * FRAME_WORDS);
    this.words = this.#column.rows;
  }
}
