import {
  appendFileSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { Prng } from "../../../../engine/base/prng.ts";
import { unwrap } from "../../../../engine/base/result.ts";
import { decodeScan, encodeScan } from "../../../../engine/log/foreign/saved-scan.ts";
import { openRecording, openSource } from "../../../../engine/replay/open-recording.ts";
import { age, counting, hashes, overwrite, summary } from "../../../helpers/kept-index.ts";
import { encodeFrame, encodeLog, naiveFrame, temporaryFolder } from "./naive-mmsb.ts";

const folder = temporaryFolder();
const PAGES = [0n, 3n, 2n ** 53n + 1n, 2n ** 64n - 1n];

/** Frames of some 2 KiB each, all in their masks and payloads. */
function frames(count: number, seed: number) {
  const prng = new Prng(seed);
  return Array.from({ length: count }, (_, i) => {
    const mask = new Uint8Array(1000 + prng.below(300)).fill(1);
    const payload = Uint8Array.from(mask, () => prng.below(256));
    const pageId = prng.pick(PAGES);
    return naiveFrame({ deltaId: BigInt(i), pageId, epoch: i, mask, payload, timestamp: BigInt(i) });
  });
}

/** More than the 4 MiB from which on an index is kept. */
const FRAMES = 2600;

let nextLog = 0;
function writeLog(version: number, count = FRAMES, seed = 1): string {
  const path = join(folder, `${nextLog++}.log`);
  writeFileSync(path, encodeLog(version, frames(count, seed)));
  age(path);
  return path;
}

/** The index is built where none fits; what was read of the log, and what opening it tells. */
function opened(path: string) {
  const { files, read } = counting();
  const recording = unwrap(openRecording(path, { files }));
  const found = { ...summary(recording.source), hashes: "" };
  const readBytes = read(basename(path));
  found.hashes = hashes(recording).join();
  recording.close();
  return { found, readBytes };
}

/** The same, going over every frame. */
function walked(path: string) {
  const recording = unwrap(openRecording(path, { index: "memory" }));
  const found = { ...summary(recording.source), hashes: hashes(recording).join() };
  recording.close();
  return found;
}

const TWO_BLOCKS = 2 * 65_536 + 24;

describe("what an index keeps of where the frames of a foreign log stand", () => {
  it.each([1, 2])("spares reading it: opening version %i takes two blocks of it (I10)", (version) => {
    const path = writeLog(version);
    const first = opened(path);
    expect(first.readBytes).toBeGreaterThanOrEqual(statSync(path).size);
    const second = opened(path);
    expect(second.readBytes).toBeLessThanOrEqual(TWO_BLOCKS);
    expect(second.found).toEqual(first.found);
    expect(second.found).toEqual(walked(path));
  });

  it("says the same with page sizes that are given, and nothing where a snapshot is", () => {
    const path = writeLog(1);
    opened(path);
    const { files, read } = counting();
    const pageSizes = new Map([[3n, 77]]);
    const known = unwrap(openSource(path, { index: "auto", files, pageSizes }));
    expect(read(basename(path))).toBeLessThanOrEqual(TWO_BLOCKS);
    const gone = unwrap(openSource(path, { pageSizes }));
    expect(summary(known)).toEqual(summary(gone));
    known.close();
    gone.close();
  });

  it("is not believed of a log that grew, was cut or was replaced since (I10)", () => {
    const changes: [string, (path: string) => void][] = [
      ["grew", (path) => appendFileSync(path, encodeFrame(1, naiveFrame({ pageId: 3n })))],
      ["cut", (path) => writeFileSync(path, readFileSync(path).subarray(0, -10))],
      [
        "another of the same length",
        (path) => {
          const bytes = readFileSync(path);
          bytes[bytes.length >>> 1]! ^= 1;
          writeFileSync(path, bytes);
        },
      ],
      [
        "another, older one under its name",
        (path) => {
          const other = writeLog(1, FRAMES, 2);
          const then = new Date(Date.now() - 3_600_000);
          utimesSync(other, then, then);
          renameSync(other, path);
        },
      ],
    ];
    for (const [what, change] of changes) {
      const path = writeLog(1);
      opened(path);
      change(path);
      const now = opened(path);
      expect(now.readBytes, what).toBeGreaterThan(statSync(path).size / 2);
      expect(now.found, what).toEqual(walked(path));
    }
  });

  it("is not believed where the log was written to while it was indexed, or in the same moment (I10)", () => {
    const path = writeLog(1);
    const now = new Date(Date.now() + 5_000);
    opened(path);
    utimesSync(path, now, now);
    expect(opened(path).readBytes).toBeGreaterThanOrEqual(statSync(path).size);
  });

  it("is given up at the first block that is not what it was, even where nothing showed a change (I10)", () => {
    const path = writeLog(1);
    opened(path);
    overwrite(path, statSync(path).size >>> 1, true);
    const recording = unwrap(openRecording(path));
    const codes = new Set<string>();
    for (let lsn = 1; lsn <= recording.lastLsn; lsn++) {
      const record = recording.record(lsn);
      if (!record.ok) codes.add(record.error.code);
    }
    recording.close();
    expect([...codes]).toEqual(["LOG_BLOCK_DAMAGED"]);
    expect(existsSync(`${path}.idx`)).toBe(false);
    expect(opened(path).found).toEqual(walked(path));
  });

  it("goes with the log where both are copied with their times, and is made again where the times are lost", () => {
    const path = writeLog(1);
    const { found } = opened(path);
    const copy = join(folder, "copy.log");
    copyFileSync(path, copy);
    copyFileSync(`${path}.idx`, `${copy}.idx`);
    expect(opened(copy).found).toEqual(found);
    const { atime, mtime } = statSync(path);
    utimesSync(copy, atime, mtime);
    const again = opened(copy);
    expect(again.readBytes).toBeLessThanOrEqual(TWO_BLOCKS);
    expect(again.found).toEqual(found);
  });

  it("is not kept of a damaged log, which is gone over each time", () => {
    const path = writeLog(2);
    writeFileSync(path, readFileSync(path).subarray(0, -5));
    age(path);
    opened(path);
    const again = opened(path);
    expect(again.readBytes).toBeGreaterThan(statSync(path).size / 2);
    expect(again.found.damage.map(([code]) => code)).toEqual(["FOREIGN_TRUNCATED"]);
  });

  it("never gives a wrong answer, whichever byte of the index is another (I7)", () => {
    const path = writeLog(1);
    const { found } = opened(path);
    const good = readFileSync(`${path}.idx`);
    const directoryAt = Number(good.readBigUInt64LE(104));
    const prng = new Prng(11);
    const places = [16, 33, 41, 69, 105, 113, directoryAt, good.length - 1];
    for (let i = 0; i < 8; i++) places.push(directoryAt + prng.below(good.length - directoryAt));
    for (const place of places) {
      const bad = Buffer.from(good);
      bad[place]! ^= 1 << prng.below(8);
      writeFileSync(`${path}.idx`, bad);
      expect(opened(path).found, `byte ${place}`).toEqual(found);
    }
  });
});

describe("the bytes of a saved scan", () => {
  const saved = {
    version: 2,
    fileBytes: 500,
    modifiedNs: 7n,
    blockCrc: Uint32Array.of(5, 6),
    scan: {
      blockOffset: [12, 300],
      blockFirstLsn: [1, 9],
      endOffset: 500,
      lastLsn: 12,
      damage: undefined,
      damagedLength: 0,
      largestMask: new Map([[2n ** 64n - 1n, 8]]),
      boundaryLsn: 0,
      contentHash: new Uint8Array(32).fill(3),
    },
  };

  it("come back as they were", () => {
    expect(unwrap(decodeScan(encodeScan(saved)))).toEqual(saved);
  });

  it.each([
    ["a block before the first frame", { blockOffset: [8, 300] }],
    ["blocks out of order", { blockOffset: [12, 12] }],
    ["a block behind the end", { blockOffset: [12, 500] }],
    ["LSNs out of order", { blockFirstLsn: [9, 1] }],
    ["an LSN behind the last", { blockFirstLsn: [1, 13] }],
    ["a block without an LSN", { blockFirstLsn: [1] }],
    ["half a hash", { contentHash: new Uint8Array(16) }],
  ])("are refused with %s", (_, wrong) => {
    expect(unwrap(decodeScan(encodeScan({ ...saved, scan: { ...saved.scan, ...wrong } })))).toBeUndefined();
  });
});
