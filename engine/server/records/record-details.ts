import { utf8Decode } from "../../base/bytes.ts";
import { ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import { FIELD_TYPE_BYTES, type PageSchema, type SchemaField } from "../../pages/page-types.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { RecordInfo } from "../../replay/record-info.ts";
import { recordInfo } from "../../replay/record-info.ts";
import type { Recording } from "../../replay/recording.ts";
import { briefOf, propertiesOf } from "./record-text.ts";

const MAX_RANGES = 4096;
const MAX_BYTES = 65_536;
const MAX_METADATA_BYTES = 65_536;
const MAX_FIELDS = 64;

type Details = ReplyOf<"record.details">;

/** Everything about one record. */
export function recordDetails(recording: Recording, { lsn }: ParamsOf<"record.details">): Result<Details> {
  const found = recording.batchAt(lsn);
  if (!found.ok) return found;
  const batch = found.value;
  const row = batch.rowOf(lsn);
  const info = recordInfo(batch, row);
  const record = briefOf(recording, batch, row);
  const properties = propertiesOf(batch, row);
  const metadata = metadataOf(batch.metadata(row));
  const runs = new RunList();
  const body = batch.body(row).slice();
  const payloadAt = info.kind === RecordKind.Delta ? decodeDeltaBody(body, 0, body.length, runs) : -1;
  if (payloadAt < 0) runs.clear();
  const slot = recording.index.tables.ids.find(batch.pageLo[row]!, batch.pageHi[row]!);
  const transaction = transactionOf(recording, info);
  if (!transaction.ok) return transaction;
  const after = body.slice(
    Math.max(0, payloadAt),
    Math.max(0, payloadAt) + (payloadAt < 0 ? 0 : Math.min(runs.totalBytes, MAX_BYTES)),
  );
  const before =
    payloadAt < 0 ? ok(new Uint8Array(0)) : bytesBefore(recording, slot, lsn, runs, after.length);
  if (!before.ok) return before;
  const fields =
    payloadAt < 0 || info.pageId === undefined ? ok([]) : fieldsTouched(recording, info.pageId, lsn, runs);
  if (!fields.ok) return fields;
  const shown = Math.min(runs.count, MAX_RANGES);
  return ok({
    result: {
      record,
      deltaId: info.kind === RecordKind.Delta ? info.deltaId : null,
      derived: info.derived,
      compensation: info.compensation,
      transaction: transaction.value,
      rangeCount: runs.count,
      sizeBytes: runs.totalBytes,
      fields: fields.value,
      metadata,
      properties,
    },
    columns: {
      rangeOffset: runs.offset.slice(0, shown),
      rangeLength: runs.length.slice(0, shown),
      before: before.value,
      after,
    },
  });
}

function metadataOf(bytes: Uint8Array): string | null {
  return bytes.length === 0 ? null : utf8Decode(bytes.subarray(0, MAX_METADATA_BYTES));
}

/** The bytes that the delta overwrote, as many as are shown; empty where the page is not known before it. */
function bytesBefore(
  recording: Recording,
  slot: number,
  lsn: number,
  runs: RunList,
  count: number,
): Result<Uint8Array> {
  const { tables } = recording.index;
  const before = recording.nearestLsn(lsn - 1, -1);
  const life = slot < 0 ? NONE : tables.lifeAt(slot, before);
  if (life === NONE || count === 0) return ok(new Uint8Array(0));
  const page = new Uint8Array(tables.lives.sizeBytes.data[life]!);
  const read = recording.reader.read(slot, life, before, page);
  if (!read.ok) return read;
  const out = new Uint8Array(count);
  let at = 0;
  for (let run = 0; run < runs.count && at < count; run++) {
    const offset = runs.offset[run]!;
    const bytes = page.subarray(offset, Math.min(offset + runs.length[run]!, offset + count - at));
    out.set(bytes, at);
    at += runs.length[run]!;
  }
  return ok(out);
}

function fieldsTouched(recording: Recording, pageId: bigint, lsn: number, runs: RunList): Result<string[]> {
  const page = recording.descriptorAt(pageId, lsn);
  if (!page.ok) return page.error.code === "LSN_OUT_OF_RANGE" ? ok([]) : page;
  return ok(namesTouched(page.value?.schema, runs));
}

function namesTouched(schema: PageSchema | undefined, runs: RunList): string[] {
  const names: string[] = [];
  for (const field of schema?.fields ?? []) {
    if (names.length >= MAX_FIELDS) break;
    const end = field.offset + fieldBytes(field);
    for (let run = 0; run < runs.count; run++) {
      if (runs.offset[run]! >= end || runs.offset[run]! + runs.length[run]! <= field.offset) continue;
      names.push(field.name);
      break;
    }
  }
  return names;
}

export function fieldBytes(field: SchemaField): number {
  return field.shape.reduce((product, length) => product * length, FIELD_TYPE_BYTES[field.type]);
}

/** The transaction that a record begins, ends or stands in. */
export function transactionOf(
  recording: Recording,
  info: RecordInfo,
): Result<Details["result"]["transaction"]> {
  const ends = info.kind === RecordKind.TransactionCommit || info.kind === RecordKind.TransactionAbort;
  const begin = recording.index.openTransaction(ends ? info.lsn - 1 : info.lsn);
  if (!begin.ok) return begin;
  if (begin.value === 0) return ok(null);
  const end = recording.index.transactionEnd(info.lsn);
  if (!end.ok) return end;
  if (end.value === undefined) return ok({ beginLsn: begin.value, endLsn: 0, outcome: "open" });
  const last = recording.record(end.value);
  if (!last.ok) return last;
  const outcome = last.value.kind === RecordKind.TransactionAbort ? "aborted" : "committed";
  return ok({ beginLsn: begin.value, endLsn: end.value, outcome });
}
