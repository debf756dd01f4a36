import { existsSync, rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { type Result, unwrap } from "../../../engine/base/result.ts";
import { openingRecording, openRecording } from "../../../engine/replay/open-recording.ts";
import type { Recording } from "../../../engine/replay/recording.ts";
import type { Sliced, SliceScheduler } from "../../../engine/server/slice-scheduler.ts";
import { recordDeltas } from "../../bench/log.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const DELTAS = 1_000_000;
const PAGES = 4096;
/** Nothing may hold the event loop up for longer. */
const LONGEST_MS = 8;
/** A round that something disturbed is made again: code that was never run is slow, and a collection of garbage may fall into any step. */
const MOST_ROUNDS = 20;

const folder = new TestFolder();
const random = new Prng(5);
let path: string;
let studio: TestStudio;
let recording: number;
let lastLsn: number;
let stepsMs: number[] = [];

/** Time the processor spent on something: what else runs on the machine does not count. */
function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  const started = performance.now();
  work();
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(before);
  return Math.min(wall, (user + system) / 1000);
}

/** Every step of every task notes how long it took. */
function watchSteps(scheduler: SliceScheduler): void {
  const run = scheduler.run.bind(scheduler);
  function* watched<T>(task: Sliced<T>): Sliced<T> {
    for (;;) {
      let step!: IteratorResult<Promise<unknown> | undefined, T>;
      stepsMs.push(
        processorMs(() => {
          step = task.next();
        }),
      );
      if (step.done === true) return step.value;
      yield step.value;
    }
  }
  scheduler.run = (task, priority) => run(watched(task), priority);
}

beforeAll(async () => {
  path = folder.file("million.tlog");
  await recordDeltas(path, DELTAS, PAGES);
}, 180_000);
afterAll(() => {
  (studio as TestStudio | undefined)?.stop();
  folder.remove();
});

/** What each step takes at best: the same work goes in the same steps, and whatever disturbs one run does not disturb all. */
function stepsAtBest(run: () => readonly number[]): readonly number[] {
  let best = run();
  for (let round = 1; round < MOST_ROUNDS && Math.max(...best) >= LONGEST_MS; round++) {
    const again = run();
    expect(again.length).toBe(best.length);
    best = best.map((ms, step) => Math.min(ms, again[step]!));
  }
  return best;
}

function stepsOf(job: Generator<unknown, Result<Recording>>): number[] {
  const steps: number[] = [];
  for (let done = false; !done; ) {
    steps.push(
      processorMs(() => {
        const step = job.next();
        done = step.done === true;
        if (step.done === true) unwrap(step.value).close();
      }),
    );
  }
  return steps;
}

describe("opening a recording goes in slices", () => {
  const removeIndex = () => rmSync(`${path}.idx`, { force: true });

  test("where its index is built by a thread of its own", async () => {
    removeIndex();
    const opened = await TestStudio.start();
    stepsMs = [];
    watchSteps(opened.host.scheduler);
    await opened.ask("recording.open", { path });
    opened.stop();
    expect(existsSync(`${path}.idx`)).toBe(true);
    // However long the index took, this thread had next to nothing to do.
    expect(stepsMs.length).toBeLessThan(100);
  }, 60_000);

  test("where the index is at hand", () => {
    unwrap(openRecording(path)).close();
    expect(Math.max(...stepsAtBest(() => stepsOf(openingRecording(path))))).toBeLessThan(LONGEST_MS);
  }, 60_000);

  test("where the index can be kept nowhere, and is built here", () => {
    const steps = stepsAtBest(() => stepsOf(openingRecording(path, { index: "memory" })));
    expect(steps.length).toBeGreaterThan(1000);
    expect(Math.max(...steps)).toBeLessThan(LONGEST_MS);
  }, 120_000);
});

describe("on a million deltas no request holds the loop up for 8 ms", () => {
  beforeAll(async () => {
    studio = await TestStudio.start();
    const info = await studio.open(path);
    recording = info.recording;
    lastLsn = info.lastLsn;
    watchSteps(studio.host.scheduler);
  }, 60_000);

  const lsn = () => PAGES + 10 + random.below(lastLsn - PAGES - 10);
  const page = () => BigInt(1 + random.below(PAGES));
  const ask = (name: string, params: Record<string, unknown>) =>
    studio.client.request(name as "recordings.list", { recording, ...params } as never);
  const all = { axis: "lsn", from: 1n, to: BigInt(DELTAS), columns: 2000 } as const;

  test.each<[string, () => Promise<{ readonly ok: boolean }>]>([
    ["the whole timeline", () => ask("timeline.view", all)],
    ["a part of the timeline", () => ask("timeline.view", { ...all, from: 500_000n, to: 502_000n })],
    [
      "lanes",
      () => ask("timeline.lanes", { ...all, order: "busiest", firstLane: random.below(4000), lanes: 40 }),
    ],
    ["the overview", () => ask("overview", { points: 600, top: 50 })],
    [
      "a window of deltas",
      () => ask("deltas.window", { filter: {}, offset: random.below(DELTAS), limit: 200 }),
    ],
    [
      "deltas around an LSN",
      () => ask("deltas.window", { filter: {}, offset: 0, limit: 200, around: lsn() }),
    ],
    [
      "a search by value",
      () =>
        ask("deltas.window", {
          filter: { value: `@8:u32 == ${random.u32()}`, toLsn: 200_000 },
          offset: 1e9,
          limit: 10,
        }),
    ],
    [
      "a search by text",
      () =>
        ask("deltas.window", {
          filter: { text: `nothing ${random.u32()}`, toLsn: 200_000 },
          offset: 1e9,
          limit: 10,
        }),
    ],
    [
      "a page with ages",
      () => ask("page.view", { page: page(), lsn: lsn(), offset: 0, length: 4096, ages: true }),
    ],
    [
      "two moments of a page",
      () => ask("page.compare", { page: page(), lsnA: lsn(), lsnB: lsn(), offset: 0, length: 4096 }),
    ],
    [
      "pages by last write",
      () =>
        ask("pages.window", {
          lsn: lsn(),
          order: "last-write",
          descending: true,
          dead: false,
          offset: 0,
          limit: 200,
        }),
    ],
    [
      "a page's history",
      () => ask("page.history", { page: page(), lsn: lsn(), offset: 0, length: 4096, limit: 500 }),
    ],
    [
      "the last writer of a byte",
      () => ask("page.last-writer", { page: page(), lsn: lsn(), offset: random.below(4096) }),
    ],
    [
      "a field over time",
      () =>
        ask("field.series", {
          page: page(),
          offset: 0,
          type: "f32",
          fromLsn: 0,
          toLsn: DELTAS,
          columns: 400,
        }),
    ],
    [
      "the graph",
      () => ask("graph.view", { lsn: lsn(), expanded: [], grouped: false, dead: false, maxNodes: 5000 }),
    ],
    ["the effects of a record", () => ask("record.effects", { lsn: lsn(), limit: 10 })],
    [
      "ten thousand steps",
      () => ask("cursor.step", { lsn: 500_000, by: "record", backward: false, count: 10_000 }),
    ],
  ])(
    "%s",
    async (_what, request) => {
      let longestMs = Number.POSITIVE_INFINITY;
      for (let round = 0; round < MOST_ROUNDS && longestMs >= LONGEST_MS; round++) {
        stepsMs = [];
        const answer = await request();
        expect(answer.ok).toBe(true);
        // The longest; of thousands, one in a thousand is left to the garbage collector.
        stepsMs.sort((a, b) => b - a);
        longestMs = Math.min(longestMs, stepsMs[Math.floor(stepsMs.length / 1000)] ?? 0);
      }
      expect(longestMs).toBeLessThan(LONGEST_MS);
    },
    60_000,
  );
});
