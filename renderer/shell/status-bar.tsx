import type { JSX } from "react";
import { useCursorRecord } from "../client/cursor-record.tsx";
import { useRecording, useSession, useStudio } from "../client/use-studio.ts";
import { useCursor } from "../state/cursor-store.ts";
import { formatBytes, formatBytesExact } from "../ui/format/bytes.ts";
import { formatCount, formatShare } from "../ui/format/count.ts";
import { plural } from "../ui/format/ids.ts";
import { Icon } from "../ui/icons.tsx";
import { sentence } from "../ui/states.tsx";
import { Badge } from "../ui/value.tsx";
import { useCommandRegistry } from "./commands/use-commands.ts";
import "./status-bar.css";

/** One line below everything: the record at the cursor, the recording's health, the connection. */
export function StatusBar(): JSX.Element {
  const recording = useRecording();
  const registry = useCommandRegistry();
  const surveying = recording.surveyedLsn < recording.lastLsn;
  const damages = recording.damage.length + recording.damageOmitted;
  return (
    <footer className="status-bar">
      <div className="status-bar__record">
        <AtCursor />
      </div>
      {surveying && (
        <span className="num muted" role="status" title="Densities and counts are gathered in the background">
          Surveying {formatShare(recording.surveyedLsn / Math.max(1, recording.lastLsn))}
        </span>
      )}
      {recording.following && damages === 0 && <Badge tone="accent">still growing</Badge>}
      {damages > 0 ? (
        <button
          type="button"
          className="status-bar__badge"
          onClick={() => registry.run("view.panel.overview")}
        >
          <Badge tone="danger" title="Open the damage report">
            <Icon name="warning" size={12} /> damaged in {plural(damages, "place")}
          </Badge>
        </button>
      ) : (
        !recording.complete && !recording.following && <Badge tone="warn">never closed</Badge>
      )}
      <span className="num muted status-bar__size" title={formatBytesExact(recording.fileBytes)}>
        {recording.format} v{recording.formatVersion} · {formatBytes(recording.fileBytes)} ·{" "}
        {plural(recording.counts.pages, "page")}
      </span>
      <ConnectionLight />
    </footer>
  );
}

function AtCursor(): JSX.Element {
  const recording = useRecording();
  const isBefore = useCursor((state) => state.lsn < recording.firstLsn);
  const { data } = useCursorRecord();
  if (isBefore) return <span className="muted">The state before the first record</span>;
  if (data === undefined) return <OnlyLsn />;
  const { record, transaction } = data.result;
  const inside = transaction !== null && transaction.endLsn !== record.lsn;
  return (
    <>
      <span className="status-bar__kind mono">{record.kind}</span>
      <span className="truncate truncate--steady status-bar__summary">{record.summary}</span>
      {inside && (
        <Badge
          tone={transaction.outcome === "committed" ? "normal" : "warn"}
          title="What is shown was not yet visible to others"
        >
          {transaction.outcome === "open"
            ? "in a transaction that never ended"
            : `inside transaction ${formatCount(transaction.beginLsn)}`}
        </Badge>
      )}
    </>
  );
}

function OnlyLsn(): JSX.Element {
  const lsn = useCursor((state) => state.lsn);
  return <span className="muted num">LSN {formatCount(lsn)}</span>;
}

function ConnectionLight(): JSX.Element {
  const studio = useStudio();
  const connection = useSession((state) => state.connection);
  if (connection.phase === "ready") {
    return (
      <span className="light light--ok" title={`Connected to ${connection.serverName}`}>
        <span className="visually-hidden">Connected</span>
      </span>
    );
  }
  const { error } = connection;
  const isRefused = connection.phase === "refused" || error?.code === "ACCESS_DENIED";
  return (
    <button
      type="button"
      className="status-bar__lost"
      title={error && `${sentence(error.message)} ${sentence(error.remedy)}`}
      onClick={() => studio.connection.retryNow()}
    >
      <span className="light light--lost" />
      {isRefused ? `Cannot connect: ${error?.remedy}` : "Connection lost, trying again"}
    </button>
  );
}
