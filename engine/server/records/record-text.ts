import { toHex } from "../../base/bytes.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { NONE } from "../../log/index/id-slots.ts";
import type { RecordBatch } from "../../log/record-batch.ts";
import {
  decodeCheckpoint,
  decodeEdge,
  decodeEvent,
  decodeFailure,
  decodeGap,
  decodePageCreate,
  decodePageMigrate,
  decodeSessionStart,
  decodeTransactionEnd,
} from "../../log/record-bodies.ts";
import { kindName, RecordKind } from "../../log/record-kinds.ts";
import type { RecordBrief } from "../../protocol/requests/records.ts";
import { recordInfo } from "../../replay/record-info.ts";
import type { Recording } from "../../replay/recording.ts";
import { eventText } from "./event-text.ts";

const runs = new RunList();

/** The type of the page that a record names, at that record: an index into the recording's types, or NONE. */
export function pageTypeAt(recording: Recording, pageLo: number, pageHi: number, lsn: number): number {
  const { tables } = recording.index;
  const slot = tables.ids.find(pageLo, pageHi);
  if (slot < 0) return NONE;
  // A destroy names the life that it ends.
  let life = tables.lifeAt(slot, lsn);
  if (life === NONE) life = tables.lifeAt(slot, lsn - 1);
  if (life === NONE) life = tables.slotLife.data[slot]!;
  return life === NONE ? NONE : tables.lives.type.data[life]!;
}

export function briefOf(recording: Recording, batch: RecordBatch, row: number): RecordBrief {
  const info = recordInfo(batch, row);
  const hasPage = info.pageId !== undefined && !isPageless(info.kind, info.pageId);
  const type = hasPage ? pageTypeAt(recording, batch.pageLo[row]!, batch.pageHi[row]!, info.lsn) : NONE;
  return {
    lsn: info.lsn,
    kind: info.kindName,
    timestampNs: info.timestampNs,
    pageId: hasPage ? info.pageId! : null,
    pageType: type === NONE ? null : recording.index.tables.types.texts[type]!,
    epoch: info.kind === RecordKind.Delta ? info.epoch : null,
    source: info.source,
    cause: info.cause,
    summary: summaryOf(batch, row),
  };
}

/** An event or failure may name a page, and 0 then stands for none. */
export function isPageless(kind: number, pageId: bigint): boolean {
  switch (kind) {
    case RecordKind.TransactionBegin:
    case RecordKind.TransactionCommit:
    case RecordKind.TransactionAbort:
    case RecordKind.Checkpoint:
    case RecordKind.SessionStart:
    case RecordKind.SessionStop:
    case RecordKind.Gap:
      return true;
    case RecordKind.Event:
    case RecordKind.Failure:
      return pageId === 0n;
    default:
      return false;
  }
}

/** One line about a record that a person can read. */
export function summaryOf(batch: RecordBatch, row: number): string {
  const kind = batch.kind[row]!;
  const body = batch.body(row);
  switch (kind) {
    case RecordKind.Delta:
      return deltaSummary(body);
    case RecordKind.Event: {
      const event = decodeEvent(body);
      return event.ok ? eventText(event.value.eventType, event.value.payload).text : "a malformed event";
    }
    case RecordKind.Failure: {
      const failure = decodeFailure(body);
      return failure.ok ? `${failure.value.code}: ${failure.value.message}` : "a malformed failure";
    }
    default:
      return propertiesOf(batch, row)
        .map(({ name, value }) => `${name} ${value}`)
        .join(", ");
  }
}

function deltaSummary(body: Uint8Array): string {
  if (decodeDeltaBody(body, 0, body.length, runs) < 0) return "a malformed delta";
  const bytes = runs.totalBytes;
  if (runs.count === 0) return "writes nothing";
  const at = `from offset ${runs.offset[0]}`;
  const ranges = runs.count === 1 ? "" : ` in ${runs.count} ranges`;
  return `writes ${bytes} byte${bytes === 1 ? "" : "s"} ${at}${ranges}`;
}

/** What a record holds beside its columns, ready to show. Empty for deltas; a body that is malformed says so. */
export function propertiesOf(batch: RecordBatch, row: number): { name: string; value: string }[] {
  const body = batch.body(row);
  const malformed = [{ name: "body", value: "is malformed" }];
  switch (batch.kind[row]!) {
    case RecordKind.PageCreate: {
      const page = decodePageCreate(body);
      if (!page.ok) return malformed;
      const { sizeBytes, location, type, schema } = page.value;
      return [
        { name: "type", value: type },
        { name: "bytes", value: String(sizeBytes) },
        { name: "location", value: location },
        ...(schema === undefined ? [] : [{ name: "fields", value: String(schema.fields.length) }]),
      ];
    }
    case RecordKind.PageMigrate: {
      const location = decodePageMigrate(body);
      return location.ok ? [{ name: "to", value: location.value }] : malformed;
    }
    case RecordKind.EdgeAdd:
    case RecordKind.EdgeRemove: {
      const edge = decodeEdge(body);
      if (!edge.ok) return malformed;
      return [
        { name: "to page", value: edge.value.to.toString() },
        { name: "type", value: edge.value.type },
      ];
    }
    case RecordKind.TransactionCommit:
    case RecordKind.TransactionAbort: {
      const begin = decodeTransactionEnd(body);
      return begin.ok ? [{ name: "begun at", value: `LSN ${begin.value}` }] : malformed;
    }
    case RecordKind.Checkpoint: {
      const checkpoint = decodeCheckpoint(body);
      if (!checkpoint.ok) return malformed;
      const { lsn, kind, baseLsn, stateHash } = checkpoint.value;
      return [
        { name: "of", value: `LSN ${lsn}` },
        { name: "kind", value: kind },
        ...(kind === "dirty" ? [{ name: "base", value: `LSN ${baseLsn}` }] : []),
        { name: "state hash", value: toHex(stateHash) },
      ];
    }
    case RecordKind.SessionStart: {
      const start = decodeSessionStart(body);
      if (!start.ok) return malformed;
      return [{ name: "writer", value: start.value.writer }, ...metadataEntries(start.value.metadata)];
    }
    case RecordKind.Failure: {
      const failure = decodeFailure(body);
      if (!failure.ok) return malformed;
      return [
        { name: "code", value: failure.value.code },
        { name: "message", value: failure.value.message },
      ];
    }
    case RecordKind.Gap: {
      const gap = decodeGap(body);
      if (!gap.ok) return malformed;
      const { fromLsn, toLsn, lostBytes } = gap.value;
      return [
        { name: "lost", value: `LSN ${fromLsn} to ${toLsn}` },
        { name: "bytes", value: String(lostBytes) },
      ];
    }
    case RecordKind.Event: {
      const event = decodeEvent(body);
      return event.ok ? [...eventText(event.value.eventType, event.value.payload).properties] : malformed;
    }
    case RecordKind.Delta:
    case RecordKind.TransactionBegin:
    case RecordKind.PageDestroy:
    case RecordKind.SessionStop:
      return [];
    default:
      return [
        { name: "kind", value: kindName(batch.kind[row]!) },
        { name: "bytes", value: String(body.length) },
      ];
  }
}

/** Metadata as texts: UTF-8 where it is, else hexadecimal behind `0x`. */
export function metadataEntries(
  metadata: ReadonlyMap<string, Uint8Array>,
): { name: string; value: string }[] {
  return [...metadata].map(([name, value]) => ({ name, value: metadataText(value) }));
}

export function metadataText(value: Uint8Array): string {
  const text = decodeText(value);
  return text ?? `0x${toHex(value.subarray(0, 4096))}`;
}

function decodeText(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(value.slice(0, 4096));
  } catch {
    return undefined;
  }
}
