import { accel } from "../accel/index.ts";

/** Runs that changed in pages of a level, and bytes of each: what they replaced, or on a worker what they became. */
export class RunJournal {
  runCount = 0;
  byteCount = 0;
  runOffset: Uint32Array;
  runLength: Uint32Array;
  bytes: Uint8Array;
  readonly #isShared: boolean;

  /** Shared: in memory that other threads see. */
  constructor(isShared = false) {
    this.#isShared = isShared;
    this.runOffset = new Uint32Array(this.#memory(256 * 4));
    this.runLength = new Uint32Array(this.#memory(256 * 4));
    this.bytes = new Uint8Array(this.#memory(4096));
  }

  #memory(sizeBytes: number): ArrayBuffer {
    return this.#isShared
      ? (new SharedArrayBuffer(sizeBytes) as unknown as ArrayBuffer)
      : new ArrayBuffer(sizeBytes);
  }

  clear(): void {
    this.runCount = 0;
    this.byteCount = 0;
  }

  /** Adds the runs in which a page at `a[aAt]` differs from one at `b[bAt]`; returns the first of them. */
  addDiff(a: Uint8Array, aAt: number, b: Uint8Array, bAt: number, sizeBytes: number): number {
    const first = this.runCount;
    let looked = 0;
    for (;;) {
      const count = accel.diffImages(
        a,
        aAt,
        b,
        bAt,
        looked,
        sizeBytes,
        this.runOffset,
        this.runLength,
        this.runCount,
      );
      const isFull = count === this.runOffset.length;
      if (count > this.runCount) looked = this.runOffset[count - 1]! + this.runLength[count - 1]!;
      this.runCount = count;
      if (!isFull) return first;
      this.#reserveRuns(count * 2);
    }
  }

  /** Adds the bytes that a page at `image[imageAt]` has in runs from `first` on; returns where they begin. */
  addBytes(first: number, image: Uint8Array, imageAt: number): number {
    const from = this.byteCount;
    for (let i = first; i < this.runCount; i++) {
      const length = this.runLength[i]!;
      this.#reserveBytes(this.byteCount + length);
      accel.copyBytes(image, imageAt + this.runOffset[i]!, this.bytes, this.byteCount, length);
      this.byteCount += length;
    }
    return from;
  }

  /** Adds runs as they are; returns the first of them. */
  addRuns(runOffset: Uint32Array, runLength: Uint32Array, from: number, to: number): number {
    const first = this.runCount;
    this.#reserveRuns(first + to - from);
    this.runOffset.set(runOffset.subarray(from, to), first);
    this.runLength.set(runLength.subarray(from, to), first);
    this.runCount = first + to - from;
    return first;
  }

  /** Room for so many runs and bytes in all. */
  reserve(runs: number, bytes: number): void {
    this.#reserveRuns(runs);
    this.#reserveBytes(bytes);
  }

  #reserveRuns(runs: number): void {
    if (runs <= this.runOffset.length) return;
    const capacity = Math.max(runs, this.runOffset.length * 2);
    const offset = new Uint32Array(this.#memory(capacity * 4));
    const length = new Uint32Array(this.#memory(capacity * 4));
    offset.set(this.runOffset);
    length.set(this.runLength);
    this.runOffset = offset;
    this.runLength = length;
  }

  #reserveBytes(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    const longer = new Uint8Array(this.#memory(Math.max(bytes, this.bytes.length * 2)));
    longer.set(this.bytes);
    this.bytes = longer;
  }
}
