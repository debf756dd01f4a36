import { describe, expect, test } from "vitest";
import { Prng } from "../../../engine/base/prng.ts";
import { sortedBy } from "../../../engine/server/sliced-sort.ts";

/** The result, and how often two values were compared. */
function sorted(values: Uint32Array, key: (value: number) => number) {
  let compared = 0;
  const steps = sortedBy(values, (a, b) => {
    compared++;
    return key(a) - key(b);
  });
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return { result: step.value, compared };
}

describe("sorting in slices", () => {
  test("gives what a stable sort at once gives, and leaves what it was given", () => {
    const prng = new Prng(7);
    for (const length of [0, 1, 2, 3, 1000, 20_000]) {
      const values = Uint32Array.from({ length }, () => prng.below(5000));
      const before = values.slice();
      const key = (value: number) => value >>> 4;
      const expected = Uint32Array.from([...values].sort((a, b) => key(a) - key(b)));
      expect(sorted(values, key).result).toEqual(expected);
      expect(values).toEqual(before);
    }
  });

  test("looks once through what is in order, and hands out a copy of it", () => {
    const values = Uint32Array.from({ length: 20_000 }, (_, at) => at >>> 1);
    const { result, compared } = sorted(values, (value) => value);
    expect(result).toEqual(values);
    expect(result).not.toBe(values);
    expect(compared).toBe(values.length - 1);
  });
});
