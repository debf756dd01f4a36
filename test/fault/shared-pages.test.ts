// Allocator V2 under fire: eight threads, half of them through the addon where there is one, on one heap that is too small for them.
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { unwrap } from "../../engine/base/result.ts";
import { SharedPages } from "../../engine/pages/shared-pages.ts";
import { checkSharedPages } from "../helpers/check-shared-pages.ts";
import type { SharedPagesJob, SharedPagesTally } from "./shared-pages-worker.ts";

const WORKERS = 8;
const OPERATIONS = Number(process.env["MMSB_OPERATIONS"] ?? 130_000);
const SEED = Number(process.env["MMSB_SEED"] ?? 20260103);

function start(job: SharedPagesJob): Promise<SharedPagesTally> {
  const worker = new Worker(new URL("./shared-pages-worker.ts", import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.once("message", resolve).once("error", reject);
  });
}

it(`${WORKERS} threads and a million operations lose no page, own none twice, tear none, and stop nowhere (seed ${SEED})`, async () => {
  const pages = unwrap(SharedPages.create({ arenaBytes: 400_000, maxPages: 700 }));
  const board = new BigInt64Array(new SharedArrayBuffer(256 * 8));
  const begin = new Int32Array(new SharedArrayBuffer(4));
  const running = Array.from({ length: WORKERS }, (_, i) =>
    start({
      memory: pages.memory,
      board,
      start: begin,
      owner: i + 1,
      operations: OPERATIONS,
      seed: SEED + i,
      native: i % 2 === 1,
    }),
  );
  // those that come later find it set
  Atomics.store(begin, 0, 1);
  Atomics.notify(begin, 0);
  const tallies = await Promise.all(running);
  const sum = (of: (tally: SharedPagesTally) => number) => tallies.reduce((total, it) => total + of(it), 0);
  expect(sum(({ torn }) => torn)).toBe(0);
  expect(sum(({ stuck }) => stuck)).toBe(0);
  // a heap that was never short, or never read, would have proved little
  expect(sum(({ outOfMemory }) => outOfMemory)).toBeGreaterThan(100);
  expect(sum(({ reads }) => reads)).toBeGreaterThan(OPERATIONS / 10);

  const ids = new Set(tallies.flatMap(({ ids }) => [...ids]));
  const allocated = sum(({ ids }) => ids.length);
  expect(ids.size).toBe(allocated);
  const live = checkSharedPages(pages.memory);
  expect(live.length).toBe(allocated - sum(({ freed }) => freed));
  for (const id of live) expect(ids.has(id)).toBe(true);
});
