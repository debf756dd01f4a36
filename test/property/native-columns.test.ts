// Law: a block has the same bytes whoever encodes its columns.
import { expect, it } from "vitest";
import { nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { BlockBuilder } from "../../engine/log/block-builder.ts";
import { sealBodyRecords } from "../../engine/log/body-block.ts";
import type { BodyRecords } from "../../engine/log/body-records.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260104);

/** The same random records, staged with columns narrow and wide, used and not. */
function stage(builder: BlockBuilder, rng: Prng): void {
  builder.firstLsn = 1 + rng.below(2 ** 31);
  builder.usesFlags = rng.chance(0.5);
  builder.usesCause = rng.chance(0.5);
  builder.usesMetadata = rng.chance(0.3);
  builder.usesForeign = rng.chance(0.3);
  const count = rng.pick([1, 2, 30, 500, 2500]);
  const kinds = 1 + rng.below(20);
  const limits = Array.from({ length: 12 }, () => rng.pick([1, 2, 256, 257, 65_536, 65_537, 2 ** 31]));
  const bases = Array.from({ length: 12 }, () => rng.pick([0, 1, 300, 2 ** 31, 2 ** 32 - 2 ** 31 - 1]));
  const value = (column: number) => bases[column]! + rng.below(limits[column]!);
  for (let row = 0; row < count; row++) {
    builder.kind[row] = rng.below(kinds);
    if (builder.usesFlags) builder.flags[row] = rng.below(256);
    builder.timeLo[row] = value(0);
    builder.timeHi[row] = limits[1] === 1 ? 7 : value(1);
    builder.pageLo[row] = value(2);
    builder.pageHi[row] = limits[3]! < 256 ? 0 : value(3);
    builder.epoch[row] = limits[4] === 2 ** 31 ? value(4) * 2 ** 20 : value(4);
    builder.source[row] = builder.sourceIndex(`source ${rng.below(3)}`);
    if (builder.usesCause) builder.causeDistance[row] = value(5);
    if (builder.usesForeign) {
      builder.idDiffLo[row] = value(6);
      builder.idDiffHi[row] = value(7);
      builder.maskLength[row] = value(8);
    }
    const [body, meta] = [rng.below(40), builder.usesMetadata ? rng.below(9) : 0];
    builder.bodyLength[row] = body;
    if (builder.usesMetadata) builder.metaLength[row] = meta;
    for (let i = 0; i < body + meta; i++) builder.bodies[builder.bodyBytes + i] = rng.below(256);
    builder.bodyBytes += body + meta;
    builder.count = row + 1;
    if (builder.isFullFor(60)) break;
  }
}

it("the addon and TypeScript seal the same records into the same bytes", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const native = nativeAccel(nativeAddon.functions);
  const uuid = new Uint8Array(16).fill(3);
  for (let round = 0; round < 150; round++) {
    const blocks = [referenceAccel, native].map((hot) => {
      const builder = new BlockBuilder(hot);
      stage(builder, new Prng(seed + round));
      const out = new BlockBuffer(4 * 65_536);
      out.u8.fill(round);
      let sequence = 5;
      const end = builder.seal(out, 64, {
        uuid,
        segment: 1,
        openTransactionLsn: 0,
        nextSequence: () => sequence++,
      });
      return out.u8.slice(0, end);
    });
    expect(Buffer.compare(blocks[0]!, blocks[1]!), `MMSB_SEED=${seed + round}`).toBe(0);
  }
});

it("the addon and TypeScript write the same bodies into the same blocks", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const { encodeBodyRecords } = nativeAddon.functions;
  for (let round = 0; round < 100; round++) {
    const rng = new Prng(seed + round);
    const longest = rng.pick([0, 1, 100, 100, 300, 16_384]);
    const same = rng.chance(0.5);
    const rows = rng.pick(longest > 300 ? [1, 2, 40] : [1, 2, 300, 4096, 9000]);
    const lengths = new Uint32Array(rows).map(() => (same ? longest : rng.below(longest + 1)));
    const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0) + rng.below(9));
    rng.fill(bytes);
    const firstLsn = 1 + rng.below(2 ** rng.pick([3, 10, 40]));
    const records = {
      kind: rng.pick([RecordKind.Event, RecordKind.Delta]),
      bytes,
      lengths,
      source: rng.pick(["", "a source", "\u00fc".repeat(10_000)]),
      cause: rng.pick([0, 1, firstLsn]),
    };
    const time = { lo: rng.u32(), hi: rng.below(9) };
    const openTransactionLsn = rng.chance(0.5) ? 1 : 0;
    const written = [undefined, encodeBodyRecords].map((encode) => {
      const builder = new BlockBuilder(referenceAccel);
      builder.firstLsn = firstLsn;
      const out = new BlockBuffer(1 << 17);
      const taken: BodyRecords = { ...records, row: 0, bytesAt: 0 };
      const blocks: Uint8Array[] = [];
      let sequence = 5;
      while (taken.row < lengths.length) {
        out.u8.fill(round);
        const at = 8 * rng.below(9);
        const fields = {
          uuid: new Uint8Array(16).fill(3),
          segment: 1,
          openTransactionLsn,
          nextSequence: () => sequence++,
        };
        const end = sealBodyRecords(builder, out, at, taken, time, fields, encode);
        blocks.push(out.u8.slice(at, end));
      }
      expect(builder.firstLsn).toBe(firstLsn + lengths.length);
      return Buffer.concat(blocks);
    });
    expect(Buffer.compare(written[0]!, written[1]!), `MMSB_SEED=${seed + round}`).toBe(0);
  }
});

it("bodies may be written with any arguments: a call returns or throws ARGUMENT_INVALID", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const encode = nativeAddon.functions.encodeBodyRecords as (...args: unknown[]) => number;
  const sound = (): unknown[] => [
    new Uint8Array(100),
    8,
    16,
    Uint32Array.of(9, 2, 3),
    1,
    Uint8Array.of(0, 0, 0, 1, 2, 3, 4, 5),
    3,
    Float64Array.of(1, 5, 0, 0, 3, 9, 4096, 100, 4),
  ];
  const args = sound();
  const end = encode(...args);
  expect((args[0] as Uint8Array).subarray(end - 5, end)).toEqual(Uint8Array.of(1, 2, 3, 4, 5));
  expect((args[7] as Float64Array).subarray(0, 2)).toEqual(Float64Array.of(2, 5));
  const numbers = (at: number, value: number) =>
    Object.assign([...(sound()[7] as Float64Array)], { [at]: value });
  const one = sound();
  one[7] = Float64Array.from(numbers(7, 0));
  encode(...one);
  expect((one[7] as Float64Array)[0]).toBe(1);
  for (const room of [16, 30]) {
    const short = sound();
    short[0] = new Uint8Array(room);
    expect(encode(...short)).toBe(-1);
  }
  const bad: [number, unknown][] = [
    [0, new Uint16Array(100)],
    [0, new Uint8Array(15)],
    [1, 17],
    [1, -1],
    [2, 101],
    [3, [2, 3]],
    [3, new Uint32Array(1)],
    [3, Uint32Array.of(9, 2 ** 32 - 1, 2 ** 32 - 1)],
    [4, 3],
    [4, 0.5],
    [5, new Uint8Array(7)],
    [5, undefined],
    [6, 9],
    [6, Number.NaN],
    [7, new Float64Array(8)],
    [7, Float64Array.from(numbers(6, 0))],
    [7, Float64Array.from(numbers(4, -1))],
    [7, Float64Array.from(numbers(7, 2 ** 60))],
    [7, Float64Array.from(numbers(1, Number.NaN))],
    [7, Float64Array.from(numbers(4, 10))],
  ];
  for (const [position, value] of bad) {
    const spoilt = sound();
    spoilt[position] = value;
    expect(() => encode(...spoilt), `argument ${position}`).toThrow(
      expect.objectContaining({ code: "ARGUMENT_INVALID" }),
    );
  }
});

it("the addon refuses columns that it cannot encode", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const encodeWith = nativeAddon.functions.encodeColumns as (...args: unknown[]) => number;
  const bodies = Uint8Array.of(7, 8, 9);
  const encode = (...args: unknown[]) => encodeWith(...args, bodies, 0, 0);
  const out = new Uint8Array(100);
  const good = Uint32Array.of(1, 2, 3);
  expect(encode([good, undefined], 0, 3, out, 0, 0, 100)).toBeGreaterThan(0);
  expect(encode([good, undefined], 0, 3, out, 0, 0, 2)).toBe(-1);
  expect(encode([good, undefined], 0, 3, out, 0, 99, 100)).toBe(-1);
  expect(encode([undefined, undefined], 0, 3, out, 0, 0, 100)).toBe(1);
  expect(encodeWith([undefined, undefined], 0, 3, out, 0, 0, 100, bodies, 1, 3)).toBe(3);
  expect(out.subarray(1, 3)).toEqual(Uint8Array.of(8, 9));
  for (const place of [
    [99, bodies, 0, 3],
    [0, bodies, 2, 1],
    [0, bodies, 0, 4],
    [0, [7], 0, 1],
  ]) {
    const [at, ...rest] = place;
    expect(() => encodeWith([undefined, undefined], 0, 3, out, 0, at, 100, ...rest)).toThrow(MmsbError);
  }
  const bad: unknown[][] = [
    [[good], 0, 3, out, 0, 0, 100],
    [[good, undefined], 0, 4, out, 0, 0, 100],
    [[good, undefined], 2, 2, out, 0, 0, 100],
    [[good, undefined], 0, 3, out, 5, 4, 100],
    [[good, new Uint8Array(3)], 0, 3, out, 0, 0, 100],
    [[new Float32Array(3), undefined], 0, 3, out, 0, 0, 100],
    [[Float64Array.of(1, 0.5, 2), undefined], 0, 3, out, 0, 0, 100],
    [[Float64Array.of(1, -1, 2), undefined], 0, 3, out, 0, 0, 100],
    [[Float64Array.of(1, Number.NaN, 2), undefined], 0, 3, out, 0, 0, 100],
    [[Float64Array.of(1, 2 ** 60, 2), undefined], 0, 3, out, 0, 0, 100],
    [Array(34).fill(undefined), 0, 3, out, 0, 0, 100],
    [{ length: 2 }, 0, 3, out, 0, 0, 100],
    [["text", undefined], 0, 3, out, 0, 0, 100],
  ];
  for (const args of bad) {
    expect(() => encode(...args)).toThrow(MmsbError);
    expect(() => encode(...args)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  }
});
