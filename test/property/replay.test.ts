import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import type { PageImage } from "../../engine/pages/page-types.ts";
import { hashPageBytes, stateHashOf, structureHash } from "../../engine/pages/state-hash.ts";
import { Cursor } from "../../engine/replay/cursor.ts";
import { type HistoryPage, history, lastWriter } from "../../engine/replay/history.ts";
import { Recording, type RecordingOptions } from "../../engine/replay/recording.ts";
import { replayAll } from "../../engine/replay/replay-all.ts";
import { type OracleState, type RandomOptions, randomRecording } from "../helpers/random-recording.ts";

const RUNS = 30;

const OPTIONS: readonly (RecordingOptions & { name: string })[] = [
  { name: "small runs in memory", index: "memory", runRecords: 20 },
  { name: "one run", index: "memory" },
  { name: "no keyframes", index: "none", runRecords: 30 },
  { name: "next to no memory", index: "memory", cacheBytes: 4096, runRecords: 25 },
];

const SESSIONS: fc.Arbitrary<RandomOptions> = fc.record({
  records: fc.integer({ min: 1, max: 250 }),
  blockRecords: fc.integer({ min: 1, max: 40 }),
  pages: fc.integer({ min: 1, max: 8 }),
  pageBytes: fc.constantFrom(1, 8, 64, 300),
  deltas: fc.constantFrom(0.4, 0.8, 0.97),
  genesisPages: fc.integer({ min: 0, max: 3 }),
  firstLsn: fc.constantFrom(1, 1, 500),
  checkpointEvery: fc.constantFrom(20, 1000),
  reuseIds: fc.boolean(),
});
const CASE = fc.tuple(fc.integer(), SESSIONS, fc.constantFrom(...OPTIONS));

/** `toEqual` on typed arrays costs a hundred times more. */
function expectBytes(seen: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(seen, wanted) !== 0) expect(seen).toEqual(wanted);
}

function expectPage(seen: PageImage | undefined, wanted: PageImage): void {
  expectBytes(seen!.bytes, wanted.bytes);
  const { bytes: _, ...rest } = seen!;
  const { bytes: __, ...wantedRest } = wanted;
  if (!isDeepStrictEqual(rest, wantedRest)) expect(rest).toEqual(wantedRest);
}

function hashOf(state: OracleState): Uint8Array {
  return stateHashOf(
    [...state.pages.values()].map((page) => ({ ...page, sha256: hashPageBytes(page.bytes) })),
  );
}

function open(seed: number, session: RandomOptions, options: RecordingOptions) {
  const made = randomRecording(seed, session);
  const recording = unwrap(Recording.fromSource(made.source, options));
  const stateAt = (lsn: number) => made.states[lsn - made.source.firstLsn + 1]!;
  return { ...made, recording, stateAt, random: new Prng(seed ^ 0x5eed) };
}

describe("replay, for any session", () => {
  it("shows every page at every moment as a naive replay does (R1)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, states } = open(seed, session, options);
        for (const state of states) {
          for (const [id, page] of state.pages) expectPage(unwrap(recording.pageAt(id, state.lsn)), page);
          expect(unwrap(recording.pageAt(424242n, state.lsn))).toBeUndefined();
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("lists pages and edges and hashes the state as a naive replay does (R1)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, states, random } = open(seed, session, options);
        for (let i = 0; i < 12; i++) {
          const state = random.pick(states);
          const pages = [...state.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(unwrap(recording.pagesAt(state.lsn))).toEqual(pages.map(({ bytes: _, ...page }) => page));
          const columns = unwrap(recording.pageColumnsAt(state.lsn));
          expect([...columns.ids]).toEqual(pages.map((page) => page.id));
          expect([...columns.epoch]).toEqual(pages.map((page) => page.epoch));
          expect(unwrap(recording.edgesAt(state.lsn))).toEqual(state.edges);
          expect(unwrap(recording.stateHashAt(state.lsn))).toEqual(hashOf(state));
          expect(unwrap(recording.structureHashAt(state.lsn))).toEqual(structureHash(pages, state.edges));
          expect(unwrap(recording.notesAt(state.lsn))).toEqual({
            inTransaction: state.open !== 0,
            afterGap: false,
            uncertain: [],
          });
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("gives the same bytes whichever way the cursor came (R2)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, states, stateAt, random } = open(seed, session, options);
        const cursor = new Cursor(recording, random.pick([1, 200, 1 << 20]));
        expect(cursor.lsn).toBe(recording.committedLsn);
        for (let move = 0; move < 150; move++) {
          const direction = random.chance(0.5) ? 1 : -1;
          const ids = [...stateAt(cursor.lsn).pages.keys()];
          const kind = random.below(10);
          if (kind === 0) unwrap(cursor.seek(random.pick(states).lsn));
          else if (kind < 5) unwrap(cursor.stepRecord(direction));
          else if (kind < 7) unwrap(cursor.stepTransaction(direction));
          else if (ids.length > 0) unwrap(cursor.stepPageDelta(random.pick(ids), direction));
          const state = stateAt(cursor.lsn);
          expect(cursor.inTransaction).toBe(state.open !== 0);
          for (const [id, page] of state.pages) {
            if (!random.chance(0.6)) continue;
            const seen = unwrap(cursor.page(id))!;
            expectBytes(seen.bytes, page.bytes);
            expect(seen.epoch).toBe(page.epoch);
          }
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("steps by record, transaction and delta to exactly the moments there are (R3)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, states, writes, random } = open(seed, session, options);
        const lsns = states.map((state) => state.lsn);
        const closed = states.filter((state) => state.open === 0).map((state) => state.lsn);
        const cursor = new Cursor(recording);
        for (let i = 0; i < 20; i++) {
          const at = random.pick(lsns);
          unwrap(cursor.seek(at));
          const next = (by: "record" | "transaction", direction: 1 | -1) =>
            unwrap(cursor.nextStop({ by }, direction));
          expect(next("record", 1)).toBe(lsns.find((lsn) => lsn > at));
          expect(next("record", -1)).toBe(lsns.findLast((lsn) => lsn < at));
          const after =
            closed.find((lsn) => lsn > at) ?? (at < recording.lastLsn ? recording.lastLsn : undefined);
          expect(next("transaction", 1)).toBe(after);
          expect(next("transaction", -1)).toBe(closed.findLast((lsn) => lsn < at));
          const id = writes.length > 0 ? random.pick(writes).page : undefined;
          if (id === undefined) continue;
          const own = writes.filter((write) => write.page === id).map((write) => write.lsn);
          expect(unwrap(cursor.nextStop({ by: "delta", pageId: id }, 1))).toBe(own.find((lsn) => lsn > at));
          const back = unwrap(cursor.nextStop({ by: "delta", pageId: id }, -1));
          const current = own.findLast((lsn) => lsn <= at);
          const expected =
            current === undefined ? undefined : (own.findLast((lsn) => lsn < current) ?? current - 1);
          expect(back).toBe(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("names everyone who wrote some bytes, newest first (R5)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, states, writes, random } = open(seed, session, options);
        for (let i = 0; i < 20; i++) {
          const state = random.pick(states);
          const page = random.pick([...state.pages.values()]);
          if (page === undefined) continue;
          const start = random.below(page.sizeBytes);
          const end = start + random.below(page.sizeBytes - start + 1);
          const expected = writes
            .filter(
              (write) =>
                write.page === page.id && write.lsn <= state.lsn && write.lsn > state.born.get(page.id)!,
            )
            .map(({ lsn, ranges }) => ({
              lsn,
              ranges: ranges
                .map((range) => ({ start: Math.max(start, range.start), end: Math.min(end, range.end) }))
                .filter((range) => range.start < range.end),
            }))
            .filter(({ ranges }) => ranges.length > 0)
            .reverse();
          const seen: { lsn: number; ranges: unknown }[] = [];
          for (let at: number | undefined = state.lsn; at !== undefined; ) {
            const part: HistoryPage = unwrap(
              history(recording, page.id, { range: { start, end }, at, limit: 3 }),
            );
            seen.push(...part.writes.map(({ lsn, ranges }) => ({ lsn, ranges })));
            at = part.nextLsn;
          }
          expect(seen).toEqual(expected);
          const byte = random.below(page.sizeBytes);
          const last = writes.findLast(
            (write) =>
              write.page === page.id &&
              write.lsn <= state.lsn &&
              write.lsn > state.born.get(page.id)! &&
              write.ranges.some((range) => range.start <= byte && byte < range.end),
          );
          expect(unwrap(lastWriter(recording, page.id, byte, state.lsn))?.lsn).toBe(last?.lsn);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("finds a time at the last record whose running maximum is not later (R6)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const { recording, source, random } = open(seed, session, options);
        const times = source.records.map((record) => record.timeNs!);
        for (let i = 0; i < 20; i++) {
          const wanted = random.pick(times) + BigInt(random.below(3)) - 1n;
          let running = 0n;
          let expected = source.firstLsn - 1;
          for (const [at, time] of times.entries()) {
            if (time > running) running = time;
            if (running <= wanted) expected = source.firstLsn + at;
          }
          expect(unwrap(recording.lsnAtTime(wanted))).toBe(expected);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("rebuilds the same state straight through, from the start or from a checkpoint, and twice alike (R1, R7)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session]) => {
        const { source, states } = randomRecording(seed, session);
        const random = new Prng(seed);
        const used = unwrap(replayAll(source)).state;
        for (let i = 0; i < 10; i++) {
          const state = random.pick(states);
          const again = unwrap(replayAll(source, { at: state.lsn, fromStart: true, into: used }));
          const near = unwrap(replayAll(source, { at: state.lsn }));
          const whole = unwrap(replayAll(source, { at: state.lsn, fromStart: true }));
          const pages = [...state.pages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
          expect(near.stateHash).toEqual(hashOf(state));
          expect(whole.stateHash).toEqual(near.stateHash);
          expect(near.structureHash).toEqual(structureHash(pages, state.edges));
          expect(whole.structureHash).toEqual(near.structureHash);
          expect({ ...again, state: whole.state }).toEqual(whole);
          expect(again.state).toBe(used);
        }
        expect(unwrap(replayAll(source)).lsn).toBe(source.committedLsn);
      }),
      { numRuns: RUNS },
    );
  });

  it("follows a recording that grows as if it had been whole from the start (R8)", () => {
    fc.assert(
      fc.property(CASE, ([seed, session, options]) => {
        const made = randomRecording(seed, session);
        const random = new Prng(seed);
        made.source.visible = random.below(made.source.records.length + 1);
        const recording = unwrap(Recording.fromSource(made.source, options));
        const cursor = new Cursor(recording);
        for (;;) {
          for (const state of made.states) {
            if (state.lsn > recording.lastLsn || !random.chance(0.3)) continue;
            unwrap(cursor.seek(state.lsn));
            for (const [id, page] of state.pages) {
              expectPage(unwrap(recording.pageAt(id, state.lsn)), page);
              expectBytes(unwrap(cursor.page(id))!.bytes, page.bytes);
            }
          }
          if (made.source.visible >= made.source.records.length) break;
          const visible = made.source.visible + 1 + random.below(60);
          made.source.refresh = () => {
            made.source.visible = visible;
            return { ok: true, value: true };
          };
          unwrap(recording.refresh());
        }
        expect(recording.lastLsn).toBe(made.source.lastLsn);
      }),
      { numRuns: RUNS },
    );
  });
});
