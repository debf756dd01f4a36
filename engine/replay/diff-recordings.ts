import { accel } from "../accel/index.ts";
import { bytesEqual } from "../base/bytes.ts";
import { ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import type { BuildProgress } from "../log/index/build-index.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { decodeEdge } from "../log/record-bodies.ts";
import { RecordKind } from "../log/record-kinds.ts";
import type { RecordSource } from "../log/record-source.ts";
import { encodeMetadata } from "../pages/metadata.ts";
import type { PageTableOptions } from "../pages/page-table.ts";
import type { Edge, PageDescriptor } from "../pages/page-types.ts";
import { encodeSchema } from "../pages/schema.ts";
import { compareEdges } from "../pages/state-hash.ts";
import { ReplayState } from "./replay-state.ts";
import { ReplayWalk } from "./replay-walk.ts";

/** Bytes that differ: `[start, end)` of the page, with both values. */
export interface DifferentBytes {
  readonly start: number;
  readonly end: number;
  readonly a: Uint8Array;
  readonly b: Uint8Array;
}

export interface Divergence {
  /** The first LSN after which the states differ. */
  readonly lsn: number;
  /** What differs: `missing` = the page exists in one of them only. */
  readonly what: "bytes" | "epoch" | "size" | "missing" | "properties" | "edges";
  readonly pageId: bigint | undefined;
  /** Which recording has the page, where `what` is `missing`. */
  readonly inA: boolean;
  readonly inB: boolean;
  readonly epochA: number | undefined;
  readonly epochB: number | undefined;
  /** At most `MAX_RANGES`. */
  readonly ranges: readonly DifferentBytes[];
}

export interface DiffOutcome {
  /** The states are the same after every LSN, a shorter recording's last state standing for what it lacks. */
  readonly identical: boolean;
  readonly firstDivergence: Divergence | undefined;
  /** The moments compared. */
  readonly fromLsn: number;
  readonly toLsn: number;
}

export interface DiffOptions {
  readonly table?: PageTableOptions;
}

const MAX_RANGES = 1000;

/** Where two recordings' states part. Both are replayed side by side, with all pages in memory. */
export function diffRecordings(
  a: RecordSource,
  b: RecordSource,
  options: DiffOptions = {},
): Result<DiffOutcome> {
  return finish(diffing(a, b, options));
}

/** The same in slices of one block. Dropping the generator cancels. */
export function* diffing(
  a: RecordSource,
  b: RecordSource,
  options: DiffOptions = {},
): Generator<BuildProgress, Result<DiffOutcome>> {
  const fromLsn = Math.max(a.firstLsn, b.firstLsn, 1) - 1;
  const toLsn = Math.max(a.lastLsn, b.lastLsn, fromLsn);
  const sides = [new Side(a, options), new Side(b, options)] as const;
  for (const side of sides) {
    const started = side.walk.start(
      Math.min(fromLsn, Math.max(side.source.lastLsn, side.source.firstLsn - 1)),
      true,
    );
    if (!started.ok) return started;
    const moved = yield* side.moveTo(fromLsn);
    if (!moved.ok) return moved;
  }
  const outcome = (firstDivergence: Divergence | undefined): Result<DiffOutcome> =>
    ok({ identical: firstDivergence === undefined, firstDivergence, fromLsn, toLsn });
  const atStart = compareAll(sides[0].state, sides[1].state, fromLsn);
  if (atStart !== undefined) return outcome(atStart);
  for (let lsn = fromLsn; lsn < toLsn; ) {
    // what a recording lost cannot be compared; nor does a record tell what a checkpoint made up for
    const lostTo = Math.max(...sides.map((side) => side.gapEndAt(lsn + 1)));
    const isMended = sides.some((side) => side.nextMending(lsn) === lsn + 1);
    const same: Result<number> = lostTo > 0 || isMended ? ok(0) : sameRecords(sides[0], sides[1], lsn, toLsn);
    if (!same.ok) return same;
    // records that are the same change equal states alike; the first that is not is applied alone, and its pages compared
    const next = Math.min(toLsn, lostTo > 0 ? lostTo + 1 : lsn + Math.max(1, same.value));
    for (const side of sides) {
      const moved = yield* side.moveTo(next);
      if (!moved.ok) return moved;
    }
    lsn = next;
    if (same.value > 0) continue;
    const found =
      lostTo > 0 || isMended
        ? compareAll(sides[0].state, sides[1].state, lsn)
        : compareTouched(sides[0], sides[1], lsn);
    if (found !== undefined) return outcome(found);
  }
  return outcome(undefined);
}

class Side {
  readonly source: RecordSource;
  readonly state: ReplayState;
  readonly walk: ReplayWalk;
  readonly #batch = new RecordBatch();
  #block = -1;

  constructor(source: RecordSource, options: DiffOptions) {
    this.source = source;
    this.state = new ReplayState(options.table);
    this.walk = new ReplayWalk(source, this.state);
  }

  /** The batch that holds a record; undefined where it is lost or beyond the end. */
  batchAt(lsn: number): Result<RecordBatch | undefined> {
    const block = lsn > this.source.lastLsn ? -1 : this.source.findBlock(lsn);
    if (block < 0) return { ok: true, value: undefined };
    if (block !== this.#block) {
      const read = this.source.readBlock(block, this.#batch);
      this.#block = -1;
      if (!read.ok) return read;
      this.#block = block;
    }
    return ok(this.#batch);
  }

  /** The last LSN of the lost stretch that `lsn` lies in, or 0. */
  gapEndAt(lsn: number): number {
    return this.source.gaps.find((gap) => gap.fromLsn <= lsn && lsn <= gap.toLsn)?.toLsn ?? 0;
  }

  /** The first full checkpoint after `lsn` that makes up for lost records, or Infinity. */
  nextMending(lsn: number): number {
    if (!this.state.isAfterGap) return Number.POSITIVE_INFINITY;
    return (
      this.source.checkpoints.find((ref) => ref.kind === "full" && ref.lsn > lsn)?.lsn ??
      Number.POSITIVE_INFINITY
    );
  }

  /** A recording that ends earlier keeps its last state. Lost records are passed over. */
  *moveTo(lsn: number): Generator<BuildProgress, Result<void>> {
    const to = Math.min(lsn, this.source.lastLsn);
    return to > this.walk.lsn ? yield* this.walk.advance(to) : ok();
  }
}

/** How many records after `lsn` are the same on both sides, as far as one block of each reaches. */
function sameRecords(a: Side, b: Side, lsn: number, toLsn: number): Result<number> {
  const batchA = a.batchAt(lsn + 1);
  if (!batchA.ok) return batchA;
  const batchB = b.batchAt(lsn + 1);
  if (!batchB.ok) return batchB;
  if (batchA.value === undefined || batchB.value === undefined) return ok(0);
  const limit = Math.min(toLsn, a.nextMending(lsn) - 1, b.nextMending(lsn) - 1);
  const [x, y] = [batchA.value, batchB.value];
  let rowX = x.rowOf(lsn + 1);
  let rowY = y.rowOf(lsn + 1);
  let count = 0;
  while (rowX < x.count && rowY < y.count && lsn + count < limit && isSameChange(x, rowX, y, rowY)) {
    rowX++;
    rowY++;
    count++;
  }
  return ok(count);
}

/** Whether two records do the same to a state. Time, source and cause are no part of it. */
function isSameChange(x: RecordBatch, rowX: number, y: RecordBatch, rowY: number): boolean {
  const length = x.bodyLength[rowX]!;
  if (
    x.kind[rowX] !== y.kind[rowY] ||
    x.pageLo[rowX] !== y.pageLo[rowY] ||
    x.pageHi[rowX] !== y.pageHi[rowY] ||
    x.epoch[rowX] !== y.epoch[rowY] ||
    length !== y.bodyLength[rowY]
  ) {
    return false;
  }
  const startX = x.bodyStart[rowX]!;
  const startY = y.bodyStart[rowY]!;
  for (let i = 0; i < length; i++) if (x.bytes[startX + i] !== y.bytes[startY + i]) return false;
  return true;
}

/** Compares what the records at `lsn` can have changed. */
function compareTouched(a: Side, b: Side, lsn: number): Divergence | undefined {
  for (const side of [a, b]) {
    const batch = side.batchAt(lsn);
    if (!batch.ok || batch.value === undefined) continue;
    const row = batch.value.rowOf(lsn);
    const kind = batch.value.kind[row]!;
    const pageId = batch.value.pageId(row);
    if (kind === RecordKind.EdgeAdd || kind === RecordKind.EdgeRemove) {
      const edge = decodeEdge(batch.value.body(row));
      if (
        edge.ok &&
        a.state.edges.has({ from: pageId, ...edge.value }) !==
          b.state.edges.has({ from: pageId, ...edge.value })
      ) {
        return divergence(lsn, "edges", pageId);
      }
    } else if (PAGE_KINDS.has(kind)) {
      const found = comparePage(a.state, b.state, pageId, lsn);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

const PAGE_KINDS = new Set<number>([
  RecordKind.PageCreate,
  RecordKind.PageDestroy,
  RecordKind.PageMigrate,
  RecordKind.Delta,
  RecordKind.SchemaChange,
  RecordKind.MetadataChange,
]);

function compareAll(a: ReplayState, b: ReplayState, lsn: number): Divergence | undefined {
  const ids = new Set([...a.table.slotsInIdOrder()].map((slot) => a.table.idOf(slot)));
  for (const slot of b.table.slotsInIdOrder()) ids.add(b.table.idOf(slot));
  for (const id of [...ids].sort((x, y) => (x < y ? -1 : 1))) {
    const found = comparePage(a, b, id, lsn);
    if (found !== undefined) return found;
  }
  return compareEdgeSets(a.edges.sorted(), b.edges.sorted(), lsn);
}

function compareEdgeSets(a: readonly Edge[], b: readonly Edge[], lsn: number): Divergence | undefined {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const x = a[i];
    const y = b[i];
    if (x === undefined || y === undefined || compareEdges(x, y) !== 0) {
      const first = x === undefined ? y! : y === undefined || compareEdges(x, y) < 0 ? x : y;
      return divergence(lsn, "edges", first.from);
    }
  }
  return undefined;
}

function divergence(
  lsn: number,
  what: Divergence["what"],
  pageId: bigint,
  details: Partial<Divergence> = {},
): Divergence {
  return {
    lsn,
    what,
    pageId,
    inA: true,
    inB: true,
    epochA: undefined,
    epochB: undefined,
    ranges: [],
    ...details,
  };
}

function comparePage(a: ReplayState, b: ReplayState, id: bigint, lsn: number): Divergence | undefined {
  const slotA = a.table.slotOf(id);
  const slotB = b.table.slotOf(id);
  if (slotA < 0 && slotB < 0) return undefined;
  if (slotA < 0 || slotB < 0) return divergence(lsn, "missing", id, { inA: slotA >= 0, inB: slotB >= 0 });
  const epochs = { epochA: a.table.epoch[slotA]!, epochB: b.table.epoch[slotB]! };
  const x = a.table.bytes(slotA);
  const y = b.table.bytes(slotB);
  if (x.length !== y.length) return divergence(lsn, "size", id, epochs);
  const ranges = differences(x, y);
  if (ranges.length > 0) return divergence(lsn, "bytes", id, { ...epochs, ranges });
  if (epochs.epochA !== epochs.epochB) return divergence(lsn, "epoch", id, epochs);
  return isSameDescription(a.table.describe(slotA), b.table.describe(slotB))
    ? undefined
    : divergence(lsn, "properties", id, epochs);
}

function differences(x: Uint8Array, y: Uint8Array): DifferentBytes[] {
  const offset = new Uint32Array(MAX_RANGES);
  const length = new Uint32Array(MAX_RANGES);
  const count = accel.diffImages(x, 0, y, 0, 0, x.length, offset, length, 0);
  return Array.from({ length: count }, (_, i) => {
    const start = offset[i]!;
    const end = start + length[i]!;
    return { start, end, a: x.slice(start, end), b: y.slice(start, end) };
  });
}

function isSameDescription(x: PageDescriptor, y: PageDescriptor): boolean {
  if (x.location !== y.location || x.type !== y.type) return false;
  if ((x.schema === undefined) !== (y.schema === undefined)) return false;
  if (
    x.schema !== undefined &&
    y.schema !== undefined &&
    !bytesEqual(encodeSchema(x.schema), encodeSchema(y.schema))
  )
    return false;
  return bytesEqual(encodeMetadata(x.metadata), encodeMetadata(y.metadata));
}
