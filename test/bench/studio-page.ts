import type { Chromium, TraceEvent } from "./chromium.ts";
import type { StudioServer } from "./studio-server.ts";

/** Runs in the page before anything else: notes when the first picture stands, and marks every frame. */
const WATCH = `
(() => {
  const drawn = (canvas) => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const column = new OffscreenCanvas(1, canvas.height);
    const context = column.getContext("2d");
    context.drawImage(canvas, canvas.width >> 1, 0, 1, canvas.height, 0, 0, 1, canvas.height);
    const { data } = context.getImageData(0, 0, 1, canvas.height);
    for (let at = 3; at < data.length; at += 4) if (data[at] !== 0) return true;
    return false;
  };
  const look = () => {
    const timeline = document.querySelector('[data-scope="timeline"]');
    const rows = document.querySelectorAll('[data-scope="deltas"] .grid__row .num');
    const canvas = timeline?.querySelector("canvas");
    if (rows.length > 0 && canvas && drawn(canvas)) performance.mark("first-picture");
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();`;

const TIMEOUT_MS = 120_000;

async function until(browser: Chromium, condition: string, what: string): Promise<void> {
  const isTrue = await browser.evaluate<boolean>(`new Promise((resolve) => {
    const end = performance.now() + ${TIMEOUT_MS};
    const look = () => {
      if (${condition}) resolve(true);
      else if (performance.now() > end) resolve(false);
      else requestAnimationFrame(look);
    };
    look();
  })`);
  if (!isTrue) throw new Error(`the page did not get so far: ${what}`);
}

/** Until every panel of the default layout shows something; the graph is the last. What opens the window is not what a scrub costs. */
export function untilAllPanels(browser: Chromium): Promise<void> {
  return until(browser, 'performance.getEntriesByName("graph-drawn").length > 0', "the graph");
}

/** The size of the page in CSS pixels. Below 1180 wide the Graph panel stands behind the Page panel at first. */
export async function resize(browser: Chromium, width: number, height: number): Promise<void> {
  await browser.send("Emulation.setDeviceMetricsOverride", {
    width,
    height,
    deviceScaleFactor: 1,
    mobile: false,
  });
}

/**
 * Loads the Studio; milliseconds from the moment that its server had said its address to a timeline and a table with rows. Not from the
 * navigation: the server may be at work before.
 */
export async function openStudio(browser: Chromium, { url, readyAt }: StudioServer): Promise<number> {
  const { identifier } = (await browser.send("Page.addScriptToEvaluateOnNewDocument", { source: WATCH })) as {
    identifier: string;
  };
  // Only the fragment differs from one visit to the next: without this a navigation would not load anything.
  await browser.send("Page.navigate", { url: "about:blank" });
  const waitedMs = performance.now() - readyAt;
  await browser.send("Page.navigate", { url });
  await until(
    browser,
    'location.protocol === "http:" && performance.getEntriesByName("first-picture").length > 0',
    "the first picture",
  );
  await browser.send("Page.removeScriptToEvaluateOnNewDocument", { identifier });
  const loadedMs = await browser.evaluate<number>(
    'performance.getEntriesByName("first-picture")[0].startTime',
  );
  return waitedMs + loadedMs;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export function boxOf(browser: Chromium, selector: string): Promise<Box> {
  return browser.evaluate<Box>(
    `(({ x, y, width, height }) => ({ x, y, width, height }))(document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect())`,
  );
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const FRAME_MS = 16;

/** Drags the playhead over the timeline for so many frames; milliseconds that the page's main thread worked in each. */
export async function scrub(browser: Chromium, frames: number): Promise<readonly number[]> {
  const { x, y, width, height } = await boxOf(browser, ".timeline__plot");
  const middle = y + height / 2;
  // Times in an array: a mark in every frame would cost more than some of what is measured.
  await browser.evaluate(`(() => {
    window.benchFrames = [];
    const note = () => {
      window.benchFrames?.push(performance.now());
      if (window.benchFrames) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  })()`);
  let frameTimes: readonly number[] = [];
  const events = await browser.trace(async () => {
    await browser.evaluate('performance.mark("bench-start")');
    await browser.mouse("mousePressed", x + width * 0.2, middle);
    for (let frame = 0; frame < frames; frame++) {
      await browser.mouse("mouseMoved", x + width * (0.2 + (0.6 * frame) / frames), middle);
      await pause(FRAME_MS);
    }
    await browser.mouse("mouseReleased", x + width * 0.8, middle);
    frameTimes = await browser.evaluate<number[]>(
      `((start) => {
        const times = window.benchFrames.map((time) => time - start).filter((time) => time > 0);
        window.benchFrames = undefined;
        return times;
      })(performance.getEntriesByName("bench-start").at(-1).startTime)`,
    );
  });
  return frameWork(events, frameTimes);
}

/**
 * Work of the page's main thread from one frame to the next, in milliseconds of its own processor time: what others do beside it does not
 * count. `frameTimes` are since the mark `bench-start`.
 */
export function frameWork(events: readonly TraceEvent[], frameTimes: readonly number[]): number[] {
  const start = events.find(({ name }) => name === "bench-start");
  if (start === undefined) return [];
  const tasks = events
    .filter(
      ({ name, ph, pid, tid }) =>
        ph === "X" && pid === start.pid && tid === start.tid && name.endsWith("RunTask"),
    )
    .sort((a, b) => a.ts - b.ts);
  const work: number[] = [];
  let at = 0;
  for (let frame = 0; frame < frameTimes.length; frame++) {
    const end = start.ts + frameTimes[frame]! * 1000;
    let sum = 0;
    for (; at < tasks.length && tasks[at]!.ts < end; at++) sum += tasks[at]!.tdur ?? tasks[at]!.dur ?? 0;
    if (frame > 0) work.push(sum / 1000);
  }
  return work;
}

const F10 = 121;
/** As fast as a held key repeats. */
const STEP_PAUSE_MS = 33;

export interface StepTimes {
  /** Milliseconds from each key press until the new LSN stands in the page. */
  readonly lsn: readonly number[];
  /** The same until every panel of the default layout says that it shows that record: bytes, row, lights, playhead, the record's time. */
  readonly panels: readonly number[];
  /** The same until the frame with all of that has been handed on to be shown: up to a frame's 17 ms later. */
  readonly frame: readonly number[];
}

/** Presses F10 so often. */
export async function stepThrough(browser: Chromium, steps: number): Promise<StepTimes> {
  await browser.evaluate(`(() => {
    const times = { lsn: [], panels: [], frame: [] };
    window.benchSteps = times;
    const slider = document.querySelector(".timeline__plot");
    const lsn = document.querySelector('[data-testid="cursor-lsn"]');
    const time = document.querySelector(".readout__time");
    const panels = () => document.querySelectorAll(
      '[data-scope="deltas"] [role="grid"], [data-scope="page"] .page, [data-scope="graph"] .graph__canvas');
    let pressed = 0;
    let wanted = "";
    addEventListener("keydown", (event) => {
      pressed = event.timeStamp;
      wanted = String(Number(slider.getAttribute("aria-valuenow")) + 1);
    }, true);
    const afterFrame = (call) => requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = call;
      port2.postMessage(0);
    });
    const isThere = () =>
      slider.getAttribute("aria-valuenow") === wanted && lsn.textContent.replaceAll(",", "") === wanted &&
      time.textContent !== "" && panels().length === 3 && [...panels()].every(({ dataset }) => dataset.lsn === wanted);
    new MutationObserver(() => {
      if (wanted === "") return;
      const step = times.panels.length;
      if (times.lsn.length === step && lsn.textContent.replaceAll(",", "") === wanted)
        times.lsn.push(performance.now() - pressed);
      if (!isThere()) return;
      wanted = "";
      times.panels.push(performance.now() - pressed);
      afterFrame(() => times.frame.push(performance.now() - pressed));
    }).observe(document.body, { attributes: true, characterData: true, childList: true, subtree: true });
  })()`);
  for (let step = 0; step < steps; step++) {
    await browser.press("F10", "F10", F10);
    await until(browser, `window.benchSteps.frame.length > ${step}`, "a step");
    await pause(STEP_PAUSE_MS);
  }
  return browser.evaluate<StepTimes>("window.benchSteps");
}

const DIGIT_4 = 52;
const ALT = 1;

/** Shows the Graph panel, which nobody has looked at yet; milliseconds from the key press until cytoscape drew it. */
export async function openGraph(browser: Chromium): Promise<number> {
  await browser.evaluate(
    'addEventListener("keydown", (event) => { window.benchPressed ??= event.timeStamp; }, true)',
  );
  await browser.press("4", "Digit4", DIGIT_4, ALT);
  await untilAllPanels(browser);
  return browser.evaluate<number>(
    'performance.getEntriesByName("graph-drawn")[0].startTime - window.benchPressed',
  );
}

/** Zooms in and out and drags the graph for so many frames; milliseconds from each frame to the next. */
export async function moveGraph(browser: Chromium, frames: number): Promise<readonly number[]> {
  const { x, y, width, height } = await boxOf(browser, ".graph__canvas");
  const middle = { x: x + width / 2, y: y + height / 2 };
  await browser.evaluate(`(() => {
    window.benchTimes = [];
    let last = performance.now();
    const frame = () => {
      const now = performance.now();
      window.benchTimes.push(now - last);
      last = now;
      if (window.benchTimes.length < ${frames}) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })()`);
  for (let step = 0; step < frames; step++) {
    const turn = step % 40;
    if (turn < 20) await browser.wheel(middle.x, middle.y, turn < 10 ? -40 : 40);
    else if (turn === 20) await browser.mouse("mousePressed", x + 4, y + 4);
    else if (turn < 39) await browser.mouse("mouseMoved", x + 4 + (turn - 20) * 5, y + 4 + (turn - 20) * 3);
    else await browser.mouse("mouseReleased", x + 4, y + 4);
    await pause(FRAME_MS / 2);
    if (await browser.evaluate<boolean>(`window.benchTimes.length >= ${frames}`)) break;
  }
  await until(browser, `window.benchTimes.length >= ${frames}`, "the frames");
  return browser.evaluate<number[]>("window.benchTimes");
}
