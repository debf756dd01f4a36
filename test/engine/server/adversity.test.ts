import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { recordDeltas } from "../../bench/log.ts";
import { TestFolder, TestStudio } from "../../helpers/studio.ts";

const folder = new TestFolder();
let studio: TestStudio;

beforeAll(async () => {
  studio = await TestStudio.start();
});
afterAll(() => {
  studio.stop();
  folder.remove();
});

/** Files that this process has open; where that cannot be told, always as many. */
function openFiles(): number {
  return existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0;
}

const settled = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe("opening and closing leaves nothing behind", () => {
  test("a thousand times", async () => {
    const path = await folder.demo("life", 6);
    const openedAndClosed = async () => {
      const { recording } = (await studio.ask("recording.open", { path })).result;
      await studio.ask("recording.close", { recording });
    };
    for (let round = 0; round < 50; round++) await openedAndClosed();
    const files = openFiles();
    const before = process.memoryUsage().heapUsed;
    for (let round = 0; round < 950; round++) await openedAndClosed();
    expect(openFiles()).toBe(files);
    expect(studio.host.recordingCount).toBe(0);
    expect(studio.host.scheduler.pending).toBe(0);
    // A recording that stayed would take some 100 KB each time.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 << 20);
  }, 120_000);

  test("wherever the opening is cancelled", async () => {
    const path = folder.file("cancelled.tlog");
    await recordDeltas(path, 100_000, 500);
    const random = new Prng(3);
    const files = openFiles();
    let opened = 0;
    for (let round = 0; round < 60; round++) {
      // The index is built at first, and then at hand.
      if (round % 20 === 0) rmSync(`${path}.idx`, { force: true });
      const abort = new AbortController();
      const asked = studio.client.request("recording.open", { path }, { signal: abort.signal });
      for (let turns = random.below(40); turns > 0; turns--) await settled();
      abort.abort();
      const answer = await asked;
      if (answer.ok) opened++;
      else expect(answer.error.code).toBe("CANCELLED");
      if (answer.ok) await studio.ask("recording.close", { recording: answer.value.result.recording });
    }
    await studio.ask("recording.open", { path });
    for (const { recording } of (await studio.ask("recordings.list", {})).result.open)
      await studio.ask("recording.close", { recording });
    await expect.poll(openFiles, { timeout: 10_000 }).toBe(files);
    expect(opened).toBeLessThan(60);
    await expect
      .poll(() => readdirSync(folder.path).filter((name) => name.endsWith(".tmp")), { timeout: 10_000 })
      .toEqual([]);
  }, 60_000);
});

describe("a recording that changes while it is open", () => {
  const askAll = async (recording: number, lsn: number) => {
    const asked = await Promise.all([
      studio.client.request("record.details", { recording, lsn }),
      studio.client.request("deltas.window", { recording, filter: {}, offset: 0, limit: 500 }),
      studio.client.request("deltas.window", {
        recording,
        filter: { value: "@0 > 3" },
        offset: 0,
        limit: 500,
      }),
      studio.client.request("page.view", { recording, page: 1n, lsn, offset: 0, length: 64, ages: true }),
      studio.client.request("timeline.view", {
        recording,
        axis: "lsn",
        from: 1n,
        to: BigInt(lsn + 1),
        columns: 100,
      }),
    ]);
    return asked.map((answer) => (answer.ok ? "ok" : answer.error.code));
  };

  test("cut to nothing: what is no longer there is told, and the server lives", async () => {
    const path = folder.file("cut.tlog");
    copyFileSync(await folder.demo("life", 120), path);
    const { recording, lastLsn } = (await studio.ask("recording.open", { path })).result;
    truncateSync(path, 100);
    const codes = await askAll(recording, lastLsn - 5);
    expect(codes).not.toContain("INTERNAL");
    expect(codes.some((code) => code.startsWith("LOG_"))).toBe(true);
    // Opened again it is what it is now, not what it was.
    const again = await studio.client.request("recording.open", { path });
    expect(again.ok ? again.value.result.recording : again.error.code).not.toBe(recording);
    await studio.ask("recording.close", { recording });
    if (again.ok) await studio.ask("recording.close", { recording: again.value.result.recording });
  });

  test("removed: it stays readable for those who have it open", async () => {
    const path = folder.file("removed.tlog");
    copyFileSync(await folder.demo("life", 121), path);
    const { recording, lastLsn } = (await studio.ask("recording.open", { path })).result;
    rmSync(path);
    expect(new Set(await askAll(recording, lastLsn - 5))).toEqual(new Set(["ok"]));
    expect((await studio.ask("recording.open", { path })).result.recording).toBe(recording);
    await studio.ask("recording.close", { recording });
    const gone = await studio.client.request("recording.open", { path });
    expect(gone.ok ? "" : gone.error.code).toBe("LOG_NOT_FOUND");
  });

  test.each(["renamed over", "written over"])(
    "%s: opened again it is the new one, for every window",
    async (how) => {
      const path = folder.file(`${how}.tlog`);
      const seed = how === "renamed over" ? 31 : 41;
      const [first, second] = [await folder.demo("life", 122, seed), await folder.demo("mlp", 7, seed + 1)];
      copyFileSync(first, path);
      const other = await TestStudio.connect(studio.host);
      const old = (await studio.ask("recording.open", { path })).result;
      expect(unwrap(await other.request("recording.open", { path })).result.recording).toBe(old.recording);
      if (how === "renamed over") {
        copyFileSync(second, `${path}.new`);
        renameSync(`${path}.new`, path);
      } else writeFileSync(path, readFileSync(second));
      const fresh = (await studio.ask("recording.open", { path })).result;
      expect(fresh.uuid).not.toBe(old.uuid);
      expect(unwrap(await other.request("recording.open", { path })).result.recording).toBe(fresh.recording);
      // The old one is let go of by its handle, the new one stays.
      await studio.ask("recording.close", { recording: old.recording });
      expect((await studio.ask("recording.info", { recording: fresh.recording })).result.uuid).toBe(
        fresh.uuid,
      );
      expect(unwrap(await other.request("recording.info", { recording: fresh.recording })).result.uuid).toBe(
        fresh.uuid,
      );
      await studio.ask("recording.close", { recording: fresh.recording });
      other.close();
      await expect.poll(() => studio.host.recordingCount).toBe(0);
    },
  );
});

test("one of two windows closes the recording that both ask: the other gets its answers", async () => {
  const path = await folder.demo("life", 40);
  const other = await TestStudio.connect(studio.host);
  const { recording, lastLsn } = (await studio.ask("recording.open", { path })).result;
  unwrap(await other.request("recording.open", { path }));
  const asked = Array.from({ length: 40 }, (_, at) =>
    other.request("page.view", { recording, page: 1n, lsn: lastLsn - at, offset: 0, length: 64, ages: true }),
  );
  await studio.ask("recording.close", { recording });
  for (const answer of await Promise.all(asked)) expect(answer.ok).toBe(true);
  const refused = await studio.client.request("recording.info", { recording });
  expect(refused.ok ? "" : refused.error.code).toBe("RECORDING_NOT_OPEN");
  other.close();
  await expect.poll(() => studio.host.recordingCount).toBe(0);
});

test("a subscription that is never given credit costs one update, however much happens", async () => {
  const path = await folder.demo("life", 41);
  const { recording } = (await studio.ask("recording.open", { path })).result;
  let updates = 0;
  const watching = studio.client.subscribe(
    "playback",
    { recording, fromLsn: 1, mode: "records", speed: 1e6, backward: false },
    { credit: 1, onUpdate: () => updates++, onEnd: () => {} },
  );
  const before = process.memoryUsage().heapUsed;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(updates).toBe(1);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(32 << 20);
  watching.close();
  await studio.ask("recording.close", { recording });
});
