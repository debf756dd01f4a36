import { useEffect, useRef, useState } from "react";

/** A change this long after the one before is a step: shown at once. */
const STEP_MS = 150;
/** Changes that follow each other faster are shown when they rest for so long, */
const REST_MS = 100;
/** and at least so often. */
const MOST_WAIT_MS = 400;

/**
 * The value as it is shown: at once while a person steps; while one scrubs, when it rests, and some twice a second meanwhile. To light many pages
 * anew costs several frames' time, which the scrubbing would miss; few are lit at once.
 */
export function useSettled<T>(value: T, isCostly: boolean): T {
  const [shown, setShown] = useState(value);
  const lastChange = useRef(Number.NEGATIVE_INFINITY);
  const lastShown = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const now = performance.now();
    const show = () => {
      lastShown.current = performance.now();
      setShown(value);
    };
    const isStep = now - lastChange.current >= STEP_MS;
    lastChange.current = now;
    if (isStep || now - lastShown.current >= MOST_WAIT_MS) {
      show();
      return;
    }
    const timer = setTimeout(show, REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return isCostly ? shown : value;
}
