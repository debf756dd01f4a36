// What pages of the random graphs and sessions are computed by, where workers find it too.
import type { RecomputeContext } from "../../engine/graph/recompute.ts";

/** How a page of the model is computed; pages hold two f64, the first is its value. */
export type Rule = "sum" | "coarse" | "touchy" | "kernel" | "columns" | "discover" | "image" | "seek";
export const RULES: readonly Rule[] = ["sum", "coarse", "touchy", "kernel", "columns", "discover", "image"];

/** Pages of these rules discover their inputs: `discover` asks for the first pages alone, `seek` for any that are lower. */
export function isDiscovering(rule: Rule | undefined): rule is "discover" | "seek" {
  return rule === "discover" || rule === "seek";
}

/** What a rule makes of its inputs' values, in page order; undefined = it throws. */
export function ruleValue(rule: Rule, inputs: readonly number[]): number | undefined {
  const sum = inputs.reduce((total, value) => total + value, 0);
  switch (rule) {
    case "coarse":
      return Math.floor(sum / 4);
    case "touchy":
      return sum % 5 === 3 ? undefined : sum + 1;
    case "kernel":
      return inputs.length === 0 ? undefined : sum;
    case "columns":
      return inputs.length === 0 ? undefined : inputs[0]! * 2;
    default:
      return sum + 1;
  }
}

/** The pages that a discovering page asks for, one after the other; each depends on the values before. All are lower than it. */
export function* asksOf(rule: "discover" | "seek", page: number): Generator<number, void, number> {
  if (page === 0) return;
  if (rule === "seek") {
    let value = 1;
    for (let ask = 1; ask <= 3 && value % 4 !== 0; ask++)
      value = yield (Math.imul(page * 31 + ask * 7 + Math.abs(value), 0x9e37_79b1) >>> 0) % page;
    return;
  }
  const value = yield (page * 7) % page;
  if (value % 2 === 1) yield (page * 3 + 1) % page;
  else if (value % 3 === 0) yield (page * 5 + 2) % page;
}

function compute(rule: Rule, ctx: RecomputeContext): void {
  const inputs = Array.from({ length: ctx.inputCount }, (_, i) => ctx.f64(i, 0));
  const value = ruleValue(rule, inputs);
  if (value === undefined) {
    // Half done, so that there is something to take back.
    ctx.setF64(0, -1);
    if (inputs.length > 1) ctx.write(3, Uint8Array.of(1, 2, 3));
    throw new Error("touchy");
  }
  if (rule !== "image") ctx.setF64(0, value);
  else {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    ctx.write(0, Uint8Array.of(0));
    ctx.write(0, bytes);
  }
}

export const sum = (ctx: RecomputeContext) => compute("sum", ctx);
export const coarse = (ctx: RecomputeContext) => compute("coarse", ctx);
export const touchy = (ctx: RecomputeContext) => compute("touchy", ctx);
export const image = (ctx: RecomputeContext) => compute("image", ctx);

function sumOfAsked(rule: "discover" | "seek", ctx: RecomputeContext): void {
  const asks = asksOf(rule, Number(ctx.pageId) - 1);
  let total = 1;
  for (let ask = asks.next(); ask.done !== true; ) {
    const value = ctx.f64(ctx.inputOf(BigInt(ask.value + 1)), 0);
    total += value;
    ask = asks.next(value);
  }
  ctx.setF64(0, total);
}

export const discover = (ctx: RecomputeContext) => sumOfAsked("discover", ctx);
export const seek = (ctx: RecomputeContext) => sumOfAsked("seek", ctx);

/** Sums of first bytes that fail at some values (so that what depends on them is blocked), and that often come out as they were (so that waves are cut off). */
const failingAt = (value: number) => (ctx: RecomputeContext) => {
  let total = 0;
  for (let input = 0; input < ctx.inputCount; input++) total += ctx.u8(input, 0);
  if (total % 8 === value) throw new Error(`the sum is ${total}`);
  ctx.setU8(0, total & 3);
};
export const failingAt3 = failingAt(3);
export const failingAt7 = failingAt(7);
export const neverFailing = failingAt(-1);

/** Asks for some of the first pages, whichever those are: a page that is not there, or depends on this one, fails it. */
export function seekingBytes(ctx: RecomputeContext): void {
  let total = 0;
  for (let ask = 1; ask <= 2; ask++)
    total += ctx.u8(ctx.inputOf(BigInt(1 + ((Number(ctx.pageId) * 31 + ask * 7 + total) % 12))), 0);
  ctx.setU8(0, total & 3);
}

/** The functions by the names that they are exported under. */
export const FUNCTIONS = {
  sum,
  coarse,
  touchy,
  image,
  discover,
  seek,
  failingAt3,
  failingAt7,
  neverFailing,
  seekingBytes,
} as const;
