import { useCursor } from "./cursor-store.ts";

/** Calls whenever the cursor has stood still for so long after a move. Returns how to stop. A move costs no timer while one runs already. */
export function onCursorRest(restMs: number, call: () => void): () => void {
  let movedMs = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const look = () => {
    const leftMs = movedMs + restMs - performance.now();
    timer = leftMs > 0 ? setTimeout(look, leftMs) : undefined;
    if (timer === undefined) call();
  };
  const stop = useCursor.subscribe((now, before) => {
    if (now.lsn === before.lsn) return;
    movedMs = performance.now();
    timer ??= setTimeout(look, restMs);
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}
