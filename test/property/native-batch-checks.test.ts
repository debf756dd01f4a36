// Law: what the addon passes of a batch is what the session would pass, and the first row it doubts is the first one that is wrong.
import { expect, it } from "vitest";
import { nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { Prng } from "../../engine/base/prng.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260105);

it("finds the first row that may not be logged, and raises epochs as the reference does", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const native = nativeAddon.functions;
  const wrongs = new Map<string, number>();
  for (let round = 0; round < 1500; round++) {
    const rng = new Prng(seed + round);
    const pages = 1 + rng.below(20);
    const state = new Uint8Array(pages).fill(1);
    const size = Uint32Array.from({ length: pages }, () => rng.below(300));
    const rows = rng.below(40);
    const lastLsn = rng.pick([0, 5, 2 ** 40]);
    const slot = new Uint32Array(rows + 2);
    const source = new Uint32Array(rows + 2);
    const cause = new Float64Array(rows + 2);
    const runStart = new Uint32Array(rows + 1);
    const offsets: number[] = [];
    const lengths: number[] = [];
    for (let row = 0; row < rows; row++) {
      slot[row] = rng.below(pages);
      source[row] = rng.below(3);
      cause[row] = rng.chance(0.3) ? rng.below(Math.min(lastLsn, 1000) + row + 1) : 0;
      for (let at = rng.below(9); at < size[slot[row]!]!; at += 2 + rng.below(60)) {
        const length = Math.min(1 + rng.below(8), size[slot[row]!]! - at);
        offsets.push(at);
        lengths.push(length);
        at += length;
      }
      runStart[row + 1] = offsets.length;
    }
    const wrong = rng.chance(0.2) || rows === 0 ? -1 : rng.below(rows);
    const runs = wrong < 0 ? 0 : runStart[wrong + 1]! - runStart[wrong]!;
    const run = wrong < 0 ? 0 : runStart[wrong]! + rng.below(Math.max(1, runs));
    const kinds = ["slot", "dead", "source", "late", "fraction", "negative"];
    if (runs > 0) kinds.push("empty", "outside");
    if (runs > 1) kinds.push("order");
    const kind = wrong < 0 ? "none" : rng.pick(kinds);
    wrongs.set(kind, (wrongs.get(kind) ?? 0) + 1);
    if (kind === "slot") slot[wrong] = pages + rng.below(3);
    else if (kind === "dead") state[slot[wrong]!] = 0;
    else if (kind === "source") source[wrong] = 3;
    else if (kind === "late") cause[wrong] = lastLsn + wrong + 1;
    else if (kind === "fraction") cause[wrong] = rng.pick([0.5, Number.NaN, 2 ** 53]);
    else if (kind === "negative") cause[wrong] = -1;
    else if (kind === "empty") lengths[run] = 0;
    else if (kind === "outside") lengths[run] = 400;
    else if (kind === "order") offsets[runStart[wrong]! + 1] = offsets[runStart[wrong]!]!;
    const first =
      kind === "dead"
        ? slot.subarray(0, rows).findIndex((page) => state[page] === 0)
        : wrong < 0
          ? rows
          : wrong;
    const found = native.checkDeltas(
      slot,
      source,
      cause,
      runStart,
      Uint32Array.from(offsets),
      Uint32Array.from(lengths),
      rows,
      state,
      size,
      3,
      lastLsn,
    );
    expect(found, `MMSB_SEED=${seed + round}: ${kind} in row ${wrong}`).toBe(first);
  }
  expect(wrongs.size).toBe(10);

  const rng = new Prng(seed);
  const slot = Uint32Array.from({ length: 500 }, () => rng.below(40));
  const columns = () => [new Float64Array(40).fill(7), new Uint32Array(40), new Float64Array(500)] as const;
  const [epochA, changedA, rowsA] = columns();
  const [epochB, changedB, rowsB] = columns();
  expect(referenceAccel.raiseEpochs(slot, 500, epochA, changedA, 9, rowsA)).toBe(500);
  expect(native.raiseEpochs(slot, 500, epochB, changedB, 9, rowsB)).toBe(500);
  expect([epochB, changedB, rowsB]).toEqual([epochA, changedA, rowsA]);
  slot[123] = 40;
  expect(native.raiseEpochs(slot, 500, epochB, changedB, 9, rowsB)).toBe(123);
});
