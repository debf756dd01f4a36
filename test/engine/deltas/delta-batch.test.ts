import { describe, expect, it } from "vitest";
import { NO_SLOT } from "../../../engine/accel/index.ts";
import { utf8Decode, utf8Encode } from "../../../engine/base/bytes.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { DeltaBatch } from "../../../engine/deltas/delta-batch.ts";
import { decodeDeltaBody } from "../../../engine/deltas/delta-body.ts";
import { RunList } from "../../../engine/deltas/run-list.ts";

const PAGE = 256;

function fourPages() {
  return {
    arenas: [new Uint8Array(new SharedArrayBuffer(4 * PAGE))],
    arena: new Uint8Array(4),
    at: Uint32Array.of(0, PAGE, 2 * PAGE, 3 * PAGE),
    size: new Uint32Array(4).fill(PAGE),
  };
}

/** The rows as plain lists, for comparison. */
function rowsOf(batch: DeltaBatch) {
  return Array.from({ length: batch.count }, (_, row) => {
    const from = batch.runStart[row]!;
    const to = batch.runStart[row + 1]!;
    const at = batch.payloadStart[row]!;
    const bytes = batch.rowBytes(row);
    return {
      slot: batch.slot[row],
      page: [batch.pageLo[row], batch.pageHi[row]],
      source: batch.source[row],
      cause: batch.cause[row],
      runs: Array.from({ length: to - from }, (_, i) => [
        batch.runOffset[from + i],
        batch.runLength[from + i],
      ]),
      bytes: [...batch.payload.subarray(at, at + bytes)],
      metadata: utf8Decode(batch.payload.subarray(at + bytes, at + bytes + batch.metaLength[row]!)),
      flags: batch.flags[row],
    };
  });
}

describe("a delta batch", () => {
  it("keeps what each way of adding gave it, from room for nothing on", () => {
    const batch = new DeltaBatch(0, 0);
    const bytes = Uint8Array.from({ length: 50 }, (_, i) => i);
    batch.pushRange(1, 10, 2, 5, bytes, 3, 4, 7, 99);
    batch.describe(4, utf8Encode('{"a":1}'));
    batch.pushRuns(2, 11, 0, Uint32Array.of(0, 6, 20), Uint32Array.of(9, 2, 3), 1, 3, bytes, 10, 8, 0);
    batch.begin(3, 12, 0, 9, 2 ** 40);
    batch.addRun(1, bytes, 0, 2);
    batch.addRun(8, bytes, 2, 1);
    const at = batch.claimRange(0, 13, 0, 30, 2, 1, 1);
    batch.payload.set([41, 42], at);
    const two = Uint32Array.of(1, 3);
    batch.pushRanges(two, two, two, Uint32Array.of(2, 9), Uint32Array.of(1, 2), 0, 2, bytes, 20, 3, 4);
    batch.begin(0, 1, 1, 0, 0);
    const plain = { metadata: "", flags: 0 };
    expect(rowsOf(batch)).toEqual([
      {
        slot: 1,
        page: [10, 2],
        source: 7,
        cause: 99,
        runs: [[5, 4]],
        bytes: [3, 4, 5, 6],
        metadata: '{"a":1}',
        flags: 4,
      },
      {
        slot: 2,
        page: [11, 0],
        source: 8,
        cause: 0,
        runs: [
          [6, 2],
          [20, 3],
        ],
        bytes: [10, 11, 12, 13, 14],
        ...plain,
      },
      {
        slot: 3,
        page: [12, 0],
        source: 9,
        cause: 2 ** 40,
        runs: [
          [1, 2],
          [8, 1],
        ],
        bytes: [0, 1, 2],
        ...plain,
      },
      { slot: 0, page: [13, 0], source: 1, cause: 1, runs: [[30, 2]], bytes: [41, 42], ...plain },
      { slot: 1, page: [1, 1], source: 3, cause: 4, runs: [[2, 1]], bytes: [20], ...plain },
      { slot: 3, page: [3, 3], source: 3, cause: 4, runs: [[9, 2]], bytes: [21, 22], ...plain },
      { slot: 0, page: [1, 1], source: 0, cause: 0, runs: [], bytes: [], ...plain },
    ]);
  });

  it("forgets everything when cleared", () => {
    const batch = new DeltaBatch(2);
    batch.pushRange(1, 1, 0, 0, Uint8Array.of(5), 0, 1, 3, 4);
    batch.describe(2, utf8Encode("{}"));
    batch.clear();
    batch.pushRange(2, 2, 0, 1, Uint8Array.of(6), 0, 1, 0, 0);
    expect(rowsOf(batch)).toEqual([
      { slot: 2, page: [2, 0], source: 0, cause: 0, runs: [[1, 1]], bytes: [6], metadata: "", flags: 0 },
    ]);
  });

  it("applies its rows in order, the later one winning, and skips pages that are not there", () => {
    const rng = new Prng(1);
    const pages = fourPages();
    const expected = new Uint8Array(4 * PAGE);
    const batch = new DeltaBatch(4, 16);
    for (let i = 0; i < 500; i++) {
      const slot = rng.chance(0.1) ? NO_SLOT : rng.below(4);
      const bytes = new Uint8Array(rng.between(1, 40));
      rng.fill(bytes);
      const offset = rng.below(PAGE - bytes.length);
      batch.pushRange(slot, 0, 0, offset, bytes, 0, bytes.length, 0, 0);
      if (slot !== NO_SLOT) expected.set(bytes, slot * PAGE + offset);
    }
    batch.apply(pages);
    expect(pages.arenas[0]).toEqual(expected);
  });

  it("encodes its rows as bodies, without their metadata, as far as there is room", () => {
    const batch = new DeltaBatch();
    for (let i = 0; i < 10; i++) {
      batch.pushRange(0, 0, 0, i * 20, new Uint8Array(30).fill(i), 0, 30, 0, 0);
      batch.describe(0, utf8Encode("{}"));
    }
    const out = new Uint8Array(1000);
    const lengths = new Uint32Array(10);
    expect(batch.encode(0, 10, out, 0, 150, lengths, 0)).toBe(4);
    expect(batch.encode(4, 10, out, 150, 1000, lengths, 4)).toBe(10);
    const runs = new RunList();
    let at = 150;
    for (let i = 4; i < 10; i++) {
      const payloadAt = decodeDeltaBody(out, at, at + lengths[i]!, runs);
      expect([runs.offset[0], runs.length[0]]).toEqual([i * 20, 30]);
      expect(out[payloadAt]).toBe(i);
      at += lengths[i]!;
    }
  });
});
