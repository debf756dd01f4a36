import type { Sliced } from "../slice-scheduler.ts";
import type { GraphModel } from "./graph-model.ts";

const STEPS_A_SLICE = 16_384;

export interface Neighbourhood {
  /** Nearest first. */
  readonly slots: Uint32Array;
  /** Of each of them from the nearest start. */
  readonly distance: Uint32Array;
}

/** What is within so many dependencies of some pages, breadth first, along the edges that `stands` lets through. */
export function* neighbourhood(
  { pages, out, into }: GraphModel,
  starts: Iterable<number>,
  direction: "both" | "upstream" | "downstream",
  hops: number,
  stands: (edgeRow: number) => boolean,
): Sliced<Neighbourhood> {
  const seen = new Uint8Array(pages);
  const queue = new Uint32Array(pages);
  const distance = new Uint32Array(pages);
  let tail = 0;
  for (const slot of starts) {
    if (seen[slot] === 1) continue;
    seen[slot] = 1;
    queue[tail++] = slot;
  }
  const ways = direction === "both" ? [out, into] : [direction === "downstream" ? out : into];
  let steps = 0;
  for (let head = 0; head < tail; head++) {
    if (distance[head]! >= hops) break;
    for (const { start, neighbour, edge } of ways) {
      const slot = queue[head]!;
      for (let at = start[slot]!; at < start[slot + 1]!; at++) {
        if (++steps % STEPS_A_SLICE === 0) yield;
        const next = neighbour[at]!;
        if (seen[next] === 1 || !stands(edge[at]!)) continue;
        seen[next] = 1;
        distance[tail] = distance[head]! + 1;
        queue[tail++] = next;
      }
    }
  }
  return { slots: queue.subarray(0, tail), distance: distance.subarray(0, tail) };
}
