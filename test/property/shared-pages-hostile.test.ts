// Law: whatever stands in the memory of shared pages (any thread may write anywhere in it), and whatever is passed, an operation answers or refuses; it touches nothing
// outside the arena, throws nothing of its own and comes to an end. Through TypeScript and through the addon.
import { describe, expect, it } from "vitest";
import { nativeAddon } from "../../engine/accel/index.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { type Result, unwrap } from "../../engine/base/result.ts";
import { LOCATIONS, type PageLocation } from "../../engine/pages/page-types.ts";
import { Field, HEADER_WORDS, SLOT_WORDS, STATE_MASK, Word } from "../../engine/pages/shared-layout.ts";
import { type SharedPage, SharedPages } from "../../engine/pages/shared-pages.ts";
import { checkSharedPages } from "../helpers/check-shared-pages.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20261125);
const ROUNDS = Number(process.env["MMSB_RUNS"] ?? 300);
const MAX_PAGES = 30;
const ARENA_BYTES = 20_000;
const CODES = ["PAGE_UNKNOWN", "PAGE_STATE", "PAGE_OUT_OF_MEMORY", "LIMIT_EXCEEDED", "DELTA_RANGE"];

/** What may be done to a page, to a code: "ok" or that of the error. */
interface Operations {
  allocate(sizeBytes: number, location: PageLocation): SharedPage | string;
  clone(page: SharedPage): SharedPage | string;
  free(page: SharedPage): string;
  migrate(page: SharedPage, location: PageLocation): string;
  read(page: SharedPage, out: Uint8Array): string;
  write(page: SharedPage, offset: number, bytes: Uint8Array): string;
}

const codeOf = (result: Result<unknown>) => (result.ok ? "ok" : result.error.code);

function inTypeScript(pages: SharedPages): Operations {
  const made = (result: Result<SharedPage>) => (result.ok ? result.value : result.error.code);
  return {
    allocate: (sizeBytes, location) => made(pages.allocate(sizeBytes, location)),
    clone: (page) => made(pages.clone(page)),
    free: (page) => codeOf(pages.free(page)),
    migrate: (page, location) => codeOf(pages.migrate(page, location)),
    read: (page, out) => codeOf(pages.read(page, out)),
    write: (page, offset, bytes) => codeOf(pages.write(page, offset, bytes)),
  };
}

function inNative(pages: SharedPages): Operations | undefined {
  if (nativeAddon.path === undefined) return undefined;
  const { functions } = nativeAddon;
  const memory = new Uint8Array(pages.memory);
  const out = new Uint32Array(4);
  const code = (result: number) => ["ok", ...CODES][result]!;
  const made = (result: number) =>
    result === 0
      ? { slot: out[0]!, generation: out[1]!, id: (BigInt(out[3]!) << 32n) | BigInt(out[2]!) }
      : code(result);
  return {
    allocate: (sizeBytes, location) =>
      made(functions.allocatePage(memory, 2, sizeBytes, LOCATIONS.indexOf(location), out)),
    clone: ({ slot, generation }) => made(functions.clonePage(memory, 2, slot, generation, out)),
    free: ({ slot, generation }) => code(functions.freePage(memory, 2, slot, generation)),
    migrate: ({ slot, generation }, location) =>
      code(functions.migratePage(memory, 2, slot, generation, LOCATIONS.indexOf(location))),
    read: ({ slot, generation }, bytes) => code(functions.readPage(memory, 2, slot, generation, bytes)),
    write: ({ slot, generation }, offset, bytes) =>
      code(functions.writePage(memory, 2, slot, generation, offset, bytes)),
  };
}

/** Numbers that lead astray where they are followed. */
function stray(rng: Prng): number {
  return rng.pick([0, 1, rng.below(400), 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, rng.u32()]) | 0;
}

/** Some words of the header, the slots and the links hold something else. Locks are left alone: they are waited for, seconds long. */
function scribble(rng: Prng, words: Int32Array): void {
  for (let i = 1 + rng.below(6); i > 0; i--) {
    // heads of lists most of all
    const at = rng.chance(0.5) ? rng.between(Word.FreshGranule, 120) : rng.between(4, words.length - 1);
    if (at === Word.HeapLock) continue;
    const field = at < HEADER_WORDS ? -1 : (at - HEADER_WORDS) % SLOT_WORDS;
    const isState = field === Field.State && at < HEADER_WORDS + MAX_PAGES * SLOT_WORDS;
    words[at] = isState ? (words[at]! & STATE_MASK) | (stray(rng) & ~STATE_MASK) : stray(rng);
  }
}

describe.each([
  ["TypeScript", inTypeScript],
  ["the addon", inNative],
] as const)("shared pages through %s", (_, through) => {
  it("answer or refuse whatever stands in their memory", (ctx) => {
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const rng = new Prng(seed + round);
      const pages = unwrap(SharedPages.create({ arenaBytes: ARENA_BYTES, maxPages: MAX_PAGES }));
      const attached = unwrap(SharedPages.attach(pages.memory, 1, 1000));
      const operations = through(attached);
      if (operations === undefined) return ctx.skip("no native addon");
      const known: SharedPage[] = [];
      const keep = (made: SharedPage | string) => {
        if (typeof made === "object") known.push(made);
        seen.add(typeof made === "object" ? "ok" : made);
      };
      const words = new Int32Array(
        pages.memory,
        0,
        Math.floor(pages.memory.byteLength / 4) - ARENA_BYTES / 4,
      );
      for (let step = 0; step < 60; step++) {
        if (step >= 20 && rng.chance(0.3)) scribble(rng, words);
        const page = known.length === 0 ? { slot: 3, generation: 1, id: 0n } : rng.pick(known);
        const size = attached.sizeOf(page);
        const bytes = new Uint8Array(Math.min(size.ok ? size.value : rng.below(100), 40_000));
        const location = rng.pick(LOCATIONS);
        try {
          rng.pick([
            () => keep(operations.allocate(rng.below(rng.pick([1, 100, 3000])), location)),
            () => keep(operations.allocate(rng.below(rng.pick([1, 100, 3000])), location)),
            () => keep(operations.clone(page)),
            () => void seen.add(operations.free(page)),
            () => void seen.add(operations.migrate(page, location)),
            () => void seen.add(operations.read(page, bytes)),
            () => void seen.add(operations.write(page, rng.below(20), bytes)),
          ])();
          attached.holdings();
          attached.locationOf(page);
        } catch (error) {
          throw new Error(`MMSB_SEED=${seed + round}, step ${step}`, { cause: error });
        }
      }
    }
    expect([...seen].filter((code) => code !== "ok" && code !== "PAGE_SIZE_INVALID").sort()).toEqual(
      [...CODES].filter((code) => code !== "PAGE_STATE").sort(),
    );
  });
});

describe("shared pages", () => {
  it("refuse a location that is none, and stay where they were", () => {
    const pages = unwrap(SharedPages.create({ arenaBytes: ARENA_BYTES, maxPages: MAX_PAGES }));
    const page = unwrap(pages.allocate(10, "gpu"));
    for (const location of ["moon", "", "toString", 1, undefined, null]) {
      expect(codeOf(pages.migrate(page, location as never)), String(location)).toBe("ARGUMENT_INVALID");
      if (location !== undefined)
        expect(codeOf(pages.allocate(10, location as never)), String(location)).toBe("ARGUMENT_INVALID");
    }
    expect(unwrap(pages.locationOf(page))).toBe("gpu");
    expect(checkSharedPages(pages.memory)).toEqual([page.id]);
  });

  it("refuse wrong arguments through the addon by name", (ctx) => {
    if (nativeAddon.path === undefined) return ctx.skip("no native addon");
    const { functions } = nativeAddon;
    const rng = new Prng(seed);
    const detached = new Uint8Array(64);
    structuredClone(detached, { transfer: [detached.buffer] });
    const pages = unwrap(SharedPages.create({ arenaBytes: ARENA_BYTES, maxPages: MAX_PAGES }));
    const memory = new Uint8Array(pages.memory);
    const page = unwrap(pages.allocate(100));
    const odd: unknown[] = [
      undefined,
      null,
      -1,
      0.5,
      Number.NaN,
      2 ** 32,
      2 ** 60,
      64,
      "text",
      {},
      [],
      detached,
      new Uint8Array(0),
      new Uint8Array(4096),
      memory.subarray(1),
      memory.subarray(0, 3000),
      new Uint32Array(3),
      new Float64Array(9),
    ];
    const { slot, generation } = page;
    const calls: [name: keyof typeof functions, args: unknown[]][] = [
      ["allocatePage", [memory, 1, 64, 0, new Uint32Array(4)]],
      ["freePage", [memory, 1, 7, 0]],
      ["clonePage", [memory, 1, slot, generation, new Uint32Array(4)]],
      ["migratePage", [memory, 1, slot, generation, 1]],
      ["readPage", [memory, 1, slot, generation, new Uint8Array(100)]],
      ["writePage", [memory, 1, slot, generation, 0, new Uint8Array(50)]],
    ];
    let refused = 0;
    for (let round = 0; round < 2 * ROUNDS; round++) {
      const [name, right] = rng.pick(calls);
      const args = right.slice();
      args[rng.below(args.length)] = rng.pick(odd);
      try {
        const result = (functions[name] as (...args: unknown[]) => unknown)(...args);
        expect(result).toBeTypeOf("number");
      } catch (error) {
        expect(error).toBeInstanceOf(MmsbError);
        expect(error).toMatchObject({
          code: "ARGUMENT_INVALID",
          message: expect.stringContaining(`${name}: `),
        });
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(ROUNDS);
    checkSharedPages(pages.memory);
  });
});
