import { describe, expect, it } from "vitest";
import { accel } from "../../../engine/accel/index.ts";
import { Prng } from "../../../engine/base/prng.ts";
import { Allocator } from "../../../engine/pages/allocator.ts";
import { MAX_SMALL_BYTES, smallBlockBytes } from "../../../engine/pages/slab-heap.ts";

const MIB = 1 << 20;

describe("page memory", () => {
  it("lies on 64-byte boundaries, and on 4096 ones for pages of 4096 bytes and more", () => {
    const allocator = new Allocator(64 * MIB, 16 * MIB);
    for (const size of [1, 63, 64, 65, 500, 4000, 4096, 4097, 10_000, 100_000]) {
      expect(allocator.allocate(size)).toBe(true);
      expect(allocator.offset % (size >= 4096 ? 4096 : 64)).toBe(0);
    }
  });

  it("for small pages loses less than a fourth to rounding from 256 bytes on", () => {
    for (let size = 1; size <= MAX_SMALL_BYTES; size++) {
      const block = smallBlockBytes(size);
      expect(block).toBeGreaterThanOrEqual(size);
      if (size > 256) expect(block).toBeLessThan(size * 1.25);
    }
  });

  it("starts small, and grows by doubling into few arenas", () => {
    const allocator = new Allocator(2 ** 33, 2 ** 30);
    expect(allocator.reservedBytes).toBe(0);
    allocator.allocate(1);
    expect(allocator.reservedBytes).toBe(MIB);
    for (let i = 0; i < 50_000; i++) allocator.allocate(4096);
    const { arenas, reservedBytes } = allocator.stats();
    expect(arenas).toBeLessThan(12);
    expect(reservedBytes).toBeLessThanOrEqual(2 * 50_001 * 4096 + MIB);
  });

  it("begins where large pages do in every arena that one fits into", () => {
    const allocator = new Allocator(2 ** 33, 2 ** 30);
    for (let i = 0; i < 5000; i++) allocator.allocate(4096);
    const arenas = allocator.arenas.bytes.filter(
      ({ length }) => length >= Math.max(MIB, accel.largePageBytes),
    );
    expect(arenas.length).toBeGreaterThan(2);
    for (const bytes of arenas) expect(accel.preferLargePages(bytes)).toBe(0);
  });

  it("is zero whoever had it before, whatever is freed, taken, overwritten and let go in between", () => {
    for (let seed = 1; seed <= 40; seed++) {
      const rng = new Prng(seed);
      const allocator = new Allocator(4 * MIB, MIB);
      const blocks: { arena: number; offset: number; size: number }[] = [];
      const big = rng.pick([4096, 20_000, 300_000]);
      for (let step = 0; step < 250; step++) {
        if (blocks.length > 0 && rng.chance(step % 100 < 50 ? 0.35 : 0.7)) {
          // in order or not, one or all
          for (let n = rng.pick([1, 1, 1, blocks.length]); n > 0; n--) {
            const [block] = blocks.splice(rng.below(blocks.length), 1);
            allocator.release(block!.arena, block!.offset, block!.size);
          }
          if (rng.chance(0.05)) allocator.trim();
          continue;
        }
        const size = 1 + rng.below(rng.pick([3000, 4096, 12_000, big]));
        const zero = rng.chance(0.8);
        if (!allocator.allocate(size, zero)) continue;
        const { arena, offset } = allocator;
        const bytes = allocator.arenas.bytes[arena]!.subarray(offset, offset + size);
        if (zero && bytes.some((byte) => byte !== 0)) throw new Error(`seed ${seed}, step ${step}: not zero`);
        allocator.arenas.bytes[arena]!.fill(0xa5, offset, offset + size);
        blocks.push({ arena, offset, size });
      }
    }
  });

  it("is joined again when neighbours are freed in any order, so that one large page fits", () => {
    const allocator = new Allocator(MIB, MIB);
    const blocks = Array.from({ length: 256 }, () => {
      expect(allocator.allocate(4096)).toBe(true);
      return [allocator.arena, allocator.offset] as const;
    });
    expect(allocator.allocate(1)).toBe(false);
    for (const parity of [1, 0]) {
      for (let i = parity; i < 256; i += 2) allocator.release(...blocks[i]!, 4096);
      const { freeBytes, largestFreeBytes } = allocator.stats();
      expect([freeBytes, largestFreeBytes]).toEqual(parity === 1 ? [MIB / 2, 4096] : [MIB, MIB]);
    }
    expect(allocator.allocate(MIB)).toBe(true);
  });

  it("of small pages goes back to large ones when they are gone", () => {
    const allocator = new Allocator(MIB, MIB);
    const blocks: (readonly [number, number, number])[] = [];
    for (let i = 0; ; i++) {
      const size = 1 + ((i * 37) % MAX_SMALL_BYTES);
      if (!allocator.allocate(size)) break;
      blocks.push([allocator.arena, allocator.offset, size]);
    }
    expect(blocks.length).toBeGreaterThan(200);
    for (const block of blocks) allocator.release(...block);
    expect(allocator.stats()).toMatchObject({
      usedBytes: 0,
      blockBytes: 0,
      freeBytes: MIB,
      largestFreeBytes: MIB,
    });
    expect(allocator.allocate(MIB)).toBe(true);
  });

  it("of small pages is filled up again where one of many goes and another comes", () => {
    for (const size of [64, 256, 1000, 3584]) {
      const allocator = new Allocator(MIB, MIB);
      const blocks: (readonly [number, number, number])[] = [];
      while (allocator.allocate(size)) blocks.push([allocator.arena, allocator.offset, size]);
      // From the last bit of each word, the first, and one in the middle, in full slabs.
      for (const i of [63, 31, 0, 32, 7, 100]) {
        allocator.release(...blocks[i]!);
        expect(allocator.allocate(size)).toBe(true);
        expect([allocator.arena, allocator.offset, size]).toEqual(blocks[i]);
      }
    }
  });

  it("is counted: used, in blocks, reserved, and the peaks of it", () => {
    const allocator = new Allocator(16 * MIB, 4 * MIB);
    allocator.allocate(100);
    const [arena, offset] = [allocator.arena, allocator.offset];
    allocator.allocate(5000);
    expect(allocator.stats()).toMatchObject({
      usedBytes: 5100,
      blockBytes: 128 + 8192,
      reservedBytes: MIB,
      arenas: 1,
    });
    allocator.release(arena, offset, 100);
    expect(allocator.stats()).toMatchObject({ usedBytes: 5000, peakUsedBytes: 5100, peakReservedBytes: MIB });
  });

  it("of arenas without a page goes back to the system, and is taken again when needed", () => {
    const allocator = new Allocator(8 * MIB, 8 * MIB);
    allocator.allocate(100);
    allocator.allocate(4 * MIB);
    allocator.arenas.bytes[allocator.arena]![allocator.offset] = 9;
    allocator.release(allocator.arena, allocator.offset, 4 * MIB);
    expect(allocator.reservedBytes).toBe(5 * MIB);
    expect(allocator.trim()).toBe(4 * MIB);
    expect(allocator.trim()).toBe(0);
    expect(allocator.allocate(3 * MIB)).toBe(true);
    expect(allocator.arenas.bytes[allocator.arena]![allocator.offset]).toBe(0);
    expect(allocator.stats().arenas).toBe(2);
  });

  it("that lies in empty arenas does not stand in the way of a page that needs another cut", () => {
    const allocator = new Allocator(4 * MIB, 4 * MIB);
    for (let i = 0; i < 2; i++) {
      allocator.allocate(MIB);
      const small = [allocator.arena, allocator.offset] as const;
      allocator.allocate(MIB);
      allocator.release(allocator.arena, allocator.offset, MIB);
      allocator.release(...small, MIB);
      expect(allocator.allocate(4 * MIB)).toBe(true);
      allocator.release(allocator.arena, allocator.offset, 4 * MIB);
    }
    expect(allocator.allocate(4 * MIB)).toBe(true);
    expect(allocator.allocate(1)).toBe(false);
  });

  it("taken again in a smaller piece does not remember the blocks of the larger one", () => {
    const frames = (count: number) => count * 4096;
    const allocator = new Allocator(frames(256 + 600 + 300), frames(1000));
    const take = (count: number) => {
      expect(allocator.allocate(frames(count))).toBe(true);
      return [allocator.arena, allocator.offset, frames(count)] as const;
    };
    take(1);
    allocator.release(...take(512));
    const [low, high] = [take(300), take(212)];
    allocator.release(...high);
    allocator.release(...low);
    expect(allocator.trim()).toBe(frames(512));
    take(600);
    // Room for 300 frames is left: the arena of 512 comes back with as many.
    allocator.release(...take(300));
    expect(allocator.stats()).toMatchObject({ freeBytes: frames(255 + 300), largestFreeBytes: frames(300) });
    expect(allocator.trim()).toBe(frames(300));
  });

  it("freed twice is a bug that is caught", () => {
    const allocator = new Allocator(MIB, MIB);
    for (const size of [100, 5000]) {
      allocator.allocate(size);
      const block = [allocator.arena, allocator.offset, size] as const;
      allocator.allocate(size);
      allocator.release(...block);
      expect(() => allocator.release(...block)).toThrow("released once");
    }
  });

  it("of a gigabyte is one page, and costs nothing until it is written", () => {
    const allocator = new Allocator(2 ** 31, 2 ** 30);
    const before = process.memoryUsage.rss();
    expect(allocator.allocate(2 ** 30)).toBe(true);
    expect(process.memoryUsage.rss() - before).toBeLessThan(2 ** 28);
    expect(allocator.allocate(2 ** 30 + 1)).toBe(false);
  });
});
