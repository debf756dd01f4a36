import { expect, test } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { finish } from "../../../../engine/base/sliced.ts";
import { RecordKind } from "../../../../engine/log/record-kinds.ts";
import { Recording } from "../../../../engine/replay/recording.ts";
import { Survey } from "../../../../engine/server/recording/survey.ts";
import { KindRows } from "../../../../engine/server/records/kind-rows.ts";
import { MemorySource } from "../../../helpers/memory-recording.ts";

test("rows that stand far apart are found without reading what lies between them", () => {
  const source = new MemorySource(10);
  const events: number[] = [];
  for (let at = 0; at < 20_000; at++) {
    const isEvent = at === 7 || at % 4000 === 3999;
    const lsn = source.add({ kind: isEvent ? RecordKind.Event : RecordKind.TransactionBegin });
    if (isEvent) events.push(lsn);
  }
  const recording = unwrap(Recording.fromSource(source, { index: "memory" }));
  const survey = new Survey(recording);
  unwrap(finish(survey.gather()));
  const kinds = new Uint8Array(256);
  kinds[RecordKind.Event] = 1;
  const rows = new KindRows(recording, survey, kinds);
  expect(rows.total).toBe(events.length);
  const before = source.blocksRead;
  expect([...unwrap(finish(rows.select(0, 100)))]).toEqual(events);
  expect([...unwrap(finish(rows.select(2, 4)))]).toEqual(events.slice(2, 4));
  expect(source.blocksRead - before).toBeLessThanOrEqual(events.length);
  expect(events.map((lsn) => unwrap(rows.rank(lsn)))).toEqual(events.map((_, row) => row + 1));
});
