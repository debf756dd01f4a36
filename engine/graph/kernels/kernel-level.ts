import type { ArenaView } from "../arena-views.ts";
import type { RunJournal } from "../run-journal.ts";
import type { KernelSpec } from "./kernel-spec.ts";

/**
 * Pages of one level that one kernel computes, in place. Row `k` is page `list[k]`. One object is used again and again: nothing is made for a page, and what a level
 * has in common with the one before stays.
 */
export interface KernelLevel {
  spec: KernelSpec;
  // The pages, by slot.
  arenas: readonly ArenaView[];
  arena: Uint16Array;
  arenaOffset: Uint32Array;
  size: Uint32Array;
  /** See `page-place.ts`. */
  place: Uint32Array;
  list: Uint32Array;
  /** Data inputs in operand order: entries `pool[start[s] .. start[s] + count[s])` (slot * 2 + type), `s` being the slot. Control entries stand at the end. */
  start: Uint32Array;
  count: Uint32Array;
  pool: Uint32Array;
  /** Rows whose result is not Equal before they run are left out. */
  checksResults: boolean;
  /** By row: becomes Equal, Runs, or Failed where an input is missing or too short; then the page is as it was. */
  result: Uint8Array;
  /** Bits of `NodeState`. */
  state: Uint8Array;
  // What {@link WordKernels} settle.
  epoch: Float64Array;
  changed: Uint32Array;
  stamp: number;
  /** Where runs and bytes that are replaced go; rows say which are theirs. */
  journal: RunJournal | undefined;
  runFrom: Uint32Array;
  runTo: Uint32Array;
  beforeAt: Uint32Array;
  /** Rows that have failed: raised by {@link LevelKernels}. */
  failures: number;
}

/**
 * Runs rows `[from, to)`, up to the first whose inputs are not in order (`NodeState.Unsorted`); returns that row, or `to`. To the bits of the `KernelRunner`s, with
 * nothing passed for a page.
 */
export type LevelKernels = (level: KernelLevel, from: number, to: number) => number;

/** Columns for pages that change: slot, the word that the page is now, and the word that it was. */
export interface WordRows {
  readonly slot: Uint32Array;
  readonly now: Float64Array;
  readonly before: Float64Array;
  readonly count: number;
}

/** How far {@link WordKernels} got: one object, used again. */
export interface WordsEnd {
  /** The last level it got to. */
  level: number;
  /** Rows of that level that are done, and that have changed. */
  rows: number;
  changes: number;
  /** Rows that were written down, of all levels. */
  written: number;
}

/**
 * Runs levels `[from, to)` of pages of one word (8 bytes), whose inputs have at least a word: level `l` is rows `[bounds[l], bounds[l + 1])` of the list. Goes on with the
 * next level only where all pages of one have changed, and stops at the first row that is not such a page, or whose inputs are not in order. `result` is that of the last
 * level, by its rows. Every page that is done waits no more; where it changes its epoch rises, or it is written down in `rows`, behind those there.
 * `checksResults` and the journal are not looked at.
 */
export type WordKernels = (
  level: KernelLevel,
  bounds: Uint32Array,
  from: number,
  to: number,
  rows: WordRows | undefined,
) => WordsEnd;
