import { assert } from "../base/assert.ts";

const FIRST_CAPACITY = 1024;
/** Longer probes than this do not happen by chance while at most half the places are taken (expected longest at 2^24 ids: 90). */
const SUSPICIOUS_PROBE = 256;
/** Changes of the hash function that a crafted set of ids can cause before the index lives with what it got. */
const MAX_RESEEDS = 16;

/**
 * u64 id → slot: open addressing with linear probing over a typed array, deletion by shifting back (no tombstones), at most half full.
 * Ids are stored once, in the table's own columns. The places never show outside, so the hash function may change: ids made
 * to collide (they can come from a file) make it pick another.
 */
export class IdIndex {
  #idLo: Uint32Array;
  #idHi: Uint32Array;
  /** slot + 1; 0 = empty. */
  #places = new Uint32Array(new SharedArrayBuffer(FIRST_CAPACITY * 4));
  #mask = FIRST_CAPACITY - 1;
  #count = 0;
  #seed = 0x9e3779b9;
  #reseeds = 0;

  /** How often crafted ids made it change its hash function. */
  get reseeds(): number {
    return this.#reseeds;
  }

  constructor(idLo: Uint32Array, idHi: Uint32Array) {
    this.#idLo = idLo;
    this.#idHi = idHi;
  }

  /** Call after the id columns have grown. */
  setColumns(idLo: Uint32Array, idHi: Uint32Array): void {
    this.#idLo = idLo;
    this.#idHi = idHi;
  }

  #home(lo: number, hi: number): number {
    let h = Math.imul(lo ^ this.#seed, 0x85ebca6b);
    h ^= h >>> 13;
    h = Math.imul(h ^ hi, 0xc2b2ae35);
    h ^= h >>> 16;
    return h & this.#mask;
  }

  /** The slot of an id given as u32 halves, or -1. */
  find(lo: number, hi: number): number {
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
    if (this.#count * 2 >= this.#places.length) this.#rebuild(this.#places.length * 2);
    this.#count++;
    if (this.#place(slot) < SUSPICIOUS_PROBE || this.#reseeds === MAX_RESEEDS) return;
    this.#reseeds++;
    this.#seed = Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d) ^ this.#idLo[slot]!;
    this.#rebuild(this.#places.length);
  }

  /** Returns how many places were taken before it found an empty one. */
  #place(slot: number): number {
    const places = this.#places;
    let at = this.#home(this.#idLo[slot]!, this.#idHi[slot]!);
    let probes = 0;
    while (places[at] !== 0) {
      at = (at + 1) & this.#mask;
      probes++;
    }
    places[at] = slot + 1;
    return probes;
  }

  #rebuild(capacity: number): void {
    const before = this.#places;
    this.#places = new Uint32Array(new SharedArrayBuffer(capacity * 4));
    this.#mask = capacity - 1;
    for (const entry of before) if (entry !== 0) this.#place(entry - 1);
  }

  /** Removes a slot that is in the index, while its id still stands in the columns. */
  remove(slot: number): void {
    const places = this.#places;
    const mask = this.#mask;
    let hole = this.#home(this.#idLo[slot]!, this.#idHi[slot]!);
    while (places[hole] !== slot + 1) {
      assert(places[hole] !== 0, "a slot to remove is in the index");
      hole = (hole + 1) & mask;
    }
    // Knuth 6.4, algorithm R: move back each later entry whose home does not lie between the hole and itself.
    for (let at = (hole + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const other = places[at]! - 1;
      const home = this.#home(this.#idLo[other]!, this.#idHi[other]!);
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      places[hole] = other + 1;
      hole = at;
    }
    places[hole] = 0;
    this.#count--;
  }

  clear(): void {
    this.#places.fill(0);
    this.#count = 0;
  }
}
