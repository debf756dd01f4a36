import { ok, type Result } from "../base/result.ts";
import type { PageRanges } from "./device-backend.ts";
import { badCall } from "./device-errors.ts";

/** Whether the destinations of a batch lie apart from each other and from all sources. Errors: ARGUMENT_INVALID. */
export function checkApart(sources: PageRanges, targets: PageRanges): Result<void> {
  const all: { page: number; start: number; end: number; isTarget: boolean }[] = [];
  for (const [ranges, isTarget] of [
    [sources, false],
    [targets, true],
  ] as const) {
    for (let i = 0; i < ranges.count; i++) {
      const start = ranges.offset[i]!;
      if (ranges.length[i]! === 0) continue;
      all.push({ page: ranges.page[i]!, start, end: start + ranges.length[i]!, isTarget });
    }
  }
  all.sort((a, b) => a.page - b.page || a.start - b.start);
  let page = -1;
  let targetEnd = 0;
  let sourceEnd = 0;
  for (const range of all) {
    if (range.page !== page) {
      page = range.page;
      targetEnd = 0;
      sourceEnd = 0;
    }
    if (range.start < targetEnd || (range.isTarget && range.start < sourceEnd))
      return badCall("a destination overlaps another range of the batch");
    if (range.isTarget) targetEnd = range.end;
    else sourceEnd = Math.max(sourceEnd, range.end);
  }
  return ok();
}
