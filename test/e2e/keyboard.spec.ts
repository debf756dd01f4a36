import { expect, test } from "./studio.ts";

test("everything from opening to filtering goes without a mouse", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life, recordings.folder);
  await page.keyboard.press("Control+o");
  const dialog = page.getByRole("dialog");
  const wanted = dialog.getByRole("button", { name: /mlp\.tlog/ });
  for (let tabs = 0; tabs < 30; tabs++) {
    if (await wanted.evaluate((button) => button === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await expect(wanted).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page).toHaveTitle("mlp.tlog · MMSB Studio");

  await studio.goTo("50");
  await studio.expectLsn(50);
  await studio.run("Show Deltas");
  await expect(page.getByRole("textbox", { name: "Filter deltas" })).toBeFocused();
  await page.keyboard.type("lsn:1..40");
  await expect(studio.panel("deltas").locator(".panel__foot")).toContainText(" of ");
  for (let tabs = 0; tabs < 20; tabs++) {
    if (await studio.grid("Deltas").evaluate((grid) => grid === document.activeElement)) break;
    await page.keyboard.press("Tab");
  }
  await expect(studio.grid("Deltas")).toBeFocused();
  await page.keyboard.press("Control+Home");
  const first = await studio.lsn();
  expect(first).toBeLessThanOrEqual(40);
  await page.keyboard.press("ArrowDown");
  await expect.poll(() => studio.lsn()).toBeGreaterThan(first);
});

test("the palette lists every command with its key, and Escape leaves every dialog", async ({
  open,
  recordings,
  page,
}) => {
  await open(recordings.life);
  for (const key of ["Control+Shift+P", "?", "g", "Control+o"]) {
    await page.keyboard.press(key);
    await expect(page.getByRole("dialog")).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await page.keyboard.press("Control+Shift+P");
  await page.keyboard.type("next record");
  await expect(page.getByRole("option").first()).toContainText("F10");
});

test("who closes one dialog and calls another at once gets it", async ({ open, recordings, page }) => {
  await open(recordings.life);
  for (let round = 0; round < 12; round++) {
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog", { name: "Keyboard and mouse" })).toBeVisible();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+P");
    await expect(page.getByRole("combobox", { name: "Command" })).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
});
