import { describe, expect, it } from "vitest";
import { accel } from "../../../engine/accel/index.ts";
import type { MmsbError } from "../../../engine/base/errors.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { unwrap } from "../../../engine/base/result.ts";
import { DeltaBatch } from "../../../engine/deltas/delta-batch.ts";
import { CpuBackend, type CpuBackendOptions } from "../../../engine/device/cpu-backend.ts";
import { DevicePages } from "../../../engine/device/device-pages.ts";
import { deviceUsage, fragmentation } from "../../../engine/device/device-usage.ts";
import { ElementType, Kernel, KernelFunction } from "../../../engine/device/kernel-batch.ts";
import { runOnPages } from "../../../engine/device/page-kernels.ts";
import { PageTable } from "../../../engine/pages/page-table.ts";
import type { PageLocation } from "../../../engine/pages/page-types.ts";

function setUp(options: CpuBackendOptions = {}) {
  const table = new PageTable({ maxBytes: 16 * 2 ** 20 });
  const losses: { error: MmsbError; pages: readonly bigint[] }[] = [];
  const backend = new CpuBackend(options);
  const pages = new DevicePages(table, backend, (error, lost) => losses.push({ error, pages: lost }));
  const create = (sizeBytes: number, location: PageLocation, type = "bytes") => {
    const slot = unwrap(table.create({ sizeBytes, location, type }));
    return { slot, placed: pages.place(slot) };
  };
  /** What a session does with a write: host image first, then the queue. */
  const write = (slot: number, offset: number, bytes: Uint8Array) => {
    const [o, l] = [Uint32Array.of(offset), Uint32Array.of(bytes.length)];
    const size = table.size[slot]!;
    accel.applyRuns(
      o,
      l,
      0,
      1,
      bytes,
      0,
      table.arenaBytes(table.arena[slot]!),
      table.arenaOffset[slot]!,
      size,
    );
    table.bumpEpoch(slot);
    pages.wrote(slot, o, l, 0, 1, bytes, 0);
  };
  const onDevice = (slot: number) => {
    const into = new Uint8Array(table.size[slot]!);
    unwrap(pages.read(slot, into));
    return into;
  };
  return { table, backend, pages, losses, create, write, onDevice };
}

const bytes = (random: Prng, length: number) => Uint8Array.from({ length }, () => random.below(256));

describe("pages on a device", () => {
  it("follow the host images through writes, moves and ends, in any order", () => {
    const seed = Date.now() >>> 0;
    const random = new Prng(seed);
    const { table, pages, create, write, onDevice } = setUp();
    const slots: number[] = [];
    for (let step = 0; step < 600; step++) {
      const what = random.below(12);
      if (slots.length === 0 || what === 0) {
        const { slot, placed } = create(
          1 + random.below(500),
          random.pick(["cpu", "gpu", "unified"] as const),
        );
        unwrap(placed);
        slots.push(slot);
        continue;
      }
      const slot = random.pick(slots);
      if (what === 1) {
        pages.remove(slot);
        unwrap(table.destroy(slot));
        slots.splice(slots.indexOf(slot), 1);
      } else if (what === 2) {
        const location = random.pick(["cpu", "gpu", "unified"] as const);
        const epoch = table.epoch[slot];
        unwrap(pages.move(slot, location));
        table.setLocation(slot, location);
        unwrap(pages.place(slot));
        expect(table.epoch[slot], `seed ${seed}`).toBe(epoch);
      } else {
        const offset = random.below(table.size[slot]!);
        write(slot, offset, bytes(random, random.below(table.size[slot]! - offset) + 1));
      }
      if (step % 20 !== 0) continue;
      const hashes = unwrap(pages.hashes());
      for (const held of slots) {
        const isThere = table.locationOf(held) !== "cpu";
        expect(pages.residence(held), `seed ${seed}`).toBe(isThere ? "resident" : "host");
        if (!isThere) continue;
        expect(onDevice(held), `seed ${seed}`).toEqual(new Uint8Array(table.bytes(held)));
        expect(hashes.has(held)).toBe(true);
      }
    }
  });

  it("send a wave of deltas as one launch", () => {
    const { backend, pages, create, write } = setUp();
    const slots = Array.from({ length: 10 }, () => create(4096, "gpu").slot);
    const before = unwrap(backend.stats()).launches;
    for (const slot of slots) write(slot, 5, Uint8Array.of(1, 2, 3));
    unwrap(pages.flush());
    unwrap(pages.flush());
    expect(unwrap(backend.stats()).launches).toBe(before + 1);
  });

  it("know nothing of pages of the CPU", () => {
    const { pages, create, write } = setUp();
    const { slot } = create(64, "cpu");
    write(slot, 0, Uint8Array.of(1));
    expect(pages.count).toBe(0);
    expect(pages.read(slot, new Uint8Array(64)).ok).toBe(false);
  });

  it("share a unified page's one buffer with the program", () => {
    const { pages, create, write } = setUp();
    const { slot } = create(100, "unified");
    const view = unwrap(pages.view(slot))!;
    write(slot, 10, Uint8Array.of(7, 8, 9));
    unwrap(pages.flush());
    expect([...view.subarray(9, 14)]).toEqual([0, 7, 8, 9, 0]);
    unwrap(pages.move(slot, "unified"));
    expect(unwrap(pages.view(slot))!.buffer).toBe(view.buffer);
  });

  it("are refused where the device has no room, and nothing has changed", () => {
    const { table, pages, create } = setUp({ maxBytes: 1000 });
    const { slot, placed } = create(1001, "gpu");
    expect(!placed.ok && placed.error.code).toBe("DEVICE_OUT_OF_MEMORY");
    expect(pages.residence(slot)).toBe("host");
    expect(table.bytes(slot)).toHaveLength(1001);
    const first = create(600, "gpu");
    const second = create(600, "unified");
    unwrap(second.placed);
    const moved = pages.move(second.slot, "gpu");
    expect(!moved.ok && moved.error.code).toBe("DEVICE_OUT_OF_MEMORY");
    expect([pages.residence(first.slot), pages.residence(second.slot)]).toEqual(["resident", "resident"]);
  });
});

describe("a lost device", () => {
  it("at any operation moves its pages to failed, once, and loses no byte", () => {
    // The n-th operation loses the device, for every n that a small program has.
    let finished = false;
    for (let n = 1; !finished && n < 200; n++) {
      let operations = 0;
      const { table, pages, losses, create, write } = setUp({ fault: () => (++operations === n ? 719 : 0) });
      const random = new Prng(7);
      const images = new Map<number, Uint8Array>();
      for (let i = 0; i < 4; i++) {
        const { slot } = create(200, i % 2 === 0 ? "gpu" : "unified");
        images.set(slot, new Uint8Array(200));
      }
      for (let i = 0; i < 12; i++) {
        const slot = random.below(4);
        const part = bytes(random, 20);
        write(slot, i, part);
        images.get(slot)!.set(part, i);
        if (i % 3 === 0) pages.flush();
        if (i === 6) {
          pages.move(0, "unified");
          table.setLocation(0, "unified");
          pages.place(0);
        }
      }
      pages.flush();
      pages.hashes();
      for (const [slot, image] of images) expect(new Uint8Array(table.bytes(slot))).toEqual(image);
      finished = losses.length === 0;
      if (finished) continue;
      expect(losses).toHaveLength(1);
      expect(losses[0]!.error.code).toBe("DEVICE_FAILED");
      expect(losses[0]!.error.message).toContain("719");
      expect(pages.count).toBe(0);
      const failed = [...images.keys()].filter((slot) => pages.residence(slot) === "failed");
      for (const id of losses[0]!.pages) expect(failed.map((slot) => table.idOf(slot))).toContain(id);
      // life goes on
      expect(create(10, "gpu").placed.ok).toBe(true);
      expect(pages.flush().ok).toBe(true);
    }
    expect(finished).toBe(true);
  });
});

describe("kernels over pages", () => {
  const doubled = (out: number, a: number, count: number) =>
    ({
      kernel: Kernel.Map,
      function: KernelFunction.Affine,
      type: ElementType.I32,
      scale: 2,
      bias: 0,
      out,
      a,
      count,
    }) as const;

  function filled(location: PageLocation = "gpu") {
    const made = setUp();
    const [a, out] = [made.create(400, location).slot, made.create(400, location).slot];
    const values = Int32Array.from({ length: 100 }, (_, i) => (i < 50 ? i : 0));
    made.write(a, 0, new Uint8Array(values.buffer));
    return { ...made, a, out, values };
  }

  it("become deltas of exactly the bytes that changed, and the host follows", () => {
    const { table, pages, a, out, values, onDevice } = filled();
    const deltas = new DeltaBatch();
    unwrap(runOnPages(pages, [doubled(out, a, 100)], deltas, 0, 42));
    expect(deltas.count).toBe(1);
    expect(deltas.cause[0]).toBe(42);
    expect(deltas.payloadBytes).toBeLessThan(60);
    deltas.apply(table.spans);
    const expected = new Uint8Array(values.map((x) => x * 2).buffer);
    expect(new Uint8Array(table.bytes(out))).toEqual(expected);
    expect(onDevice(out)).toEqual(expected);
  });

  it("that change nothing make no delta", () => {
    const { pages, table, a, out } = filled();
    const deltas = new DeltaBatch();
    unwrap(runOnPages(pages, [doubled(out, a, 100)], deltas, 0, 0));
    deltas.apply(table.spans);
    deltas.clear();
    unwrap(runOnPages(pages, [doubled(out, a, 100)], deltas, 0, 0));
    expect(deltas.count).toBe(0);
  });

  it("can be undone, and refuse pages that are elsewhere or written twice", () => {
    const { pages, a, out, onDevice, create } = filled("unified");
    const deltas = new DeltaBatch();
    unwrap(runOnPages(pages, [doubled(out, a, 100)], deltas, 0, 0)).undo();
    expect(onDevice(out)).toEqual(new Uint8Array(400));
    const jobs = [doubled(out, a, 100), doubled(out, a, 50)];
    expect(runOnPages(pages, jobs, deltas, 0, 0).ok).toBe(false);
    expect(runOnPages(pages, [doubled(create(400, "cpu").slot, a, 100)], deltas, 0, 0).ok).toBe(false);
    expect(onDevice(out)).toEqual(new Uint8Array(400));
  });
});

it("sums up what is where", () => {
  const { pages, backend, create } = setUp();
  create(100, "gpu", "weights");
  create(200, "unified", "weights");
  create(50, "gpu", "loss");
  create(50, "cpu", "loss");
  const usage = deviceUsage(pages, unwrap(backend.stats()));
  expect(usage.byType).toEqual([
    { type: "weights", pages: 2, bytes: 300 },
    { type: "loss", pages: 1, bytes: 50 },
  ]);
  expect(usage.residentPages).toBe(3);
  expect(fragmentation({ ...usage.device, freeBytes: 100, largestFreeBytes: 25 })).toBe(0.75);
});
