import { SharedColumn } from "../pages/shared-column.ts";
import type { AdjacencyLists } from "./adjacency-lists.ts";
import { WorkStack } from "./work-stack.ts";

const LAST_LABEL = 0x7fff_fff0;

/**
 * A topological order kept up while edges come: every edge leads from a lower label to a higher one. Labels are i32, unique among nodes with an
 * edge; a removal leaves them alone.
 *
 * An edge to a node that nothing follows moves that node to the end, one from a node that nothing precedes moves that one to the front: both O(1), and
 * enough for graphs that are built forwards or backwards. Any other edge against the order is mended by the algorithm of Pearce and Kelly
 * ("A dynamic topological sort algorithm for directed acyclic graphs", JEA 11, 2006): it looks only at nodes between the two labels, those that
 * the target reaches and those that reach the source, and deals their labels out anew.
 */
export class TopologicalOrder {
  readonly #label: SharedColumn<Int32Array>;
  label: Int32Array;
  #first = 0;
  #last = 0;
  readonly #in: AdjacencyLists;
  readonly #out: AdjacencyLists;
  readonly #after = new WorkStack();
  readonly #before = new WorkStack();
  /** Of the last search, by place in `#after`: from which place it was reached. */
  readonly #reachedFrom = new WorkStack();
  #seen = new Uint32Array(0);
  #round = 0;

  constructor(nodes: number, maxNodes: number, incoming: AdjacencyLists, outgoing: AdjacencyLists) {
    this.#label = new SharedColumn<Int32Array>(Int32Array, nodes, maxNodes);
    this.label = this.#label.rows;
    this.#in = incoming;
    this.#out = outgoing;
  }

  get bytes(): number {
    return this.label.byteLength + this.#seen.byteLength;
  }

  growNodes(nodes: number): void {
    this.#label.grow(nodes);
    this.label = this.#label.rows;
  }

  /**
   * Makes room in the order for an edge that is about to be added. Returns the path from `to` to `from` where there is one, both ends included:
   * then the edge would close a cycle, and nothing has changed.
   */
  admit(from: number, to: number): number[] | undefined {
    if (from === to) return [to];
    const { label } = this;
    const freshFrom = this.#degree(from) === 0;
    const freshTo = this.#degree(to) === 0;
    if (freshTo) {
      if (freshFrom) label[from] = this.#end();
      label[to] = this.#end();
      return undefined;
    }
    if (freshFrom || (this.#in.count[from] === 0 && label[from]! >= label[to]!)) {
      label[from] = this.#front();
      return undefined;
    }
    if (label[from]! < label[to]!) return undefined;
    if (this.#out.count[to] === 0) {
      label[to] = this.#end();
      return undefined;
    }
    return this.#reorder(from, to);
  }

  /** A path along edges from `from` to `to`, both included; undefined where there is none. */
  path(from: number, to: number): number[] | undefined {
    if (from === to) return [from];
    if (this.#degree(from) === 0 || this.#degree(to) === 0) return undefined;
    return this.#searchAfter(from, to) ? this.#trace() : undefined;
  }

  #degree(node: number): number {
    return this.#in.count[node]! + this.#out.count[node]!;
  }

  #end(): number {
    if (this.#last >= LAST_LABEL) this.#renumber();
    return ++this.#last;
  }

  #front(): number {
    if (this.#first <= -LAST_LABEL) this.#renumber();
    return --this.#first;
  }

  /** Labels grow apart by at most two an edge: this happens once in a thousand million of them. */
  #renumber(): void {
    const nodes: number[] = [];
    for (let node = 0; node < this.label.length; node++) if (this.#degree(node) > 0) nodes.push(node);
    const { label } = this;
    nodes.sort((a, b) => label[a]! - label[b]!);
    for (let i = 0; i < nodes.length; i++) label[nodes[i]!] = i;
    this.#first = 0;
    this.#last = nodes.length;
  }

  #reorder(from: number, to: number): number[] | undefined {
    if (this.#searchAfter(to, from)) return this.#trace();
    this.#searchBefore(from, this.label[to]!);
    const { label } = this;
    const before = this.#before.sortedBy(label);
    const after = this.#after.sortedBy(label);
    const labels = new Int32Array(before.length + after.length);
    for (let i = 0; i < before.length; i++) labels[i] = label[before[i]!]!;
    for (let i = 0; i < after.length; i++) labels[before.length + i] = label[after[i]!]!;
    labels.sort();
    for (let i = 0; i < before.length; i++) label[before[i]!] = labels[i]!;
    for (let i = 0; i < after.length; i++) label[after[i]!] = labels[before.length + i]!;
    return undefined;
  }

  /** Breadth first from `start` over nodes not beyond the label of `goal`; true where it was found, at the end of `#after`. */
  #searchAfter(start: number, goal: number): boolean {
    const { label } = this;
    const { start: listStart, count, pool } = this.#out;
    const bound = label[goal]!;
    const after = this.#after;
    const reachedFrom = this.#reachedFrom;
    after.clear();
    reachedFrom.clear();
    const round = this.#nextRound();
    after.push(start);
    reachedFrom.push(0);
    this.#seen[start] = round;
    for (let i = 0; i < after.count; i++) {
      const node = after.items[i]!;
      const listEnd = listStart[node]! + count[node]!;
      for (let at = listStart[node]!; at < listEnd; at++) {
        const next = pool[at]! >>> 1;
        if (this.#seen[next] === round || label[next]! > bound) continue;
        this.#seen[next] = round;
        after.push(next);
        reachedFrom.push(i);
        if (next === goal) return true;
      }
    }
    return false;
  }

  /** Against the edges from `start`, over nodes not below `bound`, into `#before`. */
  #searchBefore(start: number, bound: number): void {
    const { label } = this;
    const { start: listStart, count, pool } = this.#in;
    const before = this.#before;
    before.clear();
    const round = this.#nextRound();
    before.push(start);
    this.#seen[start] = round;
    for (let i = 0; i < before.count; i++) {
      const node = before.items[i]!;
      const listEnd = listStart[node]! + count[node]!;
      for (let at = listStart[node]!; at < listEnd; at++) {
        const next = pool[at]! >>> 1;
        if (this.#seen[next] === round || label[next]! < bound) continue;
        this.#seen[next] = round;
        before.push(next);
      }
    }
  }

  #trace(): number[] {
    const path: number[] = [];
    let at = this.#after.count - 1;
    for (;;) {
      path.push(this.#after.items[at]!);
      if (at === 0) break;
      at = this.#reachedFrom.items[at]!;
    }
    return path.reverse();
  }

  #nextRound(): number {
    if (this.#seen.length < this.label.length) {
      const longer = new Uint32Array(this.label.length);
      longer.set(this.#seen);
      this.#seen = longer;
    }
    if (this.#round === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#round = 0;
    }
    return ++this.#round;
  }
}
