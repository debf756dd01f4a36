// Law: a block holds the same records whoever decodes it, the addon or TypeScript, and both refuse the same blocks.
import { expect, it } from "vitest";
import { nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { ok } from "../../engine/base/result.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { decodeRecords } from "../../engine/log/block-decoder.ts";
import { BLOCK_HEADER_BYTES, BlockHeader } from "../../engine/log/block-format.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260106);
const COLUMNS = 11;
const WIDTHS = [0, 1, 2, 4, 8];

/** A payload with columns of any width and base, most of them such that a reader accepts them. */
function randomBlock(rng: Prng, block: BlockBuffer): BlockHeader {
  const header = new BlockHeader();
  header.firstLsn = rng.pick([1, 1000, 2 ** 32 - 20, 2 ** 40]);
  header.count = rng.pick([1, 15, 16, 17, 100, 700]);
  const out = block.u8;
  rng.fill(out);
  let at = BLOCK_HEADER_BYTES;
  const strings = rng.below(4);
  out[at++] = strings;
  for (let i = 0; i < strings; i++) {
    out[at++] = 1;
    out[at++] = 97 + i;
  }
  const wild = rng.chance(0.2);
  const widths = Array.from({ length: COLUMNS }, (_, column) => {
    if (wild) return rng.pick(WIDTHS);
    // lengths stay short enough for the bodies to fit
    if (column === 9) return rng.pick([0, 1]);
    if (column === 1 || column === 6 || column === 7 || column === 8 || column === 10) return 0;
    return column === 0 ? rng.pick([0, 1]) : rng.pick(WIDTHS);
  });
  for (const [column, width] of widths.entries()) {
    const isFree = column === 2 || column === 3 || column === 5;
    const base = wild ? rng.below(9) : isFree ? rng.below(9) : column === 4 ? rng.below(7) : rng.below(2);
    const written = column === 6 && !wild ? 0 : column >= 7 && column !== 9 && !wild ? 0 : base;
    out[at++] = width | (written << 4);
    for (let i = 0; i < written; i++) out[at++] = rng.pick([0, 1, 7, rng.below(256), 255]);
  }
  const columnsAt: number[] = [];
  for (const width of widths) {
    if (width > 1) at = Math.ceil(at / width) * width;
    columnsAt.push(at);
    at += width * header.count;
  }
  // epochs of 8 bytes below 2^53
  if (widths[4] === 8 && !wild)
    for (let i = 0; i < header.count; i++) out.fill(0, columnsAt[4]! + 8 * i + 6, columnsAt[4]! + 8 * i + 8);
  // the bodies end where the payload ends: look at what was drawn
  const batch = new RecordBatch();
  header.payloadBytes = 65_464;
  decodeRecords(block, header, batch, () => ok(new Uint8Array(0)), referenceAccel);
  let end = at;
  for (let i = 0; i < header.count; i++) end += batch.bodyLength[i]! + batch.metaLength[i]!;
  const isWhole = rng.chance(0.9) && end <= 65_464;
  header.payloadBytes = Math.max(0, (isWhole ? end : rng.below(65_464)) - BLOCK_HEADER_BYTES);
  return header;
}

function columnsOf(batch: RecordBatch): unknown {
  return Object.values(batch)
    .filter((value) => ArrayBuffer.isView(value))
    .map((column) => Buffer.from((column as Uint8Array).slice(0, batch.count).buffer).toString("hex"));
}

it("the addon and TypeScript decode the same records, and refuse the same blocks", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const native = nativeAccel(nativeAddon.functions);
  const block = new BlockBuffer();
  const batches = [new RecordBatch(), new RecordBatch()] as const;
  let decoded = 0;
  for (let round = 0; round < 1500; round++) {
    const header = randomBlock(new Prng(seed + round), block);
    const [expected, made] = [referenceAccel, native].map((hot, i) =>
      decodeRecords(block, header, batches[i]!, ({ bodyBytes }) => ok(new Uint8Array(bodyBytes % 9)), hot),
    );
    expect(made!.ok, `MMSB_SEED=${seed + round}`).toBe(expected!.ok);
    if (!expected!.ok || !made!.ok) {
      expect(made).toEqual(expected);
      continue;
    }
    decoded++;
    expect(columnsOf(batches[1]), `MMSB_SEED=${seed + round}`).toEqual(columnsOf(batches[0]));
    expect(batches[1].strings).toEqual(batches[0].strings);
  }
  expect(decoded).toBeGreaterThan(300);
});

it("the addon refuses to decode into columns or from bytes that are not there", (ctx) => {
  if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
  const decode = nativeAddon.functions.decodeRecords as (...args: unknown[]) => number;
  const words = () => new Uint32Array(20);
  const columns = (kind: unknown = new Uint8Array(20)) => [
    ...[kind, new Uint8Array(20), words(), words(), words(), words(), new Float64Array(20), words(), words()],
    ...[words(), new Float64Array(20), words(), words(), words(), words()],
  ];
  // eleven columns that say nothing
  const block = new Uint8Array(11);
  expect(decode(block, 0, 11, 20, 1, 0, ...columns())).toBe(0);
  expect(decode(block, 0, 10, 20, 1, 0, ...columns())).toBe(-1);
  for (const args of [
    [block, 0, 12, 20, 1, 0, ...columns()],
    [block, 2, 1, 20, 1, 0, ...columns()],
    [block, 0, 11, 21, 1, 0, ...columns()],
    [block, 0, 11, -1, 1, 0, ...columns()],
    [block, 0, 11, 20, 2 ** 54, 0, ...columns()],
    [block, 0, 11, 20, 1, 0, ...columns(words())],
    [block, 0, 11, 20, 1, 0, ...columns(new Uint8Array(19))],
    ["text", 0, 11, 20, 1, 0, ...columns()],
    [],
  ]) {
    expect(() => decode(...args)).toThrow(MmsbError);
    expect(() => decode(...args)).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
  }
});
