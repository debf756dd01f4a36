import { afterEach, expect, it } from "vitest";
import { unwrap } from "../../../../engine/base/result.ts";
import { WAVE_STATE } from "../../../../engine/protocol/requests/timeline.ts";
import { Recording } from "../../../../engine/replay/recording.ts";
import { OpenedRecording } from "../../../../engine/server/recording/opened-recording.ts";
import { SliceScheduler } from "../../../../engine/server/slice-scheduler.ts";
import { viewTimeline } from "../../../../engine/server/timeline/timeline-view.ts";
import { MemorySource } from "../../../helpers/memory-recording.ts";
import { WAVES, waveRecording } from "../../../helpers/wave-recording.ts";

const scheduler = new SliceScheduler();
let opened: OpenedRecording | undefined;

afterEach(() => {
  opened?.close();
  opened = undefined;
});

/** The waves of the viewport [from, to), as `begin-end state`. */
async function wavesOf(source: MemorySource, from: number, to: number, runRecords = 1000): Promise<string[]> {
  if (opened === undefined) {
    const recording = unwrap(Recording.fromSource(source, { index: "memory", runRecords }));
    opened = new OpenedRecording(1, "x.tlog", recording, scheduler);
    await expect.poll(() => opened!.survey.isComplete).toBe(true);
  }
  const params = { recording: 1, axis: "lsn", from: BigInt(from), to: BigInt(to), columns: 20 } as const;
  const { columns, result } = unwrap(await scheduler.run(viewTimeline(opened, params)).outcome);
  expect(result.wavesListed).toBe(true);
  const { waveBeginLsn, waveEndLsn, waveState } = columns;
  return [...waveBeginLsn].map((begin, row) => `${begin}-${waveEndLsn[row]} ${WAVE_STATE[waveState[row]!]}`);
}

const { first, second, last } = WAVES;
const FIRST = `${first.start}-${first.end} complete`;
const SECOND = `${second.start}-${second.end} failed`;

it.each([
  [100, 1000],
  [3, 1000],
  [3, 6],
])(
  "shows each wave once, from its start to its end, and whether something failed (blocks of %i, runs of %i)",
  async (blocks, runs) => {
    const source = waveRecording(blocks);
    expect(await wavesOf(source, 1, last + 1, runs)).toEqual([FIRST, SECOND]);
    expect(await wavesOf(source, first.start, first.start + 1, runs)).toEqual([FIRST]);
    expect(await wavesOf(source, first.end, second.start, runs)).toEqual([FIRST]);
    expect(await wavesOf(source, first.end + 1, second.start, runs)).toEqual([]);
    expect(await wavesOf(source, second.begin, last + 1, runs)).toEqual([SECOND]);
  },
);

it("shows a wave that the viewport lies wholly inside", async () => {
  expect(await wavesOf(waveRecording(3), first.start + 2, first.start + 3)).toEqual([FIRST]);
});

it("shows a wave without an end as open", async () => {
  const source = waveRecording(100);
  source.visible = second.end - 1;
  source.committed = second.begin - 1;
  expect(await wavesOf(source, 1, last + 1)).toEqual([FIRST, `${second.start}-0 open`]);
});

it("shows nothing where there is none", async () => {
  const source = new MemorySource();
  source.add({ kind: 0x03 });
  expect(await wavesOf(source, 1, 2)).toEqual([]);
});
