import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import type { GraphPicture } from "./graph-elements.ts";

export type TouchedReply = ReplyOf<"graph.touched">;

/** How an element is lit: the names of its classes. */
export type Lights = ReadonlyMap<string, string>;

/** Distances that can be told apart: 1, 2, and everything beyond. */
const DISTANCES = 3;

/** Which elements of a picture light up: what the record touches, what lies downstream, what was written there or failed. */
export function lightsOf({ columns }: TouchedReply, picture: GraphPicture): Lights {
  const lights = new Map<string, string>();
  const { page, distance, written, failed, cutOff } = columns;
  for (let at = 0; at < page.length; at++) {
    const id = `p${page[at]}`;
    if (picture.nodes.has(id))
      lights.set(id, nodeClasses(distance[at]!, written[at] === 1, FAILURES[failed[at]!], cutOff[at] === 1));
  }
  const { cluster, clusterDistance, clusterWritten, clusterFailed, clusterCutOff } = columns;
  const distances = new Map<string, number>();
  for (let at = 0; at < cluster.length; at++) {
    const id = `c${cluster[at]}`;
    if (!picture.nodes.has(id)) continue;
    distances.set(id, clusterDistance[at]!);
    const failure = clusterFailed[at]! > 0 ? "failed" : undefined;
    const isCutOff = clusterCutOff[at]! > 0 && clusterWritten[at]! === 0;
    lights.set(id, nodeClasses(clusterDistance[at]!, clusterWritten[at]! > 0, failure, isCutOff));
  }
  for (const { id, source, target } of picture.edges.values()) {
    if (!lights.has(source) || !lights.has(target)) continue;
    // Clusters depend on each other every way: only the ways that lead on from one to the next are lit.
    const from = distances.get(source);
    const to = distances.get(target);
    if (from === undefined || to === undefined || to === from + 1) lights.set(id, "lit");
  }
  return lights;
}

/** By the column `failed`. */
const FAILURES: readonly (string | undefined)[] = [undefined, "failed", "blocked"];

function nodeClasses(
  distance: number,
  isWritten: boolean,
  failure: string | undefined,
  isCutOff: boolean,
): string {
  const near = distance === 0 ? "touched" : `lit near-${Math.min(distance, DISTANCES)}`;
  if (failure !== undefined) return `${near} ${failure}`;
  if (isCutOff && !isWritten) return `${near} cut-off`;
  // Nothing of the change came this far: its inputs came out equal, or it is computed elsewhere.
  return distance > 0 && !isWritten ? `${near} unwritten` : near;
}

/** What a page's light says, in words; undefined where it is dark. */
export function lightText(classes: string | undefined): string | undefined {
  if (classes === undefined) return undefined;
  if (classes.includes("failed")) return "its recompute failed here";
  if (classes.includes("blocked")) return "not computed: something above it failed";
  if (classes.includes("touched")) return "touched by the record at the cursor";
  if (classes.includes("cut-off")) return "cut off: recomputed to the bytes that it had";
  return classes.includes("unwritten")
    ? "downstream of the record, not rewritten by it"
    : "downstream of the record, rewritten there";
}

/** Elements whose light is another than before, with what it is now (empty = dark). */
export function changedLights(before: Lights, after: Lights): Map<string, string> {
  const changed = new Map<string, string>();
  for (const id of before.keys()) if (!after.has(id)) changed.set(id, "");
  for (const [id, classes] of after) if (before.get(id) !== classes) changed.set(id, classes);
  return changed;
}

/** Groups, frames and the ways between them: what `draw-groups.ts` lights. */
export function isGroup(id: string): boolean {
  return !id.startsWith("p");
}
