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
