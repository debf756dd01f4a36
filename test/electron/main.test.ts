import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as standIn from "./electron-stand-in.ts";

vi.mock("electron", () => import("./electron-stand-in.ts"));

let userData: string;
beforeEach(() => {
  standIn.app.removeAllListeners();
  standIn.ipcMain.removeAllListeners();
  standIn.calls.length = 0;
  userData = mkdtempSync(join(tmpdir(), "mmsb-main-"));
  standIn.app.userData = userData;
});
afterEach(() => {
  standIn.app.emit("will-quit");
  vi.resetModules();
  rmSync(userData, { recursive: true, force: true });
});

test("the first start announces its scheme, enables the sandbox and locks all contents before it is ready", async () => {
  standIn.app.hasLock = true;
  await import("../../electron/main.ts");
  expect(standIn.called("app.enableSandbox")).toHaveLength(1);
  expect(standIn.protocol.schemes).toEqual([
    { scheme: "mmsb", privileges: { standard: true, secure: true, codeCache: true } },
  ]);
  expect(standIn.app.listenerCount("web-contents-created")).toBe(1);
  await expect
    .poll(() => standIn.called("window.loadURL").length + standIn.called("dialog.showErrorBox").length)
    .toBe(1);
});

test("a second start hands its files to the first and ends", async () => {
  standIn.app.hasLock = false;
  await import("../../electron/main.ts");
  expect(standIn.called("app.quit")).toHaveLength(1);
  expect(standIn.called("window.loadURL")).toHaveLength(0);
});
