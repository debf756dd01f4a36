import type { JSX } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { PREVIEW_BYTES } from "../../../engine/protocol/requests/records.ts";
import { PageName } from "../../client/page-name.tsx";
import type { WindowColumns } from "../../client/use-record-rows.ts";
import type { GridColumn } from "../../ui/data-grid.tsx";
import { formatBytes, formatBytesExact, formatRange, hexByte } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";

/** Rows are laid out one by one, so a column's width must not depend on what is in it. */
export function deltaColumns(lastLsn: number): GridColumn[] {
  const lsnWidth = `${formatCount(lastLsn).length * 7 + 14}px`;
  return [
    {
      id: "lsn",
      title: "LSN",
      width: lsnWidth,
      align: "right",
      hint: "Log sequence number: place in the recording",
    },
    { id: "time", title: "Time", width: "104px", align: "right" },
    { id: "page", title: "Page", width: "84px", align: "right" },
    {
      id: "epoch",
      title: "Epoch",
      width: "52px",
      align: "right",
      hint: "The page's content version after the delta",
    },
    { id: "source", title: "Source", width: "minmax(96px, 1.4fr)" },
    { id: "ranges", title: "Ranges", width: "126px", hint: "First range, and how many more" },
    { id: "size", title: "Size", width: "64px", align: "right", hint: "Bytes written" },
    { id: "cause", title: "Cause", width: lsnWidth, align: "right", hint: "The record that led to this one" },
    { id: "bytes", title: "First bytes", width: "minmax(90px, 2fr)", fromWidthPx: 820 },
  ];
}
export const DELTAS_MIN_WIDTH_PX = 650;

interface CellProps {
  readonly column: string;
  readonly row: WindowColumns<"deltas">;
  readonly at: number;
  readonly recording: RecordingInfo;
  readonly formatTime: (timestampNs: bigint, digits?: 0 | 3 | 6 | 9) => string;
  readonly onSeek: (lsn: number) => void;
}

export function DeltaCell({
  column,
  row,
  at,
  recording,
  formatTime,
  onSeek,
}: CellProps): JSX.Element | string | null {
  switch (column) {
    case "lsn":
      return <span className="num">{formatCount(row.lsn[at]!)}</span>;
    case "time":
      return <span className="num muted">{formatTime(row.timeNs[at]!, 6)}</span>;
    case "page":
      return <PageName id={row.page[at]!} pageType={row.pageType[at]!} />;
    case "epoch":
      return <span className="num muted">{formatCount(row.epoch[at]!)}</span>;
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
      return (
        <span className="mono deltas__ranges">
          {row.rangeCount[at] === 0 ? "none" : formatRange(start, start + row.firstLength[at]!)}
          {more > 0 && <span className="faint"> +{more}</span>}
        </span>
      );
    }
    case "size":
      return (
        <span className="num" title={formatBytesExact(row.sizeBytes[at]!)}>
          {formatBytes(row.sizeBytes[at]!)}
        </span>
      );
    case "cause": {
      const cause = row.cause[at]!;
      if (cause === 0) return null;
      return (
        <button
          type="button"
          tabIndex={-1}
          className="link num"
          onClick={(event) => {
            event.stopPropagation();
            onSeek(cause);
          }}
        >
          {formatCount(cause)}
        </button>
      );
    }
    default:
      return <span className="mono faint">{preview(row, at)}</span>;
  }
}

function preview(row: WindowColumns<"deltas">, at: number): string {
  const start = at * PREVIEW_BYTES;
  const bytes = row.preview.subarray(start, start + row.previewLength[at]!);
  return Array.from(bytes, hexByte).join(" ");
}
