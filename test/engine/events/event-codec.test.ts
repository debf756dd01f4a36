import { describe, expect, it } from "vitest";
import { toHex, utf8Encode } from "../../../engine/base/bytes.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { deserializeEvent, serializeEvent } from "../../../engine/events/event-codec.ts";
import {
  EDGE_KINDS,
  EVENT_CODE,
  EVENT_LOCATIONS,
  EVENT_TYPES,
  type MmsbEvent,
} from "../../../engine/events/event-types.ts";
import { idColumnOf, idsOf } from "../../../engine/events/id-column.ts";
import { decodePayload, encodePayload } from "../../../engine/events/payload-codec.ts";
import { EDGE_TYPES, LOCATIONS } from "../../../engine/pages/page-types.ts";

const head = { lsn: 7, timestampNs: 1_000n, ordinal: 0, epoch: 0, source: "", cause: 0 };
const hex = (event: MmsbEvent) => toHex(serializeEvent(event));

describe("an event as bytes", () => {
  it("is as small as what it says (E6)", () => {
    // version, type, parts, LSN, time; then the payload: a mark is its name
    expect(hex({ ...head, type: "mark", name: "hi" })).toBe(
      `01 01 00 07 e803000000000000 6869`.replaceAll(" ", ""),
    );
    const delta = { sizeBytes: 4, runs: 1, start: 8, end: 12, derived: true, compensation: false };
    expect(hex({ ...head, type: "delta", pageId: 3n, epoch: 2, source: "me", cause: 6, ...delta })).toBe(
      `01 45 1d 07 e803000000000000 03 02 026d65 06 01 04 01 08 0c 01 00`.replaceAll(" ", ""),
    );
  });

  it("keeps page ids of 64 bits, 0 among them (E6)", () => {
    for (const pageId of [0n, 1n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n]) {
      const event: MmsbEvent = { ...head, type: "page-destroy", pageId };
      expect(unwrap(deserializeEvent(serializeEvent(event)))).toEqual(event);
    }
  });

  it("of a type that nobody knows survives byte for byte (E1)", () => {
    const bytes = Uint8Array.of(1, 0xe7, 0x07, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 0xde, 0xad);
    const event = unwrap(deserializeEvent(bytes));
    expect(event).toMatchObject({ type: "unknown", code: 999, payload: Uint8Array.of(0xde, 0xad) });
    expect(serializeEvent(event)).toEqual(bytes);
  });

  it("with a payload of a later version survives byte for byte (E2)", () => {
    const event: MmsbEvent = {
      ...head,
      type: "unknown",
      code: EVENT_CODE.log,
      payload: Uint8Array.of(2, 99, 98, 97),
    };
    const back = unwrap(deserializeEvent(serializeEvent(event)));
    expect(back).toEqual(event);
    expect(hex(back)).toBe(hex(event));
  });

  it("of a later version of the whole layout is kept whole (E6)", () => {
    const bytes = Uint8Array.of(2, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    expect(serializeEvent(unwrap(deserializeEvent(bytes)))).toEqual(bytes);
  });

  it("keeps a payload that is malformed as bytes, and says so in its parts (E2, E6)", () => {
    const payload = Uint8Array.of(1, 9, 0);
    const event: MmsbEvent = { ...head, type: "unknown", code: EVENT_CODE["wave-start"], payload };
    const bytes = serializeEvent(event);
    expect(bytes[2]).toBe(64);
    expect(unwrap(deserializeEvent(bytes))).toEqual(event);
    const claimsToBeSound = bytes.slice();
    claimsToBeSound[2] = 0;
    expect(deserializeEvent(claimsToBeSound)).toMatchObject({
      error: { code: "EVENT_CORRUPT", place: { offset: 14 } },
    });
  });

  it.each([
    ["no bytes", "", 0],
    ["version 0", "00", 0],
    ["an overlong number", "01c800 00 07 e803000000000000 01", 1],
    ["a part that is not known", "014880", 3],
    ["two page ids", "014803", 3],
    ["an empty source", "014808 07 e803000000000000 00 01", 2],
    ["a small page id in 64 bits", "014802 07 e803000000000000 0500000000000000 01", 2],
    ["JSON that is written otherwise", "010100 07 e803000000000000 61 00 2031", 14],
  ])("refuses %s (E5, E6)", (_what, digits, offset) => {
    const bytes = Uint8Array.from(Buffer.from(digits.replaceAll(" ", ""), "hex"));
    const back = deserializeEvent(bytes);
    expect(back.ok ? "read" : back.error.code).toBe("EVENT_CORRUPT");
    expect(back.ok ? -1 : back.error.place.offset).toBe(offset);
  });
});

describe("the payload of a stored event", () => {
  it("of a mark is its name, as the first recordings wrote it, or name and data (E3)", () => {
    expect(encodePayload("mark", { name: "generation 60" })).toEqual(utf8Encode("generation 60"));
    expect(encodePayload("mark", { name: "a", data: { b: 1 } })).toEqual(utf8Encode('a\0{"b":1}'));
    expect(unwrap(decodePayload(1, utf8Encode("old text")))?.fields).toEqual({ name: "old text" });
  });

  it("of a wave lists levels and pages in columns (E4)", () => {
    const levels = {
      count: 2,
      level: Uint32Array.of(1, 4),
      members: Uint32Array.of(2, 0),
      cutOff: Uint32Array.of(0, 2),
      blocked: Uint32Array.of(0, 1),
    };
    const payload = encodePayload("wave-end", {
      outcome: "complete",
      levels,
      cutOff: idColumnOf([300n, 301n]),
      blocked: idColumnOf([2n ** 64n - 1n]),
    });
    expect(toHex(payload)).toBe(
      `01 00 02 01020000 02000201 02 2c01000000000000 01 00 01 01 ffffffffffffffff 00`.replaceAll(" ", ""),
    );
    const read = unwrap(decodePayload(EVENT_CODE["wave-end"], payload));
    expect(read?.type === "wave-end" ? idsOf(read.fields.cutOff) : []).toEqual([300n, 301n]);
  });

  it("never takes memory for a count that the bytes cannot hold (E2)", () => {
    const claims = Uint8Array.of(1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x07);
    expect(decodePayload(EVENT_CODE["wave-end"], claims).ok).toBe(false);
    const ids = Uint8Array.of(1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    expect(decodePayload(EVENT_CODE["wave-end"], ids).ok).toBe(false);
  });
});

describe("the names in events", () => {
  it("of locations and edges are those of pages", () => {
    expect(EVENT_LOCATIONS).toEqual(LOCATIONS);
    expect(EDGE_KINDS).toEqual(EDGE_TYPES);
  });

  it("have numbers that are never given twice (E1)", () => {
    const codes = Object.values(EVENT_CODE);
    expect(new Set(codes).size).toBe(codes.length);
    expect(EVENT_TYPES).toHaveLength(codes.length + 1);
  });
});
