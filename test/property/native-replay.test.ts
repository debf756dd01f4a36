// Law: a block replayed by the addon leaves what decoding it and applying its rows leaves, whatever stands in it.
import { describe, expect, it } from "vitest";
import { accel, nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { toHex } from "../../engine/base/bytes.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { fail, unwrap } from "../../engine/base/result.ts";
import { encodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { BlockBuffer } from "../../engine/log/block-buffer.ts";
import { BlockBuilder } from "../../engine/log/block-builder.ts";
import { decodeRecords } from "../../engine/log/block-decoder.ts";
import { BLOCK_HEADER_BYTES, BlockCheck, BlockHeader, parseBlock } from "../../engine/log/block-format.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { RecordFlag, RecordKind } from "../../engine/log/record-kinds.ts";
import { ReplayState } from "../../engine/replay/replay-state.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20261125);
const PAGES = 40;
const SIZES = [0, 1, 63, 64, 100, 4096, 70_000];
const FAR_ID = 2n ** 53n + 1n;

function pageSize(id: number): number {
  return SIZES[id % SIZES.length]!;
}

/** Pages 1 to {@link PAGES} and one whose id is far away, so that it is looked up by hash. */
function emptyState(): ReplayState {
  const state = new ReplayState();
  for (let id = 1; id <= PAGES; id++) unwrap(state.table.create({ id: BigInt(id), sizeBytes: pageSize(id) }));
  unwrap(state.table.create({ id: FAR_ID, sizeBytes: 64 }));
  return state;
}

const runs = new RunList();

/** Bytes of a delta: most of one run, some of many, some beyond the page's end. */
function deltaBody(rng: Prng, sizeBytes: number, out: Uint8Array, at: number): number {
  runs.clear();
  const count = rng.pick([0, 1, 1, 1, 1, 2, 5, 70]);
  let offset = rng.below(Math.max(1, sizeBytes));
  let total = 0;
  for (let i = 0; i < count; i++) {
    const length = 1 + rng.below(rng.pick([1, 8, 64, 130]));
    runs.push(offset, length);
    offset += length + 1 + rng.below(rng.pick([1, 10, 300]));
    total += length;
  }
  const payload = new Uint8Array(total);
  rng.fill(payload);
  return encodeDeltaBody(runs.offset, runs.length, 0, count, payload, 0, out, at) - at;
}

const OTHERS = [...Object.values(RecordKind), 0x20, 0xa0];

/** A few sealed blocks of random records; most of them deltas to pages that are there. */
function sealedBlocks(rng: Prng): Uint8Array[] {
  const builder = new BlockBuilder();
  builder.firstLsn = rng.pick([1, 1000, 2 ** 40]);
  builder.usesFlags = rng.chance(0.3);
  builder.usesCause = rng.chance(0.3);
  builder.usesMetadata = rng.chance(0.3);
  const strangers = rng.chance(0.3);
  const others = rng.pick([0, 0, 0.01, 0.1]);
  const bad = rng.chance(0.2) ? 0.01 : 0;
  const epochs = rng.pick([0, 1, 300, 2 ** 33, 2 ** 53 - 5000]);
  const room = rng.pick([1, 40, 4000]);
  for (let row = 0; row < room && !builder.isFullFor(10_000); row++) {
    const id = 1 + rng.below(strangers ? PAGES + 2 : PAGES);
    builder.kind[row] = rng.chance(others) ? rng.pick(OTHERS) : RecordKind.Delta;
    builder.pageLo[row] = id > PAGES + 1 ? Number(FAR_ID & 0xffff_ffffn) : id;
    builder.pageHi[row] = id > PAGES + 1 ? Number(FAR_ID >> 32n) : 0;
    builder.epoch[row] = epochs + rng.below(rng.pick([1, 300, 4000]));
    builder.timeLo[row] = rng.u32();
    builder.source[row] = builder.sourceIndex(`source ${rng.below(3)}`);
    if (builder.usesFlags) builder.flags[row] = rng.chance(0.001) ? RecordFlag.Overflow : RecordFlag.Derived;
    if (builder.usesCause)
      builder.causeDistance[row] = rng.below(builder.firstLsn + row + (rng.chance(bad) ? 2 : 1));
    const length = deltaBody(rng, pageSize(id), builder.bodies, builder.bodyBytes);
    if (rng.chance(bad)) builder.bodies[builder.bodyBytes] = rng.below(256);
    builder.bodyLength[row] = length;
    builder.bodyBytes += length;
    if (builder.usesMetadata) {
      builder.metaLength[row] = rng.below(9);
      builder.bodyBytes += builder.metaLength[row]!;
    }
    builder.count = row + 1;
  }
  const out = new BlockBuffer(16 * 65_536);
  let sequence = 0;
  const end = builder.seal(out, 0, {
    uuid: new Uint8Array(16).fill(3),
    segment: 1,
    openTransactionLsn: 0,
    nextSequence: () => sequence++,
  });
  const header = new BlockHeader();
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < end; at += header.lengthBytes) {
    if (parseBlock(out.u8, at, end, undefined, header) !== BlockCheck.Valid)
      throw new Error("a block is malformed");
    blocks.push(out.u8.slice(at, at + header.lengthBytes));
  }
  return blocks;
}

/** The block in a batch as a reader leaves it, and what its header says. */
function loaded(block: Uint8Array): RecordBatch {
  const batch = new RecordBatch();
  batch.room = new BlockBuffer();
  batch.header = new BlockHeader();
  if (parseBlock(block, 0, block.length, undefined, batch.header) !== BlockCheck.Valid)
    throw new Error("the header is malformed");
  // what stands behind the block in a reader's memory is left from others
  batch.room.u8.fill(0x84);
  batch.room.u8.set(block);
  return batch;
}

/** Decodes the block and applies rows from `from` on. Returns what went wrong. */
function applyRows(state: ReplayState, batch: RecordBatch, from: number): string {
  const overflow = (_: unknown, lsn: number) => fail("LOG_NOT_FOUND", "no such block", "None", { lsn });
  const decoded = decodeRecords(batch.room!, batch.header!, batch, overflow, referenceAccel);
  const applied = decoded.ok ? state.apply(batch, from, batch.count) : decoded;
  return applied.ok ? "" : `${applied.error.code} ${String(applied.error.place.lsn)}`;
}

function outcome(state: ReplayState, problem: string): unknown {
  const { table, counts } = state;
  const changed = Array.from(table.slotsInIdOrder(), (slot) => table.changed[slot]);
  return {
    problem,
    ...counts,
    changed,
    state: toHex(state.stateHash()),
    structure: toHex(state.structureHash()),
  };
}

describe("a block replayed by the addon", () => {
  it("leaves the state, the counts and the error that decoding and applying it leave", (ctx) => {
    if (accel.replayBlock === undefined) return ctx.skip("no native addon is in use");
    let rows = 0;
    let alone = 0;
    let problems = 0;
    for (let round = 0; round < 400; round++) {
      const rng = new Prng(seed + round);
      const [reference, native] = [emptyState(), emptyState()];
      for (const state of [reference, native]) state.table.mark();
      for (const block of sealedBlocks(rng)) {
        const batch = loaded(block);
        if (round % 2 === 1) {
          // whatever a faulty program may have written: the checksum says nothing against it
          const end = BLOCK_HEADER_BYTES + batch.header!.payloadBytes;
          const to = rng.chance(0.5) ? Math.min(end, BLOCK_HEADER_BYTES + 80) : end;
          for (let i = rng.below(4); i >= 0; i--)
            batch.room!.u8[rng.between(BLOCK_HEADER_BYTES, to - 1)] = rng.below(256);
        }
        const row = native.applyLoaded(batch);
        expect(row).toBeLessThanOrEqual(batch.header!.count);
        const left = row === batch.header!.count ? "" : applyRows(native, batch, row);
        const wanted = applyRows(reference, batch, 0);
        expect(outcome(native, left), `MMSB_SEED=${seed + round}`).toEqual(outcome(reference, wanted));
        rows += batch.header!.count;
        alone += row;
        if (wanted !== "") problems++;
      }
    }
    // nothing is shown where it did nothing
    expect(alone).toBeGreaterThan(rows / 4);
    expect(alone).toBeLessThan(rows);
    expect(problems).toBeGreaterThan(20);
  });

  it("stays whole whatever it is called with", (ctx) => {
    if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
    const replay = nativeAddon.functions.replayBlock as (...args: unknown[]) => number;
    const rng = new Prng(seed);
    const detached = new Uint8Array(64);
    structuredClone(detached, { transfer: [detached.buffer] });
    const odd: unknown[] = [
      undefined,
      null,
      -1,
      0.5,
      Number.NaN,
      2 ** 32,
      2 ** 60,
      "text",
      {},
      [],
      [undefined],
      [new Uint8Array(5), new Uint8Array(100_000)],
      detached,
      new Uint8Array(0),
      new Uint8Array(256),
      new Uint32Array(0),
      new Uint32Array(5000).fill(0xffff_ffff),
      new Uint32Array(5000).map((_, i) => i),
      new Float64Array(1),
      new Float64Array(70),
      new Uint16Array(60).fill(9),
    ];
    let refused = 0;
    for (let round = 0; round < 1200; round++) {
      const state = emptyState();
      const { table } = state;
      const batch = loaded(rng.pick(BLOCKS));
      const { arenas, arena, at, size } = table.spans;
      const { room, header } = batch;
      const args: unknown[] = [
        arenas,
        arena,
        at,
        size,
        room!.u8,
        BLOCK_HEADER_BYTES + header!.payloadBytes,
        header!.count,
        header!.firstLsn,
        new Uint8Array(256),
        table.lowSlots,
        table.epoch,
        table.changed,
        1,
        new Uint32Array(1),
      ];
      for (let i = rng.below(3); i >= 0; i--) args[rng.below(args.length)] = rng.pick(odd);
      if (rng.chance(0.1)) args[5] = rng.below(70_000);
      if (rng.chance(0.1)) args[6] = rng.below(5000);
      try {
        const row = replay(...args);
        expect(row).toBeGreaterThanOrEqual(0);
        expect(row).toBeLessThanOrEqual(args[6] as number);
      } catch (error) {
        expect(error).toBeInstanceOf(MmsbError);
        expect(error).toMatchObject({ code: "ARGUMENT_INVALID" });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(300);
    expect(refused).toBeLessThan(1200);
  });
});

const BLOCKS = [1, 2, 3, 4].flatMap((round) => sealedBlocks(new Prng(seed + round)));
