import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MenuItemConstructorOptions } from "electron";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { EngineClient } from "../../engine/protocol/client.ts";
import type { ShellCommand } from "../../engine/protocol/requests/shell.ts";
import { TestFolder } from "../helpers/studio.ts";
import * as standIn from "./electron-stand-in.ts";

vi.mock("electron", () => import("./electron-stand-in.ts"));
const { DesktopApp } = await import("../../electron/desktop-app.ts");
const { DesktopPort } = await import("../../electron/message-port.ts");

const folder = new TestFolder();
let life: string;
let desktop: InstanceType<typeof DesktopApp>;

beforeAll(async () => {
  life = await folder.demo("life", 20);
  mkdirSync(folder.file("page"));
  writeFileSync(folder.file("page/index.html"), "<title>Studio</title>");
  standIn.app.userData = folder.file("user");
  desktop = new DesktopApp({ pageFolder: folder.file("page"), preload: "/p.cjs", icon: "/i.png" });
  desktop.start([life]);
});
beforeEach(() => {
  standIn.calls.length = 0;
});
afterAll(() => {
  standIn.app.emit("will-quit");
  folder.remove();
});

const window = () => standIn.BrowserWindow.all.at(-1)!;
const frame = () => window().webContents.mainFrame;

function fileMenuItem(label: string): MenuItemConstructorOptions {
  const menu = standIn.Menu.shown as MenuItemConstructorOptions[];
  const file = menu.find((item) => item.label === "&File")?.submenu as MenuItemConstructorOptions[];
  return file.find((item) => item.label === label)!;
}

/** The page's side: asks for its port as the preload does, and connects. */
async function connectPage(): Promise<EngineClient> {
  standIn.ipcMain.emit("mmsb:want-port", { senderFrame: frame() });
  const port = window().webContents.handed.at(-1);
  if (port === undefined) throw new Error("no port was handed over");
  return unwrap(await EngineClient.connect(new DesktopPort(port as never), "page"));
}

/** The commands that a page is told, as they come. */
async function commandsOf(client: EngineClient): Promise<string[]> {
  const done: string[] = [];
  let last = 0;
  client.subscribe(
    "shell.commands",
    {},
    {
      credit: 1000,
      onUpdate: ({ result }) => {
        for (const { number, name, argument } of result.commands as ShellCommand[]) {
          if (number <= last) continue;
          last = number;
          done.push(`${name} ${argument}`);
        }
      },
    },
  );
  // Answers come in order: with this one the subscription is there.
  unwrap(await client.request("recordings.list", {}));
  return done;
}

test("one sandboxed window shows the page, which is served by its own scheme with its policy", async () => {
  expect(standIn.BrowserWindow.all).toHaveLength(1);
  expect(window().options).toMatchObject({
    show: false,
    webPreferences: { sandbox: true, contextIsolation: true, nodeIntegration: false, preload: "/p.cjs" },
  });
  const get = (url: string, method = "GET") => standIn.protocol.handler!({ url, method });
  const page = await get("mmsb://studio/index.html");
  expect(await page.text()).toBe("<title>Studio</title>");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'");
  for (const url of [
    "mmsb://studio/../secret",
    "mmsb://studio/%2e%2e/x",
    "mmsb://other/index.html",
    "mmsb://studio/x",
  ])
    expect((await get(url)).status).toBe(404);
  expect((await get("mmsb://studio/index.html", "POST")).status).toBe(404);
});

test("the page gets a port to the engine, is told what to open, and any path opens", async () => {
  const client = await connectPage();
  const commands = await commandsOf(client);
  await expect.poll(() => commands).toEqual([`open ${life}`]);
  const listed = unwrap(await client.request("recordings.list", {})).result;
  expect(listed).toMatchObject({ anyPath: true, uploads: false, dialogs: true });
  unwrap(await client.request("recording.open", { path: life }));
  await expect.poll(() => standIn.called("app.addRecentDocument")).toEqual([[life]]);
  expect(fileMenuItem("Export").enabled).toBe(true);

  standIn.dialog.chosen = "/chosen.tlog";
  expect(unwrap(await client.request("shell.choose-file", {})).result.path).toBe("/chosen.tlog");
  standIn.dialog.chosen = undefined;
  expect(unwrap(await client.request("shell.choose-file", {})).result.path).toBe("");
  client.close();
});

test("files reach the open window from a drop, a second start and the system; nothing is done twice", async () => {
  const client = await connectPage();
  const commands = await commandsOf(client);
  standIn.ipcMain.emit("mmsb:dropped", { senderFrame: frame() }, ["/dropped.tlog"]);
  standIn.app.emit("second-instance", {}, ["studio", "second.tlog"], "/data");
  standIn.app.emit("open-file", { preventDefault: () => {} }, "/system.tlog");
  await expect
    .poll(() => commands)
    .toEqual(["open /dropped.tlog", "open /data/second.tlog", "open /system.tlog"]);
  expect(standIn.called("window.focus").length).toBeGreaterThan(0);
  client.close();
  const reloaded = await connectPage();
  const again = await commandsOf(reloaded);
  standIn.app.emit("second-instance", {}, ["studio", "/later.tlog"], "/data");
  await expect.poll(() => again).toEqual(["open /later.tlog"]);
  reloaded.close();
});

test("what comes from another frame, or is no list of paths, is not listened to", async () => {
  const client = await connectPage();
  const commands = await commandsOf(client);
  const handed = window().webContents.handed.length;
  standIn.ipcMain.emit("mmsb:want-port", { senderFrame: { url: "mmsb://studio/index.html" } });
  standIn.ipcMain.emit("mmsb:want-port", { senderFrame: null });
  standIn.ipcMain.emit("mmsb:dropped", { senderFrame: { url: "https://example.org" } }, ["/evil.tlog"]);
  for (const paths of [undefined, "x", {}, [1], [{}]])
    standIn.ipcMain.emit("mmsb:dropped", { senderFrame: frame() }, paths);
  expect(window().webContents.handed).toHaveLength(handed);
  desktop.openFile("/good.tlog");
  await expect.poll(() => commands).toEqual(["open /good.tlog"]);
  client.close();
});

test("an export is copied aside and reported, and so is its failure", async () => {
  const client = await connectPage();
  unwrap(await client.request("recording.open", { path: life }));
  const clickExport = async (saveTo: string) => {
    standIn.dialog.saveTo = saveTo;
    const submenu = fileMenuItem("Export").submenu as MenuItemConstructorOptions[];
    const before = standIn.called("dialog.showMessageBox").length;
    (submenu[1]!.click as unknown as () => void)();
    await expect.poll(() => standIn.called("dialog.showMessageBox").length).toBe(before + 1);
    return standIn.called("dialog.showMessageBox").at(-1)![1] as { type: string; message: string };
  };
  await expect.poll(() => fileMenuItem("Export").enabled).toBe(true);
  const out = join(folder.path, "out.mmsblog1");
  expect((await clickExport(out)).message).toMatch(/records were written to out\.mmsblog1/);
  const failed = await clickExport(out);
  expect(failed).toMatchObject({ type: "error", message: "the file exists." });
  client.close();
});

test("the window's place is kept when it closes, and a file then opens a new one", () => {
  const before = window();
  before.emit("close");
  before.emit("closed");
  standIn.app.emit("open-file", { preventDefault: () => {} }, "/next.tlog");
  expect(window()).not.toBe(before);
  expect(window().options).toMatchObject({ x: 10, y: 20, width: 1000, height: 700 });
  expect(standIn.called("window.maximize")).toHaveLength(1);
});
