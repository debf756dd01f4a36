import { useSyncExternalStore } from "react";

const CHARACTERS = 64;
let measuredPx = 0;
const listeners = new Set<() => void>();

function measure(): void {
  const probe = document.createElement("span");
  probe.className = "mono character-probe";
  probe.textContent = "0".repeat(CHARACTERS);
  document.body.append(probe);
  const widthPx = probe.getBoundingClientRect().width / CHARACTERS;
  probe.remove();
  if (widthPx === measuredPx) return;
  measuredPx = widthPx;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    // The face arrives after the page: until then the system's stands in, and it is not as wide.
    void document.fonts.ready.then(measure);
    document.fonts.addEventListener("loadingdone", measure);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) document.fonts.removeEventListener("loadingdone", measure);
  };
}

/** Width of one character of the mono face at 12 px, as this browser really sets it (some round it to whole pixels). */
export function useCharacterPx(): number {
  return useSyncExternalStore(subscribe, () => {
    if (measuredPx === 0) measure();
    return measuredPx;
  });
}
