import { describe, expect, it } from "vitest";
import { niceStep, niceTimeStep, tickValues, timeTickLabel } from "../../../renderer/canvas/ticks.ts";

describe("ticks of an axis", () => {
  it.each([
    [1, 1],
    [1.5, 2],
    [3, 5],
    [7, 10],
    [120, 200],
    [0.03, 0.05],
  ])("a step of at least %d is %d", (least, step) => {
    expect(niceStep(least)).toBeCloseTo(step, 10);
  });

  it("are those of a clock above a second", () => {
    expect(niceTimeStep(7e9)).toBe(10e9);
    expect(niceTimeStep(40e9)).toBe(60e9);
    expect(niceTimeStep(50 * 60e9)).toBe(3600e9);
    expect(niceTimeStep(3e6)).toBe(5e6);
    expect(niceTimeStep(0.2)).toBe(1);
    expect(niceTimeStep(3 * 86_400e9)).toBe(5 * 86_400e9);
  });

  it("lie inside the span and are bounded", () => {
    expect(tickValues(95, 310, 100)).toEqual([100, 200, 300]);
    expect(tickValues(0, 1e9, 1)).toHaveLength(200);
  });

  it.each([
    [0, 1e6, "0"],
    [1_500_000, 500_000, "1.5 ms"],
    [80_000_000, 10_000_000, "80 ms"],
    [2_000_000_000, 500_000_000, "2.0 s"],
    [350, 50, "350 ns"],
    [150e9, 30e9, "2:30"],
    [3_660e9, 60e9, "1:01:00"],
    [125_500_000_000, 500_000_000, "2:05.5"],
  ])("%d ns in steps of %d reads %s", (elapsed, step, label) => {
    expect(timeTickLabel(elapsed, step)).toBe(label);
  });
});
