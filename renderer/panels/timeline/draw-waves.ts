import { WAVE_STATE } from "../../../engine/protocol/requests/timeline.ts";
import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import type { Scale } from "../../canvas/viewport.ts";
import type { TimelineAxis, TimelineData } from "./axis.ts";
import { columnBox, visibleColumns } from "./draw-density.ts";
import { spanBox } from "./span-box.ts";
import type { Track } from "./tracks.ts";

/** Waves as boxes from begin to end; too many to be told apart as density. */
export function drawWaves(
  context: DrawContext,
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  if (!data.reply.result.wavesListed) {
    drawDensity(context, data, scale, palette, track);
    return;
  }
  const { waveState } = data.reply.columns;
  context.globalAlpha = 0.75;
  for (let row = 0; row < waveState.length; row++) {
    const { left, right } = waveBox(axis, data, scale, row);
    if (right < 0 || left > scale.widthPx) continue;
    context.fillStyle = colourOf(WAVE_STATE[waveState[row]!], palette);
    const width = right - left;
    context.fillRect(left, track.top + 3, Math.max(1.5, width - (width > 4 ? 1 : 0)), track.height - 6);
  }
  context.globalAlpha = 1;
}

function colourOf(state: (typeof WAVE_STATE)[number] | undefined, palette: Palette): string {
  if (state === "failed") return palette.danger;
  return state === "complete" ? palette.accent : palette.warn;
}

export function waveBox(
  axis: TimelineAxis,
  data: TimelineData,
  scale: Scale,
  row: number,
): { left: number; right: number } {
  const { waveBeginLsn, waveEndLsn, waveBeginTimeNs, waveEndTimeNs } = data.reply.columns;
  return spanBox(
    axis,
    scale,
    waveBeginLsn[row]!,
    waveEndLsn[row]!,
    waveBeginTimeNs[row]!,
    waveEndTimeNs[row]!,
  );
}

function drawDensity(
  context: DrawContext,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const { eventDensity } = data.reply.columns;
  const { columns, eventBands } = data.reply.result;
  const band = eventBands.findIndex(({ label }) => label === "wave-start");
  if (band < 0) return;
  const { first, end } = visibleColumns(data, scale);
  context.fillStyle = palette.accent;
  for (let column = first; column < end; column++) {
    const count = eventDensity[band * columns + column]!;
    if (count === 0) continue;
    const { x, width } = columnBox(data, column, scale);
    context.globalAlpha = Math.min(0.9, 0.25 + Math.log2(count + 1) / 12);
    context.fillRect(x, track.top + 3, width, track.height - 6);
  }
  context.globalAlpha = 1;
}
