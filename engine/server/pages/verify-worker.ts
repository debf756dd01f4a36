import { parentPort, workerData } from "node:worker_threads";
import { bytesEqual, toHex } from "../../base/bytes.ts";
import { ok, type Result } from "../../base/result.ts";
import { toWireError } from "../../protocol/wire-error.ts";
import { openSource } from "../../replay/open-recording.ts";
import { Recording } from "../../replay/recording.ts";
import { replaying } from "../../replay/replay-all.ts";
import type { VerifyMessage, VerifyOutcome, VerifyTask } from "./verify-state.ts";

// Hashing every page and rebuilding every state takes seconds and all of the pages' memory: it happens here, beside the engine's own thread.

const PROGRESS_EVERY_MS = 50;
const { path, lsn } = workerData as VerifyTask;
let lastTold = 0;

function tell(message: VerifyMessage): void {
  parentPort?.postMessage(message);
}

function progress(phase: string, done: number, total: number): void {
  const now = performance.now();
  if (now - lastTold < PROGRESS_EVERY_MS) return;
  lastTold = now;
  tell({ progress: { phase, done, total } });
}

function finished<P extends { doneBytes: number; totalBytes: number }, T>(
  phase: string,
  job: Generator<P, T>,
): T {
  let step = job.next();
  while (step.done !== true) {
    progress(phase, step.value.doneBytes, step.value.totalBytes);
    step = job.next();
  }
  return step.value;
}

function verify(): Result<VerifyOutcome> {
  const source = openSource(path);
  if (!source.ok) return source;
  const replayed = finished("replay", replaying(source.value, { at: lsn, fromStart: true }));
  if (!replayed.ok) return replayed;
  const opened = finished("index", Recording.open(source.value));
  if (!opened.ok) return opened;
  const recording = opened.value;
  const stateHash = recording.stateHashAt(lsn);
  if (!stateHash.ok) return stateHash;
  const structureHash = recording.structureHashAt(lsn);
  if (!structureHash.ok) return structureHash;
  const outcome = {
    equal:
      bytesEqual(stateHash.value, replayed.value.stateHash) &&
      bytesEqual(structureHash.value, replayed.value.structureHash),
    stateHash: toHex(stateHash.value),
    replayedHash: toHex(replayed.value.stateHash),
    structureHash: toHex(structureHash.value),
    pages: replayed.value.state.table.count,
    replayedRecords: Math.max(0, lsn - recording.firstLsn),
  };
  recording.close();
  return ok(outcome);
}

const outcome = verify();
tell(outcome.ok ? { outcome: outcome.value } : { error: toWireError(outcome.error) });
