// `npm start [-- FILE]`: sets up, then runs the main job. Until the Studio exists that is the terminal: record the `life` demo
// (or take FILE) and step through it.
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { dist, root, runMain, Stop, say } from "./project.mjs";
import { setUp } from "./setup.mjs";

const main = path.join(dist, "engine", "cli", "main.js");

/** @param {string[]} args */
function mmsb(...args) {
  return spawnSync(process.execPath, [main, ...args], { stdio: "inherit" }).status ?? 1;
}

/** A demo recording of this version, made once. */
function demoRecording() {
  const folder = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "mmsb");
  const file = path.join(folder, "life.tlog");
  mkdirSync(folder, { recursive: true });
  if (existsSync(file) && spawnSync(process.execPath, [main, "info", file]).status === 0) return file;
  if (mmsb("demo", file, "--workload", "life") !== 0)
    throw new Stop(`the demo could not be recorded in ${folder}.`);
  return file;
}

runMain(async () => {
  if (!setUp("engine").built)
    throw new Stop("mmsb could not be built: mend what is said above, then try again.");
  if (!setUp("native").built) say("the native addon could not be built: the hot loops run in TypeScript");
  if (!existsSync(main)) throw new Stop("there is nothing to start yet: engine/cli/main.ts is missing.");
  if (process.cwd() === root && process.env.INIT_CWD) process.chdir(process.env.INIT_CWD);
  const [given] = process.argv.slice(2);
  if (given !== undefined && !existsSync(given)) throw new Stop(`${given} was not found.`);
  const file = given ?? demoRecording();
  if (process.stdin.isTTY && process.stdout.isTTY) return mmsb("step", file);
  say("no terminal to step in: here is the recording's summary and its first steps.");
  return mmsb("info", file) || mmsb("step", file, "--auto");
});
