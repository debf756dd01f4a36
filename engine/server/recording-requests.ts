import { ok, type Result } from "../base/result.ts";
import type { ParamsOf, ReplyOf, RequestName } from "../protocol/requests.ts";
import { landingAt, seekTime, stepCursor } from "./cursor/cursor-moves.ts";
import { parseTarget } from "./cursor/locate-text.ts";
import { gpuAt } from "./gpu/gpu-at.ts";
import { gpuLeaks } from "./gpu/gpu-leaks.ts";
import { viewGpu } from "./gpu/gpu-view.ts";
import { searchGraph } from "./graph/graph-search.ts";
import { touchedGraph } from "./graph/graph-touched.ts";
import { viewGraph } from "./graph/graph-view.ts";
import type { Handler, Handlers } from "./handlers.ts";
import { fieldSeries } from "./pages/field-series.ts";
import { comparePages } from "./pages/page-compare.ts";
import { lastWriterOf, pageHistory } from "./pages/page-history.ts";
import { viewPage } from "./pages/page-view.ts";
import { windowPages } from "./pages/page-window.ts";
import { verifyState } from "./pages/verify-state.ts";
import type { OpenedRecording } from "./recording/opened-recording.ts";
import { recordDetails } from "./records/record-details.ts";
import { causesOf, effectsOf } from "./records/record-links.ts";
import { windowDeltas, windowEvents } from "./records/record-window.ts";
import type { ReportProgress } from "./service.ts";
import type { Sliced } from "./slice-scheduler.ts";
import { viewLanes } from "./timeline/lanes-view.ts";
import { overviewOf } from "./timeline/overview.ts";
import { viewTimeline } from "./timeline/timeline-view.ts";

type ParamsWithRecording = { readonly recording: number };
type RecordingRequestName = {
  [N in RequestName]: ParamsOf<N> extends ParamsWithRecording ? N : never;
}[RequestName];
type Asked = Exclude<RecordingRequestName, "recording.close" | "bookmarks.load" | "bookmarks.save">;

/** Keeps a recording open while it is being asked. */
export interface Holder {
  hold(handle: number): Result<OpenedRecording>;
  release(opened: OpenedRecording): void;
}

/** Everything that is asked of one open recording. */
export function recordingRequests(holder: Holder): Pick<Handlers, Asked> {
  const of = <N extends Asked>(
    answer: (
      opened: OpenedRecording,
      params: ParamsOf<N>,
      progress: ReportProgress,
    ) => Sliced<Result<ReplyOf<N>>>,
  ): Handler<N> =>
    function* (params, progress) {
      const opened = holder.hold((params as ParamsWithRecording).recording);
      if (!opened.ok) return opened;
      try {
        return yield* answer(opened.value, params, progress);
      } finally {
        holder.release(opened.value);
      }
    };
  const atOnce = <N extends Asked>(
    answer: (opened: OpenedRecording, params: ParamsOf<N>) => Result<ReplyOf<N>>,
  ): Handler<N> =>
    // biome-ignore lint/correctness/useYield: one step is all there is
    of(function* (opened, params) {
      return answer(opened, params);
    });
  return {
    "recording.info": atOnce((opened) => ok({ result: opened.info(), columns: {} })),
    "timeline.view": of(viewTimeline),
    "timeline.lanes": of(viewLanes),
    overview: of(overviewOf),
    "deltas.window": of(windowDeltas),
    "events.window": of(windowEvents),
    "record.details": atOnce((opened, params) => recordDetails(opened.recording, params)),
    "record.causes": of(function* ({ recording }, { lsn, limit }) {
      const causes = yield* causesOf(recording, lsn, limit);
      return causes.ok ? ok({ result: causes.value, columns: {} }) : causes;
    }),
    "record.effects": of(effectsOf),
    "pages.window": of(windowPages),
    "page.view": of(viewPage),
    "page.compare": of(({ recording }, params) => comparePages(recording, params)),
    "page.history": of(({ recording }, params, progress) => pageHistory(recording, params, progress)),
    "page.last-writer": of(({ recording }, params, progress) => lastWriterOf(recording, params, progress)),
    "field.series": of(({ recording }, params, progress) => fieldSeries(recording, params, progress)),
    "state.verify": of(verifyState),
    "graph.view": of(viewGraph),
    "graph.touched": of(touchedGraph),
    "graph.search": of(searchGraph),
    "gpu.view": of(viewGpu),
    "gpu.at": of(gpuAt),
    "gpu.leaks": of(gpuLeaks),
    "cursor.step": of(stepCursor),
    "cursor.seek-time": atOnce((opened, { timeNs }) => seekTime(opened.recording, timeNs)),
    "cursor.locate": atOnce((opened, { text }) => locate(opened, text)),
  };
}

function locate({ recording }: OpenedRecording, text: string): Result<ReplyOf<"cursor.locate">> {
  const target = parseTarget(text, recording);
  if (!target.ok) return target;
  if ("timeNs" in target.value) return seekTime(recording, target.value.timeNs);
  const checked = recording.checkLsn(target.value.lsn);
  if (!checked.ok) return checked;
  const landing = landingAt(recording, target.value.lsn, true);
  return landing.ok ? ok({ result: landing.value, columns: {} }) : landing;
}
