import { Worker } from "node:worker_threads";
import { MmsbError } from "../base/errors.ts";
import type { CopyJob, CopyMessage, CopyReport } from "./copy-job.ts";
import { makeFile } from "./new-file.ts";
import { Progress } from "./progress.ts";

/** Copies a recording into a new file of either format. Throws `MmsbError`; then no file is there. */
export function copyRecording(label: string, job: CopyJob): Promise<CopyReport> {
  let worker: Worker | undefined;
  const run = (output: string) => {
    const progress = new Progress(label);
    return new Promise<CopyReport>((resolve, reject) => {
      worker = new Worker(new URL("./copy-worker.ts", import.meta.url), { workerData: { ...job, output } });
      worker.on("message", (message: CopyMessage) => {
        if ("done" in message) progress.update(message.done, message.total);
        else if ("report" in message) resolve(message.report);
        else {
          const { code, message: text, remedy, place } = message.error;
          reject(new MmsbError(code, text, remedy, namedAs(place, output, job.output)));
        }
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("the copying thread ended without a word")));
    }).finally(() => progress.end());
  };
  return makeFile(job.output, run, async () => worker?.terminate());
}

/** Errors speak of the file that was asked for, not of its temporary name. */
function namedAs(place: MmsbError["place"], temporary: string, wanted: string): MmsbError["place"] {
  return place.path?.startsWith(temporary) === true ? { ...place, path: wanted } : place;
}
