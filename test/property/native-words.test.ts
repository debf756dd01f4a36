// Law: the addon runs levels of one-word pages, many at a time, to the bit as the TypeScript reference does page by page: as far, with the same outcomes, and settles or
// writes down the same.
import { describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import type { KernelLevel, WordRows } from "../../engine/graph/kernels/kernel-level.ts";
import type { KernelSpec } from "../../engine/graph/kernels/kernel-spec.ts";
import { nativeWords } from "../../engine/graph/kernels/native-levels.ts";
import { RunResult } from "../../engine/graph/level-run.ts";
import { NodeState } from "../../engine/graph/node-state.ts";
import { placeOf } from "../../engine/graph/page-place.ts";
import type { PageTable } from "../../engine/pages/page-table.ts";
import { expectRefusals } from "../helpers/expect-refusals.ts";
import { addon, computePage, fillElements, pageOf, randomSpec, viewsOf } from "../helpers/kernel-batches.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20261125);
const WAITS = NodeState.Dirty | NodeState.Stale;

interface Words {
  readonly level: KernelLevel;
  readonly bounds: Uint32Array;
}

/** A few levels, each computed from the one above and now and then from any before; most of them as wide and as regular as levels are that run many pages at a time. */
function randomWords(rng: Prng): Words {
  let spec = randomSpec(rng);
  while (!hasShortWay(spec) && rng.chance(0.95)) spec = randomSpec(rng);
  const width = rng.pick([3, 20, 70, 200]);
  const levels = 1 + rng.below(4);
  const pages = width * (levels + 1);
  // Slots as they come, or mixed.
  const slotOf = Uint32Array.from({ length: pages }, (_, page) => page);
  if (rng.chance(0.3)) for (let i = pages - 1; i > 0; i--) swap(slotOf, i, rng.below(i + 1));
  const oddSize = rng.chance(0.15) ? 1 / width : 0;
  const size = new Uint32Array(pages).fill(8);
  for (let page = 0; page < pages; page++) {
    const isSource = page < width;
    if (rng.chance(isSource ? 0.1 : oddSize)) size[slotOf[page]!] = isSource ? 8 + rng.below(300) : 16;
    if (rng.chance(oddSize)) size[slotOf[page]!] = 4;
  }
  const arena = new Uint16Array(pages);
  const arenaOffset = new Uint32Array(pages);
  const ends = [0, 0];
  const [firstOfNext, gaps] = [rng.chance(0.3) ? rng.below(pages) : pages, rng.chance(0.2) ? 0.05 : 0];
  for (let slot = 0; slot < pages; slot++) {
    const number = slot < firstOfNext ? 0 : 1;
    if (rng.chance(gaps)) ends[number]! += 64;
    arena[slot] = number;
    arenaOffset[slot] = ends[number]!;
    ends[number]! += (size[slot]! + 63) & ~63;
  }
  const arenas = viewsOf(ends.map((end) => new Uint8Array(new SharedArrayBuffer(end))));
  for (const view of arenas) fillElements(view, spec.kind === "copy" ? undefined : spec.element, rng);
  const start = new Uint32Array(pages);
  const count = new Uint32Array(pages);
  const pool: number[] = [7, 7];
  const usual = spec.kind === "zip" && rng.chance(0.8) ? 2 : 1 + rng.below(4);
  const unusual = rng.chance(0.4) ? 0 : 0.01;
  const state = Uint8Array.from({ length: pages }, () => rng.below(256) & ~NodeState.Unsorted);
  const list = new Uint32Array(width * levels);
  const bounds = Uint32Array.from({ length: levels + 1 }, (_, l) => l * width);
  for (let row = 0; row < list.length; row++) {
    const slot = slotOf[width + row]!;
    list[row] = slot;
    const above = Math.floor(row / width) * width;
    start[slot] = pool.length;
    for (let i = rng.chance(unusual) ? rng.below(6) : usual; i > 0; i--)
      pool.push(slotOf[rng.chance(unusual) ? rng.below(above + 1) : above + rng.below(width)]! * 2);
    if (rng.chance(unusual)) pool.push(rng.below(pages) * 2 + 1);
    count[slot] = pool.length - start[slot]!;
    if (rng.chance(unusual)) pool.push(7);
  }
  if (rng.chance(0.1)) state[list[rng.below(list.length)]!]! |= NodeState.Unsorted;
  const place = Uint32Array.from({ length: pages }, (_, slot) =>
    placeOf({ size, arena, arenaOffset } as unknown as PageTable, slot),
  );
  if (rng.chance(0.1)) place[rng.below(pages)] = 0;
  const none = new Uint32Array(0);
  const level: KernelLevel = {
    spec,
    arenas,
    arena,
    arenaOffset,
    size,
    place,
    list,
    start,
    count,
    pool: Uint32Array.from(pool),
    checksResults: false,
    result: new Uint8Array(width).fill(RunResult.Skipped),
    state,
    epoch: Float64Array.from({ length: pages }, (_, page) => page * 2 ** 33),
    changed: new Uint32Array(pages),
    stamp: 0xffff_fffe,
    journal: undefined,
    runFrom: none,
    runTo: none,
    beforeAt: none,
    failures: 0,
  };
  return { level, bounds };
}

function swap(list: Uint32Array, a: number, b: number): void {
  const kept = list[a]!;
  list[a] = list[b]!;
  list[b] = kept;
}

function twinOf(level: KernelLevel): KernelLevel {
  return {
    ...level,
    arenas: viewsOf(level.arenas.map(({ bytes }) => Uint8Array.from(bytes))),
    result: level.result.slice(),
    state: level.state.slice(),
    epoch: level.epoch.slice(),
    changed: level.changed.slice(),
  };
}

function hasShortWay(spec: KernelSpec): boolean {
  if (spec.kind === "matmul" || spec.kind === "scan" || spec.kind === "histogram") return false;
  return !("over" in spec && spec.over === "elements");
}

/** How many inputs a page takes of those it has; 0 where it is not for this way of running. */
function inputsTaken({ spec, size, state, count, place, pool, start }: KernelLevel, slot: number): number {
  const isFold = spec.kind === "sum" || spec.kind === "min" || spec.kind === "max";
  if (!hasShortWay(spec)) return 0;
  if (size[slot] !== 8 || place[slot] === 0 || (state[slot]! & NodeState.Unsorted) !== 0) return 0;
  let inputs = count[slot]!;
  while (inputs > 0 && pool[start[slot]! + inputs - 1]! % 2 !== 0) inputs--;
  if (inputs === 0 || (spec.kind === "zip" && inputs < 2)) return 0;
  if (!isFold) inputs = spec.kind === "zip" ? 2 : 1;
  for (let i = 0; i < inputs; i++) if (place[pool[start[slot]! + i]! >>> 1] === 0) return 0;
  return inputs;
}

interface Written {
  slot: number;
  now: string;
  before: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The same page by page. */
function runReference({ level, bounds }: Words, writesDown: boolean) {
  const { arenas, arena, arenaOffset, list, start, pool, state } = level;
  const written: Written[] = [];
  for (let l = 0; ; l++) {
    let [rows, changes] = [0, 0];
    for (let k = bounds[l]!; k < bounds[l + 1]!; k++, rows++) {
      const slot = list[k]!;
      const taken = inputsTaken(level, slot);
      if (taken === 0) return { level: l, rows, changes, written };
      const next = computePage(level, slot, pool.slice(start[slot]!, start[slot]! + taken))!;
      const before = pageOf(level, slot);
      const isEqual = Buffer.compare(before, next) === 0;
      level.result[rows] = isEqual ? RunResult.Equal : RunResult.Runs;
      state[slot]! &= ~WAITS;
      if (isEqual) continue;
      changes++;
      arenas[arena[slot]!]!.bytes.set(next, arenaOffset[slot]!);
      if (writesDown) written.push({ slot, now: hex(next), before: hex(before) });
      else {
        level.epoch[slot]!++;
        level.changed[slot] = level.stamp;
      }
    }
    if (changes < rows || l + 2 === bounds.length) return { level: l, rows, changes, written };
  }
}

describe("the addon's levels of one-word pages", () => {
  it("give the bits of the reference on random levels, stop where it stops, and settle or write down the same", (ctx) => {
    const native = nativeWords(addon(ctx));
    const seen = new Set<string>();
    let [stopped, whole, cutOff, further] = [0, 0, 0, 0];
    for (let round = 0; round < 1500; round++) {
      const rng = new Prng(seed + round);
      const words = randomWords(rng);
      const { level, bounds } = words;
      const { spec } = level;
      const told = `MMSB_SEED=${seed + round}: ${JSON.stringify(spec)}`;
      const writesDown = rng.chance(0.5);
      if (rng.chance(0.4)) {
        // Some pages are what they are computed to be.
        const ahead = twinOf(level);
        runReference({ level: ahead, bounds }, false);
        for (const slot of level.list)
          if (rng.chance(0.02))
            level.arenas[level.arena[slot]!]!.bytes.set(pageOf(ahead, slot), level.arenaOffset[slot]!);
      }
      const twin = twinOf(level);
      const room = level.list.length + 2;
      const rows: WordRows = {
        slot: new Uint32Array(room),
        now: new Float64Array(room),
        before: new Float64Array(room),
        count: 2,
      };
      const wanted = runReference(words, writesDown);
      const { written, ...end } = native(twin, bounds, 0, bounds.length - 1, writesDown ? rows : undefined);
      expect(end, told).toEqual({ level: wanted.level, rows: wanted.rows, changes: wanted.changes });
      for (const [arena, view] of level.arenas.entries())
        expect(Buffer.compare(view.bytes, twin.arenas[arena]!.bytes), told).toBe(0);
      expect(hex(twin.result.subarray(0, end.rows)), told).toBe(hex(level.result.subarray(0, end.rows)));
      expect(hex(twin.state), told).toBe(hex(level.state));
      expect(`${twin.epoch}`, told).toBe(`${level.epoch}`);
      expect(`${twin.changed}`, told).toBe(`${level.changed}`);
      expect(written, told).toBe(wanted.written.length);
      const word = (column: Float64Array, row: number) =>
        hex(new Uint8Array(column.buffer, column.byteOffset + row * 8, 8));
      for (const [k, row] of wanted.written.entries()) {
        const { slot } = rows;
        const got = { slot: slot[k + 2], now: word(rows.now, k + 2), before: word(rows.before, k + 2) };
        expect(got, `${told}, row ${k}`).toEqual(row);
      }
      if (end.level > 0) further++;
      if (end.rows === 0) continue;
      const size = bounds[1]! - bounds[0]!;
      if (end.rows < size) stopped++;
      else if (end.changes === size) whole++;
      else cutOff++;
      seen.add(
        `${spec.kind} ${"element" in spec ? spec.element : ""} ${"operation" in spec ? spec.operation : ""}`,
      );
    }
    // sum, min and max; map and zip with six operations each; all with four elements; copy
    expect(seen.size, [...seen].sort().join()).toBe((3 + 12) * 4 + 1);
    for (const times of [stopped, whole, cutOff, further]) expect(times).toBeGreaterThan(80);
  });

  it("refuse hostile arguments with a typed error, and run no row that names no page", (ctx) => {
    const native = addon(ctx);
    const good = () => [
      [new Uint8Array(192)],
      new Uint16Array(3),
      Uint32Array.of(0, 64, 128),
      Uint32Array.of(8, 8, 8),
      0,
      0,
      0,
      new Float64Array(3),
      1,
      Uint32Array.of(0x4000_0000, 0x4000_0001, 0x4000_0002),
      Uint32Array.of(0, 2),
      Uint32Array.of(0, 1, 2),
      0,
      2,
      Uint32Array.of(0, 0, 1),
      Uint32Array.of(1, 0, 1),
      Uint32Array.of(2, 0),
      new Uint8Array(1),
      new Uint8Array(3),
      new Float64Array(3),
      new Uint32Array(3),
      1,
      new Uint32Array(4),
      new Uint32Array(2),
      new Float64Array(2),
      new Float64Array(2),
    ];
    const call = native.runWordLevels as unknown as (...args: unknown[]) => unknown;
    const wrong: [number, unknown][] = [
      [4, 9],
      [4, -1],
      [5, 4],
      [6, 2],
      [7, new Float64Array(2)],
      [8, 2],
      [10, new Uint32Array(0)],
      [11, new Uint32Array(0)],
      [11, Uint32Array.of(0, 1)],
      [11, Uint32Array.of(1, 0, 2)],
      [11, Uint32Array.of(0, 3, 3)],
      [11, Uint32Array.of(0, 2, 2)],
      [11, Uint32Array.of(0xffff_ffff, 1, 2)],
      [12, 3],
      [12, Number.NaN],
      [13, 3],
      [13, 2 ** 32 - 1],
      [17, new Uint8Array(0)],
      [21, -1],
      [22, new Uint32Array(3)],
      [22, Uint32Array.of(0, 0, 0, 3)],
      [22, Uint32Array.of(0, 0, 0, 2)],
      [23, new Uint32Array(0)],
      [24, new Float64Array(0)],
      [25, new Float64Array(0)],
    ];
    expectRefusals(call, good, wrong);

    const detached = new Uint8Array(16);
    structuredClone(detached, { transfer: [detached.buffer] });
    const stops: [number, unknown][] = [
      [0, []],
      [0, [detached]],
      [0, [new Uint8Array(7)]],
      [3, Uint32Array.of(16, 8, 8)],
      [9, new Uint32Array(0)],
      [9, Uint32Array.of(0x4000_0003, 0x4000_0001, 0x4000_0002)],
      [9, Uint32Array.of(0x4000_0000, 0x7f00_0000, 0x4000_0002)],
      [10, Uint32Array.of(3, 2)],
      [10, Uint32Array.of(0xffff_ffff, 2)],
      [14, Uint32Array.of(2, 0, 1)],
      [14, Uint32Array.of(0xffff_ffff, 0, 1)],
      [15, Uint32Array.of(3, 0, 1)],
      [15, Uint32Array.of(0xffff_ffff, 0, 1)],
      [16, Uint32Array.of(6, 0)],
      [16, Uint32Array.of(0xffff_fffe, 0)],
      [16, new Uint32Array(0)],
      [18, new Uint8Array(0)],
      [18, Uint8Array.of(NodeState.Unsorted, 0, 0)],
      [19, new Float64Array(0)],
      [20, new Uint32Array(0)],
    ];
    for (const [index, [position, value]] of stops.entries()) {
      const args: unknown[] = good();
      const counts = (args[22] = new Uint32Array(4).fill(7));
      counts[3] = 0;
      args[position] = value;
      call(...args);
      expect([...counts], `argument ${position}, case ${index}`).toEqual([0, 0, 0, 0]);
    }
  });
});
