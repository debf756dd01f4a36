/**
 * What a record can be. Bit 7 marks a *critical* kind: a reader that does not know it must stop replaying there; a kind without it
 * may be skipped and counted. Numbers are on disk: never reuse one.
 */
export const CRITICAL_BIT = 0x80;

export const RecordKind = {
  /** A page comes into being, all zero. Body: {@link file://./record-bodies.ts}. */
  PageCreate: 0x81,
  PageDestroy: 0x82,
  PageMigrate: 0x83,
  /** Masked bytes for one page; raises its epoch. */
  Delta: 0x84,
  EdgeAdd: 0x85,
  EdgeRemove: 0x86,
  TransactionBegin: 0x87,
  TransactionCommit: 0x88,
  /** The deltas that undo the transaction stand before it: replay only ever goes forward. */
  TransactionAbort: 0x89,
  SchemaChange: 0x8a,
  MetadataChange: 0x8b,
  Event: 0x01,
  Checkpoint: 0x02,
  SessionStart: 0x03,
  SessionStop: 0x04,
  /** A recompute, device or write that failed. */
  Failure: 0x05,
  /** A frame of a foreign log that its own reader refuses (lengths that disagree), kept whole and never applied. */
  ForeignFrame: 0x06,
  /** Where a recovered log lost records. */
  Gap: 0x07,
  /** A page or a page type was given a recompute, or lost it. */
  Recompute: 0x08,
} as const;
export type RecordKind = (typeof RecordKind)[keyof typeof RecordKind];

const NAMES = new Map<number, string>([
  [RecordKind.PageCreate, "page-create"],
  [RecordKind.PageDestroy, "page-destroy"],
  [RecordKind.PageMigrate, "page-migrate"],
  [RecordKind.Delta, "delta"],
  [RecordKind.EdgeAdd, "edge-add"],
  [RecordKind.EdgeRemove, "edge-remove"],
  [RecordKind.TransactionBegin, "tx-begin"],
  [RecordKind.TransactionCommit, "tx-commit"],
  [RecordKind.TransactionAbort, "tx-abort"],
  [RecordKind.SchemaChange, "schema"],
  [RecordKind.MetadataChange, "metadata"],
  [RecordKind.Event, "event"],
  [RecordKind.Checkpoint, "checkpoint"],
  [RecordKind.SessionStart, "session-start"],
  [RecordKind.SessionStop, "session-stop"],
  [RecordKind.Failure, "failure"],
  [RecordKind.ForeignFrame, "foreign-frame"],
  [RecordKind.Gap, "gap"],
  [RecordKind.Recompute, "recompute"],
]);

export const KIND_NAMES: readonly string[] = [...NAMES.values()];

export function isKnownKind(kind: number): boolean {
  return NAMES.has(kind);
}

export function isCritical(kind: number): boolean {
  return (kind & CRITICAL_BIT) !== 0;
}

/** The name used in JSON and on the command line; `unknown-0x..` for a kind of a later version. */
export function kindName(kind: number): string {
  return NAMES.get(kind) ?? `unknown-0x${kind.toString(16).padStart(2, "0")}`;
}

export function kindFromName(name: string): number | undefined {
  for (const [kind, known] of NAMES) if (known === name) return kind;
  return undefined;
}

/** Bits of a record's `flags` column. */
export const RecordFlag = {
  /** A foreign delta that was written sparse (payload = the masked bytes only). */
  ForeignSparse: 1,
  /** The body stands in overflow blocks before this one. */
  Overflow: 2,
  /** The delta was written by a recompute, kernel or merge, not by the program itself. */
  Derived: 4,
  /** The delta takes back another one (transaction abort). */
  Compensation: 8,
  /** A frame of a version 2 log, which has room for metadata whether there is any or not. */
  ForeignVersion2: 16,
} as const;
