import { type JSX, useEffect, useRef } from "react";
import uPlot from "uplot";
import type { Palette } from "../../canvas/colours.ts";
import { timeTickLabel } from "../../canvas/ticks.ts";
import { useSize } from "../../canvas/use-canvas.ts";
import { formatDuration } from "../../ui/format/time.ts";
import "uplot/dist/uPlot.min.css";

const HEIGHT_PX = 92;
const AXIS_PX = 20;
const SCALE_PX = 58;
const NS = 1e9;
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);
/** Plots with the same key share the line under the pointer. */
const SYNC_KEY = "overview";

interface PlotProps {
  readonly title: string;
  /** Where each stretch begins; the last is the end of the last stretch. */
  readonly seconds: readonly number[];
  readonly values: readonly number[];
  readonly colour: string;
  readonly palette: Palette;
  readonly format: (value: number) => string;
  /** Steps between lines are powers of two: 1 KiB, not 1000 bytes. */
  readonly isBinary?: boolean;
  /** Where the cursor is, in seconds; `undefined` = before the first record. */
  readonly cursor: number | undefined;
  readonly onPick: (seconds: number) => void;
}

/** One quantity over time as a stepped area. */
export function Plot(props: PlotProps): JSX.Element {
  const { title, seconds, values, colour, palette, format, isBinary = false, cursor } = props;
  const holder = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(props);
  latest.current = props;
  const { width } = useSize(holder);
  const isWide = width > 0;

  useEffect(() => {
    const element = holder.current;
    if (element === null || !isWide) return;
    const say = (at: number | null | undefined) => {
      const { seconds, values, format } = latest.current;
      const value = at === null || at === undefined ? undefined : values[at];
      if (readout.current !== null)
        readout.current.textContent =
          value === undefined ? "" : `${format(value)} at ${formatDuration(seconds[at!]! * NS)}`;
    };
    const made = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        legend: { show: false },
        // At the right half of the last label stands beyond its tick.
        padding: [6, 24, 0, 0],
        cursor: {
          sync: { key: SYNC_KEY },
          drag: { x: false, y: false },
          points: { size: 6 },
          y: false,
        },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
        axes: [
          {
            size: AXIS_PX,
            stroke: palette["text-faint"],
            font: `11px ${palette.fontUi}`,
            grid: { stroke: palette.grid, width: 1 },
            ticks: { show: false },
            gap: 3,
            values: (_plot, splits, _axis, _space, step) =>
              splits.map((at) => timeTickLabel(at * NS, step * NS)),
          },
          {
            size: SCALE_PX,
            stroke: palette["text-faint"],
            font: `11px ${palette.fontUi}`,
            grid: { stroke: palette.grid, width: 1 },
            ticks: { show: false },
            gap: 6,
            space: 28,
            ...(isBinary && { incrs: BINARY_STEPS }),
            values: (_plot, splits) => splits.map((value) => format(value)),
          },
        ],
        series: [
          {},
          {
            stroke: colour,
            width: 1.25,
            fill: `color-mix(in srgb, ${colour} 22%, transparent)`,
            points: { show: false },
            paths: uPlot.paths.stepped!({ align: 1 }),
          },
        ],
        hooks: {
          setCursor: [(self) => say(self.cursor.idx)],
          draw: [(self) => drawCursor(self, latest.current.cursor, palette.playhead)],
        },
      },
      stepped(seconds, values),
      element,
    );
    plot.current = made;
    const pick = () => {
      const { left } = made.cursor;
      if (left !== undefined && left >= 0) latest.current.onPick(made.posToVal(left, "x"));
    };
    made.over.addEventListener("click", pick);
    return () => {
      plot.current = undefined;
      made.destroy();
    };
  }, [isWide, seconds, values, colour, palette, format, isBinary]);

  useEffect(() => {
    if (isWide) plot.current?.setSize({ width, height: HEIGHT_PX });
  }, [isWide, width]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a cursor that moved is the reason to draw
  useEffect(() => plot.current?.redraw(false, false), [cursor]);

  return (
    <figure className="plot">
      <figcaption className="plot__head">
        <h3>{title}</h3>
        <span className="num muted" ref={readout} />
        <span className="spacer" />
        <span className="num faint">most {format(values.reduce((a, b) => Math.max(a, b), 0))}</span>
      </figcaption>
      <div ref={holder} className="plot__canvas" style={{ height: HEIGHT_PX }} />
    </figure>
  );
}

/** The last stretch needs a point at its end, or it would not be drawn. */
function stepped(seconds: readonly number[], values: readonly number[]): uPlot.AlignedData {
  return [[...seconds], [...values, values.at(-1) ?? 0]];
}

function drawCursor(plot: uPlot, seconds: number | undefined, colour: string): void {
  if (seconds === undefined) return;
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(seconds, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * window.devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}
