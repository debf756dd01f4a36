import { expect, test } from "vitest";
import type { GraphNode } from "../../../../renderer/panels/graph/graph-elements.ts";
import { nearestNode } from "../../../../renderer/panels/graph/nearest-node.ts";

const node = (id: string, x: number, y: number, kind: GraphNode["kind"] = "page"): GraphNode => ({
  id,
  kind,
  number: 1n,
  typeName: "",
  slot: 0,
  members: 1,
  label: id,
  x,
  y,
  width: 10,
  height: 10,
});
const NODES = [node("left", -50, 0), node("up", 0, -50), node("far", 200, 0), node("aslant", 60, 60)];

test("an arrow goes to the nearest node on its side, straight on before aslant", () => {
  expect(nearestNode(NODES, { x: 0, y: 0 }, "ArrowLeft")?.id).toBe("left");
  expect(nearestNode(NODES, { x: 0, y: 0 }, "ArrowUp")?.id).toBe("up");
  expect(nearestNode([...NODES, node("ahead", 100, 0)], { x: 0, y: 0 }, "ArrowRight")?.id).toBe("ahead");
  expect(nearestNode(NODES, { x: 0, y: 0 }, "ArrowRight")?.id).toBe("aslant");
});

test("nothing lies on that side: the keyboard stays where it is", () => {
  expect(nearestNode(NODES, { x: -50, y: 0 }, "ArrowLeft")).toBeUndefined();
});

test("a frame is no place to stand", () => {
  expect(nearestNode([node("frame", 10, 0, "frame")], { x: 0, y: 0 }, "ArrowRight")).toBeUndefined();
});
