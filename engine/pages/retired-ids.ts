import { U64_MAX } from "../base/u64.ts";

/** Intervals kept apart; 16 bytes each. */
const MAX_INTERVALS = 1 << 20;
const MIN_PENDING = 4096;
const MAX_PENDING = 65_536;

/**
 * The ids that may not be used again: disjoint closed intervals of u64 in ascending order, and a buffer of single ids that are merged
 * into them in bulk (so that a million scattered ids cost a few passes, not a million insertions).
 *
 * Bounded: where more than `maxIntervals` stand apart, the smallest gaps between them are taken in too. The set then also holds
 * ids that were never used. It may so refuse an id too many, in a table that destroyed over a million scattered ids, and never one
 * too few.
 */
export class RetiredIds {
  readonly #maxIntervals: number;
  #starts = new BigUint64Array(0);
  #ends = new BigUint64Array(0);
  #pending = new Set<bigint>();

  constructor(maxIntervals = MAX_INTERVALS) {
    this.#maxIntervals = maxIntervals;
  }

  get intervalCount(): number {
    this.#merge();
    return this.#starts.length;
  }

  add(id: bigint): void {
    this.#pending.add(id);
    if (this.#pending.size >= Math.min(MAX_PENDING, Math.max(MIN_PENDING, this.#starts.length)))
      this.#merge();
  }

  /** Retires every id from `first` to `last`, both included. */
  addRange(first: bigint, last: bigint): void {
    if (first <= last) this.#mergeWith([first], [last]);
  }

  has(id: bigint): boolean {
    return this.#pending.has(id) || this.#intervalOf(id) >= 0;
  }

  /** The lowest id from `from` up that is not retired; `undefined` where there is none. */
  nextFree(from: bigint): bigint | undefined {
    let id = from;
    for (;;) {
      const interval = this.#intervalOf(id);
      if (interval >= 0) {
        id = this.#ends[interval]!;
      } else if (!this.#pending.has(id)) {
        return id;
      }
      if (id === U64_MAX) return undefined;
      id++;
    }
  }

  clear(): void {
    this.#starts = new BigUint64Array(0);
    this.#ends = new BigUint64Array(0);
    this.#pending.clear();
  }

  /** Index of the interval that holds `id`, or -1. */
  #intervalOf(id: bigint): number {
    let low = 0;
    let high = this.#starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#starts[middle]! <= id) low = middle + 1;
      else high = middle;
    }
    return low > 0 && id <= this.#ends[low - 1]! ? low - 1 : -1;
  }

  #merge(): void {
    if (this.#pending.size === 0) return;
    const ids = BigUint64Array.from(this.#pending).sort();
    this.#pending.clear();
    this.#mergeWith(ids, ids);
  }

  /** Merges ascending intervals into those that stand. */
  #mergeWith(addStarts: ArrayLike<bigint>, addEnds: ArrayLike<bigint>): void {
    const starts: bigint[] = [];
    const ends: bigint[] = [];
    let a = 0;
    let b = 0;
    while (a < this.#starts.length || b < addStarts.length) {
      const own = b === addStarts.length || (a < this.#starts.length && this.#starts[a]! <= addStarts[b]!);
      const start = own ? this.#starts[a]! : addStarts[b]!;
      const end = own ? this.#ends[a++]! : addEnds[b++]!;
      const last = ends.length - 1;
      if (last >= 0 && start <= ends[last]! + 1n) {
        if (end > ends[last]!) ends[last] = end;
      } else {
        starts.push(start);
        ends.push(end);
      }
    }
    this.#starts = BigUint64Array.from(starts);
    this.#ends = BigUint64Array.from(ends);
    if (starts.length > this.#maxIntervals) this.#closeSmallGaps();
  }

  /** Takes in the smallest gaps, so many that at most half of the allowed intervals stay apart. */
  #closeSmallGaps(): void {
    const count = this.#starts.length;
    const gaps = new BigUint64Array(count - 1);
    for (let i = 0; i + 1 < count; i++) gaps[i] = this.#starts[i + 1]! - this.#ends[i]!;
    const closing = count - Math.max(1, this.#maxIntervals >>> 1);
    const widest = gaps.slice().sort()[closing - 1]!;
    const starts = [this.#starts[0]!];
    const ends = [this.#ends[0]!];
    for (let i = 1; i < count; i++) {
      if (gaps[i - 1]! <= widest) {
        ends[ends.length - 1] = this.#ends[i]!;
      } else {
        starts.push(this.#starts[i]!);
        ends.push(this.#ends[i]!);
      }
    }
    this.#starts = BigUint64Array.from(starts);
    this.#ends = BigUint64Array.from(ends);
  }
}
