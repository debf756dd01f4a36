import { type JSX, useCallback, useMemo, useState } from "react";
import { textAt } from "../../../engine/protocol/columns.ts";
import { RecordRowFlag } from "../../../engine/protocol/requests/records.ts";
import { useRecordRows } from "../../client/use-record-rows.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { useEventFilter } from "../../state/filter-store.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { parseQuery } from "../../state/record-query.ts";
import { Button } from "../../ui/button.tsx";
import { DataGrid } from "../../ui/data-grid.tsx";
import { plural } from "../../ui/format/ids.ts";
import { Empty, Failed, Loading, sentence } from "../../ui/states.tsx";
import { useDebounced } from "../../ui/use-debounced.ts";
import { copyText } from "../../ui/value.tsx";
import { EventCell } from "./event-cells.tsx";
import { EventDetails } from "./event-details.tsx";
import { EventFilterBar } from "./event-filter-bar.tsx";
import { eventTable } from "./event-table.ts";
import "./events.css";

const TYPING_MS = 180;

/** What happened beside the writes, as a table that follows the cursor, with everything about the row at the cursor below. */
export function EventsPanel(): JSX.Element {
  const studio = useStudio();
  const recording = useRecording();
  const formatTime = useTimeFormat();
  const follow = usePreferences((state) => state.followCursor);
  const setPreferences = usePreferences((state) => state.set);
  const [showDetails, setShowDetails] = useState(true);
  const query = useDebounced(
    useEventFilter((state) => state.query),
    TYPING_MS,
  );

  const { sources, pageTypes, eventTypes, kinds } = recording;
  const parsed = useMemo(
    () => parseQuery(query, { sources, pageTypes, eventTypes, kinds }),
    [query, sources, pageTypes, eventTypes, kinds],
  );
  // A line that cannot be read leaves the table as it was.
  const [lastGood, setLastGood] = useState(parsed);
  if (parsed.ok && parsed !== lastGood) setLastGood(parsed);
  const filter = useMemo(() => (lastGood.ok ? lastGood.filter : {}), [lastGood]);
  const { rows, state, cursorRow, cursorLsn } = useRecordRows("events", filter);
  const longestTime = formatTime(recording.lastTimestampNs ?? 0n, 6);
  const { columns, minWidthPx } = useMemo(
    () => eventTable(recording.lastLsn, longestTime),
    [recording.lastLsn, longestTime],
  );
  const kindNames = useMemo(() => new Map(kinds.map(({ code, name }) => [code, name])), [kinds]);
  const kindName = (code: number) => kindNames.get(code) ?? `kind ${code}`;
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
    const text = [
      data.lsn[at],
      formatTime(data.timeNs[at]!, 9),
      eventTypes[data.eventType[at]!]?.name ?? kindName(data.kind[at]!),
      textAt(data.textBytes, data.textEnds, at),
      sources[data.source[at]!]?.name ?? "",
      data.cause[at],
    ].join("\t");
    void copyText(text, "the row");
  };
  const shownLsn = cursorRow >= 0 ? lsnOf(cursorRow) : undefined;

  return (
    <div className="panel">
      <EventFilterBar
        problem={parsed.ok ? undefined : parsed.message}
        showDetails={showDetails}
        onShowDetails={setShowDetails}
      />
      {!parsed.ok && <div className="panel__note">{sentence(parsed.message)}</div>}
      <div className="panel__body">
        {state.error !== undefined ? (
          <Failed error={state.error} onRetry={() => rows.retry()} />
        ) : state.first ? (
          <Loading title="Loading events" />
        ) : state.total === 0 && state.complete ? (
          <NoEvents isFiltered={isFiltered} />
        ) : (
          <DataGrid
            label="Events"
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
              const above = column.id === "since" && row > 0 ? rows.at(row - 1) : undefined;
              return (
                <EventCell
                  column={column.id}
                  row={found.block.data}
                  at={found.index}
                  previousNs={above?.block.data.timeNs[above.index]}
                  recording={recording}
                  kindName={kindName}
                  formatTime={formatTime}
                />
              );
            }}
          />
        )}
      </div>
      {showDetails && shownLsn !== undefined && (
        <section className="events__details" aria-label="Details">
          <EventDetails lsn={shownLsn} />
        </section>
      )}
      <div className="panel__foot">
        <span className="num">{plural(state.total, "row")}</span>
        {!state.complete && !state.first && state.error === undefined && <span role="status">searching</span>}
        <span className="spacer" />
        <span className="num">{plural(recording.counts.events, "event")} in the recording</span>
      </div>
    </div>
  );
}

function NoEvents({ isFiltered }: { isFiltered: boolean }): JSX.Element {
  if (!isFiltered) {
    return (
      <Empty icon="events" title="No events">
        The recording holds no marks, failures, checkpoints or session starts: only what was written to pages.
      </Empty>
    );
  }
  return (
    <Empty
      icon="filter"
      title="No event fits the filter"
      actions={<Button onClick={() => useEventFilter.getState().setQuery("")}>Clear the filter</Button>}
    >
      Every condition must hold: take one away, or widen the range.
    </Empty>
  );
}
