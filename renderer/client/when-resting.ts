import { useCursor } from "../state/cursor-store.ts";

/** After a step, while its own answers come; a held key repeats every 33 ms. */
const STEP_REST_MS = 8;
/** After a jump, a scrub, or where something new is shown: nobody may step at all. */
const LONG_REST_MS = 120;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Calls when the cursor has come to rest, and again when more is known of the record that the next step leads to. Returns how to stop. */
export function whenResting(listener: () => void): () => void {
  listeners.add(listener);
  wait(LONG_REST_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) clearTimeout(timer);
  };
}

/** A shorter wait is not made longer by one that comes later for another reason. */
let endsMs = Number.POSITIVE_INFINITY;

function wait(ms: number, restarts = false): void {
  const ends = performance.now() + ms;
  if (!restarts && ends >= endsMs) return;
  endsMs = ends;
  clearTimeout(timer);
  timer = setTimeout(tell, ms);
}

function tell(): void {
  endsMs = Number.POSITIVE_INFINITY;
  const { playing, scrubbing } = useCursor.getState();
  if (!playing && !scrubbing) for (const listener of [...listeners]) listener();
}

useCursor.subscribe((now, before) => {
  if (now.ahead !== before.ahead) wait(0);
  else if (now.scrubbing !== before.scrubbing || now.playing !== before.playing) wait(LONG_REST_MS, true);
  else if (now.lsn !== before.lsn)
    wait(Math.abs(now.lsn - before.lsn) === 1 ? STEP_REST_MS : LONG_REST_MS, true);
});
