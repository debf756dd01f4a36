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

type Who = "ours" | "raw" | "lmdb" | "forNode";

const MODES: readonly Mode[] = [
  { name: "100-byte records, not synced", inFlight: 0, inBatches: true },
  // Each thousand is acknowledged by a sync that covers it. One in flight: the next is appended after that; more: they share syncs.
  ...[1, 4, 16].map((inFlight) => ({
    name: `100-byte records, synced per 1000, ${inFlight} thousand in flight`,
    inFlight,
    inBatches: true,
  })),
  { name: "100-byte records one by one, not synced", inFlight: 0, inBatches: false },
  { name: "100-byte records one by one, synced per 1000", inFlight: 1, inBatches: false },
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
    console.error("no lmdb for Node to compare with: it has no addon for this machine");
  for (const mode of MODES) {
    const { name, inFlight, inBatches } = mode;
    const records = inFlight > 0 ? 100_000 : 1_000_000;
    const least: Partial<Record<Who, number>> = {};
    const take = (who: Who, seconds: number | undefined) => {
      if (seconds !== undefined) least[who] = Math.min(seconds, least[who] ?? seconds);
      for (const file of [path, `${path}-lock`]) rmSync(file, { force: true });
      settle(folder);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const ours = await append(path, records, mode);
      const { size } = statSync(path);
      take("ours", ours);
      const chunk = inFlight > 0 ? Math.ceil(size / (records / COMMIT_RECORDS)) : 1 << 20;
      // Room ahead of writes that are not synced is what the addon's thread asks for.
      const isPrepared = inFlight > 0 || nativeAddon.path !== undefined;
      take("raw", raw.writeSeconds(path, size, chunk, inFlight, isPrepared));
      if (!inBatches) continue;
      take("lmdb", lmdb.run(path, records, RECORD_BYTES, inFlight));
      take("forNode", await forNode?.append(path, records, BODY, COMMIT_RECORDS, inFlight));
    }
    const rate = (who: Who) => {
      const seconds = least[who];
      return seconds === undefined ? undefined : records / seconds / 1e6;
    };
    const beside = (what: string, value: number | undefined, other: number | undefined) => {
      if (value !== undefined && other !== undefined)
        reportWith(report, `append: ${what}`, value, "M/s", other);
    };
    reportWith(report, `append: ${name}`, rate("ours")!, "M/s", rate("raw"));
    beside(`${name}, beside lmdb for Node`, rate("ours"), rate("forNode"));
    beside(`${name}, beside lmdb in C`, rate("ours"), rate("lmdb"));
    // No log that writes these bytes in this way is further ahead of it than this.
    beside(`a raw C write of ${name}, beside lmdb in C`, rate("raw"), rate("lmdb"));
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
