import { Worker } from "node:worker_threads";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Progress } from "../../protocol/control.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { fromWireError, type WireError } from "../../protocol/wire-error.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import { type Sliced, waitFor } from "../slice-scheduler.ts";

export interface VerifyTask {
  readonly path: string;
  readonly lsn: number;
}

export type VerifyOutcome = Omit<ReplyOf<"state.verify">["result"], "lsn" | "durationNs">;

/** What the worker tells. */
export type VerifyMessage =
  | { readonly progress: Progress }
  | { readonly outcome: VerifyOutcome }
  | { readonly error: WireError };

/** The state at an LSN as the index gives it, against a replay from the first record that uses none of it. In a thread of its own. */
export function* verifyState(
  opened: OpenedRecording,
  { lsn }: ParamsOf<"state.verify">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"state.verify">>> {
  const started = performance.now();
  const checked = opened.recording.checkLsn(lsn);
  if (!checked.ok) return checked;
  const worker = new Worker(new URL("./verify-worker.ts", import.meta.url), {
    workerData: { path: opened.path, lsn } satisfies VerifyTask,
  });
  try {
    const outcome = yield* waitFor(outcomeOf(worker, progress));
    if (!outcome.ok) return outcome;
    const durationNs = BigInt(Math.round((performance.now() - started) * 1e6));
    return ok({ result: { lsn, durationNs, ...outcome.value }, columns: {} });
  } finally {
    void worker.terminate();
  }
}

function outcomeOf(worker: Worker, progress: ReportProgress): Promise<Result<VerifyOutcome>> {
  return new Promise((resolve) => {
    worker.on("message", (message: VerifyMessage) => {
      if ("progress" in message)
        progress(message.progress.phase, message.progress.done, message.progress.total);
      else
        resolve(
          "outcome" in message ? ok(message.outcome) : { ok: false, error: fromWireError(message.error) },
        );
    });
    const failed = (cause: unknown) =>
      resolve(
        fail("INTERNAL", "the check could not be run", "Try again; 'mmsb verify' does the same", {}, cause),
      );
    worker.on("error", failed);
    worker.on("exit", failed);
  });
}
