import { type JSX, useCallback } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { DataGrid, type GridColumn } from "../../ui/data-grid.tsx";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { copyText } from "../../ui/value.tsx";

const COLUMNS: readonly GridColumn[] = [
  { id: "lsn", title: "LSN", width: "96px", align: "right" },
  { id: "kind", title: "Kind", width: "64px", hint: "All pages, or those written since the last one" },
  { id: "size", title: "Size", width: "84px", align: "right" },
  { id: "hash", title: "State hash", width: "minmax(120px, 1fr)" },
];
const MIN_WIDTH_PX = 380;
/** Rows in sight; more scroll. */
const MOST_ROWS = 8;
const ROW_PX = 22;
const HEAD_PX = 26;

/** Where a seek can begin; a click goes there. */
export function Checkpoints({ recording }: { recording: RecordingInfo }): JSX.Element | null {
  const studio = useStudio();
  const cursorLsn = useCursor((state) => state.lsn);
  const nothing = useCallback(() => {}, []);
  const { checkpoints, counts } = recording;
  if (checkpoints.length === 0) return null;
  const omitted = counts.checkpoints - checkpoints.length;
  return (
    <section aria-label="Checkpoints">
      <h2 className="section-title">
        Checkpoints
        {omitted > 0 && ` (${formatCount(checkpoints.length)} of ${formatCount(counts.checkpoints)})`}
      </h2>
      <div
        className="overview__grid"
        style={{ height: HEAD_PX + ROW_PX * Math.min(MOST_ROWS, checkpoints.length) }}
      >
        <DataGrid
          label="Checkpoints"
          columns={COLUMNS}
          rows={checkpoints.length}
          minWidthPx={MIN_WIDTH_PX}
          activeRow={checkpoints.findLastIndex(({ lsn }) => lsn <= cursorLsn)}
          follow="none"
          onVisible={nothing}
          onPick={(row) => studio.navigator.seek(checkpoints[row]!.lsn)}
          onCopyRow={(row) => void copyText(checkpoints[row]!.stateHash, "the state hash")}
          renderCell={(row, column) => {
            const { lsn, kind, sizeBytes, stateHash } = checkpoints[row]!;
            if (column.id === "lsn") return <span className="num">{formatCount(lsn)}</span>;
            if (column.id === "kind") return kind;
            if (column.id === "hash") return <span className="mono muted">{stateHash}</span>;
            return (
              <span className="num" title={formatBytesExact(sizeBytes)}>
                {formatBytes(sizeBytes)}
              </span>
            );
          }}
        />
      </div>
    </section>
  );
}
