import { type JSX, useCallback, useMemo, useState } from "react";
import { PageName } from "../../client/page-name.tsx";
import { useQuery } from "../../client/use-query.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { showNotice } from "../../state/notice-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { DataGrid, type GridColumn } from "../../ui/data-grid.tsx";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Failed } from "../../ui/states.tsx";
import { copyText } from "../../ui/value.tsx";

/** Rows are asked for in blocks, so that scrolling by one asks for nothing. */
const BLOCK = 256;
const LOCATIONS = ["cpu", "gpu", "unified"];
const MIN_WIDTH_PX = 360;
const COLUMNS: readonly GridColumn[] = [
  { id: "page", title: "Page", width: "72px" },
  { id: "type", title: "Type", width: "minmax(90px, 1fr)" },
  { id: "bytes", title: "Held", width: "84px", align: "right", cellClass: "num" },
  { id: "location", title: "Memory", width: "70px", fromWidthPx: 460 },
  {
    id: "lsn",
    title: "Allocated at",
    width: "92px",
    align: "right",
    cellClass: "num",
    hint: "The record of its allocation; a click goes there",
  },
  { id: "time", title: "Time", width: "130px", align: "right", cellClass: "num muted", fromWidthPx: 560 },
];

/** Pages whose device memory was never given back. A click goes to the record of the allocation and selects the page. */
export function LeakList(): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const [block, setBlock] = useState(0);
  const [active, setActive] = useState(-1);
  const { data, error, retry } = useQuery(
    "gpu.leaks",
    { recording: recording.recording, order: "bytes", offset: block * BLOCK, limit: 2 * BLOCK },
    { version: `${recording.lastLsn}` },
  );
  const onVisible = useCallback((first: number) => setBlock(Math.floor(first / BLOCK)), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the cells are made of; the object itself is the key
  const content = useMemo(() => ({}), [data, formatTime, recording]);
  if (error !== undefined) return <Failed error={error} onRetry={retry} />;
  if (data === undefined) return <p className="muted">Looking for pages that were never freed.</p>;
  const { result, columns } = data;
  const at = (row: number) => {
    const index = row - result.offset;
    return index >= 0 && index < columns.page.length ? index : undefined;
  };
  const pick = (row: number) => {
    const index = at(row);
    if (index === undefined) return;
    setActive(row);
    useSelection.getState().selectPage(columns.page[index]!);
    const lsn = columns.allocatedLsn[index]!;
    if (lsn > 0) studio.navigator.seek(lsn);
    else showNotice({ tone: "warn", text: "The recording has no record of this page's allocation" });
  };
  const cell = (row: number, { id }: GridColumn) => {
    const index = at(row);
    if (index === undefined) return id === "page" ? "…" : null;
    const bytes = columns.bytes[index]!;
    const lsn = columns.allocatedLsn[index]!;
    switch (id) {
      case "page":
        return <PageName id={columns.page[index]!} />;
      case "type":
        return recording.pageTypes[columns.pageType[index]!]?.name ?? "";
      case "bytes":
        return <span title={formatBytesExact(bytes)}>{formatBytes(bytes)}</span>;
      case "location":
        return LOCATIONS[columns.location[index]!] ?? "";
      case "lsn":
        return lsn === 0 ? "–" : formatCount(lsn);
      default:
        return lsn === 0 ? "" : formatTime(columns.allocatedTimeNs[index]!, 6);
    }
  };
  return (
    <section aria-label="Pages never freed">
      <h2 className="section-title">
        {result.isStopped ? "Never freed when the session stopped" : "Held where the recording ends"}
      </h2>
      <p className="muted num">
        {result.total === 0
          ? "Every page was freed."
          : `${plural(result.total + result.unlisted, "page")}, ${formatBytes(Number(result.totalBytes))}, the largest first.`}
        {result.unlisted > 0 && ` The recording lists ${formatCount(result.total)} of them.`}
      </p>
      {result.total > 0 && (
        <div className="gpu__leaks">
          <DataGrid
            label="Pages never freed"
            columns={COLUMNS}
            rows={result.total}
            minWidthPx={MIN_WIDTH_PX}
            renderCell={cell}
            contentKey={content}
            activeRow={active}
            follow="least"
            onPick={pick}
            onVisible={onVisible}
            onCopyRow={(row) => {
              const index = at(row);
              if (index === undefined) return;
              const { page, bytes, allocatedLsn } = columns;
              void copyText([page[index], bytes[index], allocatedLsn[index]].join("\t"), "the row");
            }}
          />
        </div>
      )}
    </section>
  );
}
