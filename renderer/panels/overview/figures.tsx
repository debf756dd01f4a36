import type { JSX } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCompact, formatCount } from "../../ui/format/count.ts";
import { formatDuration } from "../../ui/format/time.ts";
import { Copyable } from "../../ui/value.tsx";

interface Figure {
  readonly label: string;
  readonly value: string;
  /** What is copied: exact, without separators. */
  readonly exact: string;
  readonly beside?: string;
}

/** The counts that matter, large enough to be read at a glance. */
export function Figures({
  recording,
  overview,
}: {
  recording: RecordingInfo;
  overview: ReplyOf<"overview">;
}): JSX.Element {
  return (
    <dl className="figures" aria-label="Counts">
      {figuresOf(recording, overview).map(({ label, value, exact, beside }) => (
        <div key={label} className="figure">
          <dt>{label}</dt>
          <dd className="num">
            <Copyable text={exact} what={label.toLowerCase()} className="figure__value">
              {value}
            </Copyable>
            {beside !== undefined && <span className="figure__beside">{beside}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function figuresOf(recording: RecordingInfo, { result }: ReplyOf<"overview">): Figure[] {
  const { counts, firstTimestampNs, lastTimestampNs, fileBytes } = recording;
  const { committed, aborted, open } = result.transactions;
  const durationNs =
    firstTimestampNs === null || lastTimestampNs === null ? 0n : lastTimestampNs - firstTimestampNs;
  const seconds = Number(durationNs) / 1e9;
  const count = (label: string, value: number, beside?: string): Figure => ({
    label,
    value: formatCount(value),
    exact: String(value),
    ...(beside !== undefined && { beside }),
  });
  const bytes = (label: string, value: number, beside?: string): Figure => ({
    label,
    value: formatBytes(value),
    exact: String(value),
    beside: beside ?? formatBytesExact(value),
  });
  const transactions = committed + aborted + open;
  const notCommitted = [
    aborted > 0 && `${formatCount(aborted)} aborted`,
    open > 0 && `${formatCount(open)} never ended`,
  ].filter(Boolean);
  return [
    count("Records", counts.records),
    count(
      "Deltas",
      counts.deltas,
      seconds > 0 ? `${formatCompact(counts.deltas / seconds)} a second` : undefined,
    ),
    bytes("Deltas in the log", counts.deltaBytes),
    count("Pages", result.livePages, `at the end; ${formatCount(counts.pages)} ever`),
    bytes("State", result.liveBytes, "all pages at the end"),
    count("Dependencies", counts.edges, "at the end"),
    count(
      "Transactions",
      transactions,
      notCommitted.join(", ") || (transactions > 0 ? "all committed" : undefined),
    ),
    count("Events", counts.events),
    count("Failures", counts.failures),
    count("Checkpoints", counts.checkpoints),
    {
      label: "Duration",
      value: formatDuration(Number(durationNs)),
      exact: String(durationNs),
      beside: "first record to last",
    },
    bytes("File", fileBytes),
  ];
}
