import type { JSX } from "react";
import { PageName } from "../../client/page-name.tsx";
import { useQuery } from "../../client/use-query.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useTimeFormat } from "../../client/use-time-format.ts";
import { useSelection } from "../../state/selection-store.ts";
import { formatCount } from "../../ui/format/count.ts";
import { Failed } from "../../ui/states.tsx";
import { Copyable } from "../../ui/value.tsx";

/** Causes that are shown; a longer chain goes on at the record it ends with. */
const MOST_CAUSES = 16;

/** Everything that the recording holds about one record, and what led to it. */
export function EventDetails({ lsn }: { lsn: number }): JSX.Element | null {
  const studio = useStudio();
  const { recording } = useRecording();
  const formatTime = useTimeFormat();
  const details = useQuery("record.details", { recording, lsn });
  const causes = useQuery(
    "record.causes",
    (details.data?.result.record.cause ?? 0) > 0 ? { recording, lsn, limit: MOST_CAUSES } : null,
  );
  if (details.error !== undefined) return <Failed error={details.error} onRetry={details.retry} />;
  if (details.data === undefined) return null;
  const { record, properties, metadata, transaction } = details.data.result;
  const seek = (to: number) => studio.navigator.seek(to);
  return (
    <div className="events__details-body">
      <div className="events__details-head">
        <span className="mono events__kind">{record.kind}</span>
        <span className="events__summary">{record.summary}</span>
      </div>
      <dl className="facts">
        <dt>LSN</dt>
        <dd className="num">
          <button type="button" className="link" onClick={() => seek(record.lsn)}>
            {formatCount(record.lsn)}
          </button>
        </dd>
        <dt>Time</dt>
        <dd className="num">
          <Copyable text={record.timestampNs.toString()} what="the time in nanoseconds">
            {formatTime(record.timestampNs, 9)}
          </Copyable>
        </dd>
        {record.source !== "" && (
          <>
            <dt>Source</dt>
            <dd>{record.source}</dd>
          </>
        )}
        {record.pageId !== null && (
          <>
            <dt>Page</dt>
            <dd>
              <button
                type="button"
                className="link"
                onClick={() => useSelection.getState().selectPage(record.pageId ?? undefined)}
              >
                <PageName id={record.pageId} />
              </button>{" "}
              <span className="muted">{record.pageType}</span>
            </dd>
          </>
        )}
        {transaction !== null && (
          <>
            <dt>Transaction</dt>
            <dd className="num">
              <button type="button" className="link" onClick={() => seek(transaction.beginLsn)}>
                {formatCount(transaction.beginLsn)}
              </button>
              <span className="muted">
                {transaction.endLsn === 0 ? ", never ended" : ` to ${formatCount(transaction.endLsn)}`},{" "}
                {transaction.outcome}
              </span>
            </dd>
          </>
        )}
        {properties.map(({ name, value }) => (
          <Property key={name} name={name} value={value} />
        ))}
        {metadata !== null && (
          <>
            <dt>Intent</dt>
            <dd>
              <Copyable text={metadata} what="the metadata" className="mono" />
            </dd>
          </>
        )}
      </dl>
      {causes.data !== undefined && causes.data.result.chain.length > 0 && (
        <section aria-label="Chain of causes">
          <h3 className="section-title">Because of</h3>
          <ol className="events__chain">
            {causes.data.result.chain.map((cause) => (
              <li key={cause.lsn}>
                <button type="button" className="link num" onClick={() => seek(cause.lsn)}>
                  {formatCount(cause.lsn)}
                </button>
                <span className="mono faint">{cause.kind}</span>
                <span className="truncate">{cause.summary}</span>
              </li>
            ))}
          </ol>
        </section>
      )}
    </div>
  );
}

function Property({ name, value }: { name: string; value: string }): JSX.Element {
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <Copyable text={value} what={name} className="mono" />
      </dd>
    </>
  );
}
