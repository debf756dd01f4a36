import { type RefObject, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { clampTop, isScaled, type RowGeometry, scrollOfTop, topOfScroll } from "./virtual-rows.ts";

export interface VirtualRows {
  /** The scroll container. */
  readonly scrollRef: RefObject<HTMLDivElement | null>;
  readonly geometry: RowGeometry;
  /** The row at the top, with its fraction. */
  readonly top: number;
  readonly setTop: (top: number) => void;
}

/**
 * Follows a scroll container. `reservedPx` is what a sticky head takes off its height. Rows are drawn at `(row − top) · rowPx` in a layer
 * that sticks to the container's top.
 */
export function useVirtualRows(rows: number, rowPx: number, reservedPx: number): VirtualRows {
  const scrollRef = useRef<HTMLDivElement>(null);
  const [viewportPx, setViewportPx] = useState(0);
  const [top, setTopState] = useState(0);
  const geometry = useMemo<RowGeometry>(() => ({ rows, rowPx, viewportPx }), [rows, rowPx, viewportPx]);
  const latest = useRef({ geometry, top, scrollPx: 0, isOurs: false });
  latest.current.geometry = geometry;
  latest.current.top = top;

  useLayoutEffect(() => {
    const element = scrollRef.current;
    if (element === null) return;
    const measure = () => setViewportPx(Math.max(0, element.clientHeight - reservedPx));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [reservedPx]);

  const setTop = useCallback((wanted: number) => {
    const { geometry } = latest.current;
    const next = clampTop(wanted, geometry);
    latest.current.top = next;
    setTopState(next);
    const element = scrollRef.current;
    if (element === null) return;
    const scrollPx = scrollOfTop(next, geometry);
    // Its own event must be known as ours, without asking the container where it is: that would lay the page out at once.
    if (Math.abs(scrollPx - latest.current.scrollPx) < 1) return;
    latest.current.scrollPx = scrollPx;
    latest.current.isOurs = true;
    element.scrollTop = scrollPx;
  }, []);

  useEffect(() => {
    const element = scrollRef.current;
    if (element === null) return;
    const onScroll = () => {
      const { isOurs, geometry } = latest.current;
      latest.current.isOurs = false;
      if (isOurs) return;
      const { scrollTop } = element;
      latest.current.scrollPx = scrollTop;
      const next = topOfScroll(scrollTop, geometry);
      latest.current.top = next;
      setTopState(next);
    };
    // Only where the scroll bar is scaled: one notch of the wheel would otherwise jump over thousands of rows.
    const onWheel = (event: WheelEvent) => {
      const { geometry } = latest.current;
      if (!isScaled(geometry) || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      const px = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * geometry.rowPx : event.deltaY;
      setTop(latest.current.top + px / geometry.rowPx);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => {
      element.removeEventListener("scroll", onScroll);
      element.removeEventListener("wheel", onWheel);
    };
  }, [setTop]);

  // Fewer rows than before (a filter): the top moves up with them.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only a change of the geometry may move the top
  useLayoutEffect(() => {
    if (viewportPx === 0) return;
    const next = clampTop(latest.current.top, latest.current.geometry);
    if (next !== latest.current.top) setTop(next);
  }, [rows, viewportPx, setTop]);

  return useMemo(() => ({ scrollRef, geometry, top, setTop }), [geometry, top, setTop]);
}
