import { ok, type Result } from "../../base/result.ts";
import { EVENT_CODE, type WaveEnd } from "../../events/event-types.ts";
import type { IdColumn } from "../../events/id-column.ts";
import { decodePayload } from "../../events/payload-codec.ts";
import type { IdSlots } from "../../log/index/id-slots.ts";
import type { RecordBatch } from "../../log/record-batch.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
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
  const wave = yield* lookThrough(recording, from, Math.min(to, from + MAX_TRANSACTION_RECORDS), lsn);
  if (!wave.ok) return wave;
  // A wave begins at what was written outright; what was recomputed from it lies downstream.
  const { roots } = wave.value;
  const starts = new Set<number>(wholeTransaction ? (roots.size > 0 ? roots : wave.value.written) : []);
  if (own >= 0 && !wholeTransaction) starts.add(own);
  const inModel = [...starts].filter((slot) => slot < model.pages);
  const near = yield* neighbourhood(model, inModel, "downstream", model.pages, (edge) =>
    edgeStands(tables, edge, lsn),
  );
  const { written, failed, blocked, cutOff } = wave.value;
  const failureOf = (slot: number) => (failed.has(slot) ? 1 : blocked.has(slot) ? 2 : 0);
  const listed = clusters === undefined ? undefined : new Set(clusters);
  const lit = new Map<number, LitCluster>();
  const pages: number[] = [];
  let omitted = 0;
  for (let at = 0; at < near.slots.length; at++) {
    const slot = near.slots[at]!;
    const number = model.clusterOf[slot]!;
    const cluster = lit.get(number);
    const wasWritten = written.has(slot) ? 1 : 0;
    const hasFailed = failureOf(slot) > 0 ? 1 : 0;
    const wasCutOff = cutOff.has(slot) ? 1 : 0;
    // Nearest first: the first page of a cluster has its least distance.
    if (cluster === undefined)
      lit.set(number, {
        pages: 1,
        distance: near.distance[at]!,
        written: wasWritten,
        failed: hasFailed,
        cutOff: wasCutOff,
      });
    else {
      cluster.pages++;
      cluster.written += wasWritten;
      cluster.failed += hasFailed;
      cluster.cutOff += wasCutOff;
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
      clusterCutOff: Uint32Array.from(rows, ([, cluster]) => cluster.cutOff),
      page: BigUint64Array.from(pages, (at) => tables.ids.id(near.slots[at]!)),
      distance: Uint32Array.from(pages, (at) => near.distance[at]!),
      written: Uint8Array.from(pages, (at) => (written.has(near.slots[at]!) ? 1 : 0)),
      failed: Uint8Array.from(pages, (at) => failureOf(near.slots[at]!)),
      cutOff: Uint8Array.from(pages, (at) => (cutOff.has(near.slots[at]!) ? 1 : 0)),
    },
  });
}

interface LitCluster {
  pages: number;
  readonly distance: number;
  written: number;
  failed: number;
  cutOff: number;
}

/** What the pages of a wave went through; by slot. */
interface WaveOutcome {
  readonly written: Set<number>;
  readonly failed: Set<number>;
  /** Not computed, because something above them failed. */
  readonly blocked: Set<number>;
  /** Computed to the bytes they had. */
  readonly cutOff: Set<number>;
}

interface Looked extends WaveOutcome {
  /** Written by other than derived deltas. */
  readonly roots: ReadonlySet<number>;
}

const noOutcome = (): WaveOutcome => ({
  written: new Set(),
  failed: new Set(),
  blocked: new Set(),
  cutOff: new Set(),
});

/**
 * What the records [from, to] did to which pages. Where they hold waves and `lsn` lies in one, or behind it and before the next, it is that wave's doing
 * alone: so stepping lights up wave by wave.
 */
function* lookThrough(recording: Recording, from: number, to: number, lsn: number): Sliced<Result<Looked>> {
  const { ids } = recording.index.tables;
  const roots = new Set<number>();
  const whole = noOutcome();
  let wave: WaveOutcome | undefined;
  let chosen: WaveOutcome | undefined;
  for (let at = from; at <= to; ) {
    if (recording.source.findBlock(at) < 0) break;
    const found = recording.batchAt(at);
    if (!found.ok) return found;
    const batch = found.value;
    const { kind, flags, firstLsn } = batch;
    const end = Math.min(to + 1, firstLsn + batch.count);
    for (let row = at - firstLsn; row < end - firstLsn; row++) {
      if (kind[row] === RecordKind.Event) {
        const told = waveEventAt(batch, row);
        if (told === "wave-start") {
          wave = noOutcome();
          if (firstLsn + row <= lsn) chosen = wave;
        } else if (told !== undefined) {
          for (const outcome of wave === undefined ? [whole] : [whole, wave]) {
            addSlots(outcome.cutOff, told.cutOff, ids);
            addSlots(outcome.blocked, told.blocked, ids);
          }
          wave = undefined;
        }
        continue;
      }
      const slot = placeOf(kind[row]!, batch, row, ids);
      if (slot < 0) continue;
      const isDelta = kind[row] === RecordKind.Delta;
      const isRoot = isDelta && (flags[row]! & RecordFlag.Derived) === 0;
      if (isRoot) roots.add(slot);
      (isDelta ? whole.written : whole.failed).add(slot);
      if (!isRoot && wave !== undefined) (isDelta ? wave.written : wave.failed).add(slot);
    }
    at = end;
    yield;
  }
  // Behind the last wave, at the transaction's end, all of them.
  const outcome = chosen === undefined || lsn >= to ? whole : chosen;
  for (const root of roots) outcome.written.add(root);
  return ok({ roots, ...outcome });
}

function placeOf(kind: number, batch: RecordBatch, row: number, ids: IdSlots): number {
  if (kind !== RecordKind.Delta && kind !== RecordKind.Failure) return -1;
  return ids.find(batch.pageLo[row]!, batch.pageHi[row]!);
}

/** Whether an event begins a wave, or what its end says; undefined for every other. */
function waveEventAt(batch: RecordBatch, row: number): "wave-start" | WaveEnd | undefined {
  const body = decodeEvent(batch.body(row));
  if (!body.ok) return undefined;
  const { eventType, payload } = body.value;
  if (eventType === EVENT_CODE["wave-start"]) return "wave-start";
  if (eventType !== EVENT_CODE["wave-end"]) return undefined;
  const told = decodePayload(eventType, payload);
  return told.ok && told.value?.type === "wave-end" ? told.value.fields : undefined;
}

function addSlots(slots: Set<number>, { count, lo, hi }: IdColumn, ids: IdSlots): void {
  for (let row = 0; row < count; row++) {
    const slot = ids.find(lo[row]!, hi[row]!);
    if (slot >= 0) slots.add(slot);
  }
}
