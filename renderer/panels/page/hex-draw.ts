import type { Palette } from "../../canvas/colours.ts";
import type { DrawContext } from "../../canvas/use-canvas.ts";
import { eachRun, heatStrength, Mark } from "./byte-marks.ts";
import { byteColumn, type Caret, type HexColumns, SIDE_PX, selectionOf } from "./hex-layout.ts";
import type { ByteStretch } from "./page-data.ts";

export const HEX_ROW_PX = 18;

/** What lies under and over the rows of text that are in sight. */
export interface HexScene {
  readonly stretch: ByteStretch;
  readonly columns: HexColumns;
  readonly characterPx: number;
  /** The row at the top, with its fraction, and the first row that is no longer in sight. */
  readonly top: number;
  readonly end: number;
  readonly caret: Caret | undefined;
  readonly palette: Palette;
}

const HEAT_ALPHA = 0.5;
/** Zeros step back behind everything else: what is left of their text's strength. */
const ZERO_COVER = 0.5;

/** Backgrounds: ages, what was written, what differs, what is selected. One rectangle a run of bytes. */
export function drawUnder(context: DrawContext, scene: HexScene): void {
  const { stretch, palette, caret } = scene;
  eachRow(scene, (row, from, to) => {
    if (stretch.heat.length > 0) {
      context.fillStyle = palette.playhead;
      eachRun(stretch.heat, from, Math.min(to, stretch.heat.length), (first, count, step) => {
        context.globalAlpha = heatStrength(step) * HEAT_ALPHA;
        fillBytes(context, scene, row, first, first + count);
      });
      context.globalAlpha = 1;
    }
    eachRun(stretch.marks, from, to, (first, count, mark) => {
      drawMark(context, scene, row, first, first + count, mark);
    });
    if (caret !== undefined) drawSelection(context, scene, row, caret);
  });
}

function drawMark(
  context: DrawContext,
  scene: HexScene,
  row: number,
  first: number,
  end: number,
  mark: number,
): void {
  const { palette, stretch } = scene;
  if (mark & Mark.Changed) {
    context.fillStyle = palette["changed-bg"];
    fillBytes(context, scene, row, first, end);
  } else if (mark & Mark.Touched && stretch.heat.length === 0) {
    context.fillStyle = palette["touched-bg"];
    fillBytes(context, scene, row, first, end);
  } else {
    // Of an earlier record, or over the ages, which fill the ground already: a line below the bytes.
    context.fillStyle = palette.touched;
    context.globalAlpha = mark & Mark.Touched ? 1 : 0.55;
    fillBytes(context, scene, row, first, end, HEX_ROW_PX - 2, 1.5);
    context.globalAlpha = 1;
  }
}

function drawSelection(context: DrawContext, scene: HexScene, row: number, caret: Caret): void {
  const { columns, palette, stretch } = scene;
  const selection = selectionOf(caret);
  const rowStart = row * columns.bytesPerRow;
  const rowEnd = Math.min(rowStart + columns.bytesPerRow, stretch.pageSizeBytes);
  const from = Math.max(selection.start, rowStart);
  const to = Math.min(selection.end, rowEnd);
  if (from >= to) return;
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.3;
  fillBytes(context, scene, row, from - rowStart, to - rowStart);
  context.globalAlpha = 1;
  if (caret.head < rowStart || caret.head >= rowEnd) return;
  context.strokeStyle = palette.focus;
  context.lineWidth = 1.5;
  const { left, width } = blockBox(scene, columns.first, caret.head - rowStart, caret.head - rowStart + 1);
  context.strokeRect(left, rowTop(scene, row) + 0.75, width, HEX_ROW_PX - 1.5);
}

/** Covers zeros halfway, so that everything else stands out. False where there are none. */
export function drawOver(context: DrawContext, scene: HexScene): boolean {
  const { stretch, palette } = scene;
  let hasZeros = false;
  context.fillStyle = palette["bg-panel"];
  context.globalAlpha = ZERO_COVER;
  eachRow(scene, (row, from, to) => {
    for (const [bytes, column] of blocksOf(scene)) {
      for (let at = from; at < to; ) {
        if (!isPlainZero(stretch, bytes, at)) {
          at++;
          continue;
        }
        let end = at + 1;
        while (end < to && isPlainZero(stretch, bytes, end)) end++;
        hasZeros = true;
        fillBlock(context, scene, column, row, at - from, end - from, 0, HEX_ROW_PX);
        at = end;
      }
    }
  });
  context.globalAlpha = 1;
  return hasZeros;
}

function isPlainZero(stretch: ByteStretch, bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 && stretch.marks[at] === 0 && !(stretch.heat[at]! > 0);
}

/** The blocks of hexadecimal digits in a row: which bytes, and from which column of characters. */
function blocksOf({ stretch, columns }: HexScene): (readonly [Uint8Array, number])[] {
  if (stretch.before === undefined) return [[stretch.bytes, columns.first]];
  return [
    [stretch.before, columns.first],
    [stretch.bytes, columns.second],
  ];
}

/** Rows in sight of which bytes are known; `from` and `to` are places in the stretch. */
function eachRow(scene: HexScene, draw: (row: number, from: number, to: number) => void): void {
  const { stretch, columns, top, end } = scene;
  const { bytesPerRow } = columns;
  for (let row = Math.max(0, Math.floor(top)); row < end; row++) {
    const from = row * bytesPerRow - stretch.offset;
    const to = Math.min(from + bytesPerRow, stretch.bytes.length);
    if (from >= 0 && from < to) draw(row, from, to);
  }
}

function rowTop({ top }: HexScene, row: number): number {
  return (row - top) * HEX_ROW_PX;
}

function blockBox(
  { characterPx }: HexScene,
  column: number,
  first: number,
  end: number,
): { left: number; width: number } {
  const left = SIDE_PX + (column + byteColumn(first) - 0.4) * characterPx;
  return { left, width: (byteColumn(end - 1) - byteColumn(first) + 2.8) * characterPx };
}

/** Bytes `first` to `end` of a row, in every block that shows them. */
function fillBytes(
  context: DrawContext,
  scene: HexScene,
  row: number,
  first: number,
  end: number,
  insetPx = 0,
  heightPx = HEX_ROW_PX,
): void {
  const { columns, characterPx } = scene;
  fillBlock(context, scene, columns.first, row, first, end, insetPx, heightPx);
  if (columns.mode === "compare") {
    fillBlock(context, scene, columns.second, row, first, end, insetPx, heightPx);
    return;
  }
  const left = SIDE_PX + (columns.second + first) * characterPx;
  context.fillRect(left, rowTop(scene, row) + insetPx, (end - first) * characterPx, heightPx);
}

function fillBlock(
  context: DrawContext,
  scene: HexScene,
  column: number,
  row: number,
  first: number,
  end: number,
  insetPx: number,
  heightPx: number,
): void {
  const { left, width } = blockBox(scene, column, first, end);
  context.fillRect(left, rowTop(scene, row) + insetPx, width, heightPx);
}
