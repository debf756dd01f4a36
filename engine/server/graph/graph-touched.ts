import { ok, type Result } from "../../base/result.ts";
import { RecordFlag, RecordKind } from "../../log/record-kinds.ts";
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
  { lsn, wholeTransaction, clusters, limit }: ParamsOf<"graph.touched">,
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
  // A wave begins at what was written outright; what was recomputed from it lies downstream.
  const { roots } = wave.value;
  const starts = new Set<number>(wholeTransaction ? (roots.size > 0 ? roots : wave.value.written) : []);
  if (own >= 0 && !wholeTransaction) starts.add(own);
  const inModel = [...starts].filter((slot) => slot < model.pages);
  const near = yield* neighbourhood(model, inModel, "downstream", model.pages, (edge) =>
    edgeStands(tables, edge, lsn),
  );
  const { written, failed } = wave.value;
  const listed = clusters === undefined ? undefined : new Set(clusters);
  const lit = new Map<number, LitCluster>();
  const pages: number[] = [];
  let omitted = 0;
  for (let at = 0; at < near.slots.length; at++) {
    const slot = near.slots[at]!;
    const number = model.clusterOf[slot]!;
    const cluster = lit.get(number);
    const wasWritten = written.has(slot) ? 1 : 0;
    const hasFailed = failed.has(slot) ? 1 : 0;
    // Nearest first: the first page of a cluster has its least distance.
    if (cluster === undefined)
      lit.set(number, { pages: 1, distance: near.distance[at]!, written: wasWritten, failed: hasFailed });
    else {
      cluster.pages++;
      cluster.written += wasWritten;
      cluster.failed += hasFailed;
    }
    if (listed?.has(number) === false) continue;
    if (pages.length < limit) pages.push(at);
    else omitted++;
    if (at % 8192 === 8191) yield;
  }
  const rows = [...lit];
  const touched = inModel.length;
  return ok({
    result: { touched, downstream: near.slots.length - touched, omitted },
    columns: {
      cluster: Uint32Array.from(rows, ([number]) => number),
      clusterPages: Uint32Array.from(rows, ([, cluster]) => cluster.pages),
      clusterDistance: Uint32Array.from(rows, ([, cluster]) => cluster.distance),
      clusterWritten: Uint32Array.from(rows, ([, cluster]) => cluster.written),
      clusterFailed: Uint32Array.from(rows, ([, cluster]) => cluster.failed),
      page: BigUint64Array.from(pages, (at) => tables.ids.id(near.slots[at]!)),
      distance: Uint32Array.from(pages, (at) => near.distance[at]!),
      written: Uint8Array.from(pages, (at) => (written.has(near.slots[at]!) ? 1 : 0)),
      failed: Uint8Array.from(pages, (at) => (failed.has(near.slots[at]!) ? 1 : 0)),
    },
  });
}

interface LitCluster {
  pages: number;
  readonly distance: number;
  written: number;
  failed: number;
}

interface Wave {
  /** Written by other than derived deltas. */
  readonly roots: ReadonlySet<number>;
  readonly written: ReadonlySet<number>;
  readonly failed: ReadonlySet<number>;
}

/** Which pages the records [from, to] write, and which they report as failed. */
function* lookThrough(recording: Recording, from: number, to: number): Sliced<Result<Wave>> {
  const { ids } = recording.index.tables;
  const roots = new Set<number>();
  const written = new Set<number>();
  const failed = new Set<number>();
  for (let lsn = from; lsn <= to; ) {
    if (recording.source.findBlock(lsn) < 0) break;
    const batch = recording.batchAt(lsn);
    if (!batch.ok) return batch;
    const { kind, flags, pageLo, pageHi, firstLsn, count } = batch.value;
    const end = Math.min(to + 1, firstLsn + count);
    for (let row = lsn - firstLsn; row < end - firstLsn; row++) {
      if (kind[row] !== RecordKind.Delta && kind[row] !== RecordKind.Failure) continue;
      const slot = ids.find(pageLo[row]!, pageHi[row]!);
      if (slot >= 0 && kind[row] === RecordKind.Delta && (flags[row]! & RecordFlag.Derived) === 0)
        roots.add(slot);
      if (slot >= 0) (kind[row] === RecordKind.Delta ? written : failed).add(slot);
    }
    lsn = end;
    yield;
  }
  return ok({ roots, written, failed });
}
