import type { Core, ElementDefinition } from "cytoscape";
import { differenceOf, type GraphEdge, type GraphNode, type GraphPicture } from "./graph-elements.ts";
import { changedLights, isGroup, type Lights } from "./graph-lights.ts";

/** Sizes that are meant in pixels of the screen, as the picture's units at a zoom. Pages keep theirs: there may be thousands. */
function zoomedData(node: GraphNode, zoom: number) {
  if (node.kind === "page") return { litBorder: 3, failedBorder: 6, outline: 3 };
  const px = 1 / zoom;
  return {
    border: 1.5 * px,
    radius: String(Math.min(node.height / 8, 6 * px)),
    litBorder: 3 * px,
    failedBorder: 5 * px,
    outline: 2 * px,
  };
}

function nodeDefinition(node: GraphNode, zoom: number): ElementDefinition {
  const { id, kind, label, slot, x, y, width, height } = node;
  return {
    group: "nodes",
    classes: `${kind} cat-${slot}`,
    position: { x, y },
    data: {
      id,
      width,
      height,
      ...(kind === "page" && { label, short: label.split("\n", 1)[0] }),
      ...zoomedData(node, zoom),
    },
    selectable: false,
    grabbable: false,
    pannable: kind === "frame",
  };
}

/** Dependencies drawn as one: thicker with their number, by its logarithm. */
function edgeWidth({ count, source }: GraphEdge, zoom: number): number {
  return !isGroup(source) ? 1.2 : (0.6 + Math.log10(count) * 0.5) / zoom;
}

function edgeDefinition(edge: GraphEdge, zoom: number): ElementDefinition {
  const { id, source, target, isControl } = edge;
  const isBetweenGroups = isGroup(source);
  return {
    group: "edges",
    classes: isBetweenGroups ? "between" : isControl ? "control" : "",
    data: { id, source, target, width: edgeWidth(edge, zoom) },
    selectable: false,
  };
}

/** Changes what is drawn by as little as needed. True where something did change. */
export function applyPicture(cy: Core, before: GraphPicture, after: GraphPicture): boolean {
  const change = differenceOf(before, after);
  const zoom = cy.zoom();
  const added = [
    ...change.addedNodes.map((node) => nodeDefinition(node, zoom)),
    ...change.addedEdges.map((edge) => edgeDefinition(edge, zoom)),
  ];
  if (added.length + change.removed.length + change.changedNodes.length + change.changedEdges.length === 0)
    return false;
  cy.batch(() => {
    if (change.removed.length > 0) {
      const gone = cy.collection();
      for (const id of change.removed) gone.merge(cy.getElementById(id));
      gone.remove();
    }
    for (const node of change.changedNodes) {
      const { position, data, classes } = nodeDefinition(node, zoom);
      const element = cy.getElementById(node.id);
      element.position(position!);
      element.data(data);
      element.classes(classes as string);
    }
    for (const edge of change.changedEdges) cy.getElementById(edge.id).data("width", edgeWidth(edge, zoom));
    if (added.length > 0) cy.add(added);
    markSmall(cy, after);
  });
  return true;
}

/** Below this zoom a page's two lines cannot be read. */
const SMALL_ZOOM = 0.55;
/** Among more pages ids in large letters would only be clutter, and cost. */
const MOST_SMALL = 300;

/** A few pages that are shown small say only their ids, larger. */
function markSmall(cy: Core, picture: GraphPicture): void {
  const isSmall = cy.zoom() < SMALL_ZOOM && picture.nodes.size <= MOST_SMALL;
  cy.nodes(".page").toggleClass("small", isSmall);
}

/** Everything that keeps its size on the screen follows the zoom. */
export function applyZoom(cy: Core, picture: GraphPicture): void {
  const zoom = cy.zoom();
  cy.batch(() => {
    markSmall(cy, picture);
    for (const node of picture.nodes.values())
      if (node.kind !== "page") cy.getElementById(node.id).data(zoomedData(node, zoom));
    for (const edge of picture.edges.values())
      if (isGroup(edge.source)) cy.getElementById(edge.id).data("width", edgeWidth(edge, zoom));
  });
}

const LIGHTS = "touched lit near-1 near-2 near-3 unwritten cut-off failed blocked";

/** Of pages and what joins them; groups are lit by `draw-groups.ts`. */
export function applyLights(cy: Core, before: Lights, after: Lights): void {
  const changed = [...changedLights(before, after)].filter(([id]) => !isGroup(id));
  if (changed.length === 0) return;
  cy.batch(() => {
    for (const [id, classes] of changed) {
      const element = cy.getElementById(id);
      element.removeClass(LIGHTS);
      if (classes !== "") element.addClass(classes);
    }
  });
}
