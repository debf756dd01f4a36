import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";
import { unwrap } from "../../../engine/base/result.ts";
import { DeltaBatch } from "../../../engine/deltas/delta-batch.ts";
import { CpuBackend } from "../../../engine/device/cpu-backend.ts";
import { DeviceOperation } from "../../../engine/device/device-events.ts";
import { ElementType, Kernel } from "../../../engine/device/kernel-batch.ts";
import type { MmsbEvent } from "../../../engine/events/event-types.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { RecordBatch } from "../../../engine/log/record-batch.ts";
import { decodeFailure } from "../../../engine/log/record-bodies.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { replayAll } from "../../../engine/replay/replay-all.ts";
import { replayOnDevice } from "../../../engine/session/device-replay.ts";
import { mmsbStart } from "../../../engine/session/mmsb.ts";
import { replayEvents } from "../../../engine/session/replay-events.ts";

const folder = mkdtempSync(path.join(tmpdir(), "mmsb-device-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

async function start(fault?: (operation: unknown) => number) {
  const file = path.join(folder, `${files++}.tlog`);
  const backend = new CpuBackend(fault === undefined ? {} : { fault });
  const session = unwrap(await mmsbStart({ path: file, device: backend }));
  return { file, backend, session, device: session.device! };
}

/** Records of one kind, as [page, source, cause, body]. */
function recordsOf(file: string, kind: number) {
  const source = unwrap(LogReader.open(file));
  const batch = new RecordBatch();
  const found: { page: bigint; source: string; cause: number; body: Uint8Array; flags: number }[] = [];
  for (let block = 0; block < source.blockCount; block++) {
    unwrap(source.readBlock(block, batch));
    for (let row = 0; row < batch.count; row++) {
      if (batch.kind[row] !== kind) continue;
      const name = batch.strings[batch.source[row]!] ?? "";
      const body = batch.body(row).slice();
      found.push({
        page: batch.pageId(row),
        source: name,
        cause: batch.cause[row]!,
        body,
        flags: batch.flags[row]!,
      });
    }
  }
  source.close();
  return found;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

it("pages of a session on a device follow its writes, batches, rollbacks, moves and ends", async () => {
  const { file, backend, session, device } = await start();
  const gpu = unwrap(
    session.createPage({ sizeBytes: 100, location: "gpu", bytes: new Uint8Array(100).fill(3) }),
  );
  const unified = unwrap(session.createUnifiedPage({ sizeBytes: 64 }));
  const cpu = unwrap(session.createPage({ sizeBytes: 10 }));
  expect([gpu, unified, cpu].map((id) => unwrap(device.residence(id)))).toEqual([
    "resident",
    "resident",
    "host",
  ]);
  unwrap(session.write(gpu, 5, Uint8Array.of(1, 2)));
  unwrap(session.write(gpu, 6, Uint8Array.of(9)));
  const batch = new DeltaBatch();
  batch.pushRange(unwrap(session.slotOf(unified)), 0, 0, 60, Uint8Array.of(7, 7), 0, 2, 0, 0);
  unwrap(session.writeBatch(batch, ["test"]));
  const failed = session.transaction(() => {
    unwrap(session.write(gpu, 0, new Uint8Array(50).fill(8)));
    return session.write(gpu, 1000, Uint8Array.of(1));
  });
  expect(failed.ok).toBe(false);
  for (const id of [gpu, unified]) expect(unwrap(device.read(id))).toEqual(unwrap(session.read(id)).bytes);
  const { device: told } = session.stats();
  expect(told).toEqual(unwrap(device.usage()));
  expect(told).toMatchObject({
    backend: "cpu",
    residentPages: 2,
    device: { usedBytes: 256 },
    failure: undefined,
  });
  const epoch = unwrap(session.describe(gpu)).epoch;
  for (const location of ["unified", "cpu", "gpu"] as const) {
    unwrap(session.migratePage(gpu, location));
    expect(unwrap(session.describe(gpu))).toMatchObject({ id: gpu, epoch, location });
  }
  expect(unwrap(device.read(gpu))).toEqual(unwrap(session.read(gpu)).bytes);
  unwrap(session.destroyPage(unified));
  expect(unwrap(backend.stats()).unified.usedBytes).toBe(0);
  const stateHash = hex(session.stateHash());
  unwrap(await session.stop());
  expect(device.leaked).toEqual([gpu]);
  const source = unwrap(LogReader.open(file));
  expect(hex(unwrap(replayAll(source)).stateHash)).toBe(stateHash);
  expect(hex(unwrap(replayOnDevice(source, new CpuBackend())).stateHash)).toBe(stateHash);
  source.close();
});

it("kernels log exactly what they changed, as derived deltas with their cause", async () => {
  const { file, session, device } = await start();
  const values = Int32Array.of(1, 2, 3, 4);
  const a = unwrap(
    session.createPage({ sizeBytes: 16, location: "gpu", bytes: new Uint8Array(values.buffer) }),
  );
  const sum = unwrap(session.createPage({ sizeBytes: 8, location: "gpu" }));
  const cause = session.lastLsn;
  const job = { kernel: Kernel.Sum, type: ElementType.I32, out: sum, a, count: 4 } as const;
  const lsn = unwrap(device.run([job], "totals", cause));
  expect(lsn).toBe(cause + 1);
  expect(unwrap(session.read(sum)).bytes[0]).toBe(10);
  expect(unwrap(device.run([job], "totals", cause))).toBe(0);
  unwrap(await session.stop());
  const deltas = recordsOf(file, RecordKind.Delta).filter(({ page }) => page === sum);
  expect(deltas).toHaveLength(1);
  expect(deltas[0]).toMatchObject({ source: "totals", cause });
  expect(deltas[0]!.flags & 4).toBe(4);
});

it("a lost device is a Failure record; its pages are failed, the session goes on and no delta is lost", async () => {
  let isLost = false;
  const { file, session, device } = await start((operation) => (isLost && operation === 16 ? 719 : 0));
  const page = unwrap(session.createPage({ sizeBytes: 100, location: "gpu" }));
  unwrap(session.write(page, 0, Uint8Array.of(1, 2, 3)));
  isLost = true;
  const flushed = device.flush();
  expect(!flushed.ok && flushed.error.code).toBe("DEVICE_FAILED");
  expect(unwrap(device.residence(page))).toBe("failed");
  unwrap(session.write(page, 3, Uint8Array.of(4)));
  const late = unwrap(session.createPage({ sizeBytes: 10, location: "gpu" }));
  expect(unwrap(device.residence(late))).toBe("failed");
  expect(unwrap(session.read(page)).bytes.slice(0, 4)).toEqual(Uint8Array.of(1, 2, 3, 4));
  const stateHash = hex(session.stateHash());
  unwrap(await session.stop());
  const failures = recordsOf(file, RecordKind.Failure).map(({ body }) => unwrap(decodeFailure(body)));
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatchObject({ code: "DEVICE_FAILED" });
  expect(failures[0]!.message).toContain("719");
  expect(failures[0]!.message).toContain(`host memory: ${page}`);
  const source = unwrap(LogReader.open(file));
  expect(hex(unwrap(replayAll(source)).stateHash)).toBe(stateHash);
  source.close();
});

it("a device that is lost while a batch is written leaves the batch's records, causes and events in order", async () => {
  const file = path.join(folder, "lost-in-a-batch.tlog");
  const device = new CpuBackend({ fault: (operation) => (operation === DeviceOperation.Apply ? 719 : 0) });
  const live: MmsbEvent[] = [];
  const events = { onEvent: (event: MmsbEvent) => void live.push(event) };
  const session = unwrap(await mmsbStart({ path: file, device, events, recordDeviceEvents: false }));
  const page = unwrap(session.createPage({ sizeBytes: 1 << 20, location: "gpu" }));
  const slot = unwrap(session.slotOf(page));
  const batch = new DeltaBatch();
  const bytes = new Uint8Array(1 << 20);
  const first = session.lastLsn + 1;
  // the fourth fills the device's queue, which is sent by itself
  for (let row = 0; row < 6; row++) {
    bytes.fill(row + 1);
    batch.pushRange(slot, 0, 0, 0, bytes, 0, bytes.length, 0, row === 0 ? 0 : first + row - 1);
  }
  expect(unwrap(session.writeBatch(batch, ["test"]))).toBe(first);
  expect(unwrap(session.device!.residence(page))).toBe("failed");
  unwrap(session.write(page, 5, Uint8Array.of(9)));
  unwrap(await session.stop());
  const source = unwrap(LogReader.open(file));
  expect([...replayEvents(source)].map(unwrap)).toEqual(live);
  source.close();
  const deltas = live.filter((event) => event.type === "delta");
  expect(deltas.map(({ cause }) => cause)).toEqual([0, ...[0, 1, 2, 3, 4].map((row) => first + row), 0]);
  expect(deltas.slice(0, 6).map(({ lsn }) => lsn)).toEqual([0, 1, 2, 3, 4, 5].map((row) => first + row));
  expect(live.find(({ type }) => type === "failure")?.lsn).toBe(first + 6);
});

it("a page that the device has no room for is refused, and nothing was logged", async () => {
  const file = path.join(folder, "full.tlog");
  const session = unwrap(await mmsbStart({ path: file, device: new CpuBackend({ maxBytes: 100 }) }));
  const before = session.lastLsn;
  const refused = session.createPage({ sizeBytes: 101, location: "gpu" });
  expect(!refused.ok && refused.error.code).toBe("DEVICE_OUT_OF_MEMORY");
  const home = unwrap(session.createPage({ sizeBytes: 101 }));
  const moved = session.migratePage(home, "gpu");
  expect(!moved.ok && moved.error.code).toBe("DEVICE_OUT_OF_MEMORY");
  expect(session.lastLsn).toBe(before + 1);
  expect(unwrap(session.describe(home)).location).toBe("cpu");
  unwrap(await session.stop());
});

it("what the device did becomes events of the recording, with page, bytes and cause", async () => {
  const { session, device } = await start();
  const told: { readonly type: string }[] = [];
  unwrap(session.events.onAny((event) => void told.push(event)));
  const page = unwrap(session.createPage({ sizeBytes: 4096, location: "gpu" }));
  unwrap(session.write(page, 0, new Uint8Array(64)));
  unwrap(device.flush());
  expect(unwrap(device.recordEvents())).toBe(4);
  const kinds = told.map(({ type }) => type).filter((type) => /allocation|copy|kernel|device/.test(type));
  expect(kinds).toEqual(["allocation", "copy", "kernel-launch", "device-sample"]);
  const launch = told.find(({ type }) => type === "kernel-launch");
  expect(launch).toMatchObject({ kernel: "apply", sizeBytes: 2 * 64 + 16 });
  expect(unwrap(device.usage())).toMatchObject({
    residentPages: 1,
    byType: [{ type: "bytes", pages: 1, bytes: 4096 }],
  });
  unwrap(await session.stop());
});

it("an allocation's event names its pool, and what that holds after it", async () => {
  const { session, device } = await start();
  const told: string[] = [];
  unwrap(
    session.events.onAny((event) => {
      if (event.type === "allocation") told.push(`${event.action} ${event.pool} ${event.usedBytes}`);
    }),
  );
  const page = unwrap(session.createPage({ sizeBytes: 4096, location: "gpu" }));
  unwrap(session.createPage({ sizeBytes: 100, location: "gpu" }));
  unwrap(session.createPage({ sizeBytes: 70, location: "unified" }));
  unwrap(session.destroyPage(page));
  unwrap(device.recordEvents());
  unwrap(session.createPage({ sizeBytes: 30, location: "unified" }));
  unwrap(device.recordEvents());
  expect(told).toEqual([
    "allocate device 4096",
    "allocate device 4196",
    "allocate unified 70",
    "free device 100",
    "allocate unified 100",
  ]);
  unwrap(await session.stop());
});
