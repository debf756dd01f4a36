import type { RecordingInfo } from "../../../engine/protocol/requests/recordings.ts";
import { clampSpan } from "../../canvas/viewport.ts";
import type { Axis } from "../../state/preferences-store.ts";
import type { Span } from "../../state/timeline-store.ts";

/** What an x coordinate stands for, as on the timeline: LSNs, or nanoseconds since the first record. */
export interface GpuAxis {
  readonly kind: Axis;
  readonly originNs: bigint;
  readonly bounds: Span;
  /** The span in sight. */
  readonly view: Span;
  /** The shortest that can be looked at. */
  readonly shortest: number;
}

/** The axis that the timeline has: where time stands still, LSNs. */
export function gpuAxis(wanted: Axis, view: Span | undefined, recording: RecordingInfo): GpuAxis {
  const { firstTimestampNs, lastTimestampNs, firstLsn, lastLsn } = recording;
  const originNs = firstTimestampNs ?? 0n;
  const kind = firstTimestampNs === lastTimestampNs ? "lsn" : wanted;
  const bounds =
    kind === "lsn"
      ? { from: firstLsn, to: Math.max(firstLsn, lastLsn) + 1 }
      : { from: 0, to: Number((lastTimestampNs ?? originNs) - originNs) + 1 };
  const shortest = Math.min(kind === "lsn" ? 4 : 10, bounds.to - bounds.from);
  const shown = view === undefined || kind !== wanted ? bounds : clampSpan(view, bounds);
  return { kind, originNs, bounds, shortest, view: shown };
}

/** A place as the protocol takes it. */
export function toWire({ kind, originNs }: GpuAxis, value: number): bigint {
  const whole = BigInt(Math.max(0, Math.floor(value)));
  return kind === "lsn" ? whole : originNs + whole;
}

/** Seconds that one of `columns` columns of the view lasts; undefined where x is no time. */
export function columnSeconds({ kind, view }: GpuAxis, columns: number): number | undefined {
  return kind === "lsn" ? undefined : (view.to - view.from) / columns / 1e9;
}
