import { expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { CpuMemory } from "../../../engine/device/cpu-memory.ts";
import { DeviceMemory } from "../../../engine/device/device-memory.ts";

test("pages begin zero, keep their bytes through moves, lie apart, and where the spans say", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const rng = new Prng(seed);
    const memory = new CpuMemory(1 << 20, 4096);
    const host = new Uint8Array(10_000);
    memory.register(host);
    let hostAt = 0;
    const pages = new Map<number, Uint8Array>();
    for (let step = 0; step < 150; step++) {
      const some = [...pages.keys()];
      const handle = some.length > 0 ? rng.pick(some) : -1;
      const what = rng.below(4);
      if (what < 2 || handle < 0) {
        const size = rng.pick([0, 1, rng.below(300), rng.below(9000)]);
        const isHost = rng.chance(0.2) && hostAt + size <= host.length;
        const kind = isHost ? DeviceMemory.Registered : rng.pick([DeviceMemory.Device, DeviceMemory.Unified]);
        const made = memory.create(kind, BigInt(step), size, isHost ? host.subarray(hostAt) : undefined);
        if (!made.ok) continue;
        if (isHost) hostAt += size;
        const { bytes } = memory.page(made.value)!;
        expect(pages.has(made.value)).toBe(false);
        expect(Buffer.compare(bytes, new Uint8Array(size))).toBe(0);
        rng.fill(bytes);
        pages.set(made.value, bytes.slice());
      } else if (what === 2) {
        memory.free(handle);
        pages.delete(handle);
        expect(memory.spans.size[handle]).toBe(0);
      } else {
        const kind = rng.pick([DeviceMemory.Device, DeviceMemory.Unified] as const);
        if (memory.move(handle, kind).ok) expect(memory.page(handle)!.memory).toBe(kind);
      }
      const { arenas, arena, at, size } = memory.spans;
      const wrong = [...pages].find(([page, expected]) => {
        const { bytes } = memory.page(page)!;
        const isThere = arenas[arena[page]!]!.buffer === bytes.buffer && at[page] === bytes.byteOffset;
        return !isThere || size[page] !== expected.length || Buffer.compare(bytes, expected) !== 0;
      });
      expect(wrong, `seed ${seed}, step ${step}`).toBeUndefined();
    }
    for (const page of pages.keys()) memory.free(page);
    expect([memory.stats(1).usedBytes, memory.stats(2).usedBytes]).toEqual([0, 0]);
    expect(memory.spans.arenas.every((bytes) => bytes.length === 0)).toBe(true);
  }
});

test("an arena that the system has no memory for is a typed error, and nothing is held because of it", () => {
  const memory = new CpuMemory(2 ** 50, 2 ** 49);
  const made = memory.create(DeviceMemory.Device, 1n, 100);
  expect(made).toMatchObject({ ok: false, error: { code: "DEVICE_OUT_OF_MEMORY" } });
  expect(memory.stats(1)).toMatchObject({ usedBytes: 0, pages: 0 });
});
