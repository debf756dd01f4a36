import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { hashPageBytes, stateHashOf, structureHash } from "../../engine/pages/state-hash.ts";
import { Cursor } from "../../engine/replay/cursor.ts";
import { Recording } from "../../engine/replay/recording.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { naiveReplay } from "../helpers/naive-replay.ts";
import { randomRecording } from "../helpers/random-recording.ts";

const CASE = fc.record({
  seed: fc.integer(),
  records: fc.integer({ min: 5, max: 200 }),
  blockRecords: fc.integer({ min: 1, max: 30 }),
  checkpointEvery: fc.constantFrom(10, 30, 1000),
  gaps: fc.integer({ min: 0, max: 3 }),
  gapRecords: fc.integer({ min: 0, max: 2 }),
  runRecords: fc.constantFrom(15, 1000),
  index: fc.constantFrom("memory", "none"),
});

function damaged(input: typeof CASE extends fc.Arbitrary<infer T> ? T : never) {
  const { source } = randomRecording(input.seed, {
    ...input,
    reuseIds: true,
    genesisPages: 2,
    pageBytes: 12,
  });
  const random = new Prng(input.seed);
  for (let i = 0; i < input.gapRecords; i++) {
    const at = random.below(source.records.length);
    // as 'recover' leaves it: the record says that some were lost before what follows
    source.records[at] = { kind: RecordKind.Gap, body: new Uint8Array(24) };
  }
  for (let i = 0, from = source.firstLsn + 1; i < input.gaps; i++) {
    from += random.below(40);
    const to = from + random.below(12);
    if (to >= source.lastLsn) break;
    source.lose(from, to);
    from = to + 2;
  }
  return { source, ...naiveReplay(source), random };
}

describe("replay of a recording that lost records", () => {
  it("shows what the readable records say, and names what is uncertain (R9)", () => {
    fc.assert(
      fc.property(CASE, (input) => {
        const { source, states, random } = damaged(input);
        const recording = unwrap(Recording.fromSource(source, input));
        const cursor = new Cursor(recording);
        for (const state of states) {
          if (recording.gapAt(state.lsn) !== undefined) continue;
          const notes = unwrap(recording.notesAt(state.lsn));
          expect(notes.afterGap).toBe(state.afterGap);
          for (const id of state.uncertain) expect(notes.uncertain).toContain(id);
          for (const [id, page] of state.pages) expect(unwrap(recording.pageAt(id, state.lsn))).toEqual(page);
          if (random.chance(0.2)) {
            const pages = [...state.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
            expect(unwrap(recording.edgesAt(state.lsn))).toEqual(state.edges);
            expect(unwrap(recording.structureHashAt(state.lsn))).toEqual(structureHash(pages, state.edges));
            unwrap(cursor.seek(state.lsn));
            for (const page of pages) expect(unwrap(cursor.page(page.id))!.bytes).toEqual(page.bytes);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("calls a page uncertain from the gap on, not before, and not for longer than it is (R9)", () => {
    fc.assert(
      fc.property(CASE, (input) => {
        const { source, states, doubts } = damaged(input);
        const recording = unwrap(Recording.fromSource(source, input));
        for (const { lsn } of states) {
          if (recording.gapAt(lsn) !== undefined) continue;
          const expected = doubts.filter(({ from, until }) => from <= lsn && lsn < until).map(({ id }) => id);
          expect(unwrap(recording.notesAt(lsn)).uncertain).toEqual(expected.sort((a, b) => (a < b ? -1 : 1)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("rebuilds the same state straight through (R9)", () => {
    fc.assert(
      fc.property(CASE, (input) => {
        const { source, states, random } = damaged(input);
        for (let i = 0; i < 8; i++) {
          const state = random.pick(states);
          if (source.gaps.some((gap) => gap.fromLsn <= state.lsn && state.lsn <= gap.toLsn)) continue;
          const whole = unwrap(replayAll(source, { at: state.lsn, fromStart: true }));
          const pages = [...state.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(whole.stateHash).toEqual(
            stateHashOf(pages.map((page) => ({ ...page, sha256: hashPageBytes(page.bytes) }))),
          );
          expect(whole.structureHash).toEqual(structureHash(pages, state.edges));
          expect(whole.unknown).toBe(state.unknown);
          expect(whole.uncertain).toEqual([...state.uncertain].sort((a, b) => (a < b ? -1 : 1)));
        }
      }),
      { numRuns: 40 },
    );
  });

  it("passes over lost records when it steps, and refuses to show a moment among them (R9)", () => {
    fc.assert(
      fc.property(CASE, (input) => {
        const { source, states } = damaged(input);
        const recording = unwrap(Recording.fromSource(source, input));
        const readable = states.map((state) => state.lsn);
        const cursor = new Cursor(recording);
        unwrap(cursor.seek(recording.firstLsn));
        const forward = [cursor.lsn];
        while (unwrap(cursor.stepRecord(1))) forward.push(cursor.lsn);
        expect(forward).toEqual(readable);
        const backward = [cursor.lsn];
        while (unwrap(cursor.stepRecord(-1))) backward.push(cursor.lsn);
        expect(backward.reverse()).toEqual(readable);
        for (const gap of source.gaps) {
          for (const lsn of [gap.fromLsn, gap.toLsn]) {
            const seek = cursor.seek(lsn);
            expect(seek.ok ? "shown" : seek.error.code).toBe("LOG_RECORDS_LOST");
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
