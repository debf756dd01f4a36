import { fail, ok, type Result } from "../../base/result.ts";
import type { RecordBrief } from "../../protocol/requests/records.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { leadingLsn } from "../../replay/leading-record.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { briefOf } from "./record-text.ts";

export interface Chain {
  readonly chain: RecordBrief[];
  readonly complete: boolean;
}

/** The records that led to the one at `lsn`, nearest first, through recomputes to their inputs; each link is two blocks at most. */
export function* causesOf(recording: Recording, lsn: number, limit: number): Sliced<Result<Chain>> {
  const chain: RecordBrief[] = [];
  for (let from = lsn; ; ) {
    const record = recording.record(from);
    const led = record.ok ? leadingLsn(recording, record.value) : record;
    if (!led.ok) return led;
    const at = led.value;
    if (at === 0) return ok({ chain, complete: true });
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
    chain.push(briefOf(recording, batch.value, batch.value.rowOf(at)));
    from = at;
    yield;
  }
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
