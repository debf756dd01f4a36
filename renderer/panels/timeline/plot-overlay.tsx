// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus
import { type JSX, useCallback, useMemo, useRef } from "react";
import { type Draw, type Size, useCanvas } from "../../canvas/use-canvas.ts";
import { revealInSpan, xOf } from "../../canvas/viewport.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { type TimelineAxis, type TimelineData, valueOfLsn } from "./axis.ts";
import { drawArea, drawFlows } from "./draw-overlay.ts";
import type { Scene } from "./draw-scene.ts";
import { describeHover } from "./hover.ts";
import { HoverCard } from "./hover-card.tsx";
import { usePlayhead } from "./playhead.ts";
import { usePointer } from "./pointer-store.ts";
import { LANE_PX, trackOf } from "./tracks.ts";
import { flowsOf, useFlowRecords } from "./use-flows.ts";
import { anchor } from "./view-actions.ts";

interface OverlayProps {
  readonly scene: Scene;
  readonly whole: TimelineData | undefined;
  readonly size: Size;
  /** A person drags the cursor: the view stays where it is. */
  readonly isScrubbing: () => boolean;
}

/**
 * What follows the cursor and the pointer. The playhead is the background of a box as large as the plot, which moves in it: no box moves,
 * so neither layout nor layers change. The canvas is drawn anew when the arrows or the marked area change, not while scrubbing.
 */
export function PlotOverlay({ scene, whole, size, isScrubbing }: OverlayProps): JSX.Element {
  return (
    <>
      <SelectedLane scene={scene} />
      <Arrows scene={scene} whole={whole} size={size} />
      <Playhead scene={scene} whole={whole} size={size} isScrubbing={isScrubbing} />
      <Pointer scene={scene} size={size} />
    </>
  );
}

/** Far out of sight. */
const AWAY_PX = -100;

function Playhead({ scene, whole, size, isScrubbing }: OverlayProps): JSX.Element {
  const { axis, data, scale } = scene;
  const line = useRef<HTMLDivElement>(null);
  const cell = useRef<HTMLDivElement>(null);
  const cellPx = axis.kind === "lsn" ? size.width / (scale.span.to - scale.span.from) : 0;
  // Only a cursor that moved is brought in sight: a person may look elsewhere.
  const lastLsn = useRef(useCursor.getState().lsn);
  const place = useCallback(
    (playhead: number, lsn: number) => {
      const hasMoved = lsn !== lastLsn.current;
      lastLsn.current = lsn;
      anchor.playhead = playhead;
      const exact = xOf(playhead, scale);
      const x = exact < -8 || exact > size.width + 8 ? AWAY_PX : Math.round(exact);
      if (line.current !== null) line.current.style.backgroundPosition = `${x - 5}px 0, ${x - 1}px 0`;
      if (cell.current !== null) cell.current.style.backgroundPosition = `${exact - cellPx / 2}px 0`;
      const { view: now, setView } = useTimeline.getState();
      if (!hasMoved || isScrubbing() || now === undefined) return;
      const next = revealInSpan(now, playhead, axis.bounds);
      if (next !== now) setView(next);
    },
    [axis, scale, size.width, cellPx, isScrubbing],
  );
  usePlayhead(axis, data, whole, place);
  return (
    <>
      {cellPx > 3 && (
        <div ref={cell} className="timeline__cell" style={{ backgroundSize: `${cellPx}px 100%` }} />
      )}
      <div ref={line} className="timeline__playhead" />
    </>
  );
}

/** The selected page's lane, over the lanes and not part of their picture: it changes with every record that is about another page. */
function SelectedLane({ scene }: { readonly scene: Scene }): JSX.Element | null {
  const { lanes, tracks, firstLane } = scene;
  const page = useSelection((state) => state.page);
  const track = trackOf(tracks, "pages");
  const row = page === undefined || lanes === undefined ? -1 : lanes.reply.columns.page.indexOf(page);
  if (row < 0 || track === undefined || lanes === undefined) return null;
  const top = (lanes.reply.result.firstLane + row - firstLane) * LANE_PX;
  if (top <= -LANE_PX || top >= track.height) return null;
  const cut = Math.max(0, -top);
  const height = Math.min(LANE_PX, track.height - top) - cut;
  return (
    <div
      className="timeline__selected-lane"
      style={{ height, transform: `translateY(${track.top + top + cut}px)` }}
    />
  );
}

function Pointer({ scene, size }: { readonly scene: Scene; readonly size: Size }): JSX.Element | null {
  const at = usePointer((state) => state.at);
  const recording = useRecording();
  const { data } = scene;
  const hover =
    at === undefined || data === undefined
      ? undefined
      : describeHover({ ...scene, data, recording }, at.x, at.y);
  if (at === undefined) return null;
  return (
    <>
      <div className="timeline__pointer" style={{ transform: `translateX(${Math.round(at.x)}px)` }} />
      {hover !== undefined && <HoverCard info={hover} x={at.x} y={at.y} widthPx={size.width} />}
    </>
  );
}

function Arrows({
  scene,
  whole,
  size,
}: {
  readonly scene: Scene;
  readonly whole: TimelineData | undefined;
  readonly size: Size;
}): JSX.Element {
  const { axis, scale, palette } = scene;
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const area = useTimeline((state) => state.area);
  const records = useFlowRecords();
  const flows = useMemo(() => (records === undefined ? [] : flowsOf(records, scene)), [records, scene]);
  const draw = useCallback<Draw>(
    (context, { width, height }) => {
      const span = area === undefined ? undefined : areaOnAxis(area, axis, whole);
      if (span !== undefined) drawArea(context, span, scale, palette, height);
      drawFlows(context, flows, palette, width);
    },
    [area, axis, whole, scale, palette, flows],
  );
  useCanvas(canvasRef, size, draw);
  // A canvas that is shown costs every frame a little, empty or not.
  return <canvas ref={canvasRef} aria-hidden="true" hidden={flows.length === 0 && area === undefined} />;
}

function areaOnAxis(area: Span, axis: TimelineAxis, data: TimelineData | undefined): Span | undefined {
  if (axis.kind === "lsn") return area;
  const from = valueOfLsn(axis, area.from, data);
  const to = valueOfLsn(axis, area.to, data);
  return from === undefined || to === undefined ? undefined : { from, to };
}
