// Law: deltas of one number each become the same block whoever writes it, and the one that they would be staged into; whatever the arguments, writing returns or throws ARGUMENT_INVALID.
import { expect, it } from "vitest";
import { nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { Prng } from "../../engine/base/prng.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { BlockBuilder } from "../../engine/log/block-builder.ts";
import { type NumberRecords, sealNumberRecords } from "../../engine/log/number-block.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260106);
const PAGES = 5000;

function someRecords(rng: Prng, firstLsn: number): NumberRecords {
  const rows = rng.pick([1, 2, 700, 1000, 3000, 9000]);
  const [idHigh, epochs] = [rng.pick([0, 0, 1, 2 ** 32 - 1]), rng.pick([1, 2, 300, 2 ** 40])];
  const bits = new Uint8Array(8 * rows);
  rng.fill(bits);
  const from = rng.pick([0, 0, rows - 1, rows >>> 1]);
  return {
    slot: new Uint32Array(rows).map(() => rng.below(PAGES)),
    numbers: bits,
    epoch: new Float64Array(rows).map(() => 1 + rng.below(epochs)),
    idLo: new Uint32Array(PAGES).map(() => rng.u32()),
    idHi: new Uint32Array(PAGES).map(() => (rng.chance(0.01) ? rng.u32() : idHigh)),
    source: rng.pick(["", "a source", "\u00fc".repeat(10_000)]),
    cause: rng.pick([0, 1, firstLsn]),
    flags: rng.pick([0, 4]),
    row: from,
    to: rng.pick([rows, rows, from + 1]),
  };
}

/** The rows `[from, to)` as the ordinary way stages them, into one block. */
function staged(
  builder: BlockBuilder,
  out: BlockBuffer,
  records: NumberRecords,
  from: number,
  to: number,
  time: { readonly lo: number; readonly hi: number },
  fields: Parameters<BlockBuilder["seal"]>[2],
): number {
  const { slot, numbers, epoch, idLo, idHi, source, cause, flags } = records;
  const batch = new DeltaBatch();
  for (let row = from; row < to; row++) {
    batch.pushRange(slot[row]!, 0, 0, 0, numbers, 8 * row, 8, 0, cause);
    batch.describe(flags, undefined);
  }
  const epochs = epoch.slice(from, to);
  expect(builder.stageDeltas(batch, 0, to - from, idLo, idHi, epochs, [source], 255, time)).toBe(to - from);
  return builder.seal(out, 8, fields);
}

it("the addon and TypeScript write the same numbers into the same blocks, and as staging them does", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const { encodeNumberRecords } = nativeAddon.functions;
  for (let round = 0; round < 100; round++) {
    const rng = new Prng(seed + round);
    const firstLsn = 1 + rng.below(2 ** rng.pick([3, 10, 40]));
    const records = someRecords(rng, firstLsn);
    const time = { lo: rng.u32(), hi: rng.below(9) };
    const openTransactionLsn = rng.chance(0.5) ? 1 : 0;
    const written = ["staged" as const, undefined, encodeNumberRecords].map((encode) => {
      const builder = new BlockBuilder(referenceAccel);
      builder.firstLsn = firstLsn;
      const taken: NumberRecords = { ...records };
      const blocks: Uint8Array[] = [];
      let sequence = 5;
      while (taken.row < taken.to) {
        const out = new BlockBuffer(1 << 17);
        out.u8.fill(round);
        const fields = {
          uuid: new Uint8Array(16).fill(3),
          segment: 1,
          openTransactionLsn,
          nextSequence: () => sequence++,
        };
        // More rows than staging would put into one block are compared between the other two.
        const isStaged = encode === "staged" && taken.to - taken.row <= 1000;
        const { row, to } = taken;
        if (isStaged) taken.row = to;
        const end = isStaged
          ? staged(builder, out, taken, row, to, time, fields)
          : sealNumberRecords(builder, out, 8, taken, time, fields, encode === "staged" ? undefined : encode);
        blocks.push(out.u8.slice(8, end));
      }
      expect(builder.firstLsn).toBe(firstLsn + records.to - records.row);
      return Buffer.concat(blocks);
    });
    for (const other of written.slice(1))
      expect(Buffer.compare(written[0]!, other), `MMSB_SEED=${seed + round}`).toBe(0);
  }
});

it("numbers may be written with any arguments: a call returns or throws ARGUMENT_INVALID", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const encode = nativeAddon.functions.encodeNumberRecords as (...args: unknown[]) => number;
  const values = (at = 0, value = 1) => Object.assign(Float64Array.of(1, 4, 5, 0, 3, 9), { [at]: value });
  const sound = (): unknown[] => [
    new Uint8Array(120),
    8,
    16,
    Uint32Array.of(9, 1, 0),
    new Uint8Array(Float64Array.of(0, 1.5, 2.5).buffer),
    Float64Array.of(-1, 7, 8),
    Uint32Array.of(11, 12),
    Uint32Array.of(0, 0),
    1,
    3,
    values(),
  ];
  const args = sound();
  const end = encode(...args);
  const bytes = (args[0] as Uint8Array).slice(end - 22, end);
  expect([...bytes.subarray(0, 3), ...bytes.subarray(11, 14)]).toEqual([1, 0, 7, 1, 0, 7]);
  expect(new Float64Array(bytes.slice(3, 11).buffer)[0]).toBe(1.5);
  for (const room of [16, 30, end - 1]) {
    const short = sound();
    short[0] = new Uint8Array(room);
    expect(encode(...short)).toBe(-1);
  }
  const detached = new Uint8Array(24);
  structuredClone(detached.buffer, { transfer: [detached.buffer] });
  const bad: [number, unknown][] = [
    [0, new Uint16Array(100)],
    [0, new Uint8Array(15)],
    [1, 17],
    [1, -1],
    [2, 121],
    [3, [9, 1, 0]],
    [3, new Uint32Array(2)],
    [3, Uint32Array.of(0, 1, 2)],
    [3, Uint32Array.of(0, 2 ** 32 - 1, 0)],
    [4, new Uint8Array(23)],
    [4, detached],
    [4, new BigUint64Array(3)],
    [5, Float64Array.of(0, 1.5, 2)],
    [5, Float64Array.of(0, Number.NaN, 2)],
    [5, new Float64Array(2)],
    [6, Uint32Array.of(1)],
    [7, new Uint32Array(0)],
    [8, 3],
    [8, 4],
    [8, 0.5],
    [9, 4],
    [9, Number.NaN],
    [10, new Float64Array(5)],
    [10, values(4, 10)],
    [10, values(5, -1)],
    [10, values(2, Number.NaN)],
    [10, undefined],
  ];
  for (const [position, value] of bad) {
    const spoilt = sound();
    spoilt[position] = value;
    expect(() => encode(...spoilt), `argument ${position}`).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  }
  const many = sound();
  many[3] = new Uint32Array(4097);
  many[4] = new Uint8Array(8 * 4097);
  many[5] = new Float64Array(4097);
  [many[8], many[9]] = [0, 4097];
  expect(() => encode(...many)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
});
