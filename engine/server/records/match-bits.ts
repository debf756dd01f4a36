import { F64Column, lastAtMost } from "../../log/index/growable.ts";
import type { RecordSource } from "../../log/record-source.ts";
import type { Sliced } from "../slice-scheduler.ts";

/** One bit a record: 2^31 of them are 256 MiB, and no search may take more. */
export const MAX_SEARCHED_RECORDS = 2 ** 31;

/** The records that a search has found: one bit a record (1.2 MB for 10 M), and how many stand before each block. */
export class MatchBits {
  readonly #source: RecordSource;
  readonly #firstLsn: number;
  #bits = new Uint32Array(1024);
  /** Rows before each block that has been reached. */
  readonly #before = new F64Column();
  /** The bits before this LSN are counted in `#counted`. */
  #countedLsn: number;
  #counted = 0;
  #total = 0;

  constructor(source: RecordSource) {
    this.#source = source;
    this.#firstLsn = source.firstLsn;
    this.#countedLsn = source.firstLsn;
  }

  get total(): number {
    return this.#total;
  }

  get sizeBytes(): number {
    return this.#bits.byteLength + this.#before.data.byteLength;
  }

  /** Whether it may hold bits up to `lsn`. */
  canHold(lsn: number): boolean {
    return lsn - this.#firstLsn < MAX_SEARCHED_RECORDS;
  }

  has(lsn: number): boolean {
    return this.#bit(lsn - this.#firstLsn) === 1;
  }

  /** Not before the last block that has been reached. */
  add(lsn: number): void {
    const ordinal = lsn - this.#firstLsn;
    const word = ordinal >>> 5;
    if (word >= this.#bits.length) this.#reserve(word + 1);
    this.#bits[word]! |= 1 << (ordinal & 31);
    this.#total++;
  }

  /** Takes one back that was added. */
  remove(lsn: number): void {
    const ordinal = lsn - this.#firstLsn;
    this.#bits[ordinal >>> 5]! &= ~(1 << (ordinal & 31));
    this.#total--;
  }

  /** Everything before the block that holds `lsn` has been judged: blocks up to it can be looked up. */
  reach(lsn: number): void {
    const source = this.#source;
    for (
      let block = this.#before.length;
      block < source.blockCount && source.blockFirstLsn(block) <= lsn;
      block++
    ) {
      const firstLsn = source.blockFirstLsn(block);
      this.#counted += this.#countIn(this.#countedLsn, firstLsn);
      this.#countedLsn = firstLsn;
      this.#before.push(this.#counted);
    }
  }

  #countIn(fromLsn: number, endLsn: number): number {
    let count = 0;
    const end = endLsn - this.#firstLsn;
    for (let ordinal = fromLsn - this.#firstLsn; ordinal < end; ) {
      const word = this.#bits[ordinal >>> 5] ?? 0;
      const next = (ordinal & ~31) + 32;
      if (word !== 0)
        for (let at = ordinal; at < Math.min(next, end); at++) count += (word >>> (at & 31)) & 1;
      ordinal = next;
    }
    return count;
  }

  #reserve(words: number): void {
    const grown = new Uint32Array(Math.max(words, this.#bits.length * 2));
    grown.set(this.#bits);
    this.#bits = grown;
  }

  /** The next one at or after `lsn` and before `endLsn`; -1 where there is none. */
  next(lsn: number, endLsn: number): number {
    const end = endLsn - this.#firstLsn;
    for (let ordinal = lsn - this.#firstLsn; ordinal < end; ) {
      const word = (this.#bits[ordinal >>> 5] ?? 0) >>> (ordinal & 31);
      if (word === 0) ordinal = (ordinal & ~31) + 32;
      else {
        ordinal += 31 - Math.clz32(word & -word);
        return ordinal < end ? ordinal + this.#firstLsn : -1;
      }
    }
    return -1;
  }

  /** How many stand at or before `lsn`. */
  rank(lsn: number): number {
    const block = this.#blockAt(lsn);
    if (block < 0) return 0;
    const firstLsn = this.#source.blockFirstLsn(block);
    const end = Math.min(lsn + 1, firstLsn + this.#source.blockRecordCount(block));
    return this.#before.data[block]! + this.#countIn(firstLsn, end);
  }

  /** The last block reached that begins at or before `lsn`. */
  #blockAt(lsn: number): number {
    let low = 0;
    let high = this.#before.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#source.blockFirstLsn(middle) <= lsn) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #bit(ordinal: number): number {
    return ((this.#bits[ordinal >>> 5] ?? 0) >>> (ordinal & 31)) & 1;
  }

  /** LSNs of the rows [from, to), as far as they are found. */
  *select(from: number, to: number): Sliced<Float64Array> {
    const lsns = new Float64Array(Math.max(0, Math.min(to, this.#total) - from));
    let found = 0;
    if (lsns.length === 0) return lsns;
    let block = lastAtMost(this.#before.data, 0, this.#before.length, from);
    let skip = from - this.#before.data[block]!;
    for (; found < lsns.length; block++) {
      const firstLsn = this.#source.blockFirstLsn(block);
      const end = firstLsn + this.#source.blockRecordCount(block);
      for (
        let lsn = this.next(firstLsn, end);
        lsn >= 0 && found < lsns.length;
        lsn = this.next(lsn + 1, end)
      ) {
        if (skip > 0) skip--;
        else lsns[found++] = lsn;
      }
      if ((block & 255) === 255) yield;
    }
    return lsns;
  }
}
