import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32c } from "../../engine/accel/crc32c.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { BLOCK_MAGIC, BlockType } from "../../engine/log/block-format.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { recoverLog } from "../../engine/log/recover.ts";
import { SimulatedDisk } from "../fault/simulated-disk.ts";

const GOLDEN = join(import.meta.dirname, "../../assets/recordings");
const files = readdirSync(GOLDEN)
  .filter((name) => name.endsWith(".tlog"))
  .sort()
  .map((name) => Uint8Array.from(readFileSync(join(GOLDEN, name))));
const blocks = files.flatMap((bytes) => {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + new DataView(bytes.buffer).getUint32(at + 8, true);
    found.push(bytes.slice(at, end));
    at = end;
  }
  return found;
});
const session = blocks.slice(0, blocks.findIndex((block) => block[5] === BlockType.End) + 1);
const batch = new RecordBatch();

function join2(parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

/** A block with a right checksum over whatever stands in it. */
function reseal(block: Uint8Array): Uint8Array {
  new DataView(block.buffer).setUint32(block.length - 4, crc32c(block.subarray(0, block.length - 4)), true);
  return block;
}

/**
 * Opens the bytes in every way there is. Nothing may throw, and no state may be out of its bounds; whatever is refused is refused with a
 * code. Returns the readable LSNs in their order.
 */
async function exercise(bytes: Uint8Array): Promise<number[]> {
  const disk = new SimulatedDisk();
  disk.put("/h/x.tlog", bytes);
  const opened = LogReader.open("/h/x.tlog", { fileSystem: disk });
  if (!opened.ok) {
    expect(opened.error).toBeInstanceOf(MmsbError);
    return [];
  }
  const reader = opened.value;
  const { firstLsn, lastLsn, committedLsn } = reader;
  for (const lsn of [firstLsn, lastLsn, committedLsn]) expect(Number.isSafeInteger(lsn)).toBe(true);
  expect(firstLsn).toBeGreaterThanOrEqual(0);
  expect(committedLsn).toBeGreaterThanOrEqual(firstLsn - 1);
  for (const damage of reader.damage) {
    expect(damage.error).toBeInstanceOf(MmsbError);
    expect(damage.offset + damage.lostBytes).toBeLessThanOrEqual(bytes.length);
  }
  const lsns: number[] = [];
  for (let block = 0; block < reader.blockCount; block++) {
    const read = reader.readBlock(block, batch);
    if (!read.ok) {
      expect(["LOG_RECORD_CORRUPT", "LOG_RECORDS_LOST"]).toContain(read.error.code);
      continue;
    }
    // A record's bytes are never more than the file has, which bounds what was allocated for it.
    expect(batch.bytes.length).toBeLessThanOrEqual(bytes.length + 65_536);
    for (let row = 0; row < batch.count; row++) lsns.push(batch.lsn(row));
  }
  for (const ref of reader.checkpoints) {
    const image = reader.loadCheckpoint(ref);
    if (!image.ok) continue;
    for (const [index, page] of image.value.pages.entries()) {
      expect(page.sizeBytes).toBeLessThanOrEqual(bytes.length);
      image.value.readPage(index, new Uint8Array(page.sizeBytes));
    }
  }
  const options = { fileSystem: disk, lock: disk.lock };
  const recovered = await recoverLog(reader, "/h/copy.tlog", options);
  if (recovered.ok) {
    const copy = LogReader.open("/h/copy.tlog", { fileSystem: disk });
    expect(copy.ok && copy.value.damage.length).toBe(0);
    if (copy.ok) copy.value.close();
  }
  reader.close();
  const writer = await LogWriter.open("/h/x.tlog", options);
  if (writer.ok) await writer.value.close();
  return lsns;
}

const rises = (lsns: readonly number[]) => lsns.every((lsn, i) => i === 0 || lsn > lsns[i - 1]!);

describe("a recording that lies", () => {
  test("made of random bytes opens or is refused, and never throws", async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(...blocks.filter((block) => block.length < 2000)),
      fc.constant(new Uint8Array(Uint32Array.of(BLOCK_MAGIC).buffer)),
      fc.nat({ max: 2000 }).map((length) => new Uint8Array(length)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
        expect(rises(await exercise(join2(pieces)))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("with blocks dropped, doubled, moved or taken from another recording shows each LSN once and in order", async () => {
    const any = fc.oneof(
      { weight: 5, arbitrary: fc.nat({ max: session.length - 1 }).map((i) => session[i]!) },
      { weight: 1, arbitrary: fc.constantFrom(...blocks) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(any, { maxLength: 20 }), async (chosen) => {
        expect(rises(await exercise(join2(chosen)))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  test("under right checksums stays within bounds, whatever its lengths, counts and columns claim", async () => {
    const value = fc.oneof(
      fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0xffffffff),
      fc.nat({ max: 0xffffffff }),
    );
    // Headers are small: half of the lies are told there, the others anywhere.
    const place = fc.oneof(
      fc.constantFrom(4, 5, 6, 12, 32, 36, 40, 44, 48, 52, 56, 60, 64, 65, 66, 68, 72),
      fc.nat({ max: 4000 }),
    );
    const lie = fc.record({
      block: fc.nat({ max: session.length - 1 }),
      place,
      value,
      width: fc.constantFrom(1, 2, 4),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(lie, { minLength: 1, maxLength: 4 }), async (lies) => {
        const forged = session.map((block) => block.slice());
        for (const { block, place: at, value: number, width } of lies) {
          const bytes = forged[block]!;
          const from = at % (bytes.length - 4);
          for (let i = 0; i < width && from + i < bytes.length - 4; i++) bytes[from + i] = number >>> (8 * i);
          reseal(bytes);
        }
        expect(rises(await exercise(join2(forged)))).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test("with the beginning of a block every few bytes is searched in bounded time", async () => {
    const bytes = new Uint8Array(2_000_000);
    const view = new DataView(bytes.buffer);
    for (let at = 0; at + 16 <= bytes.length; at += 16) {
      view.setUint32(at, BLOCK_MAGIC, true);
      view.setUint32(at + 4, 0x0201, true);
      view.setUint32(at + 8, 65_536, true);
      view.setUint32(at + 12, 1, true);
    }
    const started = performance.now();
    const lsns = await exercise(join2([bytes, session[0]!]));
    expect(lsns).toEqual([]);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});
