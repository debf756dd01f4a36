import fc from "fast-check";
import { expect, it } from "vitest";
import type { RecordingInfo } from "../../../../engine/protocol/requests/recordings.ts";
import {
  fromWire,
  lsnAtValue,
  type TimelineData,
  timelineAxis,
  toWire,
  valueOfLsn,
} from "../../../../renderer/panels/timeline/axis.ts";

const ORIGIN = 1_767_268_800_000_000_000n;

function recordingOf(records: number, lengthNs: bigint): RecordingInfo {
  return {
    firstLsn: 1,
    lastLsn: records,
    firstTimestampNs: ORIGIN,
    lastTimestampNs: ORIGIN + lengthNs,
  } as RecordingInfo;
}

/** What the engine answers for the whole time axis: which LSN stands at the left edge of each column. */
function dataOf(edgeLsn: readonly number[], lengthNs: number): TimelineData {
  return {
    span: { from: 0, to: lengthNs },
    reply: {
      result: { columns: edgeLsn.length - 1 },
      columns: { edgeLsn: Float64Array.from(edgeLsn) },
    } as unknown as TimelineData["reply"],
  };
}

it("reaches from the first record to behind the last one, in LSNs or in nanoseconds", () => {
  expect(timelineAxis("lsn", recordingOf(100, 5n)).bounds).toEqual({ from: 1, to: 101 });
  expect(timelineAxis("time", recordingOf(100, 5n)).bounds).toEqual({ from: 0, to: 6 });
});

it("crosses the port exactly, at times that a double cannot hold", () => {
  const axis = timelineAxis("time", recordingOf(100, 10_000_000_000n));
  expect(toWire(axis, 123_456_789)).toBe(ORIGIN + 123_456_789n);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 10_000_000_000 }), (value) => {
      expect(fromWire(axis, toWire(axis, value))).toBe(value);
    }),
  );
});

it("puts the cursor into the middle of its record's cell", () => {
  const axis = timelineAxis("lsn", recordingOf(100, 5n));
  expect(valueOfLsn(axis, 40, undefined)).toBe(40.5);
  expect(lsnAtValue(axis, 40.5, undefined)).toBe(40);
});

it("finds an LSN again where the time axis shows it, to a column", () => {
  const axis = timelineAxis("time", recordingOf(1000, 1_000_000n));
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 40 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (steps, share) => {
        const edges = [1];
        for (const step of steps) edges.push(edges.at(-1)! + step);
        const data = dataOf(edges, 1_000_000);
        const lsn = Math.round(1 + share * (edges.at(-1)! - 1));
        const value = valueOfLsn(axis, lsn, data);
        expect(value).toBeDefined();
        expect(lsnAtValue(axis, value!, data)).toBe(lsn);
      },
    ),
  );
});

it("says nothing about records outside of what was asked for", () => {
  const axis = timelineAxis("time", recordingOf(1000, 1_000_000n));
  const data = dataOf([100, 150, 200], 1000);
  expect(valueOfLsn(axis, 99, data)).toBeUndefined();
  expect(valueOfLsn(axis, 201, data)).toBeUndefined();
  expect(lsnAtValue(axis, -1, data)).toBeUndefined();
});
