import { expect, printedRecords, test } from "./studio.ts";

test("steps record by record, forward and back, as 'mmsb cat' lists them", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("300");
  await studio.expectLsn(300);
  for (let lsn = 301; lsn <= 306; lsn++) {
    await page.keyboard.press("F10");
    await studio.expectLsn(lsn);
  }
  for (let lsn = 305; lsn >= 298; lsn--) {
    await page.keyboard.press("Shift+F10");
    await studio.expectLsn(lsn);
  }
});

test("a step by delta shows that delta's page, epoch, source and cause", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("290");
  const deltas = printedRecords(recordings.life, 291, 300, "--kind", "delta");
  for (const { lsn, pageId, epoch, source, cause } of deltas.slice(0, 4)) {
    await page.keyboard.press("Alt+ArrowRight");
    await studio.expectLsn(Number(lsn));
    const cells = studio.activeRow("Deltas");
    await expect(cells.nth(0)).toHaveText(Number(lsn).toLocaleString("en-US"));
    await expect(cells.nth(2)).toHaveText(pageId ?? "");
    await expect(cells.nth(3)).toHaveText(`${epoch}`);
    await expect(cells.nth(4)).toHaveText(source);
    await expect(cells.nth(7)).toHaveText(cause ?? "");
  }
});

test("] and [ stop where no transaction is open; Home and End reach both ends", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await page.keyboard.press("Home");
  await studio.expectLsn(0);
  await page.keyboard.press("End");
  await studio.expectLsn(4831);
  await studio.goTo("300");
  const ends = printedRecords(recordings.life, 301, 400, "--kind", "tx-commit").map(({ lsn }) => Number(lsn));
  for (const end of ends.slice(0, 3)) {
    await page.keyboard.press("]");
    await studio.expectLsn(end);
  }
  await page.keyboard.press("[");
  await studio.expectLsn(ends[1]!);
});

test("the buttons do what the keys do", async ({ open, recordings, page }) => {
  const studio = await open(recordings.mlp);
  await page.getByRole("button", { name: "First state" }).click();
  await studio.expectLsn(0);
  await page.getByRole("button", { name: "Next record" }).click();
  await studio.expectLsn(1);
  await page.getByRole("button", { name: "Next transaction" }).click();
  await expect.poll(() => studio.lsn()).toBeGreaterThan(1);
  await page.getByRole("button", { name: "Last record" }).click();
  await expect(page.getByRole("button", { name: "Last record" })).toBeVisible();
  const last = await studio.lsn();
  await page.getByRole("button", { name: "Previous record" }).click();
  await studio.expectLsn(last - 1);
});

test("plays, and pauses where it is", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  await studio.goTo("100");
  await page.keyboard.press("Space");
  await expect.poll(() => studio.lsn()).toBeGreaterThan(105);
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "Play", exact: false }).first()).toBeVisible();
  // It stands once two readings a frame apart agree and stay: a step back from it must land right before it.
  await expect
    .poll(async () => {
      const before = await studio.lsn();
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      return (await studio.lsn()) - before;
    })
    .toBe(0);
  const paused = await studio.lsn();
  await page.keyboard.press("Shift+F10");
  await studio.expectLsn(paused - 1);
});

test("goes to times, shares and what is not there", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  await studio.goTo("50%");
  const half = await studio.lsn();
  expect(Math.abs(half - 2416)).toBeLessThanOrEqual(2);
  await studio.goTo("start");
  await studio.expectLsn(0);
  await page.keyboard.press("g");
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox").fill("99999999");
  await page.keyboard.press("Enter");
  await expect(dialog.getByText(/4,?831/).first()).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await studio.expectLsn(0);
});
