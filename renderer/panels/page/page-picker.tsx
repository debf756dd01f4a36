import { type JSX, memo, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { ok } from "../../../engine/base/result.ts";
import type { ParamsOf, ReplyOf } from "../../../engine/protocol/requests.ts";
import { PageName, pageTypeSlot } from "../../client/page-name.tsx";
import { RowBlocks } from "../../client/row-blocks.ts";
import { useRecording, useStudio } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { DataGrid, type GridColumn } from "../../ui/data-grid.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { Select, TextField } from "../../ui/field.tsx";
import { formatBytes, formatBytesExact } from "../../ui/format/bytes.ts";
import { formatCount } from "../../ui/format/count.ts";
import { plural } from "../../ui/format/ids.ts";
import { Failed, Loading } from "../../ui/states.tsx";
import { useDebounced } from "../../ui/use-debounced.ts";
import { Swatch } from "../../ui/value.tsx";

type Order = ParamsOf<"pages.window">["order"];
type Pages = ReplyOf<"pages.window">["columns"];

const ORDERS: readonly { readonly value: Order; readonly text: string }[] = [
  { value: "id", text: "By id" },
  { value: "type", text: "By type" },
  { value: "deltas", text: "Most deltas first" },
  { value: "last-write", text: "Last written first" },
  { value: "size", text: "Largest first" },
];
const COLUMNS: readonly GridColumn[] = [
  { id: "page", title: "Page", width: "110px", align: "right" },
  { id: "type", title: "Type", width: "minmax(120px, 1fr)" },
  { id: "size", title: "Size", width: "84px", align: "right" },
  { id: "deltas", title: "Deltas", width: "84px", align: "right", hint: "In the whole recording" },
  { id: "last", title: "Last write", width: "96px", align: "right", hint: "At or before the cursor" },
];
const TYPING_MS = 150;

/** Chooses one of the pages that exist at the cursor. */
export const PagePicker = memo(function PagePicker({
  open,
  onClose,
}: {
  open: boolean;
  onClose: () => void;
}): JSX.Element {
  return (
    <Dialog open={open} onClose={onClose} title="Choose a page" wide>
      <PageList onPicked={onClose} />
    </Dialog>
  );
});

function PageList({ onPicked }: { onPicked: () => void }): JSX.Element {
  const studio = useStudio();
  const { recording, pageTypes } = useRecording();
  const [lsn] = useState(() => useCursor.getState().lsn);
  const [typed, setTyped] = useState("");
  const [order, setOrder] = useState<Order>("id");
  const [active, setActive] = useState(0);
  const text = useDebounced(typed.trim(), TYPING_MS);
  const rows = useMemo(
    () =>
      new RowBlocks<Pages>(async (offset, limit, signal) => {
        const descending = order === "deltas" || order === "last-write" || order === "size";
        const filter = text === "" ? {} : { text };
        const reply = await studio.request(
          "pages.window",
          { recording, lsn, order, descending, dead: false, offset, limit, ...filter },
          signal,
        );
        if (!reply.ok) return reply;
        const { result, columns } = reply.value;
        const count = columns.page.length;
        return ok({ offset: result.offset, total: result.total, complete: true, count, data: columns });
      }),
    [studio, recording, lsn, order, text],
  );
  const state = useSyncExternalStore(rows.subscribe, rows.snapshot);
  useEffect(() => {
    setActive(0);
    rows.resume();
    rows.show(0, 1);
    return () => rows.dispose();
  }, [rows]);
  const onVisible = useCallback((first: number, end: number) => rows.show(first, end), [rows]);
  const pick = (row: number) => {
    const found = rows.at(row);
    if (found === undefined) return;
    useSelection.getState().selectPage(found.block.data.page[found.index]!);
    onPicked();
  };
  return (
    <div
      className="picker"
      onKeyDownCapture={(event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step === undefined || event.target instanceof HTMLSelectElement) return;
        event.preventDefault();
        event.stopPropagation();
        setActive(Math.min(state.total - 1, Math.max(0, active + step)));
      }}
    >
      <div className="picker__bar">
        <TextField
          autoFocus
          label="Find a page"
          icon="search"
          className="picker__field"
          placeholder="Id or type"
          value={typed}
          onChange={setTyped}
          clearable
          onKeyDown={(event) => {
            if (event.key === "Enter") pick(active);
          }}
        />
        <Select label="Order" value={order} options={ORDERS} onChange={setOrder} />
      </div>
      <div className="picker__list">
        {state.error !== undefined ? (
          <Failed error={state.error} onRetry={() => rows.retry()} />
        ) : state.first ? (
          <Loading title="Loading pages" />
        ) : (
          <DataGrid
            label="Pages"
            columns={COLUMNS}
            rows={state.total}
            minWidthPx={500}
            activeRow={active}
            follow="least"
            onVisible={onVisible}
            onPick={pick}
            renderCell={(row, column) => {
              const found = rows.at(row);
              if (found === undefined) return null;
              return cell(column.id, found.block.data, found.index, pageTypes);
            }}
          />
        )}
      </div>
      <div className="faint num">
        {plural(state.total, "page")} at LSN {formatCount(lsn)}
      </div>
    </div>
  );
}

function cell(
  column: string,
  pages: Pages,
  at: number,
  types: readonly { readonly name: string }[],
): JSX.Element | string {
  const type = pages.pageType[at]!;
  switch (column) {
    case "page":
      return <PageName id={pages.page[at]!} pageType={type} />;
    case "type":
      return (
        <span className="picker__type">
          <Swatch slot={pageTypeSlot(type)} />
          <span className="truncate">{types[type]?.name ?? "no type"}</span>
        </span>
      );
    case "size":
      return (
        <span className="num" title={formatBytesExact(pages.sizeBytes[at]!)}>
          {formatBytes(pages.sizeBytes[at]!)}
        </span>
      );
    case "deltas":
      return <span className="num muted">{formatCount(pages.deltas[at]!)}</span>;
    default: {
      const last = pages.lastWriteLsn[at]!;
      return <span className="num muted">{last === 0 ? "never" : formatCount(last)}</span>;
    }
  }
}
