import type { Palette } from "../../canvas/colours.ts";
import { niceStep, niceTimeStep, tickValues, timeTickLabel } from "../../canvas/ticks.ts";
import type { DrawContext, Size } from "../../canvas/use-canvas.ts";
import { xOf } from "../../canvas/viewport.ts";
import { formatCount } from "../../ui/format/count.ts";
import type { GpuAxis } from "./gpu-axis.ts";
import type { Track } from "./tracks.ts";

const TOP_PX = 6;
export const RULER_PX = 18;
const TICK_SPACE_PX = 90;

/** Bands upon one another, a column at a time; memory as an area, counts as bars. */
export function drawTrack(
  context: DrawContext,
  { width, height }: Size,
  track: Track,
  palette: Palette,
): void {
  const { bands, line, most } = track;
  const columns = bands[0]?.values.length ?? line?.values.length ?? 0;
  context.fillStyle = palette.lane;
  context.fillRect(0, 0, width, height);
  if (columns === 0 || most <= 0) return;
  const scale = (height - TOP_PX) / most;
  const xAt = (column: number) => (column * width) / columns;
  context.strokeStyle = palette.grid;
  context.lineWidth = 1;
  for (const share of [0.5, 1]) {
    const y = Math.round(height - share * (height - TOP_PX)) + 0.5;
    context.beginPath();
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }
  const base = new Float64Array(columns);
  for (const { colour, values } of bands) {
    context.fillStyle = colour;
    for (let column = 0; column < columns; column++) {
      const value = values[column]!;
      if (value <= 0) continue;
      const x = Math.floor(xAt(column));
      const top = height - (base[column]! + value) * scale;
      // Something is there: it is never thinner than a hair.
      const tall = Math.max(value * scale, base[column] === 0 ? 1 : 0);
      context.fillRect(x, Math.min(top, height - 1), Math.ceil(xAt(column + 1)) - x, tall);
      base[column]! += value;
    }
  }
  if (line === undefined) return;
  context.strokeStyle = palette["text-muted"];
  context.setLineDash([4, 3]);
  context.beginPath();
  let isDown = false;
  for (let column = 0; column < columns; column++) {
    const value = line.values[column]!;
    const y = Math.max(1, height - value * scale);
    if (value >= 0) {
      if (isDown) context.lineTo(xAt(column), y);
      else context.moveTo(xAt(column), y);
      context.lineTo(xAt(column + 1), y);
    }
    isDown = value >= 0;
  }
  context.stroke();
  context.setLineDash([]);
}

/** Times or LSNs below the tracks. */
export function drawRuler(context: DrawContext, { width }: Size, axis: GpuAxis, palette: Palette): void {
  const { from, to } = axis.view;
  const least = ((to - from) * TICK_SPACE_PX) / Math.max(1, width);
  const step = axis.kind === "lsn" ? niceStep(Math.max(1, least)) : niceTimeStep(least);
  context.font = `11px ${palette.fontUi}`;
  context.fillStyle = palette["text-faint"];
  context.strokeStyle = palette.border;
  for (const value of tickValues(from, to, step)) {
    const x = Math.round(xOf(value, { span: axis.view, widthPx: width })) + 0.5;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, 4);
    context.stroke();
    const label = axis.kind === "lsn" ? formatCount(value) : timeTickLabel(value, step);
    const half = context.measureText(label).width / 2;
    context.fillText(label, Math.min(Math.max(0, x - half), width - 2 * half), 14);
  }
}
