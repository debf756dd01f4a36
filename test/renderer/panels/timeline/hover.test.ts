import { expect, it } from "vitest";
import type { RecordingInfo } from "../../../../engine/protocol/requests/recordings.ts";
import { MARK_KINDS } from "../../../../engine/protocol/requests/timeline.ts";
import { type TimelineData, timelineAxis } from "../../../../renderer/panels/timeline/axis.ts";
import { describeHover, type HoverScene } from "../../../../renderer/panels/timeline/hover.ts";
import { layoutTracks, type TrackId, trackOf } from "../../../../renderer/panels/timeline/tracks.ts";

const ORIGIN = 1_767_268_800_000_000_000n;
const recording = {
  firstLsn: 1,
  lastLsn: 10,
  firstTimestampNs: ORIGIN,
  lastTimestampNs: ORIGIN + 9_000_000n,
  sources: [
    { name: "sensor", colour: 1, records: 4 },
    { name: "filter", colour: 2, records: 2 },
  ],
  pageTypes: [],
} as unknown as RecordingInfo;

/** Ten records in ten columns of ten pixels each, one every millisecond. */
function sceneOf(): HoverScene {
  const columns = 10;
  const density = new Uint32Array(2 * columns);
  density[3] = 1;
  density[columns + 3] = 2;
  const kindDensity = new Uint32Array(8 * columns);
  const byteDensity = new Float64Array(columns);
  byteDensity[3] = 96;
  const data = {
    span: { from: 1, to: 11 },
    reply: {
      result: {
        columns,
        bands: [
          { label: "sensor", source: 0, colour: 1 },
          { label: "filter", source: 1, colour: 2 },
        ],
        eventBands: [{ label: "mark", eventType: 0 }],
      },
      columns: {
        density,
        kindDensity,
        eventDensity: Uint32Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0, 0),
        byteDensity,
        edgeLsn: Float64Array.from({ length: columns + 1 }, (_, at) => at + 1),
        edgeTimeNs: BigUint64Array.from({ length: columns + 1 }, (_, at) => ORIGIN + BigInt(at) * 1_000_000n),
        txBeginLsn: Float64Array.of(2),
        txEndLsn: Float64Array.of(6),
        txBeginTimeNs: BigUint64Array.of(ORIGIN + 1_000_000n),
        txEndTimeNs: BigUint64Array.of(ORIGIN + 5_000_000n),
        txOutcome: Uint8Array.of(1),
        markLsn: Float64Array.of(8, 8),
        markTimeNs: BigUint64Array.of(ORIGIN + 7_000_000n, ORIGIN + 7_000_000n),
        markKind: Uint8Array.of(MARK_KINDS.indexOf("checkpoint"), MARK_KINDS.indexOf("failure")),
      },
    },
  } as unknown as TimelineData;
  return {
    axis: timelineAxis("lsn", recording),
    data,
    lanes: undefined,
    firstLane: 0,
    scale: { span: { from: 1, to: 11 }, widthPx: 100 },
    tracks: layoutTracks(300, [], { eventRows: 1, bookmarks: 0, hasWaves: false, hasFailures: true }),
    bookmarks: [],
    recording,
  };
}

function hoverAt(track: TrackId, x: number) {
  const scene = sceneOf();
  const found = trackOf(scene.tracks, track)!;
  return describeHover(scene, x, found.top + 1);
}

it("names the sources under the pointer, the busiest first, with the exact moment", () => {
  expect(hoverAt("deltas", 35)).toEqual({
    title: "LSN 4 · +0.003 000 s",
    facts: [
      { text: "filter", value: "2", slot: 2 },
      { text: "sensor", value: "1", slot: 1 },
      { text: "in the log", value: "96 B" },
    ],
  });
  expect(hoverAt("deltas", 85)?.facts).toEqual([{ text: "no deltas" }]);
});

it("says how a transaction ended and how long it took", () => {
  expect(hoverAt("transactions", 30)).toEqual({
    title: "Transaction 2",
    facts: [
      { text: "outcome", value: "committed" },
      { text: "records", value: "5" },
      { text: "duration", value: "4.00 ms" },
    ],
  });
});

it("counts events of the row under the pointer only", () => {
  expect(hoverAt("events", 55)?.facts).toMatchObject([{ text: "mark", value: "1" }]);
  expect(hoverAt("events", 15)?.facts).toEqual([{ text: "no events" }]);
});

it("calls a mark by its name when the pointer is near", () => {
  expect(hoverAt("marks", 75)?.title).toBe("Checkpoint");
  expect(hoverAt("failures", 75)?.title).toBe("Failure");
  expect(hoverAt("marks", 25)?.title).toContain("LSN 3");
});

it("says nothing outside of what is known", () => {
  expect(describeHover(sceneOf(), 150, 10)).toBeUndefined();
});
