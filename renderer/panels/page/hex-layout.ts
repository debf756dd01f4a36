import type { ByteSelection } from "../../state/selection-store.ts";
import { offsetDigits } from "../../ui/format/bytes.ts";

/** Blank on either side of a row. */
export const SIDE_PX = 10;

export type HexMode = "single" | "compare";

/** Columns of characters in a row, from its left edge. */
export interface HexColumns {
  readonly bytesPerRow: 8 | 16 | 32;
  readonly offsetDigits: number;
  /** Where the first block of bytes begins, where the second does: B when comparing, else the characters. */
  readonly first: number;
  readonly second: number;
  readonly mode: HexMode;
}

/**
 * As many of 8, 16 or 32 bytes a row as fit. A row is: offset, two blanks, three characters a byte and one more between groups of
 * eight, two blanks, the characters; when comparing two such blocks of bytes without characters, four blanks apart.
 */
export function hexColumns(
  widthPx: number,
  characterPx: number,
  pageSizeBytes: number,
  mode: HexMode,
): HexColumns {
  const digits = offsetDigits(pageSizeBytes);
  const room = (widthPx - 2 * SIDE_PX) / characterPx;
  const first = digits + 2;
  const at = (bytesPerRow: 8 | 16 | 32): HexColumns => ({
    bytesPerRow,
    offsetDigits: digits,
    first,
    second: first + blockCharacters(bytesPerRow) + (mode === "compare" ? 4 : 2),
    mode,
  });
  return [at(32), at(16)].find((columns) => rowCharacters(columns) <= room) ?? at(8);
}

function blockCharacters(bytes: number): number {
  return bytes * 3 + bytes / 8 - 2;
}

export function rowCharacters({ bytesPerRow, second, mode }: HexColumns): number {
  return second + (mode === "single" ? bytesPerRow : blockCharacters(bytesPerRow));
}

/** The column of characters at which a byte of a row begins, within its block of bytes. */
export function byteColumn(inRow: number): number {
  return inRow * 3 + (inRow >> 3);
}

/** The byte of a row that a column of characters (with fraction) belongs to; outside of the columns the nearest. */
export function byteAtColumn(column: number, columns: HexColumns): number {
  const { bytesPerRow, first, second, mode } = columns;
  const beforeSecond = column < second - 1;
  if (!beforeSecond && mode === "single") return clampByte(column - second, bytesPerRow);
  // A group of eight is 25 characters; half a blank to the left belongs to the byte.
  const inBlock = column - (beforeSecond ? first : second) + 0.5;
  const group = Math.floor(inBlock / 25);
  return clampByte(group * 8 + Math.min(7, (inBlock - group * 25) / 3), bytesPerRow);
}

function clampByte(at: number, bytesPerRow: number): number {
  return Math.min(bytesPerRow - 1, Math.max(0, Math.floor(at)));
}

/** Bytes are asked for in blocks, so that scrolling by a row asks for nothing new. */
export const BLOCK_BYTES = 8192;

/** The blocks that cover the visible bytes: `length` 0 for an empty page. */
export function byteWindow(
  first: number,
  end: number,
  pageSizeBytes: number,
): { offset: number; length: number } {
  const offset = Math.floor(first / BLOCK_BYTES) * BLOCK_BYTES;
  const stop = Math.min(pageSizeBytes, Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES);
  return { offset, length: Math.max(0, stop - offset) };
}

/** The byte that stays and the one that moves, both part of the selection. */
export interface Caret {
  readonly anchor: number;
  readonly head: number;
}

export function selectionOf({ anchor, head }: Caret): ByteSelection {
  return { start: Math.min(anchor, head), end: Math.max(anchor, head) + 1, head };
}

export function caretOf({ start, end, head = start }: ByteSelection): Caret {
  return { anchor: head === start ? end - 1 : start, head };
}

const MOVES: Readonly<Record<string, (row: number, page: number) => number>> = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (row) => -row,
  ArrowDown: (row) => row,
  PageUp: (row, page) => -row * page,
  PageDown: (row, page) => row * page,
};

/** Where a key takes the caret; `undefined` = not a key that moves. */
export function moveCaret(
  caret: Caret | undefined,
  key: string,
  extend: boolean,
  rowBytes: number,
  pageRows: number,
  sizeBytes: number,
): Caret | undefined {
  const move = MOVES[key];
  if (move === undefined || sizeBytes === 0) return undefined;
  if (caret === undefined) return { anchor: 0, head: 0 };
  const head = Math.min(sizeBytes - 1, Math.max(0, caret.head + move(rowBytes, pageRows)));
  return { anchor: extend ? caret.anchor : head, head };
}
