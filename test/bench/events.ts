import { join } from "node:path";
import { unwrap } from "../../engine/base/result.ts";
import { deserializeEvent, serializeEvent } from "../../engine/events/event-codec.ts";
import { EventHub } from "../../engine/events/event-hub.ts";
import type { MmsbEvent } from "../../engine/events/event-types.ts";
import { LogReader } from "../../engine/log/log-reader.ts";
import { mmsbStart, mmsbStop } from "../../engine/session/mmsb.ts";
import { replayEventColumns, replayEvents } from "../../engine/session/replay-events.ts";
import type { Session } from "../../engine/session/session.ts";
import { median, type Report, reportWith, secondsOf } from "./report.ts";

const WRITES = 200_000;
const ROUNDS = 7;
const TURNS = 2000;
const CALLS = 20_000;

/** What events cost: where nobody listens, where somebody does, and when a recording tells them again. */
export async function eventsBench(report: Report, folder: string): Promise<void> {
  askBench(report);
  const path = join(folder, "events.tlog");
  await listenBench(report, path);
  replayBench(report, path);
}

/** The hot path's only question while nobody listens, in a loop that is otherwise empty. */
function askBench(report: Report): void {
  const hub = new EventHub({ report: () => undefined });
  const asked: number[] = [];
  const empty: number[] = [];
  let sum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    empty.push(
      secondsOf(() => {
        for (let call = 0; call < CALLS; call++) sum = turns(sum);
      }),
    );
    asked.push(
      secondsOf(() => {
        for (let call = 0; call < CALLS; call++) sum = turnsAsking(sum, hub);
      }),
    );
  }
  const perTurn = (times: readonly number[]) => (Math.min(...times) / (CALLS * TURNS)) * 1e9;
  reportWith(
    report,
    "a turn of a loop that asks whether anybody listens",
    perTurn(asked),
    "ns",
    perTurn(empty),
  );
}

/** Short, and called often: a loop that is entered once runs as whatever it was compiled to on the way. */
function turns(start: number): number {
  let sum = start;
  for (let i = 0; i < TURNS; i++) sum = (sum + i) | 0;
  return sum;
}

function turnsAsking(start: number, hub: EventHub): number {
  let sum = start;
  for (let i = 0; i < TURNS; i++) {
    sum = (sum + i) | 0;
    if (hub.wantsDeltas) sum = 0;
  }
  return sum;
}

/** The same writes by turns, each time with other listeners. */
async function listenBench(report: Report, path: string): Promise<void> {
  const session = unwrap(await mmsbStart({ path, durability: "none" }));
  const page = unwrap(session.createPage({ sizeBytes: 4096 }));
  const bytes = new Uint8Array(64);
  let heard = 0;
  const ways: Readonly<Record<string, (session: Session) => { dispose(): void }>> = {
    "write of 64 bytes, nobody listens": () => ({ dispose: () => undefined }),
    "the same, a handler wants marks": () => unwrap(session.on("mark", () => heard++)),
    "the same, a handler of columns": () =>
      unwrap(
        session.events.onColumns((columns) => {
          heard += columns.count;
        }),
      ),
    "the same, a handler of delta objects": () => unwrap(session.on("delta", () => heard++)),
    "the same, one in a hundred sampled": () => unwrap(session.on("delta", () => heard++, { sample: 0.01 })),
  };
  const times = new Map(Object.keys(ways).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, listen] of Object.entries(ways)) {
      const listening = listen(session);
      const seconds = secondsOf(() => {
        for (let i = 0; i < WRITES; i++) session.write(page, (i & 63) * 64, bytes);
      });
      listening.dispose();
      times.get(name)!.push((seconds / WRITES) * 1e9);
      unwrap(session.flush());
    }
  }
  const nobody = median([...times.values()][0]!);
  for (const [name, all] of times) reportWith(report, name, median(all), "ns", nobody);
  unwrap(await mmsbStop(session));
}

function replayBench(report: Report, path: string): void {
  const source = unwrap(LogReader.open(path));
  let told = 0;
  const asColumns = secondsOf(() => {
    for (const block of replayEventColumns(source)) told += unwrap(block).count;
  });
  const events: MmsbEvent[] = [];
  const asObjects = secondsOf(() => {
    for (const event of replayEvents(source))
      if (event.ok && events.push(event.value) > 1e6) events.length = 0;
  });
  reportWith(report, "events of a recording, in columns", told / asColumns / 1e6, "M/s");
  reportWith(
    report,
    "events of a recording, as objects",
    told / asObjects / 1e6,
    "M/s",
    told / asColumns / 1e6,
  );
  const some = events.slice(0, 200_000);
  let bytes: Uint8Array[] = [];
  const out = secondsOf(() => {
    bytes = some.map(serializeEvent);
  });
  const back = secondsOf(() => {
    for (const each of bytes) unwrap(deserializeEvent(each));
  });
  const size = bytes.reduce((sum, each) => sum + each.length, 0) / bytes.length;
  reportWith(report, "a delta event as bytes", size, "B");
  reportWith(report, "serializeEvent", (out / some.length) * 1e9, "ns");
  reportWith(report, "deserializeEvent, with its check of the encoding", (back / some.length) * 1e9, "ns");
  source.close();
}
