import { MmsbError } from "../base/errors.ts";
import type { FormulaFunction, RecomputeFunction } from "./recompute.ts";

/** A formula as an ordinary function: what waves take where they do not run it directly (`plain-level.ts`). */
export function functionOf(formula: FormulaFunction): RecomputeFunction {
  return (ctx) => {
    const values: number[] = [];
    for (let input = 0; input < ctx.inputCount; input++) values.push(ctx.f64(input, 0));
    const value: unknown = formula(...values);
    if (typeof value !== "number") throw noNumber(value);
    ctx.setF64(0, value);
  };
}

/** Why what a formula returned is refused. */
export function noNumber(value: unknown): MmsbError {
  return new MmsbError(
    "RECOMPUTE_FAILED",
    `the formula returned ${value === null ? "null" : `a value of type ${typeof value}`}`,
    "Return a number; use run for anything else",
  );
}
