import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { pageTypeSlot } from "../../client/page-name.tsx";
import { formatCount } from "../../ui/format/count.ts";
import { shortenEnd, shortenId } from "../../ui/format/ids.ts";

export type GraphReply = ReplyOf<"graph.view">;

export type NodeKind = "page" | "cluster" | "frame";
const NODE_KINDS: readonly NodeKind[] = ["page", "cluster", "frame"];
const PREFIX: Readonly<Record<NodeKind, string>> = { page: "p", cluster: "c", frame: "f" };

export interface GraphNode {
  /** Of the element: `p17` a page, `c3` a cluster, `f3` the frame of an expanded one. */
  readonly id: string;
  readonly kind: NodeKind;
  /** Page id or cluster number. */
  readonly number: bigint;
  readonly typeName: string;
  /** Slot of the palette. */
  readonly slot: number;
  readonly members: number;
  readonly label: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface GraphEdge {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly isControl: boolean;
  /** Dependencies that it stands for. */
  readonly count: number;
}

export interface GraphPicture {
  readonly nodes: ReadonlyMap<string, GraphNode>;
  readonly edges: ReadonlyMap<string, GraphEdge>;
}

/** Letters of a type's name that fit into a node. */
const TYPE_LETTERS = 17;

/** What is drawn, from the columns of a reply. Two replies about the same thing give equal ids, so that the difference can be told. */
export function pictureOf({ columns }: GraphReply, typeName: (pageType: number) => string): GraphPicture {
  const { nodeKind, node, pageType, members, x, y, width, height } = columns;
  const nodes = new Map<string, GraphNode>();
  const ids: string[] = [];
  for (let at = 0; at < node.length; at++) {
    const kind = NODE_KINDS[nodeKind[at]!] ?? "page";
    const id = `${PREFIX[kind]}${node[at]}`;
    ids.push(id);
    const name = typeName(pageType[at]!);
    nodes.set(id, {
      id,
      kind,
      number: node[at]!,
      typeName: name,
      slot: pageTypeSlot(pageType[at]!),
      members: members[at]!,
      label: labelOf(kind, node[at]!, name, members[at]!),
      x: x[at]!,
      y: y[at]!,
      width: width[at]!,
      height: height[at]!,
    });
  }
  const edges = new Map<string, GraphEdge>();
  const { edgeFrom, edgeTo, edgeCount, edgeType } = columns;
  for (let at = 0; at < edgeFrom.length; at++) {
    const source = ids[edgeFrom[at]!]!;
    const target = ids[edgeTo[at]!]!;
    const id = `${source}>${target}:${edgeType[at]}`;
    edges.set(id, { id, source, target, isControl: edgeType[at] === 1, count: edgeCount[at]! });
  }
  return { nodes, edges };
}

function labelOf(kind: NodeKind, number: bigint, typeName: string, members: number): string {
  if (kind === "page") return `${shortenId(number.toString(), 14)}\n${shortenEnd(typeName, TYPE_LETTERS)}`;
  const name = typeName === "" ? "no type" : typeName;
  return kind === "cluster" ? `${name}\n${formatCount(members)}` : `${name} · ${formatCount(members)}`;
}

export interface PictureChange {
  readonly removed: readonly string[];
  readonly addedNodes: readonly GraphNode[];
  readonly addedEdges: readonly GraphEdge[];
  /** Still there, but with another label, place or width. */
  readonly changedNodes: readonly GraphNode[];
  readonly changedEdges: readonly GraphEdge[];
}

/** What must be done to a picture to make another of it: while scrubbing next to nothing. */
export function differenceOf(before: GraphPicture, after: GraphPicture): PictureChange {
  const removed: string[] = [];
  for (const id of before.edges.keys()) if (!after.edges.has(id)) removed.push(id);
  for (const id of before.nodes.keys()) if (!after.nodes.has(id)) removed.push(id);
  const addedNodes: GraphNode[] = [];
  const changedNodes: GraphNode[] = [];
  for (const [id, node] of after.nodes) {
    const old = before.nodes.get(id);
    if (old === undefined) addedNodes.push(node);
    else if (
      old.label !== node.label ||
      old.x !== node.x ||
      old.y !== node.y ||
      old.width !== node.width ||
      old.height !== node.height ||
      old.slot !== node.slot
    )
      changedNodes.push(node);
  }
  const addedEdges: GraphEdge[] = [];
  const changedEdges: GraphEdge[] = [];
  for (const [id, edge] of after.edges) {
    const old = before.edges.get(id);
    if (old === undefined) addedEdges.push(edge);
    else if (old.count !== edge.count) changedEdges.push(edge);
  }
  return { removed, addedNodes, addedEdges, changedNodes, changedEdges };
}

export const NO_PICTURE: GraphPicture = { nodes: new Map(), edges: new Map() };
