import { fail, ok, type Result } from "../../base/result.ts";
import { NONE } from "../../log/index/id-slots.ts";
import { FIELD_TYPE_BYTES, type FieldType } from "../../pages/page-types.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import { readField } from "../records/value-watch.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { PageWalk } from "./page-walk.ts";

const DELTAS_A_STEP = 128;

type Series = ReplyOf<"field.series">;

/**
 * A number in a page over a span of LSNs. The page's deltas are walked backward; each that wrote the number gives its value at that moment
 * as the bytes stand that later deltas have not overwritten yet: so one state is rebuilt, not one a delta.
 */
export function* fieldSeries(
  recording: Recording,
  params: ParamsOf<"field.series">,
  progress: ReportProgress,
): Sliced<Result<Series>> {
  const { page, offset, type, columns } = params;
  const slot = recording.slotOf(page);
  if (slot < 0) {
    return fail("PAGE_UNKNOWN", "the recording has no such page", "Choose one of its pages", {
      pageId: page,
    });
  }
  const fromLsn = Math.max(params.fromLsn, recording.firstLsn);
  const toLsn = recording.nearestLsn(Math.min(params.toLsn, recording.lastLsn), -1);
  const writes = yield* collectWrites(recording, slot, offset, type, fromLsn, toLsn, progress);
  return writes.ok ? ok(drawn(writes.value, Math.min(fromLsn, toLsn), toLsn, columns)) : writes;
}

/** Values by LSN; NaN = the page is not there from here on. */
class Changes {
  readonly lsns: number[] = [];
  readonly values: number[] = [];
  /** A delta wrote it; otherwise the page came or went, or the span begins. */
  readonly isWrite: boolean[] = [];

  push(lsn: number, value: number, isWrite: boolean): void {
    this.lsns.push(lsn);
    this.values.push(value);
    this.isWrite.push(isWrite);
  }

  reversed(): this {
    for (const column of [this.lsns, this.values, this.isWrite]) column.reverse();
    return this;
  }
}

/** The value at `fromLsn`, and every change of it up to `toLsn`, over all lives that the page has in between. */
function* collectWrites(
  recording: Recording,
  slot: number,
  offset: number,
  type: FieldType,
  fromLsn: number,
  toLsn: number,
  progress: ReportProgress,
): Sliced<Result<Changes>> {
  const { tables } = recording.index;
  const { lives } = tables;
  const changes = new Changes();
  // Newest first, turned round at the end.
  for (let life = tables.slotLife.data[slot]!; life !== NONE; life = lives.previous.data[life]!) {
    const begin = lives.fromLsn.data[life]!;
    const until = lives.untilLsn.data[life]!;
    if (begin > toLsn) continue;
    if (until <= fromLsn) break;
    if (until <= toLsn) changes.push(until, Number.NaN, false);
    const fits = offset + FIELD_TYPE_BYTES[type] <= lives.sizeBytes.data[life]!;
    if (!fits) {
      changes.push(Math.max(begin, fromLsn), Number.NaN, false);
      continue;
    }
    const walked = yield* walkLife(
      recording,
      slot,
      life,
      offset,
      type,
      fromLsn,
      Math.min(toLsn, until - 1),
      changes,
      progress,
    );
    if (!walked.ok) return walked;
  }
  return ok(changes.reversed());
}

function* walkLife(
  recording: Recording,
  slot: number,
  life: number,
  offset: number,
  type: FieldType,
  fromLsn: number,
  toLsn: number,
  changes: Changes,
  progress: ReportProgress,
): Sliced<Result<void>> {
  const begin = recording.index.tables.lives.fromLsn.data[life]!;
  const start = recording.nearestLsn(Math.max(begin, fromLsn), 1);
  const size = FIELD_TYPE_BYTES[type];
  // Forward from the state at the beginning: the writes are noted backward, then applied in order.
  const walk = new PageWalk(recording, slot, life, toLsn);
  const found: { lsn: number; bytes: Uint8Array; mask: number }[] = [];
  for (let looked = 1; ; looked++) {
    const moved = walk.previous();
    if (!moved.ok) return moved;
    if (!moved.value || walk.lsn <= start) break;
    const written = writtenPart(walk, offset, size);
    if (written.mask !== 0) {
      if (found.length >= MAX_WRITES) {
        return fail(
          "LIMIT_EXCEEDED",
          `the field is written more than ${MAX_WRITES} times here`,
          "Ask for a shorter span",
        );
      }
      found.push({ lsn: walk.lsn, ...written });
    }
    if (looked % DELTAS_A_STEP === 0) {
      progress("history", toLsn - walk.lsn, toLsn - start);
      yield;
    }
  }
  const page = new Uint8Array(recording.index.tables.lives.sizeBytes.data[life]!);
  const read = recording.reader.read(slot, life, start, page);
  if (!read.ok) return read;
  const now = page.slice(offset, offset + size);
  const forward: number[] = [];
  const first = Number(readField(now, 0, type));
  for (let i = found.length - 1; i >= 0; i--) {
    const { bytes, mask } = found[i]!;
    for (let byte = 0; byte < size; byte++) if ((mask & (1 << byte)) !== 0) now[byte] = bytes[byte]!;
    forward.push(Number(readField(now, 0, type)));
    if (i % 4096 === 0) yield;
  }
  for (let i = 0; i < found.length; i++) changes.push(found[i]!.lsn, forward[found.length - 1 - i]!, true);
  changes.push(start, first, false);
  return ok();
}

/** One value and one LSN each, some 100 bytes while they are gathered. */
const MAX_WRITES = 2_000_000;

/** The bytes of the number that a delta wrote; bit i of the mask = byte i. */
function writtenPart(walk: PageWalk, offset: number, size: number): { bytes: Uint8Array; mask: number } {
  const bytes = new Uint8Array(size);
  let mask = 0;
  let at = walk.payloadAt;
  for (let run = 0; run < walk.runs.count; run++) {
    const start = walk.runs.offset[run]!;
    const length = walk.runs.length[run]!;
    for (let byte = Math.max(0, start - offset); byte < Math.min(size, start + length - offset); byte++) {
      bytes[byte] = walk.bytes[at + offset + byte - start]!;
      mask |= 1 << byte;
    }
    at += length;
  }
  return { bytes, mask };
}

function drawn({ lsns, values, isWrite }: Changes, fromLsn: number, toLsn: number, columns: number): Series {
  const edgeLsn = new Float64Array(columns + 1);
  const low = new Float64Array(columns).fill(Number.NaN);
  const high = new Float64Array(columns).fill(Number.NaN);
  const last = new Float64Array(columns).fill(Number.NaN);
  const writes = new Uint32Array(columns);
  const span = toLsn + 1 - fromLsn;
  for (let column = 0; column <= columns; column++) edgeLsn[column] = fromLsn + (span * column) / columns;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let total = 0;
  let now = Number.NaN;
  let at = 0;
  for (let column = 0; column < columns; column++) {
    // A column begins with the value that stood before it.
    low[column] = now;
    high[column] = now;
    const end = edgeLsn[column + 1]!;
    for (; at < lsns.length && (lsns[at]! < end || column === columns - 1); at++) {
      now = values[at]!;
      if (isWrite[at]!) {
        writes[column]!++;
        total++;
      }
      if (Number.isNaN(low[column]) || now < low[column]!) low[column] = now;
      if (Number.isNaN(high[column]) || now > high[column]!) high[column] = now;
      if (Number.isFinite(now)) {
        min = Math.min(min, now);
        max = Math.max(max, now);
      }
    }
    last[column] = now;
  }
  const hasValues = min <= max;
  return {
    result: { writes: total, min: hasValues ? min : null, max: hasValues ? max : null },
    columns: { edgeLsn, low, high, last, writes },
  };
}
