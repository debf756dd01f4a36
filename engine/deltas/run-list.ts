import { accel } from "../accel/index.ts";

/**
 * Which bytes of a page a delta touches: ascending runs, none empty, with at least one untouched byte between two of them, ending
 * before 2^32. Grows, and is meant to be reused: `clear` keeps the room.
 */
export class RunList {
  count = 0;
  offset: Uint32Array;
  /** Bytes; rows from `count` on are rubbish. */
  length: Uint32Array;

  constructor(capacity = 16) {
    this.offset = new Uint32Array(capacity);
    this.length = new Uint32Array(capacity);
  }

  get capacity(): number {
    return this.offset.length;
  }

  clear(): void {
    this.count = 0;
  }

  /** Makes room for `capacity` rows; those that stand stay. */
  reserve(capacity: number): void {
    if (capacity <= this.offset.length) return;
    const room = Math.max(capacity, this.offset.length * 2);
    const offset = new Uint32Array(room);
    const length = new Uint32Array(room);
    offset.set(this.offset.subarray(0, this.count));
    length.set(this.length.subarray(0, this.count));
    this.offset = offset;
    this.length = length;
  }

  /** Appends a run. The caller keeps the list canonical; see {@link isCanonical} and {@link extend}. */
  push(offset: number, length: number): void {
    const row = this.count;
    if (row === this.offset.length) this.reserve(row + 1);
    this.offset[row] = offset;
    this.length[row] = length;
    this.count = row + 1;
  }

  /** Adds a run that starts at or after the last one's start: merges it where they overlap or touch. */
  extend(offset: number, length: number): void {
    if (length === 0) return;
    const last = this.count - 1;
    if (last >= 0 && offset <= this.offset[last]! + this.length[last]!) {
      this.length[last] = Math.max(this.length[last]!, offset + length - this.offset[last]!);
    } else this.push(offset, length);
  }

  /** The last row that starts at or before `offset`, or -1. */
  rowAtOrBefore(offset: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.offset[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  get totalBytes(): number {
    let total = 0;
    for (let i = 0; i < this.count; i++) total += this.length[i]!;
    return total;
  }

  /** Where the last run ends: a page must have at least these bytes to take all of them. */
  get endOffset(): number {
    const last = this.count - 1;
    return last < 0 ? 0 : this.offset[last]! + this.length[last]!;
  }

  /** Whether the rows are as the class says; `push` does not look. */
  isCanonical(): boolean {
    let position = -1;
    for (let i = 0; i < this.count; i++) {
      const offset = this.offset[i]!;
      const length = this.length[i]!;
      if (length === 0 || offset <= position || offset + length > 0xffff_ffff) return false;
      position = offset + length;
    }
    return true;
  }

  /** Becomes a copy of rows `[from, to)` of the columns. */
  assign(offset: Uint32Array, length: Uint32Array, from: number, to: number): void {
    this.count = 0;
    this.reserve(to - from);
    this.offset.set(offset.subarray(from, to));
    this.length.set(length.subarray(from, to));
    this.count = to - from;
  }

  clone(): RunList {
    const copy = new RunList(this.count);
    copy.assign(this.offset, this.length, 0, this.count);
    return copy;
  }

  equals(other: RunList): boolean {
    if (this.count !== other.count) return false;
    for (let i = 0; i < this.count; i++) {
      if (this.offset[i] !== other.offset[i] || this.length[i] !== other.length[i]) return false;
    }
    return true;
  }

  /** Becomes the runs of non-zero flags among the `length` bytes of `mask` from `at` on. */
  assignMask(mask: Uint8Array, at = 0, length = mask.length - at): void {
    this.clear();
    for (let from = 0; ; from = this.endOffset) {
      this.count = accel.maskToRuns(mask, at, from, length, this.offset, this.length, this.count);
      if (this.count < this.capacity) return;
      this.reserve(this.count * 2 + 1);
    }
  }

  /** Becomes the runs of the first `length` bits set in `bits` from byte `at` on (bit `i % 8` of byte `i / 8`). */
  assignBits(bits: Uint8Array, at = 0, length = (bits.length - at) * 8): void {
    this.clear();
    for (let from = 0; ; from = this.endOffset) {
      this.count = accel.bitsToRuns(bits, at, from, length, this.offset, this.length, this.count);
      if (this.count < this.capacity) return;
      this.reserve(this.count * 2 + 1);
    }
  }

  /** Becomes the runs of bytes in which two images of `length` bytes differ. */
  assignDiff(before: Uint8Array, beforeAt: number, after: Uint8Array, afterAt: number, length: number): void {
    this.clear();
    for (let from = 0; ; from = this.endOffset) {
      this.count = accel.diffImages(
        before,
        beforeAt,
        after,
        afterAt,
        from,
        length,
        this.offset,
        this.length,
        this.count,
      );
      if (this.count < this.capacity) return;
      this.reserve(this.count * 2 + 1);
    }
  }
}
