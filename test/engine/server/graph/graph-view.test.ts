import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ok, unwrap } from "../../../../engine/base/result.ts";
import { openRecording } from "../../../../engine/replay/open-recording.ts";
import { searchGraph } from "../../../../engine/server/graph/graph-search.ts";
import { touchedGraph } from "../../../../engine/server/graph/graph-touched.ts";
import { viewGraph } from "../../../../engine/server/graph/graph-view.ts";
import { OpenedRecording } from "../../../../engine/server/recording/opened-recording.ts";
import { SliceScheduler } from "../../../../engine/server/slice-scheduler.ts";
import { mmsbStart, mmsbStop } from "../../../../engine/session/mmsb.ts";
import type { Session } from "../../../../engine/session/session.ts";

let folder: string;
let scheduler: SliceScheduler;
let opened: OpenedRecording | undefined;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "mmsb-graph-view-"));
  scheduler = new SliceScheduler();
});

afterEach(() => {
  opened?.close();
  opened = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function record(write: (session: Session) => void): Promise<void> {
  const file = path.join(folder, "x.tlog");
  const session = unwrap(await mmsbStart({ path: file, durability: "none" }));
  write(session);
  unwrap(await mmsbStop(session));
  opened = new OpenedRecording(1, file, unwrap(openRecording(file, { index: "memory" })), scheduler);
}

type View = Parameters<typeof viewGraph>[1];

async function view(lsn: number, more: Partial<View> = {}) {
  const params: View = {
    recording: 1,
    lsn,
    grouped: false,
    expanded: [],
    dead: false,
    maxNodes: 1000,
    ...more,
  };
  return unwrap(await scheduler.run(viewGraph(opened!, params, () => {})).outcome);
}

async function touched(lsn: number, wholeTransaction: boolean) {
  const params = { recording: 1, lsn, wholeTransaction, limit: 100 };
  const { columns } = unwrap(await scheduler.run(touchedGraph(opened!, params, () => {})).outcome);
  return Object.fromEntries(
    Array.from(columns.page, (page, at) => [
      `${page}`,
      [columns.distance[at], columns.written[at] === 1 ? "written" : "unwritten"].join(" "),
    ]),
  );
}

/** Edges as "from>to", by page id; groups as c0, frames as f0. */
function edgesOf({ columns }: Awaited<ReturnType<typeof view>>): string[] {
  const name = (at: number) => `${["", "c", "f"][columns.nodeKind[at]!]}${columns.node[at]}`;
  return Array.from(
    columns.edgeFrom,
    (from, at) => `${name(from)}>${name(columns.edgeTo[at]!)}×${columns.edgeCount[at]}`,
  );
}

/** Pages 1 and 2 feed 3, which feeds 4; the edge from 2 goes again. Returns the LSNs of what happens. */
async function recordDiamond(): Promise<{ created: number; linked: number; wave: number; unlinked: number }> {
  const lsns = { created: 0, linked: 0, wave: 0, unlinked: 0 };
  await record((session) => {
    const ids = ["in", "in", "sum", "out"].map((type) =>
      unwrap(session.createPage({ sizeBytes: 8, type })),
    ) as [bigint, bigint, bigint, bigint];
    const [a, b, sum, out] = ids;
    lsns.created = session.lastLsn;
    for (const [from, to] of [
      [a, sum],
      [b, sum],
      [sum, out],
    ] as const)
      lsns.linked = unwrap(session.addEdge({ from, to, type: "data" }));
    unwrap(
      session.transaction((begin) => {
        lsns.wave = unwrap(session.write(a, 0, Uint8Array.of(1), { source: "user", cause: begin }));
        unwrap(session.write(sum, 0, Uint8Array.of(1), { source: "sum", cause: begin, derived: true }));
        return ok();
      }),
    );
    lsns.unlinked = unwrap(session.removeEdge({ from: b, to: sum, type: "data" }));
  });
  return lsns;
}

describe("the graph at an LSN", () => {
  test("holds the pages and dependencies of that moment, and says how long it stays so", async () => {
    const { created, linked, wave, unlinked } = await recordDiamond();
    const before = await view(created);
    expect(before.columns.node.length).toBe(4);
    expect(edgesOf(before)).toEqual([]);
    const during = await view(wave);
    expect(edgesOf(during)).toEqual(["1>3×1", "2>3×1", "3>4×1"]);
    expect(during.result).toMatchObject({
      totalPages: 4,
      totalEdges: 3,
      fromLsn: linked,
      untilLsn: unlinked,
    });
    const after = await view(unlinked);
    expect(edgesOf(after)).toEqual(["1>3×1", "3>4×1"]);
    expect(after.result).toMatchObject({ fromLsn: unlinked, untilLsn: opened!.recording.lastLsn + 1 });
    expect((await view(0)).columns.node.length).toBe(0);
  });

  test("a page stands where it stood, whatever came or went around it", async () => {
    const { created, wave, unlinked } = await recordDiamond();
    const places = async (lsn: number) => {
      const { columns } = await view(lsn);
      return Array.from(columns.node, (node, at) => [node, columns.x[at], columns.y[at]]);
    };
    expect(await places(created)).toEqual(await places(wave));
    expect(await places(wave)).toEqual(await places(unlinked));
  });

  test("every page stands right of what it depends on, and none on another", async () => {
    const { wave } = await recordDiamond();
    const { columns } = await view(wave);
    for (const [at, from] of columns.edgeFrom.entries())
      expect(columns.x[columns.edgeTo[at]!]!).toBeGreaterThan(columns.x[from]!);
    for (let a = 0; a < columns.node.length; a++)
      for (let b = 0; b < a; b++) {
        const apart =
          Math.abs(columns.x[a]! - columns.x[b]!) >= columns.width[a]! ||
          Math.abs(columns.y[a]! - columns.y[b]!) >= columns.height[a]!;
        expect(apart).toBe(true);
      }
  });

  test("grouped by type: closed groups with their counts, then the pages of an opened one inside its frame", async () => {
    const { wave } = await recordDiamond();
    const closed = await view(wave, { grouped: true });
    expect([...closed.columns.members]).toEqual([2, 1, 1]);
    expect(edgesOf(closed)).toEqual(["c0>c1×2", "c1>c2×1"]);
    const open = await view(wave, { grouped: true, expanded: [0] });
    expect(edgesOf(open)).toEqual(["f0>c1×2", "c1>c2×1"]);
    const { columns } = open;
    const frame = columns.nodeKind.indexOf(2);
    for (const [at, kind] of columns.nodeKind.entries()) {
      if (kind !== 0) continue;
      expect(Math.abs(columns.x[at]! - columns.x[frame]!)).toBeLessThan(columns.width[frame]! / 2);
      expect(Math.abs(columns.y[at]! - columns.y[frame]!)).toBeLessThan(columns.height[frame]! / 2);
    }
    expect((await view(wave, { grouped: true, expanded: "all" })).columns.node.length).toBe(3 + 4);
  });

  test("around a page: so many dependencies up, down or both ways", async () => {
    const { wave } = await recordDiamond();
    const near = async (page: bigint, hops: number, direction: "both" | "upstream" | "downstream") =>
      [...(await view(wave, { focus: { page, hops, direction } })).columns.node].sort();
    expect(await near(3n, 1, "both")).toEqual([1n, 2n, 3n, 4n]);
    expect(await near(3n, 1, "upstream")).toEqual([1n, 2n, 3n]);
    expect(await near(1n, 1, "downstream")).toEqual([1n, 3n]);
    expect(await near(1n, 2, "downstream")).toEqual([1n, 3n, 4n]);
    expect(await near(4n, 0, "both")).toEqual([4n]);
  });

  test("more than may be drawn: the rest is counted", async () => {
    const { wave } = await recordDiamond();
    const cut = await view(wave, { maxNodes: 3 });
    expect(cut.columns.node.length).toBe(3);
    expect(cut.result.omittedNodes).toBe(1);
  });
});

describe("what a record touches", () => {
  test("its page, and everything downstream with its distance", async () => {
    const { wave } = await recordDiamond();
    expect(await touched(wave, false)).toEqual({ 1: "0 written", 3: "1 written", 4: "2 unwritten" });
  });

  test("a whole transaction begins at what was written outright; what it did not rewrite is told apart", async () => {
    const { wave } = await recordDiamond();
    expect(await touched(wave + 1, true)).toEqual({ 1: "0 written", 3: "1 written", 4: "2 unwritten" });
    expect(await touched(wave + 1, false)).toEqual({ 3: "0 written", 4: "1 unwritten" });
  });
});

test("a page is found by its id and by its type, with the group it stands in", async () => {
  const { wave } = await recordDiamond();
  const find = async (text: string) => {
    const params = { recording: 1, lsn: wave, text, limit: 10 };
    return unwrap(await scheduler.run(searchGraph(opened!, params, () => {})).outcome).columns;
  };
  expect([...(await find("in")).page]).toEqual([1n, 2n]);
  expect([...(await find("4")).page]).toEqual([4n]);
  expect([...(await find("sum")).cluster]).toEqual([1]);
});
