import { expect, mmsb, type StudioWindow, sha256, test } from "./studio.ts";

/** A page that is short enough to be in sight as a whole. */
const POPULATION = "17";

/** The bytes at the cursor that the window shows, as a person reads them. */
async function shownBytes(studio: StudioWindow): Promise<Uint8Array> {
  const text = await studio.panel("page").locator(".hex__bytes").last().textContent();
  return Uint8Array.from((text ?? "").trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));
}

function replayedHash(file: string, lsn: number, page: string): string {
  const { pages } = JSON.parse(mmsb("replay", file, "--at", `${lsn}`, "--json")) as {
    pages: { id: string; sha256: string }[];
  };
  return pages.find(({ id }) => id === page)?.sha256 ?? "no such page";
}

async function choosePage(studio: StudioWindow, id: string): Promise<void> {
  await studio.page.keyboard.press("p");
  const dialog = studio.page.getByRole("dialog", { name: "Choose a page" });
  await dialog.getByRole("textbox").fill(id);
  await expect(dialog.getByRole("row")).toHaveCount(2);
  await studio.page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
}

async function expectBytesAt(studio: StudioWindow, file: string, lsn: number): Promise<void> {
  await studio.expectLsn(lsn);
  const expected = replayedHash(file, lsn, POPULATION);
  await expect.poll(async () => sha256(await shownBytes(studio))).toBe(expected);
}

test("shows a page's bytes as 'mmsb replay' rebuilds them, stepping forward and back", async ({
  open,
  recordings,
}) => {
  const studio = await open(recordings.life);
  await choosePage(studio, POPULATION);
  for (const lsn of [300, 2174, 4000]) {
    await studio.goTo(`${lsn}`);
    await expectBytesAt(studio, recordings.life, lsn);
  }
  const visited: number[] = [];
  for (let step = 0; step < 3; step++) {
    await studio.page.keyboard.press("F11");
    await expect.poll(() => studio.lsn()).toBeGreaterThan(visited.at(-1) ?? 4000);
    visited.push(await studio.lsn());
    await expectBytesAt(studio, recordings.life, visited.at(-1)!);
  }
  for (const lsn of visited.reverse().slice(1)) {
    await studio.page.keyboard.press("Shift+F11");
    await expectBytesAt(studio, recordings.life, lsn);
  }
});

test("the same bytes come back from a foreign log", async ({ open, recordings }) => {
  const studio = await open(recordings.converted);
  await choosePage(studio, POPULATION);
  const lsn = 1500;
  await studio.goTo(`${lsn}`);
  await expectBytesAt(studio, recordings.converted, lsn);
});

test("says who wrote the selected bytes, when and why, and goes there", async ({ open, recordings }) => {
  const studio = await open(recordings.life);
  const panel = studio.panel("page");
  await choosePage(studio, POPULATION);
  await studio.goTo("300");
  await panel.getByRole("radio", { name: "Fields" }).click();
  await panel.getByRole("row", { name: /^total/ }).click();
  const inspector = panel.getByRole("region", { name: "Selected bytes" });
  await expect(inspector).toContainText("0x0004–0x0007");
  await expect(inspector).toContainText("total");

  const { writes } = JSON.parse(
    mmsb("history", recordings.life, "--page", POPULATION, "--range", "4:8", "--at", "300", "--json"),
  ) as { writes: { lsn: string; source: string; cause: string }[] };
  const chain = inspector.getByRole("list", { name: "The write and its causes" }).getByRole("listitem");
  await expect(chain.first()).toContainText(Number(writes[0]!.lsn).toLocaleString("en-US"));
  await expect(chain.first()).toContainText(writes[0]!.source);
  await expect(chain.nth(1)).toContainText(Number(writes[0]!.cause).toLocaleString("en-US"));
  const rows = inspector.getByRole("table").getByRole("row");
  await expect(rows).toHaveCount(writes.length + 1);

  await chain.first().getByRole("button").click();
  await studio.expectLsn(Number(writes[0]!.lsn));
});

test("compares two moments byte by byte", async ({ open, recordings }) => {
  const studio = await open(recordings.life);
  const panel = studio.panel("page");
  await choosePage(studio, POPULATION);
  await studio.goTo("2174");
  await studio.page.keyboard.press("c");
  await expect(panel.getByRole("status")).toHaveText("the same bytes");
  const before = await shownBytes(studio);
  await studio.goTo("300");
  await expect(panel.getByRole("status")).toContainText("bytes in");
  // Two blocks stand beside each other: A, which stays, and B at the cursor.
  const blocks = await panel.locator(".hex__bytes").allTextContents();
  const side = (at: 0 | 1) =>
    Uint8Array.from((blocks[at] ?? "").trim().split(/\s+/), (byte) => Number.parseInt(byte, 16));
  expect(sha256(side(0))).toBe(replayedHash(recordings.life, 2174, POPULATION));
  expect(sha256(side(1))).toBe(replayedHash(recordings.life, 300, POPULATION));
  const differing = side(0).filter((byte, at) => byte !== side(1)[at]).length;
  await expect(panel.getByRole("status")).toContainText(`${differing} bytes in`);
  expect(before.length).toBeGreaterThan(0);
  await panel.getByRole("button", { name: "Next difference" }).click();
  await expect(panel.getByRole("region", { name: "Selected bytes" })).toBeVisible();
  await studio.page.keyboard.press("c");
  await expect(panel.getByRole("button", { name: "Next difference" })).toHaveCount(0);
});

test("a page that is not there yet says so and leads to where it is", async ({ open, recordings }) => {
  const studio = await open(recordings.life);
  await choosePage(studio, POPULATION);
  await studio.page.keyboard.press("Home");
  const panel = studio.panel("page");
  await expect(panel).toContainText(`Page ${POPULATION} is not there`);
  await panel.getByRole("button", { name: /^Go to LSN/ }).click();
  await expect(panel.locator(".hex__bytes")).toBeVisible();
});
