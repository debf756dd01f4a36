import type { GridColumn } from "../../ui/data-grid.tsx";
import { formatRange } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { GRID_PADDING_PX, type GridTable, recordColumnsPx } from "../../ui/record-columns.ts";

const PAGE_PX = 72;
const EPOCH_PX = 48;
const SOURCE_PX = 88;
const RANGES_PX = 126;
const SIZE_PX = 60;
const BYTES_PX = 140;

/**
 * Rows are laid out one by one, so a column's width must not depend on what is in it. Where there is little room the epoch goes first, then the
 * ranges: a table that is cut off at its right would hide the cause.
 */
export function deltaTable(lastLsn: number, longestTime: string): GridTable {
  const { lsnPx, timePx } = recordColumnsPx(lastLsn, longestTime);
  const minWidthPx = GRID_PADDING_PX + 2 * lsnPx + timePx + PAGE_PX + SOURCE_PX + SIZE_PX;
  const withRangesPx = minWidthPx + RANGES_PX;
  const withEpochPx = withRangesPx + EPOCH_PX;
  const columns: GridColumn[] = [
    {
      id: "lsn",
      title: "LSN",
      width: `${lsnPx}px`,
      align: "right",
      cellClass: "num",
      hint: "Log sequence number: place in the recording",
    },
    { id: "time", title: "Time", width: `${timePx}px`, align: "right", cellClass: "num muted" },
    { id: "page", title: "Page", width: `${PAGE_PX}px`, align: "right" },
    {
      id: "epoch",
      title: "Epoch",
      width: `${EPOCH_PX}px`,
      align: "right",
      cellClass: "num muted",
      hint: "The page's content version after the delta",
      fromWidthPx: withEpochPx,
    },
    { id: "source", title: "Source", width: `minmax(${SOURCE_PX}px, 1.4fr)` },
    {
      id: "ranges",
      title: "Ranges",
      width: `minmax(${RANGES_PX}px, 0.4fr)`,
      cellClass: "mono deltas__ranges",
      hint: "The bytes written, or in how many ranges and where the first begins",
      fromWidthPx: withRangesPx,
    },
    {
      id: "size",
      title: "Size",
      width: `${SIZE_PX}px`,
      align: "right",
      cellClass: "num",
      hint: "Bytes written",
    },
    {
      id: "cause",
      title: "Cause",
      width: `${lsnPx}px`,
      align: "right",
      cellClass: "num",
      hint: "The record that led to this one",
    },
    {
      id: "bytes",
      title: "First bytes",
      width: "minmax(90px, 2fr)",
      cellClass: "mono faint",
      truncates: true,
      fromWidthPx: withEpochPx + BYTES_PX,
    },
  ];
  return { columns, minWidthPx };
}

/** "0x0010–0x001f", or "17 from 0x0010" where there are more: the second number must not be taken for a length. */
export function rangesText(count: number, firstOffset: number, firstLength: number): string {
  if (count === 0) return "none";
  if (count > 1) return `${formatCount(count)} from ${formatRange(firstOffset, firstOffset)}`;
  return formatRange(firstOffset, firstOffset + firstLength);
}
