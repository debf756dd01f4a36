import type { GridColumn } from "./data-grid.tsx";
import { formatCount } from "./format/count.ts";

/** A table's columns, and the least width at which none is cut off. */
export interface GridTable {
  readonly columns: readonly GridColumn[];
  readonly minWidthPx: number;
}

/** Left and right of a row, together (`data-grid.css`). */
export const GRID_PADDING_PX = 16;

/** Widths, in pixels, of columns that hold LSNs and times of a recording: rows are laid out one by one, so the longest decides. */
export function recordColumnsPx(lastLsn: number, longestTime: string): { lsnPx: number; timePx: number } {
  return {
    lsnPx: Math.max(48, formatCount(lastLsn).length * 7 + 14),
    timePx: Math.ceil(longestTime.length * 6.6) + 12,
  };
}
