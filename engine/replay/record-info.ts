import type { RecordBatch } from "../log/record-batch.ts";
import { kindName, RecordFlag, RecordKind } from "../log/record-kinds.ts";

/** One record as an object, for people and programs at the edge; loops use the batch's columns. */
export interface RecordInfo {
  readonly lsn: number;
  readonly kind: number;
  readonly kindName: string;
  /** The page concerned (an edge's `from`); undefined for kinds without one. */
  readonly pageId: bigint | undefined;
  /** The page's epoch after it. */
  readonly epoch: number;
  readonly timestampNs: bigint;
  readonly source: string;
  /** LSN of the record that led to this one; 0 = none. */
  readonly cause: number;
  readonly deltaId: bigint;
  readonly bodyBytes: number;
  /** Written by a recompute, kernel or merge. */
  readonly derived: boolean;
  /** Takes back another delta. */
  readonly compensation: boolean;
}

const WITHOUT_PAGE = new Set<number>([
  RecordKind.TransactionBegin,
  RecordKind.TransactionCommit,
  RecordKind.TransactionAbort,
  RecordKind.Checkpoint,
  RecordKind.SessionStart,
  RecordKind.SessionStop,
  RecordKind.Gap,
]);

export function recordInfo(batch: RecordBatch, row: number): RecordInfo {
  const kind = batch.kind[row]!;
  const flags = batch.flags[row]!;
  return {
    lsn: batch.lsn(row),
    kind,
    kindName: kindName(kind),
    pageId: WITHOUT_PAGE.has(kind) ? undefined : batch.pageId(row),
    epoch: batch.epoch[row]!,
    timestampNs: batch.timestampNs(row),
    source: batch.sourceText(row),
    cause: batch.cause[row]!,
    deltaId: batch.deltaId(row),
    bodyBytes: batch.bodyLength[row]!,
    derived: (flags & RecordFlag.Derived) !== 0,
    compensation: (flags & RecordFlag.Compensation) !== 0,
  };
}
