import { toHex } from "../../base/bytes.ts";
import { KIND_NAMES, kindFromName, RecordKind } from "../../log/record-kinds.ts";
import type { RecordingInfo } from "../../protocol/requests/recordings.ts";
import { toWireError } from "../../protocol/wire-error.ts";
import type { Recording } from "../../replay/recording.ts";
import { eventTypeName } from "../records/event-text.ts";
import type { Survey } from "./survey.ts";

const MAX_SOURCES = 4096;
const MAX_CHECKPOINTS = 1024;
const MAX_DAMAGE = 256;
const MAX_GAPS = 1024;
/** Slots of the palette that sources are drawn with. */
export const SOURCE_COLOURS = 12;

const KINDS = KIND_NAMES.map((name) => ({ code: kindFromName(name)!, name }));
const EVENT_KINDS = [RecordKind.Event];

/** A source keeps its colour whatever is shown beside it: by order of first appearance. */
export function sourceColour(source: number): number {
  return source % SOURCE_COLOURS;
}

/** What a description is made from: an opened recording. */
export interface DescribedRecording {
  readonly handle: number;
  readonly name: string;
  readonly path: string;
  readonly isFollowing: boolean;
  readonly recording: Recording;
  readonly survey: Survey;
}

export function describeRecording(opened: DescribedRecording): RecordingInfo {
  const { recording, survey } = opened;
  const { source } = recording;
  const { tables } = recording.index;
  const { kindRecords } = tables;
  const hasRecords = source.lastLsn >= source.firstLsn && source.blockCount > 0;
  const recordsOf = (...kinds: number[]) => kinds.reduce((sum, kind) => sum + kindRecords[kind]!, 0);
  const { checkpoints, damage } = source;
  return {
    recording: opened.handle,
    name: opened.name,
    path: opened.path,
    format: source.format,
    formatVersion: source.formatVersion,
    uuid: toHex(source.uuid),
    fileBytes: source.fileBytes,
    complete: source.complete,
    firstLsn: source.firstLsn,
    lastLsn: recording.lastLsn,
    committedLsn: recording.committedLsn,
    firstTimestampNs: hasRecords ? tables.firstTimeNs : null,
    lastTimestampNs: hasRecords ? tables.lastTimeNs : null,
    counts: {
      records: kindRecords.reduce((sum, records) => sum + records, 0),
      deltas: recordsOf(RecordKind.Delta),
      events: recordsOf(...EVENT_KINDS),
      transactions: recordsOf(RecordKind.TransactionBegin),
      pages: tables.ids.count,
      checkpoints: checkpoints.length,
      failures: recordsOf(RecordKind.Failure, RecordKind.ForeignFrame),
      deltaBytes: Math.round(survey.slotBytes.reduce((sum, bytes) => sum + bytes, 0)),
      edges: standingEdges(recording),
    },
    kinds: KINDS.map((kind) => ({ ...kind, records: kindRecords[kind.code]! })),
    sources: tables.sources.texts.slice(0, MAX_SOURCES).map((name, number) => ({
      name,
      colour: sourceColour(number),
      records: tables.sourceRecords.data[number]!,
    })),
    sourcesOmitted: Math.max(0, tables.sources.texts.length - MAX_SOURCES),
    pageTypes: pageTypes(recording),
    eventTypes: survey.eventTypes.codes.map((code, number) => ({
      name: eventTypeName(code),
      events: survey.eventTypes.occurrences(number),
    })),
    checkpoints: evenly(checkpoints, MAX_CHECKPOINTS).map((ref) => ({
      lsn: ref.lsn,
      kind: ref.kind,
      sizeBytes: ref.sizeBytes,
      stateHash: toHex(ref.stateHash),
    })),
    damage: damage.slice(0, MAX_DAMAGE).map((found) => ({
      error: toWireError(found.error),
      path: found.path,
      offset: found.offset,
      lostBytes: found.lostBytes,
      afterLsn: Math.max(0, found.afterLsn),
    })),
    damageOmitted: Math.max(0, damage.length - MAX_DAMAGE),
    gaps: source.gaps.slice(0, MAX_GAPS).map(({ fromLsn, toLsn }) => ({ fromLsn, toLsn })),
    following: opened.isFollowing,
    surveyedLsn: survey.isComplete ? recording.lastLsn : Math.min(survey.surveyedLsn, recording.lastLsn),
  };
}

function standingEdges(recording: Recording): number {
  const { edges } = recording.index.tables;
  let standing = 0;
  for (let row = 0; row < edges.count; row++)
    if (edges.untilLsn.data[row] === Number.POSITIVE_INFINITY) standing++;
  return standing;
}

function pageTypes(recording: Recording): { name: string; pages: number }[] {
  const { lives, types } = recording.index.tables;
  const pages = new Float64Array(types.texts.length);
  for (let life = 0; life < lives.count; life++) pages[lives.type.data[life]!]!++;
  return types.texts.map((name, type) => ({ name, pages: pages[type]! }));
}

/** At most `limit` of them, the first and the last included. */
function evenly<T>(items: readonly T[], limit: number): readonly T[] {
  if (items.length <= limit) return items;
  return Array.from({ length: limit }, (_, i) => items[Math.round((i * (items.length - 1)) / (limit - 1))]!);
}
