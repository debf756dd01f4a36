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

/** What is drawn with: a canvas of the document or one aside. */
export type DrawContext = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** Returns false where there was nothing to draw: a canvas that is blank and stays so costs nothing then. */
export type Draw = (context: DrawContext, size: Size) => unknown;

/**
 * Draws when `draw` changed (or the size, or the screen's pixel ratio), together with the elements around the canvas. Coordinates are CSS
 * pixels. `draw` must be stable (useCallback) while there is nothing new.
 */
export function useCanvas(ref: RefObject<HTMLCanvasElement | null>, size: Size, draw: Draw): void {
  const isBlank = useRef(true);
  useDrawing(ref, size, draw, (canvas, width, height, paint) => {
    const context = canvas.getContext("2d")!;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    if (!isBlank.current) context.clearRect(0, 0, width, height);
    isBlank.current = paint(context) === false;
  });
}

/**
 * The same for a picture that stays while others around it change. A canvas with a 2D context is copied for every frame of the window, changed
 * or not, where no graphics card draws the window; a bitmap is handed over once. To draw it costs more than a canvas that is drawn over.
 */
export function useStillCanvas(ref: RefObject<HTMLCanvasElement | null>, size: Size, draw: Draw): void {
  useDrawing(ref, size, draw, (canvas, width, height, paint) => {
    const aside = new OffscreenCanvas(width, height);
    paint(aside.getContext("2d")!);
    canvas.getContext("bitmaprenderer")!.transferFromImageBitmap(aside.transferToImageBitmap());
  });
}

/** In device pixels: the canvas to show it on, its size, and what draws. */
type Show = (
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
  paint: (context: DrawContext) => unknown,
) => void;

function useDrawing(ref: RefObject<HTMLCanvasElement | null>, size: Size, draw: Draw, show: Show): void {
  const ratio = useDevicePixelRatio();
  // biome-ignore lint/correctness/useExhaustiveDependencies: `show` does the same every time
  useLayoutEffect(() => {
    const canvas = ref.current;
    if (canvas === null || size.width === 0 || size.height === 0) return;
    show(canvas, Math.round(size.width * ratio), Math.round(size.height * ratio), (context) => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      return draw(context, size);
    });
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
