import type { GraphNode } from "./graph-elements.ts";

export type Arrow = "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown";

const WAYS: Readonly<Record<Arrow, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Sideways distance counts twice: an arrow goes straight on before it turns. */
const SIDEWAYS = 2;

/** The node that an arrow key leads to from another: the nearest one in that half of the plane. Frames are no places to stand. */
export function nearestNode(
  nodes: Iterable<GraphNode>,
  from: { readonly x: number; readonly y: number },
  arrow: Arrow,
): GraphNode | undefined {
  const [wayX, wayY] = WAYS[arrow];
  let best: GraphNode | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    if (node.kind === "frame") continue;
    const dx = node.x - from.x;
    const dy = node.y - from.y;
    const ahead = dx * wayX + dy * wayY;
    if (ahead <= 0) continue;
    const cost = ahead + SIDEWAYS * Math.abs(dx * wayY + dy * wayX);
    if (cost < bestCost) {
      best = node;
      bestCost = cost;
    }
  }
  return best;
}
