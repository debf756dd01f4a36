import type { JSX, ReactNode } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { PageName } from "../../client/page-name.tsx";
import { useRecording } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { setTerm } from "../../state/record-query.ts";
import { useSelection } from "../../state/selection-store.ts";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount, formatShare } from "../../ui/format/count.ts";
import { Swatch } from "../../ui/value.tsx";

type Overview = ReplyOf<"overview">["result"];

export function BusiestPages({
  pages,
  total,
}: {
  pages: Overview["busiestPages"];
  total: number;
}): JSX.Element | null {
  if (pages.length === 0) return null;
  const most = pages[0]?.deltas ?? 1;
  return (
    <Ranking title="Busiest pages" heads={["Page", "Deltas", "Written"]}>
      {pages.map(({ pageId, pageType, deltas, deltaBytes }) => (
        <Row
          key={pageId.toString()}
          share={deltas / most}
          hint={`${formatShare(deltas / total)} of all deltas`}
        >
          <td>
            <button
              type="button"
              className="link"
              title="Select the page"
              onClick={() => useSelection.getState().selectPage(pageId)}
            >
              <PageName id={pageId} />
            </button>{" "}
            <span className="muted">{pageType}</span>
          </td>
          <td className="right num">{formatCount(deltas)}</td>
          <td className="right num" title={formatBytesExact(deltaBytes)}>
            {formatBytes(deltaBytes)}
          </td>
        </Row>
      ))}
    </Ranking>
  );
}

export function BusiestSources({
  sources,
  total,
}: {
  sources: Overview["busiestSources"];
  total: number;
}): JSX.Element | null {
  const { sources: known } = useRecording();
  if (sources.length === 0) return null;
  const most = sources[0]?.records ?? 1;
  const filterBy = (name: string) => {
    const { query, set } = useDeltaFilter.getState();
    set({ query: setTerm(query, "source", name) });
  };
  return (
    <Ranking title="Busiest sources" heads={["Source", "Records", "Written"]}>
      {sources.map(({ source, name, records, deltaBytes }) => (
        <Row key={source} share={records / most} hint={`${formatShare(records / total)} of all records`}>
          <td>
            <span className="overview__source">
              <Swatch slot={known[source]?.colour ?? 9} />
              {name === "" ? (
                <span className="muted">none</span>
              ) : (
                <button
                  type="button"
                  className="link truncate"
                  title={`Show only the deltas of ${name}`}
                  onClick={() => filterBy(name)}
                >
                  {name}
                </button>
              )}
            </span>
          </td>
          <td className="right num">{formatCount(records)}</td>
          <td className="right num" title={formatBytesExact(deltaBytes)}>
            {formatBytes(deltaBytes)}
          </td>
        </Row>
      ))}
    </Ranking>
  );
}

export function RecordKinds({
  kinds,
  total,
}: {
  kinds: RecordingInfo["kinds"];
  total: number;
}): JSX.Element | null {
  const present = kinds.filter(({ records }) => records > 0).sort((a, b) => b.records - a.records);
  if (present.length === 0) return null;
  const most = present[0]?.records ?? 1;
  return (
    <Ranking title="Kinds of records" heads={["Kind", "Records", "Share"]}>
      {present.map(({ code, name, records }) => (
        <Row key={code} share={records / most} hint={`kind ${code}`}>
          <td className="mono">{name}</td>
          <td className="right num">{formatCount(records)}</td>
          <td className="right num muted">{formatShare(records / total)}</td>
        </Row>
      ))}
    </Ranking>
  );
}

function Ranking({
  title,
  heads,
  children,
}: {
  title: string;
  heads: readonly [string, string, string];
  children: ReactNode;
}): JSX.Element {
  return (
    <section aria-label={title}>
      <h2 className="section-title">{title}</h2>
      <table className="table ranking">
        <thead>
          <tr>
            {heads.map((head, at) => (
              <th key={head} className={at > 0 ? "right" : undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  );
}

/** Its bar lies behind the row, as long as the row's share of the first one. */
function Row({ share, hint, children }: { share: number; hint: string; children: ReactNode }): JSX.Element {
  return (
    <tr title={hint} style={{ backgroundSize: `${Math.max(0.5, share * 100)}% 100%` }}>
      {children}
    </tr>
  );
}
