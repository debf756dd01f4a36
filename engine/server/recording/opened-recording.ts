import { basename } from "node:path";
import type { MmsbError } from "../../base/errors.ts";
import { ok, type Result } from "../../base/result.ts";
import type { BuildProgress } from "../../log/index/build-index.ts";
import { segmentSetOf } from "../../log/segment-names.ts";
import { hasWriter } from "../../log/writer-lock.ts";
import type { RecordingInfo } from "../../protocol/requests/recordings.ts";
import { openingRecording } from "../../replay/open-recording.ts";
import type { Recording } from "../../replay/recording.ts";
import { DeviceHistory } from "../gpu/device-history.ts";
import { GraphCache } from "../graph/graph-cache.ts";
import { PageAges } from "../pages/page-ages.ts";
import { PageOrders } from "../pages/page-orders.ts";
import { SearchCache } from "../records/search-cache.ts";
import type { ReportProgress } from "../service.ts";
import { type RunningTask, type Sliced, type SliceScheduler, waitFor } from "../slice-scheduler.ts";
import { FileIdentity } from "./file-identity.ts";
import { buildIndexBeside } from "./index-build.ts";
import { describeRecording } from "./recording-info.ts";
import { Survey } from "./survey.ts";

/**
 * Memory for the blocks, tables and pages of the first recording; the tables of 10 M deltas are some 100 MiB and a third of it. Those
 * opened beside it get less, so that all of them together stay around 1 GiB.
 */
const CACHE_BYTES = 384 << 20;
const MIN_CACHE_BYTES = 64 << 20;
/** How often a file that may still grow is looked at. */
const FOLLOW_EVERY_MS = 400;
/** While it is surveyed, whoever listens hears of it this often: each time a window asks anew for its timeline and its busiest pages. */
const SURVEY_NEWS_MS = 250;
/** One that has grown counts as being written for so long. */
const FRESH_MS = 5000;

/** One recording, shared by every connection that opened it, with what has been worked out about it. */
export class OpenedRecording {
  readonly handle: number;
  readonly path: string;
  readonly name: string;
  readonly recording: Recording;
  readonly survey: Survey;
  readonly searches: SearchCache;
  readonly graphs: GraphCache;
  readonly pageOrders: PageOrders;
  readonly pageAges: PageAges;
  readonly devices: DeviceHistory;
  readonly scheduler: SliceScheduler;
  /** Windows that have it open, requests under way and subscriptions: the last one to let go closes it. */
  holders = 0;
  readonly #listeners = new Set<() => void>();
  #surveying: RunningTask<void> | undefined;
  #following: RunningTask<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #hasWriter: boolean;
  readonly #file: FileIdentity;
  #freshUntil = 0;
  /** Why surveying or following stopped, if it did. */
  trouble: MmsbError | undefined;

  constructor(
    handle: number,
    path: string,
    recording: Recording,
    scheduler: SliceScheduler,
    hasWriter = false,
    file = new FileIdentity(path),
  ) {
    this.#file = file;
    this.#hasWriter = hasWriter;
    this.handle = handle;
    this.path = path;
    this.name = basename(path);
    this.recording = recording;
    this.scheduler = scheduler;
    this.survey = new Survey(recording);
    this.searches = new SearchCache(recording, this.survey);
    this.graphs = new GraphCache(recording, scheduler);
    this.pageOrders = new PageOrders(recording, this.survey);
    this.pageAges = new PageAges(recording);
    this.devices = new DeviceHistory(recording, this.survey);
    this.#survey();
    this.#follow();
  }

  /**
   * Opens the file and loads its index, in slices; one that must be built first is built beside this thread. `beside` = how many
   * recordings are open already.
   */
  static *open(path: string, beside: number, progress: ReportProgress): Sliced<Result<Recording>> {
    progress("open", 0, 0);
    yield;
    const cacheBytes = Math.max(MIN_CACHE_BYTES, Math.floor(CACHE_BYTES / (1 + beside)));
    const opened = yield* stepped(openingRecording(path, { cacheBytes, buildsIndex: false }), progress);
    if (opened.ok || opened.error.code !== "INDEX_STALE") return opened;
    const built = yield* buildIndexBeside(path, cacheBytes, progress);
    if (!built.ok) return built;
    // Where it could not be kept, it is built here after all.
    return yield* stepped(openingRecording(path, { cacheBytes }), progress);
  }

  /** Whether it is being written: a writer holds it, or it grew a moment ago under one that this machine does not know. */
  get isFollowing(): boolean {
    return this.#mayGrow && (this.#hasWriter || performance.now() < this.#freshUntil);
  }

  /** Whether its path names another file by now: then it is opened anew for whoever asks next. */
  get isReplaced(): boolean {
    return this.#file.isReplaced(this.#mayGrow);
  }

  /** What its writer closed, and a foreign file, is what it is. */
  get #mayGrow(): boolean {
    const { source } = this.recording;
    return source.format === "mmsb" && !source.closed && !this.#closed && this.trouble === undefined;
  }

  info(): RecordingInfo {
    return describeRecording(this);
  }

  /** Called when it grew or more of it was surveyed. Returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #survey(): void {
    if (this.#surveying !== undefined || this.#closed) return;
    let lastTold = performance.now();
    const tell = () => {
      const now = performance.now();
      if (now - lastTold < SURVEY_NEWS_MS) return;
      lastTold = now;
      this.#changed();
    };
    const task = this.scheduler.run(this.survey.gather(tell), "background");
    this.#surveying = task;
    void task.outcome.then((result) => {
      this.#surveying = undefined;
      if (this.#closed) return;
      if (!result.ok) this.trouble = result.error;
      else if (!this.survey.isComplete) this.#survey();
      this.#changed();
    });
  }

  #follow(): void {
    if (!this.#mayGrow) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const task = this.scheduler.run(this.#refresh(), "background");
      this.#following = task;
      void task.outcome.then(() => {
        this.#following = undefined;
        this.#follow();
      });
    }, FOLLOW_EVERY_MS);
    this.#timer.unref();
  }

  *#refresh(): Sliced<Result<void>> {
    const wasFollowing = this.isFollowing;
    const writer = yield* waitFor(writerOf(this.path));
    if (writer.ok) this.#hasWriter = writer.value;
    const refreshing = this.recording.refreshing();
    for (;;) {
      const step = refreshing.next();
      if (step.done !== true) {
        yield;
        continue;
      }
      if (!step.value.ok) this.trouble = step.value.error;
      else if (step.value.value) {
        this.#freshUntil = performance.now() + FRESH_MS;
        this.#survey();
      }
      const isAsBefore = step.value.ok && !step.value.value && this.isFollowing === wasFollowing;
      if (!isAsBefore || this.recording.source.closed) this.#changed();
      return ok();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#surveying?.cancel();
    this.#following?.cancel();
    this.searches.dispose();
    this.graphs.dispose();
    this.#listeners.clear();
    this.recording.close();
  }
}

/** Whether a writer of this machine has the recording open. */
export async function writerOf(path: string): Promise<Result<boolean>> {
  return ok(await hasWriter(segmentSetOf(path)));
}

function* stepped(
  opening: Generator<BuildProgress, Result<Recording>>,
  progress: ReportProgress,
): Sliced<Result<Recording>> {
  try {
    for (;;) {
      const step = opening.next();
      if (step.done === true) return step.value;
      progress("index", step.value.doneBytes, step.value.totalBytes);
      yield;
    }
  } finally {
    // Cancelled: whoever was at it lets go of its files.
    opening.return(undefined as never);
  }
}
