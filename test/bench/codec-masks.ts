import type { Prng } from "../../engine/base/prng.ts";
import { RunList } from "../../engine/deltas/run-list.ts";

/** log2(i!) for i below its length. */
let logFactorials = new Float64Array(1);

function logFactorial(n: number): number {
  if (n >= logFactorials.length) {
    const longer = new Float64Array(Math.max(n + 1, logFactorials.length * 2));
    for (let i = 1; i < longer.length; i++) longer[i] = longer[i - 1]! + Math.log2(i);
    logFactorials = longer;
  }
  return logFactorials[n]!;
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

/**
 * The information bound of a delta, in bytes: its payload and log2 of the number of masks of `pageBytes` flags with `payloadBytes` set
 * in `runCount` runs. (Choose how the bytes fall into runs, and which of the gaps, ends included, hold one.)
 */
export function boundBytes(pageBytes: number, payloadBytes: number, runCount: number): number {
  if (runCount === 0) return payloadBytes;
  const masks = logChoose(payloadBytes - 1, runCount - 1) + logChoose(pageBytes - payloadBytes + 1, runCount);
  return payloadBytes + masks / 8;
}

/** What the older format takes for the same delta: a byte a flag for the whole page, and the payload. */
export function byteMaskBytes(pageBytes: number, payloadBytes: number): number {
  return pageBytes + payloadBytes;
}

/** `k` different whole numbers below `n`, ascending (Floyd, 1987). */
function subset(rng: Prng, n: number, k: number): number[] {
  const chosen = new Set<number>();
  for (let j = n - k; j < n; j++) {
    const candidate = rng.below(j + 1);
    chosen.add(chosen.has(candidate) ? j : candidate);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** Uniform among all masks with that many bytes in that many runs. */
export function uniformRuns(rng: Prng, pageBytes: number, payloadBytes: number, runCount: number): RunList {
  const runs = new RunList(runCount);
  const cuts = [0, ...subset(rng, payloadBytes - 1, runCount - 1).map((cut) => cut + 1), payloadBytes];
  const places = subset(rng, pageBytes - payloadBytes + 1, runCount);
  for (let i = 0; i < runCount; i++) runs.push(places[i]! + cuts[i]!, cuts[i + 1]! - cuts[i]!);
  return runs;
}

/** Every byte is set with the same probability. */
export function scatteredBytes(rng: Prng, pageBytes: number, density: number): RunList {
  const runs = new RunList();
  for (let i = 0; i < pageBytes; i++) if (rng.chance(density)) runs.extend(i, 1);
  return runs;
}

/** Runs of geometric length around `meanLength`, until `density` of the page is covered. */
export function geometricRuns(rng: Prng, pageBytes: number, density: number, meanLength: number): RunList {
  const payloadBytes = Math.max(1, Math.round(pageBytes * density));
  let runCount = 0;
  for (let left = payloadBytes; left > 0; runCount++) {
    left -= 1 + Math.floor(Math.log(1 - rng.float()) / Math.log(1 - 1 / meanLength));
  }
  return uniformRuns(rng, pageBytes, payloadBytes, Math.min(runCount, pageBytes - payloadBytes + 1));
}

/** A page of u64 counters, each of which is raised once with the given probability: the bytes that change. */
export function counterRuns(rng: Prng, pageBytes: number, probability: number): RunList {
  const before = new Uint8Array(pageBytes);
  const counters = new BigUint64Array(before.buffer);
  for (let i = 0; i < counters.length; i++) counters[i] = BigInt(rng.u32());
  const after = before.slice();
  const raised = new BigUint64Array(after.buffer);
  for (let i = 0; i < raised.length; i++) if (rng.chance(probability)) raised[i]! += 1n;
  const runs = new RunList();
  runs.assignDiff(before, 0, after, 0, pageBytes);
  return runs;
}

/** An array of structs, of which a field is written in each with the given probability. */
export function fieldRuns(
  rng: Prng,
  pageBytes: number,
  structBytes: number,
  fieldAt: number,
  fieldBytes: number,
  probability: number,
): RunList {
  const runs = new RunList();
  for (let at = 0; at + structBytes <= pageBytes; at += structBytes) {
    if (rng.chance(probability)) runs.extend(at + fieldAt, fieldBytes);
  }
  return runs;
}

/** A way in which programs write to a page. */
export interface MaskWorkload {
  readonly name: string;
  /** The masks are random, so that the information bound holds for them. */
  readonly isRandom: boolean;
  make(rng: Prng): RunList;
}

export const PAGE_BYTES = 4096;

/** Mean bytes of a run of the random workloads. */
const RUN_BYTES = 8;

export const MASK_WORKLOADS: readonly MaskWorkload[] = [
  ...[0.001, 0.01, 0.05, 0.2].map((density) => ({
    name: `random runs ${density * 100} %`,
    isRandom: true,
    make: (rng: Prng) => geometricRuns(rng, PAGE_BYTES, density, RUN_BYTES),
  })),
  { name: "scattered bytes 1 %", isRandom: true, make: (rng) => scatteredBytes(rng, PAGE_BYTES, 0.01) },
  { name: "counters, all", isRandom: false, make: (rng) => counterRuns(rng, PAGE_BYTES, 1) },
  { name: "counters, 10 %", isRandom: false, make: (rng) => counterRuns(rng, PAGE_BYTES, 0.1) },
  { name: "struct fields, all", isRandom: false, make: (rng) => fieldRuns(rng, PAGE_BYTES, 64, 16, 8, 1) },
  { name: "struct fields, 30 %", isRandom: false, make: (rng) => fieldRuns(rng, PAGE_BYTES, 24, 4, 4, 0.3) },
];
