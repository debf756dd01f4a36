// The view holds the focus itself and moves a caret over bytes that are no elements of their own; what the caret stands on is read out.
// biome-ignore-all lint/a11y/useSemanticElements: see above
// biome-ignore-all lint/a11y/noNoninteractiveTabindex: see above
// biome-ignore-all lint/a11y/noStaticElementInteractions: see above
// biome-ignore-all lint/a11y/noAriaHiddenOnFocusable: a canvas cannot take the focus
import {
  type JSX,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type PointerEvent,
  useCallback,
  useEffect,
  useMemo,
  useRef,
} from "react";
import { usePalette } from "../../canvas/colours.ts";
import { type Draw, useCanvas, useSize } from "../../canvas/use-canvas.ts";
import { type ByteSelection, useSelection } from "../../state/selection-store.ts";
import { useCharacterPx } from "../../ui/character-width.ts";
import { hexByte } from "../../ui/format/bytes.ts";
import { useVirtualRows } from "../../ui/use-virtual-rows.ts";
import { copyText } from "../../ui/value.tsx";
import { spacerPx, topToShow, visibleRows } from "../../ui/virtual-rows.ts";
import { drawOver, drawUnder, HEX_ROW_PX, type HexScene } from "./hex-draw.ts";
import {
  byteAtColumn,
  type Caret,
  caretOf,
  type HexColumns,
  hexColumns,
  moveCaret,
  SIDE_PX,
  selectionOf,
} from "./hex-layout.ts";
import { hexLines, hexText } from "./hex-text.ts";
import type { ByteStretch } from "./page-data.ts";

interface HexViewProps {
  readonly label: string;
  readonly stretch: ByteStretch;
  /** Bytes in sight, `end` not included. */
  readonly onVisible: (first: number, end: number) => void;
  /** A double click: what belongs together there. */
  readonly unitAt: (offset: number) => ByteSelection;
}

/** Bytes as hexadecimal digits and characters, or side by side at two LSNs. Text is text; marks are drawn under and over it. */
export function HexView({ label, stretch, onVisible, unitAt }: HexViewProps): JSX.Element {
  const palette = usePalette();
  const characterPx = useCharacterPx();
  const layerRef = useRef<HTMLDivElement>(null);
  const underRef = useRef<HTMLCanvasElement>(null);
  const overRef = useRef<HTMLCanvasElement>(null);
  const size = useSize(layerRef);
  const selected = useSelection((state) => state.bytes);
  const { pageSizeBytes } = stretch;
  const columns = hexColumns(
    size.width,
    characterPx,
    pageSizeBytes,
    stretch.before === undefined ? "single" : "compare",
  );
  const { bytesPerRow } = columns;
  const rows = Math.ceil(pageSizeBytes / bytesPerRow);
  const { scrollRef, geometry, top, setTop } = useVirtualRows(rows, HEX_ROW_PX, HEX_HEAD_PX);
  const { first, end } = visibleRows(top, geometry);
  const caret = useMemo(() => (selected === undefined ? undefined : caretOf(selected)), [selected]);

  useEffect(
    () => onVisible(first * bytesPerRow, Math.min(end * bytesPerRow, pageSizeBytes)),
    [first, end, bytesPerRow, pageSizeBytes, onVisible],
  );
  useReveal(caret, bytesPerRow, (row) => setTop(topToShow(row, top, geometry, 0)));

  const sceneRef = useRef<HexScene>(undefined);
  sceneRef.current = { stretch, columns, characterPx, top, end, caret, palette };
  const sceneKey = [stretch, bytesPerRow, columns.second, characterPx, top, end, caret, palette];
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key lists what the scene is made of
  const under = useCallback<Draw>((context) => drawUnder(context, sceneRef.current!), sceneKey);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key lists what the scene is made of
  const over = useCallback<Draw>((context) => drawOver(context, sceneRef.current!), sceneKey);
  useCanvas(underRef, size, under);
  useCanvas(overRef, size, over);

  const select = (next: Caret) => useSelection.getState().selectBytes(selectionOf(next));
  const offsetAt = (event: PointerEvent<HTMLElement> | MouseEvent<HTMLElement>) => {
    const box = layerRef.current!.getBoundingClientRect();
    const row = Math.min(rows - 1, Math.max(0, Math.floor(top + (event.clientY - box.top) / HEX_ROW_PX)));
    const column = (event.clientX - box.left - SIDE_PX) / characterPx;
    return Math.min(pageSizeBytes - 1, row * bytesPerRow + byteAtColumn(column, columns));
  };
  const dragging = useRef(false);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey && event.key.toLowerCase() === "c" && selected !== undefined) {
      const from = selected.start - stretch.offset;
      const bytes = stretch.bytes.subarray(Math.max(0, from), selected.end - stretch.offset);
      void copyText(Array.from(bytes, hexByte).join(" "), "the selected bytes");
      event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const pageRows = Math.max(1, Math.floor(geometry.viewportPx / HEX_ROW_PX) - 1);
    const next = moveCaret(caret, event.key, event.shiftKey, bytesPerRow, pageRows, pageSizeBytes);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    select(next);
  };

  return (
    <div
      ref={scrollRef}
      className="hex"
      role="group"
      aria-label={label}
      tabIndex={0}
      data-autofocus
      onKeyDown={onKeyDown}
    >
      <div className="hex__head" aria-hidden="true">
        {headText(columns)}
      </div>
      <div style={{ height: Math.max(spacerPx(geometry), geometry.viewportPx) }}>
        <div
          ref={layerRef}
          className="hex__layer"
          style={{ top: HEX_HEAD_PX, height: geometry.viewportPx }}
          onPointerDown={(event) => {
            if (event.button !== 0 || pageSizeBytes === 0) return;
            const at = offsetAt(event);
            select({ anchor: event.shiftKey && caret !== undefined ? caret.anchor : at, head: at });
            dragging.current = true;
            event.currentTarget.setPointerCapture(event.pointerId);
          }}
          onPointerMove={(event) => {
            if (!dragging.current || caret === undefined) return;
            const head = offsetAt(event);
            if (head !== caret.head) select({ anchor: caret.anchor, head });
          }}
          onPointerUp={() => {
            dragging.current = false;
          }}
          onPointerCancel={() => {
            dragging.current = false;
          }}
          onDoubleClick={(event) => {
            const { start, end: stop } = unitAt(offsetAt(event));
            select({ anchor: stop - 1, head: start });
          }}
        >
          <canvas ref={underRef} aria-hidden="true" />
          <HexRows
            stretch={stretch}
            columns={columns}
            characterPx={characterPx}
            first={first}
            end={end}
            top={top}
          />
          <canvas ref={overRef} aria-hidden="true" />
        </div>
      </div>
      <span className="visually-hidden" aria-live="polite">
        {caret !== undefined && spokenByte(stretch, caret)}
      </span>
    </div>
  );
}

const HEX_HEAD_PX = 20;

/** Each column's place in its row; when comparing, which side it is. */
function headText({ bytesPerRow, first, second, mode }: HexColumns): string {
  const places = hexText(
    Uint8Array.from({ length: bytesPerRow }, (_, at) => at),
    0,
    bytesPerRow,
  );
  if (mode === "single") return " ".repeat(first) + places;
  return `${"A".padStart(first - 1)} ${places}${"B".padStart(second - first - places.length - 1)} ${places}`;
}

/** Scrolls to the caret when it moved, not when the bytes did. */
function useReveal(caret: Caret | undefined, bytesPerRow: number, show: (row: number) => void): void {
  const head = caret?.head;
  const anchor = caret?.anchor;
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a move of the caret scrolls
  useEffect(() => {
    if (head === undefined || anchor === undefined) return;
    show(Math.floor(head / bytesPerRow));
  }, [head, anchor]);
}

function spokenByte(stretch: ByteStretch, caret: Caret): string {
  const value = stretch.bytes[caret.head - stretch.offset];
  return `offset ${caret.head}${value === undefined ? "" : `, value ${value}`}`;
}

interface RowsProps {
  readonly stretch: ByteStretch;
  readonly columns: HexColumns;
  readonly characterPx: number;
  readonly first: number;
  readonly end: number;
  readonly top: number;
}

/** All rows in three columns of text, each one piece of several lines: to change them costs a browser less than to change every row. */
const HexRows = memo(function HexRows({
  stretch,
  columns,
  characterPx,
  first,
  end,
  top,
}: RowsProps): JSX.Element {
  const lines = hexLines(stretch, columns.bytesPerRow, first, end);
  const topPx = (first - top) * HEX_ROW_PX;
  const at = (column: number) => ({ top: topPx, left: SIDE_PX + column * characterPx });
  return (
    <>
      <div className="hex__column hex__offsets" style={at(0)}>
        {lines.offsets}
      </div>
      <div className="hex__column hex__bytes" style={at(columns.first)}>
        {lines.first}
      </div>
      <div
        className={`hex__column ${stretch.before === undefined ? "hex__characters" : "hex__bytes"}`}
        style={at(columns.second)}
      >
        {lines.second}
      </div>
    </>
  );
});
