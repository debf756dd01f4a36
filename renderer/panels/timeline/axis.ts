import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import type { ReplyOf } from "../../../engine/protocol/requests.ts";
import type { Axis } from "../../state/preferences-store.ts";
import type { Span } from "../../state/timeline-store.ts";

/** What an x coordinate stands for: LSNs, or nanoseconds since the first record (numbers stay exact for 104 days). */
export interface TimelineAxis {
  readonly kind: Axis;
  readonly bounds: Span;
  readonly originNs: bigint;
  /** The shortest span that can be looked at: one record, or ten nanoseconds. */
  readonly shortest: number;
}

export function timelineAxis(kind: Axis, recording: RecordingInfo): TimelineAxis {
  const originNs = recording.firstTimestampNs ?? 0n;
  if (kind === "lsn") {
    const to = Math.max(recording.firstLsn, recording.lastLsn) + 1;
    return {
      kind,
      originNs,
      bounds: { from: recording.firstLsn, to },
      shortest: Math.min(4, to - recording.firstLsn),
    };
  }
  const length = Number((recording.lastTimestampNs ?? originNs) - originNs) + 1;
  return {
    kind,
    originNs,
    bounds: { from: 0, to: Math.max(1, length) },
    shortest: Math.min(10, Math.max(1, length)),
  };
}

/** An axis value as the protocol takes it. */
export function toWire(axis: TimelineAxis, value: number): bigint {
  const whole = BigInt(Math.max(0, Math.round(value)));
  return axis.kind === "lsn" ? whole : axis.originNs + whole;
}

export function fromWire(axis: TimelineAxis, value: bigint): number {
  return axis.kind === "lsn" ? Number(value) : Number(value - axis.originNs);
}

/** A time of the engine as an axis value. */
export function elapsed(axis: TimelineAxis, timestampNs: bigint): number {
  return Number(timestampNs - axis.originNs);
}

/** Columns that doubles may be off at the edge of what was asked for. */
const ROUNDING = 1e-6;

type TimelineReply = ReplyOf<"timeline.view">;

/** An answer and the span that it was asked for. */
export interface TimelineData {
  readonly span: Span;
  readonly reply: TimelineReply;
}

/** Where on the axis a record stands, by the data's own column edges: exact on the LSN axis, to a column's width on the time axis. */
export function valueOfLsn(
  axis: TimelineAxis,
  lsn: number,
  data: TimelineData | undefined,
): number | undefined {
  // A record's cell is [LSN, LSN + 1); the cursor stands in its middle.
  if (axis.kind === "lsn") return Math.max(axis.bounds.from, lsn + 0.5);
  if (data === undefined) return undefined;
  const edges = data.reply.columns.edgeLsn;
  const last = edges.length - 1;
  if (last < 1 || lsn < edges[0]! || lsn > edges[last]!) return undefined;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= lsn) low = middle;
    else high = middle;
  }
  const width = (data.span.to - data.span.from) / last;
  const inside = edges[high]! > edges[low]! ? (lsn - edges[low]!) / (edges[high]! - edges[low]!) : 0;
  return data.span.from + (low + inside) * width;
}

/** The LSN to seek to for a place on the axis: the last record at or before it. */
export function lsnAtValue(
  axis: TimelineAxis,
  value: number,
  data: TimelineData | undefined,
): number | undefined {
  if (axis.kind === "lsn") return Math.floor(value);
  if (data === undefined) return undefined;
  const edges = data.reply.columns.edgeLsn;
  const last = edges.length - 1;
  const exact = ((value - data.span.from) / (data.span.to - data.span.from)) * last;
  if (last < 1 || exact < -ROUNDING || exact > last + ROUNDING) return undefined;
  const column = Math.min(last, Math.max(0, exact));
  const low = Math.min(last - 1, Math.floor(column));
  return Math.round(edges[low]! + (column - low) * (edges[low + 1]! - edges[low]!));
}
