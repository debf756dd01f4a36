// What every device backend must do, against plain loops over plain arrays: run with the CPU backend everywhere (backend.test.ts), and with a GPU where
// there is one (there, and engine-suite.ts on a machine that has nothing but a carried Node).
import { createHash } from "node:crypto";
import type { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import type { DeviceBackend } from "../../engine/device/device-backend.ts";
import { DeviceEventKind, DeviceOperation } from "../../engine/device/device-events.ts";
import { DeviceMemory, MemoryAdvice } from "../../engine/device/device-memory.ts";
import { RowQueue } from "../../engine/device/row-queue.ts";

export type Expect = (holds: boolean, what: string) => void;

export interface BackendCheck {
  readonly name: string;
  run(backend: DeviceBackend, random: Prng, expect: Expect): void;
}

interface Model {
  handle: number;
  bytes: Uint8Array<ArrayBuffer>;
}

export function draw(random: Prng, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = random.below(256);
  return bytes;
}

function crcOf(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

const equal = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

function contents(backend: DeviceBackend, model: Model): Uint8Array {
  const into = new Uint8Array(model.bytes.length).fill(0xcd);
  unwrap(backend.read(model.handle, 0, into));
  return into;
}

function make(backend: DeviceBackend, random: Prng, length: number, memory: DeviceMemory = 1): Model {
  const handle = unwrap(backend.createPage(memory, 5n, length));
  const bytes = draw(random, length);
  unwrap(backend.write(handle, 0, bytes));
  return { handle, bytes };
}

function free(backend: DeviceBackend, ...models: Model[]): void {
  for (const { handle } of models) unwrap(backend.freePage(handle));
}

const column = (models: readonly Model[]) => Uint32Array.from(models, ({ handle }) => handle);

/** Whatever comes, in any order, on a handful of pages: after each step all of them are what the model says. */
const anyProgram: BackendCheck = {
  name: "any program of writes, copies and deltas ends with the bytes that plain loops give",
  run(backend, random, expect) {
    const pages: Model[] = [];
    const steps = {
      create() {
        const memory = random.below(3) === 0 ? DeviceMemory.Unified : DeviceMemory.Device;
        pages.push(make(backend, random, 1 + random.below(700), memory));
      },
      free() {
        if (pages.length > 1) free(backend, ...pages.splice(random.below(pages.length), 1));
      },
      migrate() {
        const { handle } = pages[random.below(pages.length)]!;
        unwrap(
          backend.migratePage(handle, random.below(2) === 0 ? DeviceMemory.Device : DeviceMemory.Unified),
        );
      },
      write() {
        const page = pages[random.below(pages.length)]!;
        const offset = random.below(page.bytes.length);
        const bytes = draw(random, random.below(page.bytes.length - offset + 1));
        unwrap(backend.write(page.handle, offset, bytes));
        page.bytes.set(bytes, offset);
      },
      zero() {
        const chosen = pages.filter(() => random.below(3) === 0);
        unwrap(backend.zero(column(chosen), chosen.length));
        for (const { bytes } of chosen) bytes.fill(0);
      },
      clone() {
        const source = pages[random.below(pages.length)]!;
        const target = make(backend, random, source.bytes.length);
        unwrap(backend.clone(column([source]), column([target]), 1));
        target.bytes.set(source.bytes);
        pages.push(target);
      },
      apply() {
        const rows = new RowQueue();
        for (let row = random.below(40); row > 0; row--) {
          const page = pages[random.below(pages.length)]!;
          const offset = random.below(page.bytes.length);
          const bytes = draw(random, 1 + random.below(random.below(4) === 0 ? 300 : 20));
          rows.push(page.handle, offset, bytes, 0, bytes.length);
          // past the end is cut
          page.bytes.set(bytes.subarray(0, page.bytes.length - offset), offset);
        }
        unwrap(backend.apply(rows));
      },
      copy() {
        const source = pages[random.below(pages.length)]!;
        const target = pages[random.below(pages.length)]!;
        if (source === target) return;
        const length = random.below(Math.min(source.bytes.length, target.bytes.length) + 1);
        const from = random.below(source.bytes.length - length + 1);
        const to = random.below(target.bytes.length - length + 1);
        const ranges = { length: Uint32Array.of(length), count: 1 };
        unwrap(
          backend.copyRanges(
            { page: column([source]), offset: Uint32Array.of(from), ...ranges },
            { page: column([target]), offset: Uint32Array.of(to), ...ranges },
          ),
        );
        target.bytes.set(source.bytes.subarray(from, from + length), to);
      },
      throughBuffer() {
        const some = pages.filter(() => random.below(2) === 0);
        const offset = some.map(({ bytes }) => random.below(bytes.length));
        const length = some.map(({ bytes }, i) => random.below(bytes.length - offset[i]! + 1));
        const total = length.reduce((sum, bytes) => sum + bytes, 0);
        const buffer = make(backend, random, total + 20);
        const ranges = {
          page: column(some),
          offset: Uint32Array.from(offset),
          length: Uint32Array.from(length),
          count: some.length,
        };
        const isScatter = random.below(2) === 0;
        unwrap(
          isScatter ? backend.scatter(buffer.handle, 7, ranges) : backend.gather(buffer.handle, 7, ranges),
        );
        let at = 7;
        for (const [i, { bytes }] of some.entries()) {
          const range = bytes.subarray(offset[i]!, offset[i]! + length[i]!);
          const part = buffer.bytes.subarray(at, at + range.length);
          if (isScatter) range.set(part);
          else part.set(range);
          at += range.length;
        }
        expect(equal(contents(backend, buffer), buffer.bytes), "the buffer");
        free(backend, buffer);
      },
      merge() {
        const page = pages[random.below(pages.length)]!;
        const { length } = page.bytes;
        const bits = random.below(2) === 0;
        const mask = make(backend, random, bits ? Math.ceil(length / 8) : length);
        if (!bits) {
          mask.bytes = mask.bytes.map((flag) => (flag < 128 ? 0 : flag));
          unwrap(backend.write(mask.handle, 0, mask.bytes));
        }
        const values = make(backend, random, length);
        unwrap(backend.merge(column([page]), column([mask]), column([values]), 1, bits));
        for (let i = 0; i < length; i++) {
          const isSet = bits ? (mask.bytes[i >> 3]! >> (i & 7)) & 1 : mask.bytes[i];
          if (isSet) page.bytes[i] = values.bytes[i]!;
        }
        free(backend, mask, values);
      },
    };
    const names = Object.keys(steps) as (keyof typeof steps)[];
    steps.create();
    for (let step = 0; step < 60; step++) {
      const name = names[random.below(names.length)]!;
      steps[name]();
      const wrong = pages.findIndex((page) => !equal(contents(backend, page), page.bytes));
      expect(wrong < 0, `after ${name} page ${wrong} is wrong`);
    }
    free(backend, ...pages);
  },
};

const inspection: BackendCheck = {
  name: "diff, CRC-32C and SHA-256 of pages are those of their bytes",
  run(backend, random, expect) {
    const before: Model[] = [];
    const after: Model[] = [];
    const runs: [number, number][][] = [];
    for (let pair = 0; pair < 6; pair++) {
      const a = make(backend, random, 1 + random.below(4000));
      const b = make(backend, random, a.bytes.length);
      const isDense = random.below(2) === 0;
      b.bytes.set(a.bytes);
      for (let i = 0; i < b.bytes.length; i++)
        if (random.below(isDense ? 2 : 50) === 0) b.bytes[i] = random.below(256);
      unwrap(backend.write(b.handle, 0, b.bytes));
      const expected: [number, number][] = [];
      for (let i = 0; i < b.bytes.length; i++) {
        if (a.bytes[i] === b.bytes[i]) continue;
        const last = expected[expected.length - 1];
        if (last !== undefined && last[0] + last[1] === i) last[1]++;
        else expected.push([i, 1]);
      }
      before.push(a);
      after.push(b);
      runs.push(expected);
    }
    const diff = unwrap(backend.diff(column(before), column(after), before.length));
    for (const [pair, expected] of runs.entries()) {
      const from = diff.runStart[pair]!;
      const found = Array.from({ length: diff.runStart[pair + 1]! - from }, (_, i) => [
        diff.runOffset[from + i],
        diff.runLength[from + i],
      ]);
      expect(JSON.stringify(found) === JSON.stringify(expected), `runs of pair ${pair}`);
    }
    const crcs = unwrap(backend.crc32c(column(after), after.length));
    const digests = unwrap(backend.sha256(column(after), after.length));
    for (const [i, { bytes }] of after.entries()) {
      expect(crcs[i] === crcOf(bytes), `CRC-32C of ${bytes.length} bytes`);
      const sha = createHash("sha256").update(bytes).digest();
      expect(equal(digests.subarray(i * 32, i * 32 + 32), sha), `SHA-256 of ${bytes.length} bytes`);
    }
    free(backend, ...before, ...after);
  },
};

const unified: BackendCheck = {
  name: "a unified page is one buffer for CPU and device; hints and moves keep its bytes",
  run(backend, random, expect) {
    const page = make(backend, random, 5000, DeviceMemory.Unified);
    for (const advice of Object.values(MemoryAdvice)) unwrap(backend.advise(page.handle, advice));
    unwrap(backend.prefetch(page.handle, true));
    const view = unwrap(backend.view(page.handle));
    if (view !== undefined) {
      expect(equal(view, page.bytes), "the view shows what was written");
      view[17] = page.bytes[17]! ^ 0xff;
      page.bytes[17] = view[17]!;
      expect(
        unwrap(backend.crc32c(column([page]), 1))[0] === crcOf(page.bytes),
        "the device sees the CPU's write",
      );
      unwrap(backend.zero(column([page]), 1));
      page.bytes.fill(0);
      expect(equal(unwrap(backend.view(page.handle))!, page.bytes), "the CPU sees the device's write");
    }
    unwrap(backend.prefetch(page.handle, false));
    unwrap(backend.migratePage(page.handle, DeviceMemory.Unified));
    unwrap(backend.migratePage(page.handle, DeviceMemory.Device));
    expect(!backend.view(page.handle).ok, "the CPU has no view of device memory");
    expect(equal(contents(backend, page), page.bytes), "bytes survive the move");
    free(backend, page);
  },
};

const registered: BackendCheck = {
  name: "a registered page lies in the program's own memory",
  run(backend, random, expect) {
    const arena = new Uint8Array(new SharedArrayBuffer(65_536));
    unwrap(backend.registerHost(arena));
    const host = arena.subarray(4096, 4096 + 1000);
    host.set(draw(random, 1000));
    const handle = unwrap(backend.createPage(DeviceMemory.Registered, 9n, 1000, host));
    const rows = new RowQueue();
    rows.push(handle, 3, Uint8Array.of(1, 2, 3, 4, 5), 0, 5);
    const expected = host.slice();
    expected.set([1, 2, 3, 4, 5], 3);
    unwrap(backend.apply(rows));
    unwrap(backend.synchronize());
    expect(equal(host, expected), "a delta lands in the arena itself");
    expect(!backend.unregisterHost(arena).ok, "memory that a page lies in stays registered");
    unwrap(backend.freePage(handle));
    unwrap(backend.unregisterHost(arena));
    expect(
      !backend.createPage(DeviceMemory.Registered, 9n, 16, host).ok,
      "no page outside of a registration",
    );
  },
};

const refusals: BackendCheck = {
  name: "calls that make no sense are refused and change nothing",
  run(backend, random, expect) {
    const page = make(backend, random, 100);
    const other = make(backend, random, 99);
    const code = (result: { ok: boolean; error?: { code: string } }) => (result.ok ? "" : result.error!.code);
    const refused = (result: { ok: boolean; error?: { code: string } }, what: string) =>
      expect(code(result) === "ARGUMENT_INVALID", `${what} is refused`);
    refused(backend.read(4_000_000, 0, new Uint8Array(1)), "an unknown handle");
    refused(backend.read(page.handle, 100, new Uint8Array(1)), "a read past the end");
    refused(backend.write(page.handle, 1, new Uint8Array(100)), "a write past the end");
    refused(backend.clone(column([page]), column([other]), 1), "a clone onto another size");
    refused(backend.clone(column([page]), column([page]), 1), "a clone onto itself");
    refused(backend.diff(column([page]), column([other]), 1), "a diff of different sizes");
    const range = { page: column([page]), length: Uint32Array.of(30), count: 1 };
    const apart = { ...range, offset: Uint32Array.of(0) };
    refused(backend.copyRanges(apart, { ...range, offset: Uint32Array.of(20) }), "an overlapping copy");
    refused(backend.gather(page.handle, 0, apart), "gathering a buffer into itself");
    refused(backend.merge(column([page]), column([page]), column([page]), 1, false), "a merge from itself");
    const rows = new RowQueue();
    rows.push(page.handle, 0, Uint8Array.of(1), 0, 1);
    rows.payloadAt[0] = 50;
    refused(backend.apply(rows), "a row past the payload");
    expect(equal(contents(backend, page), page.bytes), "the page is as before");
    expect(backend.failure === undefined, "the device goes on");
    free(backend, page, other);
  },
};

const statistics: BackendCheck = {
  name: "statistics count every allocation, copy, launch and free, with bytes and cause",
  run(backend, random, expect) {
    backend.takeEvents();
    const before = unwrap(backend.stats());
    backend.setCause(4711);
    const page = make(backend, random, 4096);
    const rows = new RowQueue();
    rows.push(page.handle, 0, draw(random, 64), 0, 64);
    unwrap(backend.apply(rows));
    const during = unwrap(backend.stats());
    free(backend, page);
    unwrap(backend.synchronize());
    backend.setCause(0);
    const rowsTaken = backend.takeEvents();
    const kinds = rowsTaken.map(({ kind }) => kind);
    const { Allocate, Copy, Launch, Free } = DeviceEventKind;
    expect(String(kinds) === String([Allocate, Copy, Launch, Free]), `in order: ${kinds}`);
    expect(
      rowsTaken.every(({ cause }) => cause === 4711),
      "with their cause",
    );
    expect(
      rowsTaken[2]?.operation === DeviceOperation.Apply && rowsTaken[2].count === 1,
      "the launch is named",
    );
    expect(rowsTaken[0]?.pageId === 5n && rowsTaken[0].bytes === 4096, "the allocation has page and bytes");
    const after = unwrap(backend.stats());
    expect(during.device.usedBytes >= before.device.usedBytes + 4096, "used bytes rise");
    expect(after.device.usedBytes === before.device.usedBytes, "and fall again");
    expect(after.device.peakUsedBytes >= during.device.usedBytes, "the peak stays");
    expect(after.launches === before.launches + 1 && after.copies === before.copies + 1, "the counts");
    expect(after.bytesToDevice === before.bytesToDevice + 4096, "bytes sent");
  },
};

const pools: BackendCheck = {
  name: "a pool's map adds up to its figures, and follows a pool of the same rules",
  run(backend, random, expect) {
    const size = () => 1 + random.below(random.below(6) === 0 ? 90_000 : 3000);
    const held: number[] = [];
    for (let step = 0; step < 60; step++) {
      if (held.length === 0 || random.below(5) < 3) held.push(unwrap(backend.createPage(1, 1n, size())));
      else unwrap(backend.freePage(held.splice(random.below(held.length), 1)[0]!));
      const { device } = unwrap(backend.stats());
      const maps = unwrap(backend.arenaMaps(1));
      const used = maps.flatMap((map) => map.used.map(({ sizeBytes }) => sizeBytes));
      const total = (bytes: readonly number[]) => bytes.reduce((sum, part) => sum + part, 0);
      expect(total(used) === device.usedBytes, "used runs make the used bytes");
      expect(
        total(maps.map(({ sizeBytes }) => sizeBytes)) === device.reservedBytes,
        "arenas make the reserved bytes",
      );
      const gaps = maps.flatMap(({ sizeBytes, used: runs }) =>
        [...runs, { offset: sizeBytes, sizeBytes: 0 }].map(({ offset }, i) => {
          const before = runs[i - 1];
          return offset - (before === undefined ? 0 : before.offset + before.sizeBytes);
        }),
      );
      expect(Math.max(0, ...gaps) === device.largestFreeBytes, "the largest gap is the largest free block");
    }
    for (const handle of held) unwrap(backend.freePage(handle));
  },
};

const moves: BackendCheck = {
  name: "rows tell which way bytes went: a prefetch to either side, a move to the other memory",
  run(backend, random, expect) {
    const page = make(backend, random, 70_000, DeviceMemory.Unified);
    unwrap(backend.synchronize());
    backend.takeEvents();
    unwrap(backend.prefetch(page.handle, true));
    unwrap(backend.prefetch(page.handle, false));
    unwrap(backend.migratePage(page.handle, DeviceMemory.Device));
    unwrap(backend.synchronize());
    const copies = backend.takeEvents().filter(({ kind }) => kind === DeviceEventKind.Copy);
    const { PrefetchToDevice, PrefetchToHost, Migrate } = DeviceOperation;
    const told = copies.map(({ operation }) => operation);
    // a card that may not share managed memory with the CPU is not asked to prefetch
    const expected = told.length === 1 ? [Migrate] : [PrefetchToDevice, PrefetchToHost, Migrate];
    expect(String(told) === String(expected), `in order: ${told}`);
    expect(
      copies.every(({ bytes, pageId }) => bytes === 70_000 && pageId === 5n),
      "each with bytes and page",
    );
    free(backend, page);
  },
};

export const backendChecks: readonly BackendCheck[] = [
  anyProgram,
  inspection,
  unified,
  registered,
  refusals,
  statistics,
  pools,
  moves,
];
