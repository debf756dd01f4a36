// A function that takes some tens of microseconds, and one that takes next to none, where workers find them.
import type { RecomputeContext } from "../../engine/graph/recompute.ts";

const STEPS = 1500;

export function heavy(ctx: RecomputeContext): void {
  let x = ctx.f64(0, 0) + Number(ctx.pageId);
  for (let step = 0; step < STEPS; step++) x = (x * 1.000_001 + 0.5) % 1000;
  ctx.setF64(0, x);
}

export function light(ctx: RecomputeContext): void {
  ctx.setF64(0, ctx.f64(0, 0) + 1);
}
