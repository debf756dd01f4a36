import { parentPort, workerData } from "node:worker_threads";
import { openingRecording } from "../../replay/open-recording.ts";
import type { IndexNews, IndexTask } from "./index-build.ts";

// Building an index takes seconds, and some of its steps longer than a turn of the engine's own thread may. Whether it came to be shows when
// the recording is opened.

const PROGRESS_EVERY_MS = 50;
const { path, cacheBytes, stop } = workerData as IndexTask;
const stopped = new Int32Array(stop);
let lastTold = 0;
const tell = (news: IndexNews) => parentPort?.postMessage(news);

const opening = openingRecording(path, { cacheBytes });
for (let step = opening.next(); ; step = opening.next()) {
  if (step.done === true) {
    // Whoever waits need not wait until the memory it took is given back.
    tell("ended");
    if (step.value.ok) step.value.value.close();
    break;
  }
  if (Atomics.load(stopped, 0) !== 0) {
    opening.return(undefined as never);
    break;
  }
  const now = performance.now();
  if (now - lastTold < PROGRESS_EVERY_MS) continue;
  lastTold = now;
  tell(step.value);
}
