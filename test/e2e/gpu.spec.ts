import AxeBuilder from "@axe-core/playwright";
import { expect, printedRecords, test } from "./studio.ts";

interface PrintedEvent {
  readonly lsn: string;
  readonly pageId?: string;
  readonly event?: {
    readonly type: string;
    readonly action?: string;
    readonly leaks?: readonly { readonly pageId: string; readonly sizeBytes: number }[];
    readonly pools?: readonly { readonly usedBytes: number }[];
  };
}

/** The device's events as `mmsb cat` prints them. */
function deviceEvents(file: string): PrintedEvent[] {
  const printed = printedRecords(file, 1, 1_000_000, "--kind", "event") as unknown as PrintedEvent[];
  return printed.filter(({ event }) => /allocation|copy|kernel-launch|device/.test(event?.type ?? ""));
}

test("GPU memory grows: the panel says which pages were never freed, and a click goes to where they were allocated", async ({
  open,
  recordings,
  page,
}) => {
  const events = deviceEvents(recordings.tensors);
  const stop = events.findLast(({ event }) => event?.type === "device-stop")!;
  const [largest] = stop.event!.leaks!;
  const allocated = events.findLast(
    ({ event, pageId }) => event?.action === "allocate" && pageId === largest!.pageId,
  )!;
  const studio = await open(recordings.tensors);
  await studio.run("Show GPU");
  const panel = studio.panel("gpu");
  await expect(panel.getByText("Never freed when the session stopped")).toBeVisible();
  const grid = panel.getByRole("grid", { name: "Pages never freed" });
  await expect(grid).toHaveAttribute("aria-rowcount", `${stop.event!.leaks!.length + 1}`);
  const first = grid.locator('[role="row"]').nth(1).locator('[role="gridcell"]');
  await expect(first.first()).toHaveText(largest!.pageId);
  await first.first().click();
  await studio.expectLsn(Number(allocated.lsn));
  await grid.focus();
  await page.keyboard.press("ArrowDown");
  await expect(grid.locator('[role="row"][aria-selected="true"]')).toHaveAttribute("aria-rowindex", "3");
  await first.first().click();
  await studio.run("Show Page");
  await expect(studio.panel("page").getByText("tensor.snapshot").first()).toBeVisible();
});

test("what it shows is how the device stood at the cursor", async ({ open, recordings, page }) => {
  const events = deviceEvents(recordings.tensors);
  const samples = events.filter(({ event }) => event?.type === "device-sample");
  const studio = await open(recordings.tensors);
  await studio.run("Show GPU");
  const panel = studio.panel("gpu");
  const inUse = panel.locator("dl div").filter({ hasText: "In use" }).first();
  for (const sample of [samples[1]!, samples.at(-1)!]) {
    await studio.goTo(sample.lsn);
    await studio.expectLsn(Number(sample.lsn));
    const used = sample.event!.pools!.reduce((sum, { usedBytes }) => sum + usedBytes, 0);
    await expect(inUse).toHaveAttribute("title", `${used.toLocaleString("en-US")} bytes`);
  }
  await expect(panel.getByText("host → device")).toBeVisible();
  await expect(panel.getByRole("img", { name: /in use, in \d+ run/ }).first()).toBeVisible();
  // a click on the charts goes there, and the keys step from there
  const slider = panel.getByRole("slider", { name: "GPU cursor" });
  const before = await studio.lsn();
  const box = (await slider.boundingBox())!;
  await page.mouse.click(box.x + box.width / 4, box.y + 60);
  await expect.poll(() => studio.lsn()).toBeLessThan(before / 2);
  const clicked = await studio.lsn();
  await page.keyboard.press("ArrowRight");
  await studio.expectLsn(clicked + 1);
  const whole = (await slider.screenshot()).toString("base64");
  await page.keyboard.press("w");
  await expect.poll(async () => (await slider.screenshot()).toString("base64")).not.toBe(whole);
});

test("a recording without a device says so, and what makes one", async ({ open, recordings }) => {
  const studio = await open(recordings.life);
  await studio.run("Show GPU");
  await expect(studio.panel("gpu").getByText("No device in this recording")).toBeVisible();
  await expect(studio.panel("gpu").getByText("--workload tensors")).toBeVisible();
});

for (const theme of ["light", "dark"] as const) {
  test(`nothing serious is wrong with it for whoever cannot see well, in the ${theme} theme`, async ({
    open,
    recordings,
    page,
  }) => {
    const studio = await open(recordings.tensors);
    await studio.run(`Theme: ${theme}`);
    await studio.run("Show GPU");
    await expect(studio.panel("gpu").getByRole("grid")).toBeVisible();
    // dockview's tabs hold their close button
    const { violations } = await new AxeBuilder({ page }).disableRules(["nested-interactive"]).analyze();
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(
      serious.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 160)}`)),
    ).toEqual([]);
  });
}
