import { expect, printedRecords, test } from "./studio.ts";

const grouped = (count: number) => count.toLocaleString("en-US");

test("filters by page, source and words as 'mmsb cat' counts them, and says what it does not understand", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  const all = printedRecords(recordings.life, 1, 4831, "--kind", "delta");
  const foot = studio.panel("deltas").locator(".panel__foot");
  const filter = page.getByRole("textbox", { name: "Filter deltas" });
  const expectCount = (count: number) =>
    expect(foot).toContainText(`${grouped(count)} delta${count === 1 ? "" : "s"} of ${grouped(all.length)}`);

  await filter.fill("page:17");
  await expectCount(all.filter(({ pageId }) => pageId === "17").length);
  await filter.fill("page:17,18 lsn:100..2000");
  await expectCount(
    all.filter(
      ({ pageId, lsn }) => (pageId === "17" || pageId === "18") && Number(lsn) >= 100 && Number(lsn) <= 2000,
    ).length,
  );
  await filter.fill("source:life.heat");
  await expectCount(all.filter(({ source }) => source === "life.heat").length);
  await filter.fill("page:one");
  await expect(studio.panel("deltas").getByText(/not a page id/)).toBeVisible();
  await filter.fill("page:424242");
  await expect(
    studio
      .panel("deltas")
      .getByText(/No delta|no delta/)
      .first(),
  ).toBeVisible();
  await filter.fill("");
  await expect(foot).toContainText(`${grouped(all.length)} deltas`);
});

test("a value expression finds the deltas that wrote such values", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  const foot = studio.panel("deltas").locator(".panel__foot");
  await page.getByRole("textbox", { name: "Value expression" }).fill("@4:u32 changed");
  const wrote = printedRecords(recordings.life, 1, 4831, "--kind", "delta").filter(({ ranges }) =>
    ranges?.some(({ offset, length }) => offset < 8 && offset + length > 4),
  );
  await expect(foot).toContainText(/deltas? of 4,284/);
  await expect(foot).not.toContainText("searching");
  const shown = Number(((await foot.textContent()) ?? "").replace(/ deltas? of.*$/, "").replaceAll(",", ""));
  expect(shown).toBeGreaterThan(0);
  expect(shown).toBeLessThanOrEqual(wrote.length);
  await page.getByRole("textbox", { name: "Value expression" }).fill("@4:u32 >");
  await expect(studio.panel("deltas").getByText("The value expression cannot be read")).toBeVisible();
});

test("a click on a row seeks, and a cause leads to the record that it names", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("300");
  const row = studio.grid("Deltas").getByRole("row").filter({ hasText: "305" }).first();
  await row.getByRole("gridcell").first().click();
  await studio.expectLsn(305);
  const cause = studio.activeRow("Deltas").nth(7);
  const lsn = Number(await cause.textContent());
  await cause.getByRole("button").click();
  await studio.expectLsn(lsn);
  expect(page.url()).toContain("http://127.0.0.1");
});
