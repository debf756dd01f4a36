import type { JSX, ReactNode } from "react";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { LsnLink } from "../../client/lsn-link.tsx";
import { useRecording } from "../../client/use-studio.ts";
import { useDeltaFilter } from "../../state/filter-store.ts";
import { setTerm } from "../../state/record-query.ts";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount, formatShare } from "../../ui/format/count.ts";
import { formatDuration } from "../../ui/format/time.ts";
import { Swatch } from "../../ui/value.tsx";
import { DIRECTION_NAMES, directionSlot, kernelSlot, typeSlot } from "./tracks.ts";

type At = ReplyOf<"gpu.at">["result"];

/** What holds memory, what ran and what was copied up to the cursor. */
export function GpuTables({ at, kernels }: { at: At; kernels: readonly string[] }): JSX.Element {
  return (
    <div className="gpu__tables">
      <Types types={at.types} />
      <Kernels kernels={at.kernels} order={kernels} />
      <Copies copies={at.copies} />
    </div>
  );
}

function Types({ types }: { types: At["types"] }): JSX.Element {
  const known = useRecording().pageTypes;
  const total = types.reduce((sum, { bytes }) => sum + bytes, 0);
  const filterBy = (name: string) => {
    const { query, set } = useDeltaFilter.getState();
    set({ query: setTerm(query, "type", name) });
  };
  return (
    <Table title="Memory by page type" heads={["Page type", "Held", "Share"]} empty="Nothing is held here.">
      {types.map(({ label, pageType, bytes }) => (
        <tr key={pageType}>
          <td>
            <Named slot={typeSlot(pageType)}>
              {known[pageType] === undefined ? (
                <span className="muted">{label}</span>
              ) : (
                <button
                  type="button"
                  className="link truncate"
                  title={`Show only the deltas of pages of type ${label}`}
                  onClick={() => filterBy(label)}
                >
                  {label}
                </button>
              )}
            </Named>
          </td>
          <td className="right num" title={formatBytesExact(bytes)}>
            {formatBytes(bytes)}
          </td>
          <td className="right num muted">{formatShare(bytes / total)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Kernels({ kernels, order }: { kernels: At["kernels"]; order: readonly string[] }): JSX.Element {
  return (
    <Table
      title="Kernels up to the cursor"
      heads={["Kernel", "Launches", "Time", "Mean", "Bytes/s", "Last"]}
      empty="No kernel has run."
    >
      {kernels.map(({ kernel, launches, bytes, durationNs, lastLsn }) => {
        const at = order.indexOf(kernel);
        return (
          <tr key={kernel}>
            <td>
              <Named slot={kernelSlot(at < 0 ? order.length - 1 : at)}>
                <span className="mono truncate">{kernel}</span>
              </Named>
            </td>
            <td className="right num">{formatCount(launches)}</td>
            <td className="right num">{timed(durationNs)}</td>
            <td className="right num">{timed(durationNs / launches)}</td>
            <td className="right num">{bandwidth(bytes, durationNs)}</td>
            <td className="right">
              <LsnLink lsn={lastLsn} />
            </td>
          </tr>
        );
      })}
    </Table>
  );
}

function Copies({ copies }: { copies: At["copies"] }): JSX.Element {
  return (
    <Table
      title="Copies up to the cursor"
      heads={["Direction", "Copies", "Bytes", "Time", "Bytes/s", "Last"]}
      empty="Nothing was copied."
    >
      {copies.map(({ direction, copies: count, prefetches, bytes, durationNs, lastLsn }) => (
        <tr key={direction}>
          <td>
            <Named slot={directionSlot(direction)}>
              <span className="truncate">{DIRECTION_NAMES[direction]}</span>
              {prefetches > 0 && <span className="faint num">{formatCount(prefetches)} prefetched</span>}
            </Named>
          </td>
          <td className="right num">{formatCount(count)}</td>
          <td className="right num" title={formatBytesExact(bytes)}>
            {formatBytes(bytes)}
          </td>
          <td className="right num">{timed(durationNs)}</td>
          <td className="right num">{bandwidth(bytes, durationNs)}</td>
          <td className="right">
            <LsnLink lsn={lastLsn} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** A duration of 0 was not measured. */
function timed(durationNs: number): string {
  return durationNs > 0 ? formatDuration(durationNs) : "–";
}

function bandwidth(bytes: number, durationNs: number): string {
  return durationNs > 0 ? `${formatBytes((bytes / durationNs) * 1e9)}/s` : "–";
}

function Named({ slot, children }: { slot: number; children: ReactNode }): JSX.Element {
  return (
    <span className="gpu__named">
      <Swatch slot={slot} />
      {children}
    </span>
  );
}

function Table({
  title,
  heads,
  empty,
  children,
}: {
  title: string;
  heads: readonly string[];
  empty: string;
  children: readonly JSX.Element[];
}): JSX.Element {
  return (
    <section aria-label={title}>
      <h2 className="section-title">{title}</h2>
      {children.length === 0 ? (
        <p className="muted">{empty}</p>
      ) : (
        <table className="table">
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
      )}
    </section>
  );
}
