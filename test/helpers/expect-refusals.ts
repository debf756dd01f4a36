import { expect } from "vitest";
import { KERNEL_KINDS } from "../../engine/graph/kernels/kernel-spec.ts";

/**
 * A function of the addon that takes a kernel (its kind as argument 4, its parameters as argument 7) takes `good()`, and refuses each `[position, value]` in its place: those
 * given, values of the wrong type anywhere, sides of a matrix that are none, and no arguments at all.
 */
export function expectRefusals(
  call: (...args: unknown[]) => unknown,
  good: () => readonly unknown[],
  wrong: readonly (readonly [position: number, value: unknown])[],
): void {
  const refused = expect.objectContaining({ code: "ARGUMENT_INVALID" });
  expect(() => call(...good())).not.toThrow();
  const cases = [...wrong];
  for (let position = 0; position < good().length; position++)
    for (const value of [undefined, null, "x", {}, new Int8Array(4)]) cases.push([position, value]);
  for (const [index, [position, value]] of cases.entries()) {
    const args = [...good()];
    args[position] = value;
    expect(() => call(...args), `argument ${position}, case ${index}`).toThrow(refused);
  }
  expect(() => call()).toThrow(refused);
  for (const side of [0, 0.5, 2 ** 20 + 1, Number.NaN, -1, Number.POSITIVE_INFINITY]) {
    const args = [...good()];
    args[4] = KERNEL_KINDS.indexOf("matmul");
    args[7] = Float64Array.of(side, 1, 1);
    expect(() => call(...args), `a side of ${side}`).toThrow(refused);
  }
}
