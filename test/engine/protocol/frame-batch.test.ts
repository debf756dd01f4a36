import fc from "fast-check";
import { expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { decodeFrame, encodeFrame, FrameKind } from "../../../engine/protocol/frame.ts";
import { FrameBatch, framesIn } from "../../../engine/protocol/frame-batch.ts";

const LIMITS = { frameBytes: 1 << 20, controlBytes: 1 << 16, columns: 8 };
const endOfTurn = () => new Promise<void>((resolve) => setTimeout(resolve));
const frameOf = (id: number, bytes: number) =>
  encodeFrame(FrameKind.Request, id, { name: "x" }, { a: new Uint8Array(bytes) });

test("frames come out as they went in, in order, in few messages none of which is much longer than its longest frame", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(90_000), { maxLength: 20 }), async (sizes) => {
      const messages: Uint8Array[] = [];
      const batch = new FrameBatch((message) => messages.push(message));
      const frames = sizes.map((bytes, id) => frameOf(id + 1, bytes));
      for (const frame of frames) batch.push(frame);
      expect(batch.bytes + messages.reduce((sum, { length }) => sum + length, 0)).toBe(
        frames.reduce((sum, { length }) => sum + length, 0),
      );
      await endOfTurn();
      expect(batch.bytes).toBe(0);
      const received = messages.flatMap((message) => [...framesIn(message)]);
      expect(received.length).toBe(frames.length);
      expect(received.every((frame, at) => Buffer.compare(frame, frames[at]!) === 0)).toBe(true);
      const longest = Math.max(65_536, ...frames.map(({ length }) => length));
      for (const { length } of messages) expect(length).toBeLessThanOrEqual(longest);
      if (frames.reduce((sum, { length }) => sum + length, 0) <= 65_536)
        expect(messages.length).toBe(Math.min(1, frames.length));
    }),
  );
});

test("a frame alone is handed on as it is, and nothing is sent twice", async () => {
  const messages: Uint8Array[] = [];
  const batch = new FrameBatch((message) => messages.push(message));
  const frame = frameOf(1, 10);
  batch.push(frame);
  batch.flush();
  await endOfTurn();
  expect(messages).toHaveLength(1);
  expect(messages[0]).toBe(frame);
});

test("random bytes behind frames are handed on in one piece, and refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(3), (rest, count) => {
      const frames = Array.from({ length: count }, (_, id) => frameOf(id + 1, 16));
      const message = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0) + rest.length);
      let at = 0;
      for (const piece of [...frames, rest]) {
        message.set(piece, at);
        at += piece.length;
      }
      const found = [...framesIn(message)];
      expect(found).toEqual([...frames, rest]);
      expect(decodeFrame(found.at(-1)!, LIMITS).ok).toBe(false);
      for (const [id, frame] of found.slice(0, -1).entries())
        expect(unwrap(decodeFrame(frame, LIMITS)).id).toBe(id + 1);
    }),
  );
});

test("an empty message is one empty piece", () => {
  expect([...framesIn(new Uint8Array(0))]).toEqual([new Uint8Array(0)]);
});
