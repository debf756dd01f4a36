import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { EngineClient } from "../../../engine/protocol/client.ts";
import { PROTOCOL_VERSION } from "../../../engine/protocol/control.ts";
import { decodeFrame, encodeFrame, FrameKind } from "../../../engine/protocol/frame.ts";
import { LIMITS } from "../../../engine/protocol/limits.ts";
import { recordDeltas } from "../../bench/log.ts";
import { memoryPorts } from "../../helpers/memory-port.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
const DELTAS = 200_000;
let large: string;
let studio: TestStudio;
let recording: number;

beforeAll(async () => {
  large = folder.file("large.tlog");
  await recordDeltas(large, DELTAS, 64);
  studio = await TestStudio.start();
  recording = (await studio.open(large)).recording;
}, 120_000);
afterAll(() => {
  studio.stop();
  folder.remove();
});

const isMessage = { frameBytes: LIMITS.serverFrameBytes, controlBytes: LIMITS.serverFrameBytes, columns: 64 };

/** What comes back for these frames: kind, id and code of each. */
async function replies(...frames: Uint8Array[]): Promise<{ told: unknown[]; isClosed: boolean }> {
  const [server, window] = memoryPorts();
  studio.host.connect(server);
  const told: unknown[] = [];
  window.onMessage((message) => {
    const { kind, id, control } = unwrap(decodeFrame(message, isMessage));
    told.push([kind, id, (control as { code?: string }).code]);
  });
  for (const frame of frames) window.send(frame);
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setImmediate(resolve));
  const { isClosed } = window;
  window.close();
  return { told, isClosed };
}

const hello = (versions = [PROTOCOL_VERSION]) =>
  encodeFrame(FrameKind.Hello, 0, { versions, client: "test" });
const list = (id: number) => encodeFrame(FrameKind.Request, id, { name: "recordings.list", params: {} });

describe("the handshake", () => {
  test("takes a version that both sides speak, and tells whoever speaks none", async () => {
    expect(await replies(hello([PROTOCOL_VERSION, 99]))).toEqual({
      told: [[FrameKind.Welcome, 0, undefined]],
      isClosed: false,
    });
    expect(await replies(hello([99]))).toEqual({
      told: [[FrameKind.Failed, 0, "PROTOCOL_VERSION"]],
      isClosed: true,
    });
  });

  test("comes first, and once", async () => {
    const refused = { told: [[FrameKind.Failed, 0, "PROTOCOL_MESSAGE"]], isClosed: true };
    expect(await replies(list(1))).toEqual(refused);
    const { told, isClosed } = await replies(hello(), hello());
    expect([told.at(-1), isClosed]).toEqual([refused.told[0], true]);
  });

  test("an id that is still waited for cannot be taken again, nor can zero", async () => {
    const slow = encodeFrame(FrameKind.Request, 5, {
      name: "deltas.window",
      params: { recording: 0xffff, filter: {}, offset: 0, limit: 1 },
    });
    expect((await replies(hello(), slow, slow)).isClosed).toBe(true);
    expect((await replies(hello(), list(0))).isClosed).toBe(true);
    expect((await replies(hello(), list(5))).told.at(-1)).toEqual([FrameKind.Reply, 5, undefined]);
  });
});

describe("cancellation", () => {
  test("answers at once, and the server stops working on it", async () => {
    const abort = new AbortController();
    const filter = { value: "@8:u32 == 1" };
    const searching = studio.client.request(
      "deltas.window",
      { recording, filter, offset: DELTAS, limit: 10 },
      { signal: abort.signal },
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    const result = await searching;
    expect(result.ok ? "" : result.error.code).toBe("CANCELLED");
    await expect.poll(() => studio.host.scheduler.pending).toBe(0);
    // half of a search is kept, and goes on when it is asked for again
    const again = await studio.ask("deltas.window", { recording, filter, offset: 0, limit: 10 });
    expect(again.result.complete || again.result.total >= 10).toBe(true);
  });

  test("of an opening leaves nothing open, and the same file opens again", async () => {
    const other = folder.file("other.tlog");
    await recordDeltas(other, 50_000, 64);
    const before = studio.host.recordingCount;
    const abort = new AbortController();
    const opening = studio.client.request(
      "recording.open",
      { path: other },
      { signal: abort.signal, onProgress: () => abort.abort() },
    );
    const result = await opening;
    expect(result.ok ? "" : result.error.code).toBe("CANCELLED");
    await expect.poll(() => studio.host.scheduler.pending).toBe(0);
    expect(studio.host.recordingCount).toBe(before);
    const opened = await studio.open(other);
    expect(opened.lastLsn).toBeGreaterThan(50_000);
    await studio.ask("recording.close", { recording: opened.recording });
    expect(studio.host.recordingCount).toBe(before);
  });

  test("long jobs tell how far they are", async () => {
    const phases = new Map<string, number>();
    const verified = unwrap(
      await studio.client.request(
        "state.verify",
        { recording, lsn: DELTAS },
        { onProgress: ({ phase, done }) => phases.set(phase, done) },
      ),
    );
    expect(verified.result.equal).toBe(true);
    expect([...phases.keys()]).toContain("replay");
    const abort = new AbortController();
    const cancelled = await studio.client.request(
      "state.verify",
      { recording, lsn: DELTAS - 1 },
      { signal: abort.signal, onProgress: () => abort.abort() },
    );
    expect(cancelled.ok ? "" : cancelled.error.code).toBe("CANCELLED");
  });
});

describe("backpressure", () => {
  const playback = (speed: number) => ({
    recording,
    fromLsn: 1,
    mode: "records" as const,
    speed,
    backward: false,
  });

  test("a subscriber gets no more updates than it gave credit for, and then the newest", async () => {
    const seen: number[] = [];
    const subscription = studio.client.subscribe("playback", playback(20_000), {
      credit: 3,
      onUpdate: ({ result }) => seen.push(result.lsn),
    });
    await expect.poll(() => seen.length).toBe(3);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(seen).toHaveLength(3);
    subscription.grant(1);
    await expect.poll(() => seen.length).toBe(4);
    // the clock went on meanwhile: what came is where playback is now, not what came next
    expect(seen[3]! - seen[2]!).toBeGreaterThan(1000);
    subscription.close();
  });

  test("a search tells its end even where its credit ran out before", async () => {
    let end: unknown = "none";
    let last = { complete: false };
    const subscription = studio.client.subscribe(
      "search.progress",
      { recording, window: "deltas", filter: { value: "@16:u32 > 4294967000" } },
      {
        credit: 1,
        onUpdate: ({ result }) => {
          last = result;
          setTimeout(() => subscription.grant(1), 1);
        },
        onEnd: (error) => {
          end = error;
        },
      },
    );
    await expect.poll(() => end, { timeout: 20_000 }).toBeUndefined();
    expect(last.complete).toBe(true);
  }, 30_000);

  test("a window that does not read what it asks for makes the server wait, not grow", async () => {
    const [server, window] = memoryPorts();
    studio.host.connect(server);
    const client = unwrap(await EngineClient.connect(window, "slow"));
    const opened = unwrap(await client.request("recording.open", { path: large })).result;
    window.pause();
    let answered = 0;
    const asked = Array.from({ length: 300 }, () =>
      client
        .request("timeline.view", {
          recording: opened.recording,
          axis: "lsn",
          from: 1n,
          to: BigInt(DELTAS),
          columns: LIMITS.viewportColumns,
        })
        .then((result) => {
          expect(result.ok).toBe(true);
          answered++;
        }),
    );
    let most = 0;
    for (let i = 0; i < 60; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      most = Math.max(most, server.bufferedBytes);
    }
    expect(answered).toBe(0);
    // 8 MiB, and what was being worked on when it was full
    expect(most).toBeGreaterThan(1 << 20);
    expect(most).toBeLessThan(16 << 20);
    // another window is served meanwhile
    unwrap(await studio.client.request("recordings.list", {}));
    window.resume();
    await Promise.all(asked);
    expect(answered).toBe(300);
    client.close();
  }, 60_000);

  test("more subscriptions than a window may have are refused", async () => {
    const client = await TestStudio.connect(studio.host);
    const opened = unwrap(await client.request("recording.open", { path: large })).result;
    const ends: string[] = [];
    for (let i = 0; i < LIMITS.subscriptions + 3; i++) {
      client.subscribe(
        "recording.changes",
        { recording: opened.recording },
        { credit: 1, onUpdate: () => {}, onEnd: (error) => ends.push(error?.code ?? "") },
      );
    }
    await expect.poll(() => ends).toEqual(Array(3).fill("LIMIT_EXCEEDED"));
    client.close();
  });
});

test("recordings opened and closed a hundred times leave nothing open", async () => {
  const path = await folder.demo("life", 15);
  const openFiles = async () => (await import("node:fs")).readdirSync("/proc/self/fd").length;
  const own = await TestStudio.start();
  let round = 0;
  const cycle = async () => {
    const client = await TestStudio.connect(own.host);
    const { result } = unwrap(await client.request("recording.open", { path }));
    unwrap(
      await client.request("page.view", {
        recording: result.recording,
        page: 1n,
        lsn: 40,
        offset: 0,
        length: 64,
        ages: true,
      }),
    );
    client.subscribe("recording.changes", { recording: result.recording }, { credit: 4, onUpdate: () => {} });
    if (round++ % 2 === 0) unwrap(await client.request("recording.close", { recording: result.recording }));
    client.close();
    await expect.poll(() => own.host.recordingCount).toBe(0);
  };
  await cycle();
  const before = process.platform === "linux" ? await openFiles() : 0;
  for (let i = 0; i < 100; i++) await cycle();
  expect(own.host.connectionCount).toBe(1);
  expect(own.host.scheduler.pending).toBe(0);
  if (process.platform === "linux") expect(await openFiles()).toBeLessThanOrEqual(before + 2);
  own.stop();
}, 60_000);
