import { describe, expect, it } from "vitest";
import { corruptOffset } from "../../../engine/accel/index.ts";
import { fromHex, toHex } from "../../../engine/base/bytes.ts";
import {
  applyDeltaBodies,
  applyDeltaBody,
  decodeDeltaBody,
  deltaBodyBound,
  encodeDeltaBody,
} from "../../../engine/deltas/delta-body.ts";
import { RunList } from "../../../engine/deltas/run-list.ts";

type Pair = readonly [offset: number, length: number];

function runList(pairs: readonly Pair[]): RunList {
  const runs = new RunList();
  for (const [offset, length] of pairs) runs.push(offset, length);
  return runs;
}

function encode(pairs: readonly Pair[]): { body: Uint8Array; section: string } {
  const runs = runList(pairs);
  const payload = Uint8Array.from({ length: runs.totalBytes }, (_, i) => i + 1);
  const out = new Uint8Array(3 + deltaBodyBound(runs.count, payload.length));
  const end = encodeDeltaBody(runs.offset, runs.length, 0, runs.count, payload, 0, out, 3);
  const body = out.slice(3, end);
  return { body, section: toHex(body.subarray(0, body.length - payload.length)) };
}

const every = (count: number, offset: (i: number) => number, length: (i: number) => number): Pair[] =>
  Array.from({ length: count }, (_, i): Pair => [offset(i), length(i)]);

/** Bytes on disk: a change here is a change of the format. */
const VECTORS: [name: string, pairs: Pair[], section: string][] = [
  ["nothing", [], "00"],
  ["one short run", [[5, 64]], "01053f"],
  ["one run further on", [[300, 64]], "01ac023f"],
  ["one run at the far end", [[0xffff_fffe, 1]], "01feffffff0f00"],
  [
    "two runs",
    [
      [0, 1],
      [2, 200],
    ],
    "02000000c701",
  ],
  [
    "a stride without exceptions",
    every(
      64,
      (i) => 16 + 64 * i,
      () => 8,
    ),
    "bf01ff074010",
  ],
  [
    "single bytes",
    [
      [3, 1],
      [9, 1],
      [20, 1],
      [22, 1],
      [40, 1],
      [47, 1],
    ],
    "4620135486fe",
  ],
  [
    "chosen elements of an array",
    every(
      9,
      (i) => 4 + 24 * (i * i + 1),
      () => 4,
    ),
    "892f03180421225e4944",
  ],
  [
    "mostly single bytes",
    every(
      40,
      (i) => 3 * i,
      (i) => (i === 33 ? 2 : 1),
    ),
    "a8fe300300301b",
  ],
];

describe("the delta body's layout", () => {
  it.each(VECTORS)("is what it always was: %s", (_, pairs, section) => {
    const encoded = encode(pairs);
    expect(encoded.section).toBe(section);
    const decoded = new RunList();
    const payloadAt = decodeDeltaBody(encoded.body, 0, encoded.body.length, decoded);
    expect(payloadAt).toBe(section.length / 2);
    expect(decoded.equals(runList(pairs))).toBe(true);
  });

  it("takes four bytes beside the 64 of one field write in a 4 KiB page", () => {
    expect(encode([[2048, 64]]).body.length).toBe(64 + 4);
  });

  it("never takes more than the bound", () => {
    const far = every(
      200,
      (i) => i * 20_000_000,
      (i) => 1 + (i % 3) * 5,
    );
    expect(encode(far).body.length).toBeLessThanOrEqual(deltaBodyBound(200, runList(far).totalBytes));
  });
});

/** Bodies that no writer makes, and the byte at which each is refused. */
const CORRUPT: [name: string, hex: string, offset: number][] = [
  ["nothing at all", "", 0],
  ["payload without runs", "0001", 1],
  ["one payload byte too few", "010503aabbcc", 3],
  ["one payload byte too many", "010503aabbccddee", 3],
  ["an offset that does not end", "01808080", 4],
  ["an offset in more bytes than it needs", "01850003aabbccdd", 2],
  ["an offset above 2^32 - 1", "01ffffffff1f00aa", 5],
  ["an offset of six bytes", "0180808080800100aa", 5],
  ["a length of 2^32", "0100ffffffff0faa", 7],
  ["a run over the end of 2^32", "01ffffffff0f00aa", 7],
  ["a count of 4 billion", "3fffffffff0f0000aabb", 0],
  ["a count just above what is there", "050000aabb", 0],
  ["the reserved form", "c1050000aa", 0],
  ["columns without runs", "4000aa", 0],
  ["a zero-run byte above 13", "42e0e0aabbccdd", 2],
  ["unit 0", "82ff000000aabb", 3],
  ["bits set in the padding", "42000fffaabb", 3],
  ["unary that never ends", "4200000000000000", 8],
  ["constant lengths of 4 GiB", "82fffeffffff0f0100aabb", 9],
];

describe("a corrupt delta body", () => {
  it.each(CORRUPT)("is refused with its offset, and writes nothing: %s", (_, hex, offset) => {
    const head = Uint8Array.of(9, 9);
    const bytes = new Uint8Array([...head, ...fromHex(hex)!, 9, 9]);
    const end = bytes.length - 2;
    const runs = new RunList();
    const page = new Uint8Array(4096);
    const result = decodeDeltaBody(bytes, 2, end, runs);
    expect(result).toBeLessThan(0);
    expect(corruptOffset(result) - 2).toBe(offset);
    expect(runs.count).toBe(0);
    expect(applyDeltaBody(bytes, 2, end, page, 0, 4096)).toBeLessThan(0);
    expect(page.every((byte) => byte === 0)).toBe(true);
  });

  it("costs no memory for what it claims", () => {
    const runs = new RunList(4);
    const bytes = fromHex("7fffffffff0fff0000aabbccddeeff")!;
    expect(decodeDeltaBody(bytes, 0, bytes.length, runs)).toBeLessThan(0);
    expect(runs.capacity).toBe(4);
  });
});

describe("applying a delta body", () => {
  it("cuts runs at the page's end, as foreign logs need", () => {
    const { body } = encode([
      [0, 2],
      [6, 4],
      [20, 3],
    ]);
    const page = new Uint8Array(12);
    expect(applyDeltaBody(body, 0, body.length, page, 2, 8)).toBe(4);
    expect([...page]).toEqual([0, 0, 1, 2, 0, 0, 0, 0, 3, 4, 0, 0]);
  });

  it("cuts a single run likewise", () => {
    const { body } = encode([[6, 4]]);
    const page = new Uint8Array(12);
    expect(applyDeltaBody(body, 0, body.length, page, 2, 8)).toBe(2);
    expect(applyDeltaBody(body, 0, body.length, page, 2, 6)).toBe(0);
    expect([...page]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0]);
  });

  it("takes the two-byte offset of a single run as any other", () => {
    for (const offset of [127, 128, 129, 16383, 16384]) {
      const { body } = encode([[offset, 3]]);
      const page = new Uint8Array(17000);
      expect(applyDeltaBody(body, 0, body.length, page, 0, page.length)).toBe(3);
      expect([...page.subarray(offset - 1, offset + 4)]).toEqual([0, 1, 2, 3, 0]);
    }
    const sloppy = fromHex("01800000aa")!;
    expect(applyDeltaBody(sloppy, 0, sloppy.length, new Uint8Array(64), 0, 64)).toBeLessThan(0);
  });

  it("works through a batch of pages in shared memory", () => {
    const arena = new Uint8Array(new SharedArrayBuffer(64));
    const pages = {
      arenas: [arena],
      arena: new Uint8Array(2),
      at: Uint32Array.of(0, 32),
      size: Uint32Array.of(32, 32),
    };
    const { body } = encode([[4, 2]]);
    const bytes = new Uint8Array([...body, ...body]);
    const starts = Uint32Array.of(0, body.length);
    const lengths = Uint32Array.of(body.length, body.length);
    expect(applyDeltaBodies(bytes, starts, lengths, Uint32Array.of(1, 0), 0, 2, pages)).toBe(2);
    expect([...arena.subarray(4, 6), ...arena.subarray(36, 38)]).toEqual([1, 2, 1, 2]);
  });
});
