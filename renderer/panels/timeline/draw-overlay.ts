import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import type { Span } from "../../state/timeline-store.ts";

/** A record as the arrows see it. */
export interface FlowPlace {
  readonly x: number;
  readonly y: number;
}

export interface Flow {
  readonly from: FlowPlace;
  readonly to: FlowPlace;
  /** `cause`: towards the record at the cursor; `effect`: away from it. */
  readonly kind: "cause" | "effect";
}

/** The marked area; what is outside stays readable. */
export function drawArea(
  context: DrawContext,
  area: Span,
  scale: Scale,
  palette: Palette,
  heightPx: number,
): void {
  const left = xOf(area.from, scale);
  const width = Math.max(1, xOf(area.to, scale) - left);
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.14;
  context.fillRect(left, 0, width, heightPx);
  context.globalAlpha = 1;
  context.fillRect(left, 0, 1, heightPx);
  context.fillRect(left + width - 1, 0, 1, heightPx);
}

/** Arcs from cause to effect with a head at the effect. Ends out of sight stop at the edge. */
export function drawFlows(
  context: DrawContext,
  flows: readonly Flow[],
  palette: Palette,
  widthPx: number,
): void {
  context.lineWidth = 1.4;
  for (const { from, to, kind } of flows) {
    const colour = kind === "cause" ? palette.accent : palette.changed;
    const x0 = Math.min(widthPx + 4, Math.max(-4, from.x));
    const x1 = Math.min(widthPx + 4, Math.max(-4, to.x));
    const reach = Math.max(18, Math.abs(x1 - x0) / 2.4);
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x0, from.y);
    context.bezierCurveTo(x0 + reach, from.y, x1 - reach, to.y, x1, to.y);
    context.stroke();
    context.beginPath();
    context.moveTo(x1 + 1, to.y);
    context.lineTo(x1 - 6, to.y - 3.5);
    context.lineTo(x1 - 6, to.y + 3.5);
    context.fill();
    context.beginPath();
    context.arc(x0, from.y, 2.4, 0, Math.PI * 2);
    context.fill();
  }
}
