// Where a Chromium is that the end-to-end tests can drive; where there is none, Debian's package is installed if that may be done.
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runMain, Stop, say } from "./project.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const PLACES = [
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  "C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe",
];

/** @param {string} file */
function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A browser that Playwright itself installed earlier. */
function fromPlaywright() {
  const cache = process.env.PLAYWRIGHT_BROWSERS_PATH ?? path.join(os.homedir(), ".cache", "ms-playwright");
  if (!existsSync(cache)) return [];
  return readdirSync(cache)
    .filter((name) => /^chromium-\d+$/.test(name))
    .sort()
    .reverse()
    .map((name) => path.join(cache, name, "chrome-linux", "chrome"));
}

/** @returns {string | undefined} */
export function findChromium() {
  const given = process.env.MMSB_CHROMIUM;
  if (given) return given;
  const onPath = (process.env.PATH ?? "")
    .split(path.delimiter)
    .flatMap((folder) => NAMES.map((name) => path.join(folder, name)));
  return [...onPath, ...PLACES, ...fromPlaywright()].find(isProgram);
}

/** The command that may install a package without asking anybody; none where that is not so. */
function installer() {
  if (process.platform !== "linux" || spawnSync("apt-get", ["--version"]).status !== 0) return undefined;
  if (process.getuid?.() === 0) return ["apt-get"];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n", "apt-get"] : undefined;
}

/**
 * The browser's path. Throws a Stop that says what to do where there is none and none can be installed.
 * @returns {string}
 */
export function needChromium() {
  const found = findChromium();
  if (found !== undefined) return found;
  const apt = installer();
  if (apt === undefined) {
    throw new Stop(
      "no Chromium was found: install it (`apt-get install chromium`), or name one in MMSB_CHROMIUM.",
    );
  }
  say("installing Chromium for the end-to-end tests (Debian's package, once) ...");
  const [program = "", ...first] = apt;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  /** @param {string[]} args */
  const run = (...args) => spawnSync(program, [...first, ...args], { env, stdio: ["ignore", 2, 2] }).status;
  run("update", "-qq");
  run("install", "-y", "-qq", "--no-install-recommends", "chromium");
  const installed = findChromium();
  if (installed === undefined) {
    throw new Stop(
      "Chromium could not be installed, see above: install it by hand, or name one in MMSB_CHROMIUM.",
    );
  }
  return installed;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  runMain(async () => {
    process.stdout.write(`${needChromium()}\n`);
  });
}
