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

export interface PageQuery {
  readonly page: bigint;
  readonly offset: number;
  readonly length: number;
  readonly ages: boolean;
}

/**
 * A page's bytes at the cursor. The answer to an older question stays in sight until the next one is there, be it about another page: who
 * shows it takes everything from the answer, its page too.
 */
export function usePageBytes({
  page,
  offset,
  length,
  ages,
}: PageQuery): Query<PageReply, ParamsOf<"page.view">> {
  const { recording } = useRecording();
  const paramsOf = (page: bigint, lsn: number) => ({
    recording,
    page,
    lsn,
    offset,
    length: Math.max(1, length),
    ages,
  });
  return useQueryAtCursor(
    "page.view",
    (lsn) => paramsOf(page, lsn),
    `${recording}/${page}/${offset}/${length}/${ages}`,
    {
      paramsAhead: (lsn) => {
        if (!useSelection.getState().followPage) return paramsOf(page, lsn);
        const { ahead } = useCursor.getState();
        return ahead?.lsn === lsn ? paramsOf(ahead.page ?? page, lsn) : null;
      },
    },
  );
}

export function usePageCompare(
  { page, offset, length }: PageQuery,
  compareLsn: number | undefined,
): Query<ReplyOf<"page.compare">, ParamsOf<"page.compare">> {
  const { recording } = useRecording();
  return useQueryAtCursor(
    "page.compare",
    (lsn) =>
      compareLsn === undefined
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
