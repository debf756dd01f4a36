import { Worker } from "node:worker_threads";
import { ok, type Result } from "../../base/result.ts";
import type { BuildProgress } from "../../log/index/build-index.ts";
import type { ReportProgress } from "../service.ts";
import { type Sliced, waitFor } from "../slice-scheduler.ts";

export interface IndexTask {
  readonly path: string;
  /** Memory for the building. */
  readonly cacheBytes: number;
  /** One word; other than 0: give up, and leave nothing half-made. */
  readonly stop: SharedArrayBuffer;
}

/** What the thread tells: how far it is, and that it has done what it could. */
export type IndexNews = BuildProgress | "ended";

/** Builds an index in a thread of its own. Done when that has done what it could, whatever became of the index; cancelled, it gives up. */
export function* buildIndexBeside(
  path: string,
  cacheBytes: number,
  progress: ReportProgress,
): Sliced<Result<void>> {
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(new URL("./index-worker.ts", import.meta.url), {
    workerData: { path, cacheBytes, stop } satisfies IndexTask,
  });
  const ended = new Promise<Result<void>>((resolve) => {
    worker.on("message", (news: IndexNews) => {
      if (news === "ended") resolve(ok());
      else progress("index", news.doneBytes, news.totalBytes);
    });
    // One that fails leaves no index: then it is built here, in slices.
    worker.once("error", () => resolve(ok()));
    worker.once("exit", () => resolve(ok()));
  });
  try {
    return yield* waitFor(ended);
  } finally {
    // Too late where it has ended, and of no matter then.
    Atomics.store(new Int32Array(stop), 0, 1);
  }
}
