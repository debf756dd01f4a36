import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { type Scale, xOf } from "../../canvas/viewport.ts";
import type { TimelineData } from "./axis.ts";
import { EVENT_ROW_PX, MOST_EVENT_ROWS, type Track } from "./tracks.ts";

/** First and last column (not included) of the data that the scale shows. */
export function visibleColumns(data: TimelineData, scale: Scale): { first: number; end: number } {
  const columns = data.reply.result.columns;
  const perValue = columns / (data.span.to - data.span.from);
  const first = Math.max(0, Math.floor((scale.span.from - data.span.from) * perValue));
  return { first, end: Math.min(columns, Math.ceil((scale.span.to - data.span.from) * perValue)) };
}

export function columnX(data: TimelineData, column: number, scale: Scale): number {
  const width = (data.span.to - data.span.from) / data.reply.result.columns;
  return xOf(data.span.from + column * width, scale);
}

/** The largest sum of one column's bands in sight: the track's full height. */
export function densestColumn(data: TimelineData, scale: Scale): number {
  const { density } = data.reply.columns;
  const { columns, bands } = data.reply.result;
  const { first, end } = visibleColumns(data, scale);
  let most = 0;
  for (let column = first; column < end; column++) {
    let sum = 0;
    for (let band = 0; band < bands.length; band++) sum += density[band * columns + column]!;
    if (sum > most) most = sum;
  }
  return most;
}

/** Deltas per column, one colour a source, stacked. Half the work is never done: columns out of sight are skipped. */
export function drawDeltas(
  context: DrawContext,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Pick<Track, "top" | "height">,
): void {
  const { density } = data.reply.columns;
  const { columns, bands } = data.reply.result;
  const { first, end } = visibleColumns(data, scale);
  const most = densestColumn(data, scale);
  if (most === 0) return;
  const bottom = track.top + track.height;
  const perDelta = track.height / most;
  const base = new Float32Array(Math.max(0, end - first));
  for (let band = 0; band < bands.length; band++) {
    const { colour, source } = bands[band]!;
    context.fillStyle = source === null ? palette["text-faint"] : palette.categories[colour % 12]!;
    for (let column = first; column < end; column++) {
      const count = density[band * columns + column]!;
      if (count === 0) continue;
      const height = count * perDelta;
      const stacked = base[column - first]!;
      const { x, width } = columnBox(data, column, scale);
      // Something is there: it is never thinner than a hair.
      const drawn = Math.max(height, stacked === 0 ? 1 : 0.5);
      context.fillRect(x, bottom - stacked - drawn, width, drawn);
      base[column - first] = stacked + height;
    }
  }
}

/** Whole pixels, with a gap between columns as soon as they are wide enough to spare one. */
export function columnBox(data: TimelineData, column: number, scale: Scale): { x: number; width: number } {
  const x = Math.round(columnX(data, column, scale));
  const next = Math.round(columnX(data, column + 1, scale));
  return { x, width: Math.max(1, next - x - (next - x >= 5 ? 1 : 0)) };
}

/** One row for each event type; a mark grows stronger with how many share a column. */
export function drawEvents(
  context: DrawContext,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const { eventDensity } = data.reply.columns;
  const { columns, eventBands } = data.reply.result;
  const { first, end } = visibleColumns(data, scale);
  for (let band = 0; band < eventBands.length; band++) {
    const top = track.top + Math.min(band, MOST_EVENT_ROWS - 1) * EVENT_ROW_PX;
    context.fillStyle = palette.categories[eventSlot(eventBands[band]!.eventType)]!;
    for (let column = first; column < end; column++) {
      const count = eventDensity[band * columns + column]!;
      if (count === 0) continue;
      const { x, width } = columnBox(data, column, scale);
      context.globalAlpha = Math.min(1, 0.55 + Math.log2(count + 1) / 8);
      context.fillRect(x, top + 2, Math.max(width, 1.5), EVENT_ROW_PX - 4);
    }
  }
  context.globalAlpha = 1;
}

/** Types keep their colour; it begins elsewhere than that of the sources. */
export function eventSlot(eventType: number | null): number {
  return eventType === null ? 9 : (eventType * 5 + 6) % 12;
}

/** Too many transactions to draw one by one: how many begin and end where. */
export function drawTransactionDensity(
  context: DrawContext,
  data: TimelineData,
  scale: Scale,
  palette: Palette,
  track: Track,
): void {
  const { kindDensity } = data.reply.columns;
  const { columns } = data.reply.result;
  const { first, end } = visibleColumns(data, scale);
  context.fillStyle = palette["border-strong"];
  for (let column = first; column < end; column++) {
    const count = kindDensity[columns + column]!;
    if (count === 0) continue;
    const { x, width } = columnBox(data, column, scale);
    context.globalAlpha = Math.min(0.9, 0.25 + Math.log2(count + 1) / 12);
    context.fillRect(x, track.top + 3, width, track.height - 6);
  }
  context.globalAlpha = 1;
}
