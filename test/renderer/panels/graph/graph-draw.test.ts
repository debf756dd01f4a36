import cytoscape from "cytoscape";
import { expect, test } from "vitest";
import { applyPicture, applyZoom } from "../../../../renderer/panels/graph/graph-draw.ts";
import {
  type GraphNode,
  type GraphPicture,
  NO_PICTURE,
} from "../../../../renderer/panels/graph/graph-elements.ts";

function pictureOfPages(count: number): GraphPicture {
  const nodes = Array.from({ length: count }, (_, at): [string, GraphNode] => [
    `p${at}`,
    {
      id: `p${at}`,
      kind: "page",
      number: BigInt(at),
      typeName: "tile",
      slot: 0,
      members: 1,
      label: `${at}\ntile`,
      x: at,
      y: 0,
      width: 100,
      height: 34,
    },
  ]);
  return { nodes: new Map(nodes), edges: new Map() };
}

test("a few pages shown small say only their ids, many say what they always do", () => {
  const cy = cytoscape({ headless: true, minZoom: 0.001 });
  const few = pictureOfPages(18);
  const small = () => cy.nodes(".small").length;
  cy.zoom(0.5);
  applyPicture(cy, NO_PICTURE, few);
  expect([small(), cy.getElementById("p7").data("short")]).toEqual([18, "7"]);
  cy.zoom(1);
  applyZoom(cy, few);
  expect(small()).toBe(0);
  cy.zoom(0.3);
  applyZoom(cy, few);
  expect(small()).toBe(18);
  const many = pictureOfPages(301);
  applyPicture(cy, few, many);
  expect(small()).toBe(0);
  applyZoom(cy, many);
  expect(small()).toBe(0);
  applyPicture(cy, many, few);
  expect(small()).toBe(18);
  cy.destroy();
});
