import { useMemo } from "react";
import type { ParamsOf, ReplyOf } from "../../../engine/protocol/requests.ts";
import { type Query, useQueryAtCursor } from "../../client/use-query.ts";
import { useRecording } from "../../client/use-studio.ts";
import { useCursor } from "../../state/cursor-store.ts";
import { useSelection } from "../../state/selection-store.ts";
import { heatSteps, Mark, markRanges } from "./byte-marks.ts";

export type PageReply = ReplyOf<"page.view">;

/** A stretch of a page's bytes at one LSN, with what is to be said about each. */
export interface ByteStretch {
  readonly pageSizeBytes: number;
  /** Of the first byte, in the page. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** When comparing: the same bytes at A. */
  readonly before: Uint8Array | undefined;
  /** Bits of `Mark`, one element a byte. */
  readonly marks: Uint8Array;
  /** Steps of age, one element a byte; empty while ages are not shown. */
  readonly heat: Uint8Array;
}

/** A part of a page, in bytes. */
export interface PagePart {
  readonly offset: number;
  readonly length: number;
}

type PageView = Query<PageReply, ParamsOf<"page.view">>;

/** Bytes of a page at the cursor. */
export function usePageBytes(page: bigint, { offset, length }: PagePart): PageView {
  const { recording } = useRecording();
  return useQueryAtCursor(
    "page.view",
    (lsn) => ({ recording, page, lsn, offset, length: Math.max(1, length), ages: false }),
    `${recording}/${page}/${offset}/${length}`,
  );
}

/**
 * The same of the selected page. The answer to an older question stays in sight until the next one is there, be it about another page: who
 * shows it takes everything from the answer, its page too. Another selection asks, and only its answer is drawn. While the cursor runs and the
 * page follows it, nothing is asked about a place until it is known which page that is about.
 */
export function useSelectedPageBytes({ offset, length }: PagePart, ages: boolean): PageView {
  const { recording, firstLsn } = useRecording();
  const paramsOf = (page: bigint | undefined, lsn: number) =>
    page === undefined ? null : { recording, page, lsn, offset, length: Math.max(1, length), ages };
  return useQueryAtCursor(
    "page.view",
    (lsn) => {
      const { page, followPage } = useSelection.getState();
      const { playing, scrubbing, record } = useCursor.getState();
      const isUnknown = followPage && (playing || scrubbing) && lsn >= firstLsn && record?.lsn !== lsn;
      return isUnknown ? undefined : paramsOf(page, lsn);
    },
    `${recording}/${offset}/${length}/${ages}`,
    {
      subscribe: onPageKnown,
      paramsAhead: (lsn) => {
        const { page, followPage } = useSelection.getState();
        if (!followPage) return paramsOf(page, lsn);
        const { ahead } = useCursor.getState();
        return ahead?.lsn === lsn ? paramsOf(ahead.page ?? page, lsn) : null;
      },
    },
  );
}

function onPageKnown(ask: () => void): () => void {
  const stopSelection = useSelection.subscribe((now, before) => {
    if (now.page !== before.page) ask();
  });
  const stopCursor = useCursor.subscribe((now, before) => {
    const hasStopped = now.scrubbing !== before.scrubbing || now.playing !== before.playing;
    if (now.record !== before.record || hasStopped) ask();
  });
  return () => {
    stopSelection();
    stopCursor();
  };
}

/** Asks nothing while there is no page, or nothing to compare it with. */
export function usePageCompare(
  page: bigint | undefined,
  { offset, length }: PagePart,
  compareLsn: number | undefined,
): Query<ReplyOf<"page.compare">, ParamsOf<"page.compare">> {
  const { recording } = useRecording();
  return useQueryAtCursor(
    "page.compare",
    (lsn) =>
      page === undefined || compareLsn === undefined
        ? null
        : { recording, page, lsnA: compareLsn, lsnB: lsn, offset, length: Math.max(1, length) },
    `${recording}/${page}/${offset}/${length}/${compareLsn}`,
  );
}

/** What the bytes of an answer look like. `asked` is what it was asked for: it may lag behind the cursor. */
export function useStretch(
  reply: PageReply | undefined,
  asked: { readonly lsn: number; readonly offset: number } | undefined,
  /** Undefined while nothing is compared, or while the answer is about another page. */
  compared: ReplyOf<"page.compare"> | undefined,
): ByteStretch | undefined {
  return useMemo(() => {
    if (reply === undefined || asked === undefined) return undefined;
    const { result, columns } = reply;
    const marks = new Uint8Array(columns.bytes.length);
    if (compared !== undefined) {
      const { rangeOffset, rangeLength, bytesA, bytesB } = compared.columns;
      const changed = new Uint8Array(bytesB.length);
      markRanges(changed, asked.offset, rangeOffset, rangeLength, Mark.Changed);
      return {
        pageSizeBytes: compared.result.sizeBytes,
        offset: asked.offset,
        bytes: bytesB,
        before: bytesA,
        marks: changed,
        heat: NO_HEAT,
      };
    }
    const isLast = result.lastDelta?.lsn === asked.lsn;
    markRanges(
      marks,
      asked.offset,
      columns.touchedOffset,
      columns.touchedLength,
      isLast ? Mark.Touched : Mark.TouchedBefore,
    );
    return {
      pageSizeBytes: result.sizeBytes,
      offset: asked.offset,
      bytes: columns.bytes,
      before: undefined,
      marks,
      heat: columns.writerLsn.length === 0 ? NO_HEAT : heatSteps(columns.writerLsn, asked.lsn),
    };
  }, [reply, asked, compared]);
}

const NO_HEAT = new Uint8Array(0);
