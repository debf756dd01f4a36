import type { ColumnsOf } from "./columns.ts";
import { locate, playback, seekTime, stepCursor } from "./requests/cursor.ts";
import type { RequestSpec } from "./requests/define.ts";
import { gpuAt, gpuLeaks, viewGpu } from "./requests/gpu.ts";
import { searchGraph, touchedGraph, viewGraph } from "./requests/graph.ts";
import {
  comparePages,
  fieldSeries,
  lastWriter,
  pageHistory,
  verifyState,
  viewPage,
  windowPages,
} from "./requests/pages.ts";
import {
  beginUpload,
  closeRecording,
  describeRecording,
  finishUpload,
  listRecordings,
  loadBookmarks,
  openRecording,
  recordingChanges,
  saveBookmarks,
  sendUpload,
} from "./requests/recordings.ts";
import {
  recordCauses,
  recordDetails,
  recordEffects,
  searchProgress,
  windowDeltas,
  windowEvents,
} from "./requests/records.ts";
import { chooseFile, shellCommands } from "./requests/shell.ts";
import { overview, viewLanes, viewTimeline } from "./requests/timeline.ts";
import type { z } from "./zod.ts";

/** Everything that can be asked once. */
export const REQUESTS = {
  "recordings.list": listRecordings,
  "recording.open": openRecording,
  "recording.close": closeRecording,
  "recording.info": describeRecording,
  "upload.begin": beginUpload,
  "upload.chunk": sendUpload,
  "upload.finish": finishUpload,
  "bookmarks.load": loadBookmarks,
  "bookmarks.save": saveBookmarks,
  "timeline.view": viewTimeline,
  "timeline.lanes": viewLanes,
  overview: overview,
  "deltas.window": windowDeltas,
  "events.window": windowEvents,
  "record.details": recordDetails,
  "record.causes": recordCauses,
  "record.effects": recordEffects,
  "pages.window": windowPages,
  "page.view": viewPage,
  "page.compare": comparePages,
  "page.history": pageHistory,
  "page.last-writer": lastWriter,
  "field.series": fieldSeries,
  "state.verify": verifyState,
  "graph.view": viewGraph,
  "graph.touched": touchedGraph,
  "graph.search": searchGraph,
  "gpu.view": viewGpu,
  "gpu.at": gpuAt,
  "gpu.leaks": gpuLeaks,
  "cursor.step": stepCursor,
  "cursor.seek-time": seekTime,
  "cursor.locate": locate,
  "shell.choose-file": chooseFile,
} as const satisfies Readonly<Record<string, RequestSpec>>;

/** Everything that can be watched. `result` and `columns` are those of each update. */
export const SUBSCRIPTIONS = {
  playback: playback,
  "recording.changes": recordingChanges,
  "search.progress": searchProgress,
  "shell.commands": shellCommands,
} as const satisfies Readonly<Record<string, RequestSpec>>;

export type RequestName = keyof typeof REQUESTS;
export type SubscriptionName = keyof typeof SUBSCRIPTIONS;

/** What is asked, in memory: LSNs are numbers, ids and times bigints. */
export type ParamsOf<N extends RequestName> = z.output<(typeof REQUESTS)[N]["params"]>;
export type SentColumnsOf<N extends RequestName> = ColumnsOf<(typeof REQUESTS)[N]["sends"]>;
/** What is answered: checked values, and views of the columns. */
export interface ReplyOf<N extends RequestName> {
  readonly result: z.output<(typeof REQUESTS)[N]["result"]>;
  readonly columns: ColumnsOf<(typeof REQUESTS)[N]["columns"]>;
}

export type SubscriptionParamsOf<N extends SubscriptionName> = z.output<(typeof SUBSCRIPTIONS)[N]["params"]>;
export interface UpdateOf<N extends SubscriptionName> {
  readonly result: z.output<(typeof SUBSCRIPTIONS)[N]["result"]>;
  readonly columns: ColumnsOf<(typeof SUBSCRIPTIONS)[N]["columns"]>;
}

export function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(REQUESTS, name);
}

export function isSubscriptionName(name: string): name is SubscriptionName {
  return Object.hasOwn(SUBSCRIPTIONS, name);
}
