import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { nativeAddon } from "../../engine/accel/index.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { finish } from "../../engine/base/sliced.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import type { CheckpointContent } from "../../engine/log/checkpoint-format.ts";

import { LogReader } from "../../engine/log/log-reader.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { readPages } from "../../engine/log/record-source.ts";
import { PageTable } from "../../engine/pages/page-table.ts";
import { ReplayState } from "../../engine/replay/replay-state.ts";
import { ReplayWalk } from "../../engine/replay/replay-walk.ts";
import { mmsbStart } from "../../engine/session/mmsb.ts";
import { RawBounds } from "./raw-bounds.ts";
import { median, type Report, reportWith, secondsOf } from "./report.ts";

const PAGE_BYTES = 4096;
const DELTA_BYTES = 64;
const ROUNDS = 5;
const BATCH_ROWS = 1024;
/** Whether the log asks for room ahead of writes that it does not sync: its writing thread does. */
const reserves = nativeAddon.path !== undefined;

/**
 * A recording of `deltas` 64-byte deltas over `pageCount` pages of 4 KiB, pages and offsets uniform at random, made by a session: rows
 * go into a batch, as columns or one by one, and each batch is checked, logged and applied. Returns the seconds that the deltas took.
 */
export async function recordDeltas(
  path: string,
  deltas: number,
  pageCount: number,
  seed = 1,
  asColumns = true,
): Promise<number> {
  const session = unwrap(await mmsbStart({ path, durability: "none", intervalMs: 60_000 }));
  const slots = new Uint32Array(pageCount);
  for (let i = 0; i < pageCount; i++) {
    const id = unwrap(session.createPage({ sizeBytes: PAGE_BYTES, type: "bench" }));
    slots[i] = unwrap(session.slotOf(id));
  }
  const prng = new Prng(seed);
  const draws = 1 << 16;
  const pages = Uint32Array.from({ length: draws }, () => slots[prng.below(pageCount)]!);
  const offsets = Uint32Array.from({ length: draws }, () => prng.below((PAGE_BYTES - DELTA_BYTES) / 8) * 8);
  const ids = new Uint32Array(draws);
  const lengths = new Uint32Array(draws).fill(DELTA_BYTES);
  const payload = new Uint8Array(draws * DELTA_BYTES);
  prng.fill(payload);
  const batch = new DeltaBatch();
  const sources = ["bench"];
  const seconds = secondsOf(() => {
    for (let done = 0; done < deltas; ) {
      const from = done & (draws - 1);
      const to = Math.min(from + BATCH_ROWS, draws, from + deltas - done);
      if (asColumns) {
        batch.pushRanges(pages, ids, ids, offsets, lengths, from, to, payload, from * DELTA_BYTES, 0, 0);
      } else {
        for (let i = from; i < to; i++)
          batch.pushRange(pages[i]!, 0, 0, offsets[i]!, payload, i * DELTA_BYTES, DELTA_BYTES, 0, 0);
      }
      unwrap(session.writeBatch(batch, sources));
      batch.clear();
      done += to - from;
    }
    unwrap(session.flush());
  });
  unwrap(await session.stop());
  return seconds;
}

export async function writeBench(report: Report, folder: string): Promise<void> {
  const raw = new RawBounds(folder);
  const path = join(folder, "write.tlog");
  const deltas = 1_000_000;
  for (const asColumns of [true, false]) {
    const rates: number[] = [];
    const bounds: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const seconds = await recordDeltas(path, deltas, 4096, 1, asColumns);
      rates.push(deltas / seconds / 1e6);
      const { size } = statSync(path);
      rmSync(path);
      const bound = raw.writeSeconds(path, size, 1 << 20, 0, reserves);
      if (bound !== undefined) bounds.push(deltas / bound / 1e6);
      rmSync(path, { force: true });
    }
    const name = `write: logged 64-byte deltas, applied and appended${asColumns ? "" : ", pushed one by one"}`;
    reportWith(report, name, median(rates), "M/s", bounds.length > 0 ? median(bounds) : undefined);
  }
}

export async function scanBench(report: Report, folder: string): Promise<void> {
  const raw = new RawBounds(folder);
  const path = join(folder, "scan.tlog");
  const deltas = 2_000_000;
  await recordDeltas(path, deltas, 4096);
  const rates: number[] = [];
  const opens: number[] = [];
  const bounds: number[] = [];
  const batch = new RecordBatch();
  let checksum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    let reader: LogReader | undefined;
    opens.push(
      secondsOf(() => {
        reader = unwrap(LogReader.open(path));
      }),
    );
    const opened = reader!;
    const seconds = secondsOf(() => {
      for (let block = 0; block < opened.blockCount; block++) {
        unwrap(opened.readBlock(block, batch));
        checksum += batch.count + batch.pageLo[0]!;
      }
    });
    rates.push(opened.lastLsn / seconds / 1e6);
    opened.close();
    const bound = raw.readSeconds(path);
    if (bound !== undefined) bounds.push(deltas / bound / 1e6);
  }
  if (checksum === 0) throw new Error("nothing was read");
  const { size } = statSync(path);
  const bound = bounds.length > 0 ? median(bounds) : undefined;
  reportWith(report, "scan: 64-byte delta records, checked and decoded", median(rates), "M/s", bound);
  const openGiB = size / 2 ** 30 / median(opens);
  reportWith(
    report,
    "open: walk and check every block",
    openGiB,
    "GiB/s",
    bound === undefined ? undefined : (bound * 1e6 * size) / deltas / 2 ** 30,
  );
  reportWith(report, "log: bytes per 64-byte delta", size / deltas, "B", DELTA_BYTES);
  rmSync(path);
}

/** Milliseconds that opening the recording and replaying it took, into a state that was used before or a new one. */
function replayOnce(
  path: string,
  used?: ReplayState,
): { openMs: number; replayMs: number; state: ReplayState } {
  let reader: LogReader | undefined;
  const openMs = 1e3 * secondsOf(() => void (reader = unwrap(LogReader.open(path))));
  const source = reader!;
  let state = used;
  const replayMs =
    1e3 *
    secondsOf(() => {
      used?.clear();
      state ??= new ReplayState();
      const walk = new ReplayWalk(source, state);
      unwrap(walk.start(source.lastLsn, true));
      unwrap(finish(walk.advance(source.lastLsn)));
    });
  source.close();
  if (state!.counts.applied !== 100_000) throw new Error("not every delta was applied");
  return { openMs, replayMs, state: state! };
}

/** What the system takes to give 4,096 pages of 4 KiB of memory at their first touch, one byte written to each. */
function firstTouchSeconds(): number {
  const bytes = new Uint8Array(new SharedArrayBuffer(4096 * 4096));
  return secondsOf(() => {
    for (let at = 0; at < bytes.length; at += 4096) bytes[at] = 1;
  });
}

/**
 * From the file, which the system has in memory, to the final state: every block read, checked, decoded and applied, the pages made on the way.
 * The first touch of memory is the system's work and costs as much as the rest, so it is measured both ways, and by itself.
 */
export async function replayBench(report: Report, folder: string): Promise<void> {
  const raw = new RawBounds(folder);
  const path = join(folder, "replay.tlog");
  await recordDeltas(path, 100_000, 4096);
  const first = replayOnce(path);
  const fresh = Array.from({ length: ROUNDS }, () => replayOnce(path));
  const used = Array.from({ length: 2 * ROUNDS }, () => replayOnce(path, first.state));
  const hashing = secondsOf(() => void first.state.stateHash());
  // Taken afterwards: a child process leaves every page of this one to be copied at the next write.
  const bounds = Array.from({ length: ROUNDS }, () => raw.readSeconds(path) ?? Number.NaN);
  const bound = Number.isNaN(bounds[0]!) ? undefined : 1e3 * median(bounds);
  const touch = 1e3 * median(Array.from({ length: ROUNDS }, firstTouchSeconds));
  const replayMs = (rounds: readonly { replayMs: number }[]) => median(rounds.map((round) => round.replayMs));
  const open = median([...fresh, ...used].map((round) => round.openMs));
  const line = (name: string, ms: number, least = bound) =>
    reportWith(report, `replay: ${name}`, ms, "ms", least);
  const withTouch = bound === undefined ? touch : bound + touch;
  line("100,000 deltas to state in memory used before, opening and hashing apart", replayMs(used));
  line(
    "the same in memory fresh from the system; the bound with its first touch",
    replayMs(fresh),
    withTouch,
  );
  line("the same, the first in its process, code not compiled yet", first.replayMs, withTouch);
  line("opening it, every checksum checked", open);
  reportWith(report, "replay: state hash of 4096 pages of 4 KiB", hashing * 1e3, "ms");
  rmSync(path);
}

export async function checkpointBench(report: Report, folder: string): Promise<void> {
  const raw = new RawBounds(folder);
  const path = join(folder, "checkpoint.tlog");
  const pageCount = 16384;
  const table = new PageTable();
  const prng = new Prng(3);
  const bytes = new Uint8Array(PAGE_BYTES);
  for (let id = 1; id <= pageCount; id++) {
    prng.fill(bytes);
    unwrap(table.create({ id: BigInt(id), sizeBytes: PAGE_BYTES, bytes }));
  }
  const slots = table.slotsInIdOrder();
  const content: CheckpointContent = {
    kind: "full",
    baseLsn: 0,
    pages: Array.from(slots, (slot) => table.describe(slot)),
    destroyed: [],
    edges: [],
    stateHash: new Uint8Array(32),
    structureHash: new Uint8Array(32),
    bytesOf: (index) => table.bytes(slots[index]!),
  };
  const writes: number[] = [];
  const loads: number[] = [];
  const writeBounds: number[] = [];
  const readBounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const writer = unwrap(await LogWriter.create(path, { durability: "none" }));
    writes.push(
      1e3 *
        secondsOf(() => {
          unwrap(writer.writeCheckpoint(content));
          unwrap(writer.flush());
        }),
    );
    unwrap(await writer.close());
    const reader = unwrap(LogReader.open(path));
    // The bound's child process has left every page of this one to be copied at the next write.
    for (const slot of slots) table.bytes(slot)[0] = 0;
    loads.push(
      1e3 *
        secondsOf(() => {
          const image = unwrap(reader.loadCheckpoint(reader.checkpoints[0]!));
          const outs = image.pages.map((_, i) => table.bytes(slots[i]!));
          unwrap(readPages(image, 0, outs));
        }),
    );
    reader.close();
    const readBound = raw.loadSeconds(path);
    const { size } = statSync(path);
    rmSync(path);
    const writeBound = raw.storeSeconds(path, size);
    rmSync(path, { force: true });
    if (readBound !== undefined) readBounds.push(readBound * 1e3);
    if (writeBound !== undefined) writeBounds.push(writeBound * 1e3);
  }
  reportWith(
    report,
    "checkpoint: write 64 MiB, hashing apart",
    median(writes),
    "ms",
    writeBounds.length > 0 ? median(writeBounds) : undefined,
  );
  reportWith(
    report,
    "checkpoint: load 64 MiB, hashing apart",
    median(loads),
    "ms",
    readBounds.length > 0 ? median(readBounds) : undefined,
  );
}
