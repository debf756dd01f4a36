import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { toHex } from "../../../../engine/base/bytes.ts";
import { unwrap } from "../../../../engine/base/result.ts";
import { RecordKind } from "../../../../engine/log/record-kinds.ts";
import type { PageImage } from "../../../../engine/pages/page-types.ts";
import { openRecording, openSource } from "../../../../engine/replay/open-recording.ts";
import type { Recording } from "../../../../engine/replay/recording.ts";
import { recordDemo, type WorkloadName } from "../../../../engine/session/demo/demo.ts";
import { replayEvents } from "../../../../engine/session/replay-events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mmsb-demo-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function recorded(
  workload: WorkloadName,
  steps: number,
  seed = 3,
): Promise<{ file: string; recording: Recording }> {
  const file = path.join(folder, `${workload}-${steps}-${seed}-${Math.floor(performance.now() * 1000)}.tlog`);
  const report = unwrap(await recordDemo({ path: file, workload, seed, steps }));
  const recording = unwrap(openRecording(file, { index: "memory" }));
  expect(toHex(unwrap(recording.stateHashAt(recording.committedLsn)))).toBe(toHex(report.stateHash));
  expect(recording.lastLsn).toBe(report.records);
  return { file, recording };
}

/** LSNs at which a transaction was committed. */
function commits(recording: Recording): number[] {
  const found: number[] = [];
  for (let lsn = 1; lsn <= recording.lastLsn; lsn++)
    if (unwrap(recording.record(lsn)).kind === RecordKind.TransactionCommit) found.push(lsn);
  return found;
}

function pageOf(recording: Recording, type: string, lsn: number): PageImage {
  const page = unwrap(recording.pagesAt(lsn)).find((candidate) => candidate.type === type);
  return unwrap(recording.pageAt(page!.id, lsn))!;
}

/** The whole grid, from its tiles. */
function gridAt(recording: Recording, lsn: number): number[][] {
  const grid = Array.from({ length: 128 }, () => new Array<number>(128).fill(0));
  for (const { id, type } of unwrap(recording.pagesAt(lsn))) {
    if (type !== "life.tile") continue;
    const { bytes, metadata } = unwrap(recording.pageAt(id, lsn))!;
    const place = (key: string) => Number(new TextDecoder().decode(metadata.get(key))) * 32;
    for (const [i, cell] of bytes.entries())
      grid[place("row") + Math.floor(i / 32)]![place("column") + (i % 32)] = cell;
  }
  return grid;
}

it("life follows Conway's rule from generation to generation, and counts its cells", async () => {
  const { recording } = await recorded("life", 4);
  // pages, first generation, then one a step
  const ends = commits(recording).slice(1);
  expect(ends).toHaveLength(5);
  for (let generation = 1; generation < ends.length; generation++) {
    const before = gridAt(recording, ends[generation - 1]!);
    const after = gridAt(recording, ends[generation]!);
    const alive = (y: number, x: number) => before[(y + 128) % 128]![(x + 128) % 128]!;
    for (let y = 0; y < 128; y++) {
      for (let x = 0; x < 128; x++) {
        let around = -alive(y, x);
        for (const dy of [-1, 0, 1]) for (const dx of [-1, 0, 1]) around += alive(y + dy, x + dx);
        expect(after[y]![x]).toBe(around === 3 || (around === 2 && alive(y, x) === 1) ? 1 : 0);
      }
    }
    const counts = new DataView(pageOf(recording, "life.population", ends[generation]!).bytes.buffer);
    expect(counts.getUint32(0, true)).toBe(generation);
    expect(counts.getUint32(4, true)).toBe(after.flat().reduce((sum, cell) => sum + cell, 0));
  }
  recording.close();
});

it("the perceptron learns", async () => {
  const { recording } = await recorded("mlp", 200);
  const lossAt = (lsn: number) =>
    new DataView(pageOf(recording, "mlp.loss", lsn).bytes.buffer).getFloat32(0, true);
  const ends = commits(recording).slice(1);
  const mean = (from: number, to: number) =>
    ends.slice(from, to).reduce((sum, lsn) => sum + lossAt(lsn), 0) / (to - from);
  expect(mean(184, 200)).toBeLessThan(mean(0, 8) * 0.9);
  const edges = unwrap(recording.edgesAt(recording.lastLsn));
  expect(edges.length).toBeGreaterThan(15);
  recording.close();
});

it("the sheet is recomputed in waves: cut off, failed and blocked cells among them, and a pull page that is read and discovered", async () => {
  const { file, recording } = await recorded("sheet", 120);
  const source = unwrap(openSource(file));
  const seen = new Map<string, number>();
  const see = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  const typeOf = (id: bigint) =>
    unwrap(recording.pagesAt(recording.lastLsn)).find((page) => page.id === id)!.type;
  for (const told of replayEvents(source)) {
    const event = unwrap(told);
    see(event.type === "wave-start" ? `wave by ${event.trigger}` : event.type);
    if (event.type === "edge-add" && event.pageId !== undefined) see(`edge from ${typeOf(event.pageId)}`);
  }
  source.close();
  for (const what of ["recompute-cut-off", "recompute-failed", "recompute-blocked", "edge-remove"])
    expect(seen.get(what), what).toBeGreaterThan(3);
  expect(seen.get("wave by transaction")).toBeGreaterThan(120);
  expect(seen.get("wave by pull")).toBeGreaterThan(0);
  expect(seen.get("edge from sheet.mean")).toBeGreaterThan(0);
  for (const lsn of commits(recording).slice(2)) {
    const values = (type: string) =>
      unwrap(recording.pagesAt(lsn))
        .filter((page) => page.type === type)
        .map(({ id }) => new Float64Array(unwrap(recording.pageAt(id, lsn))!.bytes.slice().buffer)[0]!);
    const prices = values("sheet.price");
    const lines = values("sheet.quantity").map((quantity, at) => quantity * prices[at]!);
    expect(values("sheet.line")).toEqual(lines);
    expect(values("sheet.total")[0]).toBeCloseTo(
      lines.reduce((sum, line) => sum + line, 0),
      6,
    );
  }
  recording.close();
});

it("the same seed gives the same bytes, checkpoints of both kinds among them", async () => {
  for (const workload of ["life", "mlp", "sheet", "tensors"] as const) {
    const [a, b] = [await recorded(workload, 12), await recorded(workload, 12)];
    expect(readFileSync(a.file).equals(readFileSync(b.file))).toBe(true);
    const kinds = new Set(
      a.recording.source.checkpoints.filter((ref) => ref.recordLsn > 0).map((ref) => ref.kind),
    );
    expect([...kinds].sort()).toEqual(["dirty", "full"]);
    a.recording.close();
    b.recording.close();
  }
});
