import { describe, expect, it } from "vitest";
import {
  accel,
  NO_SLOT,
  nativeAddon,
  type PageSpans,
  referenceAccel,
  runSectionBound,
} from "../../../engine/accel/index.ts";
import { nativeAccel } from "../../../engine/accel/native-accel.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { RunList } from "../../../engine/deltas/run-list.ts";
import { scatteredBytes } from "../../bench/codec-masks.ts";

const implementations = [
  ...new Set([
    referenceAccel,
    accel,
    ...(nativeAddon.path === undefined
      ? []
      : [{ ...nativeAccel(nativeAddon.functions), name: "native alone" }]),
  ]),
];

function randomBytes(rng: Prng, length: number, shared = false): Uint8Array {
  const bytes = new Uint8Array(shared ? new SharedArrayBuffer(length) : new ArrayBuffer(length));
  rng.fill(bytes);
  return bytes;
}

/** The flags that a naive reading of the runs gives, cut at `length`. */
function flagsOf(runs: RunList, length: number): Uint8Array {
  const flags = new Uint8Array(length);
  for (let i = 0; i < runs.count; i++) {
    for (let j = 0; j < runs.length[i]!; j++) {
      if (runs.offset[i]! + j < length) flags[runs.offset[i]! + j] = 1;
    }
  }
  return flags;
}

describe.each(implementations.map((it) => [it.name, it] as const))("the %s hot loops", (_, hot) => {
  it("copy any length from and to any alignment and touch nothing else", () => {
    const rng = new Prng(1);
    const from = randomBytes(rng, 1200);
    for (let length = 0; length < 300; length++) {
      const to = randomBytes(rng, 1200, length % 2 === 0);
      const expected = to.slice();
      const fromAt = rng.below(800);
      const toAt = rng.below(800);
      for (let i = 0; i < length; i++) expected[toAt + i] = from[fromAt + i]!;
      hot.copyBytes(from, fromAt, to, toAt, length);
      expect(Buffer.compare(to, expected), `length ${length}`).toBe(0);
    }
  });

  it("find exactly the bytes that differ, whatever the alignment and the room for runs", () => {
    const rng = new Prng(2);
    for (let round = 0; round < 400; round++) {
      const length = rng.below(300);
      const beforeAt = rng.below(9);
      const afterAt = rng.chance(0.5) ? beforeAt : rng.below(9);
      const before = randomBytes(rng, 320, rng.chance(0.5));
      const after = randomBytes(rng, 320);
      for (let i = 0; i < length; i++) after[afterAt + i] = before[beforeAt + i]!;
      const changed = new Uint8Array(length);
      const density = rng.pick([0, 0.01, 0.2, 0.9, 1]);
      for (let i = 0; i < length; i++) {
        if (!rng.chance(density)) continue;
        changed[i] = 1;
        after[afterAt + i]! ^= 1 + rng.below(255);
      }
      const runs = new RunList(rng.pick([0, 1, 2, 5, 200]));
      for (let from = 0; ; from = runs.endOffset) {
        const { offset, length: lengths, count } = runs;
        runs.count = hot.diffImages(before, beforeAt, after, afterAt, from, length, offset, lengths, count);
        if (runs.count < runs.capacity) break;
        runs.reserve(runs.count + 1);
      }
      expect(runs.isCanonical()).toBe(true);
      expect(flagsOf(runs, length)).toEqual(changed);
    }
  });

  it("find the few bytes that differ in large images, wherever they lie", () => {
    const rng = new Prng(8);
    for (let round = 0; round < 60; round++) {
      const length = 20_000 + rng.below(9);
      const at = rng.below(4);
      const before = randomBytes(rng, length + 8, rng.chance(0.5));
      const after = before.slice();
      const runs = new RunList();
      for (let i = rng.below(3000); i < length; i += 2 + rng.below(rng.pick([5, 1500, 9000]))) {
        after[at + i]! ^= 1 + rng.below(255);
        runs.push(i, 1);
      }
      const found = new RunList(20_000);
      found.count = hot.diffImages(before, at, after, at, 0, length, found.offset, found.length, 0);
      expect(found.equals(runs)).toBe(true);
    }
  });

  it("turn byte masks and bit masks into runs and back", () => {
    const rng = new Prng(3);
    for (let round = 0; round < 300; round++) {
      const length = rng.below(200);
      const at = rng.below(5);
      const runs = scatteredBytes(rng, length, rng.pick([0, 0.05, 0.5, 0.95, 1]));
      const mask = randomBytes(rng, 220);
      const bits = randomBytes(rng, 40);
      const maskBefore = mask.slice();
      const bitsBefore = bits.slice();
      hot.runsToMask(runs.offset, runs.length, 0, runs.count, mask, at, length);
      hot.runsToBits(runs.offset, runs.length, 0, runs.count, bits, at, length);
      expect(mask.subarray(at, at + length)).toEqual(flagsOf(runs, length));
      for (let i = 0; i < mask.length; i++) {
        if (i < at || i >= at + length) expect(mask[i]).toBe(maskBefore[i]);
      }
      for (let i = 0; i < bits.length; i++) {
        if (i < at || i >= at + Math.ceil(length / 8)) expect(bits[i]).toBe(bitsBefore[i]);
      }
      for (let i = 0; i < length; i++) if (mask[at + i]) mask[at + i] = 1 + rng.below(255);
      const fromMask = new RunList(400);
      const fromBits = new RunList(400);
      fromMask.count = hot.maskToRuns(mask, at, 0, length, fromMask.offset, fromMask.length, 0);
      fromBits.count = hot.bitsToRuns(bits, at, 0, length, fromBits.offset, fromBits.length, 0);
      expect(fromMask.equals(runs)).toBe(true);
      expect(fromBits.equals(runs)).toBe(true);
    }
  });

  it("cut runs at the end of a mask", () => {
    const runs = new RunList();
    runs.push(2, 3);
    runs.push(10, 100);
    runs.push(500, 7);
    const mask = new Uint8Array(20);
    const bits = new Uint8Array(3);
    hot.runsToMask(runs.offset, runs.length, 0, 3, mask, 0, 20);
    hot.runsToBits(runs.offset, runs.length, 0, 3, bits, 0, 20);
    expect(mask).toEqual(flagsOf(runs, 20));
    expect([...bits]).toEqual([0b00011100, 0b11111100, 0b00001111]);
  });

  it("blend only what the mask shows, as far as mask, values and page reach", () => {
    const rng = new Prng(4);
    for (const flagBits of [8, 1])
      for (let round = 0; round < 200; round++) {
        const rows = rng.below(4);
        const arenas = [0, 1, 2].map((arena) => randomBytes(rng, 2000, arena === 2));
        arenas[0] = arenas[0]!.map((byte) => (flagBits === 8 && byte < 100 ? 0 : byte));
        // Of row `r` the pages 3 r, 3 r + 1 and 3 r + 2: in an arena each, apart from those of other rows.
        const pages = {
          arenas,
          arena: Uint8Array.from({ length: rows * 3 }, (_, slot) => slot % 3),
          at: Uint32Array.from({ length: rows * 3 }, (_, slot) => Math.floor(slot / 3) * 500 + rng.below(80)),
          size: Uint32Array.from({ length: rows * 3 }, () => rng.below(400)),
        };
        const column = (first: number) => Uint32Array.from({ length: rows }, (_, row) => row * 3 + first);
        const target = column(2);
        const from = rng.below(2);
        if (rows > 1) target[1] = NO_SLOT;
        const expected = arenas[2]!.slice();
        for (let row = from; row < rows; row++) {
          if (target[row] === NO_SLOT) continue;
          const [flags, values, to] = [0, 1, 2].map((k) => pages.at[row * 3 + k]!);
          const [flagBytes, ...sizes] = [0, 1, 2].map((k) => pages.size[row * 3 + k]!);
          const length = Math.min(flagBits === 1 ? flagBytes! * 8 : flagBytes!, ...sizes);
          for (let i = 0; i < length; i++) {
            const isSet =
              flagBits === 8
                ? arenas[0]![flags! + i] !== 0
                : ((arenas[0]![flags! + (i >> 3)]! >> (i & 7)) & 1) === 1;
            if (isSet) expected[to! + i] = arenas[1]![values! + i]!;
          }
        }
        if (from <= rows) hot.blendPages(column(0), column(1), target, from, rows, flagBits, pages);
        expect(Buffer.compare(arenas[2]!, expected)).toBe(0);
      }
  });

  it("zero a range and nothing beside it", () => {
    const rng = new Prng(6);
    for (const sizeBytes of [0, 1, 63, 64, 511, 512, 4095, 4096, 4097, 65_536, 150_000]) {
      const bytes = randomBytes(rng, sizeBytes + 40, true);
      const start = rng.below(20);
      const expected = Uint8Array.from(bytes, (byte, i) => (i < start || i >= start + sizeBytes ? byte : 0));
      hot.zeroBytes(bytes, start, start + sizeBytes);
      expect(Buffer.compare(bytes, expected), `${sizeBytes} bytes`).toBe(0);
    }
  });

  it("scatter and gather the same bytes", () => {
    const rng = new Prng(5);
    for (let round = 0; round < 200; round++) {
      const runs = scatteredBytes(rng, 500, rng.pick([0.01, 0.3, 0.9]));
      const payload = randomBytes(rng, 520);
      const page = randomBytes(rng, 600, true);
      const expected = page.slice();
      let from = 3;
      for (let i = 0; i < runs.count; i++) {
        for (let j = 0; j < runs.length[i]!; j++) expected[50 + runs.offset[i]! + j] = payload[from++]!;
      }
      const written = hot.applyRuns(runs.offset, runs.length, 0, runs.count, payload, 3, page, 50, 500);
      expect(written).toBe(runs.totalBytes);
      expect(Buffer.compare(page, expected)).toBe(0);
      const gathered = new Uint8Array(600);
      const end = hot.gatherRuns(runs.offset, runs.length, 0, runs.count, page, 50, gathered, 7);
      expect(end).toBe(7 + runs.totalBytes);
      expect(gathered.subarray(7, end)).toEqual(payload.subarray(3, 3 + runs.totalBytes));
    }
  });

  it("encode and apply whole batches as they would one by one", () => {
    const rng = new Prng(6);
    const pages = somePages();
    const rows = 300;
    const slot = new Uint32Array(rows);
    const runStart = new Uint32Array(rows + 1);
    const payloadStart = new Uint32Array(rows);
    const runs = new RunList();
    const payload = randomBytes(rng, 200_000);
    let payloadAt = 0;
    for (let row = 0; row < rows; row++) {
      slot[row] = rng.chance(0.1) ? NO_SLOT : rng.below(pages.size.length);
      payloadStart[row] = payloadAt;
      // some reach beyond the end of their page
      const some = scatteredBytes(rng, rng.pick([1, 40, 300]), rng.pick([0, 0.02, 0.3, 1]));
      for (let i = 0; i < some.count; i++) runs.push(some.offset[i]!, some.length[i]!);
      runStart[row + 1] = runs.count;
      payloadAt += some.totalBytes;
    }
    const columns = [runStart, runs.offset, runs.length, payloadStart, payload] as const;
    const out = new Uint8Array(payloadAt + runSectionBound(runs.count) + 10 * rows);
    const bodyLength = new Uint32Array(rows + 5);
    expect(hot.encodeBodies(...columns, 0, rows, out, 11, out.length, bodyLength, 5)).toBe(rows);
    const bodyStart = new Uint32Array(rows);
    let at = 11;
    for (let row = 0; row < rows; row++) {
      bodyStart[row] = at;
      at += bodyLength[5 + row]!;
    }

    const oneByOne = clonePages(pages);
    for (let row = 0; row < rows; row++) {
      const page = slot[row]!;
      if (page === NO_SLOT) continue;
      const { arenas, arena, at: pageAt, size } = oneByOne;
      const end = bodyStart[row]! + bodyLength[5 + row]!;
      const bytes = arenas[arena[page]!]!;
      expect(
        hot.applyBody(out, bodyStart[row]!, end, bytes, pageAt[page]!, size[page]!),
      ).toBeGreaterThanOrEqual(0);
    }
    const encoded = clonePages(pages);
    expect(hot.applyBodies(out, bodyStart, bodyLength.subarray(5), slot, 0, rows, encoded)).toBe(rows);
    expect(encoded.arenas).toEqual(oneByOne.arenas);
    const plain = clonePages(pages);
    hot.applyDeltas(slot, ...columns, 0, rows, plain);
    expect(plain.arenas).toEqual(oneByOne.arenas);

    // a limit in the middle: everything before fits, and nothing is written beyond
    const short = new Uint8Array(2000);
    const stopped = hot.encodeBodies(...columns, 0, rows, short, 0, 1000, bodyLength, 0);
    expect(stopped).toBeGreaterThan(0);
    expect(stopped).toBeLessThan(rows);
    expect(short.subarray(1000).every((byte) => byte === 0)).toBe(true);
  });

  it("stop a batch at the first corrupt body", () => {
    const pages = somePages();
    const bytes = Uint8Array.of(1, 0, 0, 77, /* corrupt: */ 1, 0, 3, 77, 1, 1, 0, 88);
    const before = clonePages(pages);
    const three = Uint32Array.of(4, 4, 4);
    const result = hot.applyBodies(
      bytes,
      Uint32Array.of(0, 4, 8),
      three,
      Uint32Array.of(1, 2, 2),
      0,
      3,
      pages,
    );
    expect(result).toBe(-1 - 1);
    before.arenas[before.arena[1]!]![before.at[1]!] = 77;
    expect(pages.arenas).toEqual(before.arenas);
  });

  it("leave everything alone for an empty batch", () => {
    const pages = somePages();
    const before = clonePages(pages);
    const none = new Uint32Array(0);
    expect(hot.applyBodies(new Uint8Array(0), none, none, none, 0, 0, pages)).toBe(0);
    expect(hot.applyDeltas(none, new Uint32Array(1), none, none, none, new Uint8Array(0), 0, 0, pages)).toBe(
      0,
    );
    expect(pages.arenas).toEqual(before.arenas);
  });
});

function somePages(): PageSpans {
  const rng = new Prng(7);
  const arenas = [randomBytes(rng, 1000, true), randomBytes(rng, 2000, true)];
  return {
    arenas,
    arena: Uint8Array.of(0, 0, 1, 1),
    at: Uint32Array.of(16, 400, 0, 1500),
    size: Uint32Array.of(256, 100, 1024, 64),
  };
}

function clonePages(pages: PageSpans): PageSpans {
  return { ...pages, arenas: pages.arenas.map((arena) => arena.slice()) };
}
