// Law: the addon computes a level in place to the bit as the TypeScript reference does page by page, refuses the same pages, and keeps what a wave needs.
import { describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import type { KernelLevel } from "../../engine/graph/kernels/kernel-level.ts";
import { nativeLevels } from "../../engine/graph/kernels/native-levels.ts";
import { RunResult } from "../../engine/graph/level-run.ts";
import { NodeState } from "../../engine/graph/node-state.ts";
import { placeOf } from "../../engine/graph/page-place.ts";
import { RunJournal } from "../../engine/graph/run-journal.ts";
import type { PageTable } from "../../engine/pages/page-table.ts";
import { expectRefusals } from "../helpers/expect-refusals.ts";
import { addon, computePage, fillElements, pageOf, randomSpec, viewsOf } from "../helpers/kernel-batches.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260117);
// A bit of the flags in native/binding/kernel_functions.cpp.
const KEEPS = 2;

/** Pages in two arenas, some of which a kernel computes from others; inputs are never pages that are computed. */
function randomLevel(rng: Prng): KernelLevel {
  const spec = randomSpec(rng);
  const pages = 2 + rng.below(14);
  const most = rng.pick([8, 8, 40, 200, rng.chance(0.1) ? 20_000 : 400]);
  const size = new Uint32Array(pages);
  const arena = new Uint16Array(pages);
  const arenaOffset = new Uint32Array(pages);
  const ends = [0, 0];
  for (let page = 0; page < pages; page++) {
    size[page] = most > 400 ? most - rng.below(2) * 8 : rng.chance(0.4) ? 8 : 1 + rng.below(most);
    arena[page] = rng.below(2);
    arenaOffset[page] = ends[arena[page]!]!;
    ends[arena[page]!]! += (size[page]! + 63) & ~63;
  }
  const arenas = viewsOf(ends.map((end) => new Uint8Array(new SharedArrayBuffer(end))));
  for (const view of arenas) fillElements(view, spec.kind === "copy" ? undefined : spec.element, rng);
  const computed = rng.below(pages - 1);
  const rows = computed;
  const start = new Uint32Array(pages);
  const count = new Uint32Array(pages);
  const pool: number[] = [7, 7];
  for (let k = 0; k < computed; k++) {
    start[k] = pool.length;
    for (let i = rng.chance(0.1) ? 0 : 1 + rng.below(5); i > 0; i--)
      pool.push((computed + rng.below(pages - computed)) * 2);
    for (let i = rng.below(3); i > 0; i--) pool.push(rng.below(pages) * 2 + 1);
    count[k] = pool.length - start[k]!;
  }
  const table = { size, arena, arenaOffset } as unknown as PageTable;
  const u32 = () => new Uint32Array(rows);
  return {
    spec,
    arenas,
    arena,
    arenaOffset,
    size,
    place: Uint32Array.from({ length: pages }, (_, page) => (rng.chance(0.1) ? 0 : placeOf(table, page))),
    list: Uint32Array.from({ length: rows }, (_, k) => k),
    start,
    count,
    pool: Uint32Array.from(pool),
    checksResults: rng.chance(0.3),
    result: Uint8Array.from({ length: rows }, () => (rng.chance(0.1) ? RunResult.Skipped : RunResult.Equal)),
    state: Uint8Array.from({ length: pages }, () => rng.below(256) & ~NodeState.Unsorted),
    epoch: new Float64Array(pages),
    changed: new Uint32Array(pages),
    stamp: 0,
    journal: rng.chance(0.5) ? new RunJournal() : undefined,
    runFrom: u32(),
    runTo: u32(),
    beforeAt: u32(),
    failures: 0,
  };
}

/** The same level with pages and outcomes of its own. */
function twinOf(level: KernelLevel): KernelLevel {
  const journal = level.journal && new RunJournal();
  return {
    ...level,
    arenas: viewsOf(level.arenas.map(({ bytes }) => Uint8Array.from(bytes))),
    result: level.result.slice(),
    state: level.state.slice(),
    runFrom: level.runFrom.slice(),
    runTo: level.runTo.slice(),
    beforeAt: level.beforeAt.slice(),
    journal,
  };
}

/** The same page by page: the reference computes it aside, and it is put in its place. */
function runReference(level: KernelLevel, from: number, to: number): number {
  const { arenas, arena, arenaOffset, list, start, count, pool, journal } = level;
  for (let k = from; k < to; k++) {
    if (level.checksResults && level.result[k] !== RunResult.Equal) continue;
    const slot = list[k]!;
    if ((level.state[slot]! & NodeState.Unsorted) !== 0) return k;
    const inputs = pool
      .subarray(start[slot]!, start[slot]! + count[slot]!)
      .filter((entry) => entry % 2 === 0);
    const next = computePage(level, slot, inputs);
    if (next === undefined) {
      level.result[k] = RunResult.Failed;
      level.failures++;
      continue;
    }
    const page = arenas[arena[slot]!]!.bytes;
    const at = arenaOffset[slot]!;
    const isEqual = Buffer.compare(pageOf(level, slot), next) === 0;
    level.result[k] = isEqual ? RunResult.Equal : RunResult.Runs;
    if (isEqual) continue;
    if (journal !== undefined) {
      level.runFrom[k] =
        next.length === 8
          ? journal.addRuns(Uint32Array.of(0), Uint32Array.of(8), 0, 1)
          : journal.addDiff(page, at, next, 0, next.length);
      level.runTo[k] = journal.runCount;
      level.beforeAt[k] = journal.addBytes(level.runFrom[k]!, page, at);
    }
    page.set(next, at);
  }
  return to;
}

/** All of a level that is compared beside its pages. */
function outcomeOf(level: KernelLevel) {
  const { list, result, state, journal, runFrom, runTo, beforeAt } = level;
  return [...list].map((slot, k) => {
    const [from, to] =
      journal === undefined || result[k] !== RunResult.Runs ? [0, 0] : [runFrom[k]!, runTo[k]!];
    const lengths = journal?.runLength.subarray(from, to) ?? new Uint32Array(0);
    const length = lengths.reduce((total, bytes) => total + bytes, 0);
    // As text: it is compared faster, and there is much of it.
    const runs = `${journal?.runOffset.subarray(from, to)} ${lengths}`;
    const before = Buffer.from(journal?.bytes.slice(beforeAt[k]!, beforeAt[k]! + length) ?? []).toString(
      "hex",
    );
    return { result: result[k], state: state[slot], runs, before };
  });
}

describe("the addon's levels", () => {
  it("give the bits of the reference on random levels, and keep the same", (ctx) => {
    const native = nativeLevels(addon(ctx));
    const seen = new Set<string>();
    let [refused, kept] = [0, 0];
    for (let round = 0; round < 4000; round++) {
      const level = randomLevel(new Prng(seed + round));
      const twin = twinOf(level);
      const rows = level.list.length;
      const before = [...level.list].map((slot) => pageOf(level, slot));
      const { spec } = level;
      const told = `MMSB_SEED=${seed + round}: ${JSON.stringify(spec)}`;
      const first = Math.min(rows, 3);
      expect(runReference(level, 0, first), told).toBe(first);
      expect(native(twin, 0, first), told).toBe(first);
      runReference(level, first, rows);
      native(twin, first, rows);
      const wanted = outcomeOf(level);
      expect(outcomeOf(twin), told).toEqual(wanted);
      expect(twin.failures, told).toBe(level.failures);
      for (const [k, slot] of level.list.entries()) {
        const page = pageOf(level, slot);
        if (Buffer.compare(pageOf(twin, slot), page) !== 0)
          expect(pageOf(twin, slot), `${told}, row ${k}`).toEqual(page);
        if (level.result[k] === RunResult.Failed) {
          refused++;
          expect(Buffer.compare(page, before[k]!), told).toBe(0);
        } else if (level.result[k] === RunResult.Runs) {
          seen.add(
            `${spec.kind} ${"element" in spec ? spec.element : ""} ${"operation" in spec ? spec.operation : ""}`,
          );
          if (level.journal !== undefined) kept++;
        }
      }
    }
    // sum, min, max, matmul, scan, histogram; map and zip with six operations each; all with four elements; copy
    expect(seen.size, [...seen].sort().join()).toBe((6 + 12) * 4 + 1);
    for (const times of [refused, kept]) expect(times).toBeGreaterThan(100);
  });

  it("sum pages that are longer than the piece they work on", (ctx) => {
    const native = nativeLevels(addon(ctx));
    const bytes = 8 * 5000;
    const level: KernelLevel = {
      ...randomLevel(new Prng(seed)),
      spec: { kind: "sum", element: "f64" },
      arenas: viewsOf([new Uint8Array(4 * bytes)]),
      arena: new Uint16Array(4),
      arenaOffset: Uint32Array.of(0, bytes, 2 * bytes, 3 * bytes),
      size: new Uint32Array(4).fill(bytes),
      place: new Uint32Array(4),
      list: Uint32Array.of(0),
      start: new Uint32Array(4),
      count: Uint32Array.of(3, 0, 0, 0),
      pool: Uint32Array.of(6, 2, 4),
      checksResults: false,
      result: new Uint8Array(1),
      state: new Uint8Array(4),
      journal: undefined,
    };
    fillElements(level.arenas[0]!, "f64", new Prng(seed));
    const twin = twinOf(level);
    runReference(level, 0, 1);
    native(twin, 0, 1);
    expect(Buffer.compare(pageOf(twin, 0), pageOf(level, 0))).toBe(0);
  });

  it("stop where inputs are not in order, and go on from there", (ctx) => {
    for (const runner of [runReference, nativeLevels(addon(ctx))]) {
      for (let round = 0; round < 50; round++) {
        const level = randomLevel(new Prng(seed + round));
        level.checksResults = false;
        level.journal = undefined;
        const rows = level.list.length;
        for (let k = 0; k < rows; k++) {
          const slot = level.list[k]!;
          level.state[slot]! |= NodeState.Unsorted;
          expect(runner(level, k, rows)).toBe(k);
          level.state[slot]! &= ~NodeState.Unsorted;
          expect(runner(level, k, k + 1)).toBe(k + 1);
        }
      }
    }
  });

  it("refuse hostile arguments with a typed error", (ctx) => {
    const native = addon(ctx);
    const good = () => [
      [new Uint8Array(192)],
      new Uint16Array(3),
      Uint32Array.of(0, 64, 128),
      Uint32Array.of(16, 64, 16),
      0,
      0,
      0,
      new Float64Array(3),
      KEEPS,
      new Uint32Array(3),
      Uint32Array.of(0),
      0,
      1,
      Uint32Array.of(0, 0, 0),
      Uint32Array.of(1, 0, 0),
      Uint32Array.of(2),
      new Uint8Array(1),
      new Uint8Array(3),
      new Uint32Array(3),
      new Uint32Array(64),
      new Uint32Array(64),
      new Uint8Array(64),
      new Uint32Array(1),
      new Uint32Array(1),
      new Uint32Array(1),
    ];
    const call = native.runKernelLevel as unknown as (...args: unknown[]) => unknown;
    const odd = new Uint8Array(new ArrayBuffer(200), 1, 192);
    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    const wrong: [number, unknown][] = [
      [0, [odd]],
      [0, [new Uint8Array(100)]],
      [0, []],
      [0, [detached]],
      [1, Uint16Array.of(0, 1, 0)],
      [1, new Uint16Array(1)],
      [2, Uint32Array.of(0, 0xffff_fff8, 0)],
      [2, Uint32Array.of(0, 60, 0)],
      [3, Uint32Array.of(16, 165, 16)],
      [3, Uint32Array.of(193, 64, 16)],
      [4, 9],
      [4, -1],
      [5, 4],
      [6, 2],
      [7, new Float64Array(2)],
      [8, 4],
      [9, new Uint32Array(0)],
      [10, Uint32Array.of(3)],
      [10, Uint32Array.of(0xffff_ffff)],
      [10, new Uint32Array(0)],
      [11, 2],
      [11, Number.NaN],
      [12, 2],
      [12, 2 ** 32 - 1],
      [13, Uint32Array.of(2, 0, 0)],
      [13, Uint32Array.of(0xffff_ffff, 0, 0)],
      [13, new Uint32Array(0)],
      [14, Uint32Array.of(2, 0, 0)],
      [14, Uint32Array.of(0xffff_ffff, 0, 0)],
      [14, new Uint32Array(0)],
      [15, Uint32Array.of(0xffff_fffe)],
      [15, Uint32Array.of(6)],
      [15, new Uint32Array(0)],
      [16, new Uint8Array(0)],
      [17, new Uint8Array(0)],
      [18, new Uint32Array(2)],
      [18, Uint32Array.of(65, 0, 0)],
      [18, Uint32Array.of(0, 65, 0)],
      [19, undefined],
      [22, new Uint32Array(0)],
      [23, new Uint32Array(0)],
      [24, new Uint32Array(0)],
    ];
    expectRefusals(call, good, wrong);
  });
});
