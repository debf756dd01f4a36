import { panSpan, zoomSpan } from "../../canvas/viewport.ts";
import type { Studio } from "../../client/studio.ts";
import { usePreferences } from "../../state/preferences-store.ts";
import { type Span, useTimeline } from "../../state/timeline-store.ts";
import { type TimelineAxis, timelineAxis } from "./axis.ts";

/** Where keys zoom: at the pointer while it is over the tracks, else at the playhead. Axis values. */
export const anchor: { pointer: number | undefined; playhead: number | undefined } = {
  pointer: undefined,
  playhead: undefined,
};

function current(studio: Studio): { axis: TimelineAxis; view: Span } | undefined {
  const { recording } = studio.session.snapshot();
  if (recording === undefined) return undefined;
  const axis = timelineAxis(usePreferences.getState().axis, recording);
  return { axis, view: useTimeline.getState().view ?? axis.bounds };
}

export function zoomBy(studio: Studio, factor: number): void {
  const now = current(studio);
  if (now === undefined) return;
  const { axis, view } = now;
  const inView = (value: number | undefined) => value !== undefined && value >= view.from && value <= view.to;
  const at = [anchor.pointer, anchor.playhead].find(inView) ?? (view.from + view.to) / 2;
  useTimeline
    .getState()
    .setView(wholeIsUndefined(zoomSpan(view, factor, at, axis.bounds, axis.shortest), axis));
}

export function panBy(studio: Studio, share: number): void {
  const now = current(studio);
  if (now === undefined) return;
  const { axis, view } = now;
  useTimeline
    .getState()
    .setView(wholeIsUndefined(panSpan(view, (view.to - view.from) * share, axis.bounds), axis));
}

/** A view of everything keeps showing everything while the recording grows. */
export function wholeIsUndefined(span: Span, axis: TimelineAxis): Span | undefined {
  return span.from <= axis.bounds.from && span.to >= axis.bounds.to ? undefined : span;
}
