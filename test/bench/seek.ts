import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { Cursor } from "../../engine/replay/cursor.ts";
import { openRecording } from "../../engine/replay/open-recording.ts";
import { recordDeltas } from "./log.ts";
import { percentile, type Report, reportWith, secondsOf } from "./report.ts";

const DELTAS = 10_000_000;
const PAGES = 4096;
const SEEKS = 2000;

/** Random access in a recording of 10 M deltas: build the index, open with it, seek, read the page touched there, step. */
export async function seekBench(report: Report, folder: string): Promise<void> {
  const path = join(folder, "seek.tlog");
  await recordDeltas(path, DELTAS, PAGES);
  const gibibytes = statSync(path).size / 2 ** 30;
  globalThis.gc?.();
  let recording: ReturnType<typeof openRecording> | undefined;
  const processor = process.cpuUsage();
  const build = secondsOf(() => {
    recording = openRecording(path);
  });
  const { user, system } = process.cpuUsage(processor);
  unwrap(recording!).close();
  reportWith(report, "open: 10 M deltas, no index yet", build / gibibytes, "s/GiB", 5);
  // what it takes of a machine that others use too
  const used = (user + system) / 1e6 / gibibytes;
  reportWith(report, "open: 10 M deltas, no index yet, processor time", used, "s/GiB", 5);
  const open = secondsOf(() => {
    recording = openRecording(path);
  });
  reportWith(report, "open: 10 M deltas, index at hand", open / gibibytes, "s/GiB", 1);
  const opened = unwrap(recording!);
  const cursor = new Cursor(opened);
  const prng = new Prng(9);
  const times: number[] = [];
  for (let i = 0; i < SEEKS; i++) {
    const lsn = prng.between(PAGES + 1, DELTAS);
    times.push(
      1e3 *
        secondsOf(() => {
          unwrap(cursor.seek(lsn));
          unwrap(cursor.page(unwrap(opened.record(lsn)).pageId ?? 0n));
        }),
    );
  }
  reportWith(report, "seek: random LSN and its page, p50", percentile(times, 0.5), "ms");
  reportWith(report, "seek: random LSN and its page, p99", percentile(times, 0.99), "ms", 16);
  for (const direction of [1, -1] as const) {
    unwrap(cursor.seek(DELTAS / 2));
    const steps: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      steps.push(
        1e6 *
          secondsOf(() => {
            unwrap(cursor.stepRecord(direction));
            unwrap(cursor.page(unwrap(opened.record(cursor.lsn)).pageId ?? 0n));
          }),
      );
    }
    reportWith(
      report,
      `step: ${direction === 1 ? "forward" : "back"} and read the page, p99`,
      percentile(steps, 0.99),
      "us",
    );
  }
  reportWith(
    report,
    "memory: resident after seeks and steps",
    process.memoryUsage.rss() / 2 ** 20,
    "MiB",
    1024,
  );
  opened.close();
  rmSync(path);
}
