import { expect, test } from "./studio.ts";

test("a damaged recording opens, says so, and shows what can still be read", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.damaged);
  await expect(page.getByRole("contentinfo").getByText(/1 damage/)).toBeVisible();
  await studio.goTo("300");
  await studio.expectLsn(300);
  await expect(studio.activeRow("Deltas").first()).toHaveText("300");
  await studio.goTo("4800");
  await studio.expectLsn(4800);
});
