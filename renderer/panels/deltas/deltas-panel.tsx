import { type JSX, useCallback, useMemo, useState } from "react";
import { RecordRowFlag } from "../../../engine/protocol/requests/records.ts";
import { useRecordRows } from "../../client/use-record-rows.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { parseQuery } from "../../state/record-query.ts";
import { Button } from "../../ui/button.tsx";
import { DataGrid } from "../../ui/data-grid.tsx";
import { formatBytes, formatRange } from "../../ui/format/bytes.ts";
import { formatCount, formatShare } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Empty, Failed, Loading, sentence } from "../../ui/states.tsx";
import { useDebounced } from "../../ui/use-debounced.ts";
import { copyText } from "../../ui/value.tsx";
import { DeltaCell } from "./delta-cells.tsx";
import { deltaTable } from "./delta-table.ts";
import { FilterBar } from "./filter-bar.tsx";
import "./deltas.css";

const TYPING_MS = 180;

/** The stream of deltas as a table that follows the cursor. */
export function DeltasPanel(): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const follow = usePreferences((state) => state.followCursor);
  const setPreferences = usePreferences((state) => state.set);
  const query = useDebounced(
    useDeltaFilter((state) => state.query),
    TYPING_MS,
  );
  const value = useDebounced(useDeltaFilter((state) => state.value).trim(), TYPING_MS);

  const { sources, pageTypes, eventTypes, kinds } = recording;
  const parsed = useMemo(
    () => parseQuery(query, { sources, pageTypes, eventTypes, kinds }),
    [query, sources, pageTypes, eventTypes, kinds],
  );
  // A line that cannot be read leaves the table as it was.
  const [lastGood, setLastGood] = useState(parsed);
  if (parsed.ok && parsed !== lastGood) setLastGood(parsed);
  const terms = lastGood.ok ? lastGood.filter : {};
  const filter = useMemo(() => (value === "" ? terms : { ...terms, value }), [terms, value]);
  const { rows, state, cursorRow, cursorLsn } = useRecordRows("deltas", filter);
  const longestTime = formatTime(recording.lastTimestampNs ?? 0n, 6);
  const { columns, minWidthPx } = useMemo(
    () => deltaTable(recording.lastLsn, longestTime),
    [recording.lastLsn, longestTime],
  );
  const isFiltered = Object.keys(filter).length > 0;

  const seek = useCallback((lsn: number) => studio.navigator.seek(lsn), [studio]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the cells are made of; the object itself is the key
  const content = useMemo(() => ({}), [rows, state.version, formatTime, recording]);
  const onVisible = useCallback((first: number, end: number) => rows.show(first, end), [rows]);
  const lsnOf = (row: number) => {
    const found = rows.at(row);
    return found?.block.data.lsn[found.index];
  };
  const copyRow = (row: number) => {
    const found = rows.at(row);
    if (found === undefined) return;
    const { data } = found.block;
    const at = found.index;
    const start = data.firstOffset[at]!;
    const text = [
      data.lsn[at],
      formatTime(data.timeNs[at]!, 9),
      data.page[at],
      data.epoch[at],
      sources[data.source[at]!]?.name ?? "",
      `${formatRange(start, start + data.firstLength[at]!)} (${data.rangeCount[at]})`,
      data.sizeBytes[at],
      data.cause[at],
    ].join("\t");
    void copyText(text, "the row");
  };

  const valueError = value !== "" && state.error?.code === "ARGUMENT_INVALID" ? state.error : undefined;
  return (
    <div className="panel">
      <FilterBar
        queryProblem={parsed.ok ? undefined : parsed.message}
        valueProblem={valueError === undefined ? undefined : `${valueError.message}. ${valueError.remedy}`}
      />
      {!parsed.ok && <div className="panel__note">{sentence(parsed.message)}</div>}
      <div className="panel__body">
        {valueError !== undefined ? (
          <Empty icon="filter" title="The value expression cannot be read">
            {sentence(valueError.message)} {sentence(valueError.remedy)}
          </Empty>
        ) : state.error !== undefined ? (
          <Failed error={state.error} onRetry={() => rows.retry()} />
        ) : state.first ? (
          <Loading title="Loading deltas" />
        ) : state.total === 0 && state.complete ? (
          <NoDeltas isFiltered={isFiltered} />
        ) : (
          <DataGrid
            label="Deltas"
            columns={columns}
            rows={state.total}
            minWidthPx={minWidthPx}
            activeRow={cursorRow}
            activeLsn={cursorLsn}
            shadesLater
            contentKey={content}
            follow={follow ? "centre" : "none"}
            onVisible={onVisible}
            onScrollByHand={() => follow && setPreferences({ followCursor: false })}
            onCopyRow={copyRow}
            onPick={(row) => {
              const lsn = lsnOf(row);
              if (lsn !== undefined) seek(lsn);
            }}
            rowClass={(row) => {
              const found = rows.at(row);
              if (found === undefined) return "";
              const flags = found.block.data.flags[found.index]!;
              return flags & RecordRowFlag.Uncommitted ? "grid__row--uncommitted" : "";
            }}
            renderCell={(row, column) => {
              const found = rows.at(row);
              if (found === undefined) return column.id === "lsn" ? "…" : null;
              return (
                <DeltaCell
                  column={column.id}
                  row={found.block.data}
                  at={found.index}
                  recording={recording}
                  formatTime={formatTime}
                />
              );
            }}
          />
        )}
      </div>
      <div className="panel__foot">
        <span className="num">
          {plural(state.total, "delta")}
          {isFiltered && ` of ${formatCount(recording.counts.deltas)}`}
        </span>
        {!state.complete && !state.first && state.error === undefined && (
          <span role="status">
            searching{" "}
            {state.total > 0
              ? `· ${formatShare(state.total / Math.max(1, recording.counts.deltas))} match so far`
              : ""}
          </span>
        )}
        <span className="spacer" />
        <span className="num" title="What the deltas of the whole recording take in its log">
          {formatBytes(recording.counts.deltaBytes)} in the log
        </span>
      </div>
    </div>
  );
}

function NoDeltas({ isFiltered }: { isFiltered: boolean }): JSX.Element {
  const isDamaged = useRecording().damage.length > 0;
  if (!isFiltered) {
    return (
      <Empty icon="deltas" title="No deltas">
        {isDamaged
          ? "Nothing that can be read of this recording writes to a page."
          : "Nothing in this recording writes to a page."}
      </Empty>
    );
  }
  return (
    <Empty
      icon="filter"
      title="No delta fits the filter"
      actions={
        <Button onClick={() => useDeltaFilter.getState().set({ query: "", value: "" })}>
          Clear the filter
        </Button>
      }
    >
      Every condition must hold: take one away, or widen the range.
    </Empty>
  );
}
