import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { toHex } from "../../../../engine/base/bytes.ts";
import { unwrap } from "../../../../engine/base/result.ts";
import { parseU64 } from "../../../../engine/base/u64.ts";
import { exportMmsbLog1 } from "../../../../engine/log/foreign/export-mmsblog1.ts";
import { Frame, parseFrame } from "../../../../engine/log/foreign/mmsblog1-frame.ts";
import { MmsbLog1Source } from "../../../../engine/log/foreign/mmsblog1-source.ts";
import { openRecording } from "../../../../engine/replay/open-recording.ts";
import { age, counting, hashes, summary } from "../../../helpers/kept-index.ts";
import { decodeLog, normalized, temporaryFolder, u32, u64 } from "./naive-mmsb.ts";
import { replaySource, rowsOf } from "./source-replay.ts";

const folder = path.resolve(import.meta.dirname, "../../../../../shared/recordings");
const files = ["v1_repo_test.tlog", "v1_repo_tests_mmsb.tlog"];

interface Expected {
  applied: number;
  delta_hashes_sha256: string;
  deltas_returned: number;
  file_bytes: number;
  file_sha256: string;
  header_version: number;
  last_epoch_in_file_order: number;
  max_epoch: number;
  original: { summary: { last_epoch: number; total_bytes: number; total_deltas: number } };
  pages: {
    deltas_for_page: number;
    dirty_bytes: number;
    dirty_mask_sha256: string;
    epoch: number;
    page_id: string;
    sha256: string;
    size: number;
  }[];
  rejected: unknown[];
  samples: {
    delta_hash: string;
    delta_id: string;
    epoch: number;
    index: number;
    intent_metadata: string | null;
    is_sparse: boolean;
    mask_len: number;
    mask_true: number;
    page_id: string;
    payload_len: number;
    payload_sha256: string;
    source: string;
    timestamp: string;
  }[];
  sparse_deltas: number;
  unknown_page_indexes: number[];
  with_metadata: number;
}

const sha256 = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest("hex");

/** The frames as the engine's own parser sees them, hidden payload bytes included. */
function framesOf(bytes: Buffer, version: number) {
  const frames: {
    sparse: boolean;
    mask: Uint8Array;
    payload: Uint8Array;
    metadata: Uint8Array;
    hash: string;
  }[] = [];
  const frame = new Frame();
  for (let at = 12; at < bytes.length; ) {
    const end = parseFrame(bytes, at, bytes.length, version, frame);
    expect(end).toBeGreaterThan(at);
    const mask = bytes.subarray(frame.maskAt, frame.maskAt + frame.maskLength).map((flag) => (flag ? 1 : 0));
    const payload = bytes.subarray(frame.payloadAt, frame.payloadAt + frame.payloadLength);
    const source = bytes.subarray(frame.sourceAt, frame.sourceAt + frame.sourceLength);
    const metadata = bytes.subarray(frame.metadataAt, frame.metadataAt + frame.metadataLength);
    const hash = sha256(
      u32(frame.deltaIdLo),
      u32(frame.deltaIdHi),
      u32(frame.pageLo),
      u32(frame.pageHi),
      u32(frame.epoch),
      Uint8Array.of(frame.sparse ? 1 : 0),
      u32(frame.timeLo),
      u32(frame.timeHi),
      u64(BigInt(mask.length)),
      mask,
      u64(BigInt(payload.length)),
      payload,
      u64(BigInt(source.length)),
      source,
      u64(BigInt(metadata.length)),
      metadata,
    );
    frames.push({ sparse: frame.sparse, mask, payload, metadata, hash });
    at = end;
  }
  return frames;
}

const absent = existsSync(folder) ? undefined : "the folder ../shared/recordings is not here";

describe("a recording of the older program", () => {
  const temporary = temporaryFolder();

  it.for(files)("reads as its authors' own reader reads it: %s", (name, { skip }) => {
    skip(absent !== undefined, absent);
    const file = path.join(folder, name);
    const bytes = readFileSync(file);
    const expected = JSON.parse(readFileSync(`${file}.expected.json`, "utf8")) as Expected;
    expect(sha256(bytes)).toBe(expected.file_sha256);

    const sizes = new Map(expected.pages.map((page) => [unwrap(parseU64(page.page_id)), page.size]));
    const source = unwrap(MmsbLog1Source.open(file, { pageSizes: sizes }));
    expect(source.formatVersion).toBe(expected.header_version);
    expect(source.fileBytes).toBe(expected.file_bytes);
    expect(source.lastLsn).toBe(expected.deltas_returned);
    expect(source.complete).toBe(true);
    expect(toHex(source.uuid)).toBe(expected.file_sha256.slice(0, 32));

    const frames = framesOf(bytes, source.formatVersion);
    expect(sha256(Buffer.from(frames.map((frame) => `${frame.hash}\n`).join("")))).toBe(
      expected.delta_hashes_sha256,
    );
    expect(frames.filter((frame) => frame.sparse).length).toBe(expected.sparse_deltas);

    const rows = rowsOf(source);
    const { summary } = expected.original;
    expect(rows.length).toBe(summary.total_deltas);
    expect(rows.at(-1)!.epoch).toBe(expected.last_epoch_in_file_order);
    expect(Math.max(...rows.map((row) => row.epoch))).toBe(expected.max_epoch);
    expect(summary.last_epoch).toBe(expected.max_epoch);
    expect(rows.filter((row) => row.metadata.length > 0).length).toBe(expected.with_metadata);
    // Their sum counts 32 bytes a delta beside mask and payload.
    const totalBytes = frames.reduce((sum, frame) => sum + frame.mask.length + frame.payload.length + 32, 0);
    expect(totalBytes).toBe(summary.total_bytes);

    for (const sample of expected.samples) {
      const row = rows[sample.index]!;
      const frame = frames[sample.index]!;
      expect(frame.hash).toBe(sample.delta_hash);
      expect(frame.payload.length).toBe(sample.payload_len);
      expect(sha256(frame.payload)).toBe(sample.payload_sha256);
      expect({
        deltaId: row.deltaId.toString(),
        pageId: row.pageId.toString(),
        epoch: row.epoch,
        sparse: row.flags === 1,
        maskLength: row.maskLength,
        setFlags: row.payload.length,
        source: row.source,
        timestamp: row.timestamp.toString(),
        metadata: row.metadata.length === 0 ? null : Buffer.from(row.metadata).toString(),
      }).toEqual({
        deltaId: sample.delta_id,
        pageId: sample.page_id,
        epoch: sample.epoch,
        sparse: sample.is_sparse,
        maskLength: sample.mask_len,
        setFlags: sample.mask_true,
        source: sample.source,
        timestamp: sample.timestamp,
        metadata: sample.intent_metadata,
      });
    }

    const replay = replaySource(source);
    expect(replay.applied).toBe(expected.applied);
    expect(replay.rejected).toBe(expected.rejected.length);
    expect(replay.unknown).toBe(expected.unknown_page_indexes.length);
    expect(replay.pages.size).toBe(expected.pages.length);
    for (const page of expected.pages) {
      const id = BigInt(page.page_id);
      const own = rows.filter((row) => row.pageId === id);
      expect(own.length).toBe(page.deltas_for_page);
      expect(replay.pages.get(id)!.epoch).toBe(page.epoch);
      expect(sha256(replay.pages.get(id)!.bytes)).toBe(page.sha256);
      const dirty = new Uint8Array(Math.ceil(page.size / 8));
      const touched = new Set<number>();
      for (const [offset, length] of own.flatMap((row) => row.runs)) {
        for (let i = offset; i < Math.min(offset + length, page.size); i++) touched.add(i);
      }
      for (const i of touched) dirty[i >> 3]! |= 1 << (i & 7);
      expect(touched.size).toBe(page.dirty_bytes);
      expect(sha256(dirty)).toBe(page.dirty_mask_sha256);
    }
    source.close();
  });

  it.for(files)("comes back with every field: %s", (name, { skip }) => {
    skip(absent !== undefined, absent);
    const source = unwrap(MmsbLog1Source.open(path.join(folder, name)));
    const copy = path.join(temporary, name);
    expect(unwrap(exportMmsbLog1(source, copy)).leftOut).toEqual([]);
    source.close();
    const original = decodeLog(readFileSync(path.join(folder, name)));
    expect(decodeLog(readFileSync(copy))).toEqual({
      version: original.version,
      frames: original.frames.map(normalized),
    });
  });

  it.for(files)("opens the same with what an index keeps of it, two blocks read: %s", (name, { skip }) => {
    skip(absent !== undefined, absent);
    const copy = path.join(temporary, `kept-${name}`);
    copyFileSync(path.join(folder, name), copy);
    age(copy);
    const index = `${copy}.idx`;
    const first = unwrap(openRecording(copy, { index }));
    const want = [summary(first.source), hashes(first)];
    first.close();
    const { files: counted, read } = counting();
    const second = unwrap(openRecording(copy, { index, files: counted }));
    expect(read(path.basename(copy))).toBeLessThanOrEqual(2 * 65_536 + 24);
    expect([summary(second.source), hashes(second)]).toEqual(want);
    second.close();
  });
});
