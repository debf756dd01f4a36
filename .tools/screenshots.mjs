// `node .tools/screenshots.mjs [name…]`: makes the pictures in docs/images by running the Studio over the demos, in a real Chromium. Look at them before
// they are committed.
import "./node-version.mjs";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { chromium } from "@playwright/test";
import { findChromium } from "./chromium.mjs";
import { dist, root, runMain, Stop, say } from "./project.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {import("@playwright/test").Page} Page */

const SIZE = { width: 1440, height: 900 };
/** Nothing on these pages takes longer to come and to be drawn. */
const REST_MS = 700;

/** @param {Page} page @param {string} text */
async function goTo(page, text) {
  await page.keyboard.press("Escape");
  await page.evaluate("document.activeElement?.blur()");
  await page.keyboard.press("g");
  await page.getByLabel("LSN or time").fill(text);
  await page.keyboard.press("Enter");
  await page.waitForTimeout(REST_MS);
}

/** @param {Page} page @param {string} title */
async function show(page, title) {
  await page.locator(".dock-tab", { hasText: title }).click();
  await page.waitForTimeout(REST_MS);
}

/** @param {Page} page @param {string} name @param {string} note */
async function bookmark(page, name, note) {
  await page.getByRole("button", { name: "Add at the cursor" }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Note").fill(note);
  await page.getByLabel("Note").blur();
  await page.waitForTimeout(REST_MS);
}

/**
 * Each picture: the recording, the theme, and what a person does before it is taken.
 * @type {Record<string, { recording: "life" | "mlp" | "sheet" | "tensors" | "damaged", theme: "dark" | "light", panel?: string, heightPx?: number, act: (page: Page) => Promise<void> }>}
 */
const PICTURES = {
  studio: {
    recording: "mlp",
    theme: "dark",
    act: async (page) => {
      await goTo(page, "1502");
      await show(page, "Graph");
    },
  },
  writer: {
    recording: "life",
    theme: "light",
    panel: "Page",
    heightPx: 1240,
    act: async (page) => {
      await goTo(page, "291");
      await show(page, "Page");
      await page.keyboard.press("Alt+3");
      await page.keyboard.press("Control+Home");
      for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
      for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowRight");
      await page.waitForTimeout(REST_MS);
    },
  },
  graph: {
    recording: "life",
    theme: "dark",
    panel: "Graph",
    act: async (page) => {
      await goTo(page, "300");
      await show(page, "Graph");
    },
  },
  waves: {
    recording: "sheet",
    theme: "light",
    panel: "Graph",
    act: async (page) => {
      await show(page, "Graph");
      await page.getByRole("button", { name: "Light up the whole transaction, not only the record" }).click();
      await goTo(page, "1744");
    },
  },
  events: {
    recording: "life",
    theme: "light",
    panel: "Events",
    act: async (page) => {
      await show(page, "Events");
      await goTo(page, "2477");
    },
  },
  bookmarks: {
    recording: "life",
    theme: "dark",
    panel: "Bookmarks",
    act: async (page) => {
      await show(page, "Bookmarks");
      await goTo(page, "73");
      await bookmark(page, "The first generation", "Seeded; every tile is written whole");
      await goTo(page, "1275");
      await bookmark(page, "A quarter of the cells left", "");
      await goTo(page, "291");
      await bookmark(page, "The total is wrong here?", "Bytes 4 to 7 of page 17; compare with LSN 271");
    },
  },
  gpu: {
    recording: "tensors",
    theme: "dark",
    panel: "GPU",
    heightPx: 1060,
    act: async (page) => {
      await show(page, "GPU");
      await page.keyboard.press("Control+m");
      await goTo(page, "70%");
    },
  },
  damage: {
    recording: "damaged",
    theme: "light",
    panel: "Overview",
    act: async (page) => {
      await show(page, "Overview");
      await goTo(page, "1996");
    },
  },
};

/** @param {string} folder */
function makeRecordings(folder) {
  const command = path.join(dist, "engine", "cli", "main.js");
  const at = (/** @type {string} */ name) => path.join(folder, `${name}.tlog`);
  for (const workload of ["life", "mlp", "sheet", "tensors"])
    execFileSync(process.execPath, [command, "demo", at(workload), "--workload", workload]);
  copyFileSync(at("life"), at("damaged"));
  const file = openSync(at("damaged"), "r+");
  writeSync(file, Uint8Array.of(0xff), 0, 1, 500_000);
  closeSync(file);
  return at;
}

/** @param {string} file @returns {Promise<{ url: string, stop: () => void }>} */
async function serve(file) {
  const command = path.join(dist, "engine", "cli", "main.js");
  const child = spawn(process.execPath, [command, "serve", file, "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise((resolve) => child.stdout.once("data", (data) => resolve(String(data))));
  return { url: JSON.parse(line).url, stop: () => child.kill("SIGTERM") };
}

runMain(async () => {
  if (!setUp("engine", "renderer").built)
    throw new Stop("the Studio could not be built: mend what is said above.");
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Stop("no Chromium was found: install one, or set MMSB_CHROMIUM.");
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => PICTURES[name] === undefined);
  if (unknown.length > 0)
    throw new Stop(`no such picture: ${unknown.join(", ")}; there are ${Object.keys(PICTURES).join(", ")}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), "run-"));
  const target = path.join(root, "docs", "images");
  mkdirSync(target, { recursive: true });
  const browser = await chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
  try {
    const recordingAt = makeRecordings(folder);
    for (const [name, { recording, theme, panel, heightPx, act }] of Object.entries(PICTURES)) {
      if (wanted.length > 0 && !wanted.includes(name)) continue;
      const server = await serve(recordingAt(recording));
      const page = await browser.newPage({
        viewport: { ...SIZE, height: heightPx ?? SIZE.height },
        reducedMotion: "reduce",
      });
      const preferences = JSON.stringify({ state: { theme }, version: 1 });
      await page.addInitScript({
        content: `localStorage.setItem("mmsb.preferences", ${JSON.stringify(preferences)})`,
      });
      await page.goto(server.url);
      await page.locator(".dock-tab").first().waitFor();
      await page.waitForTimeout(REST_MS);
      await act(page);
      await page.mouse.move(0, 0);
      await page.waitForTimeout(REST_MS);
      const file = path.join(target, `${name}.png`);
      if (panel === undefined) await page.screenshot({ path: file });
      else {
        // A panel with its tabs.
        const group = page.locator(".dv-groupview", {
          has: page.locator(`[aria-label="${panel}"].dock-panel`),
        });
        await group.first().screenshot({ path: file });
      }
      await page.close();
      server.stop();
      say(`docs/images/${name}.png`);
    }
    return 0;
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
