// One of the threads of shared-pages.test.ts: random operations on pages that all of them know, through TypeScript or through the addon.
import { parentPort, workerData } from "node:worker_threads";
import { nativeAddon } from "../../engine/accel/index.ts";
import type { NativeFunctions } from "../../engine/accel/native-functions.ts";
import { Prng } from "../../engine/base/prng.ts";
import { unwrap } from "../../engine/base/result.ts";
import { LOCATIONS } from "../../engine/pages/page-types.ts";
import { type SharedPage, SharedPages } from "../../engine/pages/shared-pages.ts";

export interface SharedPagesJob {
  readonly memory: SharedArrayBuffer;
  /** Places where pages are shown to all: generation << 32 | slot + 1, 0 = none. */
  readonly board: BigInt64Array;
  /** Set to 1 when all shall begin. */
  readonly start: Int32Array;
  readonly owner: number;
  readonly operations: number;
  readonly seed: number;
  readonly native: boolean;
}

export interface SharedPagesTally {
  readonly ids: BigUint64Array;
  readonly freed: number;
  readonly torn: number;
  /** PAGE_STATE: a lock that was given up. */
  readonly stuck: number;
  readonly outOfMemory: number;
  readonly reads: number;
}

/** The operations, as codes: 0 = done, 1 = gone, 2 = stuck, 3 = no memory, 4 = no slot, 5 = outside. */
interface Pages {
  allocate(sizeBytes: number): number | SharedPage;
  clone(page: SharedPage): number | SharedPage;
  free(page: SharedPage): number;
  migrate(page: SharedPage, location: number): number;
  read(page: SharedPage, out: Uint8Array): number;
  write(page: SharedPage, bytes: Uint8Array): number;
}

const CODES = ["", "PAGE_UNKNOWN", "PAGE_STATE", "PAGE_OUT_OF_MEMORY", "LIMIT_EXCEEDED", "DELTA_RANGE"];

function inTypeScript(pages: SharedPages): Pages {
  const code = (result: { ok: boolean; error?: { code: string } }) =>
    result.ok ? 0 : CODES.indexOf(result.error!.code);
  return {
    allocate: (sizeBytes) => {
      const made = pages.allocate(sizeBytes);
      return made.ok ? made.value : code(made);
    },
    clone: (page) => {
      const made = pages.clone(page);
      return made.ok ? made.value : code(made);
    },
    free: (page) => code(pages.free(page)),
    migrate: (page, location) => code(pages.migrate(page, LOCATIONS[location]!)),
    read: (page, out) => code(pages.read(page, out)),
    write: (page, bytes) => code(pages.write(page, 0, bytes)),
  };
}

function inNative(functions: NativeFunctions, buffer: SharedArrayBuffer, owner: number): Pages {
  const memory = new Uint8Array(buffer);
  const out = new Uint32Array(4);
  const made = (result: number): number | SharedPage =>
    result === 0
      ? { slot: out[0]!, generation: out[1]!, id: (BigInt(out[3]!) << 32n) | BigInt(out[2]!) }
      : result;
  return {
    allocate: (sizeBytes) => made(functions.allocatePage(memory, owner, sizeBytes, 0, out)),
    clone: ({ slot, generation }) => made(functions.clonePage(memory, owner, slot, generation, out)),
    free: ({ slot, generation }) => functions.freePage(memory, owner, slot, generation),
    migrate: ({ slot, generation }, location) =>
      functions.migratePage(memory, owner, slot, generation, location),
    read: ({ slot, generation }, bytes) => functions.readPage(memory, owner, slot, generation, bytes),
    write: ({ slot, generation }, bytes) => functions.writePage(memory, owner, slot, generation, 0, bytes),
  };
}

function run(job: SharedPagesJob): SharedPagesTally {
  const { board, owner, operations } = job;
  const shared = unwrap(SharedPages.attach(job.memory, owner));
  const pages =
    job.native && nativeAddon.path !== undefined
      ? inNative(nativeAddon.functions, job.memory, owner)
      : inTypeScript(shared);
  const prng = new Prng(job.seed);
  const ids: bigint[] = [];
  let [freed, torn, stuck, outOfMemory, reads] = [0, 0, 0, 0, 0];
  const note = (code: number) => {
    if (code === 2) stuck++;
    return code === 0;
  };
  const free = (page: SharedPage) => {
    if (note(pages.free(page))) freed++;
  };
  const unpack = (place: bigint): SharedPage => ({
    slot: (Number(place & 0xffff_ffffn) - 1) >>> 0,
    generation: Number(BigInt.asUintN(32, place >> 32n)),
    id: 0n,
  });
  const show = (page: SharedPage) => {
    ids.push(page.id);
    const packed = BigInt.asIntN(64, (BigInt(page.generation) << 32n) | BigInt(page.slot + 1));
    const before = Atomics.exchange(board, prng.below(board.length), packed);
    if (before !== 0n) free(unpack(before));
  };
  Atomics.wait(job.start, 0, 0);
  for (let i = 0; i < operations; i++) {
    const place = Atomics.load(board, prng.below(board.length));
    const page = unpack(place);
    const size = shared.sizeOf(page);
    const bytes = size.ok ? size.value : 0;
    switch (prng.below(8)) {
      case 0:
      case 1: {
        const made = pages.allocate(1 + prng.below(prng.chance(0.1) ? 30_000 : 1500));
        if (typeof made === "object") show(made);
        else if (!note(made)) outOfMemory++;
        break;
      }
      case 2: {
        const made = pages.clone(page);
        if (typeof made === "object") show(made);
        else note(made);
        break;
      }
      case 3:
        note(pages.migrate(page, prng.below(3)));
        break;
      case 4:
        // whoever else frees it too: one of them succeeds
        if (prng.chance(0.4)) free(page);
        break;
      case 5:
        note(pages.write(page, new Uint8Array(bytes).fill(prng.below(256))));
        break;
      default: {
        const out = new Uint8Array(bytes);
        if (!note(pages.read(page, out)) || bytes === 0) break;
        reads++;
        for (let at = 1; at < bytes; at++) {
          if (out[at] === out[0]) continue;
          torn++;
          break;
        }
      }
    }
  }
  return { ids: BigUint64Array.from(ids), freed, torn, stuck, outOfMemory, reads };
}

parentPort?.postMessage(run(workerData as SharedPagesJob));
