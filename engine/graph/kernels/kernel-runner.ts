import type { ArenaView } from "../arena-views.ts";
import type { KernelElement, KernelSpec } from "./kernel-spec.ts";

/**
 * Pages of one level that one kernel computes. Row `r` is page `slot[r]`; its data inputs are `inputs[inputStart[r] .. inputStart[r + 1])`, slots in operand
 * order. Its new bytes go to `out[outAt[r] .. outAt[r] + size[slot[r]])`, all of them: pages are only read. `outAt` is a multiple of 8.
 */
export interface KernelBatch {
  readonly spec: KernelSpec;
  readonly rows: number;
  readonly slot: Uint32Array;
  readonly inputStart: Uint32Array;
  readonly inputs: Uint32Array;
  readonly arenas: readonly ArenaView[];
  readonly arena: Uint16Array;
  readonly arenaOffset: Uint32Array;
  readonly size: Uint32Array;
  readonly out: ArenaView;
  readonly outAt: Uint32Array;
  /** Set to 1 where an input is missing or too short: the page fails. */
  readonly refused: Uint8Array;
}

/** What runs kernels: the TypeScript reference, an addon or a device. All give the same bits (`kernel-spec.ts`). */
export interface KernelRunner {
  readonly name: string;
  run(batch: KernelBatch): void;
}

/** Log2 of an element's bytes. */
export const ELEMENT_SHIFT: Readonly<Record<KernelElement, number>> = { f64: 3, f32: 2, i32: 2, u32: 2 };
