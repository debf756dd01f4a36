/** MMSB Studio on the desktop. One process holds the engine, the menu and the window; a second start hands its files to the first. */
import { fileURLToPath } from "node:url";
import { app, protocol } from "electron";
import { DesktopApp } from "./desktop-app.ts";
import { filesInArguments } from "./launch-files.ts";
import { announcePageScheme } from "./page-scheme.ts";
import { lockAllContents } from "./security.ts";

const built = (file: string) => fileURLToPath(new URL(file, import.meta.url));

if (app.requestSingleInstanceLock()) {
  app.enableSandbox();
  announcePageScheme(protocol);
  lockAllContents(app);
  const desktop = new DesktopApp({
    pageFolder: built("../renderer"),
    preload: built("../preload/preload.cjs"),
    icon: built("../../assets/icons/icon.png"),
  });
  const files = filesInArguments(process.argv, { folder: process.cwd(), isPackaged: app.isPackaged });
  void app.whenReady().then(() => desktop.start(files));
} else {
  app.quit();
}
