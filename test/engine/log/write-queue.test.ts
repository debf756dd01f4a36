import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nativeAddon } from "../../../engine/accel/index.ts";
import type { NativeFunctions } from "../../../engine/accel/native-functions.ts";
import { MmsbError } from "../../../engine/base/errors.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { ok, unwrap } from "../../../engine/base/result.ts";
import { BlockCheck, type BlockHeader, BlockType, parseBlock } from "../../../engine/log/block-format.ts";
import { BlockOutput } from "../../../engine/log/block-output.ts";
import {
  ioError,
  type LogFile,
  type LogFileSystem,
  nodeFileSystem,
} from "../../../engine/log/file-system.ts";
import { LogReader } from "../../../engine/log/log-reader.ts";
import { LogWriter } from "../../../engine/log/log-writer.ts";
import { RecordKind } from "../../../engine/log/record-kinds.ts";
import { ThreadWriteQueue } from "../../../engine/log/write-queue.ts";

const folder = mkdtempSync(join(tmpdir(), "mmsb-write-queue-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function withAddon(test: (native: NativeFunctions) => void | Promise<void>) {
  return async (ctx: { skip(reason: string): never }) => {
    if (nativeAddon.path === undefined) ctx.skip(`no native addon: ${nativeAddon.reason}`);
    else await test(nativeAddon.functions);
  };
}

/** Files whose queue writes to a descriptor of the test's own; everything else is as it should be. */
function queuedTo(native: NativeFunctions, descriptor: number): LogFileSystem {
  return {
    ...nodeFileSystem,
    open(path, mode) {
      const opened = nodeFileSystem.open(path, mode);
      if (!opened.ok || mode === "read") return opened;
      const queue = new ThreadWriteQueue(
        native,
        descriptor,
        () => ok(),
        (cause) => ioError(cause, path, "writing"),
      );
      return ok(
        new Proxy(opened.value, {
          get(file: LogFile, key) {
            if (key === "queue") return queue;
            const value = Reflect.get(file, key);
            return typeof value === "function" ? value.bind(file) : value;
          },
        }),
      );
    },
  };
}

const body = new Uint8Array(10_000).fill(3);

it("a sync under way covers nothing that still waits in the queue", async () => {
  const happened: string[] = [];
  const waiting: (() => void)[] = [];
  let finishSync = () => {};
  const file = {
    queue: {
      chunkBytes: 20_000,
      maxPending: 3,
      write: () => {
        waiting.push(() => happened.push("queued write"));
        return ok();
      },
      settle: () => {
        for (const write of waiting.splice(0)) write();
        return ok();
      },
    },
    write: () => {
      happened.push("write");
      return ok();
    },
    syncAsync: () =>
      new Promise((resolve) => {
        finishSync = () => {
          happened.push("sync");
          finishSync = () => {};
          resolve(ok());
        };
      }),
    close: () => {},
  };
  const output = new BlockOutput("x", new Uint8Array(16), file as unknown as LogFile);
  const append = (bytes: number) => output.emit(BlockType.Overflow, 0, 0, 1, new Uint8Array(bytes));
  append(100);
  const first = output.durable();
  append(100);
  const second = output.durable();
  append(20_000);
  expect(waiting).toHaveLength(1);
  finishSync();
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  const third = output.durable();
  finishSync();
  await second;
  await new Promise((resolve) => setImmediate(resolve));
  finishSync();
  await third;
  expect(happened).toEqual(["write", "write", "sync", "queued write", "write", "sync", "sync"]);
});

it("what goes to a queue ends at multiples of its chunks, whatever was flushed between", () => {
  const chunkBytes = 1 << 17;
  const prng = new Prng(8);
  const ends: number[] = [];
  const content = new Map<number, Uint8Array>();
  const keep = (bytes: Uint8Array, offset: number) => {
    content.set(offset, bytes.slice());
    return ok();
  };
  const file = {
    queue: {
      chunkBytes,
      maxPending: 3,
      write: (bytes: Uint8Array, offset: number) => {
        ends.push(offset + bytes.length);
        return keep(bytes, offset);
      },
      settle: () => ok(),
    },
    write: ([bytes]: Uint8Array[], offset: number) => keep(bytes!, offset),
    close: () => {},
  };
  const output = new BlockOutput("x", new Uint8Array(16), file as unknown as LogFile);
  const payloads: number[] = [];
  for (let i = 0; i < 300; i++) {
    const payload = new Uint8Array(prng.below(60_000)).fill(i);
    output.emit(BlockType.Overflow, 0, 0, 1, payload);
    payloads.push(payload.length);
    if (prng.chance(0.05)) unwrap(output.flush());
  }
  unwrap(output.flush());
  expect(ends.length).toBeGreaterThan(30);
  expect(ends.filter((end) => end % chunkBytes !== 0)).toEqual([]);
  const whole = Buffer.concat([...content].toSorted(([a], [b]) => a - b).map(([, bytes]) => bytes));
  expect(whole.length).toBe(output.fileBytes);
  let at = 0;
  for (const [i, length] of payloads.entries()) {
    const header = { lengthBytes: 0 } as BlockHeader;
    expect(parseBlock(whole, at, whole.length, undefined, header)).toBe(BlockCheck.Valid);
    expect(whole.subarray(at + 64, at + 64 + length).every((byte) => byte === (i & 255))).toBe(true);
    at += header.lengthBytes;
  }
  expect(at).toBe(whole.length);
});

describe("writes by a thread", () => {
  it(
    "put every byte in its place, through buffers that are used again at once",
    withAddon((native) => {
      const prng = new Prng(5);
      const path = join(folder, "bytes");
      const descriptor = openSync(path, "w");
      const queue = new ThreadWriteQueue(
        native,
        descriptor,
        () => ok(),
        () => expect.fail("no write fails"),
      );
      const buffers = Array.from(
        { length: queue.maxPending + 1 },
        () => new Uint8Array(new SharedArrayBuffer(100_000)),
      );
      const expected: Uint8Array[] = [];
      let at = 0;
      for (let i = 0; i < 200; i++) {
        const bytes = buffers[i % buffers.length]!.subarray(0, prng.below(100_000));
        bytes.fill(i);
        unwrap(queue.write(bytes, at));
        expected.push(bytes.slice());
        at += bytes.length;
        if (prng.chance(0.05)) unwrap(queue.settle());
      }
      queue.close();
      closeSync(descriptor);
      expect(Buffer.compare(readFileSync(path), Buffer.concat(expected))).toBe(0);
    }),
  );

  it(
    "that find no space turn the log read-only, with a typed error",
    withAddon(async (native) => {
      const full = openSync("/dev/full", "w");
      const path = join(folder, "full.tlog");
      const writer = unwrap(
        await LogWriter.create(path, { fileSystem: queuedTo(native, full), durability: "none" }),
      );
      unwrap(writer.flush());
      const before = writer.lastLsn;
      // Enough for the queue to be full, so that its answer must be waited for.
      for (let i = 0; i < 200; i++) writer.append(RecordKind.Event, { body });
      const flushed = writer.flush();
      expect(flushed.ok ? "accepted" : flushed.error.code).toBe("LOG_READ_ONLY");
      expect(writer.failure?.code).toBe("LOG_NO_SPACE");
      expect(writer.append(RecordKind.Event, {})).toBe(0);
      for (const result of [writer.sync(), await writer.durable(), await writer.close()])
        expect(result.ok ? "accepted" : result.error.code).toBe("LOG_READ_ONLY");
      closeSync(full);
      const reader = unwrap(LogReader.open(path));
      expect(reader.lastLsn).toBe(before);
      reader.close();
    }),
  );

  it(
    "are acknowledged only when they are written",
    withAddon(async () => {
      const path = join(folder, "flushed.tlog");
      const writer = unwrap(await LogWriter.create(path, { durability: "none" }));
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 90; i++) writer.append(RecordKind.Event, { body });
        unwrap(round % 2 === 0 ? writer.flush() : await writer.durable());
        const reader = unwrap(LogReader.open(path));
        expect(reader.lastLsn).toBe(writer.lastLsn);
        reader.close();
      }
      unwrap(await writer.close());
    }),
  );

  it(
    "may be asked for with any arguments: a call returns or throws ARGUMENT_INVALID",
    withAddon((native) => {
      const shared = new Uint8Array(new SharedArrayBuffer(8));
      const descriptor = openSync(join(folder, "hostile"), "w");
      const file = native.openFile(descriptor);
      const calls: (() => unknown)[] = [
        () => native.openFile(-1),
        () => native.openFile(2 ** 31),
        () => native.openFile("1" as never),
        () => native.writeFile(file + 1, shared, 0),
        () => native.writeFile(-1, shared, 0),
        () => native.writeFile(file, new Uint8Array(8), 0),
        () => native.writeFile(file, new Uint32Array(new SharedArrayBuffer(8)) as never, 0),
        () => native.writeFile(file, shared, -1),
        () => native.writeFile(file, shared, 0.5),
        () => native.settleFile(99),
        () => native.closeFile(Number.NaN),
      ];
      for (const call of calls) {
        expect(call).toThrow(MmsbError);
        expect(call).toThrow(expect.objectContaining({ code: "ARGUMENT_INVALID" }));
      }
      expect(native.writeFile(file, shared, 0)).toBe(0);
      expect(native.closeFile(file)).toBe(0);
      expect(() => native.settleFile(file)).toThrow(MmsbError);
      closeSync(descriptor);
      const nowhere = native.openFile(descriptor);
      native.writeFile(nowhere, shared, 0);
      expect(native.settleFile(nowhere)).toBeGreaterThan(0);
      native.closeFile(nowhere);
    }),
  );
});
