import type { JSX } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { formatCount } from "../../ui/format/count.ts";
import { formatTimestamp } from "../../ui/format/time.ts";
import { Copyable } from "../../ui/value.tsx";

/** Where the recording lies, what it is, and which LSNs and times it spans. */
export function FileFacts({ recording }: { recording: RecordingInfo }): JSX.Element {
  const { path, format, formatVersion, uuid, firstLsn, lastLsn, firstTimestampNs, lastTimestampNs } =
    recording;
  return (
    <section aria-label="File">
      <h2 className="section-title">File</h2>
      <dl className="facts">
        <dt>Path</dt>
        <dd>
          <Copyable text={path} what="the path" className="mono" />
        </dd>
        <dt>Format</dt>
        <dd>
          {format === "mmsb" ? "MMSB" : "MMSBLOG1"}, version {formatVersion}
        </dd>
        <dt>Identity</dt>
        <dd>
          <Copyable text={uuid} what="the recording's UUID" className="mono" />
        </dd>
        <dt>LSN</dt>
        <dd className="num">
          {lastLsn < firstLsn ? "no records" : `${formatCount(firstLsn)} to ${formatCount(lastLsn)}`}
          {firstLsn > 1 && " (older segments were dropped)"}
        </dd>
        {firstTimestampNs !== null && lastTimestampNs !== null && (
          <>
            <dt>From</dt>
            <dd className="num">{formatTimestamp(firstTimestampNs)}</dd>
            <dt>To</dt>
            <dd className="num">{formatTimestamp(lastTimestampNs)}</dd>
          </>
        )}
      </dl>
    </section>
  );
}
