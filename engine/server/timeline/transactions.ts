import { ok, type Result } from "../../base/result.ts";
import { lastAtMost } from "../../log/index/growable.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import { BlockEnd } from "../recording/survey.ts";
import type { Axis } from "./axis.ts";

/** Beyond this a viewport shows them as density: two a pixel column cannot be told apart anyway. */
const MAX_LISTED = 2000;

const OUTCOME = { open: 0, committed: 1, aborted: 2 } as const;

interface Listed {
  readonly isListed: boolean;
  readonly columns: {
    readonly txBeginLsn: Float64Array;
    readonly txEndLsn: Float64Array;
    readonly txBeginTimeNs: BigUint64Array;
    readonly txEndTimeNs: BigUint64Array;
    readonly txOutcome: Uint8Array;
  };
}

/** The transactions that touch a viewport, one by one where there are few. */
export function transactionsIn(opened: OpenedRecording, axis: Axis): Result<Listed> {
  const { survey } = opened;
  const { index } = opened.recording;
  if (axis.lastLsn < axis.firstLsn) return ok(listed([], axis, opened));
  // What the first and last block hold outside the viewport is counted too: at most a few hundred.
  if (survey.boundsIn(axis.firstBlock, axis.lastBlock + 1) > MAX_LISTED * 2) {
    return ok({ ...listed([], axis, opened), isListed: false });
  }
  const first = Math.ceil(axis.firstLsn);
  const last = Math.floor(axis.lastLsn);
  const open = index.openTransaction(first - 1);
  if (!open.ok) return open;
  const pairs: { begin: number; end: number }[] = open.value === 0 ? [] : [{ begin: open.value, end: 0 }];
  for (let run = Math.max(0, index.findRun(first)); run < index.runCount; run++) {
    const { firstLsn, lastLsn } = index.header(run);
    if (firstLsn > last) break;
    if (survey.boundsIn(survey.findBlock(firstLsn), survey.findBlock(lastLsn) + 1) === 0) continue;
    const columns = index.columns(run);
    if (!columns.ok) return columns;
    const { beginOffset, endOffset } = columns.value;
    let begin = lastAtMost(beginOffset, 0, beginOffset.length, first - 1 - firstLsn) + 1;
    const beginTo = lastAtMost(beginOffset, 0, beginOffset.length, last - firstLsn) + 1;
    let end = lastAtMost(endOffset, 0, endOffset.length, first - 1 - firstLsn) + 1;
    const endTo = lastAtMost(endOffset, 0, endOffset.length, last - firstLsn) + 1;
    if (pairs.length + beginTo - begin > MAX_LISTED)
      return ok({ ...listed([], axis, opened), isListed: false });
    while (begin < beginTo || end < endTo) {
      const nextEnd = end < endTo ? endOffset[end]! : Number.POSITIVE_INFINITY;
      const nextBegin = begin < beginTo ? beginOffset[begin]! : Number.POSITIVE_INFINITY;
      if (nextEnd < nextBegin) {
        const pair = pairs.at(-1);
        if (pair !== undefined && pair.end === 0) pair.end = firstLsn + nextEnd;
        end++;
      } else {
        pairs.push({ begin: firstLsn + nextBegin, end: 0 });
        begin++;
      }
    }
  }
  const unfinished = pairs.at(-1);
  if (unfinished !== undefined && unfinished.end === 0) {
    const end = index.transactionEnd(last + 1);
    if (!end.ok) return end;
    unfinished.end = end.value ?? 0;
  }
  return ok(listed(pairs, axis, opened));
}

function listed(
  pairs: readonly { begin: number; end: number }[],
  axis: Axis,
  { survey, recording }: OpenedRecording,
): Listed {
  const lastLsn = recording.lastLsn;
  return {
    isListed: true,
    columns: {
      txBeginLsn: Float64Array.from(pairs, ({ begin }) => begin),
      txEndLsn: Float64Array.from(pairs, ({ end }) => end),
      txBeginTimeNs: BigUint64Array.from(pairs, ({ begin }) => axis.timeNsOf(begin)),
      txEndTimeNs: BigUint64Array.from(pairs, ({ end }) => axis.timeNsOf(end === 0 ? lastLsn : end)),
      // An end always ends its block, so the block's last record tells how.
      txOutcome: Uint8Array.from(pairs, ({ end }) => {
        if (end === 0) return OUTCOME.open;
        const block = survey.findBlock(end);
        return survey.end.data[block] === BlockEnd.Aborted ? OUTCOME.aborted : OUTCOME.committed;
      }),
    },
  };
}
