import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import { pageTypeSlot } from "../../client/page-name.tsx";
import type { Span } from "../../state/timeline-store.ts";
import { elapsed, type TimelineAxis } from "./axis.ts";
import { LANE_PX, type Track } from "./tracks.ts";

export interface LaneData {
  readonly span: Span;
  readonly reply: ReplyOf<"timeline.lanes">;
}

/** Lives of pages: a pale bar from creation to destruction, stronger where it was written more. `firstLane` is the lane at the top. */
export function drawLanes(
  context: DrawContext,
  axis: TimelineAxis,
  lanes: LaneData,
  scale: Scale,
  palette: Palette,
  track: Track,
  firstLane: number,
): void {
  const { result, columns } = lanes.reply;
  const width = (lanes.span.to - lanes.span.from) / result.columns;
  const perValue = result.columns / (lanes.span.to - lanes.span.from);
  const first = Math.max(0, Math.floor((scale.span.from - lanes.span.from) * perValue));
  const end = Math.min(result.columns, Math.ceil((scale.span.to - lanes.span.from) * perValue));
  context.save();
  context.beginPath();
  context.rect(0, track.top, scale.widthPx, track.height);
  context.clip();
  for (let row = 0; row < columns.page.length; row++) {
    const top = track.top + (result.firstLane + row - firstLane) * LANE_PX;
    if (top + LANE_PX <= track.top || top >= track.top + track.height) continue;
    const { left, right } = lifetime(axis, lanes, scale, row);
    context.fillStyle = palette.categories[pageTypeSlot(columns.pageType[row]!)]!;
    context.globalAlpha = 0.2;
    context.fillRect(left, top + 2, Math.max(1, right - left), LANE_PX - 4);
    for (let column = first; column < end; column++) {
      const count = columns.activity[row * result.columns + column]!;
      if (count === 0) continue;
      const x = Math.round(xOf(lanes.span.from + column * width, scale));
      const next = Math.round(xOf(lanes.span.from + (column + 1) * width, scale));
      context.globalAlpha = Math.min(1, 0.55 + Math.log2(count) / 9);
      context.fillRect(x, top + 2, Math.max(1, next - x - (next - x >= 5 ? 1 : 0)), LANE_PX - 4);
    }
    context.globalAlpha = 1;
  }
  context.restore();
}

function lifetime(
  axis: TimelineAxis,
  lanes: LaneData,
  scale: Scale,
  row: number,
): { left: number; right: number } {
  const { createdLsn, destroyedLsn, createdTimeNs, destroyedTimeNs } = lanes.reply.columns;
  const alive = destroyedLsn[row] === 0;
  const from = axis.kind === "lsn" ? createdLsn[row]! : elapsed(axis, createdTimeNs[row]!);
  const to = alive
    ? axis.bounds.to
    : axis.kind === "lsn"
      ? destroyedLsn[row]!
      : elapsed(axis, destroyedTimeNs[row]!);
  return {
    left: Math.max(-2, xOf(Math.max(axis.bounds.from, from), scale)),
    right: Math.min(scale.widthPx + 2, xOf(to, scale)),
  };
}
