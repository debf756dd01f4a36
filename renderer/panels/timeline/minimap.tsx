// What the minimap does, keys and buttons do too (W, S, A, D, 0): it needs no focus of its own. A canvas cannot take the focus either.
// biome-ignore-all lint/a11y/noStaticElementInteractions: see above
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: see above
import { type JSX, memo, type PointerEvent, useCallback, useRef } from "react";
import type { Palette } from "../../canvas/colours.ts";
import { type Draw, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { clampSpan, valueAt, xOf } from "../../canvas/viewport.ts";
import type { Span } from "../../state/timeline-store.ts";
import type { TimelineAxis, TimelineData } from "./axis.ts";
import { drawDeltas } from "./draw-density.ts";
import { drawGaps } from "./draw-marks.ts";
import { usePlayhead } from "./playhead.ts";

export const MINIMAP_PX = 26;
/** How near an edge of the view a press must be to move that edge alone. */
const GRIP_PX = 6;

interface MinimapProps {
  readonly axis: TimelineAxis;
  readonly data: TimelineData | undefined;
  readonly view: Span;
  readonly palette: Palette;
  readonly gaps: readonly { readonly fromLsn: number; readonly toLsn: number }[];
  readonly onView: (view: Span) => void;
}

/** The whole recording in one strip, with the part in view; drag it, drag its edges, or press elsewhere to go there. */
export const Minimap = memo(function Minimap({
  axis,
  data,
  view,
  palette,
  gaps,
  onView,
}: MinimapProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const overlay = useRef<HTMLCanvasElement>(null);
  const size = useSize(box);
  const grab = useRef<{ part: "left" | "right" | "all"; offset: number }>(undefined);

  const drawBase = useCallback<Draw>(
    (context, { width, height }) => {
      if (data === undefined) return;
      const scale = { span: axis.bounds, widthPx: width };
      drawDeltas(context, data, scale, palette, { top: 2, height: height - 2 });
      drawGaps(context, axis, data, scale, palette, gaps, height);
    },
    [axis, data, palette, gaps],
  );
  useCanvas(base, size, drawBase);

  const drawOverlay = useCallback<Draw>(
    (context, { width, height }) => {
      const scale = { span: axis.bounds, widthPx: width };
      const left = xOf(view.from, scale);
      const right = Math.max(left + 2, xOf(view.to, scale));
      if (right - left < width - 1) {
        context.globalAlpha = 0.72;
        context.fillStyle = palette["bg-raised"];
        context.fillRect(0, 0, left, height);
        context.fillRect(right, 0, width - right, height);
        context.globalAlpha = 1;
      }
      context.strokeStyle = palette["border-strong"];
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, 0.5, right - left - 1, height - 1);
      context.fillStyle = palette["text-muted"];
      for (const x of [left, right - 3]) context.fillRect(x, height / 2 - 6, 3, 12);
    },
    [axis, view, palette],
  );
  useCanvas(overlay, size, drawOverlay);

  const pointedValue = (event: PointerEvent<HTMLElement>) => {
    const { left } = event.currentTarget.getBoundingClientRect();
    return valueAt(event.clientX - left, { span: axis.bounds, widthPx: size.width });
  };
  const follow = (event: PointerEvent<HTMLElement>) => {
    const held = grab.current;
    if (held === undefined) return;
    const value = pointedValue(event);
    if (held.part === "all") {
      const from = value - held.offset;
      onView(clampSpan({ from, to: from + view.to - view.from }, axis.bounds));
    } else if (held.part === "left") {
      onView(clampSpan({ from: Math.min(value, view.to - axis.shortest), to: view.to }, axis.bounds));
    } else
      onView(clampSpan({ from: view.from, to: Math.max(value, view.from + axis.shortest) }, axis.bounds));
  };
  return (
    <div
      ref={box}
      className="timeline__minimap"
      title="The whole recording: drag to choose the part in view, double-click for all of it"
      onDoubleClick={() => onView(axis.bounds)}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        const value = pointedValue(event);
        const grip = (GRIP_PX / Math.max(1, size.width)) * (axis.bounds.to - axis.bounds.from);
        const whole = view.to - view.from >= axis.bounds.to - axis.bounds.from;
        if (Math.abs(value - view.from) <= grip) grab.current = { part: "left", offset: 0 };
        else if (Math.abs(value - view.to) <= grip) grab.current = { part: "right", offset: 0 };
        else if (value > view.from && value < view.to && !whole)
          grab.current = { part: "all", offset: value - view.from };
        else grab.current = { part: "all", offset: (view.to - view.from) / 2 };
        event.currentTarget.setPointerCapture(event.pointerId);
        follow(event);
      }}
      onPointerMove={follow}
      onPointerUp={() => {
        grab.current = undefined;
      }}
      onPointerCancel={() => {
        grab.current = undefined;
      }}
    >
      <canvas ref={base} aria-hidden="true" />
      <canvas ref={overlay} aria-hidden="true" />
      <MinimapPlayhead axis={axis} data={data} widthPx={size.width} />
    </div>
  );
});

function MinimapPlayhead({
  axis,
  data,
  widthPx,
}: {
  readonly axis: TimelineAxis;
  readonly data: TimelineData | undefined;
  readonly widthPx: number;
}): JSX.Element {
  const playhead = usePlayhead(axis, data, data);
  const x = Math.round(xOf(playhead, { span: axis.bounds, widthPx }));
  return <div className="timeline__map-playhead" style={{ transform: `translateX(${x}px)` }} />;
}
