// Law: a block has the same bytes whoever encodes its columns.
import { expect, it } from "vitest";
import { nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { BlockBuilder } from "../../engine/log/block-builder.ts";

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
