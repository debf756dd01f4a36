/**
 * Rows of equal height in a scroll container. Browsers stop laying out boxes near 2^25 px (Chromium) or 17.9 Mpx (Firefox); ten million
 * rows of 22 px are 220 Mpx. Past `MOST_SCROLL_PX` the scroll bar therefore stands for a share of the rows, and the wheel moves by rows.
 */
export const MOST_SCROLL_PX = 8_000_000;

export interface RowGeometry {
  readonly rows: number;
  readonly rowPx: number;
  readonly viewportPx: number;
}

/** Height of the spacer that makes the scroll bar. */
export function spacerPx({ rows, rowPx }: RowGeometry): number {
  return Math.min(rows * rowPx, MOST_SCROLL_PX);
}

export function isScaled({ rows, rowPx }: RowGeometry): boolean {
  return rows * rowPx > MOST_SCROLL_PX;
}

/** The row at the top (with its fraction) once everything is scrolled down. */
export function lastTop({ rows, rowPx, viewportPx }: RowGeometry): number {
  return Math.max(0, rows - viewportPx / rowPx);
}

export function clampTop(top: number, geometry: RowGeometry): number {
  return Math.min(Math.max(0, top), lastTop(geometry));
}

/** Row at the top for a position of the scroll bar. */
export function topOfScroll(scrollPx: number, geometry: RowGeometry): number {
  if (!isScaled(geometry)) return clampTop(scrollPx / geometry.rowPx, geometry);
  const travel = spacerPx(geometry) - geometry.viewportPx;
  return travel <= 0 ? 0 : clampTop((scrollPx / travel) * lastTop(geometry), geometry);
}

/** The other way: where the scroll bar stands for a row at the top. */
export function scrollOfTop(top: number, geometry: RowGeometry): number {
  if (!isScaled(geometry)) return top * geometry.rowPx;
  const last = lastTop(geometry);
  return last === 0 ? 0 : (top / last) * (spacerPx(geometry) - geometry.viewportPx);
}

/** First row to draw, and the first that need not be. */
export function visibleRows(
  top: number,
  { rows, rowPx, viewportPx }: RowGeometry,
): { first: number; end: number } {
  const first = Math.max(0, Math.floor(top));
  return { first, end: Math.min(rows, Math.ceil(top + viewportPx / rowPx) + 1) };
}

/** The least scrolling that brings a row into sight, `margin` rows away from the edges where it can be. */
export function topToShow(row: number, top: number, geometry: RowGeometry, margin = 2): number {
  const height = geometry.viewportPx / geometry.rowPx;
  const keep = Math.min(margin, Math.max(0, (height - 1) / 2));
  if (row < top + keep) return clampTop(row - keep, geometry);
  if (row + 1 > top + height - keep) return clampTop(row + 1 - height + keep, geometry);
  return top;
}

/** Places a row in the middle where it is out of sight; leaves it alone where it can be seen. */
export function topToCentre(row: number, top: number, geometry: RowGeometry): number {
  const height = geometry.viewportPx / geometry.rowPx;
  if (row >= top && row + 1 <= top + height) return top;
  return clampTop(row - (height - 1) / 2, geometry);
}

/** The boxes that rows are drawn in, one more than can be in sight at least. */
export interface RowBoxes {
  /** The first row drawn. */
  readonly first: number;
  readonly boxes: number;
  readonly shift: number;
}

/**
 * Boxes are handed on from rows that leave to rows that come: text changes, no element is made. Where all rows are others, each box stays in
 * its place, so that none is moved among the others either.
 */
export function rowBoxes(before: RowBoxes, first: number, boxes: number): RowBoxes {
  if (before.boxes !== boxes) return { first, boxes, shift: 0 };
  if (Math.abs(first - before.first) < boxes) return { ...before, first };
  const moved = (before.shift + before.first - first) % boxes;
  return { first, boxes, shift: (moved + boxes) % boxes };
}

export function boxOfRow(row: number, { boxes, shift }: RowBoxes): number {
  return (row + shift) % boxes;
}
