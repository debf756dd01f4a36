import { assert } from "../base/assert.ts";
import type { MmsbError } from "../base/errors.ts";
import { err, fail, ok, type Result } from "../base/result.ts";
import { comparePairs } from "../base/u64.ts";
import type { PageTable } from "../pages/page-table.ts";
import { EDGE_TYPES, type EdgeType } from "../pages/page-types.ts";
import { SharedColumn } from "../pages/shared-column.ts";
import { AdjacencyLists } from "./adjacency-lists.ts";
import { GraphCycleError } from "./graph-cycle-error.ts";
import { Levels } from "./levels.ts";
import { NodeState } from "./node-state.ts";
import { placeOf } from "./page-place.ts";
import { TopologicalOrder } from "./topological-order.ts";

export interface GraphLimits {
  /** Rows at most: the page table's `maxPages`. */
  readonly maxNodes?: number;
  readonly maxEdges?: number;
}

const FIRST_NODES = 1024;
const DEFAULT_MAX_NODES = 2 ** 24;
const DEFAULT_MAX_EDGES = 2 ** 26;
/** Of a cycle's path, so many ids from either end stand in the error's message. */
const SHOWN_IDS = 8;
const CONTROL = 1;

/**
 * Which page is computed from which. A node is the page's slot in the page table; an entry of a list is `slot * 2 + type` (0 data, 1 control). Edges
 * come and go at any time; one that would close a cycle is refused. Not one function here recurses.
 *
 * 33 bytes a node and 8 an edge (plus room to grow), the sweep order of `Levels` apart.
 */
export class DependencyGraph {
  readonly table: PageTable;
  readonly incoming: AdjacencyLists;
  readonly outgoing: AdjacencyLists;
  readonly order: TopologicalOrder;
  readonly levels: Levels;
  readonly #state: SharedColumn<Uint8Array>;
  readonly #maxNodes: number;
  readonly #place: SharedColumn<Uint32Array>;
  /** Bits of `NodeState`. */
  state: Uint8Array;
  /** Where a node's page lies, in one word (see `page-place.ts`). */
  place: Uint32Array;
  /** Until the first control edge a page on level n has a data input on level n - 1. */
  hasHadControl = false;
  /** Rises when an edge comes or goes, and when a node goes. */
  version = 0;

  constructor(table: PageTable, limits: GraphLimits = {}) {
    const { maxNodes = DEFAULT_MAX_NODES, maxEdges = DEFAULT_MAX_EDGES } = limits;
    assert(maxNodes <= 2 ** 31 && maxEdges <= 2 ** 28, "an entry has 31 bits for the slot");
    const nodes = Math.min(FIRST_NODES, maxNodes);
    // Lists that double leave as much idle as they hold before a compaction.
    const maxCells = 4 * maxEdges + 16;
    this.table = table;
    this.#maxNodes = maxNodes;
    this.incoming = new AdjacencyLists(nodes, maxNodes, maxCells);
    this.outgoing = new AdjacencyLists(nodes, maxNodes, maxCells);
    this.order = new TopologicalOrder(nodes, maxNodes, this.incoming, this.outgoing);
    this.levels = new Levels(nodes, maxNodes, this.incoming, this.outgoing, this.order);
    this.#state = new SharedColumn<Uint8Array>(Uint8Array, nodes, maxNodes);
    this.state = this.#state.rows;
    this.#place = new SharedColumn<Uint32Array>(Uint32Array, nodes, maxNodes);
    this.place = this.#place.rows;
  }

  get edgeCount(): number {
    return this.incoming.size;
  }

  /** What it holds of memory, its caches included. */
  get bytes(): number {
    const lists = this.incoming.bytes + this.outgoing.bytes;
    return lists + this.order.bytes + this.levels.bytes + this.state.byteLength + this.place.byteLength;
  }

  /** Makes a slot one of its nodes; does nothing where it is. */
  enter(node: number): void {
    if (node >= this.state.length) this.#grow(node);
    if ((this.state[node]! & NodeState.Known) !== 0) return;
    this.state[node] = NodeState.Known | (this.state[node]! & NodeState.LevelStale);
    this.place[node] = placeOf(this.table, node);
    this.levels.enter(node);
  }

  /** Forgets a node with all its edges: O(edges at its far ends). Does nothing where it is none. */
  leave(node: number): void {
    if (!this.isKnown(node)) return;
    this.version++;
    const { incoming, outgoing } = this;
    const ends = outgoing.start[node]! + outgoing.count[node]!;
    for (let at = outgoing.start[node]!; at < ends; at++) {
      const entry = outgoing.pool[at]!;
      const to = entry >>> 1;
      this.#removeInput(to, node * 2 + (entry & 1));
      this.levels.invalidate(to, this.state);
    }
    const sources = incoming.start[node]! + incoming.count[node]!;
    for (let at = incoming.start[node]!; at < sources; at++) {
      const entry = incoming.pool[at]!;
      const from = entry >>> 1;
      outgoing.removeAt(from, outgoing.find(from, node * 2 + (entry & 1)));
    }
    outgoing.clear(node);
    incoming.clear(node);
    this.levels.leave(node);
    this.state[node]! &= NodeState.LevelStale;
  }

  isKnown(node: number): boolean {
    return node < this.state.length && (this.state[node]! & NodeState.Known) !== 0;
  }

  has(from: number, to: number, type: EdgeType): boolean {
    if (!this.isKnown(from) || !this.isKnown(to)) return false;
    const bit = EDGE_TYPES.indexOf(type);
    // the shorter of the two lists
    return this.outgoing.count[from]! <= this.incoming.count[to]!
      ? this.outgoing.find(from, to * 2 + bit) >= 0
      : this.incoming.find(to, from * 2 + bit) >= 0;
  }

  /**
   * `to` depends on `from` from now on. False where the edge stood already. Errors: GRAPH_CYCLE (with the path; nothing has changed),
   * LIMIT_EXCEEDED. Amortised O(1) where the order stands, else O(what lies between the two in the order).
   */
  addEdge(from: number, to: number, type: EdgeType): Result<boolean> {
    if (from === to) return err(this.#cycle([to]));
    if (this.has(from, to, type)) return ok(false);
    this.enter(from);
    this.enter(to);
    const { incoming, outgoing } = this;
    if (!incoming.hasRoomFor(to) || !outgoing.hasRoomFor(from)) {
      return fail(
        "LIMIT_EXCEEDED",
        `the graph holds ${this.edgeCount} edges`,
        "Remove edges, or raise maxEdges",
      );
    }
    const cycle = this.order.admit(from, to);
    if (cycle !== undefined) return err(this.#cycle(cycle));
    this.version++;
    const bit = EDGE_TYPES.indexOf(type);
    if (incoming.count[to]! > 0 && !this.#follows(to, from, bit)) this.state[to]! |= NodeState.Unsorted;
    incoming.add(to, from * 2 + bit);
    if (bit === CONTROL) this.hasHadControl = true;
    outgoing.add(from, to * 2 + bit);
    this.levels.noteEdge(from, to);
    if (this.levels.level[to]! <= this.levels.level[from]!) this.levels.invalidate(to, this.state);
    return ok(true);
  }

  /** False where there was no such edge. O(degree) for lists of up to 1024, O(1) amortised for longer ones. */
  removeEdge(from: number, to: number, type: EdgeType): boolean {
    if (!this.has(from, to, type)) return false;
    this.version++;
    const bit = EDGE_TYPES.indexOf(type);
    this.outgoing.removeAt(from, this.outgoing.find(from, to * 2 + bit));
    this.#removeInput(to, from * 2 + bit);
    if (this.levels.level[to]! <= this.levels.level[from]! + 1) this.levels.invalidate(to, this.state);
    return true;
  }

  /** The ids along a path from one page to another; undefined where the second does not depend on the first. */
  pathIds(from: number, to: number): bigint[] | undefined {
    if (!this.isKnown(from) || !this.isKnown(to)) return undefined;
    return this.order.path(from, to)?.map((node) => this.table.idOf(node));
  }

  /** Puts the lists into node order where that gives back one part in 64 or more of their memory, and makes all levels right. */
  settle(): void {
    for (const lists of [this.incoming, this.outgoing]) {
      if (lists.idleCells > FIRST_NODES && lists.idleCells * 64 > lists.size) lists.compact();
    }
    this.levels.repair(this.state);
  }

  /** Puts a node's inputs in order of their page ids, data before control: the order in which a recompute counts them. */
  sortInputs(node: number): void {
    if ((this.state[node]! & NodeState.Unsorted) === 0) return;
    this.state[node]! &= ~NodeState.Unsorted;
    const { idLo, idHi } = this.table;
    this.incoming.sort(
      node,
      (a, b) =>
        (a & 1) - (b & 1) || comparePairs(idLo[a >>> 1]!, idHi[a >>> 1]!, idLo[b >>> 1]!, idHi[b >>> 1]!),
    );
  }

  /** Data inputs of a node, which stand before the control ones once its list is sorted. */
  dataInputs(node: number): number {
    const { start, count, pool } = this.incoming;
    let n = count[node]!;
    while (n > 0 && (pool[start[node]! + n - 1]! & 1) === CONTROL) n--;
    return n;
  }

  #removeInput(node: number, entry: number): void {
    if (!this.incoming.removeAt(node, this.incoming.find(node, entry)))
      this.state[node]! |= NodeState.Unsorted;
  }

  /** Whether an entry (source, type) belongs behind the last of the node's list. */
  #follows(node: number, from: number, bit: number): boolean {
    const { start, count, pool } = this.incoming;
    const last = pool[start[node]! + count[node]! - 1]!;
    if ((last & 1) !== bit) return bit === CONTROL;
    const { idLo, idHi } = this.table;
    return comparePairs(idLo[last >>> 1]!, idHi[last >>> 1]!, idLo[from]!, idHi[from]!) < 0;
  }

  #grow(node: number): void {
    const nodes = Math.min(
      this.#maxNodes,
      Math.max(node + 1, this.state.length + FIRST_NODES + (this.state.length >>> 6)),
    );
    assert(node < nodes, "the graph has as many rows as the page table");
    this.incoming.growNodes(nodes);
    this.outgoing.growNodes(nodes);
    this.order.growNodes(nodes);
    this.levels.growNodes(nodes);
    this.#state.grow(nodes);
    this.state = this.#state.rows;
    this.#place.grow(nodes);
    this.place = this.#place.rows;
  }

  /** `path` leads from the new edge's target back to its source. */
  #cycle(path: readonly number[]): MmsbError {
    const ids = path.map((node) => this.table.idOf(node));
    const shown =
      ids.length <= 2 * SHOWN_IDS
        ? ids.join(" → ")
        : `${ids.slice(0, SHOWN_IDS).join(" → ")} → … (${ids.length - 2 * SHOWN_IDS} more) … → ${ids.slice(-SHOWN_IDS).join(" → ")}`;
    return new GraphCycleError(ids, `this edge would close the cycle ${shown} → ${ids[0]}`);
  }
}
