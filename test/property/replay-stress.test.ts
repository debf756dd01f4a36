import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toHex } from "../../engine/base/bytes.ts";
import { ManualClock } from "../../engine/base/clock.ts";
import { Prng } from "../../engine/base/prng.ts";
import { ok, unwrap } from "../../engine/base/result.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { Cursor } from "../../engine/replay/cursor.ts";
import { openRecording } from "../../engine/replay/open-recording.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { verifyRecording } from "../../engine/replay/verify.ts";
import { mmsbStart, mmsbStop } from "../../engine/session/mmsb.ts";

const DELTAS = 1_000_000;
const PAGES = 500;
const PAGE_BYTES = 1024;
const WRITES_A_TRANSACTION = 100;

const folder = mkdtempSync(join(tmpdir(), "mmsb-stress-"));
const path = join(folder, "x.tlog");
let liveHash = "";
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(async () => {
  const prng = new Prng(2026);
  const clock = new ManualClock(1n, 1n);
  const session = unwrap(await mmsbStart({ path, clock, durability: "none" }));
  const pages = Array.from({ length: PAGES }, () =>
    unwrap(session.createPage({ sizeBytes: PAGE_BYTES, type: "bytes" })),
  );
  const bytes = new Uint8Array(16);
  for (let done = 0; done < DELTAS; done += WRITES_A_TRANSACTION) {
    unwrap(
      session.transaction(() => {
        for (let i = 0; i < WRITES_A_TRANSACTION; i++) {
          bytes.fill(prng.u32());
          // one page takes a tenth of all: its history alone is a hundred thousand deltas long
          const page = i % 10 === 0 ? pages[0]! : pages[prng.below(PAGES)]!;
          unwrap(session.write(page, prng.below(PAGE_BYTES - 16), bytes));
        }
        return ok();
      }),
    );
    if (done % 250_000 === 0) unwrap(session.checkpoint(done % 500_000 === 0 ? "full" : "dirty"));
  }
  liveHash = toHex(session.stateHash());
  unwrap(await mmsbStop(session));
}, 120_000);

describe("a recording of a million deltas (seed 2026)", () => {
  it("replays twice to the same state, which is the one that was live", () => {
    const hashes = [1, 2].map(() => {
      const reader = unwrap(LogReader.open(path));
      const { applied, rejected, unknown, stateHash, structureHash } = unwrap(
        replayAll(reader, { fromStart: true }),
      );
      reader.close();
      expect([applied, rejected, unknown]).toEqual([DELTAS, 0, 0]);
      return [toHex(stateHash), toHex(structureHash)];
    });
    expect(hashes[0]).toEqual(hashes[1]);
    expect(hashes[0]![0]).toBe(liveHash);
  });

  it("agrees with every checkpoint that it holds", () => {
    const reader = unwrap(LogReader.open(path));
    expect(reader.checkpoints.length).toBeGreaterThan(3);
    expect(verifyRecording(reader).problems).toEqual([]);
    reader.close();
  });

  it("is seen at any moment through a cache that is a fraction of the file", () => {
    const cacheBytes = 2 << 20;
    expect(statSync(path).size).toBeGreaterThan(10 * cacheBytes);
    const recording = unwrap(openRecording(path, { cacheBytes }));
    const reader = unwrap(LogReader.open(path));
    const prng = new Prng(7);
    for (let i = 0; i < 4; i++) {
      const lsn = prng.between(PAGES + 2, recording.lastLsn);
      const { stateHash } = unwrap(replayAll(reader, { at: lsn }));
      expect(toHex(unwrap(recording.stateHashAt(lsn)))).toBe(toHex(stateHash));
      expect(recording.index.cacheBytes).toBeLessThan(2 * cacheBytes);
    }
    const cursor = new Cursor(recording);
    for (let i = 0; i < 500; i++) {
      const lsn = prng.between(PAGES + 2, recording.lastLsn);
      unwrap(cursor.seek(lsn));
      const id = 1n + BigInt(prng.below(PAGES));
      const there = Buffer.from(unwrap(cursor.page(id))!.bytes);
      unwrap(cursor.stepPageDelta(id, prng.chance(0.5) ? 1 : -1));
      unwrap(cursor.page(id));
      unwrap(cursor.seek(lsn));
      expect(there.equals(unwrap(cursor.page(id))!.bytes)).toBe(true);
    }
    expect(recording.index.cacheBytes).toBeLessThan(2 * cacheBytes);
    recording.close();
    reader.close();
  });
});
