import { type Accel, nativeAddon, type PageSpans, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { Prng } from "../../engine/base/prng.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { uniformRuns } from "./codec-masks.ts";
import { RawBounds } from "./raw-bounds.ts";
import { type Report, reportWith, secondsOf } from "./report.ts";

const PAGE_BYTES = 4096;
const PAGES = 4096;
const ROUNDS = 7;

/** The least of several: what the work takes when nothing else disturbs it. The bound is taken between them. */
function least(
  work: () => number,
  bound: () => number | undefined,
): { value: number; bound: number | undefined } {
  let value = Number.POSITIVE_INFINITY;
  let least: number | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    value = Math.min(value, work());
    const seconds = bound();
    if (seconds !== undefined) least = Math.min(seconds, least ?? seconds);
  }
  return { value, bound: least };
}

/** `npm run bench -- native`: the hot loops of the addon, each beside the machine's own bound and the TypeScript reference. */
export async function nativeBench(report: Report, folder: string): Promise<void> {
  const raw = new RawBounds(folder);
  const all: Accel[] = [referenceAccel];
  if (nativeAddon.path === undefined) console.error(`no native addon: ${nativeAddon.reason}`);
  else all.unshift(nativeAccel(nativeAddon.functions));
  for (const hot of all) {
    checksum(hot, raw, report);
    blend(hot, raw, report);
    difference(hot, raw, report);
    deltas(hot, raw, report);
    for (const pages of [64, PAGES]) for (const runs of [1, 5, 41]) sparse(hot, runs, pages, report);
  }
}

function throughput(
  report: Report,
  name: string,
  bytes: number,
  work: () => void,
  bound: () => number | undefined,
): void {
  // the one before finds the caches as the bound's own preparation leaves them: with the bytes it works on
  const seconds = least(() => Math.min(secondsOf(work), secondsOf(work)), bound);
  reportWith(
    report,
    name,
    bytes / seconds.value / 1e9,
    "GB/s",
    seconds.bound === undefined ? undefined : bytes / seconds.bound / 1e9,
  );
}

function checksum(hot: Accel, raw: RawBounds, report: Report): void {
  for (const [size, rounds] of [
    [64 << 20, 1],
    [64 << 10, 256],
  ] as const) {
    const bytes = new Uint8Array(size);
    new Prng(1).fill(bytes);
    const run = () => {
      for (let i = 0; i < rounds; i++) hot.crc32c(bytes);
    };
    const name = `${hot.name}: CRC32C of ${size >> 10} KiB, beside a read-only sum`;
    throughput(report, name, size * rounds, run, () => raw.sumSeconds(size, rounds));
  }
}

/** Batches of pages, over memory beyond the nearest caches and in them. */
function blend(hot: Accel, raw: RawBounds, report: Report): void {
  blendOf(hot, raw, report, 1 << 20, [1 << 20]);
  blendOf(hot, raw, report, 64 << 10, [64 << 10, PAGE_BYTES]);
}

/** `size` bytes of pages, each with a mask and values of its own, again and again in one batch. */
function blendOf(hot: Accel, raw: RawBounds, report: Report, size: number, steps: readonly number[]): void {
  const rounds = (16 << 20) / size;
  const mask = new Uint8Array(size);
  const bits = new Uint8Array(size / 8);
  const values = new Uint8Array(size).fill(7);
  const page = new Uint8Array(size);
  for (const share of [1, 0.5]) {
    const prng = new Prng(2);
    bits.fill(0);
    for (let i = 0; i < size; i++) {
      mask[i] = prng.chance(share) ? 1 : 0;
      bits[i >> 3]! |= mask[i]! << (i & 7);
    }
    for (const step of steps)
      for (const flagBits of [8, 1]) {
        const pages = size / step;
        // Masks first, then values, then the pages.
        const spans = {
          arenas: [flagBits === 8 ? mask : bits, values, page],
          arena: Uint16Array.from({ length: 3 * pages }, (_, slot) => Math.floor(slot / pages)),
          at: Uint32Array.from({ length: 3 * pages }, (_, slot) => (slot % pages) * step),
          size: new Uint32Array(3 * pages).fill(step),
        };
        for (let slot = 0; flagBits === 1 && slot < pages; slot++) {
          spans.at[slot]! /= 8;
          spans.size[slot]! /= 8;
        }
        const rows = rounds * pages;
        const column = (k: number) =>
          Uint32Array.from({ length: rows }, (_, row) => (row % pages) + k * pages);
        const columns = [column(0), column(1), column(2)] as const;
        const run = () => hot.blendPages(...columns, 0, rows, flagBits, spans);
        const what = flagBits === 8 ? "byte masks" : "bit masks";
        const name = `${hot.name}: blend of pages of ${step >> 10} KiB, ${what}, ${share * 100} % set, beside memcpy`;
        throughput(report, name, size * rounds, run, () => raw.copySeconds(size, rounds, step));
      }
  }
}

function difference(hot: Accel, raw: RawBounds, report: Report): void {
  const size = 1 << 20;
  const rounds = 16;
  const before = new Uint8Array(size);
  new Prng(3).fill(before);
  const after = before.slice();
  const runs = new RunList(size / 2);
  for (const every of [PAGE_BYTES, 40]) {
    for (let i = 0; i < size; i += every) after[i]!++;
    const run = () => {
      for (let i = 0; i < rounds; i++)
        hot.diffImages(before, 0, after, 0, 0, size, runs.offset, runs.length, 0);
    };
    const name = `${hot.name}: difference of two images of 1 MiB, one byte in ${every}, beside memcpy`;
    throughput(report, name, size * rounds, run, () => raw.copySeconds(size, rounds));
  }
}

function pagesOf(count: number): PageSpans {
  return {
    arenas: [new Uint8Array(new SharedArrayBuffer(count * PAGE_BYTES))],
    arena: new Uint16Array(count),
    at: Uint32Array.from({ length: count }, (_, i) => i * PAGE_BYTES),
    size: new Uint32Array(count).fill(PAGE_BYTES),
  };
}

/** 64-byte deltas to random pages, applied and not logged. */
function deltas(hot: Accel, raw: RawBounds, report: Report): void {
  const rows = 1 << 18;
  const prng = new Prng(4);
  const pages = pagesOf(PAGES);
  const slot = Uint32Array.from({ length: rows }, () => prng.below(PAGES));
  const runStart = Uint32Array.from({ length: rows + 1 }, (_, i) => i);
  const runOffset = Uint32Array.from({ length: rows }, () => prng.below(504) * 8);
  const runLength = new Uint32Array(rows).fill(64);
  const payloadStart = Uint32Array.from({ length: rows }, (_, i) => i * 64);
  const payload = new Uint8Array(rows * 64);
  const columns = [runStart, runOffset, runLength, payloadStart, payload] as const;
  const pass = () => {
    for (let from = 0; from < rows; from += 1024) hot.applyDeltas(slot, ...columns, from, from + 1024, pages);
  };
  const seconds = least(
    // the pass before it finds the caches as the bound's own preparation leaves them: with the bytes it works on
    () => Math.min(secondsOf(pass), secondsOf(pass)),
    () => raw.scatterSeconds(rows, PAGES),
  );
  reportWith(
    report,
    `${hot.name}: 64-byte deltas applied, not logged, beside a loop in C`,
    rows / seconds.value / 1e6,
    "M/s",
    seconds.bound === undefined ? undefined : rows / seconds.bound / 1e6,
  );
}

/** 1 % of a page of 4 KiB in so many runs: from columns, and from bodies as the log keeps them. */
function sparse(hot: Accel, runCount: number, pageCount: number, report: Report): void {
  const rows = 1 << 14;
  const bytesEach = Math.round(PAGE_BYTES / 100);
  const prng = new Prng(5);
  const pages = pagesOf(pageCount);
  const slot = Uint32Array.from({ length: rows }, () => prng.below(pageCount));
  const runStart = Uint32Array.from({ length: rows + 1 }, (_, i) => i * runCount);
  const runOffset = new Uint32Array(rows * runCount);
  const runLength = new Uint32Array(rows * runCount);
  const payloadStart = Uint32Array.from({ length: rows }, (_, i) => i * bytesEach);
  const payload = new Uint8Array(rows * bytesEach);
  prng.fill(payload);
  for (let row = 0; row < rows; row++) {
    const runs = uniformRuns(prng, PAGE_BYTES, bytesEach, runCount);
    runOffset.set(runs.offset.subarray(0, runCount), row * runCount);
    runLength.set(runs.length.subarray(0, runCount), row * runCount);
  }
  const columns = [runStart, runOffset, runLength, payloadStart, payload] as const;
  const bodies = new Uint8Array(rows * (bytesEach + runCount * 10 + 10));
  const bodyLength = new Uint32Array(rows);
  const bodyStart = new Uint32Array(rows);
  const encode = () => hot.encodeBodies(...columns, 0, rows, bodies, 0, bodies.length, bodyLength, 0);
  if (encode() !== rows) throw new Error("the bodies did not fit");
  for (let row = 1; row < rows; row++) bodyStart[row] = bodyStart[row - 1]! + bodyLength[row - 1]!;
  const works = {
    "applied from columns": () => void hot.applyDeltas(slot, ...columns, 0, rows, pages),
    "decoded and applied": () => void hot.applyBodies(bodies, bodyStart, bodyLength, slot, 0, rows, pages),
    encoded: () => void encode(),
  };
  for (const [what, work] of Object.entries(works)) {
    const seconds = least(
      () => secondsOf(work),
      () => undefined,
    );
    const name = `${hot.name}: sparse delta, 1 % of ${pageCount} pages in ${runCount} run${runCount === 1 ? "" : "s"}, ${what}`;
    reportWith(report, name, (seconds.value / rows) * 1e9, "ns");
  }
}
