import { expect, test } from "./studio.ts";

test("the graph lights up what the record touches and what is downstream of it", async ({
  open,
  recordings,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("300");
  await studio.run("Show Graph");
  const graph = studio.panel("graph");
  await expect(graph.getByRole("application")).toHaveAttribute(
    "aria-label",
    /^Graph of 18 pages and 32 dependencies/,
  );
  // a tile was written: its two readers, population and heat, follow from it
  await expect(graph.getByText("1 touched · 2 downstream")).toBeVisible();
  await studio.page.keyboard.press("End");
  await expect(graph.getByText("1 touched")).toHaveCount(0);
});

test("groups collapse and open, and a page's neighbourhood grows hop by hop, without a mouse", async ({
  open,
  recordings,
  page,
}) => {
  const studio = await open(recordings.life);
  await studio.goTo("300");
  await studio.run("Show Graph");
  const graph = studio.panel("graph");
  await graph.getByRole("button", { name: "Group by page type" }).press("Enter");
  const collapse = graph.getByRole("button", { name: "Collapse all" });
  const expand = graph.getByRole("button", { name: "Expand all" });
  await collapse.press("Enter");
  await expect(expand).toBeVisible();
  // Arrows choose a group, Enter opens it
  const picture = async () => (await graph.getByRole("application").screenshot()).toString("base64");
  const closed = await picture();
  await graph.getByRole("application").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await expect.poll(picture).not.toBe(closed);
  await expand.press("Enter");
  await expect(collapse).toBeVisible();
  await graph.getByRole("button", { name: "Group by page type" }).press("Enter");
  await expect(collapse).toHaveCount(0);

  await graph.getByRole("combobox", { name: "Find a page" }).fill("17");
  await graph.getByRole("option", { name: /17/ }).first().click();
  await graph.getByRole("button", { name: "Show the neighbourhood of the selected page" }).press("Enter");
  await expect(graph.getByText("1 hop")).toBeVisible();
  await graph.getByRole("button", { name: "More hops" }).press("Enter");
  await expect(graph.getByText("2 hops")).toBeVisible();
  await graph.getByRole("button", { name: "Show all" }).press("Enter");
  await expect(graph.getByText("2 hops")).toHaveCount(0);
});
