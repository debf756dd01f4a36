import { toHex, utf8DecodeStrict } from "../base/bytes.ts";
import type { Result } from "../base/result.ts";
import { decodeDeltaBody } from "../deltas/delta-body.ts";
import { RunList } from "../deltas/run-list.ts";
import { eventJson } from "../events/event-json.ts";
import { decodePayload } from "../events/payload-codec.ts";
import { showForeignText } from "../log/foreign/foreign-text.ts";
import type { RecordBatch } from "../log/record-batch.ts";
import {
  decodeCheckpoint,
  decodeEdge,
  decodeEvent,
  decodeFailure,
  decodeGap,
  decodeMetadataBody,
  decodePageCreate,
  decodePageMigrate,
  decodeSessionStart,
  decodeTransactionEnd,
} from "../log/record-bodies.ts";
import { RecordKind } from "../log/record-kinds.ts";
import { decodeRegistration } from "../log/registration.ts";
import type { PageMetadata } from "../pages/page-types.ts";
import { recordInfo } from "../replay/record-info.ts";
import { rangesText, timeText } from "./text.ts";

export interface JsonRange {
  readonly offset: number;
  readonly length: number;
}

/** A record as a line of JSON: u64 values, LSNs and times are decimal strings, sizes and epochs numbers. */
export interface RecordJson {
  readonly lsn: string;
  readonly kind: string;
  /** Null for kinds without a page. */
  readonly pageId: string | null;
  readonly epoch: number | null;
  readonly timestampNs: string;
  readonly source: string;
  /** "0" = none. */
  readonly cause: string;
  /** What a delta writes; empty for other kinds. */
  readonly ranges: readonly JsonRange[];
  readonly [detail: string]: unknown;
}

const RUNS = new RunList();

export function recordJson(batch: RecordBatch, row: number): RecordJson {
  const info = recordInfo(batch, row);
  const isDelta = info.kind === RecordKind.Delta;
  // Events and failures may concern a page; 0 is what stands there where they do not.
  const mayLackPage = info.kind === RecordKind.Event || info.kind === RecordKind.Failure;
  const pageId = mayLackPage && info.pageId === 0n ? undefined : info.pageId;
  return {
    lsn: String(info.lsn),
    kind: info.kindName,
    pageId: pageId === undefined ? null : String(pageId),
    epoch: pageId === undefined ? null : info.epoch,
    timestampNs: String(info.timestampNs),
    source: showForeignText(info.source),
    cause: String(info.cause),
    ranges: isDelta ? rangesOf(batch, row) : [],
    ...(info.derived ? { derived: true } : {}),
    ...(info.compensation ? { compensation: true } : {}),
    ...details(batch, row),
  };
}

/** The ranges that a delta writes; none where its body is malformed. */
export function rangesOf(batch: RecordBatch, row: number): JsonRange[] {
  const start = batch.bodyStart[row]!;
  if (decodeDeltaBody(batch.bytes, start, start + batch.bodyLength[row]!, RUNS) < 0) return [];
  const ranges: JsonRange[] = [];
  for (let i = 0; i < RUNS.count; i++) ranges.push({ offset: RUNS.offset[i]!, length: RUNS.length[i]! });
  return ranges;
}

function details(batch: RecordBatch, row: number): Record<string, unknown> {
  const body = batch.body(row);
  switch (batch.kind[row]!) {
    case RecordKind.Delta:
      return deltaDetails(batch, row);
    case RecordKind.PageCreate:
      return told(decodePageCreate(body), ({ sizeBytes, location, type, metadata, schema }) => ({
        sizeBytes,
        location,
        type,
        ...(metadata.size > 0 ? { metadata: metadataJson(metadata) } : {}),
        ...(schema === undefined ? {} : { schema: schema.fields }),
      }));
    case RecordKind.PageMigrate:
      return told(decodePageMigrate(body), (location) => ({ location }));
    case RecordKind.MetadataChange:
      return told(decodeMetadataBody(body), (metadata) => ({ metadata: metadataJson(metadata) }));
    case RecordKind.EdgeAdd:
    case RecordKind.EdgeRemove:
      return told(decodeEdge(body), ({ to, type }) => ({ to: String(to), edgeType: type }));
    case RecordKind.TransactionCommit:
    case RecordKind.TransactionAbort:
      return told(decodeTransactionEnd(body), (begin) => ({ begin: String(begin) }));
    case RecordKind.Event:
      return told(decodeEvent(body), ({ eventType, payload }) => ({
        eventType,
        ...eventDetails(eventType, payload),
      }));
    case RecordKind.Checkpoint:
      return told(decodeCheckpoint(body), ({ lsn, baseLsn, kind, streamBytes, stateHash }) => ({
        stateLsn: String(lsn),
        baseLsn: String(baseLsn),
        checkpoint: kind,
        sizeBytes: streamBytes,
        stateHash: toHex(stateHash),
      }));
    case RecordKind.SessionStart:
      return told(decodeSessionStart(body), ({ writer, metadata }) => ({
        writer,
        ...(metadata.size > 0 ? { metadata: metadataJson(metadata) } : {}),
      }));
    case RecordKind.Failure:
      return told(decodeFailure(body), ({ code, message }) => ({ code, message }));
    case RecordKind.Gap:
      return told(decodeGap(body), ({ fromLsn, toLsn, lostBytes }) => ({
        fromLsn: String(fromLsn),
        toLsn: String(toLsn),
        lostBytes,
      }));
    case RecordKind.Recompute:
      return told(decodeRegistration(body), ({ registered, pageType, name, form, options }) => ({
        registered,
        ...(pageType === undefined ? {} : { pageType }),
        ...(registered ? { name, form } : {}),
        ...(options === "" ? {} : { options }),
      }));
    default:
      return body.length > 0 ? { bodyBytes: body.length } : {};
  }
}

function deltaDetails(batch: RecordBatch, row: number): Record<string, unknown> {
  const metadata = batch.metadata(row);
  const deltaId = batch.deltaId(row);
  return {
    ...(deltaId === BigInt(batch.lsn(row)) ? {} : { deltaId: String(deltaId) }),
    ...(metadata.length === 0 ? {} : { metadata: jsonOrText(metadata) }),
  };
}

function told<T>(decoded: Result<T>, tell: (value: T) => Record<string, unknown>): Record<string, unknown> {
  return decoded.ok ? tell(decoded.value) : { error: decoded.error.code };
}

function metadataJson(metadata: PageMetadata): Record<string, unknown> {
  return Object.fromEntries([...metadata].map(([key, value]) => [key, textOrHex(value)]));
}

/** What the event says; of a type, or with a payload, that is not known the bytes. */
function eventDetails(eventType: number, payload: Uint8Array): Record<string, unknown> {
  const decoded = decodePayload(eventType, payload);
  const known = decoded.ok ? decoded.value : undefined;
  return known === undefined ? payloadJson(payload) : { event: eventJson(known) };
}

function payloadJson(payload: Uint8Array): Record<string, unknown> {
  return payload.length === 0 ? {} : { payload: textOrHex(payload) };
}

/** Bytes that read as plain text, as that; others as `hex:…`. */
function textOrHex(bytes: Uint8Array): string {
  const text = utf8DecodeStrict(bytes);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they tell text from other bytes
  const isPlain = text !== undefined && !/[\u0000-\u0008\u000e-\u001f\u007f]/.test(text);
  return isPlain ? text : `hex:${toHex(bytes)}`;
}

function jsonOrText(bytes: Uint8Array): unknown {
  const text = utf8DecodeStrict(bytes);
  if (text === undefined) return `hex:${toHex(bytes)}`;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const COMMON = new Set(["lsn", "kind", "pageId", "epoch", "timestampNs", "source", "cause", "ranges"]);

/** The same for people: one line. */
export function recordLine(record: RecordJson): string {
  const page =
    record.pageId === null ? "" : `page ${record.pageId}${record.epoch === 0 ? "" : ` @${record.epoch}`}`;
  const parts = [
    record.lsn.padStart(8),
    timeText(BigInt(record.timestampNs)),
    record.kind.padEnd(13),
    page.padEnd(12),
    record.source,
    rangesText(record.ranges),
    record.cause === "0" ? "" : `← ${record.cause}`,
  ];
  const { event, ...rest } = record;
  // What the event says stands for its number.
  const { type, ...fields } = (event ?? {}) as Record<string, unknown>;
  const told = event === undefined ? rest : { ...fields, ...rest, eventType: undefined };
  if (typeof type === "string") parts.push(type);
  for (const [key, value] of Object.entries(told)) {
    if (value === undefined || COMMON.has(key)) continue;
    parts.push(`${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  }
  return parts.filter((part) => part.trim() !== "").join("  ");
}
