import { accel } from "../accel/index.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { DeltaBatch } from "../deltas/delta-batch.ts";
import type { PageTable } from "../pages/page-table.ts";

/** All rows of a batch: Errors: PAGE_UNKNOWN, ARGUMENT_INVALID, DELTA_RANGE. */
export function checkBatch(
  table: PageTable,
  lastLsn: number,
  batch: DeltaBatch,
  sources: readonly string[],
): Result<void> {
  const { slot, source, cause, runStart, runOffset, runLength, count } = batch;
  const { size, state } = table;
  const doubtful =
    accel.checkDeltas?.(
      slot,
      source,
      cause,
      runStart,
      runOffset,
      runLength,
      count,
      state,
      size,
      sources.length,
      lastLsn,
    ) ?? 0;
  for (let row = doubtful; row < count; row++) {
    const page = slot[row]!;
    if (!table.isLive(page)) {
      return fail(
        "PAGE_UNKNOWN",
        `row ${row} names slot ${page}, which holds no page`,
        "Look the slot up again",
      );
    }
    if (source[row]! >= sources.length) {
      return fail(
        "ARGUMENT_INVALID",
        `row ${row} names source ${source[row]} of ${sources.length}`,
        "Give all sources",
      );
    }
    if (!isCause(cause[row]!, lastLsn + row)) return badCause(cause[row]!);
    let position = -1;
    for (let run = runStart[row]!; run < runStart[row + 1]!; run++) {
      const offset = runOffset[run]!;
      const end = offset + runLength[run]!;
      if (offset <= position || end === offset || end > size[page]!) {
        return outside(table.idOf(page), offset, runLength[run]!, size[page]!);
      }
      position = end;
    }
  }
  return ok();
}

export function isCause(cause: number, lastLsn: number): boolean {
  return Number.isSafeInteger(cause) && cause >= 0 && cause <= lastLsn;
}

export function badCause(cause: number) {
  const remedy = "Give the LSN of a record that was written before, or 0";
  return fail("ARGUMENT_INVALID", `${cause} is no cause: nothing was written there yet`, remedy);
}

export function outside(pageId: bigint, offset: number, length: number, sizeBytes: number) {
  const message = `a write of ${length} bytes at ${offset} does not fit a page of ${sizeBytes}`;
  return fail("DELTA_RANGE", message, "Give ascending, separate ranges inside the page", { pageId });
}
