import { NONE } from "../../log/index/id-slots.ts";
import type { IndexTables } from "../../log/index/index-tables.ts";
import { CLUSTER_ABOVE_NODES } from "../../protocol/requests/graph.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { type Arrangement, groupedArrangement, layeredArrangement } from "./graph-arrangement.ts";
import { type Adjacency, adjacency, nodeLevels } from "./layered-layout.ts";

const STEPS_A_SLICE = 16_384;
const NO_CLUSTER = 0xffff_ffff;

/** A part of a graph that can be shown as one node: pages of one type, at neighbouring levels. */
export interface Cluster {
  readonly type: number;
  /** Slots: `members[from .. to)` of the model. */
  readonly from: number;
  readonly to: number;
}

/**
 * The graph of everything that a recording ever holds, laid out once: positions never move while scrubbing, and what is there at an LSN
 * is only a matter of which parts are drawn. Some 60 bytes a page and 40 an edge.
 */
export interface GraphModel {
  readonly pages: number;
  /** Edges of the index, by row: `from` and `to` are slots; NONE where a page was never there. */
  readonly edgeFrom: Uint32Array;
  readonly edgeTo: Uint32Array;
  readonly out: Adjacency;
  readonly into: Adjacency;
  readonly clusters: readonly Cluster[];
  /** Slots, cluster after cluster. */
  readonly members: Uint32Array;
  /** By slot. */
  readonly clusterOf: Uint32Array;
  /** Pages by their dependencies alone; `undefined` where there are too many to be drawn that way. */
  readonly layered: Arrangement | undefined;
  /** Pages in the boxes of their clusters. */
  readonly grouped: Arrangement;
  /** The pairs of clusters that edges join, by edge row: an index into `pairFrom`, `pairTo`, `pairType`. */
  readonly pairOf: Uint32Array;
  readonly pairFrom: Uint32Array;
  readonly pairTo: Uint32Array;
  readonly pairType: Uint8Array;
}

export function* buildGraphModel(
  tables: IndexTables,
  progress: (done: number, total: number) => void,
): Sliced<GraphModel> {
  const pages = tables.ids.count;
  const { from, to } = yield* edgesBySlot(tables);
  progress(1, 5);
  const rows = known(from, to);
  const edgeFrom = rows.from;
  const edgeTo = rows.to;
  const level = yield* nodeLevels(pages, edgeFrom, edgeTo);
  progress(2, 5);
  const { ranges, members, clusterOf } = yield* groupMembers(tables, level);
  progress(3, 5);
  const pairs = yield* pairClusters(tables, from, to, clusterOf);
  const layered =
    pages > CLUSTER_ABOVE_NODES
      ? undefined
      : yield* layeredArrangement(pages, edgeFrom, edgeTo, ranges, members);
  progress(4, 5);
  return {
    pages,
    edgeFrom: from,
    edgeTo: to,
    out: yield* withRows(pages, edgeFrom, edgeTo, rows.row),
    into: yield* withRows(pages, edgeTo, edgeFrom, rows.row),
    clusters: ranges,
    members,
    clusterOf,
    layered,
    grouped: yield* groupedArrangement(pages, ranges, members, pairs.pairFrom, pairs.pairTo, level),
    ...pairs,
  };
}

function* edgesBySlot({ edges, ids }: IndexTables): Sliced<{ from: Uint32Array; to: Uint32Array }> {
  const from = new Uint32Array(edges.count);
  const to = new Uint32Array(edges.count);
  for (let row = 0; row < from.length; row++) {
    const a = ids.find(edges.fromLo.data[row]!, edges.fromHi.data[row]!);
    const b = ids.find(edges.toLo.data[row]!, edges.toHi.data[row]!);
    from[row] = a < 0 || b < 0 ? NONE : a;
    to[row] = a < 0 || b < 0 ? NONE : b;
    if (row % 4096 === 4095) yield;
  }
  return { from, to };
}

/** Edges whose pages are both known, with their rows. */
function known(from: Uint32Array, to: Uint32Array) {
  let count = 0;
  const rows = new Uint32Array(from.length);
  for (let edge = 0; edge < from.length; edge++) if (from[edge] !== NONE) rows[count++] = edge;
  const row = rows.slice(0, count);
  return row.length === from.length
    ? { from, to, row }
    : { from: row.map((edge) => from[edge]!), to: row.map((edge) => to[edge]!), row };
}

function* withRows(nodes: number, from: Uint32Array, to: Uint32Array, row: Uint32Array): Sliced<Adjacency> {
  const built = yield* adjacency(nodes, from, to);
  return { ...built, edge: built.edge.map((edge) => row[edge]!) };
}

interface Grouped {
  readonly ranges: readonly Cluster[];
  readonly members: Uint32Array;
  readonly clusterOf: Uint32Array;
}

/** By page type; within a type by level, cut wherever a part would pass the limit. */
function* groupMembers({ slotLife, lives, types }: IndexTables, level: Uint32Array): Sliced<Grouped> {
  const pages = level.length;
  const typeCount = types.texts.length + 1;
  const typeOf = new Uint32Array(pages);
  for (let slot = 0; slot < pages; slot++) {
    const life = slotLife.data[slot]!;
    typeOf[slot] = life === NONE ? typeCount - 1 : lives.type.data[life]!;
  }
  yield;
  // Twice a counting sort, which is stable: by level, then by type.
  const byLevel = yield* countingSorted(
    Uint32Array.from({ length: pages }, (_, slot) => slot),
    level,
  );
  const members = yield* countingSorted(byLevel, typeOf);
  const clusterOf = new Uint32Array(pages).fill(NO_CLUSTER);
  const ranges: { type: number; from: number; to: number }[] = [];
  for (let at = 0; at < pages; at++) {
    const slot = members[at]!;
    const open = ranges.at(-1);
    if (open === undefined || open.type !== typeOf[slot]! || at - open.from >= CLUSTER_ABOVE_NODES) {
      ranges.push({ type: typeOf[slot]!, from: at, to: at + 1 });
    } else open.to = at + 1;
    clusterOf[slot] = ranges.length - 1;
    if (at % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  return { ranges, members, clusterOf };
}

function* countingSorted(slots: Uint32Array, key: Uint32Array): Sliced<Uint32Array> {
  let highest = 0;
  for (let i = 0; i < key.length; i++) highest = Math.max(highest, key[i]!);
  const next = new Uint32Array(highest + 2);
  for (let i = 0; i < key.length; i++) next[key[i]! + 1]!++;
  for (let k = 0; k <= highest; k++) next[k + 1]! += next[k]!;
  yield;
  const sorted = new Uint32Array(slots.length);
  for (let i = 0; i < slots.length; i++) {
    sorted[next[key[slots[i]!]!]!++] = slots[i]!;
    if (i % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  return sorted;
}

interface Pairs {
  readonly pairOf: Uint32Array;
  readonly pairFrom: Uint32Array;
  readonly pairTo: Uint32Array;
  readonly pairType: Uint8Array;
}

function* pairClusters(
  { edges }: IndexTables,
  from: Uint32Array,
  to: Uint32Array,
  clusterOf: Uint32Array,
): Sliced<Pairs> {
  const numbers = new Map<number, number>();
  const pairs: number[] = [];
  const pairOf = new Uint32Array(from.length).fill(NONE);
  const clusters = clusterOf.reduce((highest, cluster) => Math.max(highest, cluster + 1), 0);
  for (let row = 0; row < from.length; row++) {
    if (from[row] === NONE) continue;
    const a = clusterOf[from[row]!]!;
    const b = clusterOf[to[row]!]!;
    const key = a * clusters + b;
    let number = numbers.get(key);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(key, number);
      pairs.push(a, b, edges.type.data[row]!);
    }
    // One dependency of data makes it an edge of data.
    pairs[number * 3 + 2] = Math.min(pairs[number * 3 + 2]!, edges.type.data[row]!);
    pairOf[row] = number;
    if (row % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  const count = numbers.size;
  return {
    pairOf,
    pairFrom: Uint32Array.from({ length: count }, (_, i) => pairs[i * 3]!),
    pairTo: Uint32Array.from({ length: count }, (_, i) => pairs[i * 3 + 1]!),
    pairType: Uint8Array.from({ length: count }, (_, i) => pairs[i * 3 + 2]!),
  };
}
