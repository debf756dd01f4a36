import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ok } from "../../../engine/base/result.ts";
import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import type { Connection } from "../../../renderer/client/connection.ts";
import { RecordingSession } from "../../../renderer/client/recording-session.ts";
import { useCursor } from "../../../renderer/state/cursor-store.ts";

/** A connection whose server opens anything, and tells of changes when it is told to. */
function connected() {
  const told: RecordingInfo[] = [];
  let update: (info: RecordingInfo) => void = () => {};
  const client = {
    request: (name: string) =>
      Promise.resolve(ok({ result: name === "recording.open" ? info(0) : { available: [] }, columns: {} })),
    subscribe: (_name: string, _params: unknown, options: { onUpdate: (update: unknown) => void }) => {
      update = (result) => options.onUpdate({ result });
      return { grant: () => {}, close: () => {} };
    },
  };
  const connection = { state: { phase: "ready" }, client, onChange: () => {} } as unknown as Connection;
  const session = new RecordingSession(connection);
  session.subscribe(() => {
    const { recording } = session.snapshot();
    if (recording !== undefined) told.push(recording);
  });
  return { session, told, change: (surveyedLsn: number) => update(info(surveyedLsn)) };
}

const info = (surveyedLsn: number) => ({ recording: 1, surveyedLsn }) as RecordingInfo;

describe("what changed in a recording", () => {
  beforeEach(() => {
    vi.stubGlobal("sessionStorage", { setItem: () => {}, removeItem: () => {} });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    useCursor.getState().setScrubbing(false);
  });

  it("is told at once, and while a hand drags the cursor when it lets go: the newest, once", async () => {
    const { session, told, change } = connected();
    await session.open("a.tlog");
    change(10);
    expect(told.at(-1)?.surveyedLsn).toBe(10);
    useCursor.getState().setScrubbing(true);
    const before = told.length;
    for (const surveyedLsn of [20, 30, 40]) change(surveyedLsn);
    useCursor.getState().setLsn(7);
    expect(told.length).toBe(before);
    useCursor.getState().setScrubbing(false);
    expect(told.slice(before).map((recording) => recording.surveyedLsn)).toEqual([40]);
  });

  it("is not told any more once the recording is closed", async () => {
    const { session, told, change } = connected();
    await session.open("a.tlog");
    useCursor.getState().setScrubbing(true);
    change(20);
    session.close();
    const before = told.length;
    useCursor.getState().setScrubbing(false);
    expect(told.length).toBe(before);
    expect(session.snapshot().recording).toBeUndefined();
  });
});
