import { expect, it } from "vitest";
import { exp, sigmoid, tanh } from "../../../../engine/session/demo/portable-math.ts";

it("agrees with the machine's own functions to twelve digits", () => {
  for (let x = -30; x <= 30; x += 0.173) {
    expect(exp(x) / Math.exp(x)).toBeCloseTo(1, 12);
    expect(tanh(x)).toBeCloseTo(Math.tanh(x), 12);
    expect(sigmoid(x)).toBeCloseTo(1 / (1 + Math.exp(-x)), 12);
  }
});

it("stays finite at the edges", () => {
  expect([tanh(1e9), tanh(-1e9)]).toEqual([1, -1]);
  expect(sigmoid(-1e9)).toBeGreaterThan(0);
  expect(exp(0)).toBe(1);
});
