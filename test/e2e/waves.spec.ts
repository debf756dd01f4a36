import { expect, printedRecords, type StudioWindow, test } from "./studio.ts";

interface Wave {
  /** LSN of the write that it follows, and of the commit behind it. */
  readonly write: number;
  readonly commit: number;
  /** LSN of the delta of each page that it rewrote. */
  readonly rewrote: ReadonlyMap<string, number>;
}

/** What each of the four writes led to, as `mmsb cat` prints it. */
function wavesOf(file: string): Wave[] {
  const waves: Wave[] = [];
  let write = 0;
  let rewrote = new Map<string, number>();
  for (const { lsn, kind, source, pageId } of printedRecords(file, 1, 10_000)) {
    if (kind === "delta" && source === "sensor") {
      write = Number(lsn);
      rewrote = new Map();
    } else if (kind === "delta" && pageId !== undefined) rewrote.set(pageId, Number(lsn));
    else if (kind === "tx-commit" && write > 0) {
      waves.push({ write, commit: Number(lsn), rewrote });
      write = 0;
    }
  }
  return waves;
}

/** How the graph shows a page, in the words that a screen reader gets. */
async function lightOf(studio: StudioWindow, page: string): Promise<string> {
  const graph = studio.panel("graph");
  const find = graph.getByRole("combobox", { name: "Find a page" });
  await find.fill("");
  await find.fill(page);
  await graph
    .getByRole("option", { name: new RegExp(`\\b${page}\\b`) })
    .first()
    .click();
  // Keys go to the window again, not into the field.
  await graph.getByRole("application").focus();
  const aloud = graph.locator(".visually-hidden[aria-live]");
  await expect(aloud).toHaveText(new RegExp(`^Page ${page},`));
  return ((await aloud.textContent()) ?? "").replace(/^Page \d+, \w+(, )?/, "");
}

test("waves stand on the timeline, and those with failures can be told from the others", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.waves);
  const waves = wavesOf(recordings.waves);
  expect(waves).toHaveLength(4);
  const timeline = studio.panel("timeline");
  const label = timeline.getByText("Waves", { exact: true });
  await expect(label).toBeVisible();
  const records = printedRecords(recordings.waves, 1, 10_000).length;
  const plot = (await timeline.locator(".timeline__plot").boundingBox())!;
  const row = (await label.boundingBox())!;
  const card = timeline.locator(".timeline__card");
  const outcomes: string[] = [];
  for (const { write } of waves) {
    // All of the recording is in sight, as many equal cells as records; the wave begins behind the write.
    await page.mouse.move(plot.x + (plot.width * (write + 0.5)) / records, row.y + row.height / 2);
    await expect(card).toContainText(`Wave ${write + 1}`);
    await expect(card).toContainText("outcome");
    outcomes.push((await card.textContent()) ?? "");
  }
  expect(outcomes.map((text) => text.includes("with failures"))).toEqual([false, false, true, false]);
});

test("the graph lights up record by record, and shows what was cut off, what failed and what waits behind it", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.waves);
  const [, second, third, last] = wavesOf(recordings.waves);
  await studio.goTo(`${second!.write}`);
  await studio.run("Show Graph");
  const graph = studio.panel("graph");
  expect(await lightOf(studio, "1")).toBe("touched by the record at the cursor");
  expect(await lightOf(studio, "2")).toContain("downstream of the record");
  while ((await studio.lsn()) < second!.rewrote.get("2")!) await page.keyboard.press("F10");
  await expect(graph.getByText("1 touched · 0 downstream")).toBeVisible();
  expect(await lightOf(studio, "2")).toBe("touched by the record at the cursor");

  await graph.getByRole("button", { name: "Light up the whole transaction" }).click();
  await studio.goTo(`${second!.write}`);
  expect(await lightOf(studio, "2")).toBe("downstream of the record, rewritten there");
  expect(await lightOf(studio, "3")).toBe("cut off: recomputed to the bytes that it had");
  expect(await lightOf(studio, "4")).toBe("downstream of the record, not rewritten by it");
  await studio.goTo(`${third!.write}`);
  expect(await lightOf(studio, "3")).toBe("downstream of the record, rewritten there");
  expect(await lightOf(studio, "5")).toBe("its recompute failed here");
  expect(await lightOf(studio, "6")).toBe("not computed: something above it failed");
  await studio.goTo(`${last!.write}`);
  expect(await lightOf(studio, "6")).toBe("downstream of the record, rewritten there");
});

test("the Page panel leads from a recomputed byte through the recomputes before it to the write that began all", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.waves);
  const last = wavesOf(recordings.waves)[3]!;
  await studio.goTo(`${last.rewrote.get("6")}`);
  const panel = studio.panel("page");
  await panel.getByRole("group", { name: "Bytes of page 6" }).focus();
  await page.keyboard.press("ArrowRight");
  const chain = panel.getByRole("list", { name: "The write and its causes" }).getByRole("listitem");
  await expect(chain).toHaveCount(3);
  await expect(chain.nth(0)).toContainText("page-6");
  await expect(chain.nth(1)).toContainText("page-5");
  await expect(chain.nth(2)).toContainText("sensor");
  await chain
    .nth(2)
    .getByRole("button", { name: last.write.toLocaleString("en-US") })
    .click();
  await studio.expectLsn(last.write);
});
