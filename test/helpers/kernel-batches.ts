import type { TestContext } from "vitest";
import { nativeAddon } from "../../engine/accel/index.ts";
import type { NativeFunctions } from "../../engine/accel/native-functions.ts";
import type { Prng } from "../../engine/base/prng.ts";
import { type ArenaView, ArenaViews } from "../../engine/graph/arena-views.ts";
import type { KernelBatch } from "../../engine/graph/kernels/kernel-runner.ts";
import { KERNEL_KINDS, type KernelElement, type KernelSpec } from "../../engine/graph/kernels/kernel-spec.ts";
import { referenceKernels } from "../../engine/graph/kernels/reference-kernels.ts";

/** Batches of the graph's kernels on random pages, that fit or do not. */

/** The addon's functions; skips the test, with the reason, where there is none. */
export function addon(ctx: TestContext): NativeFunctions {
  if (nativeAddon.path === undefined) ctx.skip(`no native addon: ${nativeAddon.reason}`);
  return (nativeAddon as Extract<typeof nativeAddon, { path: string }>).functions;
}

/** Pages that a kernel reads and writes, by slot. */
type Pages = Pick<KernelBatch, "spec" | "arenas" | "arena" | "arenaOffset" | "size">;

/** A copy of a page's bytes. */
export function pageOf({ arenas, arena, arenaOffset, size }: Pages, slot: number): Uint8Array {
  const at = arenaOffset[slot]!;
  return Uint8Array.from(arenas[arena[slot]!]!.bytes.subarray(at, at + size[slot]!));
}

/** What the reference makes of a page from these entries (slot * 2); undefined where it refuses. */
export function computePage(pages: Pages, slot: number, entries: Uint32Array): Uint8Array | undefined {
  const out = viewsOf([new Uint8Array((pages.size[slot]! + 7) & ~7)])[0]!;
  const refused = new Uint8Array(1);
  referenceKernels.run({
    ...pages,
    rows: 1,
    slot: Uint32Array.of(slot),
    inputStart: Uint32Array.of(0, entries.length),
    inputs: entries.map((entry) => entry >>> 1),
    out,
    outAt: new Uint32Array(1),
    refused,
  });
  return refused[0] === 0 ? out.bytes.subarray(0, pages.size[slot]!) : undefined;
}

const ELEMENTS = ["f64", "f32", "i32", "u32"] as const;
const MAPS = ["affine", "negate", "absolute", "square", "sqrt", "relu"] as const;
const ZIPS = ["add", "subtract", "multiply", "divide", "min", "max"] as const;
const ODD = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  1e-320,
  -1e-40,
  3e38,
];
const WHOLE = [0, 1, 2, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

export function viewsOf(arenas: readonly Uint8Array[]): readonly ArenaView[] {
  const views = new ArenaViews();
  views.refresh(arenas);
  return views.all;
}

export function randomSpec(rng: Prng): KernelSpec {
  const kind = rng.pick(KERNEL_KINDS);
  const element = rng.pick(ELEMENTS);
  const number = () =>
    rng.pick([1, -1, 2, 0.5, -0.7, 3e9, 1e300, 2 ** 53 + 2, rng.normal(), rng.below(1000)]);
  switch (kind) {
    case "copy":
      return { kind };
    case "map":
      return { kind, element, operation: rng.pick(MAPS), scale: number(), offset: number() };
    case "zip":
      return { kind, element, operation: rng.pick(ZIPS) };
    case "matmul":
      return { kind, element, rows: 1 + rng.below(4), inner: 1 + rng.below(4), columns: 1 + rng.below(4) };
    case "histogram":
      return rng.chance(0.1)
        ? { kind, element, low: -1e308, high: 1e308 }
        : { kind, element, low: -rng.below(5), high: 1 + rng.below(9) };
    case "scan":
      return { kind, element };
    default:
      return { kind, element, over: rng.pick(["inputs", "elements"] as const) };
  }
}

/** Elements of all kinds over the arena; whole bytes where `element` is undefined. */
export function fillElements(view: ArenaView, element: KernelElement | undefined, rng: Prng): void {
  if (element === undefined) for (let i = 0; i < view.bytes.length; i++) view.bytes[i] = rng.below(256);
  else {
    const isWhole = element === "i32" || element === "u32";
    const to = view[element];
    for (let i = 0; i < to.length; i++) {
      if (isWhole) to[i] = rng.chance(0.3) ? rng.pick(WHOLE) : rng.u32() >>> rng.below(32);
      else to[i] = rng.chance(0.2) ? rng.pick(ODD) : rng.normal() * 10 ** (rng.below(9) - 3);
    }
  }
}

export function randomBatch(rng: Prng): KernelBatch {
  const spec = randomSpec(rng);
  const pages = 1 + rng.below(12);
  const most = rng.pick([8, 40, 200, 20_000]);
  const size = new Uint32Array(pages);
  const arena = new Uint16Array(pages);
  const arenaOffset = new Uint32Array(pages);
  const ends = [0, 0];
  for (let page = 0; page < pages; page++) {
    size[page] = most > 300 ? most - rng.below(2) * 8 : rng.chance(0.2) ? 8 : 1 + rng.below(most);
    arena[page] = rng.below(2);
    arenaOffset[page] = ends[arena[page]!]!;
    ends[arena[page]!]! += (size[page]! + 63) & ~63;
  }
  const arenas = viewsOf(ends.map((end) => new Uint8Array(new SharedArrayBuffer(end))));
  for (const view of arenas) fillElements(view, spec.kind === "copy" ? undefined : spec.element, rng);
  const rows = rng.below(8);
  const slot = Uint32Array.from({ length: rows }, () => rng.below(pages));
  const inputStart = new Uint32Array(rows + 1);
  const inputs: number[] = [];
  const outAt = new Uint32Array(rows);
  let bytes = 0;
  for (let row = 0; row < rows; row++) {
    const count = rng.chance(0.1) ? 0 : 1 + rng.below(5);
    for (let i = 0; i < count; i++) inputs.push(rng.below(pages));
    inputStart[row + 1] = inputs.length;
    outAt[row] = bytes;
    bytes += (size[slot[row]!]! + 7) & ~7;
  }
  return {
    spec,
    rows,
    slot,
    inputStart,
    inputs: Uint32Array.from(inputs),
    arenas,
    arena,
    arenaOffset,
    size,
    out: viewsOf([new Uint8Array(bytes).fill(0xa5)])[0]!,
    outAt,
    refused: new Uint8Array(rows).fill(7),
  };
}
