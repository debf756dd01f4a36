import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import type { EngineClient } from "../../engine/protocol/client.ts";
import { Chromium, chromiumProgram } from "./chromium.ts";
import { percentile, type Report, reportWith } from "./report.ts";
import {
  moveGraph,
  openGraph,
  openStudio,
  resize,
  scrub,
  stepThrough,
  untilAllPanels,
} from "./studio-page.ts";
import { recordStudioRun } from "./studio-recordings.ts";
import { StudioServer } from "./studio-server.ts";

const DELTAS = 10_000_000;
const VARIANTS = [
  { name: "4,096 pages", pages: 4096, hasLargeGraph: false },
  { name: "100,000 pages", pages: 100_000, hasLargeGraph: true },
] as const;
const ANSWERS = 1000;
const WARM_UP = 200;
const STEPS = 120;
const SCRUB_FRAMES = 240;
const GRAPH_FRAMES = 150;
const WIDTH = 1920;
const HEIGHT = 1080;
const NARROW_WIDTH = 1170;
const MIB = 2 ** 20;
const SEED = 1;

const PARTS = ["answers", "opening", "window", "graph"] as const;
type Part = (typeof PARTS)[number];

/**
 * What a person waits for in the Studio, over recordings of 10 M deltas; with `--part=TEXT` only `answers`, `opening`, `window` or `graph`. The
 * bound of each line is what it must not pass (frames a second: what it must reach). The page runs in a Chromium of its own and is
 * measured from inside.
 */
export async function studioBench(report: Report, folder: string): Promise<void> {
  const program = chromiumProgram();
  const wanted = process.argv.find((arg) => arg.startsWith("--part="))?.slice("--part=".length) ?? "";
  if (program === undefined)
    console.error("no Chromium (/usr/bin/chromium, or CHROMIUM=…): only the engine's answers are measured");
  for (const variant of VARIANTS) {
    const path = join(folder, `studio-${variant.pages}.tlog`);
    await recordStudioRun(path, { deltas: DELTAS, pages: variant.pages, seed: SEED });
    const line = (name: string, value: number, unit: string, bound: number) =>
      reportWith(report, `studio: ${variant.name}: ${name}`, value, unit, bound);
    try {
      const parts = new Set(
        PARTS.filter((part) => part.includes(wanted) && (part !== "graph" || variant.hasLargeGraph)),
      );
      if (parts.has("answers")) await answers(path, line);
      if (program !== undefined) await pictures(program, path, parts, line);
    } finally {
      rmSync(path, { force: true });
      rmSync(`${path}.idx`, { force: true });
    }
  }
}

type Line = (name: string, value: number, unit: string, bound: number) => void;

/** How fast the engine answers all that a window asks for one place of the cursor, and what it takes in memory. */
async function answers(path: string, line: Line): Promise<void> {
  const server = await StudioServer.start(path);
  try {
    const client = await server.connect();
    const { recording, firstLsn, lastLsn } = unwrap(await client.request("recording.open", { path })).result;
    await surveyed(client, recording, lastLsn);
    const prng = new Prng(SEED);
    const times: number[] = [];
    for (let at = 0; at < WARM_UP + ANSWERS; at++) {
      const lsn = prng.between(firstLsn, lastLsn);
      const start = performance.now();
      await askForCursor(client, recording, lsn);
      if (at >= WARM_UP) times.push(performance.now() - start);
    }
    line("engine answers one place of a scrub, p50", percentile(times, 0.5), "ms", 16);
    line("engine answers one place of a scrub, p99", percentile(times, 0.99), "ms", 16);
    line("server's memory, resident", server.residentBytes() / MIB, "MiB", 1024);
    client.close();
  } finally {
    await server.stop();
  }
}

async function surveyed(client: EngineClient, recording: number, lastLsn: number): Promise<void> {
  for (;;) {
    const { result } = unwrap(await client.request("recording.info", { recording }));
    if (result.surveyedLsn >= lastLsn) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What the open panels ask when the cursor moves: the record, its row in the table, the rows around it, the bytes of its page. */
async function askForCursor(client: EngineClient, recording: number, lsn: number): Promise<void> {
  const details = client.request("record.details", { recording, lsn });
  const row = client.request("deltas.window", { recording, filter: {}, offset: 0, limit: 1, around: lsn });
  const page = unwrap(await details).result.record.pageId;
  const found = unwrap(await row).result;
  await Promise.all([
    client.request("deltas.window", {
      recording,
      filter: {},
      offset: Math.max(0, found.aroundRow - 32),
      limit: 256,
    }),
    page === null
      ? undefined
      : client.request("page.view", { recording, page, lsn, offset: 0, length: 4096, ages: true }),
  ]);
}

async function pictures(program: string, path: string, parts: ReadonlySet<Part>, line: Line): Promise<void> {
  const browser = await Chromium.start(program, WIDTH, HEIGHT);
  try {
    await resize(browser, WIDTH, HEIGHT);
    if (parts.has("opening")) await opening(browser, path, line);
    if (parts.has("window")) await inUse(browser, path, line);
    if (parts.has("graph")) await graph(browser, path, line);
  } finally {
    await browser.close();
  }
}

/** From a server that has just started to the first picture: once without an index, then with the one that it left. */
async function opening(browser: Chromium, path: string, line: Line): Promise<void> {
  const gibibytes = statSync(path).size / 2 ** 30;
  rmSync(`${path}.idx`, { force: true });
  const withoutIndex = await opened(browser, path);
  line("server's address to first picture, no index yet", withoutIndex / 1000 / gibibytes, "s/GiB", 5);
  const withIndex = await opened(browser, path);
  line("server's address to first picture, index at hand", withIndex / 1000, "s", 1);
}

async function opened(browser: Chromium, path: string): Promise<number> {
  const server = await StudioServer.start(path);
  try {
    return await openStudio(browser, server);
  } finally {
    await server.stop();
  }
}

/** What moves while the cursor does, and the memory that it takes. */
async function inUse(browser: Chromium, path: string, line: Line): Promise<void> {
  const server = await StudioServer.start(path);
  try {
    await openStudio(browser, server);
    await untilAllPanels(browser);
    const work = await scrub(browser, SCRUB_FRAMES);
    line("scrub, main thread's work a frame, p95", percentile(work, 0.95), "ms", 8);
    const steps = await stepThrough(browser, STEPS);
    line("step (F10) to its LSN in the page, p95", percentile(steps.lsn, 0.95), "ms", 16);
    line("step (F10) to its record in all panels, p50", percentile(steps.panels, 0.5), "ms", 16);
    line("step (F10) to its record in all panels, p95", percentile(steps.panels, 0.95), "ms", 16);
    line("step (F10) to the frame that shows it, p95", percentile(steps.frame, 0.95), "ms", 33);
    line("page's memory, resident", browser.pageResidentBytes() / MIB, "MiB", 500);
    line("server's memory with a window, resident", server.residentBytes() / MIB, "MiB", 1024);
  } finally {
    await server.stop();
  }
}

/** The graph in a window where it is not in sight at first, over a server that has not laid it out yet. */
async function graph(browser: Chromium, path: string, line: Line): Promise<void> {
  const server = await StudioServer.start(path);
  try {
    await resize(browser, NARROW_WIDTH, HEIGHT);
    await openStudio(browser, server);
    line("graph of 100,000 pages, first picture", (await openGraph(browser)) / 1000, "s", 1.5);
    const times = await moveGraph(browser, GRAPH_FRAMES);
    const seconds = times.reduce((sum, ms) => sum + ms, 0) / 1000;
    line("graph of 100,000 pages, zoom and drag", times.length / seconds, "frames/s", 30);
  } finally {
    await server.stop();
  }
}
