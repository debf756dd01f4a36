import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./studio.ts";

/** Findings of weight, each with what it is about. */
async function seriousFindings(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    // dockview's tabs hold their close button
    .disableRules(["nested-interactive"])
    .analyze();
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`));
}

for (const theme of ["light", "dark"] as const) {
  test(`nothing serious is wrong for whoever cannot see well, in the ${theme} theme`, async ({
    open,
    recordings,
    page,
  }) => {
    const studio = await open(recordings.life);
    await studio.run(`Theme: ${theme}`);
    await expect(page.locator("html")).toHaveAttribute("data-theme", theme);
    await studio.goTo("300");
    await expect(studio.activeRow("Deltas").first()).toHaveText("300");
    const bright = await page.evaluate(() => {
      const [red = 0, green = 0, blue = 0] = (
        getComputedStyle(document.body).backgroundColor.match(/\d+/g) ?? []
      ).map(Number);
      return (red + green + blue) / 3;
    });
    if (theme === "dark") expect(bright).toBeLessThan(80);
    else expect(bright).toBeGreaterThan(180);
    expect(await seriousFindings(page)).toEqual([]);
    for (const panel of ["Page", "Graph", "Events", "Overview", "Bookmarks"]) {
      await studio.run(`Show ${panel}`);
      await expect(studio.panel(panel.toLowerCase())).toBeVisible();
    }
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await seriousFindings(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("Control+Shift+P");
    await expect(page.getByRole("dialog")).toBeVisible();
    expect(await seriousFindings(page)).toEqual([]);
  });
}

test("the theme, and where the cursor was, outlive a reload", async ({ open, recordings, page }) => {
  const studio = await open(recordings.life);
  await studio.run("Theme: dark");
  await studio.goTo("1234");
  await studio.expectLsn(1234);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await studio.expectLsn(1234);
});

test("follows the system's theme where none was chosen", async ({ open, recordings, page }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open(recordings.life);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await background();
  await page.emulateMedia({ colorScheme: "light" });
  await expect.poll(background).not.toBe(dark);
});

test("of a layout that another version saved, only the panels that are not known are dropped", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await expect(studio.panel("page")).toBeVisible();
  await page.getByRole("button", { name: "Close Page" }).click();
  await expect(studio.panel("page")).toHaveCount(0);
  const saved = () => page.evaluate(() => localStorage.getItem("mmsb.layout.v1") ?? "");
  await expect.poll(saved).toMatch(/"events"/);
  await expect.poll(saved).not.toMatch(/"views":\["page"/);
  await page.evaluate(() => {
    const key = "mmsb.layout.v1";
    localStorage.setItem(key, localStorage.getItem(key)!.replaceAll('"events"', '"seismograph"'));
  });
  await page.reload();
  await expect(studio.grid("Deltas")).toBeVisible();
  await expect(page.getByRole("tab", { name: "Bookmarks" })).toBeVisible();
  await expect(page.getByRole("tab", { name: /Events|seismograph/ })).toHaveCount(0);
  await expect(studio.panel("page")).toHaveCount(0);
});
