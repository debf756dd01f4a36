/** The least of 1, 2 or 5 times a power of ten that is not below `least`. */
export function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5]) if (factor * power >= least * 0.999_999) return factor * power;
  return 10 * power;
}

const SECOND = 1e9;
const LONG_STEPS_NS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
].map((seconds) => seconds * SECOND);

/** Below a second decimal steps, above it the steps of a clock. */
export function niceTimeStep(leastNs: number): number {
  if (leastNs < SECOND) return niceStep(Math.max(1, leastNs));
  return (
    LONG_STEPS_NS.find((step) => step >= leastNs) ?? niceStep(leastNs / (86_400 * SECOND)) * 86_400 * SECOND
  );
}

/** Multiples of `step` in [from, to]; at most 200, whatever was asked. */
export function tickValues(from: number, to: number, step: number): number[] {
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step); at * step <= to && ticks.length < 200; at++) ticks.push(at * step);
  return ticks;
}

/** A tick's label: as many digits as the step needs, no more. */
export function timeTickLabel(elapsedNs: number, stepNs: number): string {
  if (elapsedNs === 0) return "0";
  if (stepNs >= 60 * SECOND || elapsedNs >= 120 * SECOND) return clock(elapsedNs, stepNs);
  const [unitNs, unit] = elapsedUnit(elapsedNs);
  const digits = Math.max(0, Math.min(9, Math.ceil(-Math.log10(stepNs / unitNs) - 1e-9)));
  return `${(elapsedNs / unitNs).toFixed(digits)} ${unit}`;
}

function elapsedUnit(elapsedNs: number): readonly [number, string] {
  if (elapsedNs >= SECOND) return [SECOND, "s"];
  if (elapsedNs >= 1e6) return [1e6, "ms"];
  return elapsedNs >= 1e3 ? [1e3, "µs"] : [1, "ns"];
}

function clock(elapsedNs: number, stepNs: number): string {
  const seconds = elapsedNs / SECOND;
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const digits = stepNs >= SECOND ? 0 : Math.min(9, Math.ceil(-Math.log10(stepNs / SECOND)));
  const rest = (seconds % 60).toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, "0");
  const hours = Math.floor(seconds / 3600);
  return hours > 0 ? `${hours}:${two((seconds / 60) % 60)}:${rest}` : `${Math.floor(seconds / 60)}:${rest}`;
}
