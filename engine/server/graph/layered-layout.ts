import type { Sliced } from "../slice-scheduler.ts";
import { sortedBy } from "../sliced-sort.ts";

/** Steps of the loops between two chances to stop: some 0.2 ms. */
const STEPS_A_SLICE = 16_384;
/**
 * Nodes on top of each other before a layer is continued beside itself: a fan of 2000 becomes a block, not a line, and the whole becomes
 * about as high as wide.
 */
const columnNodes = (nodes: number) => Math.min(40, Math.max(8, Math.ceil(1.5 * Math.sqrt(nodes))));
/** Passes that move a node towards its neighbours; the picture hardly changes after the second. */
const ORDER_PASSES = 2;

export interface LayoutGraph {
  readonly nodes: number;
  /** Edges by node index. */
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  /** What each node takes, in the layout's units. */
  readonly width: Float32Array;
  readonly height: Float32Array;
  /** What is left free between neighbours of one layer, and between layers. */
  readonly nodeGap: number;
  readonly layerGap: number;
  /** The layer of each node, where it is known already; else it follows from the edges. */
  readonly level?: Uint32Array;
}

export interface Layout {
  /** Centres. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** Longest way from a root. */
  readonly level: Uint32Array;
}

/** The longest way from a root to each node. */
export function* nodeLevels(nodes: number, from: Uint32Array, to: Uint32Array): Sliced<Uint32Array> {
  return yield* levels(nodes, yield* adjacency(nodes, from, to), yield* adjacency(nodes, to, from));
}

/**
 * A layered drawing (Sugiyama, Tagawa and Toda, 1981, without their dummy nodes): roots on the left, every node right of what it depends
 * on, neighbours near each other. Deterministic, iterative, O((nodes + edges) log nodes). Cycles, which a graph gathered over time may
 * have although it never held one, are cut at their lowest node.
 */
export function* layeredLayout(graph: LayoutGraph): Sliced<Layout> {
  const out = yield* adjacency(graph.nodes, graph.from, graph.to);
  const into = yield* adjacency(graph.nodes, graph.to, graph.from);
  const level = graph.level ?? (yield* levels(graph.nodes, out, into));
  const layers = yield* byLevel(level);
  for (let pass = 0; pass < ORDER_PASSES; pass++)
    yield* reorder(layers, pass % 2 === 0 ? into : out, pass % 2 === 1);
  const { x, y } = yield* placed(graph, layers);
  return { x, y, level };
}

/** Neighbours of node n: `neighbour[start[n] .. start[n + 1])`; `edge` holds the edges' rows. */
export interface Adjacency {
  readonly start: Uint32Array;
  readonly neighbour: Uint32Array;
  readonly edge: Uint32Array;
}

export function* adjacency(nodes: number, from: Uint32Array, to: Uint32Array): Sliced<Adjacency> {
  const start = new Uint32Array(nodes + 1);
  for (let edge = 0; edge < from.length; edge++) {
    start[from[edge]! + 1]!++;
    if (edge % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  for (let node = 0; node < nodes; node++) start[node + 1]! += start[node]!;
  const next = start.slice(0, nodes);
  const neighbour = new Uint32Array(from.length);
  const edges = new Uint32Array(from.length);
  for (let edge = 0; edge < from.length; edge++) {
    const at = next[from[edge]!]!++;
    neighbour[at] = to[edge]!;
    edges[at] = edge;
    if (edge % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  return { start, neighbour, edge: edges };
}

/** Kahn's order; where only cycles are left, the lowest node goes on. */
function* levels(nodes: number, out: Adjacency, into: Adjacency): Sliced<Uint32Array> {
  const level = new Uint32Array(nodes);
  const waiting = new Uint32Array(nodes);
  const done = new Uint8Array(nodes);
  const queue = new Uint32Array(nodes);
  let tail = 0;
  for (let node = 0; node < nodes; node++) {
    waiting[node] = into.start[node + 1]! - into.start[node]!;
    if (waiting[node] === 0) {
      queue[tail++] = node;
      done[node] = 1;
    }
  }
  let lowest = 0;
  let steps = 0;
  for (let head = 0; head < nodes; head++) {
    if (head === tail) {
      while (done[lowest] === 1) lowest++;
      queue[tail++] = lowest;
      done[lowest] = 1;
    }
    const node = queue[head]!;
    for (let at = out.start[node]!; at < out.start[node + 1]!; at++) {
      const next = out.neighbour[at]!;
      if (done[next] === 1) continue;
      level[next] = Math.max(level[next]!, level[node]! + 1);
      if (--waiting[next]! === 0) {
        queue[tail++] = next;
        done[next] = 1;
      }
      if (++steps % STEPS_A_SLICE === 0) yield;
    }
    if (++steps % STEPS_A_SLICE === 0) yield;
  }
  return level;
}

/** Nodes of each level, in their order from top to bottom: `order[start[l] .. start[l + 1])`. */
interface Layers {
  readonly start: Uint32Array;
  order: Uint32Array;
  /** Where each node stands in its layer, from 0 to 1. */
  readonly place: Float32Array;
}

function* byLevel(level: Uint32Array): Sliced<Layers> {
  let deepest = -1;
  for (let node = 0; node < level.length; node++) deepest = Math.max(deepest, level[node]!);
  const start = new Uint32Array(deepest + 2);
  for (let node = 0; node < level.length; node++) start[level[node]! + 1]!++;
  for (let l = 0; l <= deepest; l++) start[l + 1]! += start[l]!;
  yield;
  const next = start.slice(0, deepest + 1);
  const order = new Uint32Array(level.length);
  for (let node = 0; node < level.length; node++) order[next[level[node]!]!++] = node;
  const layers = { start, order, place: new Float32Array(level.length) };
  notePlaces(layers);
  return layers;
}

function notePlaces({ start, order, place }: Layers): void {
  for (let l = 0; l + 1 < start.length; l++) {
    const count = start[l + 1]! - start[l]!;
    for (let at = start[l]!; at < start[l + 1]!; at++) place[order[at]!] = (at - start[l]! + 0.5) / count;
  }
}

/** Sorts each layer by where its nodes' neighbours stand on average, layer after layer. */
function* reorder(layers: Layers, neighbours: Adjacency, fromRight: boolean): Sliced<void> {
  const { start, place } = layers;
  const wanted = new Float32Array(place.length);
  const count = start.length - 1;
  for (let i = 0; i < count; i++) {
    const l = fromRight ? count - 1 - i : i;
    const layer = layers.order.subarray(start[l]!, start[l + 1]!);
    for (let at = 0; at < layer.length; at++) {
      const node = layer[at]!;
      const from = neighbours.start[node]!;
      const to = neighbours.start[node + 1]!;
      let sum = 0;
      for (let n = from; n < to; n++) sum += place[neighbours.neighbour[n]!]!;
      wanted[node] = to > from ? sum / (to - from) : place[node]!;
      if (at % 1024 === 1023) yield;
    }
    if (layer.length > 1) layer.set(yield* sortedBy(layer, (a, b) => wanted[a]! - wanted[b]! || a - b));
    for (let at = 0; at < layer.length; at++) place[layer[at]!] = (at + 0.5) / layer.length;
    if (l % 256 === 255) yield;
  }
}

/** Layers side by side, each in as many columns as it needs, centred on the same line. */
function* placed(
  { nodes, width, height, nodeGap, layerGap }: LayoutGraph,
  { start, order }: Layers,
): Sliced<{ x: Float32Array; y: Float32Array }> {
  const x = new Float32Array(nodes);
  const y = new Float32Array(nodes);
  const tallest = columnNodes(nodes);
  let left = 0;
  for (let l = 0; l + 1 < start.length; l++) {
    const count = start[l + 1]! - start[l]!;
    const columns = Math.ceil(count / tallest);
    const rows = Math.ceil(count / columns);
    for (let column = 0; column < columns; column++) {
      const from = start[l]! + column * rows;
      const to = Math.min(from + rows, start[l + 1]!);
      let widest = 0;
      let tall = 0;
      for (let at = from; at < to; at++) {
        widest = Math.max(widest, width[order[at]!]!);
        tall += height[order[at]!]! + nodeGap;
      }
      let top = -tall / 2;
      for (let at = from; at < to; at++) {
        const node = order[at]!;
        x[node] = left + widest / 2;
        y[node] = top + (height[node]! + nodeGap) / 2;
        top += height[node]! + nodeGap;
      }
      left += widest + nodeGap;
      if (column % 64 === 63) yield;
    }
    left += layerGap;
    if (l % 256 === 255) yield;
  }
  return { x, y };
}
