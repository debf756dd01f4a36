// Law: whatever the bytes, each function of the addon gives what the reference gives, to the bit: results, what it wrote, and where it
// says that bytes are corrupt. And whatever the arguments, it returns or throws ARGUMENT_INVALID.
import { describe, expect, it } from "vitest";
import {
  type Accel,
  NO_SLOT,
  nativeAddon,
  type PageSpans,
  referenceAccel,
  runSectionBound,
} from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { RunList } from "../../engine/deltas/run-list.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260102);
const factor = Number(process.env["MMSB_ROUNDS"] ?? 1);

/** Runs a property many times, each with a generator of its own; a failure names the seed that repeats it. */
function rounds(count: number, property: (rng: Prng, native: Accel) => void) {
  return (ctx: { skip(reason: string): never }) => {
    if (nativeAddon.path === undefined) ctx.skip(`no native addon: ${nativeAddon.reason}`);
    const native = nativeAccel(nativeAddon.functions);
    for (let round = 0; round < count * factor; round++) {
      try {
        property(new Prng(seed + round), native);
      } catch (error) {
        throw new Error(`MMSB_SEED=${seed + round} MMSB_ROUNDS=${1 / count} repeats this`, { cause: error });
      }
    }
  };
}

function randomBytes(rng: Prng, length: number): Uint8Array {
  const bytes = new Uint8Array(rng.chance(0.5) ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  rng.fill(bytes);
  return bytes;
}

/** Runs of every kind the forms are made for; canonical, below 2^32. */
function randomRuns(rng: Prng, most = 120): RunList {
  const runs = new RunList();
  const count = rng.pick([0, 1, 2, 3, 7, 8, 9, 62, 63, 64, rng.below(most + 1)]);
  const gapLimit = rng.pick([1, 2, 9, 200, 70_000, 30_000_000]);
  const lengthLimit = rng.pick([1, 1, 3, 40, 300]);
  const stride = rng.pick([0, 0, 4, 64, 24]);
  const mostlyZero = rng.chance(0.3);
  let at = rng.below(rng.pick([1, 2, 500]));
  for (let i = 0; i < count; i++) {
    const length = 1 + rng.below(lengthLimit);
    if (at + length >= 2 ** 32 - 1) break;
    runs.push(at, length);
    const gap = mostlyZero && rng.chance(0.9) ? 0 : rng.below(gapLimit);
    at += length + 1 + gap;
    if (stride > 0) at = runs.offset[i]! + Math.ceil((at - runs.offset[i]!) / stride) * stride;
  }
  return runs;
}

function bodyOf(rng: Prng, runs: RunList): Uint8Array {
  const out = new Uint8Array(runSectionBound(runs.count) + runs.totalBytes);
  const at = referenceAccel.encodeRuns(runs.offset, runs.length, 0, runs.count, out, 0);
  rng.fill(out.subarray(at, at + runs.totalBytes));
  return out.slice(0, at + runs.totalBytes);
}

/** A body as it should be, or damaged: bits flipped, cut, grown, or noise altogether. */
function anyBody(rng: Prng): Uint8Array {
  if (rng.chance(0.15)) return randomBytes(rng, rng.below(40)).slice();
  const body = bodyOf(rng, randomRuns(rng));
  if (rng.chance(0.3)) return body;
  for (let i = rng.below(3); i > 0 && body.length > 0; i--) {
    const near = rng.chance(0.8) ? Math.min(body.length, 12) : body.length;
    body[rng.below(near)]! ^= 1 << rng.below(8);
  }
  if (rng.chance(0.3)) return body.slice(0, rng.below(body.length + 1));
  return body;
}

describe("the native hot loops and the reference", () => {
  it(
    "encode the same runs to the same bytes",
    rounds(500, (rng, native) => {
      const runs = randomRuns(rng, 400);
      const from = rng.below(runs.count + 1);
      const bound = runSectionBound(runs.count - from);
      const [a, b] = [new Uint8Array(bound + 40).fill(9), new Uint8Array(bound + 40).fill(9)];
      const end = referenceAccel.encodeRuns(runs.offset, runs.length, from, runs.count, a, 7);
      expect(native.encodeRuns(runs.offset, runs.length, from, runs.count, b, 7)).toBe(end);
      expect(Buffer.compare(a.subarray(0, end), b.subarray(0, end))).toBe(0);
      expect(b.subarray(7 + bound).every((byte) => byte === 9)).toBe(true);
    }),
  );

  it(
    "read any body alike, and call the same byte corrupt",
    rounds(2500, (rng, native) => {
      const body = anyBody(rng);
      const at = rng.below(9);
      const bytes = randomBytes(rng, at + body.length + rng.below(9));
      bytes.set(body, at);
      const end = at + body.length;
      const count = referenceAccel.runCount(bytes, at, end);
      expect(native.runCount(bytes, at, end)).toBe(count);
      const rows = rng.chance(0.1) ? rng.below(5) : Math.max(0, count) + rng.below(3);
      const [o1, l1, o2, l2] = [0, 1, 2, 3].map(() => new Uint32Array(rows)) as [
        Uint32Array,
        Uint32Array,
        Uint32Array,
        Uint32Array,
      ];
      const payloadAt = referenceAccel.decodeRuns(bytes, at, end, o1, l1);
      expect(native.decodeRuns(bytes, at, end, o2, l2)).toBe(payloadAt);
      if (payloadAt >= 0) {
        expect(Buffer.compare(new Uint8Array(o1.buffer), new Uint8Array(o2.buffer))).toBe(0);
        expect(Buffer.compare(new Uint8Array(l1.buffer), new Uint8Array(l2.buffer))).toBe(0);
      }
      const page = randomBytes(rng, 900);
      const other = page.slice();
      const size = rng.below(800);
      const written = referenceAccel.applyBody(bytes, at, end, page, 13, size);
      expect(native.applyBody(bytes, at, end, other, 13, size)).toBe(written);
      expect(Buffer.compare(page, other)).toBe(0);
    }),
  );

  it(
    "find the same runs in images and masks, with room for all of them or not",
    rounds(500, (rng, native) => {
      const length = rng.pick([rng.below(300), 64, 128, 127, 65, rng.below(3000)]);
      const [at, otherAt] = [rng.below(70), rng.below(70)];
      const before = randomBytes(rng, at + length + 3);
      const after = randomBytes(rng, otherAt + length + 3);
      after.set(before.subarray(at, at + length), otherAt);
      const mask = randomBytes(rng, at + length + 3).fill(0);
      const bits = randomBytes(rng, at + Math.ceil(length / 8) + 2);
      for (let i = 0; i < length; i = i + 1 + rng.below(rng.pick([1, 3, 60, 900]))) {
        for (let j = i + rng.below(rng.pick([2, 10, 200])); i <= j && i < length; i++) {
          after[otherAt + i]! ^= 1 + rng.below(255);
          mask[at + i] = 1 + rng.below(255);
          if (rng.chance(0.5)) bits[at + (i >> 3)] = rng.pick([0, 255]);
        }
      }
      const from = rng.below(length + 1);
      const to = from + rng.below(length - from + 1);
      const rows = rng.pick([0, 1, 3, 5000]);
      const first = rng.below(4);
      const columns = () => [new Uint32Array(rows), new Uint32Array(rows)] as const;
      const each = (run: (hot: Accel, offset: Uint32Array, lengths: Uint32Array) => number) => {
        const [a, b] = [columns(), columns()];
        const count = run(referenceAccel, ...a);
        expect(run(native, ...b)).toBe(count);
        expect(Buffer.compare(new Uint8Array(a[0].buffer), new Uint8Array(b[0].buffer))).toBe(0);
        expect(Buffer.compare(new Uint8Array(a[1].buffer), new Uint8Array(b[1].buffer))).toBe(0);
      };
      each((hot, o, l) => hot.diffImages(before, at, after, otherAt, from, to, o, l, first));
      each((hot, o, l) => hot.maskToRuns(mask, at, from, to, o, l, first));
      each((hot, o, l) => hot.bitsToRuns(bits, at, from, to, o, l, first));
    }),
  );

  it(
    "write the same masks",
    rounds(500, (rng, native) => {
      const runs = randomRuns(rng);
      const [length, at] = [rng.below(1000), rng.below(40)];
      const [a, b] = [randomBytes(rng, 1100), randomBytes(rng, 1100)];
      b.set(a);
      referenceAccel.runsToMask(runs.offset, runs.length, 0, runs.count, a, at, length);
      native.runsToMask(runs.offset, runs.length, 0, runs.count, b, at, length);
      expect(Buffer.compare(a, b)).toBe(0);
      referenceAccel.runsToBits(runs.offset, runs.length, 0, runs.count, a, at, length);
      native.runsToBits(runs.offset, runs.length, 0, runs.count, b, at, length);
      expect(Buffer.compare(a, b)).toBe(0);
    }),
  );

  it(
    "blend the same bytes, bit masks and masks of bytes, up to the first row that names no page",
    rounds(500, (rng, native) => {
      const memory = [randomBytes(rng, 4000), randomBytes(rng, 4000), randomBytes(rng, 4000)];
      const density = rng.pick([0, 2, 128, 250, 256]);
      for (let i = 0; i < 4000; i++) if (rng.below(256) >= density) memory[0]![i] = 0;
      const sizes = () => rng.pick([0, 1, rng.below(40), rng.below(1300), 1300]);
      const pages: PageSpans = {
        arenas: memory,
        arena: rng.pick([Uint8Array, Uint16Array, Uint32Array]).of(0, 1, 2, 0, 1, 2, 0, 1, 2),
        at: Uint32Array.from({ length: 9 }, (_, slot) => Math.floor(slot / 3) * 1320 + rng.below(20)),
        size: Uint32Array.from({ length: 9 }, sizes),
      };
      const copy: PageSpans = { ...pages, arenas: memory.map((arena) => arena.slice()) };
      const rows = rng.below(12);
      const column = (arena: number) =>
        Uint32Array.from({ length: rows }, () => (rng.chance(0.1) ? NO_SLOT : rng.below(3) * 3 + arena));
      const columns = [column(0), column(1), column(2)] as const;
      const flagBits = rng.pick([1, 8]);
      const from = rng.below(rows + 1);
      referenceAccel.blendPages(...columns, from, rows, flagBits, pages);
      native.blendPages(...columns, from, rows, flagBits, copy);
      expect(Buffer.compare(memory[2]!, copy.arenas[2]!)).toBe(0);
      if (from === rows) return;
      for (const [arena, slots] of columns.entries()) slots[from] = arena;
      columns[rng.below(3)]![from] = 9;
      const call = () => native.blendPages(...columns, from, rows, flagBits, copy);
      expect(call).toThrow(`row ${from} names no page`);
    }),
  );

  it(
    "take whole batches alike: pages that are not there, ranges over others, the end of a page, corrupt rows, a limit",
    rounds(250, (rng, native) => {
      const arenas = [randomBytes(rng, 3000), randomBytes(rng, 5000)];
      const wide = rng.pick([Uint8Array, Uint16Array, Uint32Array]);
      const pages: PageSpans = {
        arenas,
        arena: wide.of(0, 0, 1, 1),
        at: Uint32Array.of(16, 1400, 0, 4500),
        size: Uint32Array.of(1256, 100, 4096, rng.pick([0, 64])),
      };
      const copy: PageSpans = { ...pages, arenas: arenas.map((arena) => arena.slice()) };
      const rows = rng.pick([0, 1, 5, rng.below(60)]);
      const slot = Uint32Array.from({ length: rows }, () => (rng.chance(0.1) ? NO_SLOT : rng.below(4)));
      const runStart = new Uint32Array(rows + 1);
      const payloadStart = new Uint32Array(rows);
      const runs = new RunList();
      const payload = randomBytes(rng, 40_000);
      let payloadAt = 0;
      const bodies: Uint8Array[] = [];
      for (let row = 0; row < rows; row++) {
        const some = rng.chance(0.5) ? randomRuns(rng, 20) : new RunList();
        if (some.count === 0) some.push(rng.below(4200), 1 + rng.below(rng.pick([8, 64, 130])));
        if (payloadAt + some.totalBytes > payload.length) some.clear();
        payloadStart[row] = payloadAt;
        payloadAt += some.totalBytes;
        // not `push`: a batch's runs begin anew with each row
        runs.reserve(runs.count + some.count);
        runs.offset.set(some.offset.subarray(0, some.count), runs.count);
        runs.length.set(some.length.subarray(0, some.count), runs.count);
        runs.count += some.count;
        runStart[row + 1] = runs.count;
        bodies.push(rng.chance(0.02) ? anyBody(rng) : bodyOf(rng, some));
      }
      const columns = [runStart, runs.offset, runs.length, payloadStart, payload] as const;
      const from = rng.below(rows + 1);
      const written = referenceAccel.applyDeltas(slot, ...columns, from, rows, pages);
      expect(native.applyDeltas(slot, ...columns, from, rows, copy)).toBe(written);
      for (const i of [0, 1]) expect(Buffer.compare(pages.arenas[i]!, copy.arenas[i]!)).toBe(0);

      const limit = rng.pick([60_000, rng.below(3000)]);
      const [a, b] = [new Uint8Array(60_100), new Uint8Array(60_100)];
      const [lengthsA, lengthsB] = [new Uint32Array(rows + 3), new Uint32Array(rows + 3)];
      const stopped = referenceAccel.encodeBodies(...columns, from, rows, a, 5, limit + 5, lengthsA, 2);
      expect(native.encodeBodies(...columns, from, rows, b, 5, limit + 5, lengthsB, 2)).toBe(stopped);
      expect(lengthsB).toEqual(lengthsA);
      const size = lengthsA.subarray(2).reduce((sum, length) => sum + length, 5);
      expect(Buffer.compare(a.subarray(0, size), b.subarray(0, size))).toBe(0);
      expect(b.subarray(limit + 5).every((byte) => byte === 0)).toBe(true);

      const bytes = new Uint8Array(bodies.reduce((sum, body) => sum + body.length, 0));
      const bodyStart = new Uint32Array(rows);
      const bodyLength = Uint32Array.from(bodies, (body) => body.length);
      for (let row = 0, at = 0; row < rows; at += bodyLength[row++]!) {
        bodyStart[row] = at;
        bytes.set(bodies[row]!, at);
      }
      const end = referenceAccel.applyBodies(bytes, bodyStart, bodyLength, slot, from, rows, pages);
      expect(native.applyBodies(bytes, bodyStart, bodyLength, slot, from, rows, copy)).toBe(end);
      for (const i of [0, 1]) expect(Buffer.compare(pages.arenas[i]!, copy.arenas[i]!)).toBe(0);
    }),
  );
});

/** Anything that a careless or a hostile caller might pass. */
function anything(rng: Prng): unknown {
  return rng.pick<() => unknown>([
    () => undefined,
    () => null,
    () => "text",
    () => ({ length: 9 }),
    () => Number.NaN,
    () => -1,
    () => 1.5,
    () => 2 ** 53,
    () => Number.POSITIVE_INFINITY,
    () => 7n,
    () => rng.below(40),
    () => rng.below(2 ** 31) * 2,
    () => new Uint8Array(rng.below(40)),
    () => new Uint32Array(rng.below(40)).fill(rng.below(50)),
    () => new Uint32Array(rng.below(40)).map(() => rng.below(2 ** 31) * 2),
    () => new Float64Array(4),
    () => new DataView(new ArrayBuffer(8)),
    () => new ArrayBuffer(8),
    () => [new Uint8Array(rng.below(99)), new Uint8Array(0)],
    () => [1, undefined],
    () => new Proxy([new Uint8Array(8)], {}),
    () => {
      const gone = new Uint8Array(32);
      structuredClone(gone.buffer, { transfer: [gone.buffer] });
      return gone;
    },
  ])();
}

describe("the addon's arguments", () => {
  it(
    "may be anything: a call returns or throws ARGUMENT_INVALID",
    rounds(400, (rng) => {
      if (nativeAddon.path === undefined) return;
      for (const [name, value] of Object.entries(nativeAddon.functions)) {
        if (typeof value !== "function" || name === "initialize") continue;
        const call = value as (...args: unknown[]) => unknown;
        const args = Array.from({ length: rng.below(14) }, () => anything(rng));
        try {
          call(...args);
        } catch (error) {
          expect(error, name).toBeInstanceOf(MmsbError);
          expect((error as MmsbError).code, name).toBe("ARGUMENT_INVALID");
        }
      }
    }),
  );

  it(
    "may be right in type and wrong in every number",
    rounds(500, (rng, native) => {
      const wild = () => rng.pick([0, 1, 3, rng.below(100), rng.below(2 ** 31) * 2 + rng.below(2)]);
      const column = () => Uint32Array.from({ length: rng.below(12) }, wild);
      const bytes = () => randomBytes(rng, rng.below(80));
      const pages = (): PageSpans => ({
        arenas: Array.from({ length: rng.below(3) }, bytes),
        arena: Uint8Array.from({ length: rng.below(6) }, () => rng.below(4)),
        at: column(),
        size: column(),
      });
      const calls: (() => unknown)[] = [
        () => native.crc32c(bytes(), wild()),
        () => native.copyBytes(bytes(), wild(), bytes(), wild(), wild()),
        () => native.zeroBytes(bytes(), wild(), wild()),
        () => native.encodeRuns(column(), column(), wild(), wild(), bytes(), wild()),
        () => native.runCount(bytes(), wild(), wild()),
        () => native.decodeRuns(bytes(), wild(), wild(), column(), column()),
        () => native.applyBody(bytes(), wild(), wild(), bytes(), wild(), wild()),
        () => native.applyBodies(bytes(), column(), column(), column(), wild(), wild(), pages()),
        () =>
          native.encodeBodies(
            column(),
            column(),
            column(),
            column(),
            bytes(),
            wild(),
            wild(),
            bytes(),
            wild(),
            wild(),
            column(),
            wild(),
          ),
        () => native.applyRuns(column(), column(), wild(), wild(), bytes(), wild(), bytes(), wild(), wild()),
        () =>
          native.applyDeltas(
            column(),
            column(),
            column(),
            column(),
            column(),
            bytes(),
            wild(),
            wild(),
            pages(),
          ),
        () => native.gatherRuns(column(), column(), wild(), wild(), bytes(), wild(), bytes(), wild()),
        () => native.diffImages(bytes(), wild(), bytes(), wild(), wild(), wild(), column(), column(), wild()),
        () => native.blendPages(column(), column(), column(), wild(), wild(), wild(), pages()),
        () => native.maskToRuns(bytes(), wild(), wild(), wild(), column(), column(), wild()),
        () => native.bitsToRuns(bytes(), wild(), wild(), wild(), column(), column(), wild()),
        () => native.runsToMask(column(), column(), wild(), wild(), bytes(), wild(), wild()),
        () => native.runsToBits(column(), column(), wild(), wild(), bytes(), wild(), wild()),
      ];
      for (const call of calls) {
        try {
          call();
        } catch (error) {
          expect(error).toBeInstanceOf(MmsbError);
          expect((error as MmsbError).code).toBe("ARGUMENT_INVALID");
        }
      }
    }),
  );
});
