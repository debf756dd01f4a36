import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { ok } from "../../engine/base/result.ts";
import type { RecordFilter } from "../../engine/protocol/requests/filter.ts";
import type { ReplyOf } from "../../engine/protocol/requests.ts";
import { useCursor } from "../state/cursor-store.ts";
import { queryKey } from "./query-cache.ts";
import { RowBlocks, type RowsState } from "./row-blocks.ts";
import { useQueryAtCursor } from "./use-query.ts";
import { useRecording, useSession, useStudio } from "./use-studio.ts";

export type WindowName = "deltas" | "events";
export type WindowColumns<W extends WindowName> = ReplyOf<`${W}.window`>["columns"];

export interface RecordRows<W extends WindowName> {
  readonly rows: RowBlocks<WindowColumns<W>>;
  readonly state: RowsState;
  /** Row of the last matching record at or before the cursor; -1 = none. It moves on once the rows there have come, so that no empty ones are shown. */
  readonly cursorRow: number;
  /** The LSN whose row that is. */
  readonly cursorLsn: number | undefined;
}

/** Half of what a tall window shows. */
const ROWS_AROUND = 32;
/** Farther than this the whole table changes. */
const NEAR_ROWS = 64;
/**
 * How often it may do so while the cursor runs: nobody reads a table that flies by, and drawing it costs more than all else. Who drags the cursor sees the
 * rows of each place where the hand rests.
 */
const JUMP_EVERY_MS = { playing: 600, scrubbing: 2000 };
/** A cursor that is held stands still after so long: the table shows where. */
const REST_MS = 100;

/** The row as it changes; while the cursor runs, jumps that follow one another come at most so often, and one more where it stands still. */
function useCalmRow(row: number): number {
  const runs = useCursor((state) => (state.scrubbing ? "scrubbing" : state.playing ? "playing" : undefined));
  const [calm, setCalm] = useState(row);
  const lastJumpMs = useRef(Number.NEGATIVE_INFINITY);
  const isNear = calm < 0 || row < 0 || Math.abs(row - calm) <= NEAR_ROWS;
  const isDue = row !== calm && (isNear || runs === undefined);
  if (isDue) setCalm(row);
  useEffect(() => {
    if (row === calm) return;
    const jump = () => {
      lastJumpMs.current = performance.now();
      setCalm(row);
    };
    const everyMs = JUMP_EVERY_MS[runs ?? "playing"];
    const untilNextMs = Math.max(0, lastJumpMs.current + everyMs - performance.now());
    const timer = setTimeout(jump, Math.min(REST_MS, untilNextMs));
    return () => clearTimeout(timer);
  }, [row, calm, runs]);
  return isDue ? row : calm;
}

/** Updates of a search that may be on their way. */
const SEARCH_CREDIT = 2;

/** The records that a filter lets through, as the rows of a table, and which of them stands at the cursor. */
export function useRecordRows<W extends WindowName>(window: W, filter: RecordFilter): RecordRows<W> {
  const studio = useStudio();
  const { recording, lastLsn } = useRecording();
  const generation = useSession((session) => session.generation);
  const filterKey = queryKey(window, filter);
  // Both windows take the same parameters; only their columns differ.
  const request = `${window}.window` as "deltas.window";

  // biome-ignore lint/correctness/useExhaustiveDependencies: `filterKey` stands for `filter`; a reopened recording starts afresh
  const rows = useMemo(
    () =>
      new RowBlocks<WindowColumns<W>>(async (offset, limit, signal) => {
        const reply = await studio.request(request, { recording, filter, offset, limit }, signal);
        if (!reply.ok) return reply;
        const { result, columns } = reply.value;
        return ok({
          offset: result.offset,
          total: result.total,
          complete: result.complete,
          count: columns.lsn.length,
          data: columns as unknown as WindowColumns<W>,
        });
      }),
    [studio, recording, window, filterKey, generation],
  );
  const state = useSyncExternalStore(rows.subscribe, rows.snapshot);
  useEffect(() => {
    rows.resume();
    return () => rows.dispose();
  }, [rows]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the growth of the recording is the reason to ask again
  useEffect(() => rows.refresh(), [rows, lastLsn]);

  const searching = !state.first && !state.complete && state.error === undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: `filterKey` stands for `filter`
  useEffect(() => {
    const client = studio.session.client;
    if (!searching || client === undefined) return;
    const subscription = client.subscribe(
      "search.progress",
      { recording, window, filter },
      {
        credit: SEARCH_CREDIT,
        onUpdate: ({ result }) => {
          rows.grow(result.matches, result.complete);
          subscription.grant(1);
        },
        onEnd: () => rows.refresh(),
      },
    );
    return () => subscription.close();
  }, [studio, rows, searching, recording, window, filterKey]);

  const isFine = state.error === undefined;
  const { data, asked, error } = useQueryAtCursor(
    request,
    (lsn) => (isFine ? { recording, filter, offset: 0, limit: 1, around: lsn } : null),
    `${filterKey}/${recording}/${isFine}`,
    { scope: filterKey, version: `${lastLsn}/${state.complete}` },
  );
  // Where the place cannot be asked for, the table stays where it is.
  const lastRow = useRef(-1);
  if (error === undefined) lastRow.current = data?.result.aroundRow ?? -1;
  const aroundRow = lastRow.current;
  const wanted = useCalmRow(aroundRow);
  const isThere = wanted < 0 || rows.at(wanted) !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a table that learns how long it is may have the rows now
  useEffect(() => {
    if (wanted >= 0) rows.bring(wanted - ROWS_AROUND, wanted + ROWS_AROUND);
  }, [rows, wanted, state.total]);
  const [shown, setShown] = useState({ rows, row: -1 });
  if (isThere && (shown.rows !== rows || shown.row !== wanted)) setShown({ rows, row: wanted });
  const isThat = error === undefined && shown.rows === rows && shown.row === aroundRow;
  return { rows, state, cursorRow: shown.row, cursorLsn: isThat ? asked?.around : undefined };
}
