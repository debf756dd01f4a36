import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { deltaBodyBound, encodeDeltaBody } from "../../../../engine/deltas/delta-body.ts";
import { exportMmsbLog1 } from "../../../../engine/log/foreign/export-mmsblog1.ts";
import { MmsbLog1Source } from "../../../../engine/log/foreign/mmsblog1-source.ts";
import { MmsbLog1Writer } from "../../../../engine/log/foreign/mmsblog1-writer.ts";
import { MmsbSnap } from "../../../../engine/log/foreign/mmsbsnap.ts";
import { RecordBatch } from "../../../../engine/log/record-batch.ts";
import { encodePageCreate } from "../../../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../../../engine/log/record-kinds.ts";
import type { RecordSource } from "../../../../engine/log/record-source.ts";
import { decodeLog, encodeLog, encodeSnap, naiveFrame, temporaryFolder, text } from "./naive-mmsb.ts";
import { replaySource } from "./source-replay.ts";

const folder = temporaryFolder();
const out = path.join(folder, "out.tlog");

interface RowSpec {
  kind: number;
  pageId?: number;
  epoch?: number;
  flags?: number;
  maskLength?: number;
  body?: Uint8Array;
  metadata?: string;
}

function batchOf(rows: readonly RowSpec[]): RecordBatch {
  const batch = new RecordBatch();
  const parts: Uint8Array[] = [];
  let at = 0;
  rows.forEach((row, i) => {
    const body = row.body ?? new Uint8Array(0);
    const metadata = text(row.metadata ?? "");
    batch.kind[i] = row.kind;
    batch.flags[i] = row.flags ?? 0;
    batch.pageLo[i] = row.pageId ?? 0;
    batch.epoch[i] = row.epoch ?? 1;
    batch.timeLo[i] = 1000 + i;
    batch.deltaIdLo[i] = i + 1;
    batch.maskLength[i] = row.maskLength ?? 0;
    batch.bodyStart[i] = at;
    batch.bodyLength[i] = body.length;
    batch.metaLength[i] = metadata.length;
    parts.push(body, metadata);
    at += body.length + metadata.length;
  });
  batch.firstLsn = 1;
  batch.count = rows.length;
  batch.strings = ["session"];
  batch.bytes = Buffer.concat(parts);
  return batch;
}

function delta(runs: [number, number[]][]): Uint8Array {
  const offsets = Uint32Array.from(runs.map(([offset]) => offset));
  const lengths = Uint32Array.from(runs.map(([, bytes]) => bytes.length));
  const payload = Uint8Array.from(runs.flatMap(([, bytes]) => bytes));
  const bytes = new Uint8Array(deltaBodyBound(runs.length, payload.length));
  return bytes.subarray(0, encodeDeltaBody(offsets, lengths, 0, runs.length, payload, 0, bytes, 0));
}

const create = (sizeBytes: number) =>
  encodePageCreate({ sizeBytes, location: "cpu", type: "bytes", metadata: new Map(), schema: undefined });

function writeAll(version: 1 | 2, rows: readonly RowSpec[], file = out) {
  const writer = unwrap(MmsbLog1Writer.create(file, { version }));
  const written = writer.write(batchOf(rows));
  if (written.ok) return writer.finish();
  writer.abort();
  return written;
}

const leftovers = () => readdirSync(folder).filter((name) => name.includes("partial"));

describe("writing a recording of our own as MMSBLOG1", () => {
  const rows: RowSpec[] = [
    { kind: RecordKind.SessionStart },
    { kind: RecordKind.PageCreate, pageId: 7, body: create(8) },
    { kind: RecordKind.TransactionBegin },
    { kind: RecordKind.Delta, pageId: 7, epoch: 1, body: delta([[1, [11, 12]]]) },
    {
      kind: RecordKind.Delta,
      pageId: 7,
      epoch: 2,
      body: delta([
        [0, [21]],
        [3, [22]],
      ]),
    },
    { kind: RecordKind.TransactionCommit },
    { kind: RecordKind.EdgeAdd, pageId: 7 },
    { kind: RecordKind.Event },
    { kind: RecordKind.Event },
  ];

  it("gives sparse frames, the first of each page with a mask as long as the page", () => {
    const report = unwrap(writeAll(1, rows));
    const common = { pageId: 7n, sparse: 1, source: text("session"), metadata: new Uint8Array(0) };
    expect(decodeLog(readFileSync(out)).frames).toEqual([
      {
        ...common,
        deltaId: 4n,
        epoch: 1,
        timestamp: 1003n,
        mask: Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0),
        payload: Uint8Array.of(11, 12),
      },
      {
        ...common,
        deltaId: 5n,
        epoch: 2,
        timestamp: 1004n,
        mask: Uint8Array.of(1, 0, 0, 1),
        payload: Uint8Array.of(21, 22),
      },
    ]);
    expect(report.frames).toBe(2);
    const log = unwrap(MmsbLog1Source.open(out));
    expect(replaySource(log).pages.get(7n)).toEqual({
      bytes: Uint8Array.of(21, 11, 12, 22, 0, 0, 0, 0),
      epoch: 2,
    });
    log.close();
  });

  it("reports by kind what has no place there", () => {
    const reason = "MMSBLOG1 holds deltas only";
    expect(unwrap(writeAll(1, rows)).leftOut).toEqual([
      { kind: "edge-add", reason, records: 1, firstLsn: 7 },
      { kind: "event", reason, records: 2, firstLsn: 8 },
      { kind: "page-create", reason, records: 1, firstLsn: 2 },
      { kind: "session-start", reason, records: 1, firstLsn: 1 },
      { kind: "tx-begin", reason, records: 1, firstLsn: 3 },
      { kind: "tx-commit", reason, records: 1, firstLsn: 6 },
    ]);
    const late = { kind: RecordKind.Delta, epoch: 2 ** 32, body: delta([[0, [1]]]) };
    expect(unwrap(writeAll(1, [late])).leftOut).toEqual([
      { kind: "delta", reason: "its epoch is beyond u32", records: 1, firstLsn: 1 },
    ]);
  });

  it("gives the same bytes each time", () => {
    unwrap(writeAll(2, rows));
    const first = readFileSync(out);
    unwrap(writeAll(2, rows));
    expect(readFileSync(out)).toEqual(first);
  });

  it("keeps metadata in version 2 and refuses it in version 1, leaving what stood there", () => {
    const noted = { kind: RecordKind.Delta, body: delta([[0, [1]]]), metadata: '{"intent":"x"}' };
    unwrap(writeAll(2, [noted]));
    const before = readFileSync(out);
    expect(decodeLog(before).frames[0]!.metadata).toEqual(text('{"intent":"x"}'));
    expect(writeAll(1, [noted])).toMatchObject({
      ok: false,
      error: { code: "FOREIGN_NOT_REPRESENTABLE", place: { lsn: 1 } },
    });
    expect(readFileSync(out)).toEqual(before);
    expect(leftovers()).toEqual([]);
  });

  it("refuses a corrupt body or frame", () => {
    const fresh = path.join(folder, "fresh");
    for (const row of [
      { kind: RecordKind.Delta, body: Uint8Array.of(255, 255, 255) },
      { kind: RecordKind.ForeignFrame, body: Uint8Array.of(1, 2, 3) },
      { kind: RecordKind.PageCreate, body: Uint8Array.of(1) },
    ]) {
      expect(writeAll(1, [row], fresh)).toMatchObject({ ok: false, error: { code: "LOG_RECORD_CORRUPT" } });
    }
    expect(existsSync(fresh)).toBe(false);
    expect(leftovers()).toEqual([]);
  });
});

describe("writing foreign deltas back", () => {
  it("fills hidden bytes of a dense payload with zeros and keeps the mask's length", () => {
    unwrap(
      writeAll(1, [
        {
          kind: RecordKind.Delta,
          maskLength: 5,
          body: delta([
            [1, [8]],
            [3, [9]],
          ]),
        },
        { kind: RecordKind.Delta, maskLength: 3, body: delta([]) },
        { kind: RecordKind.Delta, maskLength: 3, flags: RecordFlag.ForeignSparse, body: delta([]) },
      ]),
    );
    const shown = decodeLog(readFileSync(out)).frames.map(({ mask, payload, sparse }) => [
      [...mask],
      [...payload],
      sparse,
    ]);
    expect(shown).toEqual([
      [[0, 1, 0, 1, 0], [0, 8, 0, 9, 0], 0],
      [[0, 0, 0], [0, 0, 0], 0],
      [[0, 0, 0], [], 1],
    ]);
  });

  it("carries refused frames between the versions", () => {
    const refused = naiveFrame({ payload: Uint8Array.of(1) });
    const noted = { ...refused, metadata: text("{}") };
    const source = path.join(folder, "in");
    const exported = (from: 1 | 2, frame: typeof refused, to: 1 | 2) => {
      writeFileSync(source, encodeLog(from, [frame]));
      const log = unwrap(MmsbLog1Source.open(source));
      const report = exportMmsbLog1(log, out, { version: to });
      log.close();
      return report.ok ? readFileSync(out) : report.error.code;
    };
    expect(exported(1, refused, 2)).toEqual(encodeLog(2, [refused]));
    expect(exported(2, refused, 1)).toEqual(encodeLog(1, [refused]));
    expect(exported(2, noted, 2)).toEqual(encodeLog(2, [noted]));
    expect(exported(2, noted, 1)).toBe("FOREIGN_NOT_REPRESENTABLE");
  });
});

describe("exporting a whole recording", () => {
  const content = encodeLog(
    1,
    [1, 2, 3].map((epoch) => naiveFrame({ epoch })),
  );
  const input = path.join(folder, "recording");
  writeFileSync(input, content);

  /** The source as if it were of our own format. */
  function asOwn(log: MmsbLog1Source, fields: Partial<RecordSource>): RecordSource {
    return new Proxy<RecordSource>(log, {
      get: (target, name) => {
        const value =
          Reflect.get({ ...fields, format: fields.format ?? "mmsb" }, name) ??
          Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  it("chooses version 1 unless there is metadata, and leaves out what was never finished", () => {
    const log = unwrap(MmsbLog1Source.open(input));
    expect(unwrap(exportMmsbLog1(asOwn(log, { committedLsn: 2 }), out))).toMatchObject({
      version: 1,
      frames: 2,
      leftOut: [{ kind: "delta", records: 1, firstLsn: 3 }],
    });
    writeFileSync(
      path.join(folder, "noted"),
      encodeLog(2, [naiveFrame(), naiveFrame({ metadata: text("{}") })]),
    );
    const noted = unwrap(MmsbLog1Source.open(path.join(folder, "noted")));
    expect(unwrap(exportMmsbLog1(asOwn(noted, {}), out)).version).toBe(2);
    log.close();
    noted.close();
  });

  it("says that a state to start from has no place in it", () => {
    const snapFile = path.join(folder, "snap");
    const offset = BigInt(12 + (content.length - 12) / 3);
    const page = { id: 1n, epoch: 1, location: 0, data: new Uint8Array(3) };
    writeFileSync(snapFile, encodeSnap(2, offset, [page]));
    const snapshot = unwrap(MmsbSnap.open(snapFile));
    const log = unwrap(MmsbLog1Source.open(input, { snapshot }));
    expect(unwrap(exportMmsbLog1(log, out))).toMatchObject({
      frames: 2,
      leftOut: [{ kind: "checkpoint", firstLsn: 1 }],
    });
    log.close();
    snapshot.close();
  });

  it("leaves nothing behind when it is stopped", () => {
    const fresh = path.join(folder, "stopped");
    const log = unwrap(MmsbLog1Source.open(input));
    const progress: number[][] = [];
    const stopped = exportMmsbLog1(log, fresh, {
      onProgress: (done, total) => {
        progress.push([done, total]);
        return false;
      },
    });
    expect(stopped).toMatchObject({ ok: false, error: { code: "CANCELLED" } });
    expect(progress).toEqual([[3, 3]]);
    expect(existsSync(fresh)).toBe(false);
    expect(leftovers()).toEqual([]);
    log.close();
  });

  it("may replace the file it reads", () => {
    const same = path.join(folder, "same");
    writeFileSync(same, content);
    const log = unwrap(MmsbLog1Source.open(same));
    unwrap(exportMmsbLog1(log, same));
    log.close();
    expect(decodeLog(readFileSync(same)).frames.length).toBe(3);
  });
});
