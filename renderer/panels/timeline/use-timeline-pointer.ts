import { type PointerEvent, type RefObject, useCallback, useEffect, useRef } from "react";
import { panSpan, type Scale, valueAt, zoomSpan } from "../../canvas/viewport.ts";
import { useCursor } from "../../state/cursor-store.ts";
import type { Span } from "../../state/timeline-store.ts";
import type { TimelineAxis } from "./axis.ts";

type Gesture =
  | { readonly kind: "scrub" }
  | { readonly kind: "area"; readonly from: number }
  | { readonly kind: "pan"; readonly x: number; readonly view: Span };

interface Handlers {
  readonly axis: TimelineAxis;
  readonly scale: Scale;
  readonly onScrub: (value: number) => void;
  /** While it is drawn, in axis values. */
  readonly onArea: (from: number, to: number) => void;
  readonly onView: (view: Span) => void;
  /** `undefined` = the pointer left. */
  readonly onHover: (at: { readonly x: number; readonly y: number } | undefined) => void;
}

interface PointerProps {
  readonly onPointerEnter: () => void;
  readonly onPointerDown: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerMove: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerUp: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerCancel: (event: PointerEvent<HTMLElement>) => void;
  readonly onPointerLeave: () => void;
}

/** A wheel notch is 100 or 120 px: two notches about double the zoom. */
const ZOOM_PER_PX = 0.0032;

/** Click or drag scrubs, Shift + drag marks an area, middle or Alt + drag pans; the wheel zooms, with Shift (or sideways) it pans. */
export function useTimelinePointer(
  plot: RefObject<HTMLElement | null>,
  handlers: Handlers,
): { readonly props: PointerProps; readonly isScrubbing: () => boolean } {
  const latest = useRef(handlers);
  latest.current = handlers;
  const gesture = useRef<Gesture>(undefined);
  const isScrubbing = useCallback(() => gesture.current?.kind === "scrub", []);
  // Asking an element where it is lays the page out: once when the pointer comes, not with each move.
  const box = useRef<DOMRect>(undefined);

  useEffect(() => {
    const element = plot.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent) => {
      event.preventDefault();
      const { axis, scale, onView } = latest.current;
      const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 24 : 1;
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const perPx = (scale.span.to - scale.span.from) / scale.widthPx;
        onView(panSpan(scale.span, sideways * unit * perPx, axis.bounds));
        return;
      }
      const at = valueAt(event.clientX - element.getBoundingClientRect().left, scale);
      onView(
        zoomSpan(scale.span, Math.exp(-event.deltaY * unit * ZOOM_PER_PX), at, axis.bounds, axis.shortest),
      );
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [plot]);

  const placeOf = (event: PointerEvent<HTMLElement>) => {
    box.current ??= event.currentTarget.getBoundingClientRect();
    const { left, top, width } = box.current;
    return { x: Math.min(width, Math.max(0, event.clientX - left)), y: event.clientY - top };
  };
  const follow = (x: number) => {
    const now = gesture.current;
    const { axis, scale, onScrub, onArea, onView } = latest.current;
    if (now?.kind === "scrub") onScrub(valueAt(x, scale));
    else if (now?.kind === "area") onArea(now.from, valueAt(x, scale));
    else if (now?.kind === "pan") {
      const perPx = (now.view.to - now.view.from) / scale.widthPx;
      onView(panSpan(now.view, (now.x - x) * perPx, axis.bounds));
    }
  };
  useEffect(() => () => useCursor.getState().setScrubbing(false), []);
  const end = (event: PointerEvent<HTMLElement>) => {
    gesture.current = undefined;
    useCursor.getState().setScrubbing(false);
    if (event.currentTarget.hasPointerCapture(event.pointerId))
      event.currentTarget.releasePointerCapture(event.pointerId);
  };
  const props: PointerProps = {
    onPointerEnter: () => {
      box.current = undefined;
    },
    onPointerDown: (event) => {
      if (event.button > 1) return;
      box.current = undefined;
      const { x } = placeOf(event);
      const { scale } = latest.current;
      if (event.button === 1 || event.altKey) gesture.current = { kind: "pan", x, view: scale.span };
      else if (event.shiftKey) gesture.current = { kind: "area", from: valueAt(x, scale) };
      else gesture.current = { kind: "scrub" };
      event.currentTarget.setPointerCapture(event.pointerId);
      if (event.button === 1) event.preventDefault();
      if (gesture.current.kind === "scrub") follow(x);
    },
    onPointerMove: (event) => {
      const at = placeOf(event);
      latest.current.onHover(gesture.current === undefined ? at : undefined);
      if (gesture.current === undefined) return;
      if (gesture.current.kind === "scrub") useCursor.getState().setScrubbing(true);
      follow(at.x);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onPointerLeave: () => latest.current.onHover(undefined),
  };
  return { props, isScrubbing };
}
