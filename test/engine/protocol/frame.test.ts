import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import type { ColumnArray } from "../../../engine/protocol/columns.ts";
import { decodeFrame, encodeFrame, FrameKind, peekFrameId } from "../../../engine/protocol/frame.ts";

const LIMITS = { frameBytes: 1 << 20, controlBytes: 1 << 16, columns: 8 };
const decode = (bytes: Uint8Array) => decodeFrame(bytes, LIMITS);
const codeOf = (bytes: Uint8Array, limits = LIMITS) => {
  const decoded = decodeFrame(bytes, limits);
  return decoded.ok ? "" : decoded.error.code;
};

const column: fc.Arbitrary<ColumnArray> = fc.oneof(
  fc.uint8Array(),
  fc.uint16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigUint64Array(),
);
const columns = fc.dictionary(fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9]{0,20}$/), column, { maxKeys: 8 });

test("a frame comes back as it was sent, wherever in memory it lies", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(FrameKind)),
      fc.integer({ min: 0, max: 0xffff_ffff }),
      fc.jsonValue(),
      columns,
      fc.integer({ min: 0, max: 15 }),
      (kind, id, control, sent, shift) => {
        const bytes = encodeFrame(kind, id, control, sent);
        const moved = new Uint8Array(bytes.length + shift).subarray(shift);
        moved.set(bytes);
        const frame = unwrap(decode(moved));
        expect({ kind: frame.kind, id: frame.id }).toEqual({ kind, id });
        expect(frame.control).toEqual(JSON.parse(JSON.stringify(control)));
        expect({ ...frame.columns }).toEqual({ ...sent });
        expect(peekFrameId(moved)).toBe(id);
      },
    ),
  );
});

test("a column may have any name, even one that objects have already", () => {
  const frame = unwrap(decode(encodeFrame(FrameKind.Reply, 1, {}, { constructor: Uint8Array.of(1) })));
  expect(Object.keys(frame.columns)).toEqual(["constructor"]);
  expect(Object.getPrototypeOf(frame.columns)).toBeNull();
});

test("every cut of a frame, and everything glued to it, is refused", () => {
  const bytes = encodeFrame(FrameKind.Request, 7, { name: "x" }, { a: Uint32Array.of(1, 2, 3) });
  for (let length = 0; length < bytes.length; length++)
    expect(codeOf(bytes.subarray(0, length))).toBe("PROTOCOL_MESSAGE");
  for (const more of [1, 8, 100]) {
    const longer = new Uint8Array(bytes.length + more);
    longer.set(bytes);
    expect(codeOf(longer)).toBe("PROTOCOL_MESSAGE");
  }
});

test("random bytes, and frames with random bytes in them, are read or refused, never more", () => {
  const valid = encodeFrame(FrameKind.Request, 7, { name: "x", params: {} }, { a: Float64Array.of(1, 2) });
  const damaged = fc
    .array(fc.tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 6 })
    .map((changes) => {
      const bytes = valid.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  fc.assert(
    fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 400 })), (bytes) => {
      expect(["", "PROTOCOL_MESSAGE", "PROTOCOL_VERSION", "PROTOCOL_TOO_LARGE"]).toContain(codeOf(bytes));
      expect(peekFrameId(bytes)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2000 },
  );
});

describe("limits", () => {
  test("of the whole frame, its control part and its columns", () => {
    expect(codeOf(new Uint8Array(LIMITS.frameBytes + 1))).toBe("PROTOCOL_TOO_LARGE");
    const long = encodeFrame(FrameKind.Request, 1, "x".repeat(LIMITS.controlBytes));
    expect(codeOf(long)).toBe("PROTOCOL_TOO_LARGE");
    const nine = Object.fromEntries([..."abcdefghi"].map((name) => [name, Uint8Array.of(1)]));
    expect(codeOf(encodeFrame(FrameKind.Request, 1, {}, nine))).toBe("PROTOCOL_MESSAGE");
  });

  test("a frame of another layout says which", () => {
    const bytes = encodeFrame(FrameKind.Hello, 0, {});
    bytes[4] = 2;
    expect(codeOf(bytes)).toBe("PROTOCOL_VERSION");
  });

  test("a column that claims four thousand million elements takes no memory", () => {
    const bytes = encodeFrame(FrameKind.Request, 1, {}, { a: Float64Array.of(1) });
    new DataView(bytes.buffer).setUint32(24 + 28, 0xffff_ffff, true);
    expect(codeOf(bytes)).toBe("PROTOCOL_MESSAGE");
  });
});
