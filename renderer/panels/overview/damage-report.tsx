import type { JSX, ReactNode } from "react";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { useStudio } from "../../client/use-studio.ts";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Icon } from "../../ui/icons.tsx";
import { sentence } from "../../ui/states.tsx";
import { Copyable } from "../../ui/value.tsx";
import { problemsOf, recoverCommand } from "./problems.ts";

/** What is wrong with the recording: what was lost, where, and what to do. One quiet line where nothing is. */
export function DamageReport({ recording }: { recording: RecordingInfo }): JSX.Element {
  const problems = problemsOf(recording);
  if (problems.length === 0) {
    return (
      <p className="overview__sound">
        <Icon name="check" size={14} />
        {recording.format === "mmsb"
          ? "No damage found, and the session closed it."
          : "No damage found. Logs of the older format do not say whether their session ended."}
      </p>
    );
  }
  const isDamaged = problems.some(({ kind }) => kind === "damage" || kind === "gap");
  const lostBytes = recording.damage.reduce((sum, { lostBytes }) => sum + lostBytes, 0);
  return (
    <section className={isDamaged ? "report report--danger" : "report"} aria-label="Damage report">
      <h2 className="report__title">
        <Icon name="warning" size={16} />
        {isDamaged
          ? `This recording is damaged${lostBytes > 0 ? `: ${formatBytes(lostBytes)} could not be read` : ""}`
          : "This recording ends early"}
      </h2>
      <ul className="report__list">
        {problems.map((problem) => {
          switch (problem.kind) {
            case "damage": {
              const { error, path, offset, lostBytes, afterLsn } = problem.report;
              return (
                <Item key={`damage ${path} ${offset}`} title={sentence(error.message)}>
                  <span className="num">
                    {path.split(/[/\\]/).at(-1)}, offset{" "}
                    <Copyable text={String(offset)} what="the offset">
                      {formatCount(offset)}
                    </Copyable>
                    {" · "}
                    <span title={formatBytesExact(lostBytes)}>{formatBytes(lostBytes)} lost</span>
                    {" · after "}
                    <SeekLink lsn={afterLsn} />
                  </span>
                  <span>{sentence(error.remedy)}</span>
                </Item>
              );
            }
            case "gap":
              return (
                <Item
                  key={`gap ${problem.fromLsn}`}
                  title={`LSN ${formatCount(problem.fromLsn)} to ${formatCount(problem.toLsn)} are missing.`}
                >
                  <span>
                    {plural(problem.toLsn - problem.fromLsn + 1, "record")} between{" "}
                    <SeekLink lsn={problem.fromLsn - 1} /> and <SeekLink lsn={problem.toLsn + 1} />: a page
                    that they may have changed is uncertain until it is written whole.
                  </span>
                </Item>
              );
            case "omitted":
              return (
                <Item key="omitted" title={`${plural(problem.count, "more place")} of damage.`}>
                  <span>
                    <code className="mono">mmsb verify</code> lists all of them.
                  </span>
                </Item>
              );
            case "unclosed":
              return (
                <Item key="unclosed" title="The session never closed it.">
                  <span>
                    It was killed, or still writes. Everything up to <SeekLink lsn={recording.lastLsn} /> can
                    be read.
                  </span>
                </Item>
              );
            default:
              return (
                <Item key="unfinished" title="Its last transaction never ended.">
                  <span>
                    The final state stands at <SeekLink lsn={problem.committedLsn} />;{" "}
                    {plural(problem.records, "record")} after it are shown, and are not part of it.
                  </span>
                </Item>
              );
          }
        })}
      </ul>
      {isDamaged && (
        <p className="report__remedy">
          To keep everything that can be read:{" "}
          <Copyable text={recoverCommand(recording.path)} what="the command" className="mono" />
        </p>
      )}
    </section>
  );
}

function Item({ title, children }: { title: string; children: ReactNode }): JSX.Element {
  return (
    <li className="report__item">
      <strong>{title}</strong>
      {children}
    </li>
  );
}

function SeekLink({ lsn }: { lsn: number }): JSX.Element {
  const studio = useStudio();
  return (
    <button type="button" className="link num" onClick={() => studio.navigator.seek(lsn)}>
      LSN {formatCount(lsn)}
    </button>
  );
}
