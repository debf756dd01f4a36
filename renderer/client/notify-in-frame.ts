import { flushSync } from "react-dom";

/** In order of arrival. The same function waits once, however many answers come. */
const waiting = new Set<() => void>();
/**
 * What may be drawn anew between two frames. Layout and paint of what changed take about twice as long as the code that changes it: with
 * 2 ms of code a frame's work stays near 6 of its 16 ms.
 */
const BUDGET_MS = 2;

/**
 * Calls in the next frame, or in one of those after it: panels that have new answers take turns where one frame has no room for all. So a
 * scrub moves the playhead with every frame, however much else is in the window. Where there are no frames (a hidden window, a test) it calls
 * at once.
 */
export function notifyInFrame(notify: () => void): void {
  if (typeof requestAnimationFrame === "undefined" || document.hidden) {
    notify();
    return;
  }
  waiting.add(notify);
  if (waiting.size === 1) requestAnimationFrame(flush);
}

function flush(): void {
  const end = performance.now() + BUDGET_MS;
  for (const notify of waiting) {
    waiting.delete(notify);
    flushSync(notify);
    if (performance.now() >= end) break;
  }
  if (waiting.size > 0) requestAnimationFrame(flush);
}
