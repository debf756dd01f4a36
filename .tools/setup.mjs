// Set-up without dependencies: installs the packages when the lockfile changed, builds what is stale. Cheap to run again.
import "./node-version.mjs";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { dist, readIfThere, root, runMain, Stop, say } from "./project.mjs";
import { staleTargets } from "./targets.mjs";

const installStampFile = path.join(root, "node_modules", ".mmsb-install");

/** What node_modules must match: the lockfile, and the machine whose binaries were chosen. */
function installStamp() {
  const lockfile = path.join(root, "package-lock.json");
  if (!existsSync(lockfile))
    throw new Stop("package-lock.json is missing: restore it with `git checkout package-lock.json`.");
  return createHash("sha256")
    .update(readFileSync(lockfile))
    .update(`\0${process.platform}-${process.arch}`)
    .digest("hex");
}

/** Installs the packages of the lockfile, running none of their scripts. */
function installPackages() {
  say("installing packages (about half a minute) ...");
  const npm = process.env.npm_execpath;
  const args = ["ci", "--ignore-scripts", "--loglevel=error"];
  const done = npm?.endsWith("js")
    ? spawnSync(process.execPath, [npm, ...args], { cwd: root, stdio: ["ignore", 2, 2] })
    : spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" });
  if (done.error) throw new Stop("npm was not found: install it (it comes with Node) and try again.");
  if (done.status !== 0)
    throw new Stop("npm ci failed, see its lines above. It needs to reach the npm registry.");
  writeFileSync(installStampFile, installStamp());
}

/** Holds the set-up for one process at a time; a lock whose holder died is taken over. */
function acquireLock() {
  const lock = path.join(dist, ".setup-lock");
  mkdirSync(dist, { recursive: true });
  let said = false;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(path.join(lock, "pid"), String(process.pid));
      return () => rmSync(lock, { recursive: true, force: true });
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    if (!isHeld(lock)) {
      rmSync(lock, { recursive: true, force: true });
      continue;
    }
    if (!said) say("waiting for another set-up of this folder to finish ...");
    said = true;
    sleep(200);
  }
}

/** @param {string} lock */
function isHeld(lock) {
  let pid = Number(readIfThere(path.join(lock, "pid")));
  if (!pid) {
    sleep(100); // its maker may stand between making the folder and writing its id
    pid = Number(readIfThere(path.join(lock, "pid")));
  }
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** @param {number} durationMs */
function sleep(durationMs) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs);
}

const isInstalled = () => readIfThere(installStampFile) === installStamp();

/**
 * Brings node_modules and dist/ up to date. Says nothing where nothing is to do; speaks on stderr only.
 * @param {string[]} places the targets that are needed, by their place under dist/ (targets.mjs); none means all
 * @returns {{ built: boolean }} `built` is false where a build failed (its reason has been printed)
 */
export function setUp(...places) {
  if (isInstalled() && staleTargets(places).length === 0) return { built: true };
  const release = acquireLock();
  try {
    if (!isInstalled()) installPackages();
    if (staleTargets(places).length === 0) return { built: true };
    // In a process of its own: the bundler changes NODE_ENV and takes memory that the caller need not carry.
    const build = fileURLToPath(new URL("./build.mjs", import.meta.url));
    const done = spawnSync(process.execPath, [build, ...places], { cwd: root, stdio: ["ignore", 2, 2] });
    return { built: done.status === 0 };
  } finally {
    release();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  runMain(async () => (setUp().built ? 0 : 1));
}
