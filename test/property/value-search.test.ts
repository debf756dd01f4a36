import fc from "fast-check";
import { expect, it } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { finish } from "../../engine/base/sliced.ts";
import { decodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import type { PageImage } from "../../engine/pages/page-types.ts";
import { Recording } from "../../engine/replay/recording.ts";
import { EventTypes } from "../../engine/server/recording/event-types.ts";
import { RecordMatcher } from "../../engine/server/records/record-matcher.ts";
import { ValueSearch } from "../../engine/server/records/value-search.ts";
import { type RandomRecording, randomRecording } from "../helpers/random-recording.ts";

type Moment = (page: PageImage) => number | undefined;
/** What an expression says of a delta; `undefined` operands make a comparison false. */
interface Expression {
  readonly text: string;
  readonly places: readonly ((page: PageImage) => { offset: number; length: number } | undefined)[];
  holds(before: PageImage, after: PageImage, writtenBytes: number): boolean;
}

const WIDTHS = { u8: 1, u16: 2, u32: 4, i32: 4 } as const;

function numberAt(page: PageImage, offset: number, type: keyof typeof WIDTHS): number | undefined {
  if (offset + WIDTHS[type] > page.sizeBytes) return undefined;
  const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, page.bytes.length);
  if (type === "u8") return view.getUint8(offset);
  if (type === "u16") return view.getUint16(offset, true);
  return type === "u32" ? view.getUint32(offset, true) : view.getInt32(offset, true);
}

function randomTerm(random: Prng): Expression {
  const bound = random.chance(0.5) ? random.below(256) : random.u32();
  const comparison = random.pick(["<", ">=", "!=", "changed"]);
  const about = random.below(6);
  if (about === 0) {
    return {
      text: `epoch >= ${bound % 20}`,
      places: [],
      holds: (_, after) => after.epoch >= bound % 20,
    };
  }
  if (about === 1) {
    return {
      text: `size < ${bound % 20}`,
      places: [],
      holds: (_before, _after, written) => written < bound % 20,
    };
  }
  const type = about === 2 ? "u32" : random.pick(["u8", "u16", "u32", "i32"] as const);
  const offset = random.below(40);
  const name = `f${random.below(3)}`;
  const offsetIn = (page: PageImage) =>
    about === 2 ? page.schema?.fields.find((field) => field.name === name)?.offset : offset;
  const value: Moment = (page) => {
    const at = offsetIn(page);
    return at === undefined ? undefined : numberAt(page, at, type);
  };
  return {
    text: `${about === 2 ? name : `@${offset}:${type}`} ${comparison}${comparison === "changed" ? "" : ` ${bound}`}`,
    places: [
      (page) => {
        const at = offsetIn(page);
        return at === undefined || at + WIDTHS[type] > page.sizeBytes
          ? undefined
          : { offset: at, length: WIDTHS[type] };
      },
    ],
    holds: (before, after) => {
      const now = value(after);
      if (now === undefined) return false;
      if (comparison === "changed") return now !== value(before);
      return comparison === "<" ? now < bound : comparison === ">=" ? now >= bound : now !== bound;
    },
  };
}

function randomExpression(random: Prng): Expression {
  let expression = randomTerm(random);
  for (let terms = random.below(3); terms > 0; terms--) {
    const [left, right] = [expression, randomTerm(random)];
    const isAnd = random.chance(0.5);
    const isNot = random.chance(0.3);
    expression = {
      text: `(${left.text}) ${isAnd ? "and" : "or"} ${isNot ? "not " : ""}(${right.text})`,
      places: [...left.places, ...right.places],
      holds: (...moment) => {
        const second = right.holds(...moment) !== isNot;
        return isAnd ? left.holds(...moment) && second : left.holds(...moment) || second;
      },
    };
  }
  return expression;
}

/** What the delta writes, as it is logged: also beyond its page's end. */
function runsOf({ source }: RandomRecording, lsn: number): { start: number; end: number }[] {
  const body = source.records[lsn - source.firstLsn]!.body!;
  const runs = new RunList();
  decodeDeltaBody(body, 0, body.length, runs);
  return Array.from({ length: runs.count }, (_, run) => ({
    start: runs.offset[run]!,
    end: runs.offset[run]! + runs.length[run]!,
  }));
}

/** Delta by delta, from copies of every page before and after it. */
function naive(made: RandomRecording, { places, holds }: Expression): number[] {
  const { source, states, writes } = made;
  const found: number[] = [];
  for (const { lsn, page } of writes) {
    const before = states[lsn - source.firstLsn]!.pages.get(page)!;
    const after = states[lsn - source.firstLsn + 1]!.pages.get(page)!;
    const runs = runsOf(made, lsn);
    const touches = places.some((place) => {
      const at = place(after);
      return (
        at !== undefined && runs.some(({ start, end }) => start < at.offset + at.length && end > at.offset)
      );
    });
    const written = runs.reduce((sum, { start, end }) => sum + end - start, 0);
    if (touches && holds(before, after, written)) found.push(lsn);
  }
  return found;
}

it("finds the deltas that a naive look at every page before and after each of them finds", () => {
  fc.assert(
    fc.property(fc.nat(), fc.boolean(), fc.boolean(), fc.boolean(), (seed, reuseIds, isBare, grows) => {
      const random = new Prng(seed);
      const made = randomRecording(seed, {
        records: 60 + random.below(300),
        blockRecords: 1 + random.below(30),
        pages: 1 + random.below(8),
        pageBytes: 48,
        genesisPages: random.below(3),
        firstLsn: random.chance(0.3) ? 50 : 1,
        reuseIds,
      });
      const { source } = made;
      if (grows) source.visible = random.below(source.records.length);
      const options = { index: isBare ? "none" : "memory", runRecords: 16 + random.below(100) } as const;
      const recording = unwrap(Recording.fromSource(source, options));
      for (let round = 0; round < 4; round++) {
        const expression = randomExpression(random);
        if (expression.places.length === 0) continue;
        const pages = random.chance(0.4) ? [...made.states.at(-1)!.pages.keys(), 12_345n] : undefined;
        const fromLsn = random.chance(0.4) ? random.below(source.lastLsn + 1) : undefined;
        const toLsn = random.chance(0.4) ? random.below(source.lastLsn + 1) : undefined;
        const filter = {
          value: expression.text,
          ...(pages === undefined ? {} : { pages }),
          ...(fromLsn === undefined ? {} : { fromLsn }),
          ...(toLsn === undefined ? {} : { toLsn }),
        };
        const matcher = unwrap(RecordMatcher.create(recording, new EventTypes(), filter, [RecordKind.Delta]));
        const search = new ValueSearch(recording, matcher, matcher.watch!);
        const check = () => {
          while (!search.isComplete) unwrap(finish(search.advance()));
          const wanted = naive(made, expression).filter(
            (lsn) =>
              lsn <= source.lastLsn &&
              lsn >= (fromLsn ?? 0) &&
              lsn <= (toLsn ?? lsn) &&
              (pages?.includes(made.writes.find((write) => write.lsn === lsn)!.page) ?? true),
          );
          const where = `${expression.text} ${JSON.stringify(filter, (_, x) => (typeof x === "bigint" ? `${x}` : x))}`;
          expect([where, ...unwrap(finish(search.select(0, 1e6)))]).toEqual([where, ...wanted]);
          expect(search.total).toBe(wanted.length);
          const at = random.below(source.lastLsn + 2);
          expect(unwrap(search.rank(at))).toBe(wanted.filter((lsn) => lsn <= at).length);
        };
        check();
        while (grows && round === 3 && source.visible < source.records.length) {
          const visible = source.visible + 1 + random.below(60);
          source.refresh = () => {
            source.visible = visible;
            return { ok: true, value: true };
          };
          unwrap(recording.refresh());
          check();
        }
      }
      recording.close();
    }),
    { numRuns: 150 },
  );
}, 120_000);
