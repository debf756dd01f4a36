import type { GridColumn } from "../../ui/data-grid.tsx";
import { GRID_PADDING_PX, type GridTable, recordColumnsPx } from "../../ui/record-columns.ts";

/** "session-start" */
const TYPE_PX = 108;
const TEXT_PX = 130;
const PAGE_PX = 64;
const SOURCE_PX = 80;

/** Where there is little room the source goes first, then the page: a table that is cut off at its right would hide the cause. */
export function eventTable(lastLsn: number, longestTime: string): GridTable {
  const { lsnPx, timePx } = recordColumnsPx(lastLsn, longestTime);
  const minWidthPx = GRID_PADDING_PX + 2 * lsnPx + timePx + TYPE_PX + TEXT_PX;
  const withPagePx = minWidthPx + PAGE_PX;
  const withSourcePx = withPagePx + SOURCE_PX;
  const columns: GridColumn[] = [
    {
      id: "lsn",
      title: "LSN",
      width: `${lsnPx}px`,
      align: "right",
      hint: "Log sequence number: place in the recording",
    },
    { id: "time", title: "Time", width: `${timePx}px`, align: "right" },
    {
      id: "since",
      title: "Since last",
      width: "76px",
      align: "right",
      hint: "Time since the row above",
      fromWidthPx: withSourcePx + 160,
    },
    { id: "type", title: "Type", width: `minmax(${TYPE_PX}px, 0.8fr)` },
    { id: "text", title: "What", width: `minmax(${TEXT_PX}px, 3fr)` },
    { id: "duration", title: "Took", width: "70px", align: "right", fromWidthPx: withSourcePx + 80 },
    { id: "page", title: "Page", width: `${PAGE_PX}px`, align: "right", fromWidthPx: withPagePx },
    { id: "source", title: "Source", width: `minmax(${SOURCE_PX}px, 1fr)`, fromWidthPx: withSourcePx },
    {
      id: "cause",
      title: "Cause",
      width: `${lsnPx}px`,
      align: "right",
      hint: "The record that led to this one",
    },
  ];
  return { columns, minWidthPx };
}
