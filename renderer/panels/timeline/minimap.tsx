// What the minimap does, keys and buttons do too (W, S, A, D, 0): it needs no focus of its own. A canvas cannot take the focus either.
// biome-ignore-all lint/a11y/noStaticElementInteractions: see above
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: see above
import { type JSX, memo, type PointerEvent, useCallback, useRef } from "react";
import type { Palette } from "../../canvas/colours.ts";
import { type Draw, useSize, useStillCanvas } from "../../canvas/use-canvas.ts";
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
  useStillCanvas(base, size, drawBase);

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
      <MinimapView axis={axis} view={view} widthPx={size.width} />
      <MinimapPlayhead axis={axis} data={data} widthPx={size.width} />
    </div>
  );
});

/** The part in view: a frame with a grip at either edge; what lies outside is veiled. */
function MinimapView({
  axis,
  view,
  widthPx,
}: {
  readonly axis: TimelineAxis;
  readonly view: Span;
  readonly widthPx: number;
}): JSX.Element {
  const scale = { span: axis.bounds, widthPx };
  const left = xOf(view.from, scale);
  const right = Math.max(left + 2, xOf(view.to, scale));
  const isWhole = right - left >= widthPx - 1;
  return (
    <>
      {!isWhole && <div className="timeline__map-veil" style={{ left: 0, width: left }} />}
      {!isWhole && <div className="timeline__map-veil" style={{ left: right, right: 0 }} />}
      <div className="timeline__map-view" style={{ left, width: right - left }} />
    </>
  );
}

function MinimapPlayhead({
  axis,
  data,
  widthPx,
}: {
  readonly axis: TimelineAxis;
  readonly data: TimelineData | undefined;
  readonly widthPx: number;
}): JSX.Element {
  const ref = useRef<HTMLDivElement>(null);
  const place = useCallback(
    (value: number) => {
      const x = Math.round(xOf(value, { span: axis.bounds, widthPx }));
      if (ref.current !== null) ref.current.style.backgroundPosition = `${x - 1}px 0`;
    },
    [axis, widthPx],
  );
  usePlayhead(axis, data, data, place);
  return <div ref={ref} className="timeline__map-playhead" />;
}
