import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { ManualClock } from "../../../engine/base/clock.ts";
import { ok, unwrap } from "../../../engine/base/result.ts";
import { CpuBackend } from "../../../engine/device/cpu-backend.ts";
import { fragmentation } from "../../../engine/device/device-usage.ts";
import type { MmsbEvent } from "../../../engine/events/event-types.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { replayEvents } from "../../../engine/session/replay-events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mmsb-device-events-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A session on one clock with its device, of which each reading is a millisecond after the last. */
async function start(options: { eventCapacity?: number; recordDeviceEvents?: boolean } = {}) {
  const file = path.join(folder, `${files++}.tlog`);
  const clock = new ManualClock(1_000_000_000_000n, 1_000_000n);
  const { eventCapacity = 1000, ...session } = options;
  const backend = new CpuBackend({ clock, arenaBytes: 65_536, eventCapacity });
  return {
    file,
    clock,
    session: unwrap(await mmsbStart({ path: file, clock, device: backend, ...session })),
  };
}

/** The device's events of a recording; no others. */
function deviceEvents(file: string): MmsbEvent[] {
  const source = unwrap(LogReader.open(file));
  const events = [...replayEvents(source)].map(unwrap);
  source.close();
  return events.filter(({ source: by }) => by === "mmsb.device");
}

const of = <T extends MmsbEvent["type"]>(events: readonly MmsbEvent[], type: T) =>
  events.filter((event): event is MmsbEvent<T> => event.type === type);

it("without being asked, a session writes what its device did, each with the time and the record that led to it", async () => {
  const { file, session } = await start();
  const page = unwrap(session.createPage({ sizeBytes: 4096, location: "gpu" }));
  const created = session.lastLsn;
  unwrap(session.write(page, 0, Uint8Array.of(1, 2, 3)));
  unwrap(session.device!.flush());
  const written = session.lastLsn;
  unwrap(session.destroyPage(page));
  const destroyed = session.lastLsn;
  unwrap(await session.stop());
  const events = deviceEvents(file);
  expect(events.map(({ type, pageId, cause }) => [type, pageId ?? 0n, cause])).toEqual([
    ["allocation", page, created],
    ["copy", page, created],
    ["kernel-launch", page, written],
    ["allocation", page, destroyed],
    ["device-sample", 0n, 0],
    ["device-stop", 0n, 0],
  ]);
  const times = events.flatMap((event) =>
    "timeNs" in event && event.timeNs !== undefined ? [event.timeNs] : [],
  );
  expect(times).toHaveLength(5);
  for (const [i, time] of times.entries()) {
    expect(time).toBeLessThan(events[i]!.timestampNs);
    if (i > 0) expect(time).toBeGreaterThan(times[i - 1]!);
  }
  const [launch] = of(events, "kernel-launch");
  expect(launch).toMatchObject({ kernel: "apply", count: 1, stream: 0 });
  expect(launch!.durationNs).toBe(1_000_000);
});

it("at most ten times a second, and not at all where that is not wanted", async () => {
  const { session, clock } = await start();
  unwrap(session.createPage({ sizeBytes: 64, location: "gpu" }));
  const told: string[] = [];
  unwrap(session.events.onAny(({ type, source }) => void (source === "mmsb.device" && told.push(type))));
  const transaction = () => unwrap(session.transaction(() => session.mark("m")));
  transaction();
  expect(told).toEqual(["allocation", "copy", "device-sample"]);
  unwrap(session.createPage({ sizeBytes: 64, location: "gpu" }));
  transaction();
  expect(told).toHaveLength(3);
  clock.advance(100_000_000n);
  transaction();
  expect(told).toHaveLength(6);
  unwrap(await session.stop());
  const quiet = await start({ recordDeviceEvents: false });
  unwrap(quiet.session.createPage({ sizeBytes: 64, location: "gpu" }));
  quiet.clock.advance(1_000_000_000n);
  unwrap(quiet.session.transaction(() => ok()));
  unwrap(await quiet.session.stop());
  expect(deviceEvents(quiet.file).map(({ type }) => type)).toEqual(["device-stop"]);
});

it("a sample tells the figures of usage(), and a map that adds up to them", async () => {
  const { file, session } = await start();
  const device = session.device!;
  const pages = Array.from({ length: 40 }, () =>
    unwrap(session.createPage({ sizeBytes: 3000, location: "gpu" })),
  );
  for (const [i, page] of pages.entries()) if (i % 3 === 0) unwrap(session.destroyPage(page));
  unwrap(session.createUnifiedPage({ sizeBytes: 100 }));
  unwrap(device.recordEvents());
  const usage = unwrap(device.usage());
  unwrap(await session.stop());
  const [sample] = of(deviceEvents(file), "device-sample");
  for (const [at, pool] of [usage.device, usage.unified].entries()) {
    const told = sample!.pools[at]!;
    const { usedBytes, reservedBytes, peakUsedBytes, largestFreeBytes } = pool;
    expect(told).toMatchObject({ usedBytes, reservedBytes, peakUsedBytes, largestFreeBytes, gapBytes: 0 });
    const mapped = told.arenas.flatMap(({ used }) => used.map(({ sizeBytes }) => sizeBytes));
    expect(mapped.reduce((total, bytes) => total + bytes, 0)).toBe(usedBytes);
    expect(told.arenas.reduce((total, { sizeBytes }) => total + sizeBytes, 0)).toBe(reservedBytes);
  }
  expect(fragmentation(usage.device)).toBeGreaterThan(0);
});

it("a prefetch is told with its direction, and so is a move between two kinds of device memory", async () => {
  const { file, session } = await start();
  const page = unwrap(session.createUnifiedPage({ sizeBytes: 512 }));
  unwrap(session.device!.prefetch(page, true));
  unwrap(session.device!.prefetch(page, false));
  unwrap(session.migratePage(page, "gpu"));
  unwrap(await session.stop());
  const copies = of(deviceEvents(file), "copy");
  expect(copies.map(({ direction, isPrefetch, sizeBytes }) => [direction, isPrefetch, sizeBytes])).toEqual([
    ["host-to-device", true, 512],
    ["device-to-host", true, 512],
    ["device-to-device", false, 512],
  ]);
});

it("at its end the session names pages that nobody freed, the largest first, and rows that nobody took in time", async () => {
  const { file, session } = await start({ eventCapacity: 4 });
  const small = unwrap(session.createPage({ sizeBytes: 100, location: "gpu" }));
  const large = unwrap(session.createPage({ sizeBytes: 5000, location: "unified" }));
  const freed = unwrap(session.createPage({ sizeBytes: 64, location: "gpu" }));
  unwrap(session.destroyPage(freed));
  unwrap(await session.stop());
  const events = deviceEvents(file);
  const [stop] = of(events, "device-stop");
  expect(stop).toMatchObject({
    leakedPages: 2,
    leakedBytes: 5100,
    leaks: [
      { pageId: large, location: "unified", sizeBytes: 5000 },
      { pageId: small, location: "gpu", sizeBytes: 100 },
    ],
  });
  // three allocations, two copies and a free, of which four had room
  expect(stop!.droppedRows).toBe(2);
  expect(of(events, "device-sample")[0]!.droppedRows).toBe(2);
  expect(of(events, "allocation")).toHaveLength(3);
});
