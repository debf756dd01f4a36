import { type JSX, useEffect, useState } from "react";
import type { MmsbError } from "../../engine/base/errors.ts";
import type { Progress } from "../../engine/protocol/control.ts";
import type { ReplyOf } from "../../engine/protocol/requests.ts";
import { useRecording, useStudio } from "../client/use-studio.ts";
import { useCursor } from "../state/cursor-store.ts";
import { Dialog } from "../ui/dialog.tsx";
import { formatCount } from "../ui/format/count.ts";
import { plural } from "../ui/format/ids.ts";
import { formatDuration } from "../ui/format/time.ts";
import { Icon } from "../ui/icons.tsx";
import { Failed, Loading } from "../ui/states.tsx";
import { Copyable } from "../ui/value.tsx";
import { useShell } from "./shell-store.ts";
import "./verify-dialog.css";

type Verdict = ReplyOf<"state.verify">["result"];

/** Compares the state that is shown with one replayed from the first record. */
export function VerifyDialog(): JSX.Element {
  const open = useShell((state) => state.overlay === "verify");
  const hide = useShell((state) => state.hide);
  return (
    <Dialog open={open} onClose={() => hide("verify")} title="State hash at the cursor">
      <Verification />
    </Dialog>
  );
}

function Verification(): JSX.Element {
  const studio = useStudio();
  const { recording } = useRecording();
  const [lsn] = useState(() => useCursor.getState().lsn);
  const [attempt, setAttempt] = useState(0);
  const [progress, setProgress] = useState<Progress>();
  const [verdict, setVerdict] = useState<Verdict>();
  const [error, setError] = useState<MmsbError>();

  // biome-ignore lint/correctness/useExhaustiveDependencies: `attempt` asks once more
  useEffect(() => {
    const abort = new AbortController();
    setError(undefined);
    void studio.request("state.verify", { recording, lsn }, abort.signal, setProgress).then((result) => {
      if (abort.signal.aborted) return;
      if (result.ok) setVerdict(result.value.result);
      else setError(result.error);
    });
    return () => abort.abort();
  }, [studio, recording, lsn, attempt]);

  if (error !== undefined) return <Failed error={error} onRetry={() => setAttempt(attempt + 1)} />;
  if (verdict === undefined)
    return <Loading title={`Checking the state at LSN ${formatCount(lsn)}`} progress={progress} />;
  return (
    <div className="verify">
      <div
        className={
          verdict.equal ? "verify__verdict verify__verdict--ok" : "verify__verdict verify__verdict--bad"
        }
        role="status"
      >
        <Icon name={verdict.equal ? "check" : "error"} size={20} />
        {verdict.equal
          ? "The state shown is what a replay from the first record gives."
          : "The state shown differs from a replay from the first record."}
      </div>
      <dl className="facts">
        <dt>LSN</dt>
        <dd className="num">{formatCount(verdict.lsn)}</dd>
        <dt>State hash</dt>
        <dd>
          <Copyable text={verdict.stateHash} what="the state hash" className="mono" />
        </dd>
        {!verdict.equal && (
          <>
            <dt>Replayed hash</dt>
            <dd>
              <Copyable text={verdict.replayedHash} what="the replayed hash" className="mono" />
            </dd>
          </>
        )}
        <dt>Structure hash</dt>
        <dd>
          <Copyable text={verdict.structureHash} what="the structure hash" className="mono" />
        </dd>
        <dt>Replayed</dt>
        <dd className="num">
          {plural(verdict.replayedRecords, "record")} over {plural(verdict.pages, "page")} in{" "}
          {formatDuration(Number(verdict.durationNs))}
        </dd>
      </dl>
    </div>
  );
}
