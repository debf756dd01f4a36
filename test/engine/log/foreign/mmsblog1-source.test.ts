import { createHash } from "node:crypto";
import { appendFileSync, truncateSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { showForeignText } from "../../../../engine/log/foreign/foreign-text.ts";
import { MmsbLog1Source } from "../../../../engine/log/foreign/mmsblog1-source.ts";
import { MmsbSnap } from "../../../../engine/log/foreign/mmsbsnap.ts";
import { RecordBatch } from "../../../../engine/log/record-batch.ts";
import { RecordKind } from "../../../../engine/log/record-kinds.ts";
import { stateHashOf } from "../../../../engine/pages/state-hash.ts";
import {
  encodeFrame,
  encodeLog,
  encodeSnap,
  type NaiveFrame,
  naiveFrame,
  temporaryFolder,
  text,
  u32,
  u64,
} from "./naive-mmsb.ts";
import { replaySource, rowsOf } from "./source-replay.ts";

const folder = temporaryFolder();
let files = 0;

function write(content: Uint8Array): string {
  const file = path.join(folder, `${files++}`);
  writeFileSync(file, content);
  return file;
}

const open = (content: Uint8Array, options = {}) => unwrap(MmsbLog1Source.open(write(content), options));

function refusal(content: Uint8Array, options = {}) {
  const opened = MmsbLog1Source.open(write(content), options);
  if (opened.ok) throw new Error("it opened");
  return opened.error;
}

const numbered = (count: number, fields: (i: number) => Partial<NaiveFrame> = () => ({})) =>
  Array.from({ length: count }, (_, i) => naiveFrame({ deltaId: BigInt(i + 1), ...fields(i) }));

describe("a log of the older program", () => {
  it("is a recording without records where it holds no frame", () => {
    const log = open(encodeLog(2, []));
    expect([log.blockCount, log.firstLsn, log.lastLsn, log.committedLsn, log.complete]).toEqual([
      0,
      1,
      0,
      0,
      true,
    ]);
    expect(log.findBlock(1)).toBe(-1);
    expect(unwrap(log.loadCheckpoint(log.checkpoints[0]!)).pages).toEqual([]);
  });

  it("reads in blocks of at most 1024 frames, 64 KiB, or one larger frame", () => {
    const huge = { mask: new Uint8Array(100_000).fill(1), payload: new Uint8Array(100_000).fill(3) };
    const small = numbered(2500);
    const wide = numbered(100, () => ({ mask: new Uint8Array(2000), payload: new Uint8Array(2000) }));
    const all = [...small, naiveFrame(huge), ...wide];
    const log = open(encodeLog(1, all));
    const counts = Array.from({ length: log.blockCount }, (_, block) => log.blockRecordCount(block));
    expect(counts.slice(0, 4)).toEqual([1024, 1024, 452, 1]);
    // 4045 bytes a frame: 16 fit into 65,536 bytes.
    expect(counts.slice(4)).toEqual([16, 16, 16, 16, 16, 16, 4]);
    const batch = new RecordBatch(1024);
    for (let lsn = 1; lsn <= all.length; lsn += 37) {
      const block = log.findBlock(lsn);
      expect(log.blockFirstLsn(block)).toBeLessThanOrEqual(lsn);
      unwrap(log.readBlock(block, batch));
      expect(batch.deltaId(batch.rowOf(lsn))).toBe(all[lsn - 1]!.deltaId);
    }
    expect([log.findBlock(0), log.findBlock(all.length + 1)]).toEqual([-1, -1]);
    expect(replaySource(log).applied).toBe(all.length);
  });

  it("keeps two batches apart that are read from it at the same time", () => {
    const log = open(
      encodeLog(
        1,
        numbered(2000, (i) => ({ payload: Uint8Array.of(i, i, i) })),
      ),
    );
    const [a, b] = [new RecordBatch(), new RecordBatch()];
    unwrap(log.readBlock(0, a));
    const before = a.body(7).slice();
    unwrap(log.readBlock(1, b));
    expect(a.body(7)).toEqual(before);
  });

  it("names itself by its content", () => {
    const content = encodeLog(1, numbered(3));
    const digest = createHash("sha256").update(content).digest();
    expect(Buffer.from(open(content).uuid)).toEqual(digest.subarray(0, 16));
  });

  it("derives a page's size from its longest mask, refused frames included, and 0 where all are empty", () => {
    const empty = new Uint8Array(0);
    const log = open(
      encodeLog(1, [
        naiveFrame({ pageId: 2n ** 64n - 1n, mask: new Uint8Array(5), payload: new Uint8Array(5) }),
        naiveFrame({ pageId: 2n ** 53n + 1n, mask: new Uint8Array(9), payload: empty }),
        naiveFrame({ pageId: 2n ** 53n + 1n, mask: new Uint8Array(4), payload: new Uint8Array(4) }),
        naiveFrame({ pageId: 0n, mask: empty, payload: empty, epoch: 3 }),
      ]),
    );
    const genesis = unwrap(log.loadCheckpoint(log.checkpoints[0]!));
    expect(genesis.pages.map((page) => [page.id, page.sizeBytes, page.epoch])).toEqual([
      [0n, 0, 0],
      [2n ** 53n + 1n, 9, 0],
      [2n ** 64n - 1n, 5, 0],
    ]);
    const sha256 = (size: number) => createHash("sha256").update(new Uint8Array(size)).digest();
    expect(Buffer.from(log.checkpoints[0]!.stateHash)).toEqual(
      Buffer.from(
        stateHashOf(
          genesis.pages.map(({ id, sizeBytes, epoch }) => ({
            id,
            sizeBytes,
            epoch,
            sha256: sha256(sizeBytes),
          })),
        ),
      ),
    );
    const replay = replaySource(log);
    expect(replay.pages.get(0n)).toEqual({ bytes: empty, epoch: 3 });
    expect([replay.applied, replay.rejected]).toEqual([3, 1]);
  });

  it("cuts a mask that is longer than the page at the page's end", () => {
    const all = [
      naiveFrame({ mask: new Uint8Array(8).fill(1), payload: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) }),
      naiveFrame({
        mask: Uint8Array.of(0, 9, 0, 1, 1),
        payload: Uint8Array.of(20, 40, 50),
        sparse: 1,
        epoch: 9,
      }),
    ];
    const replay = replaySource(open(encodeLog(2, all), { pageSizes: new Map([[1n, 4]]) }));
    expect(replay.pages.get(1n)).toEqual({ bytes: Uint8Array.of(1, 20, 3, 40), epoch: 9 });
  });

  it("keeps a frame whose lengths disagree as it stands, and does not apply it", () => {
    const refused = naiveFrame({ payload: Uint8Array.of(1), metadata: text("{}"), epoch: 77 });
    const log = open(encodeLog(2, [naiveFrame(), refused, naiveFrame({ epoch: 2 })]));
    const row = rowsOf(log)[1]!;
    expect(row.kind).toBe(RecordKind.ForeignFrame);
    expect(Buffer.from(row.body)).toEqual(encodeFrame(2, refused));
    expect([row.epoch, row.pageId, row.source, row.maskLength]).toEqual([77, 1n, "test", 3]);
    const replay = replaySource(log);
    expect([replay.applied, replay.rejected, replay.pages.get(1n)!.epoch]).toEqual([2, 1, 2]);
  });

  it("applies a frame whose source is not UTF-8, and shows that source as its own reader does", () => {
    const log = open(encodeLog(1, [naiveFrame({ source: Uint8Array.of(0x61, 0xff, 0xe2, 0x82, 0x62) })]));
    expect(showForeignText(rowsOf(log)[0]!.source)).toBe("a\ufffd\ufffdb");
    expect(replaySource(log).applied).toBe(1);
  });

  it("refuses other files, other versions and impossible page sizes with an error that says where", () => {
    const whole = encodeLog(1, numbered(1));
    expect(refusal(Buffer.from("MMSBLOG2........")).code).toBe("LOG_NOT_A_LOG");
    expect(refusal(whole.subarray(0, 7)).code).toBe("LOG_NOT_A_LOG");
    expect(refusal(new Uint8Array(0)).code).toBe("LOG_NOT_A_LOG");
    for (const version of [0, 3, 0xffff_ffff]) {
      const other = Buffer.from(whole);
      other.writeUInt32LE(version, 8);
      expect(refusal(other)).toMatchObject({ code: "LOG_VERSION", place: { offset: 8 } });
    }
    for (const size of [-1, 1.5, Number.NaN, 2 ** 40]) {
      const pageSizes = new Map([[7n, size]]);
      expect(refusal(whole, { pageSizes })).toMatchObject({
        code: "PAGE_SIZE_INVALID",
        place: { pageId: 7n },
      });
    }
    const missing = MmsbLog1Source.open(path.join(folder, "missing"));
    expect(!missing.ok && missing.error.code).toBe("LOG_NOT_FOUND");
    const directory = MmsbLog1Source.open(folder);
    expect(!directory.ok && directory.error.code).toBe("LOG_NOT_A_LOG");
  });

  it("opens empty where the file is cut within its header", () => {
    const log = open(encodeLog(1, numbered(1)).subarray(0, 10));
    expect([log.formatVersion, log.lastLsn, log.complete]).toEqual([0, 0, false]);
    expect(log.damage).toMatchObject([{ offset: 8, lostBytes: 2, error: { code: "FOREIGN_TRUNCATED" } }]);
  });

  it("says so where it becomes shorter while it is open", () => {
    const file = write(encodeLog(1, numbered(20)));
    const log = unwrap(MmsbLog1Source.open(file));
    truncateSync(file, 100);
    const read = log.readBlock(0, new RecordBatch());
    expect(!read.ok && read.error.code).toBe("FOREIGN_TRUNCATED");
  });

  it("stays as it was opened when frames are appended", () => {
    const file = write(encodeLog(1, numbered(2)));
    const log = unwrap(MmsbLog1Source.open(file));
    appendFileSync(file, encodeFrame(1, naiveFrame()));
    expect(unwrap(log.refresh())).toBe(false);
    expect(rowsOf(log).length).toBe(2);
  });
});

describe("a length of 4 GiB in a file of 70 kB", () => {
  const good = encodeLog(2, numbered(5));
  const filler = new Uint8Array(70_000 - good.length);
  const head = Buffer.concat([u64(6n), u64(1n), u32(1)]);
  const flags = Uint8Array.of(1, 1);
  const upToPayload = Buffer.concat([head, u32(2), flags]);
  const upToSource = Buffer.concat([upToPayload, u32(2), flags, Uint8Array.of(0), u64(9n)]);
  const hostile = u32(0xffff_ffff);
  const tails = {
    mask: Buffer.concat([head, hostile]),
    payload: Buffer.concat([upToPayload, hostile]),
    source: Buffer.concat([upToSource, hostile]),
    metadata: Buffer.concat([upToSource, u32(0), hostile]),
  };

  it.each(Object.entries(tails))("in the %s costs neither memory nor time", (part, tail) => {
    const file = write(Buffer.concat([good, tail, filler]));
    const memory = process.memoryUsage();
    const before = memory.arrayBuffers + memory.external;
    const started = performance.now();
    const log = unwrap(MmsbLog1Source.open(file));
    const elapsedMs = performance.now() - started;
    const after = process.memoryUsage();
    expect(log.lastLsn).toBe(5);
    expect(log.damage).toMatchObject([
      { offset: good.length, lostBytes: tail.length + filler.length, afterLsn: 5 },
    ]);
    expect(log.damage[0]!.error.message).toContain(part);
    expect(rowsOf(log).length).toBe(5);
    expect(after.arrayBuffers + after.external - before).toBeLessThan(16 * 1024 * 1024);
    expect(elapsedMs).toBeLessThan(2000);
  });
});

describe("a log with a snapshot", () => {
  const frames = numbered(10, (i) => ({ epoch: i + 1, payload: Uint8Array.of(i, 0, i + 100) }));
  const content = encodeLog(1, frames);
  const offsetAfter = (count: number) => BigInt(encodeLog(1, frames.slice(0, count)).length);
  const page = { id: 1n, epoch: 4, location: 1, blob: new Uint8Array(0), data: Uint8Array.of(3, 77, 103) };
  const snapshotAt = (logOffset: bigint) => unwrap(MmsbSnap.open(write(encodeSnap(1, logOffset, [page]))));

  it("goes on at the frame where the snapshot was taken", () => {
    const log = open(content, { snapshot: snapshotAt(offsetAfter(4)) });
    expect([log.firstLsn, log.lastLsn, log.checkpoints[0]!.lsn]).toEqual([5, 10, 4]);
    expect(rowsOf(log).map((row) => row.deltaId)).toEqual([5n, 6n, 7n, 8n, 9n, 10n]);
    expect([log.findBlock(4), log.findBlock(5)]).toEqual([-1, 0]);
    const genesis = unwrap(log.loadCheckpoint(log.checkpoints[0]!));
    expect(genesis.pages).toMatchObject([{ id: 1n, sizeBytes: 3, epoch: 4, location: "gpu" }]);
    expect(replaySource(log)).toMatchObject({ applied: 6, unknown: 0 });
    expect(replaySource(log).pages.get(1n)).toEqual({ bytes: Uint8Array.of(9, 77, 109), epoch: 10 });
  });

  it("goes on at the beginning for offset 0, and at the end when it holds all frames", () => {
    expect(open(content, { snapshot: snapshotAt(0n) }).firstLsn).toBe(1);
    expect(open(content, { snapshot: snapshotAt(12n) }).firstLsn).toBe(1);
    const log = open(content, { snapshot: snapshotAt(offsetAfter(10)) });
    expect([log.firstLsn, log.lastLsn, log.blockCount]).toEqual([11, 10, 0]);
    expect(replaySource(log).pages.get(1n)!.epoch).toBe(4);
  });

  it("is refused where the snapshot's offset is no frame boundary of this log", () => {
    for (const offset of [1n, 11n, 13n, offsetAfter(4) + 1n, offsetAfter(10) + 1n, 2n ** 64n - 1n]) {
      const error = refusal(content, { snapshot: snapshotAt(offset) });
      expect(error).toMatchObject({ code: "FOREIGN_FORMAT", place: { offset: Number(offset) } });
    }
  });

  it("knows the snapshot's pages only, and those whose sizes are given besides", () => {
    const other = encodeLog(1, [...frames, naiveFrame({ pageId: 2n }), naiveFrame({ pageId: 3n })]);
    const snapshot = snapshotAt(offsetAfter(10));
    expect(replaySource(open(other, { snapshot }))).toMatchObject({ applied: 0, unknown: 2 });
    const pageSizes = new Map([[2n, 2]]);
    expect(replaySource(open(other, { snapshot, pageSizes }))).toMatchObject({ applied: 1, unknown: 1 });
    const wrong = refusal(other, { snapshot, pageSizes: new Map([[1n, 2]]) });
    expect(wrong).toMatchObject({ code: "PAGE_SIZE_INVALID", place: { pageId: 1n } });
  });
});
