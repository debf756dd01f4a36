import type { Palette } from "../../canvas/colours.ts";
import { niceStep, niceTimeStep, tickValues, timeTickLabel } from "../../canvas/ticks.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import { formatCount } from "../../ui/format/count.ts";
import type { TimelineAxis } from "./axis.ts";

export const RULER_PX = 20;
const TICK_EVERY_PX = 110;

/** The axis: labels and short strokes. */
export function drawRuler(
  context: DrawContext,
  axis: TimelineAxis,
  scale: Scale,
  palette: Palette,
  top: number,
): void {
  const { ticks, label } = ruler(axis, scale);
  context.font = `500 11px ${palette.fontUi}`;
  context.fontVariantCaps = "normal";
  context.textBaseline = "middle";
  for (const value of ticks) {
    const x = Math.round(xOf(value, scale));
    context.fillStyle = palette["border-strong"];
    context.fillRect(x, top + RULER_PX - 5, 1, 5);
    const text = label(value);
    // Cut off, 18,000 would read as 18,00.
    if (x > scale.widthPx - TICK_EVERY_PX && x + 4 + context.measureText(text).width > scale.widthPx)
      continue;
    context.fillStyle = palette["text-muted"];
    context.fillText(text, x + 4, top + RULER_PX / 2);
  }
}

/** Faint lines below the ruler's strokes, behind everything. */
export function drawGrid(
  context: DrawContext,
  axis: TimelineAxis,
  scale: Scale,
  palette: Palette,
  heightPx: number,
): void {
  context.fillStyle = palette.grid;
  for (const value of ruler(axis, scale).ticks)
    context.fillRect(Math.round(xOf(value, scale)), 0, 1, heightPx);
}

function ruler(
  axis: TimelineAxis,
  { span, widthPx }: Scale,
): { ticks: number[]; label: (value: number) => string } {
  const least = ((span.to - span.from) / Math.max(1, widthPx)) * TICK_EVERY_PX;
  if (axis.kind === "lsn") {
    const step = Math.max(1, niceStep(least));
    return { ticks: tickValues(Math.max(1, span.from), span.to, step), label: formatCount };
  }
  const step = niceTimeStep(least);
  return { ticks: tickValues(span.from, span.to, step), label: (value) => timeTickLabel(value, step) };
}
