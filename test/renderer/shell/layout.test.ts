import { expect, it } from "vitest";
import { type PlacedPanel, placesFor } from "../../../renderer/shell/layout.ts";

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
