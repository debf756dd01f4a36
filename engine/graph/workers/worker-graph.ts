import type { PageSpans } from "../../accel/accel.ts";
import { highOf, lowOf, u64FromPair } from "../../base/u64.ts";
import type { ReadableGraph, ReadablePages } from "../readable-graph.ts";
import type { WorkerMemory } from "./worker-memory.ts";

/** The pages as a worker sees them, and behind their arenas one of its own: the page that it computes is written there. */
export class WorkerGraph implements ReadableGraph, ReadablePages {
  readonly table: ReadablePages = this;
  memory: WorkerMemory;
  staging = new Uint8Array(new SharedArrayBuffer(4096));
  /** The page that is computed now, and its inputs in {@link WorkerMemory.pool}. */
  inputStart = 0;
  inputCount = 0;
  /** Hears of an id that no input has. */
  missing: (() => void) | undefined;

  constructor(memory: WorkerMemory) {
    this.memory = memory;
  }

  get size(): Uint32Array {
    return this.memory.size;
  }

  get arena(): Uint16Array {
    return this.memory.arena;
  }

  get arenaOffset(): Uint32Array {
    return this.memory.arenaOffset;
  }

  get place(): Uint32Array {
    return this.memory.place;
  }

  get incoming(): { readonly pool: Uint32Array } {
    return this.memory;
  }

  get spans(): PageSpans {
    const { arena, arenaOffset: at, size } = this.memory;
    return { arenas: [...this.memory.arenas, this.staging], arena, at, size };
  }

  idOf(slot: number): bigint {
    return u64FromPair(this.memory.idLo[slot]!, this.memory.idHi[slot]!);
  }

  /** Of the inputs alone; -1 for every other page. */
  slotOf(id: bigint): number {
    const { idLo, idHi, pool } = this.memory;
    const [lo, hi] = [lowOf(id), highOf(id)];
    for (let i = 0; i < this.inputCount; i++) {
      const slot = pool[this.inputStart + i]! >>> 1;
      if (idLo[slot] === lo && idHi[slot] === hi) return slot;
    }
    this.missing?.();
    return -1;
  }

  bytes(slot: number): Uint8Array {
    const at = this.memory.arenaOffset[slot]!;
    return this.memory.arenas[this.memory.arena[slot]!]!.subarray(at, at + this.memory.size[slot]!);
  }
}
