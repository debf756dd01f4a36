import { accel, type PageSpans } from "../../engine/accel/index.ts";
import { Prng } from "../../engine/base/prng.ts";
import { DeltaBatch } from "../../engine/deltas/delta-batch.ts";
import { deltaBodyBound } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { boundBytes, byteMaskBytes, MASK_WORKLOADS, PAGE_BYTES, uniformRuns } from "./codec-masks.ts";
import { type Report, reportWith } from "./report.ts";

const SEED = 1;
const MASKS = 400;
const PAGES = 4096;
const DELTAS = 2048;
const ROUNDS = 40;

/** How small deltas get, and how long the codec takes, beside the information bound and a plain copy of the same bytes. */
export async function codecBench(report: Report): Promise<void> {
  for (const workload of MASK_WORKLOADS) {
    reportSize(report, workload.name, workload.isRandom, workload.make);
    await breathe();
  }
  for (const [payloadBytes, runCount] of [
    [64, 1],
    [41, 5],
    [41, 41],
    [819, 102],
  ] as const) {
    reportSpeed(report, payloadBytes, runCount);
    await breathe();
  }
  reportImages(report);
}

/** Lets the process see a signal between two measurements. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Nanoseconds of one of `count` items: the best of some rounds, because all that disturbs only ever adds. */
function bestNs(count: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    run();
    best = Math.min(best, Number(process.hrtime.bigint() - start));
  }
  return best / count;
}

function reportSize(report: Report, name: string, isRandom: boolean, make: (rng: Prng) => RunList): void {
  const rng = new Prng(SEED);
  let bytes = 0;
  let bound = 0;
  let byteMask = 0;
  let payload = 0;
  for (let i = 0; i < MASKS; i++) {
    const runs = make(rng);
    const out = new Uint8Array(deltaBodyBound(runs.count, 0));
    const sectionBytes = accel.encodeRuns(runs.offset, runs.length, 0, runs.count, out, 0);
    payload += runs.totalBytes;
    bytes += sectionBytes + runs.totalBytes;
    bound += boundBytes(PAGE_BYTES, runs.totalBytes, runs.count);
    byteMask += byteMaskBytes(PAGE_BYTES, runs.totalBytes);
  }
  // Where the mask is not random, nothing but the payload is sure to be needed.
  const least = isRandom ? bound : payload;
  reportWith(report, `codec size: ${name}`, bytes / MASKS, "bytes", least / MASKS);
  reportWith(report, `codec size: ${name}, byte mask + payload / ours`, byteMask / bytes, "x");
}

function reportSpeed(report: Report, payloadBytes: number, runCount: number): void {
  const rng = new Prng(SEED);
  const pages = somePages();
  const payload = new Uint8Array(DELTAS * payloadBytes);
  rng.fill(payload);
  const batch = new DeltaBatch(DELTAS, payload.length);
  for (let i = 0; i < DELTAS; i++) {
    const { offset, length } = uniformRuns(rng, PAGE_BYTES, payloadBytes, runCount);
    batch.pushRuns(rng.below(PAGES), i, 0, offset, length, 0, runCount, payload, i * payloadBytes, 0, 0);
  }
  const bodies = new Uint8Array(DELTAS * deltaBodyBound(runCount, payloadBytes));
  const bodyLength = new Uint32Array(DELTAS);
  batch.encode(0, DELTAS, bodies, 0, bodies.length, bodyLength, 0);
  const bodyStart = new Uint32Array(DELTAS);
  for (let i = 1; i < DELTAS; i++) bodyStart[i] = bodyStart[i - 1]! + bodyLength[i - 1]!;

  const copied = new Uint8Array(payload.length);
  const copyNs = bestNs(DELTAS, () => copied.set(payload));
  const what = `${payloadBytes} bytes in ${runCount} ${runCount === 1 ? "run" : "runs"}`;
  const line = (verb: string, ns: number) => reportWith(report, `${verb}: ${what}`, ns, "ns", copyNs);

  const refilled = new DeltaBatch(DELTAS, payload.length);
  const { slot, pageLo, pageHi, runStart, runOffset, runLength } = batch;
  line(
    "push",
    bestNs(DELTAS, () => {
      refilled.clear();
      for (let i = 0; i < DELTAS; i++) {
        const at = i * payloadBytes;
        if (runCount === 1) {
          refilled.pushRange(slot[i]!, i, 0, runOffset[i]!, payload, at, payloadBytes, 0, 0);
        } else {
          const from = runStart[i]!;
          refilled.pushRuns(slot[i]!, i, 0, runOffset, runLength, from, from + runCount, payload, at, 0, 0);
        }
      }
    }),
  );
  if (runCount === 1) {
    line(
      "push as columns",
      bestNs(DELTAS, () => {
        refilled.clear();
        refilled.pushRanges(slot, pageLo, pageHi, runOffset, runLength, 0, DELTAS, payload, 0, 0, 0);
      }),
    );
  }
  line(
    "encode",
    bestNs(DELTAS, () => batch.encode(0, DELTAS, bodies, 0, bodies.length, bodyLength, 0)),
  );
  const runs = new RunList(runCount);
  line(
    "decode",
    bestNs(DELTAS, () => {
      for (let i = 0; i < DELTAS; i++) {
        const start = bodyStart[i]!;
        accel.decodeRuns(bodies, start, start + bodyLength[i]!, runs.offset, runs.length);
      }
    }),
  );
  line(
    "apply from the log",
    bestNs(DELTAS, () => accel.applyBodies(bodies, bodyStart, bodyLength, slot, 0, DELTAS, pages)),
  );
  line(
    "apply from columns",
    bestNs(DELTAS, () => batch.apply(pages)),
  );
}

function somePages(): PageSpans {
  return {
    arenas: [new Uint8Array(new SharedArrayBuffer(PAGES * PAGE_BYTES))],
    arena: new Uint8Array(PAGES),
    at: Uint32Array.from({ length: PAGES }, (_, slot) => slot * PAGE_BYTES),
    size: new Uint32Array(PAGES).fill(PAGE_BYTES),
  };
}

/** Work on whole 4 KiB images, and checksums. */
function reportImages(report: Report): void {
  const rng = new Prng(SEED);
  const before = new Uint8Array(PAGE_BYTES);
  rng.fill(before);
  const scattered = before.slice();
  const runs = uniformRuns(rng, PAGE_BYTES, 41, 41);
  for (let i = 0; i < runs.count; i++) scattered[runs.offset[i]!]! ^= 0xff;
  const mask = new Uint8Array(PAGE_BYTES);
  accel.runsToMask(runs.offset, runs.length, 0, runs.count, mask, 0, PAGE_BYTES);
  const page = before.slice();
  const found = new RunList(64);
  const each = 200;
  const repeated = (run: () => void) =>
    bestNs(each, () => {
      for (let i = 0; i < each; i++) run();
    });
  const copyNs = repeated(() => page.set(before));
  const line = (name: string, run: () => void) => reportWith(report, name, repeated(run), "ns", copyNs);
  line("diff of 4 KiB: equal", () => found.assignDiff(before, 0, before, 0, PAGE_BYTES));
  line("diff of 4 KiB: 41 single bytes", () => found.assignDiff(before, 0, scattered, 0, PAGE_BYTES));
  const blended = {
    arenas: [mask, scattered, page],
    arena: Uint8Array.of(0, 1, 2),
    at: new Uint32Array(3),
    size: new Uint32Array(3).fill(PAGE_BYTES),
  };
  const rows = [0, 1, 2].map((slot) => new Uint32Array(each).fill(slot)) as [
    Uint32Array,
    Uint32Array,
    Uint32Array,
  ];
  const blendNs = bestNs(each, () => accel.blendPages(...rows, 0, each, 8, blended));
  reportWith(report, "masked blend of 4 KiB, 1 % set, in a batch", blendNs, "ns", copyNs);
  line("byte mask of 4 KiB to runs, 1 % set", () => found.assignMask(mask));

  const block = new Uint8Array(65536);
  rng.fill(block);
  const target = new Uint8Array(block.length);
  const blockCopyNs = bestNs(20, () => {
    for (let i = 0; i < 20; i++) target.set(block);
  });
  const crcNs = bestNs(20, () => {
    for (let i = 0; i < 20; i++) accel.crc32c(block);
  });
  reportWith(report, "CRC-32C of 64 KiB", crcNs / 1000, "us", blockCopyNs / 1000);
}
