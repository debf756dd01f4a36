import { createContext, type JSX, type ReactNode, useContext, useEffect, useSyncExternalStore } from "react";
import { assert } from "../../engine/base/assert.ts";
import type { RecordBrief } from "../../engine/protocol/requests/records.ts";
import type { ReplyOf } from "../../engine/protocol/requests.ts";
import { useCursor } from "../state/cursor-store.ts";
import { useSelection } from "../state/selection-store.ts";
import { genesisLsn } from "./navigator.ts";
import { keepPlace } from "./studio.ts";
import { type CursorLane, type Query, useLaneAtCursor, useLaneQuery, useQueryAtCursor } from "./use-query.ts";
import { useRecording } from "./use-studio.ts";

export type RecordDetails = ReplyOf<"record.details">;

type CursorRecordLane = CursorLane<"record.details">;

export const CursorRecordContext = createContext<CursorRecordLane | undefined>(undefined);

/** Asks once, for all panels, what stands at the cursor; the selected page follows it until a person chooses one. */
export function CursorRecordProvider({ children }: { children: ReactNode }): JSX.Element {
  const recording = useRecording();
  const followPage = useSelection((state) => state.followPage);
  const { lastLsn } = recording;
  const lane = useLaneAtCursor(
    "record.details",
    (lsn) => (lsn > genesisLsn(recording) && lsn <= lastLsn ? { recording: recording.recording, lsn } : null),
    `${recording.recording}/${lastLsn}`,
    {
      isFirst: true,
      onAhead: (lsn, { result }) => useCursor.getState().setAhead(lsn, result.record.pageId),
      // Before it is drawn: what is asked about the page then is there in the same frame.
      onAnswer: ({ lsn }, details) => {
        const pageId = details?.result.record.pageId ?? null;
        useCursor.getState().setRecord(lsn, pageId);
        if (followPage && pageId !== null) useSelection.getState().followTo(pageId);
      },
    },
  );
  const recordPage =
    useSyncExternalStore(lane.subscribe, () => lane.state.data?.result.record.pageId) ?? undefined;
  const page = useFirstPage(recordPage) ?? recordPage;

  useEffect(() => {
    if (followPage && page !== undefined) useSelection.getState().followTo(page);
  }, [followPage, page]);
  useEffect(() => keepPlace(recording), [recording]);

  return <CursorRecordContext value={lane}>{children}</CursorRecordContext>;
}

/** A recording opens at its end, where no record is about a page: the page that was written last is shown, until there is a better one. */
function useFirstPage(recordPage: bigint | undefined): bigint | undefined {
  const { recording } = useRecording();
  const isWanted = useSelection((state) => state.page === undefined) && recordPage === undefined;
  const around = useQueryAtCursor(
    "deltas.window",
    (lsn) => (isWanted ? { recording, filter: {}, offset: 0, limit: 1, around: lsn } : null),
    `${recording}/${isWanted}`,
  );
  return isWanted ? around.data?.columns.page[0] : undefined;
}

/** The record at the cursor: `data` is `undefined` at the genesis state and until the first answer. May lag behind while scrubbing. */
export function useCursorRecord(): Query<RecordDetails> {
  return useLaneQuery(useCursorRecordLane());
}

/** The record at the cursor where it is wanted; what calls this is not drawn anew for one that is not. */
export function useCursorRecordWhere(isWanted: (record: RecordBrief) => boolean): RecordBrief | undefined {
  const lane = useCursorRecordLane();
  return useSyncExternalStore(lane.subscribe, () => {
    const record = lane.state.data?.result.record;
    return record !== undefined && isWanted(record) ? record : undefined;
  });
}

function useCursorRecordLane(): CursorRecordLane {
  const lane = useContext(CursorRecordContext);
  assert(lane !== undefined, "the record at the cursor is shown only while a recording is open");
  return lane;
}
