import { assert } from "../../base/assert.ts";
import type { EdgeLives } from "./structure.ts";

const FIRST_PLACES = 256;
/** Longer probes than this do not happen by chance while at most half the places are taken. */
const SUSPICIOUS_PROBE = 256;
/** Changes of the hash function that crafted ids can cause before the table lives with what it got. */
const MAX_RESEEDS = 16;
/** Rows taken in between two yields: some 1 ms. */
const ROWS_A_STEP = 1 << 13;

/**
 * The edges that stand at the record last scanned, by what they join: their rows in `EdgeLives`. A hash table of rows with linear probing, at most
 * half full, whose keys stand in the rows: an edge costs no object.
 */
export class StandingEdges {
  readonly #edges: EdgeLives;
  /** Row + 1; 0 = empty. */
  #places = new Uint32Array(FIRST_PLACES);
  #count = 0;
  #seed = 0x9e3779b9;
  #reseeds = 0;

  constructor(edges: EdgeLives) {
    this.#edges = edges;
  }

  /** Takes in those that the columns hold already. Yields now and then. */
  *fill(): Generator<void, void> {
    const edges = this.#edges;
    for (let row = 0; row < edges.count; row++) {
      if (edges.untilLsn.data[row] === Number.POSITIVE_INFINITY) this.insert(row);
      if (row % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
    }
  }

  /** The row of an edge that stands, or -1. */
  find(fromLo: number, fromHi: number, toLo: number, toHi: number, type: number): number {
    const edges = this.#edges;
    const mask = this.#places.length - 1;
    for (let at = this.#home(fromLo, fromHi, toLo, toHi, type) & mask; ; at = (at + 1) & mask) {
      const row = this.#places[at]! - 1;
      if (row < 0) return -1;
      if (
        edges.fromLo.data[row] === fromLo &&
        edges.toLo.data[row] === toLo &&
        edges.fromHi.data[row] === fromHi &&
        edges.toHi.data[row] === toHi &&
        edges.type.data[row] === type
      )
        return row;
    }
  }

  /** Adds a row whose edge stands in no other. */
  insert(row: number): void {
    if (this.#count * 2 >= this.#places.length) this.#rebuild(this.#places.length * 2);
    this.#count++;
    if (this.#place(row) < SUSPICIOUS_PROBE || this.#reseeds === MAX_RESEEDS) return;
    this.#reseeds++;
    this.#seed = Math.imul(this.#seed ^ (this.#seed >>> 15), 0x2c1b3c6d) ^ this.#edges.fromLo.data[row]!;
    this.#rebuild(this.#places.length);
  }

  /** Removes a row that was inserted. */
  remove(row: number): void {
    const places = this.#places;
    const mask = places.length - 1;
    let hole = this.#homeOf(row) & mask;
    while (places[hole] !== row + 1) {
      assert(places[hole] !== 0, "an edge to remove stands");
      hole = (hole + 1) & mask;
    }
    // Knuth 6.4, algorithm R: move back each later entry whose home does not lie between the hole and itself.
    for (let at = (hole + 1) & mask; places[at] !== 0; at = (at + 1) & mask) {
      const home = this.#homeOf(places[at]! - 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      places[hole] = places[at]!;
      hole = at;
    }
    places[hole] = 0;
    this.#count--;
  }

  /** All rows, in no order. */
  rows(): Uint32Array {
    return this.#places.filter((entry) => entry !== 0).map((entry) => entry - 1);
  }

  #homeOf(row: number): number {
    const { fromLo, fromHi, toLo, toHi, type } = this.#edges;
    return this.#home(
      fromLo.data[row]!,
      fromHi.data[row]!,
      toLo.data[row]!,
      toHi.data[row]!,
      type.data[row]!,
    );
  }

  #home(fromLo: number, fromHi: number, toLo: number, toHi: number, type: number): number {
    let h = Math.imul(fromLo ^ this.#seed, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ toLo, 0xc2b2ae35);
    h = Math.imul(h ^ (h >>> 16) ^ fromHi, 0x27d4eb2f);
    h = Math.imul(h ^ (h >>> 15) ^ toHi ^ (type << 24), 0x165667b1);
    return h ^ (h >>> 16);
  }

  /** Returns how many places were taken before it found an empty one. */
  #place(row: number): number {
    const places = this.#places;
    const mask = places.length - 1;
    let at = this.#homeOf(row) & mask;
    let probes = 0;
    while (places[at] !== 0) {
      at = (at + 1) & mask;
      probes++;
    }
    places[at] = row + 1;
    return probes;
  }

  #rebuild(capacity: number): void {
    const before = this.#places;
    this.#places = new Uint32Array(capacity);
    for (const entry of before) if (entry !== 0) this.#place(entry - 1);
  }
}
