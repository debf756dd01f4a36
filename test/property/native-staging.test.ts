// Law: a batch of deltas becomes the same blocks whoever stages its rows; and whatever the arguments, staging returns or throws ARGUMENT_INVALID.
import { expect, it } from "vitest";
import { type Accel, nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { BlockBuilder } from "../../engine/log/block-builder.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260105);
const PAGES = 50;

/** Deltas of every size, from many sources or few, some with causes, flags and metadata. */
function someDeltas(rng: Prng, sources: number): DeltaBatch {
  const batch = new DeltaBatch(16, 16);
  const longest = rng.pick([8, 64, 64, 300, 5000]);
  const most = rng.pick([1, 1, 3, 40]);
  const [causes, flags, described, changes] = [
    rng.chance(0.4),
    rng.chance(0.4),
    rng.chance(0.3),
    rng.pick([0.01, 0.5]),
  ];
  let source = 0;
  for (let row = rng.pick([1, 20, 900, 1500]); row > 0; row--) {
    const runs = new RunList();
    for (let i = rng.below(most + 1), at = rng.below(20_000); i > 0; i--) {
      const length = 1 + rng.below(rng.chance(0.001) ? 20_000 : longest);
      runs.push(at, length);
      at += length + 1 + rng.below(500);
    }
    const bytes = new Uint8Array(runs.totalBytes);
    rng.fill(bytes);
    if (rng.chance(changes)) source = rng.below(sources);
    const cause = causes && rng.chance(0.5) ? rng.below(900) : 0;
    batch.pushRuns(rng.below(PAGES), 0, 0, runs.offset, runs.length, 0, runs.count, bytes, 0, source, cause);
    const metadata = described && rng.chance(0.01) ? new Uint8Array(3) : undefined;
    if (metadata !== undefined || (flags && rng.chance(0.2))) batch.describe(rng.below(8), metadata);
  }
  return batch;
}

/** As the log's writer does: a row that does not fit goes into the next block, one that never does is passed over here. */
function blocksOf(hot: Accel, rng: Prng): Uint8Array {
  const names = Array.from({ length: rng.pick([1, 3, 700]) }, (_, i) => `source ${i} ${"x".repeat(i % 90)}`);
  if (rng.chance(0.1)) names[0] = "y".repeat(40_000);
  const builder = new BlockBuilder(hot);
  builder.firstLsn = 1000 + rng.below(2 ** 40);
  const [idLo, idHi] = [new Uint32Array(PAGES), new Uint32Array(PAGES)];
  for (let page = 0; page < PAGES; page++) [idLo[page], idHi[page]] = [rng.u32(), rng.below(2)];
  const out = new BlockBuffer(1 << 24);
  let at = 0;
  let sequence = 0;
  const seal = () => {
    if (builder.count === 0) return false;
    const fields = {
      uuid: new Uint8Array(16),
      segment: 0,
      openTransactionLsn: 0,
      nextSequence: () => sequence++,
    };
    at = builder.seal(out, at, fields);
    return true;
  };
  for (let batches = rng.between(1, 3); batches > 0; batches--) {
    const batch = someDeltas(rng, names.length);
    const epoch = Float64Array.from({ length: batch.count }, () => rng.below(2 ** 31));
    const time = { lo: rng.u32(), hi: 7 };
    const from = rng.below(batch.count);
    for (let row = from; row < batch.count; ) {
      const staged = builder.stageDeltas(batch, row, batch.count, idLo, idHi, epoch, names, 5, time);
      if (staged === row && !seal()) row++;
      else row = staged;
    }
    if (rng.chance(0.3)) names[rng.below(names.length)] = `renamed ${batches}`;
  }
  seal();
  return out.u8.slice(0, at);
}

it("the addon and TypeScript stage the same batches into the same blocks", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const native = nativeAccel(nativeAddon.functions);
  let bytes = 0;
  for (let round = 0; round < 30; round++) {
    const [reference, other] = [referenceAccel, native].map((hot) => blocksOf(hot, new Prng(seed + round)));
    expect(Buffer.compare(reference!, other!), `MMSB_SEED=${seed + round}`).toBe(0);
    bytes += reference!.length;
  }
  expect(bytes).toBeGreaterThan(1 << 19);
});

it("staging may be asked for with any arguments", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const stage = nativeAddon.functions.stageDeltas as (...args: unknown[]) => number;
  const rows = 4;
  const u32 = (...values: number[]) => Uint32Array.from({ length: rows + 1 }, (_, i) => values[i] ?? 0);
  const sound = () => {
    const batch = [u32(), u32(), new Float64Array(rows), new Uint8Array(rows), u32(), u32(0, 1, 2, 3, 4)];
    const runs = [u32(1, 2, 3, 4), u32(2, 2, 2, 2), u32(0, 2, 4, 6), new Uint8Array(8)];
    const columns = [new Uint8Array(rows), new Uint8Array(rows), u32(), u32(), u32(), u32()];
    const rest = [new Float64Array(rows), u32(), new Float64Array(rows), u32(), new Uint8Array(400)];
    const numbers = Float64Array.of(0, rows, 255, 0x84, 0, 0, 1000, 24, 16_384, 1, 5, 6, 9);
    return [
      [...batch, ...runs],
      [...columns, ...rest],
      new Float64Array(rows),
      u32(7),
      u32(8),
      Uint32Array.of(9, 0),
      numbers,
    ] as [
      (Uint8Array | Uint32Array | Float64Array)[],
      (Uint8Array | Uint32Array | Float64Array)[],
      ...unknown[],
    ];
  };
  expect(stage(...sound())).toBe(rows);
  const refused: ((args: unknown[] & ReturnType<typeof sound>) => void)[] = [
    (args) => args.splice(0, 1, undefined as never),
    (args) => args.splice(1, 1, [] as never),
    (args) => args.splice(6, 1, new Float64Array(3)),
    (args) => args.splice(5, 1, new Uint32Array(1)),
    (args) => args.splice(3, 1, new Uint32Array(0)),
    ...Array.from({ length: 10 }, (_, i) => (args: ReturnType<typeof sound>) => {
      args[0][i] = new Uint8Array(i === 9 ? 3 : 1);
    }),
    ...Array.from({ length: 10 }, (_, i) => (args: ReturnType<typeof sound>) => {
      args[1][i] = args[1][i]!.slice(0, rows - 1);
    }),
    (args) => {
      args[0][5]![2] = 99;
    },
    (args) => {
      args[0][0]![3] = 77;
    },
    (args) => {
      args[0][1]![3] = 2 ** 31;
    },
    ...[0, 1, 4, 5].map((at) => (args: ReturnType<typeof sound>) => {
      (args[6] as Float64Array)[at] = 500;
    }),
    ...[Number.NaN, -1, 2 ** 60].map((value) => (args: ReturnType<typeof sound>) => {
      (args[6] as Float64Array)[9] = value;
    }),
  ];
  for (const [i, spoil] of refused.entries()) {
    const args = sound();
    spoil(args as never);
    expect(() => stage(...args), `case ${i}`).toThrow(MmsbError);
  }
});
