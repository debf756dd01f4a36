import { ok, type Result } from "../../base/result.ts";
import type { Recording } from "../../replay/recording.ts";
import type { ReportProgress } from "../service.ts";
import { type RunningTask, type Sliced, type SliceScheduler, waitFor } from "../slice-scheduler.ts";
import { buildGraphModel, type GraphModel } from "./graph-model.ts";

/** The graph of a recording, laid out once; again only when pages or edges have come since. */
export class GraphCache {
  readonly #recording: Recording;
  readonly #scheduler: SliceScheduler;
  #model: GraphModel | undefined;
  #building: RunningTask<GraphModel> | undefined;
  readonly #progress = new Set<(done: number, total: number) => void>();

  constructor(recording: Recording, scheduler: SliceScheduler) {
    this.#recording = recording;
    this.#scheduler = scheduler;
  }

  /** Whoever asks while it is being built waits for the same work. */
  *model(progress: ReportProgress): Sliced<Result<GraphModel>> {
    const { ids, edges } = this.#recording.index.tables;
    const model = this.#model;
    if (model !== undefined && model.pages === ids.count && model.edgeFrom.length === edges.count)
      return ok(model);
    const listener = (done: number, total: number) => progress("layout", done, total);
    this.#progress.add(listener);
    try {
      this.#building ??= this.#scheduler.run(this.#build());
      return yield* waitFor(this.#building.outcome);
    } finally {
      this.#progress.delete(listener);
    }
  }

  *#build(): Sliced<Result<GraphModel>> {
    try {
      const model = yield* buildGraphModel(this.#recording.index.tables, (done, total) => {
        for (const listener of this.#progress) listener(done, total);
      });
      this.#model = model;
      return ok(model);
    } finally {
      this.#building = undefined;
    }
  }

  dispose(): void {
    this.#building?.cancel();
    this.#model = undefined;
  }
}
