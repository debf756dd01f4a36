import { lastAtMost } from "../../log/index/growable.ts";
import { MARK_KINDS } from "../../protocol/requests/timeline.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import type { Axis } from "./axis.ts";

/** Beyond this, marks are thinned to one a pixel column and kind. */
const MAX_MARKS = 2000;
const GAP = MARK_KINDS.indexOf("gap");
const DAMAGE = MARK_KINDS.indexOf("damage");

export interface Marks {
  readonly lsn: Float64Array;
  readonly timeNs: BigUint64Array;
  readonly kind: Uint8Array;
  readonly omitted: number;
}

/** Checkpoints, sessions, failures, lost records and damage inside a viewport, in LSN order. */
export function marksIn({ survey, recording }: OpenedRecording, axis: Axis): Marks {
  const lsns: number[] = [];
  const kinds: number[] = [];
  const { lsn, kind } = survey.marks;
  const from = lastAtMost(lsn.data, 0, lsn.length, axis.firstLsn - 1) + 1;
  const to = lastAtMost(lsn.data, 0, lsn.length, axis.lastLsn) + 1;
  const isThinned = to - from > MAX_MARKS;
  const drawn = new Uint8Array(isThinned ? axis.columns * MARK_KINDS.length : 0);
  let omitted = 0;
  for (let at = from; at < to; at++) {
    if (isThinned) {
      const cell = Math.max(0, axis.columnOfLsn(lsn.data[at]!)) * MARK_KINDS.length + kind.data[at]!;
      if (drawn[cell] !== 0) {
        omitted++;
        continue;
      }
      drawn[cell] = 1;
    }
    lsns.push(lsn.data[at]!);
    kinds.push(kind.data[at]!);
  }
  const { damage, gaps } = recording.source;
  for (const gap of gaps.slice(0, MAX_MARKS)) add(lsns, kinds, gap.fromLsn, GAP, axis);
  for (const found of damage.slice(0, MAX_MARKS)) add(lsns, kinds, Math.max(0, found.afterLsn), DAMAGE, axis);
  const order = [...lsns.keys()].sort((a, b) => lsns[a]! - lsns[b]!);
  return {
    lsn: Float64Array.from(order, (at) => lsns[at]!),
    timeNs: BigUint64Array.from(order, (at) => axis.timeNsOf(lsns[at]!)),
    kind: Uint8Array.from(order, (at) => kinds[at]!),
    omitted,
  };
}

/** What was lost stands just before the next record, or after the last. */
function add(lsns: number[], kinds: number[], lsn: number, kind: number, axis: Axis): void {
  if (lsn < axis.firstLsn - 1 || lsn > axis.lastLsn + 1) return;
  lsns.push(lsn);
  kinds.push(kind);
}
