import { type Scale, xOf } from "../../canvas/viewport.ts";
import { elapsed, type TimelineAxis } from "./axis.ts";

/** Where something that lasts stands on the axis, in pixels; LSN 0 as its end = it goes on. */
export function spanBox(
  axis: TimelineAxis,
  scale: Scale,
  beginLsn: number,
  endLsn: number,
  beginTimeNs: bigint,
  endTimeNs: bigint,
): { left: number; right: number } {
  const isOpen = endLsn === 0;
  if (axis.kind === "lsn") {
    const end = isOpen ? axis.bounds.to : endLsn + 1;
    return { left: xOf(beginLsn, scale), right: xOf(end, scale) };
  }
  const end = isOpen ? axis.bounds.to : elapsed(axis, endTimeNs);
  return { left: xOf(elapsed(axis, beginTimeNs), scale), right: xOf(end, scale) };
}
