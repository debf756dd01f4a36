// `npm start [-- FILE]`: sets up, then shows FILE (or the `life` demo) in MMSB Studio: in a desktop window where there is a display and
// Electron's program, otherwise in a browser, served on loopback.
import "./node-version.mjs";
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdirSync, statSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { electronArguments, findElectron, hasDisplay, whyNoDesktop } from "./electron.mjs";
import { dist, root, runMain, Stop, say } from "./project.mjs";
import { setUp } from "./setup.mjs";

const main = path.join(dist, "engine", "cli", "main.js");
/** A desktop window that ends so soon, and badly, never was one. */
const START_MS = 5_000;

/**
 * Runs a program until it ends; Ctrl-C and the like are its own to answer.
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function run(program, args) {
  const child = spawn(program, args, { stdio: "inherit" });
  let isEnding = false;
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      isEnding = true;
      child.kill(signal);
    });
  }
  return new Promise((resolve) => {
    child.on("error", () => resolve(1));
    child.on("close", (code) => resolve(code ?? (isEnding ? 0 : 1)));
  });
}

/** A demo recording of this version, made once. */
function demoRecording() {
  const folder = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "mmsb");
  const file = path.join(folder, "life.tlog");
  const reads = () => spawnSync(process.execPath, [main, "info", file]).status === 0;
  if (existsSync(file) && reads()) return file;
  try {
    mkdirSync(folder, { recursive: true });
  } catch {
    throw new Stop(`the demo cannot be recorded in ${folder}: name a folder of yours in XDG_CACHE_HOME.`);
  }
  const made = spawnSync(process.execPath, [main, "demo", file, "--workload", "life"], {
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Stop(`the demo could not be recorded: ${made.stderr.trim()}`);
  return file;
}

/** @param {string} file */
function checked(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) throw new Stop(`${file} was not found: check the path.`);
  if (found.isDirectory()) throw new Stop(`${file} is a folder: give a recording in it.`);
  try {
    accessSync(file, constants.R_OK);
  } catch {
    throw new Stop(`${file} may not be read: check its permissions.`);
  }
  return path.resolve(file);
}

runMain(async () => {
  const [given, ...more] = process.argv.slice(2);
  if (more.length > 0 || given?.startsWith("-")) throw new Stop("give one recording: npm start -- FILE");
  if (!setUp().built) throw new Stop("MMSB could not be built: mend what is said above, then try again.");
  if (process.cwd() === root && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  const file = given === undefined ? demoRecording() : checked(given);

  const missing = whyNoDesktop();
  const electron = findElectron();
  if (missing === undefined && electron !== undefined) {
    const started = performance.now();
    const code = await run(electron, [...electronArguments(), file]);
    if (code === 0 || performance.now() - started > START_MS) return code;
    say(`the desktop window ended with code ${code}: here is the same in a browser.`);
  } else say(`no desktop window (${missing}).`);
  return run(process.execPath, [main, "serve", file, ...(hasDisplay() ? ["--open"] : [])]);
});
