import { fail, ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { IndexTables } from "../../log/index/index-tables.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import type { GraphModel } from "./graph-model.ts";
import { neighbourhood } from "./neighbourhood.ts";

const STEPS_A_SLICE = 32_768;
/** Most edges in one reply: beyond it the picture is a blot, and a reply must fit a frame. */
const MAX_EDGES = 200_000;
const NO_NODE = -1;

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
  const chosen = yield* chooseNodes(tables, model, params, alive.flags);
  if (!chosen.ok) return chosen;
  const nodes = nodeColumns(tables, model, chosen.value.nodes, alive.flags);
  const edges = yield* collectEdges(tables, model, chosen.value.nodes, params);
  return ok({
    result: {
      totalPages: alive.count,
      totalEdges: edges.total,
      clustered: model.isClustered && params.focus === undefined,
      omittedNodes: chosen.value.omitted,
      bounds: model.bounds,
    },
    columns: { ...nodes, ...edges.columns },
  });
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

/** What is drawn: a page by its slot, a cluster by -1 - its number. */
interface Chosen {
  readonly nodes: Int32Array;
  readonly omitted: number;
}

function* chooseNodes(
  tables: IndexTables,
  model: GraphModel,
  { focus, expanded, dead, lsn, maxNodes }: Params,
  alive: Uint8Array,
): Sliced<Result<Chosen>> {
  const limit = Math.min(maxNodes, LIMITS.graphNodes);
  if (focus !== undefined) {
    const slot = tables.ids.find(Number(focus.page & 0xffff_ffffn), Number(focus.page >> 32n));
    if (slot < 0 || slot >= model.pages) {
      return fail("PAGE_UNKNOWN", "the recording has no such page", "Choose one of its pages", {
        pageId: focus.page,
      });
    }
    const near = yield* neighbourhood(
      model,
      [slot],
      focus.direction,
      focus.hops,
      (row) => dead || edgeStands(tables, row, lsn),
    );
    const wanted = near.slots.filter((page) => dead || alive[page] === 1 || page === slot);
    return ok({
      nodes: Int32Array.from(wanted.subarray(0, limit)),
      omitted: Math.max(0, wanted.length - limit),
    });
  }
  const open = new Set(model.isClustered ? expanded : model.clusters.keys());
  const nodes: number[] = [];
  let omitted = 0;
  for (const [number, cluster] of model.clusters.entries()) {
    if (!open.has(number)) {
      if (!dead && !hasAlive(model, cluster, alive)) continue;
      if (nodes.length < limit) nodes.push(-1 - number);
      else omitted++;
      continue;
    }
    for (let at = cluster.from; at < cluster.to; at++) {
      const slot = model.members[at]!;
      if (!dead && alive[slot] === 0) continue;
      if (nodes.length < limit) nodes.push(slot);
      else omitted++;
    }
    yield;
  }
  return ok({ nodes: Int32Array.from(nodes), omitted });
}

function hasAlive(model: GraphModel, { from, to }: { from: number; to: number }, alive: Uint8Array): boolean {
  for (let at = from; at < to; at++) if (alive[model.members[at]!] === 1) return true;
  return false;
}

function nodeColumns(
  { ids, slotLife, lives }: IndexTables,
  model: GraphModel,
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
  for (let at = 0; at < count; at++) {
    const drawn = nodes[at]!;
    if (drawn >= 0) {
      const life = slotLife.data[drawn]!;
      node[at] = ids.id(drawn);
      pageType[at] = life === NONE ? NONE : lives.type.data[life]!;
      members[at] = 1;
      alive[at] = aliveFlags[drawn]!;
      x[at] = model.x[drawn]!;
      y[at] = model.y[drawn]!;
      continue;
    }
    const number = -1 - drawn;
    const cluster = model.clusters[number]!;
    nodeKind[at] = 1;
    node[at] = BigInt(number);
    pageType[at] = cluster.type;
    for (let member = cluster.from; member < cluster.to; member++)
      members[at]! += aliveFlags[model.members[member]!]!;
    alive[at] = members[at]! > 0 ? 1 : 0;
    x[at] = cluster.x;
    y[at] = cluster.y;
  }
  return { nodeKind, node, pageType, members, alive, x, y };
}

/** Edges between drawn nodes; all that join the same two nodes the same way are one. */
function* collectEdges(tables: IndexTables, model: GraphModel, nodes: Int32Array, { dead, lsn }: Params) {
  const { edgeFrom, edgeTo, clusterOf, pairOf, pairFrom, pairTo, pairType } = model;
  const nodeOfSlot = new Int32Array(model.pages).fill(NO_NODE);
  const nodeOfCluster = new Int32Array(model.clusters.length).fill(NO_NODE);
  for (const [at, drawn] of nodes.entries()) {
    if (drawn >= 0) nodeOfSlot[drawn] = at;
    else nodeOfCluster[-1 - drawn] = at;
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
    if (a === NO_NODE && b === NO_NODE) {
      pairEdges[pairOf[row]!]!++;
      if (stands) pairAlive[pairOf[row]!]!++;
      continue;
    }
    const left = a === NO_NODE ? nodeOfCluster[clusterOf[edgeFrom[row]!]!]! : a;
    const right = b === NO_NODE ? nodeOfCluster[clusterOf[edgeTo[row]!]!]! : b;
    if (left !== NO_NODE && right !== NO_NODE)
      add(left, right, tables.edges.type.data[row]!, 1, stands ? 1 : 0);
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
