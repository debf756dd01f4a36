import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { causeChain } from "../../../engine/replay/history.ts";
import { Recording } from "../../../engine/replay/recording.ts";
import { MemorySource } from "../../helpers/memory-recording.ts";

/** Events that each name an earlier one as their cause, or none. */
function chained(seed: number, records: number, firstLsn = 1) {
  const random = new Prng(seed);
  const source = new MemorySource(13, { lsn: firstLsn - 1, pages: [], edges: [] });
  const causes = new Map<number, number>();
  for (let i = 0; i < records; i++) {
    const lsn = firstLsn + i;
    const cause = random.chance(0.1) ? 0 : lsn - 1 - random.below(Math.min(lsn - 1, 9) + 1);
    causes.set(lsn, cause);
    source.add({ kind: RecordKind.Event, cause, body: Uint8Array.of(1) });
  }
  return { source, causes, random };
}

const open = (source: MemorySource) => unwrap(Recording.fromSource(source, { index: "memory" }));

describe("the chain of causes", () => {
  it("leads from any record to its root, as following each cause by hand does (R5)", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { source, causes } = chained(seed, 120);
      const recording = open(source);
      for (const lsn of causes.keys()) {
        const expected: number[] = [];
        for (let at = lsn; at !== 0; at = causes.get(at)!) expected.push(at);
        const { records, ends } = unwrap(causeChain(recording, lsn));
        expect(records.map((record) => record.lsn)).toEqual(expected);
        expect(ends).toBe("root");
      }
    }
  });

  it("ends where its cause was dropped with an older segment, or lost", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { source, causes, random } = chained(seed, 100, 50);
      const from = 60 + random.below(60);
      source.lose(from, from + 4);
      const recording = open(source);
      for (const lsn of causes.keys()) {
        if (lsn >= from && lsn <= from + 4) continue;
        const expected: number[] = [];
        let ends = "root";
        for (let at = lsn; at !== 0; at = causes.get(at)!) {
          if (at < 50) ends = "dropped";
          else if (at >= from && at <= from + 4) ends = "lost";
          if (ends !== "root") break;
          expected.push(at);
        }
        const chain = unwrap(causeChain(recording, lsn));
        expect(chain.records.map((record) => record.lsn)).toEqual(expected);
        expect(chain.ends).toBe(ends);
      }
    }
  });

  it("is cut where it grows too long, and refuses one that goes in circles", () => {
    const source = new MemorySource(50);
    for (let lsn = 1; lsn <= 200; lsn++) source.add({ kind: RecordKind.Event, cause: lsn - 1 });
    const recording = open(source);
    expect(unwrap(causeChain(recording, 200, 10))).toMatchObject({ ends: "limit" });
    expect(unwrap(causeChain(recording, 200, 10)).records).toHaveLength(10);
    const circle = new MemorySource(50);
    circle.add({ kind: RecordKind.Event, cause: 2 });
    circle.add({ kind: RecordKind.Event, cause: 1 });
    const chain = causeChain(open(circle), 2);
    expect(chain.ok ? "" : chain.error.code).toBe("LOG_RECORD_CORRUPT");
  });
});
