import { describe, expect, test } from "vitest";
import {
  differenceOf,
  type GraphReply,
  NO_PICTURE,
  pictureOf,
} from "../../../../renderer/panels/graph/graph-elements.ts";
import {
  changedLights,
  lightsOf,
  type TouchedReply,
} from "../../../../renderer/panels/graph/graph-lights.ts";

interface Node {
  readonly kind: number;
  readonly id: bigint;
  readonly members?: number;
}

function reply(nodes: readonly Node[], edges: readonly (readonly [number, number])[]): GraphReply {
  const numbers = (of: (node: Node, at: number) => number) => nodes.map(of);
  return {
    result: {} as GraphReply["result"],
    columns: {
      nodeKind: Uint8Array.from(numbers(({ kind }) => kind)),
      node: BigUint64Array.from(nodes, ({ id }) => id),
      pageType: new Uint32Array(nodes.length),
      members: Uint32Array.from(numbers(({ members = 1 }) => members)),
      alive: new Uint8Array(nodes.length).fill(1),
      x: Float32Array.from(numbers((_, at) => at * 100)),
      y: new Float32Array(nodes.length),
      width: new Float32Array(nodes.length).fill(80),
      height: new Float32Array(nodes.length).fill(30),
      edgeFrom: Uint32Array.from(edges, ([from]) => from),
      edgeTo: Uint32Array.from(edges, ([, to]) => to),
      edgeCount: new Uint32Array(edges.length).fill(1),
      edgeType: new Uint8Array(edges.length),
      edgeAlive: new Uint8Array(edges.length).fill(1),
    },
  };
}

const typeName = () => "life.tile";
const chain = (...ids: bigint[]) =>
  pictureOf(
    reply(
      ids.map((id) => ({ kind: 0, id })),
      ids.slice(1).map((_, at) => [at, at + 1]),
    ),
    typeName,
  );

describe("what is drawn", () => {
  test("pages, groups and frames have ids of their own, whatever their number", () => {
    const picture = pictureOf(
      reply(
        [
          { kind: 2, id: 3n, members: 2 },
          { kind: 1, id: 4n, members: 2000 },
          { kind: 0, id: 3n },
          { kind: 0, id: 2n ** 64n - 1n },
        ],
        [[2, 3]],
      ),
      typeName,
    );
    expect([...picture.nodes.keys()]).toEqual(["f3", "c4", "p3", "p18446744073709551615"]);
    expect([...picture.edges.keys()]).toEqual(["p3>p18446744073709551615:0"]);
    expect(picture.nodes.get("c4")?.label).toBe("life.tile\n2,000");
  });

  test("stepping over a record that changes no page and no edge changes nothing", () => {
    const change = differenceOf(chain(1n, 2n, 3n), chain(1n, 2n, 3n));
    expect(Object.values(change).every((list) => list.length === 0)).toBe(true);
  });

  test("only what came is added and only what went is removed, edges before their nodes", () => {
    const change = differenceOf(chain(1n, 2n, 3n), chain(1n, 2n));
    expect(change.removed).toEqual(["p2>p3:0", "p3"]);
    expect(change.addedNodes).toEqual([]);
    const first = differenceOf(NO_PICTURE, chain(1n, 2n));
    expect(first.addedNodes.map(({ id }) => id)).toEqual(["p1", "p2"]);
    expect(first.addedEdges.map(({ id }) => id)).toEqual(["p1>p2:0"]);
  });

  test("a group whose count changes is changed, not made anew", () => {
    const group = (members: number) => pictureOf(reply([{ kind: 1, id: 0n, members }], []), typeName);
    const change = differenceOf(group(10), group(11));
    expect(change.changedNodes.map(({ id }) => id)).toEqual(["c0"]);
    expect(change.addedNodes).toEqual([]);
  });
});

function touched(
  rows: readonly (readonly [
    page: bigint,
    distance: number,
    written: number,
    failed: number,
    cutOff?: number,
  ])[],
) {
  const none = new Uint32Array();
  return {
    result: { touched: 1, downstream: 0, omitted: 0 },
    columns: {
      cluster: none,
      clusterPages: none,
      clusterDistance: none,
      clusterWritten: none,
      clusterFailed: none,
      clusterCutOff: none,
      page: BigUint64Array.from(rows, ([page]) => page),
      distance: Uint32Array.from(rows, ([, distance]) => distance),
      written: Uint8Array.from(rows, ([, , written]) => written),
      failed: Uint8Array.from(rows, ([, , , failed]) => failed),
      cutOff: Uint8Array.from(rows, ([, , , , cutOff = 0]) => cutOff),
    },
  } satisfies TouchedReply;
}

describe("what lights up", () => {
  test("tells apart what failed, what was blocked by it, what was cut off and what was not reached", () => {
    const lights = lightsOf(
      touched([
        [1n, 0, 1, 0],
        [2n, 1, 0, 1],
        [3n, 1, 0, 2],
        [4n, 1, 0, 0, 1],
        [5n, 1, 0, 0],
      ]),
      chain(1n, 2n, 3n, 4n, 5n),
    );
    const classes = [2, 3, 4, 5].map((page) => lights.get(`p${page}`));
    expect(classes).toEqual([
      "lit near-1 failed",
      "lit near-1 blocked",
      "lit near-1 cut-off",
      "lit near-1 unwritten",
    ]);
  });

  test("the touched page, what is downstream by its distance, and the edges between them", () => {
    const lights = lightsOf(
      touched([
        [1n, 0, 1, 0],
        [2n, 1, 1, 0],
      ]),
      chain(1n, 2n, 3n),
    );
    expect(Object.fromEntries(lights)).toEqual({ p1: "touched", p2: "lit near-1", "p1>p2:0": "lit" });
  });

  test("a failed page and one that was reached but not rewritten can be told apart", () => {
    const lights = lightsOf(
      touched([
        [1n, 0, 1, 0],
        [2n, 1, 0, 1],
        [3n, 2, 0, 0],
      ]),
      chain(1n, 2n, 3n),
    );
    expect(lights.get("p2")).toBe("lit near-1 failed");
    expect(lights.get("p3")).toBe("lit near-2 unwritten");
  });

  test("from one record to the next only what changes its light is touched", () => {
    const picture = chain(1n, 2n, 3n);
    const before = lightsOf(touched([[1n, 0, 1, 0]]), picture);
    const after = lightsOf(
      touched([
        [1n, 0, 1, 0],
        [3n, 0, 1, 0],
      ]),
      picture,
    );
    expect([...changedLights(before, after)]).toEqual([["p3", "touched"]]);
    expect([...changedLights(after, before)]).toEqual([["p3", ""]]);
  });
});
