// V3, V7: small writes that are synced one by one go where zeros stand, and nobody takes those for anything.
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { type LogFileSystem, nodeFileSystem } from "../../../engine/log/file-system.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter } from "../../../engine/log/log-writer.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { SimulatedDisk } from "../../fault/simulated-disk.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-zeros-"));
  path = join(folder, "x.tlog");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const body = new Uint8Array(1000).fill(7);
const MOST_ZEROS = 1 << 20;

/** Counts the writes that a sync finds to have made the file longer. */
function watched(): { fileSystem: LogFileSystem; growths: number; syncs: number } {
  const counts = { fileSystem: nodeFileSystem, growths: 0, syncs: 0 };
  counts.fileSystem = {
    ...nodeFileSystem,
    open(name, mode) {
      const opened = nodeFileSystem.open(name, mode);
      if (!opened.ok || mode === "read") return opened;
      const file = opened.value;
      const sync = file.sync.bind(file);
      let size = 0;
      file.sync = () => {
        const now = unwrap(file.size());
        if (now > size) counts.growths++;
        size = now;
        counts.syncs++;
        return sync();
      };
      return opened;
    },
  };
  return counts;
}

test("few of many small syncs find the file longer than the one before, and the closed file has no zeros left", async () => {
  const counts = watched();
  const writer = unwrap(
    await LogWriter.create(path, { durability: "commit", fileSystem: counts.fileSystem }),
  );
  for (let i = 0; i < 1000; i++) {
    writer.append(RecordKind.Event, { body });
    unwrap(writer.sync());
  }
  const open = statSync(path).size;
  expect(open).toBeGreaterThan(writer.sizeBytes);
  expect(open).toBeLessThanOrEqual(writer.sizeBytes + 2 * MOST_ZEROS);
  expect(counts.syncs).toBeGreaterThan(1000);
  expect(counts.growths).toBeLessThan(30);
  unwrap(await writer.close());
  expect(statSync(path).size).toBe(writer.sizeBytes);
  const reader = unwrap(LogReader.open(path));
  expect([reader.complete, reader.lastLsn, reader.damage]).toEqual([true, 1000, []]);
  reader.close();
});

test("a reader that follows finds every record as it comes, without damage", async () => {
  const writer = unwrap(await LogWriter.create(path, { durability: "commit" }));
  const reader = unwrap(LogReader.open(path));
  const batch = new RecordBatch();
  for (let i = 0; i < 100; i++) {
    writer.append(RecordKind.Event, { body: body.fill(i) });
    unwrap(writer.sync());
    expect(unwrap(reader.refresh())).toBe(true);
    expect([reader.lastLsn, reader.damage]).toEqual([i + 1, []]);
    unwrap(reader.readBlock(reader.blockCount - 1, batch));
    expect(batch.body(batch.count - 1)[0]).toBe(i);
  }
  reader.close();
  unwrap(await writer.close());
});

test("what a writer that died leaves is opened whole, and the next one goes on behind its last record", async () => {
  const writer = unwrap(await LogWriter.create(path, { durability: "commit" }));
  for (let i = 0; i < 100; i++) {
    writer.append(RecordKind.Event, { body });
    unwrap(writer.sync());
  }
  const dead = join(folder, "dead.tlog");
  copyFileSync(path, dead);
  unwrap(await writer.close());
  expect(readFileSync(dead).at(-1)).toBe(0);
  const reader = unwrap(LogReader.open(dead));
  expect([reader.lastLsn, reader.damage]).toEqual([100, []]);
  reader.close();
  const next = unwrap(await LogWriter.open(dead, { durability: "commit" }));
  expect(next.append(RecordKind.Event, { body })).toBe(101);
  unwrap(await next.close());
  const whole = unwrap(LogReader.open(dead));
  expect([whole.complete, whole.lastLsn, whole.damage]).toEqual([true, 101, []]);
  whole.close();
});

test("a segment that is left for the next has none either", async () => {
  const writer = unwrap(
    await LogWriter.create(path, {
      durability: "commit",
      rotateBytes: 50_000,
      snapshot: () => ({
        kind: "full",
        baseLsn: 0,
        pages: [],
        destroyed: [],
        edges: [],
        stateHash: new Uint8Array(32),
        structureHash: new Uint8Array(32),
        bytesOf: () => body,
      }),
    }),
  );
  for (let i = 0; i < 120; i++) {
    writer.begin();
    writer.append(RecordKind.Event, { body });
    writer.commit();
    unwrap(writer.sync());
  }
  unwrap(await writer.close());
  const reader = unwrap(LogReader.open(path));
  expect([reader.complete, reader.damage]).toEqual([true, []]);
  reader.close();
  for (const name of ["x.tlog", "x.000001.tlog"])
    expect(readFileSync(join(folder, name)).readUInt32LE(statSync(join(folder, name)).size - 72)).toBe(
      0x4b42534d,
    );
});

test("a medium that has no room for them takes records until it has none for these", async () => {
  for (const fileBytes of [5_000, 70_000, 300_000, 1_500_000]) {
    const disk = new SimulatedDisk();
    disk.fileBytes = fileBytes;
    const options = { durability: "commit", fileSystem: disk, lock: disk.lock } as const;
    const writer = unwrap(await LogWriter.create("/full.tlog", options));
    let synced = 0;
    let syncedBytes = 0;
    for (;;) {
      writer.append(RecordKind.Event, { body });
      const done = writer.sync();
      if (!done.ok) break;
      synced++;
      syncedBytes = writer.sizeBytes;
    }
    expect(writer.failure?.code).toBe("LOG_NO_SPACE");
    expect(syncedBytes).toBeLessThanOrEqual(fileBytes);
    expect(syncedBytes).toBeGreaterThan(fileBytes - 2 * body.length);
    await writer.close();
    expect(disk.violations).toEqual([]);
    const reader = unwrap(LogReader.open("/full.tlog", { fileSystem: disk }));
    expect(reader.lastLsn).toBe(synced);
    reader.close();
  }
});

test("an error of the medium under them is one of the log", async () => {
  const disk = new SimulatedDisk();
  const options = { durability: "none", fileSystem: disk, lock: disk.lock } as const;
  const writer = unwrap(await LogWriter.create("/bad.tlog", options));
  for (let i = 0; i < 20; i++) writer.append(RecordKind.Event, { body });
  // The records' own write first, then the zeros'.
  const zeros = disk.calls + 1;
  disk.plan = (call) => (call === zeros ? "EIO" : undefined);
  writer.append(RecordKind.Event, { body });
  expect(writer.sync()).toMatchObject({ ok: false, error: { code: "LOG_IO" } });
  await writer.close();
  expect(disk.violations).toEqual([]);
});

test("a large sync has none written for it", async () => {
  const writer = unwrap(await LogWriter.create(path, { durability: "commit" }));
  for (let i = 0; i < 3; i++) {
    for (let k = 0; k < 200; k++) writer.append(RecordKind.Event, { body });
    unwrap(writer.sync());
    expect(statSync(path).size).toBe(writer.sizeBytes);
  }
  writer.append(RecordKind.Event, { body });
  unwrap(writer.sync());
  expect(statSync(path).size).toBeGreaterThan(writer.sizeBytes + body.length);
  unwrap(await writer.close());
});
