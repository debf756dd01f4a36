import { expect, printedRecords, test } from "./studio.ts";

test("a click scrubs to where it was, and a drag goes along", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  const slider = page.getByRole("slider", { name: "Timeline cursor" });
  const box = (await slider.boundingBox())!;
  const at = (share: number) => [box.x + box.width * share, box.y + 80] as const;
  await page.mouse.click(...at(0.5));
  await expect.poll(() => studio.lsn()).toBeGreaterThan(2300);
  expect(await studio.lsn()).toBeLessThan(2530);
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.25), { steps: 8 });
  await page.mouse.up();
  await expect.poll(() => studio.lsn()).toBeLessThan(1300);
  expect(await studio.lsn()).toBeGreaterThan(1100);
  await expect(slider).toHaveAttribute("aria-valuenow", `${await studio.lsn()}`);
});

test("while the hand drags, the page is that of the record below it, in its state there", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  const slider = page.getByRole("slider", { name: "Timeline cursor" });
  const box = (await slider.boundingBox())!;
  const shown = studio.panel("page").locator(".panel");
  const pages = new Set<string>();
  const pageOf = new Map(printedRecords(recordings.life, 2200, 3400).map(({ lsn, pageId }) => [lsn, pageId]));
  await page.mouse.move(box.x + box.width * 0.5, box.y + 80);
  await page.mouse.down();
  for (let step = 0; step < 12; step++) {
    await page.mouse.move(box.x + box.width * (0.5 + step * 0.013), box.y + 80);
    const lsn = await slider.getAttribute("aria-valuenow");
    await expect(shown).toHaveAttribute("data-lsn", lsn!);
    const pageId = pageOf.get(lsn!);
    if (typeof pageId !== "string") continue;
    await expect(shown.locator(".page__name b")).toHaveText(pageId);
    pages.add(pageId);
  }
  await page.mouse.up();
  expect(pages.size).toBeGreaterThan(1);
});

test("the wheel and the keys zoom and pan; what is shown changes, the cursor stays", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("2400");
  const slider = page.getByRole("slider", { name: "Timeline cursor" });
  const picture = async () => (await studio.panel("timeline").screenshot()).toString("base64");
  const whole = await picture();
  await slider.focus();
  await page.keyboard.press("w");
  await page.keyboard.press("w");
  await expect.poll(picture).not.toBe(whole);
  const near = await picture();
  await page.keyboard.press("d");
  await expect.poll(picture).not.toBe(near);
  await studio.expectLsn(2400);
});

test("a person may look where the cursor is not: the view stays until the cursor moves", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("300");
  const slider = page.getByRole("slider", { name: "Timeline cursor" });
  const box = (await slider.boundingBox())!;
  const at = (share: number) => [box.x + box.width * share, box.y + 40] as const;
  await page.keyboard.down("Shift");
  await page.mouse.move(...at(0.5));
  await page.mouse.down();
  await page.mouse.move(...at(0.75), { steps: 4 });
  await page.mouse.up();
  await page.keyboard.up("Shift");
  await page.keyboard.press("z");
  /** LSN in the middle of what is shown. */
  const middle = async () => {
    const now = (await slider.boundingBox())!;
    await page.mouse.move(now.x + now.width / 2 - 1, now.y + 40);
    await page.mouse.move(now.x + now.width / 2, now.y + 40);
    const text = (await studio.panel("timeline").locator(".timeline__card").textContent()) ?? "";
    return Number(/LSN ([\d,]+)/.exec(text)?.[1]?.replaceAll(",", ""));
  };
  await expect.poll(middle).toBeGreaterThan(2900);
  expect(await middle()).toBeLessThan(3100);
  await studio.expectLsn(300);
  await page.keyboard.press("F10");
  await expect.poll(middle).toBeLessThan(1500);
});

test("the axis changes to time and back", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  await studio.goTo("2400");
  await page
    .getByRole("radio", { name: "Time" })
    .or(page.getByRole("button", { name: "Time", exact: true }))
    .first()
    .click();
  await expect(page.getByRole("slider", { name: "Timeline cursor" })).toBeVisible();
  await studio.expectLsn(2400);
});
