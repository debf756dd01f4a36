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

interface Build {
  readonly ended: Promise<Result<void>>;
  readonly stop: () => void;
  readonly listeners: Set<ReportProgress>;
}

/** Builds indexes in threads of their own, one a recording: whoever asks while it is being built waits for the same work. */
export class IndexBuilds {
  readonly #builds = new Map<string, Build>();

  /** Done when the thread has done what it could, whatever became of the index. Where the last one who waits is cancelled it gives up. */
  *build(path: string, cacheBytes: number, progress: ReportProgress): Sliced<Result<void>> {
    const build = this.#builds.get(path) ?? this.#begin(path, cacheBytes);
    // One listener for each who waits, even where several give the same function.
    const listener: ReportProgress = (phase, done, total) => progress(phase, done, total);
    build.listeners.add(listener);
    try {
      return yield* waitFor(build.ended);
    } finally {
      build.listeners.delete(listener);
      if (build.listeners.size === 0) {
        build.stop();
        if (this.#builds.get(path) === build) this.#builds.delete(path);
      }
    }
  }

  #begin(path: string, cacheBytes: number): Build {
    const stop = new SharedArrayBuffer(4);
    const worker = new Worker(new URL("./index-worker.ts", import.meta.url), {
      workerData: { path, cacheBytes, stop } satisfies IndexTask,
    });
    const listeners = new Set<ReportProgress>();
    const ended = new Promise<Result<void>>((resolve) => {
      worker.on("message", (news: IndexNews) => {
        if (news === "ended") resolve(ok());
        else for (const listener of listeners) listener("index", news.doneBytes, news.totalBytes);
      });
      // One that fails leaves no index: then it is built here, in slices.
      worker.once("error", () => resolve(ok()));
      worker.once("exit", () => resolve(ok()));
    });
    const build: Build = { ended, listeners, stop: () => void Atomics.store(new Int32Array(stop), 0, 1) };
    this.#builds.set(path, build);
    return build;
  }
}
