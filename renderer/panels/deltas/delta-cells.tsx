import type { JSX } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { PREVIEW_BYTES } from "../../../engine/protocol/requests/records.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { PageName } from "../../client/page-name.tsx";
import type { WindowColumns } from "../../client/use-record-rows.ts";
import type { GridColumn } from "../../ui/data-grid.tsx";
import { formatBytes, formatRange, hexByte } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";

/** Rows are laid out one by one, so a column's width must not depend on what is in it. */
export function deltaColumns(lastLsn: number, longestTime: string): GridColumn[] {
  const lsnWidth = `${Math.max(48, formatCount(lastLsn).length * 7 + 14)}px`;
  const timeWidth = `${Math.ceil(longestTime.length * 6.6) + 12}px`;
  return [
    {
      id: "lsn",
      title: "LSN",
      width: lsnWidth,
      align: "right",
      cellClass: "num",
      hint: "Log sequence number: place in the recording",
    },
    { id: "time", title: "Time", width: timeWidth, align: "right", cellClass: "num muted" },
    { id: "page", title: "Page", width: "72px", align: "right" },
    {
      id: "epoch",
      title: "Epoch",
      width: "48px",
      align: "right",
      cellClass: "num muted",
      hint: "The page's content version after the delta",
    },
    { id: "source", title: "Source", width: "minmax(88px, 1.4fr)" },
    {
      id: "ranges",
      title: "Ranges",
      width: "122px",
      cellClass: "mono deltas__ranges",
      hint: "First range, and how many more",
    },
    { id: "size", title: "Size", width: "60px", align: "right", cellClass: "num", hint: "Bytes written" },
    {
      id: "cause",
      title: "Cause",
      width: lsnWidth,
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
      fromWidthPx: 820,
    },
  ];
}
export const DELTAS_MIN_WIDTH_PX = 595;

interface CellProps {
  readonly column: string;
  readonly row: WindowColumns<"deltas">;
  readonly at: number;
  readonly recording: RecordingInfo;
  readonly formatTime: (timestampNs: bigint, digits?: 0 | 3 | 6 | 9) => string;
}

export function DeltaCell({
  column,
  row,
  at,
  recording,
  formatTime,
}: CellProps): JSX.Element | string | null {
  switch (column) {
    case "lsn":
      return formatCount(row.lsn[at]!);
    case "time":
      return formatTime(row.timeNs[at]!, 6);
    case "page":
      return <PageName id={row.page[at]!} pageType={row.pageType[at]!} />;
    case "epoch":
      return formatCount(row.epoch[at]!);
    case "source": {
      const source = recording.sources[row.source[at]!];
      return (
        <span className="deltas__source" title={source?.name}>
          <Swatch slot={source?.colour ?? 9} />
          <span className="truncate">{source?.name ?? `source ${row.source[at]}`}</span>
        </span>
      );
    }
    case "ranges": {
      const start = row.firstOffset[at]!;
      const more = row.rangeCount[at]! - 1;
      const first = row.rangeCount[at] === 0 ? "none" : formatRange(start, start + row.firstLength[at]!);
      return more > 0 ? `${first} +${more}` : first;
    }
    case "size":
      return formatBytes(row.sizeBytes[at]!);
    case "cause": {
      const cause = row.cause[at]!;
      return cause === 0 ? null : <LsnLink lsn={cause} inRow />;
    }
    default:
      return preview(row, at);
  }
}

function preview(row: WindowColumns<"deltas">, at: number): string {
  const start = at * PREVIEW_BYTES;
  const bytes = row.preview.subarray(start, start + row.previewLength[at]!);
  return Array.from(bytes, hexByte).join(" ");
}
