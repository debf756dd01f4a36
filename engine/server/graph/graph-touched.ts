import { ok, type Result } from "../../base/result.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import { recordInfo } from "../../replay/record-info.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import { transactionOf } from "../records/record-details.ts";
import { isPageless } from "../records/record-text.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { edgeStands } from "./graph-view.ts";
import { neighbourhood } from "./neighbourhood.ts";

/** Records of a transaction that are looked through; one of more shows what its record itself touches. */
const MAX_TRANSACTION_RECORDS = 1 << 20;

/** The pages that a record touches and everything downstream of them. */
export function* touchedGraph(
  opened: OpenedRecording,
  { lsn, wholeTransaction, limit }: ParamsOf<"graph.touched">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"graph.touched">>> {
  const { recording } = opened;
  const built = yield* opened.graphs.model(progress);
  if (!built.ok) return built;
  const model = built.value;
  const { tables } = recording.index;
  const found = recording.batchAt(lsn);
  if (!found.ok) return found;
  const row = found.value.rowOf(lsn);
  const info = recordInfo(found.value, row);
  const own = isPageless(info.kind, found.value.pageId(row))
    ? -1
    : tables.ids.find(found.value.pageLo[row]!, found.value.pageHi[row]!);
  const transaction = transactionOf(recording, info);
  if (!transaction.ok) return transaction;
  const from = transaction.value?.beginLsn ?? lsn;
  const to = transaction.value === null ? lsn : transaction.value.endLsn || recording.lastLsn;
  const wave = yield* lookThrough(recording, from, Math.min(to, from + MAX_TRANSACTION_RECORDS));
  if (!wave.ok) return wave;
  const starts = new Set<number>(wholeTransaction ? wave.value.written : []);
  if (own >= 0) starts.add(own);
  const inModel = [...starts].filter((slot) => slot < model.pages);
  const near = yield* neighbourhood(model, inModel, "downstream", model.pages, (edge) =>
    edgeStands(tables, edge, lsn),
  );
  const count = Math.min(limit, near.slots.length);
  const columns = {
    page: new BigUint64Array(count),
    cluster: new Uint32Array(count),
    distance: near.distance.slice(0, count),
    written: new Uint8Array(count),
    failed: new Uint8Array(count),
  };
  for (let at = 0; at < count; at++) {
    const slot = near.slots[at]!;
    columns.page[at] = tables.ids.id(slot);
    columns.cluster[at] = model.clusterOf[slot]!;
    columns.written[at] = wave.value.written.has(slot) ? 1 : 0;
    columns.failed[at] = wave.value.failed.has(slot) ? 1 : 0;
  }
  const touched = inModel.length;
  return ok({
    result: { touched, downstream: near.slots.length - touched, omitted: near.slots.length - count },
    columns,
  });
}

interface Wave {
  readonly written: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
}

/** Which pages the records [from, to] write, and which they report as failed. */
function* lookThrough(recording: Recording, from: number, to: number): Sliced<Result<Wave>> {
  const { ids } = recording.index.tables;
  const written = new Set<number>();
  const failed = new Set<number>();
  for (let lsn = from; lsn <= to; ) {
    if (recording.source.findBlock(lsn) < 0) break;
    const batch = recording.batchAt(lsn);
    if (!batch.ok) return batch;
    const { kind, pageLo, pageHi, firstLsn, count } = batch.value;
    const end = Math.min(to + 1, firstLsn + count);
    for (let row = lsn - firstLsn; row < end - firstLsn; row++) {
      if (kind[row] !== RecordKind.Delta && kind[row] !== RecordKind.Failure) continue;
      const slot = ids.find(pageLo[row]!, pageHi[row]!);
      if (slot >= 0) (kind[row] === RecordKind.Delta ? written : failed).add(slot);
    }
    lsn = end;
    yield;
  }
  return ok({ written, failed });
}
