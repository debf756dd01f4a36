// Law: an index has the same bytes whoever makes it, the addon or TypeScript. And whatever the arguments, the addon's functions return or throw
// ARGUMENT_INVALID.
import { describe, expect, it } from "vitest";
import { type Accel, nativeAddon, referenceAccel } from "../../engine/accel/index.ts";
import { nativeAccel } from "../../engine/accel/native-accel.ts";
import { MmsbError } from "../../engine/base/errors.ts";
import { Prng } from "../../engine/base/prng.ts";
import { ok, type Result, unwrap } from "../../engine/base/result.ts";
import { finish } from "../../engine/base/sliced.ts";
import { nodeFileSystem } from "../../engine/log/file-system.ts";
import { emptyIndex, IndexBuilder } from "../../engine/log/index/build-index.ts";
import { ChunkStore } from "../../engine/log/index/chunk-store.ts";
import { writingIndex } from "../../engine/log/index/index-file.ts";
import { encodePageCreate } from "../../engine/log/record-bodies.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { deltaBody, imageOf, MemorySource, sha256Hex } from "../helpers/memory-recording.ts";
import { randomRecording } from "../helpers/random-recording.ts";

const seed = Number(process.env["MMSB_SEED"] ?? 20260105);
const CACHES = { blockCacheBytes: 1 << 20, runCacheBytes: 1 << 20 };

interface BuildShape {
  readonly pageBytes: number;
  readonly runRecords: number;
  readonly isBare: boolean;
  readonly memoryBytes: number;
}

/** Hash of the whole index, as its file would be: chunks, root and directory. */
function indexOf(source: MemorySource, hot: Accel, shape: BuildShape): string {
  const store = new ChunkStore({});
  const index = unwrap(emptyIndex(source, store, CACHES));
  const builder = new IndexBuilder(index, { ...shape, runBodyBytes: 1 << 16, files: nodeFileSystem, hot });
  unwrap(finish(builder.build(true)));
  builder.dispose();
  unwrap(store.flush());
  const chunks = new Uint8Array(store.length);
  unwrap(store.read(0, chunks.length, chunks));
  const root: Uint8Array[] = [];
  const file = {
    write(parts: readonly Uint8Array[]): Result<void> {
      root.push(...parts);
      return ok();
    },
  };
  unwrap(finish(writingIndex(file as never, index, source, store)));
  index.close();
  return [chunks, ...root].map(sha256Hex).join(" ");
}

/** Long stretches of deltas, now and then something else: what the addon takes by the batch, and what it stops at. */
function deltaRecording(rng: Prng): MemorySource {
  const source = new MemorySource(rng.pick([20, 300, 4096]));
  const pageCount = rng.pick([1, 5, 60]);
  const idOf = (page: number) => (page % 7 === 6 ? 2n ** 63n + BigInt(page) : BigInt(page));
  const sizeOf = (page: number) => [16, 64, 300, 5000][page % 4]!;
  const epochs = new Float64Array(pageCount);
  const create = (page: number) => {
    epochs[page] = rng.chance(0.2) ? rng.below(1000) : 0;
    const body = { type: "bytes", location: "cpu", metadata: new Map(), schema: undefined } as const;
    source.add({
      kind: RecordKind.PageCreate,
      page: idOf(page),
      epoch: epochs[page]!,
      body: encodePageCreate({ ...body, sizeBytes: sizeOf(page) }),
    });
  };
  for (let page = 0; page < pageCount; page++) if (rng.chance(0.9)) create(page);
  const jumps = rng.chance(0.3);
  const wholes = rng.pick([0, 0.02, 0.5]);
  const others = rng.pick([0, 0.003, 0.1]);
  const count = rng.pick([50, 1000, 2500]);
  for (let i = 0; i < count; i++) {
    const page = rng.below(pageCount);
    if (rng.chance(others)) {
      const kind = rng.pick([RecordKind.PageDestroy, RecordKind.PageCreate, RecordKind.TransactionBegin]);
      if (kind === RecordKind.PageCreate) create(page);
      else if (kind === RecordKind.PageDestroy) source.add({ kind, page: idOf(page) });
      else source.add({ kind });
      continue;
    }
    const size = sizeOf(page);
    const runs: [number, Uint8Array][] = [];
    if (rng.chance(wholes)) runs.push([0, new Uint8Array(size).fill(i)]);
    else
      for (let at = rng.below(size), n = rng.pick([1, 1, 1, 2, 30]); n > 0; n--) {
        runs.push([at, new Uint8Array(1 + rng.below(30)).fill(i)]);
        at += runs.at(-1)![1].length + 1 + rng.below(9);
      }
    epochs[page]! += jumps && rng.chance(0.01) ? rng.below(5) : 1;
    source.add({ kind: RecordKind.Delta, page: idOf(page), epoch: epochs[page]!, body: deltaBody(...runs) });
  }
  // replay stops there
  if (rng.chance(0.2)) source.add({ kind: RecordKind.Delta, page: idOf(0), body: new Uint8Array([1, 2]) });
  return source;
}

/** A session with everything a log can hold, some of it lost. */
function anyRecording(rng: Prng): MemorySource {
  const { source } = randomRecording(rng.u32(), {
    records: 300,
    deltas: 0.9,
    blockRecords: rng.pick([10, 100]),
    genesisPages: rng.below(3),
    checkpointEvery: 60,
    reuseIds: rng.chance(0.5),
  });
  if (rng.chance(0.5)) source.lose(100, 100 + rng.below(30));
  if (rng.chance(0.2)) source.images.push(imageOf({ lsn: source.lastLsn, pages: [], edges: [] }));
  return source;
}

describe("the index made by the addon", () => {
  for (const [name, make, count] of [
    ["mostly deltas", deltaRecording, 40],
    ["everything a log can hold", anyRecording, 40],
  ] as const)
    it(`has the bytes of the reference's: ${name} (I1)`, (ctx) => {
      if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
      const native = nativeAccel(nativeAddon.functions);
      for (let round = 0; round < count; round++) {
        const rng = new Prng(seed + round);
        const source = make(rng);
        const shape = {
          // less than the pages take: some of them are spilled
          pageBytes: rng.pick([2000, 1 << 22]),
          runRecords: rng.pick([100, 1000, 100_000]),
          isBare: rng.chance(0.1),
          memoryBytes: rng.pick([1 << 17, Number.POSITIVE_INFINITY]),
        };
        const made = indexOf(source, native, shape);
        expect(made, `MMSB_SEED=${seed + round}`).toBe(indexOf(source, referenceAccel, shape));
      }
    });

  it("bounds every argument: hostile ones are refused by name, or change nothing that is not there", (ctx) => {
    if (nativeAddon.path === undefined) return ctx.skip(`no native addon: ${nativeAddon.reason}`);
    const native = nativeAddon.functions;
    const calls = { refused: 0, returned: 0 };
    for (let round = 0; round < 1500; round++) {
      const rng = new Prng(seed + round);
      const count = rng.pick([0, 1, 3, 40, 1000]);
      const number = () =>
        rng.pick([0, 1, 2, count, rng.below(50), 2 ** 31, 2 ** 32 - 1, -1, 0.5, Number.NaN]);
      const u32 = () => {
        const values = new Uint32Array(rng.chance(0.9) ? count * 16 + 16 : rng.below(20));
        const most = rng.pick([1, 2, 20, 2 ** 32]);
        for (let i = 0; i < values.length; i++) values[i] = rng.below(most);
        return values;
      };
      const f64 = () => {
        const values = new Float64Array(rng.chance(0.9) ? count + 7 : rng.below(20));
        const choice = [0, 1, -1, 64, Number.POSITIVE_INFINITY, Number.NaN, 2 ** 52];
        for (let i = 0; i < values.length; i++) values[i] = rng.pick(choice);
        return values;
      };
      const u8 = () => {
        const values = new Uint8Array(rng.pick([0, 10, 500]));
        for (let i = 0; i < values.length; i++) values[i] = rng.pick([0, 1, 2, 5, rng.below(256)]);
        return values;
      };
      const odd = <T>(value: T): T =>
        rng.chance(0.01) ? rng.pick([undefined, null, "x", {}] as never[]) : value;
      const args = (shape: string) =>
        [...shape].map((code) => {
          const made = { u: u32, d: f64, b: u8, n: number, a: () => [u8(), u8()] }[code]!();
          return odd(made as never);
        });
      for (const [name, shape] of [
        ["noteDeltas", "uduubnnudduuuuuuuduunnnnnn"],
        ["sortDeltas", "udnnuud"],
        ["gatherBodies", "unnuuubbnuu"],
        ["replayPages", "auuuunuuuuubududddbuddu"],
      ] as const) {
        try {
          (native[name] as (...values: unknown[]) => unknown)(...args(shape));
          calls.returned++;
        } catch (error) {
          if (!(error instanceof MmsbError) || error.code !== "ARGUMENT_INVALID") throw error;
          calls.refused++;
        }
      }
    }
    expect(calls.refused).toBeGreaterThan(300);
    expect(calls.returned).toBeGreaterThan(50);
  });
});
