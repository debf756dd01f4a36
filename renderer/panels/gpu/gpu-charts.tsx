// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus; the slider around it can
import {
  type JSX,
  type KeyboardEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { type Palette, usePalette } from "../../canvas/colours.ts";
import { type Draw, type Size, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { panSpan, valueAt, xOf, zoomSpan } from "../../canvas/viewport.ts";
import { useCursorRecord } from "../../client/cursor-record.tsx";
import { genesisLsn } from "../../client/navigator.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { formatCount } from "../../ui/format/count.ts";
import { formatDuration } from "../../ui/format/time.ts";
import { drawRuler, drawTrack, RULER_PX } from "./draw-track.ts";
import { columnSeconds, type GpuAxis } from "./gpu-axis.ts";
import { type Track, tracksOf } from "./tracks.ts";

interface ChartsProps {
  readonly axis: GpuAxis;
  readonly view: ReplyOf<"gpu.view">;
  readonly onWidth: (widthPx: number) => void;
}

const ZOOM = 1.25;

/** Memory, launches and copies on one axis with one cursor. A click goes there; the wheel and W, S, A, D zoom and pan, as on the timeline. */
export function GpuCharts({ axis, view, onWidth }: ChartsProps): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const palette = usePalette();
  const holder = useRef<HTMLDivElement>(null);
  const size = useSize(holder);
  const [hover, setHover] = useState<number>();
  useEffect(() => onWidth(size.width), [size.width, onWidth]);
  const { columns } = view.result;
  const tracks = useMemo(
    () => tracksOf(view, columnSeconds(axis, columns), palette),
    [view, axis, columns, palette],
  );

  const setView = useCallback(
    (span: Span) => {
      const isWhole = span.from <= axis.bounds.from && span.to >= axis.bounds.to;
      useTimeline.getState().setView(isWhole ? undefined : span);
    },
    [axis],
  );
  const goTo = (x: number) => {
    const value = valueAt(x, { span: axis.view, widthPx: size.width });
    if (axis.kind === "lsn") {
      studio.navigator.seek(Math.round(value));
      return;
    }
    const timeNs = axis.originNs + BigInt(Math.max(0, Math.round(value)));
    void studio.request("cursor.seek-time", { recording: recording.recording, timeNs }).then((landed) => {
      if (landed.ok) studio.navigator.seek(landed.value.result.lsn);
    });
  };
  const zoom = (factor: number, anchor: number) =>
    setView(zoomSpan(axis.view, factor, anchor, axis.bounds, axis.shortest));
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const middle = (axis.view.from + axis.view.to) / 2;
    const step = (axis.view.to - axis.view.from) / 8;
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => studio.navigator.step("record", true),
      ArrowRight: () => studio.navigator.step("record", false),
      w: () => zoom(ZOOM, middle),
      s: () => zoom(1 / ZOOM, middle),
      a: () => setView(panSpan(axis.view, -step, axis.bounds)),
      d: () => setView(panSpan(axis.view, step, axis.bounds)),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  };
  // React listens to the wheel passively; here it must not scroll the panel as well.
  const onWheel = useRef<(event: WheelEvent) => void>(undefined);
  onWheel.current = (event) => {
    if (!event.ctrlKey && !event.shiftKey) return;
    event.preventDefault();
    const box = holder.current!.getBoundingClientRect();
    const anchor = valueAt(event.clientX - box.left, { span: axis.view, widthPx: size.width });
    zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM, anchor);
  };
  useEffect(() => {
    const element = holder.current;
    const listen = (event: WheelEvent) => onWheel.current?.(event);
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, []);
  const columnAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(columns - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * columns)));
  };
  const place = (column: number) => {
    const value = valueAt(column + 0.5, { span: axis.view, widthPx: columns });
    return axis.kind === "lsn" ? `LSN ${formatCount(Math.floor(value))}` : formatDuration(value);
  };
  return (
    <section className="gpu__charts" aria-label="Memory, launches and copies over time">
      <div
        ref={holder}
        className="gpu__plot"
        role="slider"
        tabIndex={0}
        data-autofocus
        aria-label="GPU cursor"
        aria-orientation="horizontal"
        aria-valuemin={genesisLsn(recording)}
        aria-valuemax={recording.lastLsn}
        aria-valuenow={useCursor((state) => state.lsn)}
        onKeyDown={onKeyDown}
        onPointerMove={(event) => setHover(columnAt(event))}
        onPointerLeave={() => setHover(undefined)}
        onClick={(event) => goTo(event.clientX - event.currentTarget.getBoundingClientRect().left)}
      >
        {tracks.map((track) => (
          <TrackPlot
            key={track.id}
            track={track}
            width={size.width}
            palette={palette}
            hover={hover}
            at={hover === undefined ? "" : place(hover)}
          />
        ))}
        <Ruler axis={axis} width={size.width} palette={palette} />
        <CursorLine axis={axis} width={size.width} />
      </div>
    </section>
  );
}

interface TrackProps {
  readonly track: Track;
  readonly width: number;
  readonly palette: Palette;
  readonly hover: number | undefined;
  readonly at: string;
}

function TrackPlot({ track, width, palette, hover, at }: TrackProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useMemo<Size>(() => ({ width, height: track.heightPx }), [width, track.heightPx]);
  useCanvas(
    canvas,
    size,
    useCallback<Draw>((context, drawn) => drawTrack(context, drawn, track, palette), [track, palette]),
  );
  return (
    <figure className="gpu__track">
      <figcaption className="gpu__track-head">
        <h3>{track.title}</h3>
        <span className="num muted truncate">{hover === undefined ? "" : readout(track, hover, at)}</span>
        <span className="spacer" />
        <span className="num faint">most {track.format(Math.max(0, track.most))}</span>
      </figcaption>
      <canvas ref={canvas} aria-hidden="true" style={{ width: "100%", height: track.heightPx }} />
    </figure>
  );
}

/** The sum under the pointer, and what it is made of, the most first. */
function readout({ bands, line, format }: Track, column: number, at: string): string {
  const parts = bands
    .map(({ label, values }) => ({ label, value: values[column] ?? 0 }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value);
  const total = parts.reduce((sum, { value }) => sum + value, 0);
  const reserved = line?.values[column] ?? -1;
  const shown = parts.slice(0, 3).map(({ label, value }) => `${label} ${format(value)}`);
  const beside = reserved >= 0 ? [`${line!.label} ${format(reserved)}`] : [];
  return [`${format(total)} at ${at}`, ...beside, ...shown].join(" · ");
}

function Ruler({ axis, width, palette }: { axis: GpuAxis; width: number; palette: Palette }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useMemo<Size>(() => ({ width, height: RULER_PX }), [width]);
  useCanvas(
    canvas,
    size,
    useCallback<Draw>((context, drawn) => drawRuler(context, drawn, axis, palette), [axis, palette]),
  );
  return <canvas ref={canvas} aria-hidden="true" style={{ width: "100%", height: RULER_PX }} />;
}

/** Over all tracks; out of sight where the cursor is. */
function CursorLine({ axis, width }: { axis: GpuAxis; width: number }): JSX.Element | null {
  const lsn = useCursor((state) => state.lsn);
  const record = useCursorRecord().data?.result.record;
  const value =
    axis.kind === "lsn" ? lsn : record === undefined ? undefined : Number(record.timestampNs - axis.originNs);
  if (value === undefined || value < axis.view.from || value > axis.view.to || width === 0) return null;
  const x = xOf(value, { span: axis.view, widthPx: width });
  return <div className="gpu__cursor" style={{ transform: `translateX(${x}px)` }} />;
}
