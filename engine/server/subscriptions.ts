import { ok, type Result } from "../base/result.ts";
import type { SubscriptionName, SubscriptionParamsOf } from "../protocol/requests.ts";
import { play } from "./cursor/playback.ts";
import type { OpenedRecording } from "./recording/opened-recording.ts";
import type { UpdateSink } from "./service.ts";
import type { Sliced } from "./slice-scheduler.ts";

/** How often a search tells how it goes. */
const SEARCH_PROGRESS_MS = 80;

export type RecordingSubscriptionName = {
  [N in SubscriptionName]: SubscriptionParamsOf<N> extends { readonly recording: number } ? N : never;
}[SubscriptionName];

/** Begins to watch something of an open recording. Returns how to stop. */
export function subscribeTo<N extends RecordingSubscriptionName>(
  opened: OpenedRecording,
  name: N,
  params: SubscriptionParamsOf<N>,
  sink: UpdateSink<N>,
): Result<() => void> {
  const begin = SUBSCRIBE[name] as (
    opened: OpenedRecording,
    params: SubscriptionParamsOf<N>,
    sink: UpdateSink<N>,
  ) => Result<() => void>;
  return begin(opened, params, sink);
}

type Subscribe = {
  readonly [N in RecordingSubscriptionName]: (
    opened: OpenedRecording,
    params: SubscriptionParamsOf<N>,
    sink: UpdateSink<N>,
  ) => Result<() => void>;
};

const SUBSCRIBE: Subscribe = {
  playback: (opened, params, sink) => play(opened.recording, params, sink),
  "recording.changes": (opened, _params, sink) => {
    sink.update({ result: opened.info(), columns: {} });
    return ok(opened.onChange(() => sink.update({ result: opened.info(), columns: {} })));
  },
  "search.progress": (opened, params, sink) => {
    const task = opened.scheduler.run(follow(opened, params, sink), "background");
    void task.outcome.then((result) => {
      if (result.ok) sink.end();
      else if (result.error.code !== "CANCELLED") sink.end(result.error);
    });
    return ok(() => task.cancel());
  },
};

/** Drives the search to its end, beside whoever waits for a window of it. */
function* follow(
  opened: OpenedRecording,
  { window, filter }: SubscriptionParamsOf<"search.progress">,
  sink: UpdateSink<"search.progress">,
): Sliced<Result<void>> {
  const found = opened.searches.rowsFor(window, filter);
  if (!found.ok) return found;
  const rows = found.value;
  let lastTold = Number.NEGATIVE_INFINITY;
  for (;;) {
    const now = performance.now();
    if (rows.isComplete || now - lastTold >= SEARCH_PROGRESS_MS) {
      lastTold = now;
      const { total, searchedLsn, isComplete } = rows;
      sink.update({ result: { matches: total, searchedLsn, complete: isComplete }, columns: {} });
    }
    if (rows.isComplete) return ok();
    const advanced = yield* rows.advance();
    if (!advanced.ok) return advanced;
  }
}
