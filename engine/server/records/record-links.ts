import { fail, ok, type Result } from "../../base/result.ts";
import type { RecordBrief } from "../../protocol/requests/records.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { briefOf } from "./record-text.ts";

export interface Chain {
  readonly chain: RecordBrief[];
  readonly complete: boolean;
}

/** The records that led to the one at `lsn`, nearest first; each link is one block at most. */
export function* causesOf(recording: Recording, lsn: number, limit: number): Sliced<Result<Chain>> {
  const chain: RecordBrief[] = [];
  const first = recording.record(lsn);
  if (!first.ok) return first;
  for (let at = first.value.cause, from = lsn; at !== 0; ) {
    // What was lost or is no longer kept ends the chain: the record says that there was a cause, and no more is known.
    if (chain.length >= limit || at < recording.source.firstLsn || recording.gapAt(at) !== undefined) {
      return ok({ chain, complete: false });
    }
    if (at >= from) {
      return fail(
        "LOG_RECORD_CORRUPT",
        `its cause ${at} does not lie before it`,
        "Run 'mmsb verify' on the recording",
        {
          lsn: from,
        },
      );
    }
    const batch = recording.batchAt(at);
    if (!batch.ok) return batch;
    const brief = briefOf(recording, batch.value, batch.value.rowOf(at));
    chain.push(brief);
    from = at;
    at = brief.cause;
    yield;
  }
  return ok({ chain, complete: true });
}

/** The records that name this one as their cause: a search over what comes after it, which stops as soon as enough are found. */
export function* effectsOf(
  opened: OpenedRecording,
  { lsn, limit }: ParamsOf<"record.effects">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"record.effects">>> {
  const { recording } = opened;
  const kinds = recording.index.tables.kindRecords;
  const present = opened.info().kinds.filter(({ code }) => kinds[code]! > 0);
  const rows = opened.searches.rowsFor("deltas", { kinds: present.map(({ name }) => name), cause: lsn });
  if (!rows.ok) return rows;
  while (!rows.value.isComplete && rows.value.total < limit) {
    const advanced = yield* rows.value.advance();
    if (!advanced.ok) return advanced;
    progress("search", rows.value.searchedLsn, recording.lastLsn);
  }
  const lsns = yield* rows.value.select(0, limit);
  if (!lsns.ok) return lsns;
  const effects: RecordBrief[] = [];
  for (const at of lsns.value) {
    const batch = recording.batchAt(at);
    if (!batch.ok) return batch;
    effects.push(briefOf(recording, batch.value, batch.value.rowOf(at)));
    yield;
  }
  return ok({
    result: { effects, complete: rows.value.isComplete && rows.value.total <= limit },
    columns: {},
  });
}
