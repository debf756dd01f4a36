import { expect, mmsb, test } from "./studio.ts";

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
  await open(recordings.life, recordings.folder);
  await page.keyboard.press("Control+o");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: /mlp\.tlog/ }).click();
  await expect(page).toHaveTitle("mlp.tlog · MMSB Studio");
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
  await expect(strange.getByText("life.tlog")).toHaveCount(0);
  await strange.close();
  expect(quietConsole).toEqual([]);
});

test("a file dropped on the window is sent and opened", async ({ page, recordings, open }) => {
  await open(recordings.life);
  await page.keyboard.press("Control+o");
  await page.getByLabel("Recording file").setInputFiles(recordings.mlp);
  await expect(page).toHaveTitle("mlp.tlog · MMSB Studio");
});
