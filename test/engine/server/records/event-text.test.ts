import { describe, expect, it } from "vitest";
import { utf8Encode } from "../../../../engine/base/bytes.ts";
import { EVENT_CODE, type EventFields, type KnownEventType } from "../../../../engine/events/event-types.ts";
import { idColumnOf } from "../../../../engine/events/id-column.ts";
import { encodePayload } from "../../../../engine/events/payload-codec.ts";
import { eventText, eventTypeName } from "../../../../engine/server/records/event-text.ts";

const textOf = <T extends KnownEventType>(type: T, fields: EventFields[T]) =>
  eventText(EVENT_CODE[type], encodePayload(type, fields));
const ids = (count: number) => idColumnOf(Array.from({ length: count }, (_, i) => BigInt(i + 1)));
const levels = (members: number, cutOff: number, blocked: number): EventFields["wave-end"]["levels"] => ({
  count: 1,
  level: Uint32Array.of(1),
  members: Uint32Array.of(members),
  cutOff: Uint32Array.of(cutOff),
  blocked: Uint32Array.of(blocked),
});

describe("an event in words", () => {
  it("is a mark's name, and its data", () => {
    expect(textOf("mark", { name: "here" })).toMatchObject({ text: "here", severity: 0 });
    expect(textOf("mark", { name: "here", data: { step: 3 } }).text).toBe('here {"step":3}');
  });

  it("is a message, as grave as its level", () => {
    const grave = (["debug", "info", "warning", "error"] as const).map(
      (level) => textOf("log", { level, message: "m" }).severity,
    );
    expect(grave).toEqual([0, 0, 1, 2]);
  });

  it("is a wave: from where, how far, what was cut off and what was blocked", () => {
    expect(textOf("wave-start", { trigger: "transaction", roots: 1 }).text).toBe(
      "wave from 1 page, at the end of the transaction",
    );
    const whole = textOf("wave-end", {
      outcome: "complete",
      levels: levels(3, 0, 0),
      cutOff: ids(0),
      blocked: ids(0),
    });
    expect(whole).toMatchObject({ text: "wave over: 3 pages in 1 level", severity: 0 });
    const partly = textOf("wave-end", {
      outcome: "budget",
      levels: levels(3, 100, 2),
      cutOff: ids(100),
      blocked: ids(2),
    });
    expect(partly).toMatchObject({
      text: "wave over: 3 pages in 1 level, 100 cut off, 2 blocked, over its budget",
      severity: 1,
    });
    const cutOff = partly.properties.find(({ name }) => name === "cut off")?.value;
    expect(cutOff).toMatch(/^100 pages: 1, 2, 3, .*64 and 36 more$/);
  });

  it("is what a device did, and how long it took", () => {
    const allocation = {
      action: "free",
      location: "gpu",
      sizeBytes: 4096,
      usedBytes: 1,
      pool: "arena 0",
      durationNs: 7,
    } as const;
    expect(textOf("allocation", allocation)).toMatchObject({
      text: "free 4096 bytes on gpu from arena 0",
      durationNs: 7n,
    });
    const work = { stream: 2, sizeBytes: 1, durationNs: 9 };
    expect(textOf("kernel-launch", { kernel: "scan", ...work }).text).toBe("scan over 1 byte on stream 2");
    expect(textOf("copy", { direction: "host-to-device", ...work }).text).toBe(
      "1 byte from host to device on stream 2",
    );
    const later = { direction: "device-to-host", ...work, timeNs: 5n, isPrefetch: true } as const;
    expect(textOf("copy", later).text).toBe("prefetch of 1 byte from device to host on stream 2");
    const pool = {
      peakUsedBytes: 9,
      peakReservedBytes: 9,
      largestFreeBytes: 256,
      pages: 1,
      gapBytes: 0,
      arenas: [],
    };
    const card = {
      freeBytes: 5,
      totalBytes: 10,
      utilizationPercent: 40,
      temperatureCelsius: undefined,
      powerMilliwatts: 70_500,
    };
    const sample = textOf("device-sample", {
      timeNs: 1n,
      droppedRows: 0,
      card,
      pools: [{ pool: "device", usedBytes: 768, reservedBytes: 1024, ...pool }],
    });
    expect(sample.text).toBe("768 bytes in use of 1024 reserved");
    expect(sample.properties).toContainEqual({ name: "card: power", value: "70.5 W" });
    expect(sample.properties.some(({ name }) => name === "card: temperature")).toBe(false);
    const stop = {
      droppedRows: 0,
      leakedPages: 1,
      leakedBytes: 64,
      leaks: [{ pageId: 3n, location: "gpu", sizeBytes: 64 }],
    } as const;
    expect(textOf("device-stop", stop)).toMatchObject({
      text: "device let go, 1 page never freed, 64 bytes",
      severity: 1,
    });
    const clean = { droppedRows: 0, leakedPages: 0, leakedBytes: 0, leaks: [] };
    expect(textOf("device-stop", clean)).toMatchObject({
      text: "device let go, every page freed",
      severity: 0,
    });
  });

  it("is the bytes where the type is not known, or they are malformed: and then it says where", () => {
    expect(eventText(70_000, utf8Encode("mine")).text).toBe("mine");
    expect(eventText(70_000, new Uint8Array(0)).text).toBe("event 70000");
    expect(eventText(EVENT_CODE["wave-start"], Uint8Array.of(1, 9, 0)).properties).toContainEqual({
      name: "malformed",
      value: "at byte 2",
    });
  });

  it("has the name of its type", () => {
    expect([eventTypeName(1), eventTypeName(4), eventTypeName(70_000)]).toEqual([
      "mark",
      "wave-end",
      "event 70000",
    ]);
  });
});
