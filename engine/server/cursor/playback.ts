import { ok, type Result } from "../../base/result.ts";
import type { SubscriptionParamsOf } from "../../protocol/requests.ts";
import { Cursor } from "../../replay/cursor.ts";
import type { Recording } from "../../replay/recording.ts";
import type { UpdateSink } from "../service.ts";

/** A little less than a frame at 60 Hz. */
const TICK_MS = 15;
/** Transactions walked over in one tick; faster than this plays as fast as this. */
const MAX_TRANSACTIONS_A_TICK = 2000;

export interface PlaybackTimer {
  /** Milliseconds from some moment. */
  now(): number;
  /** Returns how to stop. */
  every(ms: number, run: () => void): () => void;
}

export const systemTimer: PlaybackTimer = {
  now: () => performance.now(),
  every: (ms, run) => {
    const timer = setInterval(run, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};

type Params = SubscriptionParamsOf<"playback">;

/**
 * Runs a cursor by the clock: where it stands follows from the time passed, not from how often it was asked, so a window that draws
 * slowly sees fewer moments of the same film. Returns how to stop.
 */
export function play(
  recording: Recording,
  params: Params,
  sink: UpdateSink<"playback">,
  timer: PlaybackTimer = systemTimer,
): Result<() => void> {
  const checked = recording.checkLsn(params.fromLsn);
  if (!checked.ok) return checked;
  const direction = params.backward ? -1 : 1;
  const limit = params.backward ? recording.firstLsn : recording.lastLsn;
  const wantedEnd = params.toLsn ?? limit;
  const endLsn = params.backward ? Math.max(limit, wantedEnd) : Math.min(limit, wantedEnd);
  const place = placeOf(recording, params, direction);
  const start = timer.now();
  let lsn = -1;
  const tick = () => {
    const wanted = place((timer.now() - start) / 1000);
    if (!wanted.ok) {
      stop();
      sink.end(wanted.error);
      return;
    }
    const isDone = (endLsn - wanted.value) * direction <= 0;
    const next = recording.nearestLsn(isDone ? endLsn : wanted.value, direction);
    if (next !== lsn) {
      lsn = next;
      const record = recording.source.findBlock(lsn) < 0 ? undefined : recording.record(lsn);
      const timestampNs = record?.ok === true ? record.value.timestampNs : null;
      sink.update({ result: { lsn, timestampNs }, columns: {} });
    }
    if (!isDone) return;
    stop();
    sink.end();
  };
  const stop = timer.every(TICK_MS, tick);
  return ok(stop);
}

/** Where the cursor stands after so many seconds. */
function placeOf(
  recording: Recording,
  { fromLsn, mode, speed }: Params,
  direction: 1 | -1,
): (seconds: number) => Result<number> {
  if (mode === "records") return (seconds) => ok(Math.floor(fromLsn + seconds * speed * direction));
  if (mode === "time") {
    const record = recording.source.findBlock(fromLsn) < 0 ? undefined : recording.record(fromLsn);
    const { firstTimeNs, lastTimeNs } = recording.index.tables;
    const from = record?.ok === true ? record.value.timestampNs : firstTimeNs;
    return (seconds) => {
      const timeNs = from + BigInt(Math.round(seconds * speed * 1e9)) * BigInt(direction);
      if (direction > 0 && timeNs >= lastTimeNs) return ok(recording.lastLsn);
      if (direction < 0 && timeNs < firstTimeNs) return ok(recording.firstLsn);
      const lsn = recording.lsnAtTime(timeNs < 0n ? 0n : timeNs);
      // Records that share a time lie at the last of them: never go against the direction.
      return lsn.ok ? ok(direction > 0 ? Math.max(fromLsn, lsn.value) : Math.min(fromLsn, lsn.value)) : lsn;
    };
  }
  const cursor = new Cursor(recording, 0);
  const sought = cursor.seek(fromLsn);
  let done = 0;
  return (seconds) => {
    if (!sought.ok) return sought;
    const wanted = Math.floor(seconds * speed);
    for (let steps = 0; done < wanted && steps < MAX_TRANSACTIONS_A_TICK; steps++) {
      const moved = cursor.stepTransaction(direction);
      if (!moved.ok) return moved;
      if (!moved.value) return ok(direction > 0 ? recording.lastLsn : recording.firstLsn);
      done++;
    }
    done = Math.max(done, wanted);
    return ok(cursor.lsn);
  };
}
