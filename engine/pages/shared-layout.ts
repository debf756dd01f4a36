/*
 * The memory of `SharedPages`: one SharedArrayBuffer that TypeScript (`shared-pages.ts`) and C++ (native/src/shared_pages.cpp) work on at the
 * same time. All numbers are u32 words unless said otherwise; what two threads may touch is only touched by atomic operations.
 *
 *   header   512 words
 *     0  magic "MSPL"            4  first granule never used     8  next page id (u64)
 *     1  layout version          5  first slot never used       10  list of free slots: head (u64)
 *     2  slots                   6  heap lock: owner + 1        16  lists of free blocks, one a size class: heads (u64)
 *     3  granules                                              128  of each owner: granules held, pages held
 *   slots    8 words each: state, generation, first granule, bytes, kind, link, id (u64)
 *     state  = version << 2 | (0 free, 1 live, 2 busy); the version rises with every change
 *     kind   = size class | location << 8 | owner << 16
 *     link   = the next free slot + 1
 *   links    one word a granule: at the first granule of a free block, that of the next + 1
 *   arena    granules of 64 bytes, from a multiple of 64
 *
 * A list's head is the top number + 1 below a tag of 32 bits that rises with every change (Treiber, 1986): a thread that saw it, slept, and
 * finds the same number on top again finds another tag. Links stand beside the pages and never in them, where a stray write would reach them.
 */
export const MAGIC = 0x4c50534d;
export const LAYOUT_VERSION = 1;
export const GRANULE_BYTES = 64;
export const MAX_OWNERS = 64;
export const HEADER_WORDS = 512;
export const SLOT_WORDS = 8;

export const Word = {
  Magic: 0,
  Version: 1,
  Slots: 2,
  Granules: 3,
  FreshGranule: 4,
  FreshSlot: 5,
  HeapLock: 6,
  Owners: 128,
} as const;

/** Indexes of 64-bit words. */
export const Pair = { NextId: 4, SlotHead: 5, ClassHeads: 8 } as const;

export const Field = {
  State: 0,
  Generation: 1,
  Granule: 2,
  Size: 3,
  Kind: 4,
  Link: 5,
  IdLo: 6,
  IdHi: 7,
} as const;

export const SlotState = { Free: 0, Live: 1, Busy: 2 } as const;
export const STATE_MASK = 3;

/** Looks at a lock before it is given up: seconds, where a holder needs microseconds. */
export const MAX_SPINS = 1 << 26;

const CLASSES = 48;

/** Block sizes in granules: 1, 2, 3, 4, 6, 8, 12, … two to a doubling, so that rounding up wastes less than a third. */
export const CLASS_GRANULES: readonly number[] = Array.from({ length: CLASSES }, (_, i) =>
  i === 0 ? 1 : i % 2 === 1 ? 2 * 2 ** ((i - 1) / 2) : 3 * 2 ** (i / 2 - 1),
);

/** The class of a block for so many bytes, or the number of classes where none is long enough. */
export function classOfBytes(sizeBytes: number): number {
  const granules = Math.max(1, Math.ceil(sizeBytes / GRANULE_BYTES));
  const found = CLASS_GRANULES.findIndex((size) => size >= granules);
  return found < 0 ? CLASSES : found;
}

/** Where the arena begins and the memory ends, in bytes. */
export function layoutOf(slots: number, granules: number): { arenaAt: number; totalBytes: number } {
  const words = HEADER_WORDS + slots * SLOT_WORDS + granules;
  const arenaAt = Math.ceil((words * 4) / GRANULE_BYTES) * GRANULE_BYTES;
  return { arenaAt, totalBytes: arenaAt + granules * GRANULE_BYTES };
}
