import type { PageTable } from "../pages/page-table.ts";

/**
 * Where a page lies, in one word, so that reading an element of an input looks at one column and not at three:
 *
 *   bits 0..23    offset in the arena, in 64-byte granules (every page begins on one)
 *   bits 24..29   arena
 *   bits 30..31   size class c: the page has at least 1, 8 or 64 elements of 8 bytes for c = 1, 2, 3
 *
 * 0 = look at the columns: the page is smaller than 8 bytes, or its arena's number does not fit.
 */
export function placeOf(table: PageTable, slot: number): number {
  const size = table.size[slot]!;
  const arena = table.arena[slot]!;
  if (size < 8 || arena > 63) return 0;
  const sizeClass = size >= 512 ? 3 : size >= 64 ? 2 : 1;
  return ((sizeClass << 30) | (arena << 24) | (table.arenaOffset[slot]! >>> 6)) >>> 0;
}
