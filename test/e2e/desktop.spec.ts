import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { _electron, type ElectronApplication, type Page } from "@playwright/test";
import { electronArguments, findElectron, whyNoDesktop } from "../../.tools/electron.mjs";
import { expect, StudioWindow, test } from "./studio.ts";

const missing = whyNoDesktop();
test.skip(missing !== undefined, `the desktop window cannot be driven here: ${missing}`);

let userData: string;
let app: ElectronApplication;
let page: Page;

test.beforeEach(async ({ recordings }) => {
  userData = mkdtempSync(join(tmpdir(), "mmsb-desktop-"));
  app = await _electron.launch({
    executablePath: findElectron() ?? "",
    args: [`--user-data-dir=${userData}`, ...electronArguments(), recordings.life],
  });
  page = await app.firstWindow();
});
test.afterEach(async () => {
  await app.close();
  rmSync(userData, { recursive: true, force: true });
});

test("the desktop window opens the recording it was given, and steps", async () => {
  await expect(page).toHaveTitle("life.tlog · MMSB Studio");
  expect(page.url()).toBe("mmsb://studio/index.html");
  const studio = new StudioWindow(page);
  await studio.goTo("300");
  await studio.expectLsn(300);
  await page.keyboard.press("F10");
  await studio.expectLsn(301);
});

test("the page has no Node, no Electron, no way out", async () => {
  await expect(page).toHaveTitle("life.tlog · MMSB Studio");
  const globals = await page.evaluate(() =>
    ["require", "process", "module", "Buffer", "electron", "ipcRenderer"].filter((name) => name in window),
  );
  expect(globals).toEqual([]);
  expect(await page.evaluate(() => window.open("https://example.org"))).toBeNull();
  await page.evaluate(() => {
    location.href = "https://example.org/";
  });
  expect(await page.evaluate(() => fetch("https://example.org/").catch(() => "refused"))).toBe("refused");
  await expect(page).toHaveURL("mmsb://studio/index.html");
  expect(app.windows()).toHaveLength(1);
});

test("the menu drives the window, and knows the recording", async () => {
  await expect(page).toHaveTitle("life.tlog · MMSB Studio");
  const click = (menu: string, item: string) =>
    app.evaluate(
      ({ Menu }, [wantedMenu, wantedItem]) => {
        const found = Menu.getApplicationMenu()?.items.find(({ label }) => label === wantedMenu);
        found?.submenu?.items.find(({ label }) => label === wantedItem)?.click();
      },
      [menu, item] as const,
    );
  await click("&View", "All Commands…");
  await expect(page.getByRole("dialog")).toBeVisible();
  await page.keyboard.press("Escape");
  await click("&File", "Close Recording");
  await expect(page).toHaveTitle("MMSB Studio");
});
