import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "./studio.ts";

test("a damaged recording opens, says so, and shows what can still be read", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.damaged);
  await expect(page.getByRole("contentinfo").getByText("damaged in 1 place")).toBeVisible();
  await page.getByRole("contentinfo").getByText("damaged in 1 place").click();
  const report = page.getByRole("region", { name: "Damage report" });
  await expect(report).toContainText("A block does not have the bytes that were written.");
  await expect(report).toContainText(/LSN 1,837 to 1,856 are missing/);
  await expect(report).toContainText("mmsb recover");
  await report.getByRole("button", { name: "LSN 1,857" }).click();
  await studio.expectLsn(1857);
  await studio.run("Show Page");
  const uncertain = studio.panel("page").getByText("uncertain", { exact: true });
  await studio.goTo("1890");
  await expect(uncertain).toBeVisible();
  await studio.goTo("300");
  await expect(uncertain).toHaveCount(0);
  await studio.expectLsn(300);
  await expect(studio.activeRow("Deltas").first()).toHaveText("300");
  await studio.goTo("4800");
  await studio.expectLsn(4800);
});

test("a recording of which nothing can be read does not look as if nothing had happened", async ({
  open,
  recordings,
  page,
}) => {
  const file = join(recordings.folder, "begun.tlog");
  writeFileSync(file, readFileSync(recordings.life).subarray(0, 100));
  const studio = await open(file);
  await expect(studio.panel("timeline")).toContainText("None of this recording can be read");
  await expect(studio.panel("deltas")).toContainText("Nothing that can be read");
  await expect(page.getByRole("contentinfo")).toContainText("damaged in 1 place");
  rmSync(file);
});
