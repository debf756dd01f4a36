import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, StudioWindow, serve, test } from "./studio.ts";

test("a bookmark is made, kept beside the recording, found after a reload, and taken away", async ({
  open,
  recordings,
  page,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "mmsb-bookmarks-"));
  const file = join(folder, "life.tlog");
  copyFileSync(recordings.life, file);
  const kept = () => {
    const path = `${file}.bookmarks.json`;
    if (!existsSync(path)) return [];
    const { bookmarks } = JSON.parse(readFileSync(path, "utf8")) as {
      bookmarks: { lsn: string; name: string }[];
    };
    return bookmarks.map(({ lsn, name }) => `${lsn} ${name}`);
  };
  const studio = await open(file);
  await studio.goTo("300");
  await page.keyboard.press("b");
  await studio.goTo("1200");
  await page.keyboard.press("b");
  await expect.poll(kept).toEqual(["300 LSN 300", "1200 LSN 1200"]);
  await page.reload();
  await studio.expectLsn(1200);
  await studio.run("Show Bookmarks");
  const list = studio.panel("bookmarks").getByRole("listbox");
  await expect(list.getByRole("option")).toHaveCount(2);
  await list.getByRole("option", { name: /LSN 300/ }).click();
  await studio.expectLsn(300);
  await list.focus();
  await page.keyboard.press("Delete");
  await expect(list.getByRole("option")).toHaveCount(1);
  await expect.poll(kept).toEqual(["1200 LSN 1200"]);
  await studio.goTo("2400");
  await page.keyboard.press("Shift+B");
  await expect(studio.panel("bookmarks").getByRole("textbox", { name: "Name", exact: true })).toBeFocused();
  await page.keyboard.type("Here it breaks");
  await page.keyboard.press("Enter");
  await expect.poll(kept).toEqual(["1200 LSN 1200", "2400 Here it breaks"]);
  rmSync(folder, { recursive: true, force: true });
});

test("a window finds what was bookmarked in another one when a person comes back to it", async ({
  context,
  recordings,
}) => {
  const folder = mkdtempSync(join(tmpdir(), "mmsb-bookmarks-"));
  const file = join(folder, "life.tlog");
  copyFileSync(recordings.life, file);
  const server = await serve(file);
  const [here, there] = [
    new StudioWindow(await context.newPage()),
    new StudioWindow(await context.newPage()),
  ];
  for (const { page } of [here, there]) {
    await page.goto(server.url);
    await expect(page).toHaveTitle("life.tlog · MMSB Studio");
  }
  await here.run("Show Bookmarks");
  await expect(here.panel("bookmarks")).toContainText("No bookmarks");
  await there.goTo("300");
  await there.page.keyboard.press("b");
  await expect.poll(() => existsSync(`${file}.bookmarks.json`)).toBe(true);
  await here.page.evaluate("window.dispatchEvent(new Event('focus'))");
  await expect(here.panel("bookmarks").getByRole("option", { name: /LSN 300/ })).toBeVisible();
  for (const { page } of [here, there]) await page.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});
