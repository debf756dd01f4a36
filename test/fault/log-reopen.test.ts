import { describe, expect, test } from "vitest";
import { crc32c } from "../../engine/accel/crc32c.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { recoverLog } from "../../engine/log/recover.ts";
import { Journal, LogSession, RECORDING, readable, type Shape, writerOptions } from "./log-session.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

async function written(shape: Shape, transactions: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  const session = new LogSession(disk, new Journal(), new Prng(5), shape);
  unwrap(await session.start());
  expect(await session.work(transactions)).toBe(true);
  unwrap(await session.writer!.close());
  return disk;
}

describe("reopening a recording", () => {
  test("leaves the sound blocks of a later version of the format alone", async () => {
    const shape = { bodyBytes: 100 };
    const disk = await written(shape, 3);
    const bytes = disk.content(RECORDING)!.slice();
    // The last block, an end mark of 72 bytes, as version 2 would write it.
    const last = bytes.subarray(bytes.length - 72);
    last[4] = 2;
    new DataView(last.buffer, last.byteOffset).setUint32(68, crc32c(last.subarray(0, 68)), true);
    disk.put(RECORDING, bytes);
    const opened = await LogWriter.open(RECORDING, writerOptions(disk, shape));
    expect(opened.ok ? "opened" : opened.error.code).toBe("LOG_VERSION");
    expect(disk.content(RECORDING)).toEqual(bytes);
  });

  test("with its first segment moved away is not taken for a place to begin a new one", async () => {
    const shape = { bodyBytes: 100, rotateBytes: 700 };
    const disk = await written(shape, 8);
    unwrap(disk.rename(RECORDING, "/simulated/elsewhere.tlog"));
    const made = await LogWriter.create(RECORDING, writerOptions(disk, shape));
    expect(made.ok ? "created" : made.error.code).toBe("LOG_EXISTS");
  });

  test("says why the first write failed, and that it takes no more after that", async () => {
    const disk = new SimulatedDisk();
    const writer = unwrap(await LogWriter.create(RECORDING, writerOptions(disk, { bodyBytes: 1 })));
    writer.append(RecordKind.Event, {});
    disk.plan = (call) => (call === disk.calls - 1 ? "ENOSPC" : undefined);
    const failed = writer.sync();
    expect(failed.ok ? "" : failed.error.describe()).toContain("no space left");
    expect(writer.failure?.code).toBe("LOG_NO_SPACE");
    disk.plan = () => undefined;
    const refused = writer.sync();
    expect(refused.ok ? "" : refused.error.code).toBe("LOG_READ_ONLY");
    await writer.close();
    expect(disk.violations).toEqual([]);
  });
});

describe("recovery of a recording that has dropped its beginning", () => {
  test("keeps LSNs, checkpoints and causes as they were", async () => {
    const disk = await written({ bodyBytes: 100, rotateBytes: 900, keepSegments: 2 }, 30);
    const reader = unwrap(LogReader.open(RECORDING, { fileSystem: disk }));
    expect(reader.firstLsn).toBeGreaterThan(10);
    unwrap(await recoverLog(reader, "/simulated/copy.tlog", { fileSystem: disk, lock: disk.lock }));
    const copy = unwrap(LogReader.open("/simulated/copy.tlog", { fileSystem: disk }));
    expect([copy.firstLsn, copy.lastLsn, copy.committedLsn, copy.complete]).toEqual([
      reader.firstLsn,
      reader.lastLsn,
      reader.committedLsn,
      true,
    ]);
    expect(copy.checkpoints[0]!.lsn).toBe(reader.firstLsn - 1);
    expect(readable(copy)).toEqual(readable(reader));
  });
});
