import { MARK_KINDS } from "../../../engine/protocol/requests/timeline.ts";
import type { Handlers } from "./fake-engine.ts";
import { sizeOf } from "./fake-handlers.ts";
import type { FakeRecord, FakeRecording } from "./fake-recording.ts";

const GROUP_OF: Readonly<Record<string, number>> = {
  delta: 0,
  "tx-begin": 1,
  "tx-commit": 1,
  "tx-abort": 1,
  event: 2,
  "page-create": 3,
  "edge-add": 4,
  checkpoint: 5,
  failure: 6,
};

interface View {
  readonly axis: "lsn" | "time";
  readonly from: bigint;
  readonly to: bigint;
  readonly columns: number;
}

export function timelineHandlers(fake: FakeRecording): Handlers {
  const place = (record: FakeRecord, { axis }: View) => (axis === "lsn" ? BigInt(record.lsn) : record.timeNs);
  const columnOf = (record: FakeRecord, view: View) => {
    const at = place(record, view);
    return at < view.from || at >= view.to
      ? -1
      : Number(((at - view.from) * BigInt(view.columns)) / (view.to - view.from));
  };
  const lsnAt = (view: View, column: number) => {
    const at = view.from + ((view.to - view.from) * BigInt(column)) / BigInt(view.columns);
    return view.axis === "lsn" ? Number(at) : fake.records.findLastIndex((record) => record.timeNs <= at) + 1;
  };
  const timeAt = (view: View, column: number) => {
    if (view.axis === "time")
      return view.from + ((view.to - view.from) * BigInt(column)) / BigInt(view.columns);
    return fake.records[Math.min(fake.records.length, Math.max(1, lsnAt(view, column))) - 1]!.timeNs;
  };
  return {
    "timeline.view": (view) => {
      const { columns } = view;
      const density = new Uint32Array(fake.sources.length * columns);
      const kindDensity = new Uint32Array(8 * columns);
      const eventDensity = new Uint32Array(fake.eventTypes.length * columns);
      const byteDensity = new Float64Array(columns);
      const marks: FakeRecord[] = [];
      const transactions: { begin: FakeRecord; end: FakeRecord }[] = [];
      for (const record of fake.records) {
        const column = columnOf(record, view);
        if (column < 0) continue;
        kindDensity[(GROUP_OF[record.kind] ?? 7) * columns + column]!++;
        if (record.kind === "delta") {
          density[fake.sources.indexOf(record.source) * columns + column]!++;
          byteDensity[column]! += sizeOf(record);
        }
        if (record.eventType !== undefined)
          eventDensity[fake.eventTypes.indexOf(record.eventType) * columns + column]!++;
        if ((MARK_KINDS as readonly string[]).includes(record.kind)) marks.push(record);
        if (record.kind === "tx-commit" || record.kind === "tx-abort") {
          transactions.push({ begin: fake.records[record.transaction - 1]!, end: record });
        }
      }
      const listed = transactions.length <= 1000;
      const shown = listed ? transactions : [];
      return {
        result: {
          columns,
          bands: fake.sources.map((label, source) => ({ label, source, colour: source % 12 })),
          eventBands: fake.eventTypes.map((label, eventType) => ({ label, eventType })),
          exact: true,
          transactionsListed: listed,
          marksOmitted: 0,
          surveyedLsn: BigInt(fake.records.length),
        },
        columns: {
          density,
          kindDensity,
          eventDensity,
          byteDensity,
          edgeLsn: Float64Array.from({ length: columns + 1 }, (_, column) => lsnAt(view, column)),
          edgeTimeNs: BigUint64Array.from({ length: columns + 1 }, (_, column) => timeAt(view, column)),
          txBeginLsn: Float64Array.from(shown, ({ begin }) => begin.lsn),
          txEndLsn: Float64Array.from(shown, ({ end }) => end.lsn),
          txBeginTimeNs: BigUint64Array.from(shown, ({ begin }) => begin.timeNs),
          txEndTimeNs: BigUint64Array.from(shown, ({ end }) => end.timeNs),
          txOutcome: Uint8Array.from(shown, ({ end }) => (end.kind === "tx-abort" ? 2 : 1)),
          markLsn: Float64Array.from(marks, (record) => record.lsn),
          markTimeNs: BigUint64Array.from(marks, (record) => record.timeNs),
          markKind: Uint8Array.from(marks, (record) =>
            (MARK_KINDS as readonly string[]).indexOf(record.kind),
          ),
        },
      };
    },
    "timeline.lanes": ({ order, firstLane, lanes, ...view }) => {
      const all = [...fake.pages.values()];
      if (order === "busiest") all.sort((a, b) => b.deltas.length - a.deltas.length);
      else if (order === "id") all.sort((a, b) => (a.id < b.id ? -1 : 1));
      const rows = all.slice(firstLane, firstLane + lanes);
      const activity = new Uint16Array(rows.length * view.columns);
      rows.forEach((page, lane) => {
        for (const delta of page.deltas) {
          const column = columnOf(delta, view);
          if (column >= 0) activity[lane * view.columns + column]!++;
        }
      });
      const timeOf = (lsn: number) => (lsn === 0 ? 0n : fake.records[lsn - 1]!.timeNs);
      return {
        result: { firstLane, totalLanes: all.length, columns: view.columns },
        columns: {
          page: BigUint64Array.from(rows, (page) => page.id),
          pageType: Uint32Array.from(rows, (page) => fake.pageTypes.indexOf(page.type)),
          createdLsn: Float64Array.from(rows, (page) => page.createdLsn),
          destroyedLsn: Float64Array.from(rows, (page) => page.destroyedLsn),
          createdTimeNs: BigUint64Array.from(rows, (page) => timeOf(page.createdLsn)),
          destroyedTimeNs: BigUint64Array.from(rows, (page) => timeOf(page.destroyedLsn)),
          activity,
        },
      };
    },
    overview: ({ points, top }) => {
      const pages = [...fake.pages.values()].sort((a, b) => b.deltas.length - a.deltas.length).slice(0, top);
      const bytesOf = (records: readonly FakeRecord[]) =>
        records.reduce((sum, record) => sum + sizeOf(record), 0);
      const first = fake.records[0]!.timeNs;
      const span = fake.records.at(-1)!.timeNs - first + 1n;
      const rates = {
        records: new Float64Array(points),
        deltaBytes: new Float64Array(points),
        pages: new Float64Array(points).fill(fake.pages.size),
      };
      for (const record of fake.records) {
        const point = Number(((record.timeNs - first) * BigInt(points)) / span);
        rates.records[point]!++;
        rates.deltaBytes[point]! += sizeOf(record);
      }
      const countKinds = (group: number) =>
        fake.records.filter((record) => (GROUP_OF[record.kind] ?? 7) === group).length;
      return {
        result: {
          surveyedLsn: BigInt(fake.records.length),
          busiestPages: pages.map((page) => ({
            pageId: page.id,
            pageType: page.type,
            deltas: page.deltas.length,
            deltaBytes: bytesOf(page.deltas),
          })),
          busiestSources: fake.sources.map((name, source) => {
            const own = fake.records.filter((record) => record.source === name);
            return { source, name, records: own.length, deltaBytes: bytesOf(own) };
          }),
          kindCounts: Array.from({ length: 8 }, (_, group) => countKinds(group)),
          transactions: { committed: 297, aborted: 4, open: 0 },
          liveBytes: [...fake.pages.values()].reduce((sum, page) => sum + page.sizeBytes, 0),
          livePages: fake.pages.size,
        },
        columns: {
          pointTimeNs: BigUint64Array.from(
            { length: points + 1 },
            (_, point) => first + (span * BigInt(point)) / BigInt(points),
          ),
          ...rates,
        },
      };
    },
  };
}
