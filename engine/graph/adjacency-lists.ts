import { assert } from "../base/assert.ts";
import { SharedColumn } from "../pages/shared-column.ts";

/** A cell that no list uses. Entries are below it. */
const FREE = 0xffff_ffff;
const FIRST_CELLS = 256;
/** Cells beyond what is live that are not worth a compaction. */
const IDLE_CELLS = 1024;
/** A pool that is full grows by this and a sixty-fourth: growing in place copies nothing. */
const GROWTH_CELLS = 1024;
/** Beyond this a list is searched through a map, and an entry is taken out by putting the last one in its place. */
const LONG_LIST = 1024;

/**
 * One list of u32 entries a node, each contiguous: `pool[start[n] .. start[n] + count[n]]`. After {@link compact} the pool is plain CSR in node order;
 * a list that outgrows its place moves to the overflow area at the pool's end, with room for half as many more, and its old cells wait for the next compaction.
 *
 * No capacity is kept: a free cell holds FREE, and the list that ends before it may take it, whoever had it before. Adding costs O(1) amortised,
 * a compaction O(nodes + entries) once the lists have grown by about a third.
 *
 * In shared memory that grows in place (`shared-column.ts`); a compaction may replace the pool, so take it anew after one.
 */
export class AdjacencyLists {
  readonly #start: SharedColumn<Uint32Array>;
  readonly #count: SharedColumn<Uint32Array>;
  #pool: SharedColumn<Uint32Array>;
  readonly #maxCells: number;
  start: Uint32Array;
  count: Uint32Array;
  pool: Uint32Array;
  /** Of long lists that were searched: entry → index. */
  readonly #places = new Map<number, Map<number, number>>();
  /** Cells below this were handed out since the last compaction. Cell 0 belongs to nobody: an empty list starts there. */
  #usedCells = 1;
  /** Entries of all lists. */
  size = 0;

  constructor(nodes: number, maxNodes: number, maxCells: number) {
    this.#maxCells = maxCells;
    this.#start = new SharedColumn<Uint32Array>(Uint32Array, nodes, maxNodes);
    this.#count = new SharedColumn<Uint32Array>(Uint32Array, nodes, maxNodes);
    this.#pool = new SharedColumn<Uint32Array>(Uint32Array, Math.min(FIRST_CELLS, maxCells), maxCells);
    this.start = this.#start.rows;
    this.count = this.#count.rows;
    this.pool = this.#pool.rows;
  }

  /** Cells that hold no entry: what a compaction would give back. */
  get idleCells(): number {
    return this.#usedCells - 1 - this.size;
  }

  get bytes(): number {
    return this.start.byteLength + this.count.byteLength + this.pool.byteLength;
  }

  growNodes(nodes: number): void {
    this.#start.grow(nodes);
    this.#count.grow(nodes);
    this.start = this.#start.rows;
    this.count = this.#count.rows;
  }

  /** Whether `extra` more entries surely fit. */
  hasRoomFor(node: number): boolean {
    return this.size + 2 * this.count[node]! + 8 < this.#maxCells;
  }

  add(node: number, entry: number): void {
    const count = this.count[node]!;
    let at = this.start[node]! + count;
    if (at >= this.#usedCells || this.pool[at] !== FREE) at = this.#move(node, count) + count;
    this.pool[at] = entry;
    this.count[node] = count + 1;
    if (count > LONG_LIST && this.#places.size > 0) this.#places.get(node)?.set(entry, count);
    this.size++;
  }

  /** Index of an entry in its list, or -1. A long list gets a map of its entries when it is first searched, and keeps it. */
  find(node: number, entry: number): number {
    const count = this.count[node]!;
    if (count > LONG_LIST) return this.#placesOf(node).get(entry) ?? -1;
    const { pool } = this;
    const start = this.start[node]!;
    for (let i = 0; i < count; i++) if (pool[start + i] === entry) return i;
    return -1;
  }

  /**
   * Takes out the entry at an index. A short list keeps its order; in a long one the last entry takes the free place: false where that has changed
   * the order.
   */
  removeAt(node: number, index: number): boolean {
    const start = this.start[node]!;
    const last = this.count[node]! - 1;
    assert(index >= 0 && index <= last, "the list has this entry");
    const { pool } = this;
    const swaps = last >= LONG_LIST;
    if (swaps) {
      const places = this.#places.get(node);
      places?.delete(pool[start + index]!);
      if (index < last) places?.set(pool[start + last]!, index);
      pool[start + index] = pool[start + last]!;
      if (last === LONG_LIST) this.#places.delete(node);
    } else {
      for (let i = start + index; i < start + last; i++) pool[i] = pool[i + 1]!;
    }
    pool[start + last] = FREE;
    this.count[node] = last;
    if (last === 0) this.start[node] = 0;
    this.size--;
    return !swaps || index === last;
  }

  /** Sorts a list. */
  sort(node: number, compare: (a: number, b: number) => number): void {
    const start = this.start[node]!;
    this.pool.subarray(start, start + this.count[node]!).sort(compare);
    this.#places.delete(node);
  }

  #placesOf(node: number): Map<number, number> {
    let places = this.#places.get(node);
    if (places === undefined) {
      places = new Map();
      const start = this.start[node]!;
      const count = this.count[node]!;
      for (let i = 0; i < count; i++) places.set(this.pool[start + i]!, i);
      this.#places.set(node, places);
    }
    return places;
  }

  clear(node: number): void {
    const start = this.start[node]!;
    const count = this.count[node]!;
    this.pool.fill(FREE, start, start + count);
    this.start[node] = 0;
    this.count[node] = 0;
    this.size -= count;
    this.#places.delete(node);
  }

  /** Gives a list that cannot grow where it is a new place, with room for half as many more; returns its start. */
  #move(node: number, count: number): number {
    const room = count + 1 + (count >>> 1);
    if (this.#usedCells + room > this.pool.length) {
      if (this.idleCells > this.size / 2 + IDLE_CELLS + this.start.length / 4) this.compact();
      if (this.#usedCells + room > this.pool.length) this.#growPool(this.#usedCells + room);
    }
    const from = this.start[node]!;
    const to = this.#usedCells;
    const { pool } = this;
    pool.copyWithin(to, from, from + count);
    pool.fill(FREE, to + count, to + room);
    if (count > 0) pool.fill(FREE, from, from + count);
    this.start[node] = to;
    this.#usedCells = to + room;
    return to;
  }

  #growPool(cells: number): void {
    const length = Math.min(this.#maxCells, Math.max(cells, cells + GROWTH_CELLS + (this.pool.length >>> 6)));
    assert(cells <= length, "the caller has checked hasRoomFor");
    this.#pool.grow(length);
    this.pool = this.#pool.rows;
  }

  /** Puts all lists one behind another, in node order. */
  compact(): void {
    const { start, count, pool } = this;
    const packed = new Uint32Array(this.size);
    let at = 0;
    for (let node = 0; node < start.length; node++) {
      const n = count[node]!;
      if (n === 0) continue;
      const from = start[node]!;
      for (let i = 0; i < n; i++) packed[at + i] = pool[from + i]!;
      start[node] = at + 1;
      at += n;
    }
    // What the lists have outgrown goes back to the system, where that is worth a new pool.
    if (pool.length > at + GROWTH_CELLS + (at >>> 5)) {
      const cells = Math.min(this.#maxCells, at + 1 + GROWTH_CELLS);
      this.#pool = new SharedColumn<Uint32Array>(Uint32Array, cells, this.#maxCells);
      this.pool = this.#pool.rows;
    } else pool.fill(FREE, at + 1, this.#usedCells);
    this.pool.set(packed, 1);
    this.#usedCells = at + 1;
  }
}
