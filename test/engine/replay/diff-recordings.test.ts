import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { diffRecordings } from "../../../engine/replay/diff-recordings.ts";
import { type NaiveState, naiveReplay } from "../../helpers/naive-replay.ts";
import { randomRecording } from "../../helpers/random-recording.ts";

const SHAPE = { records: 120, genesisPages: 2, pageBytes: 24, deltas: 0.7 };

function comparable(state: NaiveState) {
  return {
    pages: [...state.pages].sort(([a], [b]) => (a < b ? -1 : 1)),
    edges: state.edges,
  };
}

/** The first LSN after which the states differ, worked out state by state; a shorter one's last state stands for what it lacks. */
function naiveDivergence(a: readonly NaiveState[], b: readonly NaiveState[]): number | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const [left, right] = [a[Math.min(i, a.length - 1)]!, b[Math.min(i, b.length - 1)]!];
    if (JSON.stringify(comparable(left), plain) !== JSON.stringify(comparable(right), plain))
      return Math.max(left.lsn, right.lsn);
  }
  return undefined;
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value instanceof Map ? [...value] : value;
}

describe("diff", () => {
  it("finds where two recordings part as a comparison of every state does, and the bytes that differ", () => {
    let parted = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const a = randomRecording(seed, { ...SHAPE, blockRecords: 7 }).source;
      const b = randomRecording(seed, { ...SHAPE, blockRecords: 11 }).source;
      const random = new Prng(seed);
      for (let changes = random.below(3); changes > 0; changes--) {
        const at = random.below(b.records.length);
        const record = b.records[at]!;
        if (record.kind === RecordKind.Delta && record.body !== undefined && record.body.length > 0) {
          const body = record.body.slice();
          body[body.length - 1]! ^= 1 << random.below(8);
          b.records[at] = { ...record, body };
        } else b.records[at] = { ...record, source: "another", timeNs: BigInt(at) };
      }
      if (random.chance(0.2)) b.records.length -= random.below(10);
      const states = { a: naiveReplay(a).states, b: naiveReplay(b).states };
      const expected = naiveDivergence(states.a, states.b);
      const { identical, firstDivergence } = unwrap(diffRecordings(a, b));
      expect(firstDivergence?.lsn, `seed ${seed}`).toBe(expected);
      expect(identical).toBe(expected === undefined);
      // the other way round it is the same place
      expect(unwrap(diffRecordings(b, a)).firstDivergence?.lsn).toBe(expected);
      if (firstDivergence?.what !== "bytes") continue;
      parted++;
      const at = (of: readonly NaiveState[]) =>
        of.findLast((state) => state.lsn <= expected!)!.pages.get(firstDivergence.pageId!)!.bytes;
      const [left, right] = [at(states.a), at(states.b)];
      const differing = new Set<number>();
      for (const { start, end, a: bytesA, b: bytesB } of firstDivergence.ranges) {
        expect(Buffer.from(bytesA)).toEqual(Buffer.from(left.subarray(start, end)));
        expect(Buffer.from(bytesB)).toEqual(Buffer.from(right.subarray(start, end)));
        for (let i = start; i < end; i++) if (left[i] !== right[i]) differing.add(i);
      }
      const all = [...left.keys()].filter((i) => left[i] !== right[i]);
      expect([...differing].sort((x, y) => x - y)).toEqual(all);
    }
    expect(parted).toBeGreaterThan(20);
  });
});
