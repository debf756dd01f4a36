// `npm test [-- PATTERN…]`: sets up, runs every check and every test, and counts each of them once. The last line is the count.
// With patterns only the matching test files run.
import "./node-version.mjs";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { needChromium } from "./chromium.mjs";
import { filesBelow, root, runMain, Stop } from "./project.mjs";
import { setUp } from "./setup.mjs";

/** @typedef {import("./vitest-summary.mjs").Summary} Summary */
/** @typedef {import("./check.mjs").Result} Result */

/** @type {Summary} */
const total = { passed: 0, failed: [], skipped: [] };
let testsRun = 0;
const scratch = mkdtempSync(path.join(os.tmpdir(), "mmsb-test-"));

/** @param {string} [line] */
const print = (line = "") => process.stdout.write(`${line}\n`);

/** @param {Result} result */
function count({ name, ok, output }) {
  print(ok ? `ok      ${name}` : `FAILED  ${name}\n${output.trim().replace(/^/gm, "        ")}`);
  if (ok) total.passed++;
  else total.failed.push(name);
}

/** @returns {{ ok: boolean, output: string }} */
function prepare() {
  try {
    return { ok: setUp().built, output: "its reason stands above" };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    return { ok: false, output: error.message };
  }
}

/**
 * @param {string[]} args
 * @param {{ quiet?: boolean, env?: Record<string, string> }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
function node(args, { quiet = false, env = {} } = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    env: { ...process.env, ...env },
  });
  let output = "";
  child.stdout?.on("data", (data) => {
    output += data;
  });
  let errors = "";
  child.stderr?.on("data", (data) => {
    errors += data;
  });
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? 1, output: output || errors }));
  });
}

/** @param {"typecheck" | "lint" | "law"} name */
async function check(name) {
  const { output } = await node([path.join(".tools", "check.mjs"), name, "--json"], { quiet: true });
  try {
    for (const result of JSON.parse(output)) count(result);
  } catch {
    count({ name, ok: false, output });
  }
}

/** @param {string} pattern */
const isEndToEnd = (pattern) => filesBelow("test/e2e").some((file) => file.includes(pattern));

/** @param {string[]} args patterns and options for vitest */
async function vitest(args) {
  const summaryFile = path.join(scratch, "vitest.json");
  const script = path.join("node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=./.tools/vitest-summary.mjs"];
  const { code } = await node(
    [script, "run", ...reporters, "--allowOnly=false", "--passWithNoTests", ...args],
    {
      env: { MMSB_TEST_SUMMARY: summaryFile },
    },
  );
  merge("vitest", code, summaryFile, (text) => /** @type {Summary} */ (JSON.parse(text)));
}

/**
 * The end-to-end tests in a real browser. Without one they fail: they never pass by not running.
 * @param {string[]} args patterns for Playwright
 */
async function playwright(args) {
  try {
    process.env.MMSB_CHROMIUM = needChromium();
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    count({ name: "end-to-end tests", ok: false, output: error.message });
    return;
  }
  const report = path.join(scratch, "playwright.json");
  const script = path.join("node_modules", "@playwright", "test", "cli.js");
  const { code } = await node([script, "test", "--reporter=list,json", "--pass-with-no-tests", ...args], {
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report },
  });
  merge("playwright", code, report, (text) => playwrightSummary(JSON.parse(text)));
}

/**
 * @param {{ suites?: object[], errors?: { message: string }[] }} report
 * @returns {Summary}
 */
function playwrightSummary(report) {
  /** @type {Summary} */
  const summary = { passed: 0, failed: (report.errors ?? []).map(({ message }) => message), skipped: [] };
  const pending = [...(report.suites ?? [])];
  for (let suite = pending.pop(); suite !== undefined; suite = pending.pop()) {
    const {
      file,
      suites = [],
      specs = [],
    } = /** @type {{ file: string, suites?: object[], specs?: any[] }} */ (suite);
    pending.push(...suites);
    for (const { title, tests } of specs) {
      for (const { status, annotations } of tests) {
        const name = `test/e2e/${file} > ${title}`;
        const reason = annotations.find(
          (/** @type {{ type: string }} */ { type }) => type === "skip",
        )?.description;
        if (status === "expected") summary.passed++;
        else if (status === "skipped") summary.skipped.push({ name, reason: reason ?? "" });
        else summary.failed.push(`${name} (${status})`);
      }
    }
  }
  return summary;
}

/**
 * Adds what a test runner did; a runner that failed without naming a failed test is a failure of its own.
 * @param {string} runner
 * @param {number} code
 * @param {string} file
 * @param {(text: string) => Summary} parse
 */
function merge(runner, code, file, parse) {
  if (!existsSync(file)) {
    total.failed.push(`${runner} stopped early with exit code ${code}`);
    return;
  }
  const summary = parse(readFileSync(file, "utf8"));
  testsRun += summary.passed + summary.failed.length;
  total.passed += summary.passed;
  total.failed.push(...summary.failed);
  for (const skip of summary.skipped) {
    if (skip.reason === "") total.failed.push(`${skip.name} (skipped without a reason: use ctx.skip("why"))`);
    else total.skipped.push(skip);
  }
  if (code !== 0 && summary.failed.length === 0) total.failed.push(`${runner} ended with exit code ${code}`);
}

runMain(async () => {
  const patterns = process.argv.slice(2);
  try {
    count({ name: "set-up and build", ...prepare() });
    if (patterns.length === 0) {
      await Promise.all([check("law"), check("lint").then(() => check("typecheck"))]);
    }
    await vitest(patterns);
    if (patterns.length === 0 || patterns.some(isEndToEnd)) await playwright(patterns);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (testsRun === 0) total.failed.push("no test ran");
  print();
  for (const name of total.failed) print(`failed: ${name}`);
  for (const { name, reason } of total.skipped) print(`skipped: ${name}: ${reason}`);
  print(`${total.passed} passed, ${total.failed.length} failed, ${total.skipped.length} skipped`);
  return total.failed.length > 0 ? 1 : 0;
});
