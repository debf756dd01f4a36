import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ManualClock } from "../../../engine/base/clock.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { fail, ok, unwrap } from "../../../engine/base/result.ts";
import { decodeDeltaBody } from "../../../engine/deltas/delta-body.ts";
import { RunList } from "../../../engine/deltas/run-list.ts";
import { CHUNK_BYTES, type CheckpointContent } from "../../../engine/log/checkpoint-format.ts";
import { type LogFile, type LogFileSystem, nodeFileSystem } from "../../../engine/log/file-system.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter, type LogWriterOptions } from "../../../engine/log/log-writer.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { encodePageCreate } from "../../../engine/log/record-bodies.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { recoverLog } from "../../../engine/log/recover.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-log-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const UUID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

function fixed(options: LogWriterOptions = {}): LogWriterOptions {
  return { uuid: UUID, clock: new ManualClock(1_000_000_000n, 1000n), durability: "none", ...options };
}

interface Row {
  kind: number;
  pageId: bigint;
  epoch: number;
  source: string;
  cause: number;
  body: Uint8Array;
  metadata: Uint8Array;
}

/** Rows as short texts: comparing large arrays element by element is what would take the time. */
function digest(rows: readonly Row[]): string[] {
  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  return rows.map(
    (row) =>
      `${row.kind} ${row.pageId} ${row.epoch} ${sha(Buffer.from(row.source))} ${row.cause} ${sha(row.body)} ${sha(row.metadata)}`,
  );
}

function randomRow(prng: Prng, lsn: number): Row {
  const ids = [0n, 1n, 2n, 9007199254740993n, 18446744073709551615n, BigInt(prng.u32())];
  const body = new Uint8Array(prng.chance(0.02) ? prng.between(16_000, 200_000) : prng.below(120));
  prng.fill(body);
  const metadata = new TextEncoder().encode(
    prng.chance(0.1) ? JSON.stringify({ why: "x".repeat(prng.below(40)) }) : "",
  );
  const kinds = [RecordKind.Event, RecordKind.Failure, RecordKind.SessionStart, RecordKind.ForeignFrame];
  const source = prng.chance(0.01) ? "long ".repeat(prng.between(1, 9000)) : `source-${prng.below(9)}`;
  const cause = prng.chance(0.5) ? prng.below(lsn) : 0;
  return {
    kind: prng.pick(kinds),
    pageId: prng.pick(ids),
    epoch: prng.chance(0.1) ? 2 ** 52 + prng.below(99) : prng.below(70_000),
    source,
    cause,
    body,
    metadata,
  };
}

function readRows(reader: LogReader): Row[] {
  const rows: Row[] = [];
  const batch = new RecordBatch();
  let expected = reader.firstLsn;
  for (let block = 0; block < reader.blockCount; block++) {
    unwrap(reader.readBlock(block, batch));
    expect(batch.firstLsn).toBe(expected);
    expected += batch.count;
    for (let i = 0; i < batch.count; i++) {
      expect(batch.deltaId(i)).toBe(BigInt(batch.lsn(i)));
      rows.push({
        kind: batch.kind[i]!,
        pageId: batch.pageId(i),
        epoch: batch.epoch[i]!,
        source: batch.sourceText(i),
        cause: batch.cause[i]!,
        body: batch.body(i).slice(),
        metadata: batch.metadata(i).slice(),
      });
    }
  }
  return rows;
}

/** One delta of one run at `offset`. */
function appendRun(
  writer: LogWriter,
  page: number,
  epoch: number,
  offset: number,
  bytes: Uint8Array,
): number {
  const length = Uint32Array.of(bytes.length);
  return writer.appendDelta(page, 0, epoch, "w", 0, 0, Uint32Array.of(offset), length, 0, 1, bytes, 0);
}

describe("the log", () => {
  test.each([1, 2, 3, 4, 5, 6])("gives back every record as it was appended (seed %i)", async (seed) => {
    const prng = new Prng(seed);
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed()));
    const written: Row[] = [];
    for (let lsn = 1; lsn <= 3000; lsn++) {
      const row = randomRow(prng, lsn);
      expect(writer.append(row.kind as RecordKind, row)).toBe(lsn);
      written.push(row);
      if (prng.chance(0.02)) unwrap(writer.flush());
    }
    unwrap(await writer.close());
    const reader = unwrap(LogReader.open(path));
    expect(reader.complete).toBe(true);
    expect(reader.damage).toEqual([]);
    expect(reader.lastLsn).toBe(3000);
    expect(digest(readRows(reader))).toEqual(digest(written));
    reader.close();
  });

  test("holds deltas as runs and payload, whatever their size", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed()));
    const sizes = [1, 64, 4096, 16_380, 16_390, 65_464, 65_465, 1_000_000];
    for (const [i, size] of sizes.entries()) {
      const bytes = new Uint8Array(size).fill(i + 1);
      expect(appendRun(writer, 7, i + 1, 3, bytes)).toBe(i + 1);
    }
    unwrap(await writer.close());
    const reader = unwrap(LogReader.open(path));
    const rows = readRows(reader);
    const runs = new RunList();
    for (const [i, size] of sizes.entries()) {
      const { body } = rows[i]!;
      const at = decodeDeltaBody(body, 0, body.length, runs);
      expect([runs.count, runs.offset[0], runs.length[0]]).toEqual([1, 3, size]);
      expect(body.subarray(at).every((byte) => byte === i + 1)).toBe(true);
    }
    reader.close();
  });

  test("is the same bytes when the same session is written twice", async () => {
    const files: Uint8Array[] = [];
    for (const name of ["a.tlog", "b.tlog"]) {
      const prng = new Prng(77);
      const writer = unwrap(await LogWriter.create(join(folder, name), fixed()));
      for (let lsn = 1; lsn <= 500; lsn++) writer.append(RecordKind.Event, randomRow(prng, lsn));
      unwrap(await writer.close());
      files.push(readFileSync(join(folder, name)));
    }
    expect(Buffer.compare(files[0]!, files[1]!)).toBe(0);
  });

  test("tells where the final state stands when a transaction was left open", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed()));
    writer.begin("t");
    writer.append(RecordKind.Event, {});
    writer.commit("t");
    const open = writer.begin("t");
    writer.append(RecordKind.Event, {});
    unwrap(await writer.close());
    const reader = unwrap(LogReader.open(path));
    expect([reader.lastLsn, reader.committedLsn]).toEqual([5, 3]);
    reader.close();
    const again = unwrap(await LogWriter.open(path, fixed()));
    expect(again.openTransactionLsn).toBe(open);
    expect(again.abort("t")).toBe(6);
    unwrap(await again.close());
    const after = unwrap(LogReader.open(path));
    expect([after.lastLsn, after.committedLsn, after.complete]).toEqual([6, 6, true]);
    after.close();
  });

  test("goes on where it stopped, time never falling", async () => {
    const path = join(folder, "a.tlog");
    const prng = new Prng(5);
    const written: Row[] = [];
    for (let part = 0; part < 4; part++) {
      const options = fixed({ clock: new ManualClock(BigInt(100 - part), 1n) });
      const writer = unwrap(
        part === 0 ? await LogWriter.create(path, options) : await LogWriter.open(path, options),
      );
      for (let i = 0; i < 200; i++) {
        const row = randomRow(prng, writer.lastLsn + 1);
        writer.append(row.kind as RecordKind, row);
        written.push(row);
      }
      unwrap(await writer.close());
    }
    const reader = unwrap(LogReader.open(path));
    expect(digest(readRows(reader))).toEqual(digest(written));
    const batch = new RecordBatch();
    let last = 0n;
    for (let block = 0; block < reader.blockCount; block++) {
      unwrap(reader.readBlock(block, batch));
      for (let i = 0; i < batch.count; i++) {
        expect(batch.timestampNs(i) >= last).toBe(true);
        last = batch.timestampNs(i);
      }
    }
    reader.close();
  });

  test("lets one writer in at a time, and frees the place when it closes", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed()));
    const second = await LogWriter.open(path, fixed());
    expect(second.ok ? "" : second.error.code).toBe("LOG_LOCKED");
    unwrap(await writer.close());
    const third = unwrap(await LogWriter.open(path, fixed()));
    unwrap(await third.close());
    const exists = await LogWriter.create(path, fixed());
    expect(exists.ok ? "" : exists.error.code).toBe("LOG_EXISTS");
  });

  test("can be followed while it is written", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed()));
    const reader = unwrap(LogReader.open(path));
    expect(reader.lastLsn).toBe(0);
    for (let round = 1; round <= 5; round++) {
      for (let i = 0; i < 100; i++) writer.append(RecordKind.Event, { body: new Uint8Array(i) });
      unwrap(writer.flush());
      expect(unwrap(reader.refresh())).toBe(true);
      expect(reader.lastLsn).toBe(round * 100);
      expect(reader.fileBytes).toBe(readFileSync(path).length);
    }
    expect(unwrap(reader.refresh())).toBe(false);
    unwrap(await writer.close());
    unwrap(reader.refresh());
    expect(reader.complete).toBe(true);
    expect(readRows(reader).length).toBe(500);
    reader.close();
  });
});

function contentOf(pages: Map<bigint, Uint8Array>): CheckpointContent {
  const ids = [...pages.keys()].sort((a, b) => (a < b ? -1 : 1));
  return {
    kind: "full",
    baseLsn: 0,
    pages: ids.map((id) => ({
      id,
      sizeBytes: pages.get(id)!.length,
      epoch: 5,
      location: "cpu",
      type: "t",
      metadata: new Map(),
      schema: undefined,
    })),
    destroyed: [],
    edges: [{ from: ids[0]!, to: ids.at(-1)!, type: "data" }],
    stateHash: new Uint8Array(32).fill(1),
    structureHash: new Uint8Array(32).fill(2),
    bytesOf: (index) => pages.get(ids[index]!)!,
  };
}

describe("checkpoints", () => {
  const pages = new Map<bigint, Uint8Array>([
    [0n, new Uint8Array(0)],
    [1n, Uint8Array.from({ length: 4096 }, (_, i) => i)],
    [9007199254740993n, Uint8Array.from({ length: 300_000 }, (_, i) => i * 7)],
    [18446744073709551615n, new Uint8Array(65_464).fill(9)],
  ]);

  test("come back page by page, genesis and later ones alike", async () => {
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed({ genesis: contentOf(pages) })));
    writer.append(RecordKind.Event, {});
    expect(unwrap(writer.writeCheckpoint(contentOf(pages)))).toBe(2);
    writer.append(RecordKind.Event, {});
    unwrap(await writer.close());
    const reader = unwrap(LogReader.open(path));
    expect(reader.checkpoints.map((ref) => [ref.lsn, ref.recordLsn, ref.kind])).toEqual([
      [0, 0, "full"],
      [1, 2, "full"],
    ]);
    for (const ref of reader.checkpoints) {
      const image = unwrap(reader.loadCheckpoint(ref));
      expect(image.pages.map((page) => page.id)).toEqual([...pages.keys()]);
      expect(image.edges).toEqual([{ from: 0n, to: 18446744073709551615n, type: "data" }]);
      for (const [index, page] of image.pages.entries()) {
        const out = new Uint8Array(page.sizeBytes);
        unwrap(image.readPage(index, out));
        expect(Buffer.compare(out, pages.get(page.id)!)).toBe(0);
      }
    }
    reader.close();
  });

  test("come back many pages at once, wherever the memory of those lies, and tell of damage in any chunk", async () => {
    const prng = new Prng(11);
    const many = new Map<bigint, Uint8Array>();
    for (let id = 1n; id <= 400n; id++) {
      const bytes = new Uint8Array(prng.below(3) === 0 ? prng.below(40) : prng.below(5000));
      prng.fill(bytes);
      many.set(id * 3n, bytes);
    }
    for (const [id, sizeBytes] of [
      [2n, 200_000],
      [7n, 0],
      [1201n, 65_464],
    ] as const) {
      const bytes = new Uint8Array(sizeBytes);
      prng.fill(bytes);
      many.set(id, bytes);
    }
    const state = new Map([...many].sort(([a], [b]) => (a < b ? -1 : 1)));
    const path = join(folder, "a.tlog");
    const writer = unwrap(await LogWriter.create(path, fixed({})));
    unwrap(writer.writeCheckpoint(contentOf(state)));
    unwrap(await writer.close());

    let scattered = 0;
    const system: LogFileSystem = {
      ...nodeFileSystem,
      open(name, mode) {
        const opened = nodeFileSystem.open(name, mode);
        if (!opened.ok) return opened;
        const file = opened.value;
        const readParts = file.readParts!.bind(file);
        file.readParts = (parts, offset) => {
          scattered++;
          return readParts(parts, offset);
        };
        return opened;
      },
    };
    const reader = unwrap(LogReader.open(path, { fileSystem: system }));
    const image = unwrap(reader.loadCheckpoint(reader.checkpoints[0]!));
    const chunks = Math.floor(image.ref.sizeBytes / CHUNK_BYTES);
    const layouts: Readonly<Record<string, () => Uint8Array[]>> = {
      "one after another in shared memory": () => {
        const memory = new Uint8Array(new SharedArrayBuffer(image.ref.sizeBytes));
        let at = 0;
        return image.pages.map(({ sizeBytes }) => memory.subarray(at, (at += sizeBytes)));
      },
      "one after another, backwards": () => {
        const memory = new Uint8Array(image.ref.sizeBytes);
        let at = image.ref.sizeBytes;
        return image.pages.map(({ sizeBytes }) =>
          memory.subarray(at - sizeBytes, (at -= sizeBytes) + sizeBytes),
        );
      },
      "each in its own": () => image.pages.map(({ sizeBytes }) => new Uint8Array(sizeBytes)),
    };
    for (const [name, layout] of Object.entries(layouts)) {
      for (const first of [0, 1, prng.below(image.pages.length)]) {
        const outs = layout().slice(first);
        unwrap(image.readPages!(first, outs));
        for (const [i, out] of outs.entries())
          expect(
            Buffer.compare(out, state.get(image.pages[first + i]!.id)!),
            `${name}, page ${first + i}`,
          ).toBe(0);
      }
    }
    expect(scattered).toBeGreaterThanOrEqual(3 * (chunks - 1));

    const whole = readFileSync(path);
    const last = whole.length - 4096;
    for (let at = 70_000; at < last; at += 50_000 + prng.below(3000)) {
      const bytes = Buffer.from(whole);
      bytes[at] = bytes[at]! ^ (1 << prng.below(8));
      writeFileSync(path, bytes);
      const read = image.readPages!(0, layouts["each in its own"]!());
      expect(read.ok ? "" : read.error.code, `bit at ${at}`).toBe("LOG_BLOCK_DAMAGED");
    }
    writeFileSync(path, whole.subarray(0, whole.length >> 1));
    expect(image.readPages!(0, layouts["each in its own"]!()).ok).toBe(false);
    reader.close();
  });

  test("begin every later segment, so that a bounded recording drops its oldest segments whole", async () => {
    const path = join(folder, "a.tlog");
    const options = fixed({ rotateBytes: 20_000, keepSegments: 3, snapshot: () => contentOf(pages) });
    const writer = unwrap(await LogWriter.create(path, options));
    for (let i = 0; i < 40; i++) {
      writer.begin();
      writer.append(RecordKind.Event, { body: new Uint8Array(60_000).fill(i) });
      writer.commit();
    }
    expect(writer.failure).toBeUndefined();
    unwrap(await writer.close());
    const names = readdirSync(folder).sort();
    expect(names.length).toBe(3);
    for (const name of names) {
      const reader = unwrap(LogReader.open(join(folder, name)));
      expect(reader.complete).toBe(true);
      expect(reader.lastLsn).toBe(120);
      expect(reader.firstLsn).toBeGreaterThan(1);
      expect(reader.checkpoints[0]!.lsn).toBe(reader.firstLsn - 1);
      expect(readRows(reader).length).toBe(reader.lastLsn - reader.firstLsn + 1);
      reader.close();
    }
    const original = unwrap(LogReader.open(path));
    expect(original.lastLsn).toBe(120);
    original.close();
  });
});

/** One file that is only ever read, in memory: ten thousand variants of it cost no system call. */
function memoryFiles(bytes: Uint8Array): LogFileSystem {
  const refused = fail("LOG_IO", "this file is only read", "Use a real one");
  const file: LogFile = {
    path: "/memory/x.tlog",
    size: () => ok(bytes.length),
    identity: () => ok("memory"),
    modifiedNs: () => ok(0n),
    read(into, offset) {
      const part = bytes.subarray(offset, offset + into.length);
      into.set(part);
      return ok(part.length);
    },
    write: () => refused,
    writeZeros: () => refused,
    truncate: () => refused,
    sync: () => refused,
    syncAsync: async () => refused,
    close() {},
  };
  return {
    open: () => ok(file),
    list: () => ok(["x.tlog"]),
    remove: () => refused,
    rename: () => refused,
    syncFolder: () => refused,
  };
}

describe("recovery", () => {
  async function sample(path: string): Promise<Uint8Array> {
    const writer = unwrap(
      await LogWriter.create(path, fixed({ genesis: contentOf(new Map([[5n, new Uint8Array(64)]])) })),
    );
    writer.append(RecordKind.PageCreate, {
      pageId: 1n,
      body: encodePageCreate({
        sizeBytes: 64,
        location: "cpu",
        type: "t",
        metadata: new Map(),
        schema: undefined,
      }),
    });
    for (let t = 0; t < 4; t++) {
      writer.begin("t");
      for (let i = 0; i < 3; i++) appendRun(writer, 1, t * 3 + i + 1, i * 4, new Uint8Array(4).fill(t));
      writer.commit("t");
    }
    unwrap(await writer.close());
    return readFileSync(path);
  }

  test("opens a file cut at any byte up to the last whole block, and says what was lost", async () => {
    const whole = await sample(join(folder, "whole.tlog"));
    const path = join(folder, "cut.tlog");
    let previous = -1;
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const opened = LogReader.open(path);
      if (!opened.ok) {
        expect(["LOG_EMPTY", "LOG_TRUNCATED", "LOG_NOT_A_LOG"]).toContain(opened.error.code);
        continue;
      }
      expect(opened.value.complete).toBe(false);
      expect(opened.value.lastLsn).toBeGreaterThanOrEqual(previous);
      previous = opened.value.lastLsn;
      expect(readRows(opened.value).length).toBe(previous);
      opened.value.close();
      if (length % 7 === 0) {
        const writer = unwrap(await LogWriter.open(path, fixed()));
        expect(writer.append(RecordKind.Event, {})).toBe(previous + 1);
        unwrap(await writer.close());
      }
    }
    expect(previous).toBe(21);
  });

  test("notices every flipped bit, keeps everything outside the block hit, and refuses to append over it", async () => {
    const whole = await sample(join(folder, "whole.tlog"));
    const path = join(folder, "flip.tlog");
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const bytes = Uint8Array.from(whole);
      bytes[bit >>> 3] = bytes[bit >>> 3]! ^ (1 << (bit & 7));
      const reader = unwrap(LogReader.open("/memory/x.tlog", { fileSystem: memoryFiles(bytes) }));
      if (reader.complete || reader.damage.length === 0) expect.fail(`bit ${bit} was not noticed`);
      let readable = 0;
      for (let block = 0; block < reader.blockCount; block++) readable += reader.blockRecordCount(block);
      if (readable < 21 - 6) expect.fail(`bit ${bit}: only ${readable} records are readable`);
      reader.close();
    }
    whole[300] = whole[300]! ^ 1;
    writeFileSync(path, whole);
    const refused = await LogWriter.open(path, fixed());
    expect(refused.ok ? "" : refused.error.code).toBe("LOG_BLOCK_DAMAGED");
  });

  test("takes zeros at the end for preallocation, not for damage", async () => {
    const whole = await sample(join(folder, "whole.tlog"));
    const path = join(folder, "zeros.tlog");
    const padded = new Uint8Array(whole.length + 70_000);
    padded.set(whole);
    writeFileSync(path, padded);
    const reader = unwrap(LogReader.open(path));
    expect(reader.damage).toEqual([]);
    expect(reader.complete).toBe(true);
    reader.close();
  });

  test("copies what does not depend on the loss", async () => {
    const path = join(folder, "whole.tlog");
    const whole = await sample(path);
    const reader = unwrap(LogReader.open(path));
    const copied = unwrap(await recoverLog(reader, join(folder, "copy.tlog")));
    expect(copied).toEqual({ records: 21, dropped: 0, lostBytes: 0 });
    const copy = unwrap(LogReader.open(join(folder, "copy.tlog")));
    expect(digest(readRows(copy))).toEqual(digest(readRows(reader)));
    copy.close();
    reader.close();
    // Damage the second transaction's block: later deltas of the page depend on it.
    const target = whole.length - 1200;
    whole[target] = whole[target]! ^ 16;
    writeFileSync(join(folder, "hurt.tlog"), whole);
    const hurt = unwrap(LogReader.open(join(folder, "hurt.tlog")));
    const report = unwrap(await recoverLog(hurt, join(folder, "good.tlog")));
    expect(report.lostBytes).toBeGreaterThan(0);
    const good = unwrap(LogReader.open(join(folder, "good.tlog")));
    expect(good.complete).toBe(true);
    good.close();
    hurt.close();
  });
});
