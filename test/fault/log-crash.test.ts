import { describe, expect, test } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { recoverLog } from "../../engine/log/recover.ts";
import { Journal, LogSession, RECORDING, readable, type Shape, writerOptions } from "./log-session.ts";
import { SimulatedCrash, SimulatedDisk } from "./simulated-disk.ts";

const SHAPES: readonly Shape[] = [
  { bodyBytes: 200 },
  { bodyBytes: 200, genesis: true, rotateBytes: 1500 },
  { bodyBytes: 200, rotateBytes: 1200, keepSegments: 2 },
  { bodyBytes: 150_000 },
  { bodyBytes: 40_000, genesis: true, rotateBytes: 30_000, keepSegments: 3 },
];

/** Runs `work`; a crash ends it quietly. */
async function untilCrash(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return false;
  } catch (thrown) {
    if (!(thrown instanceof SimulatedCrash)) throw thrown;
    return true;
  }
}

/**
 * What must hold of the recording after a crash: everything acknowledged is there, in order and bit for bit; nothing else stands in it than what was
 * written; no half transaction is in the final state. Returns the LSN up to which it is whole, or -1 where there is none yet.
 */
function check(disk: SimulatedDisk, journal: Journal, shape: Shape): LogReader | undefined {
  const opened = LogReader.open(RECORDING, { fileSystem: disk });
  if (!opened.ok) {
    expect(journal.acknowledged, opened.error.describe()).toBe(0);
    expect(["LOG_NOT_FOUND", "LOG_EMPTY", "LOG_TRUNCATED", "LOG_NOT_A_LOG"]).toContain(opened.error.code);
    return undefined;
  }
  const reader = opened.value;
  const found = readable(reader);
  for (const [lsn, text] of found)
    if (text !== journal.records[lsn]) expect([lsn, text]).toEqual([lsn, journal.records[lsn]]);
  if (shape.keepSegments === undefined) expect(reader.firstLsn).toBe(1);
  else if (reader.firstLsn > 1) expect(reader.checkpoints[0]?.lsn).toBe(reader.firstLsn - 1);
  for (let lsn = reader.firstLsn; lsn <= journal.acknowledged; lsn++)
    if (!found.has(lsn))
      expect.fail(
        `acknowledged record ${lsn} of ${journal.acknowledged} is gone: ${reader.damage[0]?.error.describe()}`,
      );
  expect(journal.isWhole(reader.committedLsn), `committed ${reader.committedLsn}`).toBe(true);
  if (reader.gaps.length === 0) {
    let whole = reader.lastLsn;
    while (!journal.isWhole(whole)) whole--;
    expect(reader.committedLsn).toBe(whole);
  }
  for (const ref of reader.checkpoints) {
    const image = unwrap(reader.loadCheckpoint(ref));
    for (const [i, page] of image.pages.entries()) unwrap(image.readPage(i, new Uint8Array(page.sizeBytes)));
  }
  return reader;
}

/** Whether a writer may refuse: damage that sound blocks follow, or records missing in the middle. */
function isDamagedInside(reader: LogReader): boolean {
  const { tail } = reader;
  return reader.gaps.length > 0 || reader.damage.some((damage) => !tail.isTail(damage));
}

async function checkRecovery(
  disk: SimulatedDisk,
  reader: LogReader,
  journal: Journal,
  acknowledged: number,
): Promise<void> {
  const copyPath = "/simulated/copy.tlog";
  unwrap(await recoverLog(reader, copyPath, { fileSystem: disk, lock: disk.lock, durability: "commit" }));
  const copy = unwrap(LogReader.open(copyPath, { fileSystem: disk }));
  expect(copy.complete).toBe(true);
  const found = readable(copy);
  const shift = reader.firstLsn - copy.firstLsn;
  for (let lsn = reader.firstLsn; lsn <= acknowledged; lsn++)
    expect(found.get(lsn - shift)).toBe(journal.records[lsn]);
  copy.close();
}

/** After a failed call: no record is taken, every wait says why, and the descriptor is left alone. */
async function checkReadOnly(writer: LogWriter): Promise<void> {
  expect(writer.failure).toBeDefined();
  expect(writer.append(RecordKind.Event, {})).toBe(0);
  for (const result of [writer.flush(), writer.sync(), await writer.durable()])
    expect(result.ok ? "accepted" : result.error.code).toBe("LOG_READ_ONLY");
  await writer.close();
}

/** Lives of one recording, each ended by a crash (some by a failure first), checked after each. */
async function lives(seed: number): Promise<void> {
  const prng = new Prng(seed);
  const shape = prng.pick(SHAPES);
  const journal = new Journal();
  let disk = new SimulatedDisk(seed, seed % 2 === 1);
  for (let life = 0; life < 4; life++) {
    const fault = prng.pick(["crash", "crash", "EIO", "ENOSPC"] as const);
    const at = prng.below(prng.chance(0.3) ? 12 : 60);
    const current = disk;
    current.plan = (call) => (call === at ? fault : undefined);
    const session = new LogSession(current, journal, prng, shape);
    await untilCrash(async () => {
      const started = await session.start();
      if (!started.ok) {
        expect(["LOG_IO", "LOG_NO_SPACE"], started.error.describe()).toContain(started.error.code);
        return;
      }
      const fine = await session.work(prng.between(1, 25));
      if (!fine) await checkReadOnly(session.writer!);
      else if (prng.chance(0.5) && !(await session.writer!.close()).ok)
        expect(session.writer!.failure).toBeDefined();
    });
    expect(current.violations).toEqual([]);
    disk = current.restart(prng);
    const reader = check(disk, journal, shape);
    if (reader === undefined) {
      for (const path of disk.paths()) disk.remove(path);
      disk.syncFolder("/simulated");
      journal.cutTo(0);
      journal.created = false;
      continue;
    }
    const inside = isDamagedInside(reader);
    const next = await LogWriter.open(RECORDING, writerOptions(disk, shape));
    if (!next.ok) {
      expect(inside, next.error.describe()).toBe(true);
      await checkRecovery(disk, reader, journal, journal.acknowledged);
      return;
    }
    expect(next.value.lastLsn).toBe(reader.lastLsn);
    journal.created = true;
    journal.cutTo(reader.lastLsn);
    reader.close();
    unwrap(await next.value.close());
    check(disk, journal, shape)?.close();
  }
}

describe("a crash of the machine", () => {
  test.each(Array.from({ length: 20 }, (_, i) => i))(
    "loses nothing that was acknowledged (seeds from %i0)",
    async (ten) => {
      for (let seed = ten * 10; seed < ten * 10 + 10; seed++) {
        try {
          await lives(seed);
        } catch (cause) {
          throw new Error(`seed ${seed}: ${String(cause)}`, { cause });
        }
      }
    },
  );

  test.each([
    ["one file", { bodyBytes: 200, genesis: true }],
    ["one file whose writes are queued", { bodyBytes: 400, genesis: true, queues: true }],
    ["segments that rotate", { bodyBytes: 200, rotateBytes: 700 }],
    ["a bounded set of segments", { bodyBytes: 200, rotateBytes: 700, keepSegments: 2 }],
  ] as [string, Shape][])(
    "between any two system calls of a session with %s leaves a recording that goes on",
    async (_name, shape) => {
      const run = async (disk: SimulatedDisk, journal: Journal) => {
        const first = new LogSession(disk, journal, new Prng(11), shape);
        const started = await first.start();
        if (!started.ok || !(await first.work(5))) return first.writer;
        if (!(await first.writer!.close()).ok) return first.writer;
        const second = new LogSession(disk, journal, new Prng(12), shape);
        const again = await second.start();
        if (!again.ok || !(await second.work(4))) return second.writer;
        return undefined;
      };
      const dry = new SimulatedDisk(1, shape.queues);
      await run(dry, new Journal());
      expect(dry.calls).toBeGreaterThan(20);
      for (let call = 0; call <= dry.calls; call++) {
        for (let draw = 0; draw < 3; draw++) {
          for (const fault of draw === 0 ? (["crash", "EIO", "ENOSPC"] as const) : (["crash"] as const)) {
            const place = `${fault} at call ${call}, draw ${draw}`;
            const disk = new SimulatedDisk(draw, shape.queues);
            disk.plan = (ordinal) => (ordinal === call ? fault : undefined);
            const journal = new Journal();
            let failed: LogWriter | undefined;
            await untilCrash(async () => {
              failed = await run(disk, journal);
            });
            if (failed?.failure !== undefined) await checkReadOnly(failed);
            expect(disk.violations, place).toEqual([]);
            const after = disk.restart(new Prng(call * 100 + draw));
            const reader = check(after, journal, shape);
            if (reader === undefined) continue;
            const inside = isDamagedInside(reader);
            const next = new LogSession(after, journal, new Prng(13), shape);
            const acknowledged = journal.acknowledged;
            journal.created = true;
            journal.cutTo(reader.lastLsn);
            const opened = await next.start();
            if (!opened.ok) {
              expect(inside, `${place}: ${opened.error.describe()}`).toBe(true);
              await checkRecovery(after, reader, journal, acknowledged);
              continue;
            }
            reader.close();
            expect(await next.work(3), place).toBe(true);
            unwrap(await next.writer!.close());
            const whole = check(after, journal, shape);
            if (!inside)
              expect(whole?.complete, `${place}: ${whole?.damage[0]?.error.describe()}`).toBe(true);
            whole?.close();
          }
        }
      }
    },
  );
});

describe("damage in the middle", () => {
  test("is refused by a writer, while recovery keeps every record before it", async () => {
    for (let seed = 0; seed < 60; seed++) {
      const prng = new Prng(seed);
      const disk = new SimulatedDisk(seed);
      const journal = new Journal();
      const shape: Shape = { bodyBytes: 3000, genesis: true };
      const session = new LogSession(disk, journal, prng, shape);
      unwrap(await session.start());
      expect(await session.work(12)).toBe(true);
      unwrap(await session.writer!.close());
      const bytes = disk.content(RECORDING)!.slice();
      const at = prng.below(bytes.length - 600);
      if (prng.chance(0.5)) bytes[at] = bytes[at]! ^ (1 << prng.below(8));
      else bytes.fill(0, at - (at % 512), at - (at % 512) + 512);
      disk.put(RECORDING, bytes);
      const reader = unwrap(LogReader.open(RECORDING, { fileSystem: disk }));
      expect(reader.complete, `seed ${seed}`).toBe(false);
      const damage = reader.damage[0]!;
      expect([damage.path, damage.error.place.offset]).toEqual([RECORDING, damage.offset]);
      expect(damage.offset).toBeLessThanOrEqual(at);
      const found = readable(reader);
      for (const [lsn, text] of found) expect(text).toBe(journal.records[lsn]);
      for (let lsn = 1; lsn <= damage.afterLsn; lsn++)
        expect(found.has(lsn), `seed ${seed}, LSN ${lsn}`).toBe(true);
      if (reader.blockCount > 0) expect(reader.findBlock(reader.lastLsn)).toBe(reader.blockCount - 1);
      const opened = await LogWriter.open(RECORDING, writerOptions(disk, shape));
      expect(opened.ok ? "opened" : opened.error.code, `seed ${seed}`).toBe("LOG_BLOCK_DAMAGED");
      await checkRecovery(disk, reader, journal, damage.afterLsn);
      reader.close();
    }
  });
});
