import { type JSX, type KeyboardEvent, useCallback, useMemo, useState } from "react";
import type { WireSchemaField } from "../../../engine/protocol/requests/pages.ts";
import { useSelection } from "../../state/selection-store.ts";
import { DataGrid, type GridColumn } from "../../ui/data-grid.tsx";
import { formatOffset } from "../../ui/format/bytes.ts";
import { Icon } from "../../ui/icons.tsx";
import { type FieldRow, FieldRows, fieldWindow } from "./field-rows.ts";
import { elementCount, elementName, fieldTypeText, previewValues, readValue } from "./field-values.ts";
import { type ByteStretch, usePageBytes, usePageCompare, useStretch } from "./page-data.ts";
import { Sparkline } from "./sparkline.tsx";

/** Deltas of a page up to which every number in sight gets its curve: each costs a walk over them. */
const MOST_DELTAS_FOR_CURVES = 20_000;

const NAME: GridColumn = { id: "name", title: "Field", width: "minmax(96px, 1.2fr)" };
const TYPE: GridColumn = { id: "type", title: "Type", width: "92px" };
const OFFSET: GridColumn = { id: "offset", title: "Offset", width: "62px", align: "right" };
const BEFORE: GridColumn = { id: "before", title: "A", width: "minmax(80px, 1.4fr)", align: "right" };
const VALUE: GridColumn = { id: "value", title: "Value", width: "minmax(96px, 1.6fr)", align: "right" };
const CURVE: GridColumn = { id: "curve", title: "Over time", width: "minmax(90px, 1.2fr)" };
const MIN_WIDTH_PX = 430;

interface FieldsViewProps {
  readonly page: bigint;
  readonly compareLsn: number | undefined;
  readonly fields: readonly WireSchemaField[];
  readonly sizeBytes: number;
  /** Content version: as many deltas were applied. */
  readonly epoch: number;
}

/** The page as its schema reads it. A click selects a field's bytes; arrays open into their elements. */
export function FieldsView({ page, compareLsn, fields, sizeBytes, epoch }: FieldsViewProps): JSX.Element {
  const selected = useSelection((state) => state.bytes);
  const [expanded, setExpanded] = useState<ReadonlySet<number>>(new Set());
  const rows = useMemo(() => new FieldRows(fields, expanded), [fields, expanded]);
  const [visible, setVisible] = useState({ first: 0, end: 40 });
  const onVisible = useCallback((first: number, end: number) => setVisible({ first, end }), []);

  const part = fieldWindow(rows, visible.first, visible.end, sizeBytes);
  const bytes = usePageBytes(page, part);
  const compared = usePageCompare(page, part, compareLsn);
  const stretch = useStretch(bytes.data, bytes.asked, compared.data);
  const hasCurves = epoch <= MOST_DELTAS_FOR_CURVES;
  const columns = [
    NAME,
    TYPE,
    OFFSET,
    ...(compareLsn === undefined ? [] : [BEFORE]),
    VALUE,
    ...(hasCurves ? [CURVE] : []),
  ];

  const toggle = (fieldIndex: number, open = !expanded.has(fieldIndex)) => {
    const next = new Set(expanded);
    if (open) next.add(fieldIndex);
    else next.delete(fieldIndex);
    setExpanded(next);
  };
  const activeRow = selected === undefined ? -1 : rows.rowOf(selected.start, selected.end);
  const onKeyDown = (event: KeyboardEvent) => {
    const row = rows.at(activeRow);
    if (row === undefined || event.altKey || event.ctrlKey) return;
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    if (row.field.shape.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    toggle(row.fieldIndex, event.key === "ArrowRight");
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only adds two keys to the grid inside
    <div className="page__fields" onKeyDown={onKeyDown}>
      <DataGrid
        label={`Fields of page ${page}`}
        columns={columns}
        rows={rows.length}
        minWidthPx={MIN_WIDTH_PX}
        activeRow={activeRow}
        follow="least"
        onVisible={onVisible}
        onPick={(at) => {
          const row = rows.at(at);
          if (row !== undefined)
            useSelection.getState().selectBytes({ start: row.offset, end: row.offset + row.sizeBytes });
        }}
        renderCell={(at, column) => {
          const row = rows.at(at);
          return row === undefined ? null : (
            <FieldCell
              column={column.id}
              row={row}
              page={page}
              pageSizeBytes={sizeBytes}
              stretch={stretch}
              isExpanded={rows.isExpanded(row.fieldIndex)}
              onToggle={() => toggle(row.fieldIndex)}
            />
          );
        }}
      />
    </div>
  );
}

interface CellProps {
  readonly column: string;
  readonly row: FieldRow;
  readonly page: bigint;
  readonly pageSizeBytes: number;
  readonly stretch: ByteStretch | undefined;
  readonly isExpanded: boolean;
  readonly onToggle: () => void;
}

function FieldCell({
  column,
  row,
  page,
  pageSizeBytes,
  stretch,
  isExpanded,
  onToggle,
}: CellProps): JSX.Element | string | null {
  const { field, element } = row;
  switch (column) {
    case "name":
      return <FieldName row={row} isExpanded={isExpanded} onToggle={onToggle} />;
    case "type":
      return <span className="mono muted">{element === undefined ? fieldTypeText(field) : field.type}</span>;
    case "offset":
      return <span className="mono faint">{formatOffset(row.offset, pageSizeBytes)}</span>;
    case "curve":
      return field.type === "char" || (element === undefined && field.shape.length > 0) ? null : (
        <Sparkline page={page} offset={row.offset} type={field.type} />
      );
    default: {
      if (stretch === undefined) return "…";
      const isBefore = column === "before";
      const text = valueText(row, stretch, isBefore ? stretch.before : stretch.bytes);
      return (
        <span className={`mono${isBefore ? "" : markClass(row, stretch)}`} title={text}>
          {text}
        </span>
      );
    }
  }
}

function FieldName({
  row,
  isExpanded,
  onToggle,
}: {
  row: FieldRow;
  isExpanded: boolean;
  onToggle: () => void;
}): JSX.Element {
  const { field, element } = row;
  if (element !== undefined)
    return <span className="page__element mono muted">{elementName(field.shape, element)}</span>;
  if (field.shape.length === 0) return <span className="page__field">{field.name}</span>;
  return (
    <span className="page__field page__field--array">
      <button
        type="button"
        tabIndex={-1}
        className="page__expand"
        aria-expanded={isExpanded}
        aria-label={`Elements of ${field.name}`}
        onClick={(event) => {
          event.stopPropagation();
          onToggle();
        }}
      >
        <Icon name={isExpanded ? "chevronDown" : "chevronRight"} size={12} />
      </button>
      {field.name}
    </span>
  );
}

/** Elements of an array that its own row shows. */
const MOST_PREVIEWED = 16;

function valueText(
  { field, element, offset }: FieldRow,
  stretch: ByteStretch,
  bytes: Uint8Array | undefined,
): string {
  if (bytes === undefined) return "";
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = offset - stretch.offset;
  if (at < 0) return "";
  return element === undefined
    ? previewValues(field, view, at, Math.min(elementCount(field), MOST_PREVIEWED))
    : (readValue(field.type, view, at) ?? "");
}

/** Marked where the last delta wrote any of its bytes, or where A and B differ in any. */
function markClass({ offset, sizeBytes }: FieldRow, { marks, offset: from, before }: ByteStretch): string {
  let seen = 0;
  const end = Math.min(marks.length, offset + sizeBytes - from);
  for (let at = Math.max(0, offset - from); at < end; at++) seen |= marks[at]!;
  if (before !== undefined) return seen === 0 ? "" : " page__value--changed";
  return (seen & 1) === 0 ? "" : " page__value--touched";
}
