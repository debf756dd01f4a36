import { MmsbError } from "../../../engine/base/errors.ts";
import type { Bookmark, RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import type { RecordBrief } from "../../../engine/protocol/requests/records.ts";
import type { ParamsOf } from "../../../engine/protocol/requests.ts";
import type { Handlers, Watchers } from "./fake-engine.ts";
import { graphHandlers } from "./fake-graph.ts";
import { pageHandlers } from "./fake-pages.ts";
import { type FakeRecord, type FakeRecording, FIRST_TIME_NS } from "./fake-recording.ts";
import { timelineHandlers } from "./fake-timeline.ts";
import { windowHandlers } from "./fake-windows.ts";

export const KINDS: Readonly<Record<string, number>> = {
  "page-create": 0x81,
  delta: 0x84,
  "edge-add": 0x85,
  "tx-begin": 0x87,
  "tx-commit": 0x88,
  "tx-abort": 0x89,
  event: 0x01,
  checkpoint: 0x02,
  "session-start": 0x03,
  "session-stop": 0x04,
  failure: 0x05,
};

export function recordingInfo(fake: FakeRecording, change: Partial<RecordingInfo> = {}): RecordingInfo {
  const countOf = (kind: string) => fake.records.filter((record) => record.kind === kind).length;
  const deltas = fake.records.filter((record) => record.kind === "delta");
  return {
    recording: 1,
    name: "life.tlog",
    path: "/recordings/life.tlog",
    format: "mmsb",
    formatVersion: 1,
    uuid: "6c696665".repeat(4),
    fileBytes: 4_321_987,
    complete: true,
    firstLsn: 1,
    lastLsn: fake.records.length,
    committedLsn: fake.records.length,
    firstTimestampNs: fake.records[0]!.timeNs,
    lastTimestampNs: fake.records.at(-1)!.timeNs,
    counts: {
      records: fake.records.length,
      deltas: deltas.length,
      events: countOf("event"),
      transactions: countOf("tx-begin"),
      pages: fake.pages.size,
      checkpoints: countOf("checkpoint"),
      failures: countOf("failure"),
      deltaBytes: deltas.reduce((sum, delta) => sum + sizeOf(delta), 0),
      edges: fake.edges.length,
    },
    kinds: Object.entries(KINDS).map(([name, code]) => ({ code, name, records: countOf(name) })),
    sources: fake.sources.map((name, index) => ({
      name,
      colour: index % 12,
      records: fake.records.filter((record) => record.source === name).length,
    })),
    sourcesOmitted: 0,
    pageTypes: fake.pageTypes.map((name) => ({
      name,
      pages: [...fake.pages.values()].filter((page) => page.type === name).length,
    })),
    eventTypes: fake.eventTypes.map((name) => ({
      name,
      events: fake.records.filter((record) => record.eventType === name).length,
    })),
    checkpoints: fake.records
      .filter((record) => record.kind === "checkpoint")
      .map((record) => ({ lsn: record.lsn, kind: "full", sizeBytes: 98_304, stateHash: "ab".repeat(32) })),
    damage: [],
    damageOmitted: 0,
    gaps: [],
    following: false,
    surveyedLsn: fake.records.length,
    ...change,
  };
}

export function sizeOf(record: FakeRecord): number {
  return record.ranges.reduce((sum, range) => sum + range.bytes.length, 0);
}

export function brief(fake: FakeRecording, record: FakeRecord): RecordBrief {
  const page = record.page === undefined ? undefined : fake.pages.get(record.page);
  const bytes = sizeOf(record);
  return {
    lsn: record.lsn,
    kind: record.kind,
    timestampNs: record.timeNs,
    pageId: record.page ?? null,
    pageType: page?.type ?? null,
    epoch: record.kind === "delta" ? record.epoch : null,
    source: record.source,
    cause: record.cause,
    summary:
      record.kind === "delta"
        ? `${bytes} bytes in ${record.ranges.length} ranges of page ${record.page} by ${record.source}`
        : record.text || `${record.kind}${record.page === undefined ? "" : ` of page ${record.page}`}`,
  };
}

export interface FakeSetup {
  readonly info?: Partial<RecordingInfo>;
  readonly uploads?: boolean;
  /** Milliseconds before each answer; 0 = at once. */
  readonly delayMs?: number;
}

/** Handlers for everything the page asks, over one made-up recording. */
export function fakeHandlers(
  fake: FakeRecording,
  setup: FakeSetup = {},
): { handlers: Handlers; watchers: Watchers } {
  const info = recordingInfo(fake, setup.info);
  let bookmarks: readonly Bookmark[] = [];
  let revision = 0;
  const last = fake.records.length;
  const landing = (lsn: number, moved = true) => {
    const record = fake.records[lsn - 1];
    return {
      result: {
        lsn,
        timestampNs: record?.timeNs ?? null,
        moved,
        insideTransaction:
          record !== undefined && record.transaction > 0 && !/^tx-(commit|abort)$/.test(record.kind),
      },
      columns: {},
    };
  };
  const steps: Record<
    ParamsOf<"cursor.step">["by"],
    (record: FakeRecord, page: bigint | undefined) => boolean
  > = {
    record: () => true,
    delta: (record) => record.kind === "delta",
    "page-delta": (record, page) => record.kind === "delta" && record.page === page,
    transaction: (record) => record.kind === "tx-commit" || record.kind === "tx-abort",
    event: (record) => record.kind === "event" || record.kind === "failure",
  };
  const handlers: Handlers = {
    "recordings.list": () => ({
      result: {
        available: [
          { name: info.name, path: info.path, sizeBytes: info.fileBytes, modifiedNs: FIRST_TIME_NS },
        ],
        open: [],
        anyPath: false,
        uploads: setup.uploads ?? true,
      },
      columns: {},
    }),
    "recording.open": () => ({ result: info, columns: {} }),
    "recording.info": () => ({ result: info, columns: {} }),
    "recording.close": () => ({ result: {}, columns: {} }),
    "bookmarks.load": () => ({
      result: { bookmarks: [...bookmarks], revision: String(revision), writable: true },
      columns: {},
    }),
    "bookmarks.save": (params) => {
      if (params.revision !== String(revision))
        return new MmsbError("BOOKMARKS_CHANGED", "someone else saved", "Load again");
      bookmarks = params.bookmarks;
      return { result: { revision: String(++revision) }, columns: {} };
    },
    "cursor.step": ({ lsn, by, backward, count, page }) => {
      const fits = steps[by];
      let at = lsn;
      let left = count;
      for (
        let next = lsn + (backward ? -1 : 1);
        next >= 1 && next <= last && left > 0;
        next += backward ? -1 : 1
      ) {
        if (!fits(fake.records[next - 1]!, page)) continue;
        at = next;
        left--;
      }
      return landing(at, at !== lsn);
    },
    "cursor.seek-time": ({ timeNs }) =>
      landing(fake.records.findLastIndex((record) => record.timeNs <= timeNs) + 1),
    "cursor.locate": ({ text }) => {
      if (/^\d+$/.test(text) && Number(text) <= last) return landing(Number(text));
      if (/^\d+%$/.test(text)) return landing(Math.round((Number.parseInt(text, 10) / 100) * last));
      if (text === "end") return landing(last);
      if (text === "start") return landing(0);
      return new MmsbError(
        "ARGUMENT_INVALID",
        `'${text}' is neither an LSN nor a time`,
        "Write 12345, 50%, +1.5s, start or end",
      );
    },
    "state.verify": async ({ lsn }, progress) => {
      for (let step = 0; step < 4; step++) {
        progress("replay", step, 4);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
      const result = {
        lsn,
        equal: true,
        stateHash: "1f".repeat(32),
        replayedHash: "1f".repeat(32),
        structureHash: "2e".repeat(32),
        pages: fake.pages.size,
        replayedRecords: lsn,
        durationNs: 12_345_678n,
      };
      return { result, columns: {} };
    },
    ...windowHandlers(fake),
    ...pageHandlers(fake),
    ...timelineHandlers(fake),
    ...graphHandlers(fake),
  };
  const watchers: Watchers = {
    playback: ({ fromLsn, toLsn, speed }, send, end) => {
      let at = fromLsn;
      const stop = toLsn ?? last;
      const timer = setInterval(() => {
        at = Math.min(stop, at + Math.max(1, Math.round(speed / 50)));
        send({ result: { lsn: at, timestampNs: fake.records[at - 1]?.timeNs ?? null }, columns: {} });
        if (at >= stop) {
          clearInterval(timer);
          end();
        }
      }, 20);
      return () => clearInterval(timer);
    },
  };
  return { handlers: setup.delayMs === undefined ? handlers : slowed(handlers, setup.delayMs), watchers };
}

function slowed(handlers: Handlers, delayMs: number): Handlers {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handler]) => [
      name,
      async (...args: unknown[]) => {
        await new Promise((resolve) => setTimeout(resolve, delayMs));
        return (handler as (...args: unknown[]) => unknown)(...args);
      },
    ]),
  ) as Handlers;
}
