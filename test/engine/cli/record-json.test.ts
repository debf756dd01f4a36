import { expect, it } from "vitest";
import { utf8Encode } from "../../../engine/base/bytes.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { recordJson, recordLine } from "../../../engine/cli/record-json.ts";
import { EVENT_CODE } from "../../../engine/events/event-types.ts";
import { idColumnOf } from "../../../engine/events/id-column.ts";
import { encodePayload } from "../../../engine/events/payload-codec.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { encodeEvent } from "../../../engine/log/record-bodies.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { MemorySource } from "../../helpers/memory-recording.ts";

function recordOf(eventType: number, payload: Uint8Array, page?: bigint) {
  const source = new MemorySource();
  source.add({
    kind: RecordKind.Event,
    body: encodeEvent({ eventType, payload }),
    ...(page === undefined ? {} : { page }),
  });
  const batch = new RecordBatch();
  unwrap(source.readBlock(0, batch));
  return recordJson(batch, 0);
}

it("J5: an event of a type that is known says what it says, u64 values and LSNs as strings", () => {
  const mark = recordOf(EVENT_CODE.mark, encodePayload("mark", { name: "here", data: { step: 3 } }), 7n);
  expect(mark).toMatchObject({
    eventType: 1,
    event: { type: "mark", name: "here", data: { step: 3 } },
    pageId: "7",
  });
  expect(mark).not.toHaveProperty("payload");
  const wave = recordOf(
    EVENT_CODE["wave-end"],
    encodePayload("wave-end", {
      outcome: "budget",
      levels: {
        count: 1,
        level: Uint32Array.of(4),
        members: Uint32Array.of(2),
        cutOff: Uint32Array.of(1),
        blocked: Uint32Array.of(0),
      },
      cutOff: idColumnOf([2n ** 64n - 1n]),
      blocked: idColumnOf([]),
    }),
  );
  expect(wave["event"]).toEqual({
    type: "wave-end",
    outcome: "budget",
    levels: [{ level: 4, members: 2, cutOff: 1, blocked: 0 }],
    cutOff: ["18446744073709551615"],
    blocked: [],
  });
  const checkpoint = encodePayload("checkpoint", { kind: "full", stateLsn: 5, baseLsn: 5 });
  expect(recordOf(EVENT_CODE.checkpoint, checkpoint)["event"]).toMatchObject({ stateLsn: "5", baseLsn: "5" });
});

it("J3, J5: an event that is not known, or malformed, stands as its bytes", () => {
  expect(recordOf(70_000, Uint8Array.of(0xff))).toMatchObject({ eventType: 70_000, payload: "hex:ff" });
  expect(recordOf(EVENT_CODE.log, Uint8Array.of(1, 9))).toMatchObject({ eventType: 2, payload: "hex:0109" });
  expect(recordOf(EVENT_CODE.log, utf8Encode("zz"))).toMatchObject({ payload: "zz" });
});

it("for people, the type stands in front of what it says", () => {
  const log = recordOf(
    EVENT_CODE.log,
    encodePayload("log", { level: "warning", message: "hot", data: [90] }),
  );
  expect(recordLine(log)).toMatch(/ event .* log {2}level=warning {2}message=hot {2}data=\[90\]$/);
  expect(recordLine(recordOf(70_000, utf8Encode("mine")))).toMatch(/eventType=70000 {2}payload=mine$/);
});
