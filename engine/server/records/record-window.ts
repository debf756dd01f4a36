import { ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import type { RecordBatch } from "../../log/record-batch.ts";
import { decodeEvent } from "../../log/record-bodies.ts";
import { RecordFlag, RecordKind } from "../../log/record-kinds.ts";
import { packTexts } from "../../protocol/columns.ts";
import { PREVIEW_BYTES, RecordRowFlag } from "../../protocol/requests/records.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { eventText } from "./event-text.ts";
import { isPageless, pageTypeAt, summaryOf } from "./record-text.ts";
import type { RowSet } from "./row-set.ts";
import type { WindowName } from "./search-cache.ts";

/** Work between two chances to stop: a row is one, and reading another block some 0.2 ms. */
const WORK_A_STEP = 64;
const WORK_OF_A_BLOCK = 16;
const NO_EVENT_TYPE = 0xffff_ffff;

interface WindowPlace {
  readonly offset: number;
  readonly lsns: Float64Array;
  readonly result: ReplyOf<"deltas.window">["result"];
}

type WindowParams = ParamsOf<"deltas.window">;

/** Finds which rows the window shows; searches only as far as it must. */
function* placeWindow(
  rows: RowSet,
  recording: Recording,
  { offset, limit, around }: WindowParams,
  progress: ReportProgress,
): Sliced<Result<WindowPlace>> {
  const isEnough = () => (around === undefined ? rows.total >= offset + limit : rows.searchedLsn >= around);
  let aroundRow = -1;
  let from = offset;
  while (!rows.isComplete && !isEnough()) {
    const advanced = yield* rows.advance();
    if (!advanced.ok) return advanced;
    progress("search", rows.searchedLsn, recording.lastLsn);
  }
  if (around !== undefined) {
    const rank = rows.rank(around);
    if (!rank.ok) return rank;
    aroundRow = rank.value - 1;
    from = Math.max(0, aroundRow - Math.floor(limit / 2));
    while (!rows.isComplete && rows.total < from + limit) {
      const advanced = yield* rows.advance();
      if (!advanced.ok) return advanced;
      progress("search", rows.searchedLsn, recording.lastLsn);
    }
  }
  const lsns = yield* rows.select(from, from + limit);
  if (!lsns.ok) return lsns;
  return ok({
    offset: from,
    lsns: lsns.value,
    result: {
      offset: from,
      total: rows.total,
      complete: rows.isComplete,
      searchedLsn: rows.searchedLsn,
      aroundRow,
    },
  });
}

/** Columns that both kinds of window share, filled row by row. */
class CommonColumns {
  readonly lsn: Float64Array;
  readonly kind: Uint8Array;
  readonly timeNs: BigUint64Array;
  readonly page: BigUint64Array;
  readonly pageType: Uint32Array;
  readonly source: Uint32Array;
  readonly cause: Float64Array;
  readonly transaction: Float64Array;
  readonly flags: Uint8Array;
  readonly #recording: Recording;

  constructor(recording: Recording, lsns: Float64Array) {
    const rows = lsns.length;
    this.#recording = recording;
    this.lsn = lsns;
    this.kind = new Uint8Array(rows);
    this.timeNs = new BigUint64Array(rows);
    this.page = new BigUint64Array(rows);
    this.pageType = new Uint32Array(rows);
    this.source = new Uint32Array(rows);
    this.cause = new Float64Array(rows);
    this.transaction = new Float64Array(rows);
    this.flags = new Uint8Array(rows);
  }

  fill(at: number, batch: RecordBatch, row: number): Result<void> {
    const recording = this.#recording;
    const lsn = batch.firstLsn + row;
    const kind = batch.kind[row]!;
    const page = batch.pageId(row);
    const hasPage = !isPageless(kind, page);
    const open = this.#transactionOf(kind, lsn);
    if (!open.ok) return open;
    this.kind[at] = kind;
    this.timeNs[at] = batch.timestampNs(row);
    this.page[at] = hasPage ? page : 0n;
    this.pageType[at] = hasPage
      ? pageTypeAt(recording, batch.pageLo[row]!, batch.pageHi[row]!, lsn)
      : 0xffff_ffff;
    this.source[at] = Math.max(0, recording.index.tables.sources.find(batch.sourceText(row)));
    this.cause[at] = batch.cause[row]!;
    this.transaction[at] = open.value;
    const flags = batch.flags[row]!;
    this.flags[at] =
      ((flags & RecordFlag.Derived) !== 0 ? RecordRowFlag.Derived : 0) |
      ((flags & RecordFlag.Compensation) !== 0 ? RecordRowFlag.Compensation : 0) |
      (batch.metaLength[row]! > 0 ? RecordRowFlag.HasMetadata : 0) |
      (lsn > recording.committedLsn ? RecordRowFlag.Uncommitted : 0) |
      (hasPage ? RecordRowFlag.HasPage : 0);
    return ok();
  }

  /** The record's transaction: a commit or abort still belongs to the one that it ends. */
  #transactionOf(kind: number, lsn: number): Result<number> {
    const ends = kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort;
    return this.#recording.index.openTransaction(ends ? lsn - 1 : lsn);
  }

  columns() {
    const { lsn, kind, timeNs, page, pageType, source, cause, transaction, flags } = this;
    return { lsn, kind, timeNs, page, pageType, source, cause, transaction, flags };
  }
}

/** Reads the records of a window and hands each to `fill`. */
function* eachRow(
  recording: Recording,
  lsns: Float64Array,
  fill: (at: number, batch: RecordBatch, row: number) => Result<void>,
): Sliced<Result<void>> {
  let work = 0;
  let firstLsn = -1;
  for (let at = 0; at < lsns.length; at++) {
    const batch = recording.batchAt(lsns[at]!);
    if (!batch.ok) return batch;
    work += batch.value.firstLsn === firstLsn ? 1 : WORK_OF_A_BLOCK;
    firstLsn = batch.value.firstLsn;
    const filled = fill(at, batch.value, batch.value.rowOf(lsns[at]!));
    if (!filled.ok) return filled;
    if (work < WORK_A_STEP) continue;
    work = 0;
    yield;
  }
  return ok();
}

function* place(
  window: WindowName,
  opened: OpenedRecording,
  params: WindowParams,
  progress: ReportProgress,
): Sliced<Result<WindowPlace>> {
  const rows = opened.searches.rowsFor(window, params.filter);
  return rows.ok ? yield* placeWindow(rows.value, opened.recording, params, progress) : rows;
}

export function* windowDeltas(
  opened: OpenedRecording,
  params: ParamsOf<"deltas.window">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"deltas.window">>> {
  const placed = yield* place("deltas", opened, params, progress);
  if (!placed.ok) return placed;
  const { lsns, result } = placed.value;
  const rows = lsns.length;
  const common = new CommonColumns(opened.recording, lsns);
  const epoch = new Float64Array(rows);
  const deltaId = new BigUint64Array(rows);
  const rangeCount = new Uint32Array(rows);
  const firstOffset = new Uint32Array(rows);
  const firstLength = new Uint32Array(rows);
  const sizeBytes = new Uint32Array(rows);
  const preview = new Uint8Array(rows * PREVIEW_BYTES);
  const previewLength = new Uint8Array(rows);
  const runs = new RunList();
  const filled = yield* eachRow(opened.recording, lsns, (at, batch, row) => {
    epoch[at] = batch.epoch[row]!;
    deltaId[at] = batch.deltaId(row);
    if (batch.kind[row] === RecordKind.Delta) {
      const start = batch.bodyStart[row]!;
      const payloadAt = decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, runs);
      if (payloadAt >= 0 && runs.count > 0) {
        rangeCount[at] = runs.count;
        firstOffset[at] = runs.offset[0]!;
        firstLength[at] = runs.length[0]!;
        sizeBytes[at] = runs.totalBytes;
        const shown = Math.min(PREVIEW_BYTES, sizeBytes[at]!);
        preview.set(batch.bytes.subarray(payloadAt, payloadAt + shown), at * PREVIEW_BYTES);
        previewLength[at] = shown;
      }
    }
    return common.fill(at, batch, row);
  });
  if (!filled.ok) return filled;
  return ok({
    result,
    columns: {
      ...common.columns(),
      epoch,
      deltaId,
      rangeCount,
      firstOffset,
      firstLength,
      sizeBytes,
      preview,
      previewLength,
    },
  });
}

export function* windowEvents(
  opened: OpenedRecording,
  params: ParamsOf<"events.window">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"events.window">>> {
  const placed = yield* place("events", opened, params, progress);
  if (!placed.ok) return placed;
  const { lsns, result } = placed.value;
  const rows = lsns.length;
  const common = new CommonColumns(opened.recording, lsns);
  const eventType = new Uint32Array(rows).fill(NO_EVENT_TYPE);
  const severity = new Uint8Array(rows);
  const durationNs = new BigUint64Array(rows);
  const texts: string[] = new Array(rows).fill("");
  const filled = yield* eachRow(opened.recording, lsns, (at, batch, row) => {
    const kind = batch.kind[row]!;
    const event = kind === RecordKind.Event ? decodeEvent(batch.body(row)) : undefined;
    if (event?.ok === true) {
      const { eventType: code, payload } = event.value;
      const described = eventText(code, payload);
      const number = opened.survey.eventTypes.find(code);
      eventType[at] = number < 0 ? NO_EVENT_TYPE : number;
      severity[at] = described.severity;
      durationNs[at] = described.durationNs;
      texts[at] = described.text;
    } else {
      texts[at] = summaryOf(batch, row);
      if (kind === RecordKind.Failure || kind === RecordKind.ForeignFrame) severity[at] = 2;
      else if (kind === RecordKind.Gap) severity[at] = 1;
    }
    return common.fill(at, batch, row);
  });
  if (!filled.ok) return filled;
  const packed = packTexts(texts);
  return ok({
    result,
    columns: {
      ...common.columns(),
      eventType,
      severity,
      durationNs,
      textBytes: packed.bytes,
      textEnds: packed.ends,
    },
  });
}
