import { flushSync } from "react-dom";
import { useCursor } from "../state/cursor-store.ts";

/** In order of arrival. The same function waits once, however many answers come. */
const waiting = new Set<() => void>();
/** What has its turn in every frame, before the others and beside them. */
const waitingFirst = new Set<() => void>();
/**
 * After so much of drawing anew no other takes its turn in the same frame. Layout and paint of what changed take two to four times as long as
 * the code that changes it, so one panel with much to change is what a frame has room for beside the playhead.
 */
const BUDGET_MS = 0.4;

/** True where there are no frames to wait for: a hidden window, a test. */
const hasNoFrames = () => typeof requestAnimationFrame === "undefined" || document.hidden;

/**
 * Calls in the next frame, or in one of those after it: panels that have new answers take turns where one frame has no room for all. So a
 * scrub moves the playhead with every frame, however much else is in the window. Where there are no frames it calls at once.
 */
export function notifyInFrame(notify: () => void): void {
  wait(waiting, notify);
}

/** The same for what follows the cursor: in turns while the cursor runs, at once where it takes a step or rests. */
export function notifyWithCursor(notify: () => void): void {
  withCursor(waiting, notify);
}

/** The same for what changes a few words only: while the cursor runs it waits for no other. */
export function notifyFirstWithCursor(notify: () => void): void {
  withCursor(waitingFirst, notify);
}

function withCursor(queue: Set<() => void>, notify: () => void): void {
  const { playing, scrubbing } = useCursor.getState();
  if (playing || scrubbing) wait(queue, notify);
  else {
    queue.delete(notify);
    notify();
  }
}

let isFrameAsked = false;

function wait(queue: Set<() => void>, notify: () => void): void {
  if (hasNoFrames()) {
    notify();
    return;
  }
  queue.add(notify);
  askForFrame();
}

/** Once, also where answers lead to others while they are told: two in a frame would be two turns in it. */
function askForFrame(): void {
  if (isFrameAsked) return;
  isFrameAsked = true;
  requestAnimationFrame(flush);
}

function flush(): void {
  isFrameAsked = false;
  for (const notify of waitingFirst) {
    waitingFirst.delete(notify);
    flushSync(notify);
  }
  const end = performance.now() + BUDGET_MS;
  for (const notify of waiting) {
    waiting.delete(notify);
    flushSync(notify);
    if (performance.now() >= end) break;
  }
  if (waiting.size + waitingFirst.size > 0) askForFrame();
}
