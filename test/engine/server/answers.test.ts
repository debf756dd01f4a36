import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import type { RecordFilter } from "../../../engine/protocol/requests/filter.ts";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { KIND_GROUPS } from "../../../engine/protocol/requests/timeline.ts";
import { type NaiveRecord, NaiveRecording } from "../../helpers/naive-recording.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const SEED = Number(process.env["MMSB_SEED"] ?? 20_261);

// Every answer beside what follows from the records in the plainest way.
describe.each(["life", "mlp"] as const)(`what is answered about %s (MMSB_SEED=${SEED})`, (workload) => {
  const folder = new TestFolder();
  const random = new Prng(SEED);
  let studio: TestStudio;
  let info: RecordingInfo;
  let naive: NaiveRecording;
  let recording: number;
  let pages: bigint[];

  beforeAll(async () => {
    const path = await folder.demo(workload, workload === "life" ? 60 : 25, 3);
    naive = new NaiveRecording(path);
    studio = await TestStudio.start();
    info = await studio.open(path);
    recording = info.recording;
    pages = [...naive.pageTypes.keys()];
  }, 60_000);
  afterAll(() => {
    studio.stop();
    folder.remove();
  });

  const lsn = () => 1 + random.below(naive.lastLsn);
  /** An LSN at which every page is there. */
  const late = () => {
    const from = Math.max(...naive.records.filter((r) => r.kind === RecordKind.PageCreate).map((r) => r.lsn));
    return from + random.below(naive.lastLsn - from + 1);
  };

  test("the recording's facts", () => {
    expect(info.lastLsn).toBe(naive.lastLsn);
    expect(info.counts.deltas).toBe(naive.deltas.length);
    expect(info.counts.pages).toBe(pages.length);
    expect(info.counts.transactions).toBe(
      naive.records.filter(({ kind }) => kind === RecordKind.TransactionBegin).length,
    );
    for (const { code, records } of info.kinds)
      expect([code, records]).toEqual([code, naive.records.filter(({ kind }) => kind === code).length]);
  });

  test("the timeline's densities, per pixel column, on both axes", async () => {
    for (let round = 0; round < 30; round++) {
      const axis = round % 2 === 0 ? "lsn" : "time";
      const columns = 1 + random.below(300);
      const [a, b] = [lsn(), lsn()].sort((x, y) => x - y);
      const place = (record: NaiveRecord) => (axis === "lsn" ? BigInt(record.lsn) : record.timeNs);
      const from = place(naive.at(a!));
      const to = place(naive.at(Math.min(b! + 40, naive.lastLsn))) + 1n;
      const view = await studio.ask("timeline.view", { recording, axis, from, to, columns });
      const bandOf = new Map(view.result.bands.map(({ label }, band) => [label, band]));
      const rest = view.result.bands.findIndex(({ source }) => source === null);
      const density = new Uint32Array(view.columns.density.length);
      const groups = new Uint32Array(view.columns.kindDensity.length);
      const kindGroup = (kind: number) => {
        const name = info.kinds.find(({ code }) => code === kind)?.name ?? "";
        if (kind === RecordKind.Delta) return "delta";
        if (name.startsWith("tx-")) return "transaction";
        if (name.startsWith("edge-")) return "edge";
        if (name === "event" || name === "checkpoint" || name === "failure") return name;
        return /^(page|schema|metadata)-/.test(name) ? "page" : "other";
      };
      for (const record of naive.records) {
        const at = place(record);
        if (at < from || at >= to) continue;
        const column = Number(((at - from) * BigInt(columns)) / (to - from));
        groups[KIND_GROUPS.indexOf(kindGroup(record.kind)) * columns + column]!++;
        if (record.kind !== RecordKind.Delta) continue;
        density[(bandOf.get(record.source) ?? rest) * columns + column]!++;
      }
      const where = `${axis} ${from}..${to} in ${columns}, exact ${view.result.exact}`;
      if (view.result.exact) {
        expect([where, [...view.columns.density]]).toEqual([where, [...density]]);
        expect([where, [...view.columns.kindDensity]]).toEqual([where, [...groups]]);
      } else {
        const sum = (values: Uint32Array) => values.reduce((total, value) => total + value, 0);
        expect(Math.abs(sum(view.columns.density) - sum(density))).toBeLessThanOrEqual(
          view.columns.density.length,
        );
      }
    }
  });

  /** A filter, and which records it lets through. */
  function randomFilter(): { filter: RecordFilter; matches: (record: NaiveRecord) => boolean } {
    const filter: { -readonly [K in keyof RecordFilter]: RecordFilter[K] } = {};
    const tests: ((record: NaiveRecord) => boolean)[] = [];
    if (random.chance(0.4)) {
      const wanted = pages.filter(() => random.chance(0.3));
      filter.pages = [...wanted, 987_654_321n];
      tests.push(({ page }) => wanted.includes(page));
    }
    if (random.chance(0.3)) {
      const wanted = info.sources.map((_, index) => index).filter(() => random.chance(0.5));
      filter.sources = wanted;
      tests.push(({ source }) => wanted.some((index) => info.sources[index]!.name === source));
    }
    if (random.chance(0.3)) {
      const wanted = info.pageTypes.map((_, index) => index).filter(() => random.chance(0.5));
      filter.pageTypes = wanted;
      tests.push(({ page }) =>
        wanted.some((index) => info.pageTypes[index]!.name === naive.pageTypes.get(page)),
      );
    }
    if (random.chance(0.4)) {
      const bound = lsn();
      filter.fromLsn = bound;
      tests.push((record) => record.lsn >= bound);
    }
    if (random.chance(0.3)) {
      const bound = naive.at(lsn()).timeNs;
      filter.toTimeNs = bound;
      tests.push((record) => record.timeNs <= bound);
    }
    if (random.chance(0.2)) {
      const cause = naive.deltas[random.below(naive.deltas.length)]!.cause;
      if (cause > 0) {
        filter.cause = cause;
        tests.push((record) => record.cause === cause);
      }
    }
    if (random.chance(0.3)) {
      const text = random.pick(["STEP", "heat", "tile", "rule", "weight", "zzz"]);
      filter.text = text;
      tests.push(({ source, page, metadata }) =>
        [source, naive.pageTypes.get(page) ?? "", metadata].some((part) =>
          part.toLowerCase().includes(text.toLowerCase()),
        ),
      );
    }
    if (random.chance(0.4)) {
      const offset = 4 * random.below(8);
      const bound = random.below(200);
      filter.value = `@${offset}:u32 > ${bound} and not epoch == 3`;
      tests.push((record) => {
        const looksAt = record.ranges.some(
          (range) => range.offset < offset + 4 && range.offset + range.bytes.length > offset,
        );
        if (!looksAt) return false;
        const { bytes, epoch } = naive.page(record.page, record.lsn)!;
        if (offset + 4 > bytes.length) return false;
        return new DataView(bytes.buffer).getUint32(offset, true) > bound && epoch !== 3;
      });
    }
    return { filter, matches: (record) => tests.every((holds) => holds(record)) };
  }

  test("windows of the deltas that a filter lets through, by row and around an LSN", async () => {
    for (let round = 0; round < 60; round++) {
      const { filter, matches } = randomFilter();
      const expected = naive.deltas.filter(matches);
      const where = JSON.stringify(filter, (_, value) => (typeof value === "bigint" ? `${value}` : value));
      let all = await studio.ask("deltas.window", { recording, filter, offset: 0, limit: 2000 });
      // a search replies as soon as its window is full or it is done
      expect([where, all.result.complete]).toEqual([where, true]);
      expect([where, [...all.columns.lsn]]).toEqual([
        where,
        expected.slice(0, 2000).map((record) => record.lsn),
      ]);
      expect(all.result.total).toBe(expected.length);
      const around = lsn();
      all = await studio.ask("deltas.window", { recording, filter, offset: 0, limit: 21, around });
      const row = expected.findLastIndex((record) => record.lsn <= around);
      expect([where, all.result.aroundRow]).toEqual([where, row]);
      const { offset } = all.result;
      expect([...all.columns.lsn]).toEqual(expected.slice(offset, offset + 21).map((record) => record.lsn));
      for (let i = 0; i < all.columns.lsn.length; i++) {
        const record = expected[offset + i]!;
        expect(all.columns.page[i]).toBe(record.page);
        expect(all.columns.epoch[i]).toBe(record.epoch);
        expect(all.columns.timeNs[i]).toBe(record.timeNs);
        expect(all.columns.cause[i]).toBe(record.cause);
        expect(all.columns.rangeCount[i]).toBe(record.ranges.length);
        expect(all.columns.sizeBytes[i]).toBe(
          record.ranges.reduce((sum, { bytes }) => sum + bytes.length, 0),
        );
        expect(info.sources[all.columns.source[i]!]!.name).toBe(record.source);
      }
    }
  });

  test("a kind that does not exist is told, not taken for an empty answer", async () => {
    const asked = await studio.client.request("deltas.window", {
      recording,
      filter: { kinds: ["no-such-kind"] },
      offset: 0,
      limit: 1,
    });
    expect(asked.ok ? "" : asked.error.code).toBe("ARGUMENT_INVALID");
  });

  test("a page's bytes, epoch and writers at any LSN, as replay from the first record has them", async () => {
    for (let round = 0; round < 60; round++) {
      const page = random.pick(pages);
      const at = late();
      const state = naive.page(page, at)!;
      const offset = random.below(state.bytes.length);
      const length = 1 + random.below(state.bytes.length);
      const view = await studio.ask("page.view", { recording, page, lsn: at, offset, length, ages: true });
      const where = `page ${page} at ${at}, ${offset}+${length}`;
      expect([where, [...view.columns.bytes]]).toEqual([
        where,
        [...state.bytes.slice(offset, offset + length)],
      ]);
      expect([where, [...view.columns.writerLsn]]).toEqual([
        where,
        [...state.writers.slice(offset, offset + length)],
      ]);
      expect(view.result.epoch).toBe(state.epoch);
      expect(view.result.insideTransaction).toBe(naive.openTransaction(at) !== 0);
      expect(view.result.lastDelta?.lsn ?? 0).toBe(naive.deltasOf(page, at).at(-1)?.lsn ?? 0);
    }
  });

  test("two moments of a page side by side", async () => {
    for (let round = 0; round < 20; round++) {
      const page = random.pick(pages);
      const [lsnA, lsnB] = [late(), late()];
      const a = naive.page(page, lsnA)!.bytes;
      const b = naive.page(page, lsnB)!.bytes;
      const compared = await studio.ask("page.compare", {
        recording,
        page,
        lsnA,
        lsnB,
        offset: 0,
        length: a.length,
      });
      const differing = a.reduce((sum, byte, at) => sum + (byte === b[at] ? 0 : 1), 0);
      expect(compared.result.differingBytes).toBe(differing);
      const covered = compared.columns.rangeLength.reduce((sum, length) => sum + length, 0);
      if (compared.result.differingRanges <= 4096) expect(covered).toBeGreaterThanOrEqual(differing);
    }
  });

  test("who wrote these bytes, newest first, and who wrote one last and why", async () => {
    for (let round = 0; round < 30; round++) {
      const page = random.pick(pages);
      const at = late();
      const size = naive.page(page, at)!.bytes.length;
      const offset = random.below(size);
      const length = 1 + random.below(Math.min(64, size - offset));
      const touching = naive
        .deltasOf(page, at)
        .filter(({ ranges }) =>
          ranges.some(
            (range) => range.offset < offset + length && range.offset + range.bytes.length > offset,
          ),
        )
        .reverse();
      const history = await studio.ask("page.history", {
        recording,
        page,
        lsn: at,
        offset,
        length,
        limit: 2000,
      });
      expect([...history.columns.lsn]).toEqual(touching.slice(0, 2000).map((record) => record.lsn));
      const last = await studio.ask("page.last-writer", { recording, page, offset, lsn: at });
      const writer = naive.page(page, at)!.writers[offset]!;
      expect(last.result.writer?.lsn ?? 0).toBe(writer);
      const chain: number[] = [];
      for (let cause = writer === 0 ? 0 : naive.at(writer).cause; cause > 0; cause = naive.at(cause).cause)
        chain.push(cause);
      expect(last.result.chain.map((brief) => brief.lsn)).toEqual(chain.slice(0, 256));
    }
  });

  test("what a record is, what it changed, and what it led to", async () => {
    for (let round = 0; round < 40; round++) {
      const record = random.pick(naive.deltas);
      const details = await studio.ask("record.details", { recording, lsn: record.lsn });
      expect(details.result.record).toMatchObject({
        pageId: record.page,
        epoch: record.epoch,
        cause: record.cause,
      });
      const after = record.ranges.flatMap(({ bytes }) => [...bytes]);
      const before = naive.page(record.page, record.lsn - 1)!.bytes;
      expect([...details.columns.after]).toEqual(after);
      expect([...details.columns.before]).toEqual(
        record.ranges.flatMap(({ offset, bytes }) => [...before.slice(offset, offset + bytes.length)]),
      );
      const effects = await studio.ask("record.effects", { recording, lsn: record.cause || 1, limit: 1000 });
      expect(effects.result.effects.map((brief) => brief.lsn)).toEqual(
        naive.records
          .filter(({ cause }) => cause === (record.cause || 1))
          .map((one) => one.lsn)
          .slice(0, 1000),
      );
    }
  });

  test("cursor moves by record, delta, a page's delta and time", async () => {
    const step = async (
      from: number,
      by: "record" | "delta" | "page-delta",
      backward: boolean,
      count: number,
      page?: bigint,
    ) =>
      (
        await studio.ask("cursor.step", {
          recording,
          lsn: from,
          by,
          backward,
          count,
          ...(page !== undefined && { page }),
        })
      ).result.lsn;
    for (let round = 0; round < 60; round++) {
      const from = lsn();
      const count = 1 + random.below(5);
      expect(await step(from, "record", false, count)).toBe(Math.min(naive.lastLsn, from + count));
      expect(await step(from, "record", true, count)).toBe(Math.max(0, from - count));
      const later = naive.deltas.filter((delta) => delta.lsn > from).map((delta) => delta.lsn);
      expect(await step(from, "delta", false, count)).toBe(later[Math.min(count, later.length) - 1] ?? from);
      const earlier = naive.deltas
        .filter((delta) => delta.lsn < from)
        .map((delta) => delta.lsn)
        .reverse();
      expect(await step(from, "delta", true, count)).toBe(
        earlier[Math.min(count, earlier.length) - 1] ?? from,
      );
      const page = random.pick(pages);
      const own = naive
        .deltasOf(page)
        .map((delta) => delta.lsn)
        .filter((one) => one > from);
      if (own.length >= count)
        expect(await step(from, "page-delta", false, count, page)).toBe(own[count - 1]);
      const timeNs = naive.at(from).timeNs + BigInt(random.below(100_000)) - 50_000n;
      const sought = await studio.ask("cursor.seek-time", { recording, timeNs });
      expect(sought.result.lsn).toBe(naive.records.findLast((record) => record.timeNs <= timeNs)?.lsn ?? 0);
    }
  });

  test("the graph of pages and edges at an LSN", async () => {
    for (let round = 0; round < 20; round++) {
      const at = lsn();
      const graph = await studio.ask("graph.view", {
        recording,
        lsn: at,
        expanded: [],
        grouped: false,
        dead: false,
        maxNodes: 5000,
      });
      const alive = pages.filter((page) => naive.page(page, at) !== undefined);
      const { node, edgeFrom, edgeTo } = graph.columns;
      expect([...node].sort()).toEqual([...alive].sort());
      const edges = [...edgeFrom].map((from, i) => `${node[from]} ${node[edgeTo[i]!]}`);
      expect(edges.sort()).toEqual([...naive.edges(at)].sort());
      expect(graph.result.totalEdges).toBe(edges.length);
    }
  });

  test("events, in their order", async () => {
    const events = await studio.ask("events.window", {
      recording,
      filter: { kinds: ["event"] },
      offset: 0,
      limit: 2000,
    });
    expect([...events.columns.lsn]).toEqual(
      naive.records.filter(({ kind }) => kind === RecordKind.Event).map((record) => record.lsn),
    );
  });

  test("playback goes where it is told to, and ends there", async () => {
    const seen: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const playing = studio.client.subscribe(
        "playback",
        { recording, fromLsn: 10, toLsn: 60, mode: "records", speed: 2000, backward: false },
        {
          credit: 4,
          onUpdate: ({ result }) => {
            seen.push(result.lsn);
            playing.grant(1);
          },
          onEnd: (error) => (error === undefined ? resolve() : reject(error)),
        },
      );
    });
    expect(seen.at(-1)).toBe(60);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
  });
});
