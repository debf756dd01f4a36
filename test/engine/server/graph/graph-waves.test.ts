import { afterEach, beforeEach, expect, it } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { EVENT_CODE } from "../../../../engine/events/event-types.ts";
import { NO_IDS } from "../../../../engine/events/id-column.ts";
import { encodePayload } from "../../../../engine/events/payload-codec.ts";
import { encodeEvent } from "../../../../engine/log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../../../engine/log/record-kinds.ts";
import { Recording } from "../../../../engine/replay/recording.ts";
import { touchedGraph } from "../../../../engine/server/graph/graph-touched.ts";
import { OpenedRecording } from "../../../../engine/server/recording/opened-recording.ts";
import { SliceScheduler } from "../../../../engine/server/slice-scheduler.ts";
import { deltaBody, type MemorySource } from "../../../helpers/memory-recording.ts";
import { WAVES, waveRecording } from "../../../helpers/wave-recording.ts";

const scheduler = new SliceScheduler();
let opened: OpenedRecording | undefined;
let source: MemorySource;

beforeEach(() => {
  source = waveRecording(4);
});

afterEach(() => {
  opened?.close();
  opened = undefined;
});

/** What became of each page, as the graph shows it at a record. */
async function pagesAt(lsn: number): Promise<Record<string, string>> {
  opened ??= new OpenedRecording(
    1,
    "x",
    unwrap(Recording.fromSource(source, { index: "memory" })),
    scheduler,
  );
  const params = { recording: 1, lsn, wholeTransaction: true, limit: 100 };
  const { columns } = unwrap(await scheduler.run(touchedGraph(opened, params, () => {})).outcome);
  const { page, written, failed, cutOff } = columns;
  const became = (at: number) =>
    written[at] === 1
      ? "written"
      : failed[at] === 1
        ? "failed"
        : failed[at] === 2
          ? "blocked"
          : cutOff[at] === 1
            ? "cut off"
            : "-";
  return Object.fromEntries([...page].map((id, at) => [String(id), became(at)]));
}

it("tells apart what was computed, failed, blocked and cut off", async () => {
  const { first, second } = WAVES;
  const all = "written";
  expect(await pagesAt(first.members[0])).toEqual({ 1: all, 2: all, 3: all, 4: all, 5: all, 6: all });
  const partly = { 1: "written", 2: "written", 3: "failed", 4: "blocked", 5: "-", 6: "cut off" };
  expect(await pagesAt(second.members[1])).toEqual(partly);
  expect(await pagesAt(second.end)).toEqual(partly);
});

it("lights up wave by wave in a transaction of several; before the first and at the end all of them", async () => {
  // A third transaction: a write, a wave that computes 2, another that computes 3.
  const begin = source.add({ kind: RecordKind.TransactionBegin });
  const delta = (page: bigint, cause: number, flags = 0) =>
    source.add({ kind: RecordKind.Delta, page, epoch: 9, cause, flags, body: deltaBody([0, [9]]) });
  const event = (eventType: number, payload: Uint8Array, cause: number) =>
    source.add({ kind: RecordKind.Event, cause, body: encodeEvent({ eventType, payload }) });
  const nothing = {
    count: 0,
    level: new Uint32Array(),
    members: new Uint32Array(),
    cutOff: new Uint32Array(),
    blocked: new Uint32Array(),
  };
  const wave = (page: bigint) => {
    const cause = event(
      EVENT_CODE["wave-start"],
      encodePayload("wave-start", { trigger: "propagate", roots: 1 }),
      begin,
    );
    const member = delta(page, cause, RecordFlag.Derived);
    event(
      EVENT_CODE["wave-end"],
      encodePayload("wave-end", { outcome: "complete", levels: nothing, cutOff: NO_IDS, blocked: NO_IDS }),
      cause,
    );
    return member;
  };
  const root = delta(1n, begin);
  const one = wave(2n);
  const two = wave(3n);
  const commit = source.add({
    kind: RecordKind.TransactionCommit,
    cause: begin,
    body: new Uint8Array(8).fill(begin, 0, 1),
  });
  const written = async (lsn: number) =>
    Object.entries(await pagesAt(lsn)).flatMap(([page, state]) => (state === "written" ? [page] : []));
  expect(await written(root)).toEqual(["1", "2", "3"]);
  expect(await written(one)).toEqual(["1", "2"]);
  expect(await written(two)).toEqual(["1", "3"]);
  expect(await written(commit)).toEqual(["1", "2", "3"]);
});
