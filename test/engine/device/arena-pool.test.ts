import { describe, expect, it } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { type ArenaMap, boundedMaps, POOL_GRANULE } from "../../../engine/device/arena-map.ts";
import { ArenaPool, blockBytes, type PoolBlock } from "../../../engine/device/arena-pool.ts";

const seed = Number(process.env["MMSB_TEST_SEED"] ?? Date.now() >>> 0);
const GRANULES = 64;

/** The same rules with one flag a granule: best fit, then the first place; whole arenas given back only at the limit. */
class NaivePool {
  readonly #arenas: { number: number; flags: boolean[] }[] = [];
  #made = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  #free() {
    return this.#arenas.flatMap(({ number, flags }) => {
      const runs: { number: number; from: number; length: number }[] = [];
      for (let at = 0; at < flags.length; at++) {
        if (flags[at]) continue;
        if (at > 0 && !flags[at - 1] && runs.length > 0) runs[runs.length - 1]!.length++;
        else runs.push({ number, from: at, length: 1 });
      }
      return runs;
    });
  }

  get reserved(): number {
    return this.#arenas.reduce((total, { flags }) => total + flags.length, 0);
  }

  largest(): number {
    return Math.max(0, ...this.#free().map(({ length }) => length));
  }

  allocate(granules: number): PoolBlock | undefined {
    const find = () =>
      this.#free()
        .filter(({ length }) => length >= granules)
        .sort((a, b) => a.length - b.length || a.number - b.number || a.from - b.from)[0];
    if (find() === undefined) {
      if (granules > this.#max - this.reserved) {
        const kept = this.#arenas.filter(({ flags }) => flags.includes(true));
        this.#arenas.splice(0, Number.POSITIVE_INFINITY, ...kept);
      }
      const room = this.#max - this.reserved;
      if (granules > room) return undefined;
      const flags = new Array<boolean>(Math.min(Math.max(granules, GRANULES), room)).fill(false);
      this.#arenas.push({ number: this.#made++, flags });
    }
    const { number, from } = find()!;
    this.#arenas.find((arena) => arena.number === number)!.flags.fill(true, from, from + granules);
    return { arena: number, offset: from * POOL_GRANULE };
  }

  release({ arena: number, offset }: PoolBlock, granules: number): void {
    const from = offset / POOL_GRANULE;
    this.#arenas.find((arena) => arena.number === number)!.flags.fill(false, from, from + granules);
  }

  maps(): ArenaMap[] {
    return this.#arenas.map(({ number, flags }) => {
      const used: { offset: number; sizeBytes: number }[] = [];
      for (let at = 0; at < flags.length; at++) {
        if (!flags[at]) continue;
        const offset = at * POOL_GRANULE;
        const last = used[used.length - 1];
        if (last !== undefined && last.offset + last.sizeBytes === offset)
          used[used.length - 1] = { offset: last.offset, sizeBytes: last.sizeBytes + POOL_GRANULE };
        else used.push({ offset, sizeBytes: POOL_GRANULE });
      }
      return { arena: number, sizeBytes: flags.length * POOL_GRANULE, used };
    });
  }
}

describe("the books of a pool", () => {
  it("are those of one flag a granule, whatever comes and goes", () => {
    const random = new Prng(seed);
    for (let round = 0; round < 30; round++) {
      const max = 3 * GRANULES + random.below(GRANULES);
      const pool = new ArenaPool(max * POOL_GRANULE, GRANULES * POOL_GRANULE);
      const naive = new NaivePool(max);
      const held: { block: PoolBlock; bytes: number }[] = [];
      let peak = 0;
      for (let step = 0; step < 120; step++) {
        if (held.length === 0 || random.below(5) < 3) {
          const bytes = random.below(random.below(6) === 0 ? 90 * POOL_GRANULE : 9 * POOL_GRANULE);
          const block = pool.allocate(bytes);
          expect(block, `seed ${seed}`).toEqual(naive.allocate(blockBytes(bytes) / POOL_GRANULE));
          if (block !== undefined) held.push({ block, bytes });
        } else {
          const [gone] = held.splice(random.below(held.length), 1);
          pool.release(gone!.block, gone!.bytes);
          naive.release(gone!.block, blockBytes(gone!.bytes) / POOL_GRANULE);
        }
        const used = held.reduce((total, { bytes }) => total + blockBytes(bytes), 0);
        peak = Math.max(peak, used);
        expect(pool.maps(), `seed ${seed}`).toEqual(naive.maps());
        expect(pool.stats(), `seed ${seed}`).toMatchObject({
          usedBytes: used,
          peakUsedBytes: peak,
          reservedBytes: naive.reserved * POOL_GRANULE,
          freeBytes: naive.reserved * POOL_GRANULE - used,
          largestFreeBytes: naive.largest() * POOL_GRANULE,
          pages: held.length,
        });
      }
    }
  });

  it("are told with few runs where there are many: those with small gaps between them as one", () => {
    const random = new Prng(seed);
    const used = Array.from({ length: 500 }, (_, i) => ({
      offset: i * 16 * POOL_GRANULE,
      sizeBytes: (1 + random.below(15)) * POOL_GRANULE,
    }));
    const map: ArenaMap = { arena: 0, sizeBytes: 500 * 16 * POOL_GRANULE, used };
    expect(boundedMaps([map], 500)).toEqual({ maps: [map], gapBytes: 0 });
    const { maps, gapBytes } = boundedMaps([map], 100);
    const told = maps[0]!.used;
    expect(told.length).toBeLessThanOrEqual(100);
    const within = (offset: number, end: number) =>
      told.some((run) => run.offset <= offset && run.offset + run.sizeBytes >= end);
    for (const { offset, sizeBytes } of used) expect(within(offset, offset + sizeBytes)).toBe(true);
    for (let i = 1; i < told.length; i++)
      expect(told[i]!.offset - told[i - 1]!.offset - told[i - 1]!.sizeBytes).toBeGreaterThanOrEqual(gapBytes);
  });
});
