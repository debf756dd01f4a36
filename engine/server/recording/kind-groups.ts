import { RecordKind } from "../../log/record-kinds.ts";
import { KIND_GROUPS, type KindGroup, MARK_KINDS } from "../../protocol/requests/timeline.ts";

const GROUP_OF: Readonly<Record<number, KindGroup>> = {
  [RecordKind.Delta]: "delta",
  [RecordKind.TransactionBegin]: "transaction",
  [RecordKind.TransactionCommit]: "transaction",
  [RecordKind.TransactionAbort]: "transaction",
  [RecordKind.Event]: "event",
  [RecordKind.PageCreate]: "page",
  [RecordKind.PageDestroy]: "page",
  [RecordKind.PageMigrate]: "page",
  [RecordKind.SchemaChange]: "page",
  [RecordKind.MetadataChange]: "page",
  [RecordKind.EdgeAdd]: "edge",
  [RecordKind.EdgeRemove]: "edge",
  [RecordKind.Checkpoint]: "checkpoint",
  [RecordKind.Failure]: "failure",
  [RecordKind.ForeignFrame]: "failure",
};

const OTHER = KIND_GROUPS.indexOf("other");
const GROUP_NUMBER = new Uint8Array(256).map((_, kind) => {
  const group = GROUP_OF[kind];
  return group === undefined ? OTHER : KIND_GROUPS.indexOf(group);
});

/** The row of `KIND_GROUPS` that a record kind counts for. */
export function kindGroupOf(kind: number): number {
  return GROUP_NUMBER[kind]!;
}

const MARK_OF: Readonly<Record<number, (typeof MARK_KINDS)[number]>> = {
  [RecordKind.Checkpoint]: "checkpoint",
  [RecordKind.SessionStart]: "session-start",
  [RecordKind.SessionStop]: "session-stop",
  [RecordKind.Failure]: "failure",
  [RecordKind.ForeignFrame]: "failure",
  [RecordKind.Gap]: "gap",
};

/** The row of `MARK_KINDS` that a record kind is drawn as, or -1. */
export function markKindOf(kind: number): number {
  const mark = MARK_OF[kind];
  return mark === undefined ? -1 : MARK_KINDS.indexOf(mark);
}
