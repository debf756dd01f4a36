import type { Sliced } from "../slice-scheduler.ts";
import { layeredLayout } from "./layered-layout.ts";

/** What a page takes when drawn, and what is left free around it. */
export const NODE_WIDTH = 104;
export const NODE_HEIGHT = 36;
const NODE_GAP = 22;
const LAYER_GAP = 70;

/** From one page to the next inside the box of a cluster; room for the box's own name above. */
const MEMBER_PITCH_X = 118;
const MEMBER_PITCH_Y = 52;
const BOX_HEAD = 30;
const BOX_PADDING = 14;
/** Room for the name of a type that has one page only. */
const BOX_LEAST_WIDTH = 190;
/** Columns of boxes for each row of them: panels are wider than high. */
const BOX_ASPECT = 1.5;

/** A rectangle by its centre. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where every page and every cluster stands. */
export interface Arrangement {
  /** Centres of the pages. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** By cluster. */
  readonly boxes: readonly Box[];
  readonly bounds: Bounds;
}

export interface MemberRange {
  readonly from: number;
  readonly to: number;
}

/** Roots on the left, every page right of what it depends on. A cluster stands around its pages. */
export function* layeredArrangement(
  pages: number,
  from: Uint32Array,
  to: Uint32Array,
  ranges: readonly MemberRange[],
  members: Uint32Array,
): Sliced<Arrangement> {
  const { x, y } = yield* layeredLayout({
    nodes: pages,
    from,
    to,
    width: new Float32Array(pages).fill(NODE_WIDTH),
    height: new Float32Array(pages).fill(NODE_HEIGHT),
    nodeGap: NODE_GAP,
    layerGap: LAYER_GAP,
  });
  const boxes = ranges.map((range) => boxAround(members.subarray(range.from, range.to), x, y));
  return { x, y, boxes, bounds: boundsOf(boxes) };
}

/** A box for each cluster, the boxes in layers; inside each its pages column by column, so that levels go from left to right here too. */
export function* groupedArrangement(
  pages: number,
  ranges: readonly MemberRange[],
  members: Uint32Array,
  pairFrom: Uint32Array,
  pairTo: Uint32Array,
  level: Uint32Array,
): Sliced<Arrangement> {
  const rows = ranges.map(({ from, to }) =>
    Math.min(to - from, Math.max(1, Math.round(Math.sqrt(((to - from) * MEMBER_PITCH_X) / MEMBER_PITCH_Y)))),
  );
  const columns = ranges.map(({ from, to }, cluster) => Math.ceil((to - from) / rows[cluster]!));
  const width = Float32Array.from(columns, (count) =>
    Math.max(BOX_LEAST_WIDTH, count * MEMBER_PITCH_X + BOX_PADDING),
  );
  const height = Float32Array.from(rows, (count) => count * MEMBER_PITCH_Y + BOX_PADDING + BOX_HEAD);
  // Gaps that can be seen when the whole is: edges between boxes run there.
  const tall = Math.sqrt(height.reduce((sum, one) => sum + one * one, 0) / Math.max(1, height.length));
  const between = Uint32Array.from(pairFrom.keys()).filter((pair) => pairFrom[pair] !== pairTo[pair]);
  const laid = yield* layeredLayout({
    nodes: ranges.length,
    from: between.map((pair) => pairFrom[pair]!),
    to: between.map((pair) => pairTo[pair]!),
    width,
    height,
    nodeGap: Math.max(NODE_GAP, tall * 0.2),
    layerGap: Math.max(LAYER_GAP, tall * 0.35),
    level: boxLevels(ranges, members, level),
  });
  const x = new Float32Array(pages);
  const y = new Float32Array(pages);
  const boxes: Box[] = [];
  for (const [cluster, { from, to }] of ranges.entries()) {
    const box = {
      x: laid.x[cluster]!,
      y: laid.y[cluster]!,
      width: width[cluster]!,
      height: height[cluster]!,
    };
    boxes.push(box);
    const left = box.x - ((columns[cluster]! - 1) / 2) * MEMBER_PITCH_X;
    const top = box.y + BOX_HEAD / 2 - ((rows[cluster]! - 1) / 2) * MEMBER_PITCH_Y;
    for (let at = from; at < to; at++) {
      const place = at - from;
      x[members[at]!] = left + Math.floor(place / rows[cluster]!) * MEMBER_PITCH_X;
      y[members[at]!] = top + (place % rows[cluster]!) * MEMBER_PITCH_Y;
    }
    yield;
  }
  return { x, y, boxes, bounds: boundsOf(boxes) };
}

/**
 * Boxes in columns by the level that their pages have on average: boxes depend on each other both ways, so that the longest way from a
 * root says nothing.
 */
function boxLevels(ranges: readonly MemberRange[], members: Uint32Array, level: Uint32Array): Uint32Array {
  const mean = ranges.map(({ from, to }) => {
    let sum = 0;
    for (let at = from; at < to; at++) sum += level[members[at]!]!;
    return sum / (to - from);
  });
  const least = mean.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const span = mean.reduce((a, b) => Math.max(a, b), 0) - least;
  const columns = Math.ceil(Math.sqrt(ranges.length * BOX_ASPECT));
  const bucket = mean.map((value) => (span === 0 ? 0 : Math.round(((value - least) / span) * (columns - 1))));
  // Columns that nothing falls into are no columns.
  const used = [...new Set(bucket)].sort((a, b) => a - b);
  return Uint32Array.from(bucket, (value) => used.indexOf(value));
}

function boxAround(slots: Uint32Array, x: Float32Array, y: Float32Array): Box {
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  let top = Number.POSITIVE_INFINITY;
  let bottom = Number.NEGATIVE_INFINITY;
  for (const slot of slots) {
    left = Math.min(left, x[slot]! - NODE_WIDTH / 2);
    right = Math.max(right, x[slot]! + NODE_WIDTH / 2);
    top = Math.min(top, y[slot]! - NODE_HEIGHT / 2);
    bottom = Math.max(bottom, y[slot]! + NODE_HEIGHT / 2);
  }
  return { x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top };
}

function boundsOf(boxes: readonly Box[]): Bounds {
  const bounds = { left: 0, top: 0, right: 0, bottom: 0 };
  for (const [at, { x, y, width, height }] of boxes.entries()) {
    bounds.left = at === 0 ? x - width / 2 : Math.min(bounds.left, x - width / 2);
    bounds.right = at === 0 ? x + width / 2 : Math.max(bounds.right, x + width / 2);
    bounds.top = at === 0 ? y - height / 2 : Math.min(bounds.top, y - height / 2);
    bounds.bottom = at === 0 ? y + height / 2 : Math.max(bounds.bottom, y + height / 2);
  }
  return bounds;
}
