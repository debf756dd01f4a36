import type { JSX } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { PREVIEW_BYTES } from "../../../engine/protocol/requests/records.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { PageName } from "../../client/page-name.tsx";
import type { WindowColumns } from "../../client/use-record-rows.ts";
import { formatBytes, hexByte } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";
import { rangesText } from "./delta-table.ts";

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
      return rangesText(row.rangeCount[at]!, row.firstOffset[at]!, row.firstLength[at]!);
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
