import { expect, mmsb, StudioWindow, serve, test } from "./studio.ts";

interface Summary {
  readonly records: number;
  readonly deltas: number;
  readonly pages: number;
}

const summaryOf = (file: string) => JSON.parse(mmsb("info", file, "--json")) as Summary;
const grouped = (count: number) => count.toLocaleString("en-US");

for (const name of ["life", "mlp", "converted", "foreign"] as const) {
  test(`${name} opens, and the window shows what 'mmsb info' says`, async ({ open, recordings, page }) => {
    const studio = await open(recordings[name]);
    const { records, deltas, pages } = summaryOf(recordings[name]);
    await expect(page.getByText(`/ ${grouped(records)}`)).toBeVisible();
    await expect(page.getByText(`${grouped(deltas)} deltas`, { exact: true })).toBeVisible();
    await expect(page.getByRole("contentinfo")).toContainText(`${pages} pages`);
    await expect(studio.activeRow("Deltas").first()).toBeVisible();
    expect(await page.evaluate(() => location.hash)).not.toContain("token");
  });
}

test("a folder is served: its recordings are listed, one is chosen, closed, and another opened", async ({
  page,
  recordings,
  open,
}) => {
  const studio = await open(recordings.life, recordings.folder);
  await page.keyboard.press("Control+o");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /mlp\.tlog/ }).click();
  await expect(page).toHaveTitle("mlp.tlog · MMSB Studio");
  // Both were made with the same seed and carry the same UUID: what is shown is the other's end all the same.
  await studio.expectLsn(summaryOf(recordings.mlp).records);
  await expect(studio.panel("page").getByRole("group", { name: /^Bytes of page/ })).toBeVisible();
});

test("a folder alone is a list to choose from", async ({ page, recordings }) => {
  const server = await serve(recordings.folder);
  await page.goto(server.url);
  await expect(page.getByRole("list", { name: "Recordings" }).getByText("mlp.tlog")).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.close();
  await server.stop();
});

test("a window without the token is told so, and shows nothing", async ({
  page,
  recordings,
  quietConsole,
  open,
}) => {
  await open(recordings.life);
  const strange = await page.context().newPage();
  await strange.goto(page.url().replace(/#.*$/, ""));
  await strange.evaluate(() => sessionStorage.clear());
  await strange.reload();
  await expect(strange.getByText(/cannot be reached|refused/).first()).toBeVisible();
  await expect(strange.getByText("Open the address that 'mmsb serve' printed")).toBeVisible();
  await expect(strange.getByText("life.tlog")).toHaveCount(0);
  await strange.close();
  expect(quietConsole).toEqual([]);
});

test("a server that ends is missed and keeps its place in sight; started again it says where to go, and the window is there again", async ({
  context,
  recordings,
}) => {
  // A window of its own: what it fails to reach would be an error in the console.
  const page = await context.newPage();
  const studio = new StudioWindow(page);
  const first = await serve(recordings.life);
  await page.goto(first.url);
  await expect(page).toHaveTitle("life.tlog · MMSB Studio");
  await studio.goTo("291");
  await expect(studio.activeRow("Deltas").first()).toHaveText("291");
  await first.stop();
  const footer = page.getByRole("contentinfo");
  await expect(footer).toContainText("Connection lost, trying again");
  // The next record may be at hand, what follows is not.
  for (let step = 0; step < 7; step++) await page.keyboard.press("F10");
  await studio.expectLsn(298);
  await expect(studio.panel("page")).toContainText("The engine is not connected.");
  await expect(
    studio.grid("Deltas").getByRole("gridcell", { name: "291", exact: true }).first(),
  ).toBeVisible();
  const second = await serve(recordings.life, "--port", new URL(first.url).port);
  await expect(footer).toContainText("Open the address that 'mmsb serve' printed");
  await page.goto(second.url);
  await expect(studio.activeRow("Deltas").first()).toHaveText("298");
  await studio.expectLsn(298);
  await page.close();
  await second.stop();
});

test("a browser without WebSockets is told so", async ({ page, recordings, quietConsole }) => {
  const server = await serve(recordings.life);
  await page.addInitScript("delete window.WebSocket");
  await page.goto(server.url);
  await expect(page.getByText(/gives the page no WebSocket/)).toBeVisible();
  expect(quietConsole).toEqual([]);
  await page.close();
  await server.stop();
});

test("a file dropped on the window is sent and opened", async ({ page, recordings, open }) => {
  await open(recordings.life);
  await page.keyboard.press("Control+o");
  await page.getByLabel("Recording file").setInputFiles(recordings.mlp);
  await expect(page).toHaveTitle("mlp.tlog · MMSB Studio");
});

test("a file that is no recording is refused in words, and what was open stays", async ({
  page,
  recordings,
  open,
}) => {
  const studio = await open(recordings.life);
  await page.keyboard.press("Control+o");
  const noise = { name: "noise.tlog", mimeType: "application/octet-stream", buffer: Buffer.alloc(5000, 7) };
  await page.getByLabel("Recording file").setInputFiles(noise);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("alert")).toContainText("No part of this file is an MMSB recording.");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await studio.goTo("300");
  await studio.expectLsn(300);
  await page.keyboard.press("Control+o");
  await expect(dialog.getByRole("alert")).toHaveCount(0);
});
