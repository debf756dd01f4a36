import { describe, expect, it } from "vitest";
import { toHex } from "../../../engine/base/bytes.ts";
import { ManualClock } from "../../../engine/base/clock.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { ok, unwrap } from "../../../engine/base/result.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { decodeGap, decodeTransactionEnd } from "../../../engine/log/record-bodies.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { recoverLog } from "../../../engine/log/recover.ts";
import { replayAll } from "../../../engine/replay/replay-all.ts";
import { verifyRecording } from "../../../engine/replay/verify.ts";
import { mmsbStart, mmsbStop } from "../../../engine/session/mmsb.ts";
import { SimulatedDisk } from "../../fault/simulated-disk.ts";

const PATH = "/r/x.tlog";
const COPY = "/r/copy.tlog";

interface Shape {
  readonly transactions: number;
  /** A full checkpoint after every so many, a dirty one halfway. */
  readonly checkpointEvery: number;
  readonly rotateBytes?: number;
  /** Writes a body that needs overflow blocks in this transaction. */
  readonly largeAt?: number;
}

async function record(seed: number, shape: Shape): Promise<SimulatedDisk> {
  const prng = new Prng(seed);
  const disk = new SimulatedDisk(seed);
  const clock = new ManualClock(1_000n, 10n);
  const { rotateBytes } = shape;
  const session = unwrap(
    await mmsbStart({
      path: PATH,
      fileSystem: disk,
      lock: disk.lock,
      clock,
      uuid: new Uint8Array(16).fill(7),
      ...(rotateBytes === undefined ? {} : { rotateBytes }),
    }),
  );
  const pages = Array.from({ length: 5 }, () =>
    unwrap(session.createPage({ sizeBytes: 300, type: "bytes" })),
  );
  const large = unwrap(session.createPage({ sizeBytes: 200_000, type: "large" }));
  for (let i = 1; i <= shape.transactions; i++) {
    unwrap(
      session.transaction(() => {
        const cause = session.lastLsn;
        for (let n = 0; n < 4; n++) {
          const bytes = Uint8Array.from({ length: 1 + prng.below(40) }, () => prng.u32());
          unwrap(session.write(prng.pick(pages), prng.below(250), bytes, { source: `writer ${n}`, cause }));
        }
        if (i === shape.largeAt) {
          const bytes = Uint8Array.from({ length: 150_000 }, () => prng.u32());
          unwrap(session.write(large, 0, bytes, { source: "large" }));
        }
        return ok();
      }),
    );
    if (i % shape.checkpointEvery === 0) unwrap(session.checkpoint("full"));
    else if (i % shape.checkpointEvery === shape.checkpointEvery >> 1) unwrap(session.checkpoint("dirty"));
  }
  unwrap(await mmsbStop(session));
  return disk;
}

interface Row {
  readonly kind: number;
  readonly key: string;
  readonly cause: number;
  readonly body: Uint8Array;
}

function rowsOf(reader: LogReader): Map<number, Row> {
  const rows = new Map<number, Row>();
  const batch = new RecordBatch();
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row]!;
      const key = `${kind} ${batch.pageId(row)} ${batch.epoch[row]} ${batch.timestampNs(row)} ${batch.sourceText(row)}`;
      rows.set(batch.lsn(row), { kind, key, cause: batch.cause[row]!, body: batch.body(row).slice() });
    }
  }
  return rows;
}

function hit(disk: SimulatedDisk, path: string, find: (bytes: Uint8Array) => number): void {
  const bytes = disk.content(path)!.slice();
  bytes[find(bytes)]! ^= 4;
  disk.put(path, bytes);
}

async function recovered(disk: SimulatedDisk) {
  const source = unwrap(LogReader.open(PATH, { fileSystem: disk }));
  const report = unwrap(await recoverLog(source, COPY, { fileSystem: disk, lock: disk.lock }));
  const copy = unwrap(LogReader.open(COPY, { fileSystem: disk }));
  return { source, report, copy };
}

function expectConsistent(original: Map<number, Row>, copy: LogReader): void {
  const rows = rowsOf(copy);
  const originalOf = new Map([...original].map(([lsn, row]) => [row.key, lsn]));
  expect(originalOf.size).toBe(original.size);
  let begin = 0;
  for (const [lsn, row] of rows) {
    if (row.kind === RecordKind.TransactionBegin) begin = lsn;
    if (row.kind === RecordKind.TransactionCommit) expect(unwrap(decodeTransactionEnd(row.body))).toBe(begin);
    if (row.kind === RecordKind.Gap) expect(unwrap(decodeGap(row.body)).fromLsn).toBe(lsn);
    const was = original.get(originalOf.get(row.key) ?? 0);
    if (was === undefined || row.cause === 0) continue;
    // the same record led to it, wherever that stands now
    expect(rows.get(row.cause)!.key).toBe(original.get(was.cause)!.key);
  }
}

describe("recovery", () => {
  it("keeps everything from the next full checkpoint on, and the state that the original came to (V10)", async () => {
    for (let seed = 1; seed <= 25; seed++) {
      const prng = new Prng(seed);
      const rotateBytes = seed % 3 === 0 ? 9000 : undefined;
      const shape = {
        transactions: 60,
        checkpointEvery: 15,
        ...(rotateBytes === undefined ? {} : { rotateBytes }),
      };
      const disk = await record(seed, shape);
      const whole = unwrap(LogReader.open(PATH, { fileSystem: disk }));
      const original = rowsOf(whole);
      const want = toHex(unwrap(replayAll(whole)).stateHash);
      const path = disk.paths()[0]!;
      hit(disk, path, (bytes) => 300 + prng.below(bytes.length >> 1));
      const { source, report, copy } = await recovered(disk);
      expect(source.damage.length, `seed ${seed}`).toBeGreaterThan(0);
      expect(copy.complete).toBe(true);
      expect(verifyRecording(copy).problems, `seed ${seed}`).toEqual([]);
      expect(toHex(unwrap(replayAll(copy)).stateHash), `seed ${seed}`).toBe(want);
      expectConsistent(original, copy);
      const lostTo = Math.max(0, ...source.gaps.map((gap) => gap.toLsn));
      const next = source.checkpoints.find((ref) => ref.kind === "full" && ref.lsn >= lostTo)!;
      const behind = [...original.keys()].filter((lsn) => lsn > next.lsn).length;
      expect(report.records).toBeGreaterThanOrEqual(behind);
      const tail = [...rowsOf(copy).values()].slice(-behind).map((row) => row.key);
      expect(tail).toEqual([...original.values()].slice(-behind).map((row) => row.key));
    }
  });

  it("of a good copy changes nothing any more (V10)", async () => {
    const disk = await record(4, { transactions: 40, checkpointEvery: 12 });
    hit(disk, PATH, (bytes) => bytes.length >> 1);
    const { copy } = await recovered(disk);
    disk.put(PATH, disk.content(COPY)!);
    disk.remove(COPY);
    const again = await recovered(disk);
    expect(again.report.dropped).toBe(0);
    expect([...rowsOf(again.copy)]).toEqual([...rowsOf(copy)]);
  });

  it("loses one record with its overflow blocks, and what is not certain without it, but not its block (V5)", async () => {
    const disk = await record(5, { transactions: 30, checkpointEvery: 100, largeAt: 10 });
    const whole = unwrap(LogReader.open(PATH, { fileSystem: disk }));
    const original = rowsOf(whole);
    const [largeLsn] = [...original].find(([, row]) => row.key.endsWith(" large"))!;
    hit(disk, PATH, overflowAt);
    const { source, report, copy } = await recovered(disk);
    expect(source.gaps).toEqual([]);
    expect(source.damage).toHaveLength(1);
    const rows = rowsOf(source);
    expect([...rows.keys()]).toEqual([...original.keys()]);
    for (const [lsn, row] of rows) {
      if (lsn === largeLsn) expect(row.kind).toBe(RecordKind.Gap);
      else expect(row.key).toBe(original.get(lsn)!.key);
    }
    expect(verifyRecording(source).problems.map((problem) => problem.code)).toContain("LOG_RECORDS_LOST");
    expect(report.dropped).toBe(0);
    expect(verifyRecording(copy).problems).toEqual([]);
    expectConsistent(original, copy);
  });
});

/** A byte inside the second overflow block. */
function overflowAt(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0; at < bytes.length; at += view.getUint32(at + 8, true)) {
    if (bytes[at + 5] === 3 && view.getUint32(at + 12, true) === 1) return at + 5000;
  }
  throw new Error("no overflow block");
}
