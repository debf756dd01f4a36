import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { deserializeEvent, serializeEvent } from "../../engine/events/event-codec.ts";
import { EVENT_CODE, eventTypeOf } from "../../engine/events/event-types.ts";
import { decodePayload, encodePayload } from "../../engine/events/payload-codec.ts";
import { events, knownPayloads } from "../helpers/arbitrary-events.ts";

const options = { seed: Number(process.env["MMSB_SEED"] ?? 20260102), numRuns: 500 };

function expectPlace(error: MmsbError, bytes: Uint8Array): void {
  expect(error.code).toBe("EVENT_CORRUPT");
  expect(error.place.offset).toBeLessThanOrEqual(bytes.length);
}

describe("an event as bytes", () => {
  it("comes back with everything that it said, and is written again as the same bytes (E3, E4, E6, E7)", () => {
    fc.assert(
      fc.property(events, (event) => {
        const bytes = serializeEvent(event);
        const back = unwrap(deserializeEvent(bytes));
        expect(back).toEqual(event);
        expect(serializeEvent(back)).toEqual(bytes);
      }),
      options,
    );
  });

  it("is refused with the offset when it is cut, and never throws", () => {
    fc.assert(
      fc.property(events, fc.nat(), (event, where) => {
        const bytes = serializeEvent(event);
        const cut = bytes.subarray(0, where % bytes.length);
        const back = deserializeEvent(cut);
        // A mark, a log message without data and bytes that nobody knows may end anywhere.
        if (back.ok) expect(serializeEvent(back.value)).toEqual(cut);
        else expectPlace(back.error, cut);
      }),
      options,
    );
  });

  it("has one encoding: bytes changed at random are refused, or written back as they are (E6)", () => {
    fc.assert(
      fc.property(events, fc.integer(), (event, seed) => {
        const prng = new Prng(seed);
        const bytes = serializeEvent(event);
        for (let i = prng.between(1, 3); i > 0; i--) bytes[prng.below(bytes.length)] = prng.u32();
        const back = deserializeEvent(bytes);
        if (back.ok) expect(serializeEvent(back.value)).toEqual(bytes);
        else expect(back.error.code).toBe("EVENT_CORRUPT");
      }),
      { ...options, numRuns: 2000 },
    );
  });

  it("of any bytes at all is an event that is written back, or a typed error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const back = deserializeEvent(bytes);
        if (back.ok) expect(serializeEvent(back.value)).toEqual(bytes);
        else expect(back.error.code).toBe("EVENT_CORRUPT");
      }),
      { ...options, numRuns: 2000 },
    );
  });
});

describe("a payload by itself", () => {
  it("comes back as it was (E3)", () => {
    fc.assert(
      fc.property(knownPayloads, ({ type, fields }) => {
        const payload = encodePayload(type, fields as never);
        expect(unwrap(decodePayload(EVENT_CODE[type], payload))).toEqual({ type, fields });
      }),
      options,
    );
  });

  it("of random bytes is read, or refused with an offset inside it (E2)", () => {
    const codes = Object.values(EVENT_CODE);
    fc.assert(
      fc.property(fc.constantFrom(...codes), fc.uint8Array({ maxLength: 40 }), (code, payload) => {
        if (payload.length > 0) payload[0] = 1;
        const read = decodePayload(code, payload);
        if (read.ok) expect(read.value?.type).toBe(eventTypeOf(code));
        else expectPlace(read.error, payload);
      }),
      { ...options, numRuns: 2000 },
    );
  });
});
