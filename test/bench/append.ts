import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { nativeAddon } from "../../engine/accel/index.ts";
import { type Result, unwrap } from "../../engine/base/result.ts";
import { LogWriter } from "../../engine/log/log-writer.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { CProgram } from "./c-program.ts";
import { LmdbForNode } from "./lmdb-for-node.ts";
import { RawBounds } from "./raw-bounds.ts";
import { type Report, reportWith } from "./report.ts";

const RECORD_BYTES = 100;
/** Records of a commit. */
const COMMIT_RECORDS = 1000;
const ROUNDS = 7;
const BODY = new Uint8Array(RECORD_BYTES).map((_, i) => i * 37);

interface Mode {
  readonly name: string;
  /** Commits that may wait for a sync that covers them; 0 = nothing is synced. */
  readonly inFlight: number;
  /** A commit's records are appended in one call. */
  readonly inBatches: boolean;
}

const MODES: readonly Mode[] = [
  { name: "not synced", inFlight: 0, inBatches: true },
  // Each thousand is acknowledged by a sync that covers it. One in flight: the next is appended after that; more: they share syncs.
  ...[1, 4, 16].map((inFlight) => ({
    name: `synced per 1000, ${inFlight} thousand in flight`,
    inFlight,
    inBatches: true,
  })),
  { name: "one by one, not synced", inFlight: 0, inBatches: false },
  { name: "one by one, synced per 1000", inFlight: 1, inBatches: false },
];

/**
 * `npm run bench -- append`: the log beside a C program that writes the same bytes in the same way, and beside lmdb, in C and in Node, each in its own best way.
 * Best of several rounds in turn: a medium that others use as well is late, never early.
 */
export async function appendBench(report: Report, folder: string): Promise<void> {
  const path = join(folder, "append.tlog");
  const raw = new RawBounds(folder);
  const lmdb = new CProgram(folder, "lmdb-append.c", ["-llmdb", "-pthread"]);
  const forNode = await LmdbForNode.load();
  if (!lmdb.isAvailable) console.error("no lmdb to compare with: apt install liblmdb-dev and a C compiler");
  if (forNode === undefined)
    console.error("no lmdb for Node to compare with: npm install --no-save lmdb@3.5.6");
  for (const mode of MODES) {
    const { name, inFlight, inBatches } = mode;
    const records = inFlight > 0 ? 100_000 : 1_000_000;
    const least = { ours: Number.NaN, raw: Number.NaN, lmdb: Number.NaN, forNode: Number.NaN };
    const take = (who: keyof typeof least, seconds: number | undefined) => {
      if (seconds !== undefined && !(seconds >= least[who])) least[who] = seconds;
      for (const file of [path, `${path}-lock`]) rmSync(file, { force: true });
      settle(folder);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const ours = await append(path, records, mode);
      const { size } = statSync(path);
      take("ours", ours);
      const chunk = inFlight > 0 ? Math.ceil(size / (records / COMMIT_RECORDS)) : 1 << 20;
      // Only its writing thread asks the log's file system for room ahead of writes that are not synced.
      const isPrepared = inFlight > 0 || nativeAddon.path !== undefined;
      take("raw", raw.writeSeconds(path, size, chunk, inFlight, isPrepared));
      if (!inBatches) continue;
      take("lmdb", lmdb.run(path, records, RECORD_BYTES, inFlight));
      take("forNode", await forNode?.append(path, records, BODY, COMMIT_RECORDS, inFlight));
    }
    const rate = (who: keyof typeof least) => records / least[who] / 1e6;
    const line = (what: string, value: number, bound: number) => {
      if (!Number.isNaN(value) && !(what !== name && Number.isNaN(bound)))
        reportWith(report, `append: ${what}`, value, "M/s", Number.isNaN(bound) ? undefined : bound);
    };
    line(name, rate("ours"), rate("raw"));
    line(`${name}, beside lmdb for Node`, rate("ours"), rate("forNode"));
    line(`${name}, beside lmdb in C`, rate("ours"), rate("lmdb"));
    // No log that writes these bytes in this way is further ahead of it than this.
    line(`a raw C write of ${name}, beside lmdb in C`, rate("raw"), rate("lmdb"));
  }
}

/** Seconds that the log takes. */
async function append(path: string, records: number, { inFlight, inBatches }: Mode): Promise<number> {
  const bodies = new Uint8Array(RECORD_BYTES * COMMIT_RECORDS).map((_, i) => i * 37);
  const lengths = new Uint32Array(COMMIT_RECORDS).fill(RECORD_BYTES);
  const writer = unwrap(await LogWriter.create(path, { durability: "none", intervalMs: 60_000 }));
  const waiting: Promise<Result<void>>[] = [];
  const start = process.hrtime.bigint();
  for (let done = 0; done < records; done += COMMIT_RECORDS) {
    if (inBatches) writer.appendBodies(RecordKind.Event, bodies, lengths);
    else for (let k = 0; k < COMMIT_RECORDS; k++) writer.append(RecordKind.Event, { body: BODY });
    if (inFlight === 1) unwrap(writer.sync());
    if (inFlight <= 1) continue;
    waiting.push(writer.durable());
    if (waiting.length === inFlight) unwrap(await waiting.shift()!);
  }
  for (const acknowledged of waiting) unwrap(await acknowledged);
  unwrap(writer.flush());
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  unwrap(await writer.close());
  return seconds;
}

/** A file system may give room back with the next syncs after a file was removed: they are not those that are measured. */
function settle(folder: string): void {
  const path = join(folder, "settle");
  for (let i = 0; i < 3; i++) {
    const file = openSync(path, "w");
    writeSync(file, new Uint8Array(4096));
    fsyncSync(file);
    closeSync(file);
    rmSync(path);
  }
}
