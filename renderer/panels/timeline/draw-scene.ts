import type { Bookmark } from "../../../engine/protocol/requests/recordings.ts";
import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext, Size } from "../../canvas/use-canvas.ts";
import type { Scale } from "../../canvas/viewport.ts";
import type { TimelineAxis, TimelineData } from "./axis.ts";
import { drawDeltas, drawEvents, drawTransactionDensity } from "./draw-density.ts";
import { drawLanes, type LaneData } from "./draw-lanes.ts";
import { drawBookmarks, drawFailures, drawGaps, drawMarks, drawTransactions } from "./draw-marks.ts";
import { drawGrid, drawRuler } from "./draw-ruler.ts";
import { drawWaves } from "./draw-waves.ts";
import type { Track } from "./tracks.ts";

export interface Scene {
  readonly axis: TimelineAxis;
  readonly data: TimelineData | undefined;
  readonly lanes: LaneData | undefined;
  /** The lane at the top of the pages, with its fraction. */
  readonly firstLane: number;
  readonly scale: Scale;
  readonly tracks: readonly Track[];
  readonly bookmarks: readonly Bookmark[];
  readonly gaps: readonly { readonly fromLsn: number; readonly toLsn: number }[];
  readonly palette: Palette;
}

/** Everything that does not move with the cursor. */
export function drawScene(context: DrawContext, { width, height }: Size, scene: Scene): void {
  const { axis, data, scale, palette, tracks } = scene;
  context.fillStyle = palette.lane;
  for (const track of tracks) context.fillRect(0, track.top, width, track.height);
  drawGrid(context, axis, scale, palette, height);
  drawRuler(context, axis, scale, palette, 0);
  for (const track of tracks) {
    if (track.id === "bookmarks") drawBookmarks(context, axis, data, scale, palette, track, scene.bookmarks);
    else if (track.id === "pages") {
      if (scene.lanes !== undefined) {
        drawLanes(context, axis, scene.lanes, scale, palette, track, scene.firstLane);
      }
    } else if (data !== undefined) drawDataTrack(context, data, track, scene);
  }
  drawGaps(context, axis, data, scale, palette, scene.gaps, height);
}

function drawDataTrack(
  context: DrawContext,
  data: TimelineData,
  track: Track,
  { axis, scale, palette }: Scene,
): void {
  if (track.id === "deltas") drawDeltas(context, data, scale, palette, track);
  else if (track.id === "events") drawEvents(context, data, scale, palette, track);
  else if (track.id === "marks") drawMarks(context, axis, data, scale, palette, track);
  else if (track.id === "failures") drawFailures(context, axis, data, scale, palette, track);
  else if (track.id === "waves") drawWaves(context, axis, data, scale, palette, track);
  else if (data.reply.result.transactionsListed) drawTransactions(context, axis, data, scale, palette, track);
  else drawTransactionDensity(context, data, scale, palette, track);
}
