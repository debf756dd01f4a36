import { offsetDigits } from "../../ui/format/bytes.ts";

/** Width of one character of the mono face, in units of its size: 0.6 for JetBrains Mono. */
const CHARACTER_PX = 7.2;
const SIDE_PX = 24;

export type HexMode = "single" | "compare";

/**
 * Bytes a row: as many of 8, 16 or 32 as fit. A row is: offset, two blanks, three characters a byte and one more between groups of
 * eight, two blanks, the characters; when comparing two such blocks of bytes without characters.
 */
export function bytesPerRow(widthPx: number, pageSizeBytes: number, mode: HexMode): 8 | 16 | 32 {
  const characters = (widthPx - SIDE_PX) / CHARACTER_PX;
  for (const bytes of [32, 16] as const) {
    if (rowCharacters(bytes, pageSizeBytes, mode) <= characters) return bytes;
  }
  return 8;
}

export function rowCharacters(bytes: number, pageSizeBytes: number, mode: HexMode): number {
  const block = bytes * 3 + bytes / 8 - 1;
  const offset = offsetDigits(pageSizeBytes) + 2;
  return mode === "single" ? offset + block + 2 + bytes : offset + block * 2 + 3;
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

export interface Selection {
  readonly start: number;
  readonly end: number;
}

/** The byte that stays and the one that moves, both part of the selection. */
export interface Caret {
  readonly anchor: number;
  readonly head: number;
}

export function selectionOf({ anchor, head }: Caret): Selection {
  return { start: Math.min(anchor, head), end: Math.max(anchor, head) + 1 };
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
