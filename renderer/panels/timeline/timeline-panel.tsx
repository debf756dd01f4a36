// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus; the slider around it can
import { type JSX, type KeyboardEvent, useCallback, useEffect, useMemo, useRef } from "react";
import { usePalette } from "../../canvas/colours.ts";
import { type Draw, useSize, useStillCanvas } from "../../canvas/use-canvas.ts";
import { type Scale, valueAt } from "../../canvas/viewport.ts";
import { genesisLsn } from "../../client/navigator.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useStore } from "../../state/external-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { Empty } from "../../ui/states.tsx";
import { useVirtualRows } from "../../ui/use-virtual-rows.ts";
import { AreaBar } from "./area-bar.tsx";
import { lsnAtValue, timelineAxis } from "./axis.ts";
import { RULER_PX } from "./draw-ruler.ts";
import { drawScene, type Scene } from "./draw-scene.ts";
import { Minimap } from "./minimap.tsx";
import { PlotOverlay } from "./plot-overlay.tsx";
import { usePointer } from "./pointer-store.ts";
import { SpokenPosition } from "./spoken-position.ts";
import { TimelineBar } from "./timeline-bar.tsx";
import { TrackNames } from "./track-names.tsx";
import { LANE_PX, layoutTracks, type TrackId, trackOf } from "./tracks.ts";
import { useLanes, useTimelineView } from "./use-timeline-data.ts";
import { useTimelinePointer } from "./use-timeline-pointer.ts";
import { anchor, wholeIsUndefined } from "./view-actions.ts";
import "./timeline.css";

export function TimelinePanel(): JSX.Element {
  const recording = useRecording();
  if (recording.lastLsn < recording.firstLsn) {
    return (
      <Empty icon="timeline" title="No records">
        {recording.damage.length > 0
          ? "None of this recording can be read: Overview says what is wrong with it."
          : "This recording is empty: nothing happened in it yet."}
      </Empty>
    );
  }
  return <Timeline />;
}

/** Draws what does not depend on the cursor; what does stands in the overlay, so that scrubbing leaves all of this alone. */
function Timeline(): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const palette = usePalette();
  const plotRef = useRef<HTMLDivElement>(null);
  const baseRef = useRef<HTMLCanvasElement>(null);
  const size = useSize(plotRef);

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
  const eventRows = recording.eventTypes.length;
  const marked = bookmarks.length;
  const hasWaves = recording.eventTypes.some(({ name }) => name === "wave-start");
  const hasFailures =
    recording.counts.failures > 0 || recording.gaps.length > 0 || recording.damage.length > 0;
  const tracks = useMemo(
    () =>
      layoutTracks(size.height - RULER_PX, hidden, {
        eventRows,
        hasWaves,
        hasFailures,
        bookmarks: marked,
      }).map((track) => ({ ...track, top: track.top + RULER_PX })),
    [size.height, hidden, eventRows, hasWaves, hasFailures, marked],
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
    }),
    [axis, data, lanes.data, rows.top, scale, tracks, bookmarks, recording.gaps, palette],
  );
  useStillCanvas(
    baseRef,
    size,
    useCallback<Draw>((context, drawn) => drawScene(context, drawn, scene), [scene]),
  );

  const setView = useCallback(
    (span: Span) => useTimeline.getState().setView(wholeIsUndefined(span, axis)),
    [axis],
  );
  const { props, isScrubbing } = useTimelinePointer(plotRef, {
    axis,
    scale,
    onScrub: (value) => {
      const at = lsnAtValue(axis, value, data) ?? lsnAtValue(axis, value, whole.data);
      if (at !== undefined) studio.navigator.seek(at);
    },
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
      usePointer.setState({ at });
    },
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey) return;
    event.preventDefault();
    studio.navigator.step("record", step < 0);
  };
  return (
    <div className="panel">
      <TimelineBar hasTime={hasTime} />
      {area !== undefined && <AreaBar area={area} />}
      <div className="timeline">
        <TrackNames tracks={tracks} bands={data?.reply.result.eventBands} lanes={lanes.data} rows={rows} />
        <div className="timeline__main">
          <Minimap
            axis={axis}
            data={whole.data}
            view={view}
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
            aria-valuemin={genesisLsn(recording)}
            aria-valuemax={recording.lastLsn}
            aria-valuenow={0}
            onKeyDown={onKeyDown}
            {...props}
          >
            <canvas ref={baseRef} aria-hidden="true" />
            <PlotOverlay scene={scene} whole={whole.data} size={size} isScrubbing={isScrubbing} />
            <SpokenPosition slider={plotRef} />
          </div>
        </div>
      </div>
    </div>
  );
}
