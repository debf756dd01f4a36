import { ok, type Result } from "../../base/result.ts";
import { type ColumnsOf, columnParts, decodeColumns } from "./column-codec.ts";

/**
 * The tables of one run: a stretch of consecutive records (some 32 MiB of log) indexed together. `…Offset` columns hold LSN minus the
 * run's first LSN. A row is a page that the run touches; rows ascend by slot, and row r's entries are `[rowX[r], rowX[r + 1])` of
 * the columns that X names.
 */
export const RUN_SHAPE = {
  // the blocks: where they begin, how many records, their times, and how many records of each kind and source
  blockOffset: "u32",
  blockRecords: "u32",
  /** Bytes of the bodies of its deltas. */
  blockDeltaBytes: "f64",
  blockMinTime: "u64",
  blockMaxTime: "u64",
  /** The latest time of any record up to the block's last. */
  blockRunningMaxTime: "u64",
  blockCell: "u32",
  cellKind: "u8",
  cellSource: "u32",
  cellRecords: "u32",
  // the pages touched
  rowSlot: "u32",
  /** The page's epoch before its first delta of the run. */
  rowEpochBefore: "f64",
  rowDelta: "u32",
  rowOther: "u32",
  rowKey: "u32",
  /** Where the row's epochs are written out: one a delta. An empty stretch means that each delta raises the epoch by one. */
  rowEpoch: "u32",
  /** Applied deltas. */
  deltaOffset: "u32",
  /** Where the delta's body begins in the run's cluster; one more entry ends the last. Empty: the run has no cluster. */
  deltaBody: "u32",
  epoch: "f64",
  /** Every other record that names the page. */
  otherOffset: "u32",
  /** The page's bytes after the delta at this LSN… */
  keyOffset: "u32",
  /** …stand here in the chunk store; -1: the delta itself overwrites the whole page. */
  keyAt: "f64",
  // records of other kinds
  beginOffset: "u32",
  endOffset: "u32",
  /** Records that change structure: pages, edges, schemas, metadata. */
  structureOffset: "u32",
  eventOffset: "u32",
  eventType: "u32",
  /** Session starts and stops, failures, checkpoints, gaps, foreign frames, unknown kinds. */
  markOffset: "u32",
} as const;

export type RunColumns = ColumnsOf<typeof RUN_SHAPE>;

/** One line of the directory of runs: always in memory. */
export interface RunHeader {
  /** The LSNs it covers, both inclusive. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** LSN of the transaction open before its first record; 0 = none. */
  readonly openTransactionLsn: number;
  /** The latest time of any record before and in it. */
  readonly maxTimeNs: bigint;
  readonly blockCount: number;
  /** CRC32C over the LSNs and bodies of its last block: tells whether a grown recording still begins with what was indexed. */
  readonly lastBlockCheck: number;
  /** Bytes of record bodies in it. */
  readonly bodyBytes: number;
  /** Where its tables and its clustered bodies lie in the chunk store; -1 = not there. */
  readonly tablesAt: number;
  readonly tablesBytes: number;
  readonly clusterAt: number;
}

export interface IndexRun {
  readonly header: RunHeader;
  readonly columns: RunColumns;
  /** The clustered bodies of a run that is still growing. */
  readonly cluster: Uint8Array | undefined;
}

/** The run's tables as bytes, in parts. */
export function runParts(columns: RunColumns): Generator<Uint8Array, void> {
  return columnParts(RUN_SHAPE, columns);
}

export function decodeRun(bytes: Uint8Array): Result<RunColumns> {
  const columns = decodeColumns(RUN_SHAPE, bytes);
  return columns.ok ? ok(columns.value) : columns;
}

export function runBytes(columns: RunColumns): number {
  let total = 0;
  for (const column of Object.values(columns)) total += column.byteLength;
  return total;
}

/** The row of a slot, or -1. O(log rows). */
export function findRow(columns: RunColumns, slot: number): number {
  const { rowSlot } = columns;
  let low = 0;
  let high = rowSlot.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = rowSlot[middle]!;
    if (found === slot) return middle;
    if (found < slot) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The epoch after delta `at` (an index into `deltaOffset`) of `row`. */
export function epochAfter(columns: RunColumns, row: number, at: number): number {
  const epochsFrom = columns.rowEpoch[row]!;
  const inRow = at - columns.rowDelta[row]!;
  if (columns.rowEpoch[row + 1]! > epochsFrom) return columns.epoch[epochsFrom + inRow]!;
  return columns.rowEpochBefore[row]! + inRow + 1;
}
