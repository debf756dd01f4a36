import { afterAll, beforeAll, expect, test } from "vitest";
import { Prng } from "../../engine/base/prng.ts";
import { ok, type Result, unwrap } from "../../engine/base/result.ts";
import { exportMmsbLog1 } from "../../engine/log/foreign/export-mmsblog1.ts";
import { RecordFlag, RecordKind } from "../../engine/log/record-kinds.ts";
import { LOCATION_CODE } from "../../engine/pages/page-types.ts";
import { KIND_GROUPS } from "../../engine/protocol/requests/timeline.ts";
import type { ParamsOf, ReplyOf } from "../../engine/protocol/requests.ts";
import { openRecording, openSource } from "../../engine/replay/open-recording.ts";
import { Recording } from "../../engine/replay/recording.ts";
import { kindGroupOf } from "../../engine/server/recording/kind-groups.ts";
import { OpenedRecording } from "../../engine/server/recording/opened-recording.ts";
import { recordingRequests } from "../../engine/server/recording-requests.ts";
import { readField } from "../../engine/server/records/value-watch.ts";
import { SliceScheduler } from "../../engine/server/slice-scheduler.ts";
import { type NaiveLife, NaiveLives } from "../helpers/naive-lives.ts";
import { randomRecording } from "../helpers/random-recording.ts";
import { TestFolder } from "../helpers/studio.ts";

// Every answer beside what follows from the records in the plainest way: of random sessions, of both demos and of a converted log.

const SEED = Number(process.env["MMSB_SEED"] ?? 9000);
const SESSIONS = 24;
const ROUNDS = 6;
const folder = new TestFolder();
const scheduler = new SliceScheduler();
afterAll(() => {
  scheduler.dispose();
  folder.remove();
});

type Requests = ReturnType<typeof recordingRequests>;

class Case {
  readonly opened: OpenedRecording;
  readonly naive: NaiveLives;
  readonly random: Prng;
  readonly where: string;
  readonly #requests: Requests;

  constructor(where: string, recording: Recording, random: Prng) {
    this.where = `MMSB_SEED=${SEED}: ${where}`;
    this.random = random;
    this.naive = new NaiveLives(recording.source);
    this.opened = new OpenedRecording(1, "x.tlog", recording, scheduler);
    this.#requests = recordingRequests({ hold: () => ok(this.opened), release: () => {} });
  }

  async ask<N extends keyof Requests>(name: N, params: Omit<ParamsOf<N>, "recording">): Promise<ReplyOf<N>> {
    const handler = this.#requests[name] as (
      params: unknown,
      progress: () => void,
      sent: unknown,
    ) => Generator<Promise<unknown> | undefined, Result<ReplyOf<N>>, undefined>;
    return unwrap(await scheduler.run(handler({ recording: 1, ...params }, () => {}, {})).outcome);
  }

  async surveyed(): Promise<this> {
    while (!this.opened.survey.isComplete) await new Promise((resolve) => setImmediate(resolve));
    return this;
  }

  lsn(): number {
    const { baseLsn, lastLsn } = this.naive;
    return baseLsn + this.random.below(lastLsn - baseLsn + 1);
  }

  page(): bigint {
    return this.random.pick([...this.naive.pages.keys()]);
  }

  typeOf(life: NaiveLife): number {
    return this.opened.recording.index.tables.types.find(life.type);
  }

  /** In id order. */
  get ids(): bigint[] {
    return [...this.naive.pages.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  close(): void {
    this.opened.close();
  }
}

async function* cases(): AsyncGenerator<Case> {
  for (let session = 0; session < SESSIONS; session++) {
    const random = new Prng(SEED + session);
    const made = randomRecording(SEED + session, {
      records: 80 + random.below(300),
      blockRecords: 1 + random.below(40),
      pages: 2 + random.below(8),
      genesisPages: random.below(3),
      reuseIds: random.chance(0.5),
      ...(random.chance(0.3) && { firstLsn: 40 }),
    });
    const runRecords = 16 + random.below(200);
    const recording = unwrap(Recording.fromSource(made.source, { index: "memory", runRecords }));
    yield await new Case(`session ${session}`, recording, random).surveyed();
  }
  for (const path of files) {
    const recording = unwrap(openRecording(path));
    yield await new Case(path, recording, new Prng(SEED)).surveyed();
  }
}

const files: string[] = [];
beforeAll(async () => {
  const life = await folder.demo("life", 25, 3);
  const converted = folder.file("life.mmsblog");
  const source = unwrap(openSource(life));
  unwrap(exportMmsbLog1(source, converted));
  source.close();
  files.push(life, await folder.demo("mlp", 12, 3), converted);
}, 60_000);

async function forEachCase(check: (one: Case) => Promise<void>): Promise<void> {
  for await (const one of cases()) {
    try {
      for (let round = 0; round < ROUNDS; round++) await check(one);
    } catch (error) {
      throw new Error(`${one.where}: ${error instanceof Error ? error.message : error}`, { cause: error });
    } finally {
      one.close();
    }
  }
}

test("pages.window: who is there, in which order, and what is said of each", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const order = random.pick(["id", "type", "size", "last-write", "deltas"] as const);
    const params = {
      lsn: one.lsn(),
      order,
      descending: random.chance(0.5),
      dead: random.chance(0.5),
      ...(random.chance(0.3) && { pageTypes: [0, 2] }),
      ...(random.chance(0.3) && { text: random.pick(["1", "type1", "CELLS", "9"]) }),
      offset: 0,
      limit: 1000,
    };
    const { lsn } = params;
    const rows = one.ids
      .map((id) => {
        const lives = naive.pages.get(id)!;
        const life = naive.lifeAt(id, lsn) ?? (params.dead ? lives.at(-1) : undefined);
        if (life === undefined) return undefined;
        const last = life.deltas.findLast((delta) => delta.lsn <= lsn);
        return {
          page: id,
          type: one.typeOf(life),
          name: life.type,
          sizeBytes: life.sizeBytes,
          epoch: last?.epoch ?? life.epoch,
          location:
            LOCATION_CODE[
              life.locations.findLast((at) => at.lsn <= lsn || at.lsn === life.from)!.location as "cpu"
            ],
          created: life.from,
          destroyed: life.until === Number.POSITIVE_INFINITY ? 0 : life.until,
          lastWrite: last?.lsn ?? 0,
          deltas: naive.deltasOf(id).length,
        };
      })
      .filter((row) => row !== undefined)
      .filter((row) => !("pageTypes" in params) || [0, 2].includes(row.type))
      .filter(
        (row) =>
          !("text" in params) ||
          String(row.page).includes(params.text!.toLowerCase()) ||
          row.name.toLowerCase().includes(params.text!.toLowerCase()),
      );
    const sign = params.descending ? -1 : 1;
    const keyOf = (row: (typeof rows)[number]) =>
      order === "type"
        ? row.name
        : order === "size"
          ? row.sizeBytes
          : order === "deltas"
            ? row.deltas
            : row.lastWrite;
    if (order === "id") {
      if (params.descending) rows.reverse();
    } else
      rows.sort((a, b) => {
        const [x, y] = [keyOf(a), keyOf(b)];
        return sign * (x < y ? -1 : x > y ? 1 : 0);
      });
    const { result, columns: c } = await one.ask("pages.window", params);
    expect(result.total).toBe(rows.length);
    const answered = [...c.page].map((page, i) => ({
      page,
      type: c.pageType[i],
      sizeBytes: c.sizeBytes[i],
      epoch: c.epoch[i],
      location: c.location[i],
      created: c.createdLsn[i],
      destroyed: c.destroyedLsn[i],
      lastWrite: c.lastWriteLsn[i],
      deltas: c.deltas[i],
    }));
    expect({ params, rows: answered }).toEqual({ params, rows: rows.map(({ name: _, ...row }) => row) });
  });
}, 60_000);

test("timeline.lanes: lifetimes, and how often each column wrote the page", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const order = random.pick(["id", "first-write", "busiest"] as const);
    const [a, b] = [one.lsn(), one.lsn()].sort((x, y) => x - y);
    const from = BigInt(a!);
    const to = BigInt(b! + 1 + random.below(30));
    const columns = 1 + random.below(90);
    const firstLane = random.below(4);
    const params = { axis: "lsn", from, to, columns, order, firstLane, lanes: 256 } as const;
    const { result, columns: c } = await one.ask("timeline.lanes", params);
    const first = [...naive.pages.keys()];
    const ids =
      order === "first-write"
        ? first
        : order === "id"
          ? one.ids
          : one.ids
              .map((id) => ({ id, deltas: naive.deltasOf(id).length }))
              .sort((x, y) => y.deltas - x.deltas)
              .map(({ id }) => id);
    expect(result.totalLanes).toBe(ids.length);
    expect([...c.page]).toEqual(ids.slice(firstLane));
    for (const [lane, id] of ids.slice(firstLane).entries()) {
      const lives = naive.pages.get(id)!;
      const activity = new Array<number>(columns).fill(0);
      for (const { lsn } of naive.deltasOf(id)) {
        const place = BigInt(lsn);
        if (place < from || place >= to) continue;
        activity[Number(((place - from) * BigInt(columns)) / (to - from))]!++;
      }
      const until = lives.at(-1)!.until;
      expect({
        params,
        lane,
        created: c.createdLsn[lane],
        destroyed: c.destroyedLsn[lane],
        type: c.pageType[lane],
        activity: [...c.activity.subarray(lane * columns, (lane + 1) * columns)],
      }).toEqual({
        params,
        lane,
        created: lives[0]!.from,
        destroyed: until === Number.POSITIVE_INFINITY ? 0 : until,
        type: one.typeOf(lives.at(-1)!),
        activity,
      });
    }
  });
}, 60_000);

test("overview: every figure is the sum of what it counts", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const points = 1 + random.below(60);
    const { result, columns } = await one.ask("overview", { points, top: 100 });
    const groups = KIND_GROUPS.map(
      (_, group) => naive.records.filter(({ kind }) => kindGroupOf(kind) === group).length,
    );
    expect(result.kindCounts).toEqual(groups);
    const busy = [...naive.pages]
      .map(([pageId, lives]) => {
        const deltas = naive.deltasOf(pageId);
        return {
          pageId,
          pageType: lives.at(-1)!.type,
          deltas: deltas.length,
          deltaBytes: deltas.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0),
        };
      })
      .filter(({ deltas }) => deltas > 0);
    const byDeltas = (x: { deltas: number; pageId: bigint }, y: { deltas: number; pageId: bigint }) =>
      y.deltas - x.deltas || (x.pageId < y.pageId ? -1 : 1);
    expect([...result.busiestPages].sort(byDeltas)).toEqual(busy.sort(byDeltas).slice(0, 100));
    for (let i = 1; i < result.busiestPages.length; i++)
      expect(result.busiestPages[i]!.deltas).toBeLessThanOrEqual(result.busiestPages[i - 1]!.deltas);
    for (const { name, records } of result.busiestSources)
      expect([name, records]).toEqual([name, naive.records.filter(({ source }) => source === name).length]);
    const alive = [...naive.pages.values()]
      .map((lives) => lives.at(-1)!)
      .filter(({ until }) => until === Number.POSITIVE_INFINITY);
    expect(result.livePages).toBe(alive.length);
    expect(result.liveBytes).toBe(alive.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0));
    const ended = (kind: number) => naive.records.filter((record) => record.kind === kind).length;
    expect(result.transactions).toEqual({
      committed: ended(RecordKind.TransactionCommit),
      aborted: ended(RecordKind.TransactionAbort),
      open: naive.openTransaction(naive.lastLsn) === 0 ? 0 : 1,
    });
    const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
    expect(sum(columns.records)).toBeCloseTo(naive.records.length, 4);
    // Whatever they are for: what they take in the log.
    const logged = naive.records.filter(({ kind }) => kind === RecordKind.Delta);
    expect(sum(columns.deltaBytes)).toBeCloseTo(
      logged.reduce((total, { bodyBytes }) => total + bodyBytes, 0),
      3,
    );
    expect(columns.pages[points - 1]).toBe(alive.length);
    expect([...columns.pointTimeNs]).toEqual([...columns.pointTimeNs].sort((x, y) => (x < y ? -1 : 1)));
  });
}, 60_000);

test("field.series: lowest, highest and last value of every column", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const page = one.page();
    const type = random.pick(["u8", "i16", "u32", "f32", "u64"] as const);
    const size = { u8: 1, i16: 2, u32: 4, f32: 4, u64: 8 }[type];
    const offset = random.below(40);
    const [fromLsn, toLsn] = [one.lsn(), one.lsn()].sort((x, y) => x - y) as [number, number];
    const columns = 1 + random.below(30);
    const params = { page, offset, type, fromLsn, toLsn, columns };
    const { result, columns: c } = await one.ask("field.series", params);
    const valueAt = (lsn: number) => {
      const life = naive.lifeAt(page, lsn);
      if (life === undefined || offset + size > life.sizeBytes) return Number.NaN;
      return Number(readField(naive.bytesAt(life, lsn).slice(offset, offset + size), 0, type));
    };
    const written = new Set(
      (naive.pages.get(page) ?? [])
        .filter((life) => offset + size <= life.sizeBytes)
        .flatMap((life) => life.deltas)
        .filter(({ writes }) =>
          writes.some((write) => write.offset < offset + size && write.offset + write.bytes.length > offset),
        )
        .map(({ lsn }) => lsn),
    );
    const low = new Array<number>(columns).fill(Number.NaN);
    const high = [...low];
    const last = [...low];
    const writes = new Array<number>(columns).fill(0);
    let now = Number.NaN;
    let lsn = fromLsn;
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let column = 0; column < columns; column++) {
      const values = [now];
      for (; (lsn - fromLsn) * columns < (toLsn + 1 - fromLsn) * (column + 1); lsn++) {
        now = valueAt(lsn);
        values.push(now);
        if (lsn > fromLsn && written.has(lsn)) writes[column]!++;
      }
      const there = values.filter((value) => !Number.isNaN(value));
      if (there.length > 0) {
        low[column] = Math.min(...there);
        high[column] = Math.max(...there);
      }
      last[column] = now;
      for (const value of there.filter(Number.isFinite)) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
    expect({
      params,
      low: [...c.low],
      high: [...c.high],
      last: [...c.last],
      writes: [...c.writes],
      total: result.writes,
      min: result.min,
      max: result.max,
    }).toEqual({
      params,
      low,
      high,
      last,
      writes,
      total: writes.reduce((sum, count) => sum + count, 0),
      min: least <= most ? least : null,
      max: least <= most ? most : null,
    });
  });
}, 60_000);

test("graph.touched: what a record or its transaction writes, and everything downstream", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const lsn = Math.max(naive.baseLsn + 1, one.lsn());
    const wholeTransaction = random.chance(0.5);
    const record = naive.at(lsn);
    const isEnd = record.kind === RecordKind.TransactionCommit || record.kind === RecordKind.TransactionAbort;
    const begin = naive.openTransaction(isEnd ? lsn - 1 : lsn);
    const end =
      begin === 0
        ? lsn
        : (naive.records.find(
            ({ lsn: at, kind }) =>
              at >= lsn && (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort),
          )?.lsn ?? naive.lastLsn);
    const within = naive.records.filter(({ lsn: at }) => at >= (begin || lsn) && at <= end);
    const deltas = within.filter(({ kind, page }) => kind === RecordKind.Delta && naive.pages.has(page));
    const roots = deltas.filter(({ flags }) => (flags & RecordFlag.Derived) === 0);
    const written = new Set(deltas.map(({ page }) => page));
    const pageless = new Set<number>([
      RecordKind.TransactionBegin,
      RecordKind.TransactionCommit,
      RecordKind.TransactionAbort,
      RecordKind.Checkpoint,
      RecordKind.SessionStart,
      RecordKind.SessionStop,
      RecordKind.Gap,
    ]);
    const isOwn = !pageless.has(record.kind) && !(record.kind === RecordKind.Event && record.page === 0n);
    const starts = wholeTransaction
      ? new Set((roots.length > 0 ? roots : deltas).map(({ page }) => page))
      : new Set(isOwn && naive.pages.has(record.page) ? [record.page] : []);
    const distance = new Map([...starts].map((page) => [page, 0]));
    const edges = naive.edgesAt(lsn);
    for (let ring = [...starts], hops = 1; ring.length > 0; hops++) {
      const next = new Set<bigint>();
      for (const { from, to } of edges)
        if (ring.includes(from) && !distance.has(to) && naive.pages.has(to)) next.add(to);
      for (const page of next) distance.set(page, hops);
      ring = [...next];
    }
    const { result, columns } = await one.ask("graph.touched", { lsn, wholeTransaction, limit: 100_000 });
    const where = { lsn, wholeTransaction, kind: record.kind };
    expect({ where, touched: result.touched, downstream: result.downstream }).toEqual({
      where,
      touched: starts.size,
      downstream: distance.size - starts.size,
    });
    expect({
      where,
      pages: new Map([...columns.page].map((page, i) => [page, columns.distance[i]])),
    }).toEqual({ where, pages: distance });
    expect({ where, written: [...columns.page].filter((_, i) => columns.written[i] === 1).sort() }).toEqual({
      where,
      written: [...distance.keys()].filter((page) => written.has(page)).sort(),
    });
  });
}, 60_000);

test("graph.search: pages by a part of their id or type", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const lsn = one.lsn();
    const text = random.pick(["1", "type", "TYPE1", "0", "cell", "w"]);
    const limit = 1 + random.below(20);
    const found = one.ids.filter((id) => {
      const life = naive.lifeAt(id, lsn) ?? naive.pages.get(id)!.at(-1)!;
      return String(id).includes(text.toLowerCase()) || life.type.toLowerCase().includes(text.toLowerCase());
    });
    const { result, columns } = await one.ask("graph.search", { lsn, text, limit });
    expect(result.total).toBe(found.length);
    expect([...columns.page]).toEqual(found.slice(0, limit));
    expect([...columns.alive]).toEqual(
      found.slice(0, limit).map((id) => (naive.lifeAt(id, lsn) === undefined ? 0 : 1)),
    );
  });
}, 60_000);

test("cursor.locate: a place as a person writes it", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const lsn = Math.max(naive.baseLsn + 1, one.lsn());
    const first = naive.records[0]!.timeNs;
    const last = naive.records.at(-1)!.timeNs;
    const share = random.below(1001) / 10;
    const time = naive.at(lsn).timeNs;
    const iso = new Date(Number(time / 1_000_000n)).toISOString().slice(0, 19);
    const fraction = String(time % 1_000_000_000n).padStart(9, "0");
    const forms: [string, number][] = [
      [`${lsn}`, lsn],
      [`#${lsn}`, lsn],
      [` LSN ${lsn} `, lsn],
      [`${share}%`, Math.round(naive.baseLsn + ((naive.lastLsn - naive.baseLsn) * share) / 100)],
      ["start", naive.baseLsn],
      ["end", one.opened.recording.committedLsn],
      [`${iso}.${fraction}Z`, naive.lsnAtTime(time)],
      [`+${time - first < 0n ? 0n : time - first}ns`, naive.lsnAtTime(time < first ? first : time)],
      [`-${last > time ? last - time : 0n}ns`, naive.lsnAtTime(time < last ? time : last)],
      [`+0.0005ms`, naive.lsnAtTime(first + 500n)],
      [`+2us`, naive.lsnAtTime(first + 2000n)],
    ];
    for (const [text, wanted] of forms) {
      const { result } = await one.ask("cursor.locate", { text, lsn: naive.baseLsn });
      expect([text, result.lsn]).toEqual([text, wanted]);
      expect(result.insideTransaction).toBe(naive.openTransaction(wanted) !== 0);
      expect(result.timestampNs).toBe(wanted === naive.baseLsn ? null : naive.at(wanted).timeNs);
    }
  });
}, 60_000);

test("record.causes: the chain from a record up to its root", async () => {
  await forEachCase(async (one) => {
    const { naive, random } = one;
    const led = (lsn: number): number => {
      const { kind, flags, cause, page } = naive.at(lsn);
      const isDerived = kind === RecordKind.Delta && (flags & RecordFlag.Derived) !== 0;
      if (!isDerived || cause <= naive.baseLsn || cause >= lsn || naive.at(cause).kind !== RecordKind.Event)
        return cause;
      const lastOf = (id: bigint) => naive.deltasOf(id).findLast((delta) => delta.lsn < lsn)?.lsn ?? 0;
      const inputs = naive.edgesAt(lsn).filter(({ to }) => to === page);
      const newest = Math.max(0, ...inputs.map(({ from }) => lastOf(from)));
      return newest > lastOf(page) ? newest : cause;
    };
    for (let round = 0; round < 5; round++) {
      const lsn = Math.max(naive.baseLsn + 1, one.lsn());
      const limit = 1 + random.below(20);
      const chain: number[] = [];
      let at = led(lsn);
      for (; at > naive.baseLsn && chain.length < limit; at = led(at)) chain.push(at);
      const { result } = await one.ask("record.causes", { lsn, limit });
      expect({
        lsn,
        limit,
        chain: result.chain.map((brief) => brief.lsn),
        complete: result.complete,
      }).toEqual({
        lsn,
        limit,
        chain,
        complete: at === 0,
      });
      for (const brief of result.chain) expect(brief.cause).toBe(naive.at(brief.lsn).cause);
    }
  });
}, 60_000);

test("cursor.step: by transaction and by event", async () => {
  const events = new Set<number>([
    RecordKind.Event,
    RecordKind.Failure,
    RecordKind.SessionStart,
    RecordKind.SessionStop,
    RecordKind.Checkpoint,
    RecordKind.Gap,
    RecordKind.ForeignFrame,
  ]);
  await forEachCase(async (one) => {
    const { naive, random } = one;
    for (let round = 0; round < 8; round++) {
      const lsn = one.lsn();
      const backward = random.chance(0.5);
      const count = 1 + random.below(4);
      const by = random.pick(["transaction", "event"] as const);
      let wanted = lsn;
      for (let step = 0; step < count; step++) {
        let next = wanted;
        const isStop = (at: number) =>
          by === "event"
            ? at > naive.baseLsn && events.has(naive.at(at).kind)
            : at === naive.baseLsn || naive.openTransaction(at) === 0;
        const direction = backward ? -1 : 1;
        do next += direction;
        while (next >= naive.baseLsn && next <= naive.lastLsn && !isStop(next));
        const isInside = next >= naive.baseLsn && next <= naive.lastLsn;
        // A transaction that never ends is gone through to the end.
        if (!isInside) next = by === "transaction" && !backward ? naive.lastLsn : wanted;
        if (next === wanted) break;
        wanted = next;
      }
      const { result } = await one.ask("cursor.step", { lsn, by, backward, count });
      const where = { lsn, by, backward, count };
      expect({ where, lsn: result.lsn, moved: result.moved }).toEqual({
        where,
        lsn: wanted,
        moved: wanted !== lsn,
      });
      expect(result.insideTransaction).toBe(naive.openTransaction(wanted) !== 0);
    }
  });
}, 60_000);
