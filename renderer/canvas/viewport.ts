import type { Span } from "../state/timeline-store.ts";

/** A span drawn over `widthPx` pixels. */
export interface Scale {
  readonly span: Span;
  readonly widthPx: number;
}

export function xOf(value: number, { span, widthPx }: Scale): number {
  return ((value - span.from) / (span.to - span.from)) * widthPx;
}

export function valueAt(x: number, { span, widthPx }: Scale): number {
  return span.from + (x / widthPx) * (span.to - span.from);
}

/** Moves a span back inside the bounds without changing its length; one longer than the bounds becomes the bounds. */
export function clampSpan(span: Span, bounds: Span): Span {
  const length = span.to - span.from;
  if (length >= bounds.to - bounds.from) return bounds;
  if (span.from < bounds.from) return { from: bounds.from, to: bounds.from + length };
  if (span.to > bounds.to) return { from: bounds.to - length, to: bounds.to };
  return span;
}

/** Zooms by `factor` (above 1 = closer) so that `anchor` stays where it is on the screen. No closer than `shortest`. */
export function zoomSpan(span: Span, factor: number, anchor: number, bounds: Span, shortest: number): Span {
  const length = span.to - span.from;
  const wanted = Math.min(bounds.to - bounds.from, Math.max(shortest, length / factor));
  const share = (anchor - span.from) / length;
  const from = anchor - share * wanted;
  return clampSpan({ from, to: from + wanted }, bounds);
}

export function panSpan(span: Span, by: number, bounds: Span): Span {
  return clampSpan({ from: span.from + by, to: span.to + by }, bounds);
}

/** The span moved by as little as brings `value` in sight, with a tenth of the span as margin. */
export function revealInSpan(span: Span, value: number, bounds: Span): Span {
  const length = span.to - span.from;
  const margin = length / 10;
  if (value < span.from) return clampSpan({ from: value - margin, to: value - margin + length }, bounds);
  if (value > span.to) return clampSpan({ from: value + margin - length, to: value + margin }, bounds);
  return span;
}

/**
 * What to ask the engine for: half a view more on either side, so that panning finds data, in columns of `columnPx`. On the LSN axis a column
 * is never less than one record.
 */
export function requestSpan(
  view: Span,
  bounds: Span,
  widthPx: number,
  columnPx: number,
  mostColumns: number,
  whole: boolean,
): { readonly span: Span; readonly columns: number } {
  const length = view.to - view.from;
  const from = Math.floor(Math.max(bounds.from, view.from - length / 2));
  const to = Math.max(from + 1, Math.ceil(Math.min(bounds.to, view.to + length / 2)));
  const byPixels = Math.ceil((((to - from) / length) * widthPx) / columnPx);
  const columns = Math.max(1, Math.min(mostColumns, whole ? Math.min(byPixels, to - from) : byPixels));
  return { span: { from, to }, columns };
}
