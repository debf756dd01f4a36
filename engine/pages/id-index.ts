import { assert } from "../base/assert.ts";

const FIRST_DENSE = 1024;
const FIRST_PLACES = 256;
/** The dense part is made longer where at least one in so many of its ids would be there. */
const DENSE_SHARE = 8;
/** Longer probes than this do not happen by chance while at most half the places are taken (expected longest at 2^24 ids: 90). */
const SUSPICIOUS_PROBE = 256;
/** Changes of the hash function that crafted ids can cause before the index lives with what it got. */
const MAX_RESEEDS = 16;

/**
 * u64 id → slot. Ids are stored once, in the table's own columns; here stand slots only, in two parts:
 *
 * - *dense*: an array by id, for the ids below its length. Ids given one after another end up here: no hash, no probe, and looking them
 *   up in order reads memory in order. It grows while enough of it is in use.
 * - *places*: a hash table for all others, with linear probing and deletion by shifting back (no tombstones), at most half full. The
 *   places never show outside, so ids made to collide (they can come from a file) make it take another hash function.
 */
export class IdIndex {
  #idLo: Uint32Array;
  #idHi: Uint32Array;
  /** In both parts: slot + 1; 0 = empty. */
  #dense = sharedWords(FIRST_DENSE);
  #denseCount = 0;
  #places = sharedWords(FIRST_PLACES);
  #placesCount = 0;
  #mask = FIRST_PLACES - 1;
  #seed = 0x9e3779b9;
  #reseeds = 0;

  constructor(idLo: Uint32Array, idHi: Uint32Array) {
    this.#idLo = idLo;
    this.#idHi = idHi;
  }

  /** How often long probes made it change its hash function. */
  get reseeds(): number {
    return this.#reseeds;
  }

  /** By id, for those that are looked up without hashing: slot + 1, or 0. */
  get dense(): Uint32Array {
    return this.#dense;
  }

  /** Call after the id columns have grown. */
  setColumns(idLo: Uint32Array, idHi: Uint32Array): void {
    this.#idLo = idLo;
    this.#idHi = idHi;
  }

  /** The slot of an id given as u32 halves, or -1. */
  find(lo: number, hi: number): number {
    if (hi === 0 && lo < this.#dense.length) return this.#dense[lo]! - 1;
    const places = this.#places;
    const idLo = this.#idLo;
    const idHi = this.#idHi;
    const mask = this.#mask;
    for (let at = this.#home(lo, hi); ; at = (at + 1) & mask) {
      const slot = places[at]! - 1;
      if (slot < 0) return -1;
      if (idLo[slot] === lo && idHi[slot] === hi) return slot;
    }
  }

  /** Adds a slot whose id stands in the columns and in no other slot of this index. */
  insert(slot: number): void {
    while (this.#placesCount * 2 >= this.#places.length) this.#makeRoom();
    if (this.#isDense(slot, this.#dense.length)) {
      this.#dense[this.#idLo[slot]!] = slot + 1;
      this.#denseCount++;
      return;
    }
    this.#placesCount++;
    if (this.#place(slot) < SUSPICIOUS_PROBE || this.#reseeds === MAX_RESEEDS) return;
    this.#reseeds++;
    this.#seed = Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d) ^ this.#idLo[slot]!;
    this.#rebuild(this.#places.length);
  }

  /** Removes a slot that is in the index, while its id still stands in the columns. */
  remove(slot: number): void {
    if (this.#isDense(slot, this.#dense.length)) {
      const lo = this.#idLo[slot]!;
      assert(this.#dense[lo] === slot + 1, "a slot to remove is in the index");
      this.#dense[lo] = 0;
      this.#denseCount--;
      return;
    }
    const places = this.#places;
    const mask = this.#mask;
    let hole = this.#homeOf(slot);
    while (places[hole] !== slot + 1) {
      assert(places[hole] !== 0, "a slot to remove is in the index");
      hole = (hole + 1) & mask;
    }
    // Knuth 6.4, algorithm R: move back each later entry whose home does not lie between the hole and itself.
    for (let at = (hole + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = this.#homeOf(places[at]! - 1);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      places[hole] = places[at]!;
      hole = at;
    }
    places[hole] = 0;
    this.#placesCount--;
  }

  clear(): void {
    this.#dense.fill(0);
    this.#denseCount = 0;
    this.#places.fill(0);
    this.#placesCount = 0;
  }

  #isDense(slot: number, denseLength: number): boolean {
    return this.#idHi[slot] === 0 && this.#idLo[slot]! < denseLength;
  }

  #homeOf(slot: number): number {
    return this.#home(this.#idLo[slot]!, this.#idHi[slot]!);
  }

  #home(lo: number, hi: number): number {
    let h = Math.imul(lo ^ this.#seed, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h ^ hi, 0xc2b2ae35);
    h ^= h >>> 16;
    return h & this.#mask;
  }

  /** Returns how many places were taken before it found an empty one. */
  #place(slot: number): number {
    const places = this.#places;
    let at = this.#homeOf(slot);
    let probes = 0;
    while (places[at] !== 0) {
      at = (at + 1) & this.#mask;
      probes++;
    }
    places[at] = slot + 1;
    return probes;
  }

  /** Called when half the places are taken: moves ids to a longer dense part where that pays, or doubles the places. */
  #makeRoom(): void {
    const length = 2 ** Math.ceil(Math.log2(2 * (this.#denseCount + this.#placesCount)));
    let dense = this.#denseCount;
    for (const entry of this.#places) if (entry !== 0 && this.#isDense(entry - 1, length)) dense++;
    if (length <= this.#dense.length || dense * DENSE_SHARE < length) {
      this.#rebuild(this.#places.length * 2);
      return;
    }
    const longer = sharedWords(length);
    longer.set(this.#dense);
    this.#dense = longer;
    this.#placesCount -= dense - this.#denseCount;
    this.#denseCount = dense;
    // Where most of them stay, the next call doubles the places.
    this.#rebuild(this.#places.length);
  }

  #rebuild(capacity: number): void {
    const before = this.#places;
    this.#places = sharedWords(capacity);
    this.#mask = capacity - 1;
    for (const entry of before) {
      if (entry === 0) continue;
      if (this.#isDense(entry - 1, this.#dense.length)) this.#dense[this.#idLo[entry - 1]!] = entry;
      else this.#place(entry - 1);
    }
  }
}

function sharedWords(length: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(length * 4));
}
