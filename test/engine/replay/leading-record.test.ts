import { expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { RecordFlag, RecordKind } from "../../../engine/log/record-kinds.ts";
import { causeChain } from "../../../engine/replay/history.ts";
import { Recording } from "../../../engine/replay/recording.ts";
import { deltaBody, MemorySource } from "../../helpers/memory-recording.ts";
import { waveRecording } from "../../helpers/wave-recording.ts";

const chainOf = (recording: Recording, lsn: number) =>
  unwrap(causeChain(recording, lsn)).records.map((record) =>
    record.kind === RecordKind.Delta
      ? `${record.lsn}:page ${record.pageId}`
      : `${record.lsn}:${record.kindName}`,
  );

it.each([{ index: "memory" }, { index: "memory", runRecords: 5 }, { index: "none" }] as const)(
  "walks from a recomputed byte through its inputs to the write at the root (%j)",
  (options) => {
    const recording = unwrap(Recording.fromSource(waveRecording(4), options));
    // 5 ← 4 ← 3, the input of 4 that changed last ← 1, written in the transaction
    expect(chainOf(recording, 20)).toEqual([
      "20:page 5",
      "18:page 4",
      "17:page 3",
      "14:page 1",
      "13:tx-begin",
    ]);
    expect(chainOf(recording, 16)).toEqual(["16:page 2", "14:page 1", "13:tx-begin"]);
    recording.close();
  },
);

it("counts only what changed since the page was computed before", () => {
  const recording = unwrap(Recording.fromSource(waveRecording(), { index: "memory" }));
  // page 2 in the second wave: page 1 as written in the second transaction, not in the first
  const [own, led] = chainOf(recording, 26);
  expect([own, led]).toEqual(["26:page 2", "24:page 1"]);
});

it("stays with the cause that the record names where no input changed, or where it is no recompute of a wave", () => {
  const source = new MemorySource();
  source.add({ kind: RecordKind.Event });
  const page = { page: 9n, epoch: 1, body: deltaBody([0, [1]]), flags: RecordFlag.Derived };
  source.add({ kind: RecordKind.Delta, ...page, cause: 1 });
  source.add({ kind: RecordKind.Delta, ...page, epoch: 2, cause: 2 });
  const recording = unwrap(Recording.fromSource(source, { index: "memory" }));
  expect(chainOf(recording, 3)).toEqual(["3:page 9", "2:page 9", "1:event"]);
});
