import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** An element's inner size in CSS pixels, and again when it changes. */
export function useSize(ref: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (element === null) return;
    const measure = () => {
      const width = element.clientWidth;
      const height = element.clientHeight;
      setSize((old) => (old.width === width && old.height === height ? old : { width, height }));
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [ref]);
  return size;
}

/** Returns false where there was nothing to draw: a canvas that is blank and stays so costs nothing then. */
export type Draw = (context: CanvasRenderingContext2D, size: Size) => unknown;

/**
 * Draws when `draw` changed (or the size, or the screen's pixel ratio), together with the elements around the canvas. Coordinates are CSS
 * pixels. `draw` must be stable (useCallback) while there is nothing new.
 */
export function useCanvas(ref: RefObject<HTMLCanvasElement | null>, size: Size, draw: Draw): void {
  const ratio = useDevicePixelRatio();
  const isBlank = useRef(true);
  useLayoutEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (canvas === null || context === null || context === undefined || size.width === 0) return;
    const width = Math.round(size.width * ratio);
    const height = Math.round(size.height * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (!isBlank.current) context.clearRect(0, 0, size.width, size.height);
    isBlank.current = draw(context, size) === false;
  }, [ref, size, draw, ratio]);
}

function useDevicePixelRatio(): number {
  const [ratio, setRatio] = useState(devicePixelRatio);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${ratio}dppx)`);
    const update = () => setRatio(devicePixelRatio);
    query.addEventListener("change", update);
    return () => query.removeEventListener("change", update);
  }, [ratio]);
  return ratio;
}
