import { ok, type Result } from "../base/result.ts";
import { highOf, lowOf } from "../base/u64.ts";
import { PageDeltas } from "../log/index/page-deltas.ts";
import { RecordKind } from "../log/record-kinds.ts";
import type { RecordInfo } from "./record-info.ts";
import type { Recording } from "./recording.ts";

/**
 * The LSN of the record that led to this one; 0 = none. That is its cause, but for a recompute: its cause is the wave, which says when it ran and not why. What led to
 * it is the last change of one of its inputs (pages with an edge to it) since it was computed before. So a chain leads from any byte to the write at its root.
 * One pass over the recording's edges.
 */
export function leadingLsn(recording: Recording, info: RecordInfo): Result<number> {
  const { cause } = info;
  if (info.kind !== RecordKind.Delta || !info.derived || info.pageId === undefined) return ok(cause);
  if (cause === 0 || cause >= info.lsn || cause < recording.source.firstLsn) return ok(cause);
  if (recording.gapAt(cause) !== undefined) return ok(cause);
  const wave = recording.record(cause);
  if (!wave.ok) return wave;
  if (wave.value.kind !== RecordKind.Event) return ok(cause);
  const own = lastDelta(recording, recording.slotOf(info.pageId), info.lsn - 1);
  if (!own.ok) return own;
  let last = own.value;
  for (const slot of inputsOf(recording, info.pageId, info.lsn)) {
    const input = lastDelta(recording, slot, info.lsn - 1);
    if (!input.ok) return input;
    last = Math.max(last, input.value);
  }
  return ok(last > own.value ? last : cause);
}

/** LSN of a page's last delta at or before `lsn`; 0 where there is none. */
function lastDelta(recording: Recording, slot: number, lsn: number): Result<number> {
  if (slot < 0) return ok(0);
  const place = new PageDeltas(recording.index, slot);
  const found = place.seek(lsn);
  return found.ok ? ok(place.lsn) : found;
}

/** The slots of the pages from which an edge leads to this one at `lsn`. */
function* inputsOf(recording: Recording, pageId: bigint, lsn: number): Generator<number> {
  const { edges, ids } = recording.index.tables;
  const lo = lowOf(pageId);
  const hi = highOf(pageId);
  for (let row = 0; row < edges.count; row++) {
    if (edges.toLo.data[row] !== lo || edges.toHi.data[row] !== hi) continue;
    if (edges.fromLsn.data[row]! > lsn || edges.untilLsn.data[row]! <= lsn) continue;
    const slot = ids.find(edges.fromLo.data[row]!, edges.fromHi.data[row]!);
    if (slot >= 0) yield slot;
  }
}
