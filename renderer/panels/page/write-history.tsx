import { type JSX, useEffect, useState } from "react";
import type { RecordBrief } from "../../../engine/protocol/requests/records.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { useQuery } from "../../client/use-query.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { Button } from "../../ui/button.tsx";
import { formatBytesExact, formatRange } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { sentence } from "../../ui/states.tsx";
import { Swatch } from "../../ui/value.tsx";

const FIRST_ROWS = 50;
const MOST_ROWS = 2000;
/** Causes that are shown before a person asks for the rest. */
const MOST_CAUSES = 32;

interface HistoryProps {
  readonly page: bigint;
  readonly lsn: number;
  readonly start: number;
  readonly end: number;
}

/** Who wrote the bytes, newest first; the chosen write with the chain of what led to it. */
export function WriteHistory({ page, lsn, start, end }: HistoryProps): JSX.Element {
  const { recording, sources } = useRecording();
  const studio = useStudio();
  const formatTime = useTimeFormat();
  const [limit, setLimit] = useState(FIRST_ROWS);
  const [chosen, setChosen] = useState<number>();
  // Other bytes, or another moment: the newest write is the answer again.
  const place = `${page}/${start}/${end}/${lsn}`;
  const [lastPlace, setLastPlace] = useState(place);
  if (place !== lastPlace) {
    setLastPlace(place);
    setChosen(undefined);
  }
  const history = useQuery(
    "page.history",
    { recording, page, lsn, offset: start, length: end - start, limit },
    { scope: `${page}/${start}/${end}` },
  );
  const { data, error } = history;
  const rows = data === undefined ? [] : Array.from(data.columns.lsn);
  const writer = chosen ?? rows[0];
  return (
    <div className="writes">
      <h3 className="section-title">
        {rows.length === 0 && data !== undefined ? "Never written" : "Last written by"}
      </h3>
      {error !== undefined && <p className="muted">{sentence(error.message)}</p>}
      {data === undefined && error === undefined && <p className="faint">Looking for writes…</p>}
      {data !== undefined && rows.length === 0 && (
        <p className="muted">These bytes are as the page was created with them, up to the cursor.</p>
      )}
      {writer !== undefined && <CauseChain lsn={writer} />}
      {rows.length > 0 && (
        <>
          <h3 className="section-title">All writes, newest first</h3>
          <table className="table writes__table">
            <thead>
              <tr>
                <th className="right">LSN</th>
                <th className="right writes__wide">Time</th>
                <th>Source</th>
                <th>Bytes</th>
                <th className="right writes__wide">Cause</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((at, row) => {
                const columns = data!.columns;
                const source = sources[columns.source[row]!];
                const first = columns.firstOffset[row]!;
                const cause = columns.cause[row]!;
                return (
                  <tr key={at} data-chosen={at === writer ? "" : undefined} onMouseDown={() => setChosen(at)}>
                    <td className="right">
                      <LsnLink lsn={at} />
                    </td>
                    <td className="right num muted writes__wide">{formatTime(columns.timeNs[row]!, 6)}</td>
                    <td>
                      <span className="writes__source" title={source?.name}>
                        <Swatch slot={source?.colour ?? 9} />
                        <span className="truncate">{source?.name ?? ""}</span>
                      </span>
                    </td>
                    <td className="mono muted" title={formatBytesExact(columns.sizeBytes[row]!)}>
                      {formatRange(first, first + columns.spanLength[row]!)}
                    </td>
                    <td className="right writes__wide">{cause === 0 ? null : <LsnLink lsn={cause} />}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
          {data!.result.nextLsn > 0 && (
            <div className="writes__more">
              {limit < MOST_ROWS ? (
                <Button small onClick={() => setLimit(Math.min(MOST_ROWS, limit * 4))}>
                  Show older writes
                </Button>
              ) : (
                <Button small onClick={() => studio.navigator.seek(data!.result.nextLsn)}>
                  Go to LSN {formatCount(data!.result.nextLsn)} for older writes
                </Button>
              )}
            </div>
          )}
        </>
      )}
    </div>
  );
}

/** A write and what led to it, up to the root: each step one line, each can be gone to. */
function CauseChain({ lsn }: { lsn: number }): JSX.Element | null {
  const { recording } = useRecording();
  const [all, setAll] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another write begins folded again
  useEffect(() => setAll(false), [lsn]);
  const details = useQuery("record.details", { recording, lsn }, { scope: String(lsn) });
  const causes = useQuery(
    "record.causes",
    { recording, lsn, limit: all ? 1000 : MOST_CAUSES },
    { scope: String(lsn) },
  );
  const record = details.data?.result.record;
  if (record === undefined) return null;
  const chain = causes.data?.result;
  return (
    <ol className="causes" aria-label="The write and its causes">
      <CauseStep record={record} isWrite />
      {chain?.chain.map((cause) => (
        <CauseStep key={cause.lsn} record={cause} isWrite={false} />
      ))}
      {chain !== undefined && !chain.complete && (
        <li>
          <Button small onClick={() => setAll(true)}>
            Show the rest of the chain
          </Button>
        </li>
      )}
    </ol>
  );
}

function CauseStep({ record, isWrite }: { record: RecordBrief; isWrite: boolean }): JSX.Element {
  const { sources } = useRecording();
  const formatTime = useTimeFormat();
  const colour = sources.find(({ name }) => name === record.source)?.colour ?? 9;
  const summary = `${record.pageId === null ? "" : `page ${record.pageId} · `}${record.summary}`;
  return (
    <li className={isWrite ? "causes__step causes__step--write" : "causes__step"}>
      <div className="causes__line">
        {!isWrite && <span className="faint">because of</span>}
        <LsnLink lsn={record.lsn} />
        <span className="writes__source">
          {record.source !== "" && <Swatch slot={colour} />}
          <b className="truncate" title={record.source}>
            {record.source === "" ? record.kind : record.source}
          </b>
        </span>
        <span className="faint num causes__time">{formatTime(record.timestampNs, 6)}</span>
      </div>
      <div className="causes__summary muted truncate" title={summary}>
        {summary}
      </div>
    </li>
  );
}
