import { fail, ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { IndexTables } from "../../log/index/index-tables.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { type Arrangement, layeredArrangement, NODE_HEIGHT, NODE_WIDTH } from "./graph-arrangement.ts";
import type { GraphModel } from "./graph-model.ts";
import { neighbourhood } from "./neighbourhood.ts";

const STEPS_A_SLICE = 32_768;
/** Most edges in one reply: beyond it the picture is a blot, and a reply must fit a frame. */
const MAX_EDGES = 200_000;
const NO_NODE = -1;
/** Numbers of drawn nodes from here downwards are frames; clusters stand above. */
const FRAME = -(2 ** 30);

type Params = ParamsOf<"graph.view">;

/** Whether an edge of the index stands at an LSN. */
export function edgeStands({ edges }: IndexTables, row: number, lsn: number): boolean {
  return edges.fromLsn.data[row]! <= lsn && edges.untilLsn.data[row]! > lsn;
}

/** Pages and dependencies at an LSN, at the level of detail asked for. */
export function* viewGraph(
  opened: OpenedRecording,
  params: Params,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"graph.view">>> {
  const { recording } = opened;
  const { lsn } = params;
  const checked = recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const built = yield* opened.graphs.model(progress);
  if (!built.ok) return built;
  const model = built.value;
  const { tables } = recording.index;
  const alive = yield* alivePages(tables, model.pages, lsn);
  const drawn =
    params.focus === undefined
      ? yield* chooseAll(model, params, alive.flags)
      : yield* chooseNear(tables, model, params, params.focus, alive.flags);
  if (!drawn.ok) return drawn;
  const { arrangement, nodes, omitted, clustered } = drawn.value;
  const columns = nodeColumns(tables, model, arrangement, nodes, alive.flags);
  const edges = yield* collectEdges(tables, model, nodes, params);
  const span = yield* unchangedSpan(tables, lsn, recording.lastLsn);
  return ok({
    result: {
      totalPages: alive.count,
      totalEdges: edges.total,
      clustered,
      large: model.layered === undefined,
      ...span,
      omittedNodes: omitted,
      bounds: arrangement.bounds,
    },
    columns: { ...columns, ...edges.columns },
  });
}

/** The LSNs around `lsn` between which no page and no edge comes or goes. */
function* unchangedSpan({ lives, edges }: IndexTables, lsn: number, lastLsn: number) {
  let fromLsn = 0;
  let untilLsn = lastLsn + 1;
  const pairs = [
    [lives.fromLsn.data, lives.count],
    [lives.untilLsn.data, lives.count],
    [edges.fromLsn.data, edges.count],
    [edges.untilLsn.data, edges.count],
  ] as const;
  for (const [lsns, count] of pairs) {
    for (let at = 0; at < count; at++) {
      const change = lsns[at]!;
      if (change > lsn) untilLsn = Math.min(untilLsn, change);
      else if (change > fromLsn) fromLsn = change;
      if (at % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield undefined;
    }
  }
  return { fromLsn, untilLsn };
}

function* alivePages(
  tables: IndexTables,
  pages: number,
  lsn: number,
): Sliced<{ flags: Uint8Array; count: number }> {
  const flags = new Uint8Array(pages);
  let count = 0;
  for (let slot = 0; slot < pages; slot++) {
    if (tables.lifeAt(slot, lsn) !== NONE) {
      flags[slot] = 1;
      count++;
    }
    if (slot % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield;
  }
  return { flags, count };
}

interface Drawn {
  readonly arrangement: Arrangement;
  /** A page by its slot, a cluster by -1 - its number, the frame of an expanded one by {@link FRAME} - its number. */
  readonly nodes: Int32Array;
  readonly omitted: number;
  readonly clustered: boolean;
}

/** One page and what is near it, laid out over every dependency that ever was, so that positions stay while scrubbing. */
function* chooseNear(
  tables: IndexTables,
  model: GraphModel,
  { dead, lsn, maxNodes }: Params,
  focus: NonNullable<Params["focus"]>,
  alive: Uint8Array,
): Sliced<Result<Drawn>> {
  const slot = tables.ids.find(Number(focus.page & 0xffff_ffffn), Number(focus.page >> 32n));
  if (slot < 0 || slot >= model.pages) {
    return fail("PAGE_UNKNOWN", "the recording has no such page", "Choose one of its pages", {
      pageId: focus.page,
    });
  }
  const ever = yield* neighbourhood(model, [slot], focus.direction, focus.hops, () => true);
  const now = yield* neighbourhood(model, [slot], focus.direction, focus.hops, (row) =>
    edgeStands(tables, row, lsn),
  );
  const placed = ever.slots.subarray(0, Math.min(maxNodes, LIMITS.graphNodes)).slice().sort();
  const arrangement = yield* arrangeNear(model, placed);
  const wanted = dead ? ever.slots : now.slots.filter((page) => alive[page] === 1 || page === slot);
  const place = new Uint8Array(model.pages);
  for (const page of placed) place[page] = 1;
  const nodes = Int32Array.from(wanted.filter((page) => place[page] === 1));
  return ok({ arrangement, nodes, omitted: wanted.length - nodes.length, clustered: false });
}

/** A layered drawing of some pages only; their places stand at their slots. */
function* arrangeNear(model: GraphModel, slots: Uint32Array): Sliced<Arrangement> {
  const numberOf = new Int32Array(model.pages).fill(NO_NODE);
  for (const [number, slot] of slots.entries()) numberOf[slot] = number;
  const from: number[] = [];
  const to: number[] = [];
  let steps = 0;
  for (const [number, slot] of slots.entries()) {
    for (let at = model.out.start[slot]!; at < model.out.start[slot + 1]!; at++) {
      const next = numberOf[model.out.neighbour[at]!]!;
      if (next !== NO_NODE) {
        from.push(number);
        to.push(next);
      }
      if (++steps % STEPS_A_SLICE === 0) yield;
    }
  }
  const near = yield* layeredArrangement(
    slots.length,
    Uint32Array.from(from),
    Uint32Array.from(to),
    [{ from: 0, to: slots.length }],
    Uint32Array.from(slots.keys()),
  );
  const x = new Float32Array(model.pages);
  const y = new Float32Array(model.pages);
  for (const [number, slot] of slots.entries()) {
    x[slot] = near.x[number]!;
    y[slot] = near.y[number]!;
  }
  return { ...near, x, y };
}

function* chooseAll(
  model: GraphModel,
  { grouped, expanded, dead, maxNodes }: Params,
  alive: Uint8Array,
): Sliced<Result<Drawn>> {
  const limit = Math.min(maxNodes, LIMITS.graphNodes);
  const layered = grouped ? undefined : model.layered;
  const open = layered !== undefined || expanded === "all" ? undefined : new Set(expanded);
  const frames: number[] = [];
  const nodes: number[] = [];
  let omitted = 0;
  for (const [number, cluster] of model.clusters.entries()) {
    if (!dead && !hasAlive(model, cluster, alive)) continue;
    if (open?.has(number) === false) {
      if (nodes.length < limit) nodes.push(-1 - number);
      else omitted++;
      continue;
    }
    if (layered === undefined) frames.push(FRAME - number);
    for (let at = cluster.from; at < cluster.to; at++) {
      const slot = model.members[at]!;
      if (!dead && alive[slot] === 0) continue;
      if (nodes.length < limit) nodes.push(slot);
      else omitted++;
    }
    yield;
  }
  return ok({
    arrangement: layered ?? model.grouped,
    nodes: Int32Array.from([...frames, ...nodes]),
    omitted,
    clustered: layered === undefined,
  });
}

function hasAlive(model: GraphModel, { from, to }: { from: number; to: number }, alive: Uint8Array): boolean {
  for (let at = from; at < to; at++) if (alive[model.members[at]!] === 1) return true;
  return false;
}

function nodeColumns(
  { ids, slotLife, lives }: IndexTables,
  model: GraphModel,
  arrangement: Arrangement,
  nodes: Int32Array,
  aliveFlags: Uint8Array,
) {
  const count = nodes.length;
  const nodeKind = new Uint8Array(count);
  const node = new BigUint64Array(count);
  const pageType = new Uint32Array(count);
  const members = new Uint32Array(count);
  const alive = new Uint8Array(count);
  const x = new Float32Array(count);
  const y = new Float32Array(count);
  const width = new Float32Array(count);
  const height = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    const drawn = nodes[at]!;
    if (drawn >= 0) {
      const life = slotLife.data[drawn]!;
      node[at] = ids.id(drawn);
      pageType[at] = life === NONE ? NONE : lives.type.data[life]!;
      members[at] = 1;
      alive[at] = aliveFlags[drawn]!;
      x[at] = arrangement.x[drawn]!;
      y[at] = arrangement.y[drawn]!;
      width[at] = NODE_WIDTH;
      height[at] = NODE_HEIGHT;
      continue;
    }
    const isFrame = drawn <= FRAME;
    const number = isFrame ? FRAME - drawn : -1 - drawn;
    const cluster = model.clusters[number]!;
    const box = arrangement.boxes[number]!;
    nodeKind[at] = isFrame ? 2 : 1;
    node[at] = BigInt(number);
    pageType[at] = cluster.type;
    for (let member = cluster.from; member < cluster.to; member++)
      members[at]! += aliveFlags[model.members[member]!]!;
    alive[at] = members[at]! > 0 ? 1 : 0;
    x[at] = box.x;
    y[at] = box.y;
    width[at] = box.width;
    height[at] = box.height;
  }
  return { nodeKind, node, pageType, members, alive, x, y, width, height };
}

/** Edges between drawn nodes; all that join the same two clusters (or frames) the same way are one. */
function* collectEdges(tables: IndexTables, model: GraphModel, nodes: Int32Array, { dead, lsn }: Params) {
  const { edgeFrom, edgeTo, pairOf, pairFrom, pairTo, pairType } = model;
  const nodeOfSlot = new Int32Array(model.pages).fill(NO_NODE);
  const nodeOfCluster = new Int32Array(model.clusters.length).fill(NO_NODE);
  for (const [at, drawn] of nodes.entries()) {
    if (drawn >= 0) nodeOfSlot[drawn] = at;
    else nodeOfCluster[drawn <= FRAME ? FRAME - drawn : -1 - drawn] = at;
  }
  const pairEdges = new Uint32Array(pairFrom.length);
  const pairAlive = new Uint32Array(pairFrom.length);
  const merged = new Map<number, number>();
  const from: number[] = [];
  const to: number[] = [];
  const counts: number[] = [];
  const types: number[] = [];
  const alive: number[] = [];
  const add = (a: number, b: number, type: number, count: number, stands: number) => {
    const key = (a * nodes.length + b) * 2 + type;
    const known = merged.get(key);
    if (known !== undefined) {
      counts[known]! += count;
      alive[known]! |= stands;
    } else if (from.length < MAX_EDGES) {
      merged.set(key, from.length);
      from.push(a);
      to.push(b);
      types.push(type);
      counts.push(count);
      alive.push(stands);
    }
  };
  let total = 0;
  for (let row = 0; row < edgeFrom.length; row++) {
    if (row % STEPS_A_SLICE === STEPS_A_SLICE - 1) yield undefined;
    if (edgeFrom[row] === NONE) continue;
    const stands = edgeStands(tables, row, lsn);
    if (stands) total++;
    else if (!dead) continue;
    const a = nodeOfSlot[edgeFrom[row]!]!;
    const b = nodeOfSlot[edgeTo[row]!]!;
    if (a !== NO_NODE && b !== NO_NODE) add(a, b, tables.edges.type.data[row]!, 1, stands ? 1 : 0);
    else {
      // A page and a closed cluster: thousands of such lines would hide everything, so the frame stands for its pages.
      pairEdges[pairOf[row]!]!++;
      if (stands) pairAlive[pairOf[row]!]!++;
    }
  }
  for (let pair = 0; pair < pairFrom.length; pair++) {
    const left = nodeOfCluster[pairFrom[pair]!]!;
    const right = nodeOfCluster[pairTo[pair]!]!;
    if (pairEdges[pair] === 0 || left === NO_NODE || right === NO_NODE || left === right) continue;
    add(left, right, pairType[pair]!, pairEdges[pair]!, pairAlive[pair]! > 0 ? 1 : 0);
  }
  return {
    total,
    columns: {
      edgeFrom: Uint32Array.from(from),
      edgeTo: Uint32Array.from(to),
      edgeCount: Uint32Array.from(counts),
      edgeType: Uint8Array.from(types),
      edgeAlive: Uint8Array.from(alive),
    },
  };
}
