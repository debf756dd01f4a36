// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus; the slider around it can
import { type JSX, type KeyboardEvent, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { usePalette } from "../../canvas/colours.ts";
import { type Draw, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { revealInSpan, type Scale, valueAt, xOf } from "../../canvas/viewport.ts";
import { useCursorRecord } from "../../client/cursor-record.tsx";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { useStore } from "../../state/external-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { Empty } from "../../ui/states.tsx";
import { useVirtualRows } from "../../ui/use-virtual-rows.ts";
import { AreaBar } from "./area-bar.tsx";
import { elapsed, lsnAtValue, timelineAxis, valueOfLsn } from "./axis.ts";
import { drawArea, drawFlows, drawHoverLine, drawPlayhead } from "./draw-overlay.ts";
import { RULER_PX } from "./draw-ruler.ts";
import { drawScene, type Scene } from "./draw-scene.ts";
import { describeHover } from "./hover.ts";
import { HoverCard } from "./hover-card.tsx";
import { LaneLabels } from "./lane-labels.tsx";
import { MINIMAP_PX, Minimap } from "./minimap.tsx";
import { TimelineBar } from "./timeline-bar.tsx";
import { LANE_PX, layoutTracks, TRACK_TITLES, type TrackId, trackOf } from "./tracks.ts";
import { flowsOf, useFlowRecords } from "./use-flows.ts";
import { useLanes, useTimelineView } from "./use-timeline-data.ts";
import { useTimelinePointer } from "./use-timeline-pointer.ts";
import { anchor, wholeIsUndefined } from "./view-actions.ts";
import "./timeline.css";

export function TimelinePanel(): JSX.Element {
  const recording = useRecording();
  if (recording.lastLsn < recording.firstLsn) {
    return (
      <Empty icon="timeline" title="No records">
        This recording is empty: nothing happened in it yet.
      </Empty>
    );
  }
  return <Timeline />;
}

function Timeline(): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const palette = usePalette();
  const plotRef = useRef<HTMLDivElement>(null);
  const baseRef = useRef<HTMLCanvasElement>(null);
  const overlayRef = useRef<HTMLCanvasElement>(null);
  const size = useSize(plotRef);
  const [pointer, setPointer] = useState<{ x: number; y: number }>();

  const hasTime = recording.firstTimestampNs !== recording.lastTimestampNs;
  const axisKind = usePreferences((state) => state.axis);
  const axis = useMemo(
    () => timelineAxis(hasTime ? axisKind : "lsn", recording),
    [axisKind, hasTime, recording],
  );
  const hidden = usePreferences((state) => state.hiddenTracks) as readonly TrackId[];
  const laneOrder = usePreferences((state) => state.laneOrder);
  const chosenView = useTimeline((state) => state.view);
  const area = useTimeline((state) => state.area);
  const lsn = useCursor((state) => state.lsn);
  const selectedPage = useSelection((state) => state.page);
  const bookmarks = useStore(studio.bookmarks, (state) => state.bookmarks);

  // A view belongs to its axis.
  const lastAxis = useRef(axis.kind);
  useEffect(() => {
    if (lastAxis.current !== axis.kind) useTimeline.getState().setView(undefined);
    lastAxis.current = axis.kind;
  }, [axis.kind]);

  const view = chosenView !== undefined && lastAxis.current === axis.kind ? chosenView : axis.bounds;
  const scale = useMemo<Scale>(() => ({ span: view, widthPx: Math.max(1, size.width) }), [view, size.width]);
  const { data } = useTimelineView(axis, view, size.width);
  const whole = useTimelineView(axis, axis.bounds, size.width);
  const tracks = useMemo(
    () =>
      layoutTracks(size.height - RULER_PX, hidden, recording.eventTypes.length).map((track) => ({
        ...track,
        top: track.top + RULER_PX,
      })),
    [size.height, hidden, recording.eventTypes.length],
  );
  const pagesTrack = trackOf(tracks, "pages");
  const rows = useVirtualRows(recording.counts.pages, LANE_PX, 0);
  const lanes = useLanes(
    axis,
    view,
    size.width,
    laneOrder,
    Math.floor(rows.top),
    Math.ceil((pagesTrack?.height ?? 0) / LANE_PX) + 1,
  );

  const scene = useMemo<Scene>(
    () => ({
      axis,
      data,
      lanes: lanes.data,
      firstLane: rows.top,
      scale,
      tracks,
      bookmarks,
      gaps: recording.gaps,
      palette,
      selectedPage,
    }),
    [axis, data, lanes.data, rows.top, scale, tracks, bookmarks, recording.gaps, palette, selectedPage],
  );
  useCanvas(
    baseRef,
    size,
    useCallback<Draw>((context, drawn) => drawScene(context, drawn, scene), [scene]),
  );

  const record = useCursorRecord().data?.result;
  const exact =
    axis.kind === "time" && record?.record.lsn === lsn ? elapsed(axis, record.record.timestampNs) : undefined;
  const playhead =
    exact ?? valueOfLsn(axis, lsn, data) ?? valueOfLsn(axis, lsn, whole.data) ?? axis.bounds.from;
  anchor.playhead = playhead;
  const scrubbing = useRef(false);
  useEffect(() => {
    const { view: now, setView } = useTimeline.getState();
    if (scrubbing.current || now === undefined) return;
    const next = revealInSpan(now, playhead, axis.bounds);
    if (next !== now) setView(next);
  }, [playhead, axis]);

  const flowRecords = useFlowRecords();
  const flows = useMemo(
    () =>
      flowRecords === undefined
        ? []
        : flowsOf(flowRecords, { axis, data, lanes: lanes.data, firstLane: rows.top, scale, tracks }),
    [flowRecords, axis, data, lanes.data, rows.top, scale, tracks],
  );
  const drawOverlay = useCallback<Draw>(
    (context, { width, height }) => {
      const areaSpan = area === undefined ? undefined : areaOnAxis(area, axis, whole.data);
      if (areaSpan !== undefined) drawArea(context, areaSpan, scale, palette, height);
      if (pointer !== undefined) drawHoverLine(context, pointer.x, palette, height);
      drawFlows(context, flows, palette, width);
      const cellPx = axis.kind === "lsn" ? width / (view.to - view.from) : 0;
      drawPlayhead(context, xOf(playhead, scale), cellPx, palette, height);
    },
    [area, axis, whole.data, scale, palette, pointer, flows, playhead, view],
  );
  useCanvas(overlayRef, size, drawOverlay);

  const setView = useCallback(
    (span: Span) => useTimeline.getState().setView(wholeIsUndefined(span, axis)),
    [axis],
  );
  const seekValue = (value: number) => {
    const at = lsnAtValue(axis, value, data) ?? lsnAtValue(axis, value, whole.data);
    if (at !== undefined) studio.navigator.seek(at);
  };
  const props = useTimelinePointer(plotRef, {
    axis,
    scale,
    onScrub: seekValue,
    onArea: (from, to) => {
      const ends = [from, to]
        .map((value) => lsnAtValue(axis, value, data))
        .filter((value) => value !== undefined);
      if (ends.length < 2) return;
      const low = Math.max(recording.firstLsn, Math.min(...ends));
      const high = Math.min(recording.lastLsn, Math.max(...ends));
      useTimeline.getState().setArea({ from: low, to: Math.max(low, high) + 1 });
    },
    onView: setView,
    onHover: (at) => {
      anchor.pointer = at === undefined ? undefined : valueAt(at.x, scale);
      setPointer(at);
    },
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    studio.navigator.step("record", step < 0);
  };
  const hover =
    pointer !== undefined && data !== undefined
      ? describeHover({ ...scene, data, recording }, pointer.x, pointer.y)
      : undefined;
  return (
    <div className="panel">
      <TimelineBar hasTime={hasTime} />
      {area !== undefined && <AreaBar area={area} />}
      <div className="timeline">
        <div className="timeline__gutter" style={{ paddingTop: MINIMAP_PX }}>
          <div className="timeline__names">
            {tracks.map((track) =>
              track.id === "pages" ? (
                <LaneLabels key={track.id} lanes={lanes.data} rows={rows} track={track} />
              ) : (
                <div
                  key={track.id}
                  className="timeline__name"
                  style={{ top: track.top, height: track.height }}
                >
                  {TRACK_TITLES[track.id]}
                </div>
              ),
            )}
          </div>
        </div>
        <div className="timeline__main">
          <Minimap
            axis={axis}
            data={whole.data}
            view={view}
            playhead={playhead}
            palette={palette}
            gaps={recording.gaps}
            onView={setView}
          />
          <div
            ref={plotRef}
            className="timeline__plot"
            role="slider"
            tabIndex={0}
            data-autofocus
            aria-label="Timeline cursor"
            aria-orientation="horizontal"
            aria-valuemin={Math.max(0, recording.firstLsn - 1)}
            aria-valuemax={recording.lastLsn}
            aria-valuenow={lsn}
            aria-valuetext={`LSN ${lsn}${record?.record.lsn === lsn ? `, ${record.record.summary}` : ""}`}
            onKeyDown={onKeyDown}
            {...props}
            onPointerDown={(event) => {
              scrubbing.current = true;
              props.onPointerDown(event);
            }}
            onPointerUp={(event) => {
              scrubbing.current = false;
              props.onPointerUp(event);
            }}
          >
            <canvas ref={baseRef} aria-hidden="true" />
            <canvas ref={overlayRef} aria-hidden="true" />
            {hover !== undefined && pointer !== undefined && (
              <HoverCard info={hover} x={pointer.x} y={pointer.y} widthPx={size.width} />
            )}
          </div>
        </div>
      </div>
    </div>
  );
}

function areaOnAxis(
  area: Span,
  axis: ReturnType<typeof timelineAxis>,
  data: Parameters<typeof valueOfLsn>[2],
): Span | undefined {
  if (axis.kind === "lsn") return area;
  const from = valueOfLsn(axis, area.from, data);
  const to = valueOfLsn(axis, area.to, data);
  return from === undefined || to === undefined ? undefined : { from, to };
}
