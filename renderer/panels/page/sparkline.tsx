// What a click does, the list of writes below it does for the keyboard.
// biome-ignore-all lint/a11y/noStaticElementInteractions: see above
// biome-ignore-all lint/a11y/useKeyWithClickEvents: see above
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus
import { type JSX, useCallback, useRef } from "react";
import type { WireFieldType } from "../../../engine/protocol/requests/pages.ts";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { type Palette, usePalette } from "../../canvas/colours.ts";
import { type Draw, type DrawContext, type Size, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { useQuery } from "../../client/use-query.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";

type Series = ReplyOf<"field.series">;

interface SparklineProps {
  readonly page: bigint;
  readonly offset: number;
  readonly type: WireFieldType;
  /** Also the lowest and the highest value, and a click that goes there. */
  readonly large?: boolean;
}

const COLUMNS = 240;

/** A number of the page over the whole recording, with the cursor. */
export function Sparkline({ page, offset, type, large = false }: SparklineProps): JSX.Element {
  const studio = useStudio();
  const { recording, firstLsn, lastLsn } = useRecording();
  const lsn = useCursor((state) => state.lsn);
  const palette = usePalette();
  const boxRef = useRef<HTMLDivElement>(null);
  const canvasRef = useRef<HTMLCanvasElement>(null);
  const size = useSize(boxRef);
  const { data, error } = useQuery(
    "field.series",
    { recording, page, offset, type, fromLsn: firstLsn, toLsn: lastLsn, columns: COLUMNS },
    { scope: `${page}/${offset}/${type}` },
  );
  const draw = useCallback<Draw>(
    (context, drawn) => {
      if (data === undefined) return;
      drawSeries(context, drawn, data, palette);
      const x = ((lsn + 0.5 - firstLsn) / (lastLsn + 1 - firstLsn)) * drawn.width;
      context.fillStyle = palette.playhead;
      context.fillRect(Math.min(drawn.width - 1, Math.max(0, Math.round(x))), 0, 1, drawn.height);
    },
    [data, palette, lsn, firstLsn, lastLsn],
  );
  useCanvas(canvasRef, size, draw);
  const range = data?.result;
  return (
    <div
      ref={boxRef}
      className={large ? "sparkline sparkline--large" : "sparkline"}
      title={error?.message ?? (large ? "Over the whole recording: click to go there" : undefined)}
      onClick={(event) => {
        if (!large) return;
        const box = event.currentTarget.getBoundingClientRect();
        const share = (event.clientX - box.left) / box.width;
        studio.navigator.seek(Math.floor(firstLsn + share * (lastLsn + 1 - firstLsn)));
      }}
    >
      <canvas ref={canvasRef} aria-hidden="true" />
      {large && range !== undefined && range.max !== null && (
        <>
          <span className="sparkline__max num">{shortNumber(range.max)}</span>
          <span className="sparkline__min num">{shortNumber(range.min!)}</span>
        </>
      )}
      {error !== undefined && <span className="sparkline__problem faint">too many writes</span>}
    </div>
  );
}

function shortNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e7
    ? value.toLocaleString("en-US")
    : String(Number(value.toPrecision(4)));
}

const MARGIN_PX = 2;

/** The band from the lowest to the highest value of each column, and the last values as a line of steps. */
export function drawSeries(
  context: DrawContext,
  { width, height }: Size,
  { result, columns }: Series,
  palette: Palette,
): void {
  const { min, max } = result;
  if (min === null || max === null) return;
  const count = columns.last.length;
  const span = max > min ? max - min : 1;
  const room = height - 2 * MARGIN_PX;
  const yOf = (value: number) => height - MARGIN_PX - ((value - min) / span) * (max > min ? room : room / 2);
  const columnPx = width / count;
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.25;
  for (let at = 0; at < count; at++) {
    const low = columns.low[at]!;
    const high = columns.high[at]!;
    if (Number.isFinite(low) && Number.isFinite(high) && high > low)
      context.fillRect(at * columnPx, yOf(high), Math.max(1, columnPx), yOf(low) - yOf(high));
  }
  context.globalAlpha = 1;
  context.strokeStyle = palette.accent;
  context.lineWidth = 1.2;
  context.beginPath();
  let isDrawing = false;
  for (let at = 0; at < count; at++) {
    const value = columns.last[at]!;
    if (!Number.isFinite(value)) {
      isDrawing = false;
      continue;
    }
    const x = (at + 1) * columnPx;
    if (isDrawing) context.lineTo(x, yOf(value));
    else context.moveTo(at * columnPx, yOf(value));
    isDrawing = true;
  }
  context.stroke();
}
