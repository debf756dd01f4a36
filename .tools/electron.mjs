// Where Electron's program is. Its package is not asked: being required, it would download the program.
import { existsSync } from "node:fs";
import path from "node:path";
import { readIfThere, root } from "./project.mjs";

const PROGRAM =
  process.platform === "win32"
    ? "electron.exe"
    : process.platform === "darwin"
      ? "Electron.app/Contents/MacOS/Electron"
      : "electron";

/** @returns {string | undefined} */
export function findElectron() {
  const given = process.env.ELECTRON_OVERRIDE_DIST_PATH;
  const installed = path.join(root, "node_modules", "electron");
  const named = readIfThere(path.join(installed, "path.txt"))?.trim();
  const places = [
    ...(given ? [path.join(given, PROGRAM)] : []),
    ...(named ? [path.join(installed, "dist", named)] : []),
    path.join(installed, "dist", PROGRAM),
  ];
  return places.find((place) => existsSync(place));
}

/** Whether a window can be shown to somebody. */
export function hasDisplay() {
  if (process.platform === "linux") return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  return !process.env.SSH_CONNECTION;
}

/** Why there can be no desktop window, in one line that says what to do; `undefined` where there can. */
export function whyNoDesktop() {
  if (!hasDisplay()) return "no display: set DISPLAY, or use the browser";
  if (findElectron() === undefined) {
    return "Electron's program is not installed: `node node_modules/electron/install.js` gets it, or name its folder in ELECTRON_OVERRIDE_DIST_PATH";
  }
  return undefined;
}

/** What Electron is started with: the app, and for root no sandbox of Chromium's, which would not start. */
export function electronArguments() {
  return [...(process.platform === "linux" && process.getuid?.() === 0 ? ["--no-sandbox"] : []), root];
}
