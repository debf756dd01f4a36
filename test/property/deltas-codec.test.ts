import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { corruptOffset } from "../../engine/accel/index.ts";
import { Prng } from "../../engine/base/prng.ts";
import {
  applyDeltaBody,
  decodeDeltaBody,
  deltaBodyBound,
  encodeDeltaBody,
  isDeltaBody,
} from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { boundBytes, MASK_WORKLOADS, scatteredBytes, uniformRuns } from "../bench/codec-masks.ts";
import { type NaiveBody, naiveApply, naiveDecode } from "../engine/accel/naive-codec.ts";

const options = { seed: Number(process.env["MMSB_SEED"] ?? 20260101), numRuns: 200 };

/** Gaps and lengths of every kind that the forms are made for, and of none. */
const symbols = fc.oneof(
  fc.constant(0),
  fc.constant(7),
  fc.nat(3),
  fc.nat(100),
  fc.nat(5000),
  fc.oneof({ arbitrary: fc.constant(0), weight: 12 }, { arbitrary: fc.nat(40), weight: 1 }),
);

/** Canonical run lists; payloads stay small enough to be made. */
const runLists = fc
  .oneof(
    fc.array(fc.tuple(symbols, fc.nat(30)), { maxLength: 90 }),
    fc.array(fc.tuple(fc.nat(0x3fff_ffff), fc.nat(300)), { maxLength: 12 }),
    fc.array(fc.tuple(symbols, fc.constant(0)), { maxLength: 200 }),
    fc
      .tuple(fc.nat(60), fc.nat(60), fc.array(fc.oneof(fc.constant(0), fc.nat(4)), { maxLength: 80 }))
      .map(([length, rest, skips]) =>
        skips.map((skip): [number, number] => [rest + skip * (length + rest + 2), length]),
      ),
  )
  .map((pairs) => {
    const runs = new RunList();
    let free = 0;
    for (const [gap, length] of pairs) {
      const offset = free + gap;
      if (offset + length + 1 > 0xffff_ffff) break;
      runs.push(offset, length + 1);
      free = offset + length + 2;
    }
    return runs;
  });

function encode(runs: RunList, seed = 1): Uint8Array {
  const payload = new Uint8Array(runs.totalBytes);
  new Prng(seed).fill(payload);
  const out = new Uint8Array(deltaBodyBound(runs.count, payload.length));
  const end = encodeDeltaBody(runs.offset, runs.length, 0, runs.count, payload, 0, out, 0);
  expect(end).toBeLessThanOrEqual(out.length);
  return out.slice(0, end);
}

/** Decodes the body in the middle of a larger buffer of `poison`, so that a glance beyond its ends would show. */
function decodeAmid(body: Uint8Array, poison: number): { result: number; runs: RunList } {
  const bytes = new Uint8Array(body.length + 32).fill(poison);
  bytes.set(body, 16);
  const runs = new RunList(0);
  const result = decodeDeltaBody(bytes, 16, 16 + body.length, runs);
  return { result: result < 0 ? result + 16 : result - 16, runs };
}

const blank = new Uint8Array(700).fill(0xaa);

/** Holds everything that must be true of any bytes at all against the naive reader; true where they are a body. */
function checkAnyBytes(body: Uint8Array): boolean {
  const naive: NaiveBody | undefined = naiveDecode(body);
  const { result, runs } = decodeAmid(body, 0x00);
  const other = decodeAmid(body, 0xff);
  const page = blank.slice();
  const written = applyDeltaBody(body, 0, body.length, page, 20, 600);
  expect(other.result).toBe(result);
  expect(isDeltaBody(body, 0, body.length, new RunList(0))).toBe(naive !== undefined);
  if (naive === undefined) {
    expect(result).toBeLessThan(0);
    expect(corruptOffset(result)).toBeLessThanOrEqual(body.length);
    expect(runs.count).toBe(0);
    expect(written).toBeLessThan(0);
    expect(Buffer.compare(page, blank)).toBe(0);
    return false;
  }
  expect(result).toBe(body.length - naive.payload.length);
  expect(runs.isCanonical()).toBe(true);
  expect(other.runs.equals(runs)).toBe(true);
  const wanted = new RunList();
  let inPage = 0;
  for (const { offset, length } of naive.runs) {
    wanted.push(offset, length);
    inPage += Math.max(0, Math.min(600, offset + length) - offset);
  }
  expect(runs.equals(wanted)).toBe(true);
  expect(written).toBe(inPage);
  const expected = blank.slice();
  expected.set(naiveApply(naive, blank.subarray(20, 620)), 20);
  expect(Buffer.compare(page, expected)).toBe(0);
  return true;
}

describe("a delta body", () => {
  it("gives back its runs and bytes, to us and to a reader that knows the layout text only", () => {
    fc.assert(
      fc.property(runLists, (runs) => {
        const body = encode(runs);
        const { result, runs: decoded } = decodeAmid(body, 0xff);
        expect(result).toBe(body.length - runs.totalBytes);
        expect(decoded.equals(runs)).toBe(true);
        expect(checkAnyBytes(body)).toBe(true);
      }),
      options,
    );
  });

  it("is the same bytes for the same runs, whatever was encoded before", () => {
    fc.assert(
      fc.property(runLists, runLists, (runs, other) => {
        const body = encode(runs);
        encode(other);
        expect(encode(runs)).toEqual(body);
      }),
      options,
    );
  });

  it("is refused wherever it is cut", () => {
    fc.assert(
      fc.property(runLists, (runs) => {
        const body = encode(runs);
        let accepted = 0;
        for (let cut = 0; cut < Math.min(body.length, 400); cut++) {
          if (decodeAmid(body.subarray(0, cut), 0xff).result >= 0) accepted++;
        }
        if (decodeAmid(body.subarray(0, body.length - 1), 0xff).result >= 0) accepted++;
        expect(accepted).toBe(0);
      }),
      options,
    );
  });

  it("with any bit flipped is refused or is still a canonical list, and is never read beyond its ends", () => {
    fc.assert(
      fc.property(runLists, (runs) => {
        const body = encode(runs);
        const section = body.length - runs.totalBytes;
        for (let bit = 0; bit < Math.min(section, 60) * 8; bit++) {
          const flipped = body.slice();
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          checkAnyBytes(flipped);
        }
      }),
      { ...options, numRuns: 40 },
    );
  });

  it("made of arbitrary bytes is read exactly as the layout text says", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          // well-formed heads, so that the deeper checks are reached
          fc
            .tuple(
              fc.constantFrom(0x00, 0x40, 0x80, 0xc0),
              fc.nat(12),
              fc.uint8Array({ minLength: 1, maxLength: 12 }),
              fc.nat(40),
            )
            .map(([form, count, head, rest]) =>
              Uint8Array.from([form | count, ...head, ...new Array<number>(rest).fill(0)]),
            ),
        ),
        (bytes) => {
          checkAnyBytes(bytes);
        },
      ),
      { ...options, numRuns: 4000 },
    );
  });
});

describe("the size of a delta body", () => {
  it("stays within 1.1 x the information bound for masks of at least 1 % of a 4 KiB page", () => {
    const rng = new Prng(options.seed);
    for (const density of [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]) {
      const payloadBytes = Math.ceil(4096 * density);
      const mostRuns = Math.min(payloadBytes, 4096 - payloadBytes + 1);
      const shapes = [
        1,
        2,
        3,
        4,
        5,
        6,
        8,
        10,
        20,
        40,
        payloadBytes >> 3,
        payloadBytes >> 2,
        payloadBytes >> 1,
      ];
      for (const runCount of [...shapes, mostRuns - 1, mostRuns]) {
        for (let round = 0; round < 12; round++) {
          const runs = uniformRuns(rng, 4096, payloadBytes, Math.min(runCount, mostRuns));
          const bound = boundBytes(4096, payloadBytes, runs.count);
          expect(
            encode(runs).length / bound,
            `${payloadBytes} bytes in ${runs.count} runs`,
          ).toBeLessThanOrEqual(1.1);
        }
      }
      for (let round = 0; round < 30; round++) {
        const runs = scatteredBytes(rng, 4096, density);
        if (runs.totalBytes < 41) continue;
        const bound = boundBytes(4096, runs.totalBytes, runs.count);
        expect(encode(runs).length / bound).toBeLessThanOrEqual(1.1);
      }
    }
  });

  it.each(MASK_WORKLOADS)("is at most a fifth of byte mask and payload: $name", ({ make, isRandom }) => {
    const rng = new Prng(options.seed);
    let ours = 0;
    let theirs = 0;
    for (let round = 0; round < 100; round++) {
      const runs = make(rng);
      const size = encode(runs).length;
      ours += size;
      theirs += 4096 + runs.totalBytes;
      if (isRandom && runs.totalBytes >= 41) {
        expect(size / boundBytes(4096, runs.totalBytes, runs.count)).toBeLessThanOrEqual(1.1);
      }
    }
    expect(theirs / ours).toBeGreaterThanOrEqual(5);
  });
});
