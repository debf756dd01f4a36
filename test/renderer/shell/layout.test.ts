import { expect, it } from "vitest";
import { type PlacedPanel, placesFor, withoutUnknown } from "../../../renderer/shell/layout.ts";

const LAYOUT: readonly PlacedPanel[] = [
  { id: "timeline", place: undefined },
  { id: "deltas", place: { beside: "timeline", direction: "below" }, height: 0.6 },
  { id: "page", place: { beside: "deltas", direction: "right" }, width: 0.6 },
  { id: "graph", place: { beside: "page", direction: "right" }, width: 0.3 },
];

it("keeps the places of panels that are there", () => {
  const all = { timeline: "Timeline", deltas: "Deltas", page: "Page", graph: "Graph" };
  expect(placesFor(LAYOUT, all)).toEqual(LAYOUT);
});

it("leaves out panels that are not there; who stood beside them takes their place", () => {
  expect(placesFor(LAYOUT, { deltas: "Deltas", graph: "Graph" })).toEqual([
    { id: "deltas", place: undefined },
    { id: "graph", place: { beside: "deltas", direction: "right" } },
  ]);
});

it("places nothing where nothing is there", () => {
  expect(placesFor(LAYOUT, {})).toEqual([]);
});

/** As the dock saves it: timeline above, deltas and a panel of another version beside each other, a group of that one alone. */
function savedLayout(): Parameters<typeof withoutUnknown>[0] {
  const leaf = (id: string, views: string[], activeView: string) =>
    ({ type: "leaf", size: 100, data: { id, views, activeView } }) as const;
  return {
    grid: {
      width: 300,
      height: 200,
      orientation: "VERTICAL" as never,
      root: {
        type: "branch",
        size: 300,
        data: [
          leaf("1", ["timeline"], "timeline"),
          { type: "branch", size: 100, data: [leaf("2", ["deltas", "later"], "later")] },
          { type: "branch", size: 100, data: [leaf("3", ["newer"], "newer")] },
        ],
      },
    },
    panels: Object.fromEntries(["timeline", "deltas", "later", "newer"].map((id) => [id, { id }])),
    activeGroup: "3",
  };
}

it("drops only the panels of a saved layout that are not known", () => {
  const pruned = withoutUnknown(savedLayout(), { timeline: "Timeline", deltas: "Deltas" })!;
  expect(Object.keys(pruned.panels)).toEqual(["timeline", "deltas"]);
  expect(pruned.grid.root.data).toEqual([
    { type: "leaf", size: 100, data: { id: "1", views: ["timeline"], activeView: "timeline" } },
    {
      type: "branch",
      size: 100,
      data: [{ type: "leaf", size: 100, data: { id: "2", views: ["deltas"], activeView: "deltas" } }],
    },
  ]);
  expect(pruned.activeGroup).toBeUndefined();
});

it("leaves a saved layout as it is where all panels are known, and nothing of one where none is", () => {
  const saved = savedLayout();
  const all = { timeline: "", deltas: "", later: "", newer: "" };
  expect(withoutUnknown(saved, all)).toBe(saved);
  expect(withoutUnknown(saved, {})).toBeUndefined();
});
