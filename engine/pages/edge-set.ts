import { assert } from "../base/assert.ts";
import { highOf, isU64, lowOf, u64FromPair } from "../base/u64.ts";
import { IdIndex } from "./id-index.ts";
import { EDGE_TYPES, type Edge } from "./page-types.ts";

const NONE = 0xffff_ffff;
const FIRST_CAPACITY = 64;
/** (rank, rank, type) of an edge as one exact number: 2 × 25 + 1 bits. */
const MAX_NODES = 2 ** 25;

/**
 * The dependencies between pages, each once: 40 bytes an edge in typed arrays, found by a hash of (from, to, type), walked by lists from both
 * ends. Every listing is in order of (from, to, type), whatever the order of additions.
 */
export class EdgeSet {
  // One row an end point that has an edge. The degree counts both directions; a row without any is used again.
  #nodeLo = new Uint32Array(FIRST_CAPACITY);
  #nodeHi = new Uint32Array(FIRST_CAPACITY);
  #degree = new Uint32Array(FIRST_CAPACITY);
  #firstOut = new Uint32Array(FIRST_CAPACITY);
  #firstIn = new Uint32Array(FIRST_CAPACITY);
  #nodes = new IdIndex(this.#nodeLo, this.#nodeHi);
  #nodeRows = 0;
  #freeNodes: number[] = [];

  // One row an edge. `from` holds node × 2 + type, so that (from, to) is the edge's key.
  #from = new Uint32Array(FIRST_CAPACITY);
  #to = new Uint32Array(FIRST_CAPACITY);
  #nextOut = new Uint32Array(FIRST_CAPACITY);
  #previousOut = new Uint32Array(FIRST_CAPACITY);
  #nextIn = new Uint32Array(FIRST_CAPACITY);
  #previousIn = new Uint32Array(FIRST_CAPACITY);
  #edges = new IdIndex(this.#from, this.#to);
  #edgeRows = 0;
  #freeEdges: number[] = [];

  #sorted: readonly Edge[] | undefined;

  get size(): number {
    return this.#edgeRows - this.#freeEdges.length;
  }

  /** Pages that have an edge. */
  get pageCount(): number {
    return this.#nodeRows - this.#freeNodes.length;
  }

  /** False where it was there already. */
  add(edge: Edge): boolean {
    assert(isU64(edge.from) && isU64(edge.to), "page ids are u64");
    const type = EDGE_TYPES.indexOf(edge.type);
    const from = this.#internNode(edge.from);
    const to = this.#internNode(edge.to);
    // Were one of the ends new, the edge could not be there: nothing has been interned in vain.
    if (this.#edges.find(from * 2 + type, to) >= 0) return false;
    const row = this.#takeEdgeRow();
    this.#from[row] = from * 2 + type;
    this.#to[row] = to;
    this.#edges.insert(row);
    linkFirst(row, from, this.#firstOut, this.#nextOut, this.#previousOut);
    linkFirst(row, to, this.#firstIn, this.#nextIn, this.#previousIn);
    this.#degree[from]!++;
    this.#degree[to]!++;
    this.#sorted = undefined;
    return true;
  }

  /** False where it was not there. */
  remove(edge: Edge): boolean {
    const row = this.#find(edge);
    if (row < 0) return false;
    const from = this.#from[row]! >>> 1;
    const to = this.#to[row]!;
    this.#edges.remove(row);
    unlink(row, from, this.#firstOut, this.#nextOut, this.#previousOut);
    unlink(row, to, this.#firstIn, this.#nextIn, this.#previousIn);
    this.#freeEdges.push(row);
    this.#releaseNode(from);
    this.#releaseNode(to);
    this.#sorted = undefined;
    return true;
  }

  has(edge: Edge): boolean {
    return this.#find(edge) >= 0;
  }

  /** Every edge, in order; the same array while none comes or goes. */
  sorted(): readonly Edge[] {
    this.#sorted ??= this.#sort();
    return this.#sorted;
  }

  /** Edges that start at a page, in order. */
  from(id: bigint): Edge[] {
    const node = this.#nodeOf(id);
    if (node < 0) return [];
    const others = (type: number) =>
      this.#collect(this.#firstOut[node]!, this.#nextOut, type, (row) => this.#to[row]!);
    return mergeTypes(others(0), others(1), (to, type) => ({ from: id, to, type }));
  }

  /** Edges that end at a page, in order. */
  to(id: bigint): Edge[] {
    const node = this.#nodeOf(id);
    if (node < 0) return [];
    const others = (type: number) =>
      this.#collect(this.#firstIn[node]!, this.#nextIn, type, (row) => this.#from[row]! >>> 1);
    return mergeTypes(others(0), others(1), (from, type) => ({ from, to: id, type }));
  }

  clear(): void {
    this.#nodes.clear();
    this.#edges.clear();
    this.#nodeRows = 0;
    this.#edgeRows = 0;
    this.#freeNodes = [];
    this.#freeEdges = [];
    this.#sorted = undefined;
  }

  #nodeOf(id: bigint): number {
    return isU64(id) ? this.#nodes.find(lowOf(id), highOf(id)) : -1;
  }

  #idOf(node: number): bigint {
    return u64FromPair(this.#nodeLo[node]!, this.#nodeHi[node]!);
  }

  #find(edge: Edge): number {
    const from = this.#nodeOf(edge.from);
    const to = this.#nodeOf(edge.to);
    if (from < 0 || to < 0) return -1;
    return this.#edges.find(from * 2 + EDGE_TYPES.indexOf(edge.type), to);
  }

  #internNode(id: bigint): number {
    const known = this.#nodeOf(id);
    if (known >= 0) return known;
    const node = this.#freeNodes.pop() ?? this.#nodeRows++;
    assert(node < MAX_NODES, "edges join at most 2^25 pages");
    if (node === this.#nodeLo.length) {
      this.#nodeLo = doubled(this.#nodeLo);
      this.#nodeHi = doubled(this.#nodeHi);
      this.#degree = doubled(this.#degree);
      this.#firstOut = doubled(this.#firstOut);
      this.#firstIn = doubled(this.#firstIn);
      this.#nodes.setColumns(this.#nodeLo, this.#nodeHi);
    }
    this.#nodeLo[node] = lowOf(id);
    this.#nodeHi[node] = highOf(id);
    this.#degree[node] = 0;
    this.#firstOut[node] = NONE;
    this.#firstIn[node] = NONE;
    this.#nodes.insert(node);
    return node;
  }

  #releaseNode(node: number): void {
    if (--this.#degree[node]! > 0) return;
    this.#nodes.remove(node);
    this.#freeNodes.push(node);
  }

  #takeEdgeRow(): number {
    const row = this.#freeEdges.pop() ?? this.#edgeRows++;
    if (row === this.#from.length) {
      this.#from = doubled(this.#from);
      this.#to = doubled(this.#to);
      this.#nextOut = doubled(this.#nextOut);
      this.#previousOut = doubled(this.#previousOut);
      this.#nextIn = doubled(this.#nextIn);
      this.#previousIn = doubled(this.#previousIn);
      this.#edges.setColumns(this.#from, this.#to);
    }
    return row;
  }

  /** Ids at the other end of a list's edges of one type, ascending. */
  #collect(
    first: number,
    next: Uint32Array,
    type: number,
    otherEnd: (row: number) => number,
  ): BigUint64Array {
    const ids: bigint[] = [];
    for (let row = first; row !== NONE; row = next[row]!) {
      if ((this.#from[row]! & 1) === type) ids.push(this.#idOf(otherEnd(row)));
    }
    return BigUint64Array.from(ids).sort();
  }

  /** Sorts numbers, not objects: node ids once, then each edge as (rank of from, rank of to, type) in one number. */
  #sort(): Edge[] {
    const live = new Uint8Array(this.#edgeRows).fill(1);
    for (const row of this.#freeEdges) live[row] = 0;
    const liveNodes = new Uint8Array(this.#nodeRows).fill(1);
    for (const node of this.#freeNodes) liveNodes[node] = 0;
    const ids = new BigUint64Array(this.pageCount);
    for (let node = 0, i = 0; node < this.#nodeRows; node++) if (liveNodes[node]) ids[i++] = this.#idOf(node);
    ids.sort();
    const rank = new Uint32Array(this.#nodeRows);
    for (let i = 0; i < ids.length; i++) rank[this.#nodeOf(ids[i]!)] = i;
    const keys = new Float64Array(this.size);
    for (let row = 0, i = 0; row < this.#edgeRows; row++) {
      if (!live[row]) continue;
      const from = this.#from[row]!;
      keys[i++] = (rank[from >>> 1]! * ids.length + rank[this.#to[row]!]!) * 2 + (from & 1);
    }
    keys.sort();
    return Array.from(keys, (key) => {
      const pair = Math.floor(key / 2);
      const from = Math.floor(pair / ids.length);
      return { from: ids[from]!, to: ids[pair - from * ids.length]!, type: EDGE_TYPES[key % 2]! };
    });
  }
}

function doubled(column: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const longer = new Uint32Array(column.length * 2);
  longer.set(column);
  return longer;
}

function linkFirst(
  row: number,
  node: number,
  heads: Uint32Array,
  next: Uint32Array,
  previous: Uint32Array,
): void {
  const head = heads[node]!;
  next[row] = head;
  previous[row] = NONE;
  if (head !== NONE) previous[head] = row;
  heads[node] = row;
}

function unlink(
  row: number,
  node: number,
  heads: Uint32Array,
  next: Uint32Array,
  previous: Uint32Array,
): void {
  const after = next[row]!;
  const before = previous[row]!;
  if (after !== NONE) previous[after] = before;
  if (before !== NONE) next[before] = after;
  else heads[node] = after;
}

/** Joins the two ascending lists of ids into edges; of two with the same id the data edge comes first. */
function mergeTypes(
  data: BigUint64Array,
  control: BigUint64Array,
  makeEdge: (id: bigint, type: Edge["type"]) => Edge,
): Edge[] {
  const edges: Edge[] = [];
  let c = 0;
  for (const id of data) {
    while (c < control.length && control[c]! < id) edges.push(makeEdge(control[c++]!, "control"));
    edges.push(makeEdge(id, "data"));
  }
  while (c < control.length) edges.push(makeEdge(control[c++]!, "control"));
  return edges;
}
