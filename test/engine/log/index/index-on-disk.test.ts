import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MmsbError } from "../../../../engine/base/errors.ts";
import { Prng } from "../../../../engine/base/prng.ts";
import { type Result, unwrap } from "../../../../engine/base/result.ts";
import { Recording } from "../../../../engine/replay/recording.ts";
import type { MemorySource } from "../../../helpers/memory-recording.ts";
import { type RandomRecording, randomRecording } from "../../../helpers/random-recording.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mmsb-index-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SESSION = { records: 400, blockRecords: 10, pages: 6, pageBytes: 300, deltas: 0.85, genesisPages: 2 };

function indexPath(): string {
  return join(folder, "x.tlog.idx");
}

function open(made: RandomRecording): Recording {
  return unwrap(Recording.fromSource(made.source, { index: indexPath(), runRecords: 60 }));
}

/** Every page at some of the moments, against the oracle. */
function expectRight(recording: Recording, made: RandomRecording): void {
  for (const state of made.states) {
    if (state.lsn > recording.lastLsn || state.lsn % 7 !== 0) continue;
    for (const [id, page] of state.pages) expect(unwrap(recording.pageAt(id, state.lsn))).toEqual(page);
    expect(unwrap(recording.edgesAt(state.lsn))).toEqual(state.edges);
  }
}

function blocksToOpen(made: RandomRecording): number {
  const before = made.source.blocksRead;
  open(made);
  return made.source.blocksRead - before;
}

describe("the index on disk", () => {
  it("is written whole under its own name and read back without a look at the records (I1)", () => {
    const made = randomRecording(1, SESSION);
    expectRight(open(made), made);
    expect(readdirSync(folder)).toEqual(["x.tlog.idx"]);
    expect(blocksToOpen(made)).toBe(0);
    expectRight(open(made), made);
  });

  it("is done with at once where a recording that began with nothing has been indexed: nothing of it is lost (I1)", () => {
    const made = randomRecording(5, { ...SESSION, genesisPages: 0 });
    made.source.images.length = 0;
    open(made).close();
    const step = Recording.open(made.source, { index: indexPath(), runRecords: 60 }).next();
    expect(step.done).toBe(true);
    const recording = unwrap(step.value as Result<Recording>);
    expectRight(recording, made);
    expect(unwrap(recording.notesAt(recording.lastLsn)).afterGap).toBe(false);
    const error = new MmsbError("LOG_BLOCK_DAMAGED", "a checkpoint is damaged", "It is passed over");
    made.source.damage = [{ error, offset: 0, path: "", lostBytes: 1, afterLsn: 0 }];
    expect(unwrap(unwrap(Recording.fromSource(made.source, { index: "memory" })).notesAt(1)).afterGap).toBe(
      true,
    );
  });

  it("comes out the same, byte for byte, from the same recording (I1)", () => {
    open(randomRecording(2, SESSION)).close();
    const first = readFileSync(indexPath());
    rmSync(indexPath());
    open(randomRecording(2, SESSION)).close();
    expect(readFileSync(indexPath()).equals(first)).toBe(true);
  });

  it("is extended, not built anew, where the recording has grown (I2)", () => {
    const made = randomRecording(3, SESSION);
    made.source.visible = 300;
    open(made).close();
    made.source.isClosed = false;
    made.source.visible = 400;
    expect(blocksToOpen(made)).toBeLessThan(made.source.blockCount / 2);
    expectRight(open(made), made);
  });

  it("is thrown away where the recording is another, shorter, or was written differently (I3)", () => {
    const made = randomRecording(4, SESSION);
    open(made).close();
    for (const change of [
      (source: MemorySource) => source.uuid.fill(9),
      (source: MemorySource) => {
        source.visible = 200;
      },
      (source: MemorySource) => source.lose(100, 120),
    ]) {
      const other = randomRecording(4, SESSION);
      change(other.source);
      expect(blocksToOpen(other)).toBeGreaterThan(10);
    }
    // the same beginning, another end: the last block that was indexed tells
    const other = randomRecording(5, { ...SESSION, records: 600 });
    expectRight(open(other), other);
  });

  it("is thrown away where the recording now begins with other pages (I3)", () => {
    const made = randomRecording(6, SESSION);
    open(made).close();
    const other = randomRecording(6, SESSION);
    other.source.images[0] = randomRecording(7, SESSION).source.images[0]!;
    expect(blocksToOpen(other)).toBeGreaterThan(10);
  });

  it("never gives a wrong answer, whichever bit of it flips (I4)", () => {
    const made = randomRecording(8, { ...SESSION, records: 120 });
    open(made).close();
    const good = readFileSync(indexPath());
    const random = new Prng(8);
    for (let i = 0; i < 150; i++) {
      const bad = Buffer.from(good);
      const at = i < 128 ? i : random.below(bad.length);
      bad[at]! ^= 1 << random.below(8);
      writeFileSync(indexPath(), bad);
      expectRight(open(made), made);
    }
  });

  it("never gives a wrong answer, wherever it is cut (I4)", () => {
    const made = randomRecording(9, { ...SESSION, records: 120 });
    open(made).close();
    const good = readFileSync(indexPath());
    const random = new Prng(9);
    for (let i = 0; i < 60; i++) {
      writeFileSync(indexPath(), good.subarray(0, i < 30 ? i * 5 : random.below(good.length)));
      expectRight(open(made), made);
    }
  });

  it("is not needed: where nothing can be written the recording opens all the same (I5)", () => {
    const made = randomRecording(10, SESSION);
    const path = join(folder, "no", "such", "folder", "x.idx");
    const recording = unwrap(Recording.fromSource(made.source, { index: path }));
    expectRight(recording, made);
    expect(existsSync(path)).toBe(false);
  });

  it("leaves nothing behind when its making is cancelled (I6)", () => {
    const made = randomRecording(11, SESSION);
    const job = Recording.open(made.source, { index: indexPath(), runRecords: 60 });
    for (let i = 0; i < 20; i++) expect(job.next().done).toBe(false);
    job.return(undefined as never);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("tells how far its making is, never backwards beyond the whole (I6)", () => {
    const made = randomRecording(12, SESSION);
    const job = Recording.open(made.source, { index: indexPath(), runRecords: 60 });
    let steps = 0;
    for (let step = job.next(); step.done !== true; step = job.next()) {
      steps++;
      expect(step.value.doneBytes).toBeLessThanOrEqual(step.value.totalBytes);
    }
    expect(steps).toBeGreaterThan(20);
  });

  it("works on more pages than the memory given to it (I7)", () => {
    const made = randomRecording(13, {
      ...SESSION,
      records: 300,
      pages: 14,
      pageBytes: 2048,
      genesisPages: 10,
    });
    const options = { index: indexPath(), runRecords: 60, cacheBytes: 8192 };
    const recording = unwrap(Recording.fromSource(made.source, options));
    expectRight(recording, made);
    expect(statSync(indexPath()).size).toBeGreaterThan(8192);
    // a block and a run's tables must fit, whatever the limit says
    expect(recording.index.cacheBytes).toBeLessThan(256 << 10);
  });
});
