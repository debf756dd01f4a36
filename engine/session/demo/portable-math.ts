/**
 * Functions that the standard leaves to each engine (`Math.exp`, `Math.tanh`: their last bits differ between machines), from the operations
 * that IEEE 754 fixes: the same bits everywhere, within a few units in the last place.
 */

const LN2 = Math.LN2;

/** e^x for |x| ≤ 700. x = k ln 2 + r with |r| ≤ 0.35, then 14 terms of the series: the next is below 2^-53 of the sum. */
export function exp(x: number): number {
  const k = Math.round(x / LN2);
  const r = x - k * LN2;
  let sum = 1;
  for (let term = 14; term >= 1; term--) sum = 1 + (r * sum) / term;
  const factor = k < 0 ? 0.5 : 2;
  for (let i = Math.abs(k); i > 0; i--) sum *= factor;
  return sum;
}

export function tanh(x: number): number {
  if (x > 20) return 1;
  if (x < -20) return -1;
  const squared = exp(2 * x);
  return (squared - 1) / (squared + 1);
}

export function sigmoid(x: number): number {
  return 1 / (1 + exp(-Math.max(-40, Math.min(40, x))));
}
