// A virtual table's rows are placed by hand, so they cannot be <table> elements; the grid itself holds the focus and names the active row.
// biome-ignore-all lint/a11y/useSemanticElements: see above
// biome-ignore-all lint/a11y/useFocusableInteractive: see above
// biome-ignore-all lint/a11y/useKeyWithClickEvents: see above
import { type JSX, type KeyboardEvent, memo, type ReactNode, useEffect, useId, useRef } from "react";
import { useSize } from "../canvas/use-canvas.ts";
import { useVirtualRows } from "./use-virtual-rows.ts";
import {
  boxOfRow,
  type RowBoxes,
  rowBoxes,
  spacerPx,
  topToCentre,
  topToShow,
  visibleRows,
} from "./virtual-rows.ts";
import "./data-grid.css";

export interface GridColumn {
  readonly id: string;
  readonly title: string;
  /** A CSS grid track: `90px`, `minmax(80px, 1fr)`. */
  readonly width: string;
  readonly align?: "left" | "right";
  /** What the figure is, for the head's title. */
  readonly hint?: string;
  /** `num`, `mono`, `muted`. Cells with a class of their own are meant to fit. */
  readonly cellClass?: string;
  /** Cells are cut with an ellipsis where they are too long. Default: those without a class of their own. */
  readonly truncates?: boolean;
  /** Left out where the table is narrower than this. */
  readonly fromWidthPx?: number;
}

interface DataGridProps {
  readonly label: string;
  readonly columns: readonly GridColumn[];
  readonly rows: number;
  /** Least width in pixels before the table scrolls sideways. */
  readonly minWidthPx: number;
  readonly renderCell: (row: number, column: GridColumn) => ReactNode;
  /** Cells and functions stay as they are until this changes; absent = all is drawn anew each time. */
  readonly contentKey?: unknown;
  readonly rowClass?: (row: number) => string;
  /** The row that is marked, and where the keyboard is; -1 = none. */
  readonly activeRow: number;
  /** What the marked row was chosen for. */
  readonly activeLsn?: number | undefined;
  /** Rows behind the marked one are yet to come, and look so. */
  readonly shadesLater?: boolean;
  /** The marked row is kept in sight: by as little scrolling as needed, in the middle, or not at all. */
  readonly follow: "least" | "centre" | "none";
  /** A click, an arrow key, Enter. */
  readonly onPick: (row: number) => void;
  readonly onVisible: (first: number, end: number) => void;
  /** A person scrolled by hand. */
  readonly onScrollByHand?: () => void;
  readonly onCopyRow?: (row: number) => void;
}

/** The cells of a row. While nothing in them changes they are the very same elements, which React passes over. */
function useCells(
  contentKey: unknown,
  columns: readonly GridColumn[],
  renderCell: DataGridProps["renderCell"],
  rowsInSight: number,
): (row: number) => JSX.Element[] {
  const kept = useRef({ contentKey, columns: "", rows: new Map<number, JSX.Element[]>() });
  const shownColumns = columns.map(({ id, width }) => `${id} ${width}`).join();
  const isSame = kept.current.contentKey === contentKey && kept.current.columns === shownColumns;
  if (contentKey === undefined || !isSame || kept.current.rows.size > 4 * rowsInSight + 64)
    kept.current = { contentKey, columns: shownColumns, rows: new Map() };
  const { rows } = kept.current;
  return (row) => {
    const known = rows.get(row);
    if (known !== undefined) return known;
    const cells = columns.map((column) => (
      <div key={column.id} role="gridcell" className={cellClass(column)}>
        {renderCell(row, column)}
      </div>
    ));
    rows.set(row, cells);
    return cells;
  };
}

function cellClass({ align, cellClass, truncates = cellClass === undefined }: GridColumn): string {
  const side = align === "right" ? " grid__cell--right" : "";
  return `grid__cell${side}${truncates ? " truncate" : ""} ${cellClass ?? ""}`;
}

const ROW_PX = 22;
const HEAD_PX = 24;

/** A table of any length. Rows are picked with a click, arrows, Page keys, Ctrl+Home and Ctrl+End. */
export const DataGrid = memo(Grid, isDrawnAlike);

/** With the same `contentKey` functions do the same, be they other ones: the table is passed over where all else is the same too. */
function isDrawnAlike(before: DataGridProps, now: DataGridProps): boolean {
  if (now.contentKey === undefined) return false;
  const names = new Set([...Object.keys(before), ...Object.keys(now)]) as Set<keyof DataGridProps>;
  for (const name of names) if (before[name] !== now[name] && typeof now[name] !== "function") return false;
  return true;
}

function Grid(props: DataGridProps): JSX.Element {
  const { label, rows, minWidthPx, renderCell, activeRow, follow, onPick, onVisible } = props;
  const { scrollRef, geometry, top, setTop } = useVirtualRows(rows, ROW_PX, HEAD_PX);
  const id = useId();
  const { first, end } = visibleRows(top, geometry);
  const { width } = useSize(scrollRef);
  const columns = props.columns.filter(({ fromWidthPx = 0 }) => width >= fromWidthPx);
  const template = columns.map((column) => column.width).join(" ");

  useEffect(() => onVisible(first, end), [first, end, onVisible]);

  const topRef = useRef(top);
  topRef.current = top;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the table follows when the row moves, not while a person scrolls
  useEffect(() => {
    if (follow === "none" || geometry.viewportPx === 0) return;
    if (activeRow < 0) {
      // Nothing at or before the cursor: the rows that are to come begin with the first.
      if (follow === "centre" && topRef.current > 0) setTop(0);
      return;
    }
    const show = follow === "centre" ? topToCentre : topToShow;
    const next = show(activeRow, topRef.current, geometry);
    if (next !== topRef.current) setTop(next);
  }, [activeRow, follow, rows, geometry.viewportPx, setTop]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor(geometry.viewportPx / ROW_PX) - 1);
    const moves: Record<string, number> = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page };
    const move = moves[event.key];
    let wanted: number | undefined;
    if (move !== undefined && !event.ctrlKey && !event.altKey)
      wanted = (activeRow < 0 ? first : activeRow) + move;
    else if (event.ctrlKey && event.key === "Home") wanted = 0;
    else if (event.ctrlKey && event.key === "End") wanted = rows - 1;
    else if (event.key === "Enter") wanted = activeRow;
    else if (event.ctrlKey && event.key === "c" && activeRow >= 0 && `${getSelection()}` === "") {
      props.onCopyRow?.(activeRow);
      event.preventDefault();
      return;
    }
    if (wanted === undefined || rows === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const row = Math.min(rows - 1, Math.max(0, wanted));
    onPick(row);
    if (follow === "none") setTop(topToShow(row, topRef.current, geometry));
  };

  const cellsOf = useCells(props.contentKey, columns, renderCell, end - first);
  const drawn: JSX.Element[] = [];
  const placed = useRef<RowBoxes>({ first: 0, boxes: 1, shift: 0 });
  placed.current = rowBoxes(placed.current, first, Math.ceil(geometry.viewportPx / ROW_PX) + 2);
  for (let row = first; row < end; row++) {
    drawn.push(
      <div
        key={boxOfRow(row, placed.current)}
        id={`${id}-${row}`}
        role="row"
        aria-rowindex={row + 2}
        aria-selected={row === activeRow}
        className={`grid__row ${props.rowClass?.(row) ?? ""}`}
        style={{ top: (row - top) * ROW_PX, gridTemplateColumns: template }}
        onClick={() => onPick(row)}
      >
        {cellsOf(row)}
      </div>,
    );
  }

  return (
    <div
      ref={scrollRef}
      className="grid"
      role="grid"
      aria-label={label}
      data-lsn={props.activeLsn}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-activedescendant={activeRow >= first && activeRow < end ? `${id}-${activeRow}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onWheel={props.onScrollByHand}
      onPointerDown={(event) => {
        // On the scroll bar itself: outside of what the container shows.
        if (event.target === event.currentTarget) props.onScrollByHand?.();
      }}
    >
      <div className="grid__sizer" style={{ minWidth: minWidthPx }}>
        <div className="grid__head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {columns.map((column) => (
            <div
              key={column.id}
              role="columnheader"
              title={column.hint}
              className={column.align === "right" ? "grid__cell grid__cell--right" : "grid__cell"}
            >
              {column.title}
            </div>
          ))}
        </div>
        <div
          role="rowgroup"
          className="grid__spacer"
          style={{ height: Math.max(spacerPx(geometry), geometry.viewportPx) }}
        >
          <div
            role="presentation"
            className="grid__layer"
            style={{ top: HEAD_PX, height: geometry.viewportPx }}
          >
            {drawn}
            {props.shadesLater === true && (
              // One veil over all of them: a row with an opacity of its own is painted apart from all others.
              <div className="grid__veil" style={{ top: Math.max(0, (activeRow + 1 - top) * ROW_PX) }} />
            )}
          </div>
        </div>
      </div>
    </div>
  );
}
