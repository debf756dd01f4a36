import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../engine/base/clock.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DeltaBatch } from "../../../engine/deltas/delta-batch.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter } from "../../../engine/log/log-writer.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { RecordFlag, RecordKind } from "../../../engine/log/record-kinds.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const writerAt = async (name: string) =>
  unwrap(
    await LogWriter.create(join(folder, name), {
      uuid: new Uint8Array(16).fill(7),
      clock: new ManualClock(1_000_000_000n),
      durability: "none",
    }),
  );

/** Every record of a recording as text, so that two recordings can be told apart whatever blocks they stand in. */
function recordsOf(path: string): string[] {
  const reader = unwrap(LogReader.open(path));
  const batch = new RecordBatch();
  const records: string[] = [];
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      records.push(
        [
          batch.lsn(row),
          batch.kind[row],
          batch.flags[row],
          batch.timestampNs(row),
          batch.pageId(row),
          batch.epoch[row],
          batch.cause[row],
          batch.sourceText(row),
          Buffer.from(batch.body(row)).toString("base64"),
          Buffer.from(batch.metadata(row)).toString("base64"),
        ].join(" "),
      );
    }
  }
  expect(reader.damage).toEqual([]);
  reader.close();
  return records;
}

/** Rows of every form: none, one and many runs, short and long offsets, bodies too large for a block, metadata, causes, flags. */
function fill(batch: DeltaBatch, prng: Prng, rows: number, sources: number): void {
  const bytes = new Uint8Array(40_000);
  prng.fill(bytes);
  for (let row = 0; row < rows; row++) {
    batch.begin(prng.below(50), 0, 0, prng.below(sources), prng.chance(0.3) ? 1 + prng.below(row + 1) : 0);
    const runs = prng.pick([0, 1, 1, 1, 1, 2, 9]);
    let offset = prng.pick([0, 5, 127, 128, 0x3fff, 0x4000, 70_000]);
    for (let run = 0; run < runs; run++) {
      const length = prng.chance(0.01)
        ? prng.between(17_000, 40_000)
        : prng.pick([1, 8, 64, 127, 128, 129, 300]);
      batch.addRun(offset, bytes, prng.below(bytes.length - length + 1), length);
      offset += length + 1 + prng.below(20);
    }
    const metadata = prng.chance(0.05) ? Buffer.from(JSON.stringify({ row })) : undefined;
    batch.describe(prng.chance(0.2) ? RecordFlag.Derived | RecordFlag.Compensation : 0, metadata);
  }
}

describe("a batch", () => {
  test("of numbers is logged as its rows are otherwise, with one source or many", async () => {
    const [pages, rows] = [300, 12_000];
    const recorded: string[][] = [];
    for (const areNumbers of [false, true]) {
      const prng = new Prng(11);
      const batch = new DeltaBatch();
      for (let row = 0, source = 0; row < rows; row++) {
        if (prng.chance(row < 2000 ? 0.01 : 0.0005)) source = prng.below(3);
        const bytes = new Uint8Array(8);
        prng.fill(bytes);
        batch.pushRange(prng.below(pages), 0, 0, 0, bytes, 0, 8, source, 1);
        batch.describe(RecordFlag.Derived, undefined);
      }
      batch.areNumbers = areNumbers;
      const ids = new Uint32Array(pages).map((_, slot) => slot * 3 + 1);
      const epochs = new Float64Array(rows).map((_, row) => row >>> 4);
      const writer = await writerAt(`${areNumbers}.tlog`);
      writer.append(RecordKind.Event, { body: Uint8Array.of(1) });
      const sources = ["", "first", "second"];
      const noHigh = new Uint32Array(pages);
      expect(writer.appendDeltas(batch, 0, rows - 5, ids, noHigh, epochs, sources, 255)).toBe(rows - 5);
      expect(writer.appendDeltas(batch, rows - 5, rows, ids, noHigh, epochs, sources, 255)).toBe(rows);
      unwrap(await writer.close());
      recorded.push(recordsOf(join(folder, `${areNumbers}.tlog`)));
    }
    expect(recorded[0]!.length).toBe(rows + 1);
    expect(recorded[1]).toEqual(recorded[0]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("is logged as its rows are one by one (seed %i)", async (seed) => {
    const prng = new Prng(seed);
    const sources = Array.from({ length: 40 }, (_, i) => (i === 3 ? "long ".repeat(7000) : `source ${i}`));
    const idLo = Uint32Array.from({ length: 50 }, () => prng.u32());
    const idHi = Uint32Array.from({ length: 50 }, () => prng.below(3));
    const whole = await writerAt("whole.tlog");
    const single = await writerAt("single.tlog");
    for (const rows of [1, 300, 2500]) {
      const batch = new DeltaBatch();
      fill(batch, prng, rows, seed % 2 === 0 ? 40 : 3);
      const epoch = Float64Array.from({ length: rows }, () => prng.below(70_000));
      expect(whole.appendDeltas(batch, 0, rows, idLo, idHi, epoch, sources, RecordFlag.Derived)).toBe(rows);
      const { slot, source, cause, flags, runStart, runOffset, runLength, payload, payloadStart } = batch;
      for (let row = 0; row < rows; row++) {
        single.appendDelta(
          idLo[slot[row]!]!,
          idHi[slot[row]!]!,
          epoch[row]!,
          sources[source[row]!]!,
          cause[row]!,
          flags[row]! & RecordFlag.Derived,
          runOffset,
          runLength,
          runStart[row]!,
          runStart[row + 1]!,
          payload,
          payloadStart[row]!,
          batch.metadata(row),
        );
      }
    }
    unwrap(await whole.close());
    unwrap(await single.close());
    expect(recordsOf(join(folder, "whole.tlog"))).toEqual(recordsOf(join(folder, "single.tlog")));
  });

  test("of bodies is logged as they are one by one", async () => {
    const prng = new Prng(11);
    const whole = await writerAt("whole.tlog");
    const single = await writerAt("single.tlog");
    for (const [rows, longest] of [
      [0, 1],
      [5000, 200],
      [9000, 0],
      [20, 16_384],
    ] as const) {
      const lengths = Uint32Array.from({ length: rows }, () => prng.below(longest + 1));
      const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
      prng.fill(bytes);
      const cause = single.lastLsn;
      expect(whole.appendBodies(RecordKind.Event, bytes, lengths, "events", cause)).toBe(rows);
      let at = 0;
      for (const length of lengths) {
        single.append(RecordKind.Event, { source: "events", cause, body: bytes.subarray(at, at + length) });
        at += length;
      }
    }
    unwrap(await whole.close());
    unwrap(await single.close());
    expect(recordsOf(join(folder, "whole.tlog"))).toEqual(recordsOf(join(folder, "single.tlog")));
  });
});

describe("the walk over the blocks", () => {
  test.each([0n, 1n, 1000n, 1n << 22n, 1n << 40n])(
    "finds the last time, %i ns apart, without decoding",
    async (stepNs) => {
      const path = join(folder, "times.tlog");
      for (const flags of [0, RecordFlag.Derived]) {
        for (const last of [RecordKind.Delta, RecordKind.Event]) {
          const clock = new ManualClock(0xffff_fff0n, stepNs);
          const writer = unwrap(await LogWriter.create(path, { clock, durability: "none" }));
          for (let i = 0; i < 700; i++)
            writer.append(RecordKind.Delta, {
              flags: i % 3 === 0 ? flags : 0,
              source: `source ${i % 5}`,
              pageId: 7n,
            });
          writer.append(last, { source: "" });
          unwrap(await writer.close());
          const reader = unwrap(LogReader.open(path));
          const batch = new RecordBatch();
          unwrap(reader.readBlock(reader.blockCount - 1, batch));
          const time = batch.timestampNs(batch.count - 1);
          expect(batch.kind[batch.count - 1]).toBe(last);
          expect(time).toBeGreaterThanOrEqual(0xffff_fff0n + 700n * stepNs);
          expect(reader.tail).toMatchObject({ lastTimestampNs: time, openTransactionLsn: 0 });
          expect(reader.committedLsn).toBe(701);
          reader.close();
          rmSync(path);
        }
      }
    },
  );
});
