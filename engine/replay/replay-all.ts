import { fail, ok, type Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import type { BuildProgress } from "../log/index/build-index.ts";
import type { RecordSource } from "../log/record-source.ts";
import type { PageTableOptions } from "../pages/page-table.ts";
import { type ReplayCounts, ReplayState } from "./replay-state.ts";
import { ReplayWalk } from "./replay-walk.ts";

export interface ReplayOptions {
  /** The moment to rebuild; the final state where it is left out. */
  readonly at?: number | undefined;
  /** From the recording's first checkpoint on, so that the counts are those of every record; else from the nearest one. */
  readonly fromStart?: boolean;
  /** What the pages may take. */
  readonly table?: PageTableOptions;
  /**
   * A state that is needed no longer, to be emptied and filled again: the first touch of memory is a good part of what a replay costs. Its own
   * limits hold then.
   */
  readonly into?: ReplayState;
}

export interface ReplayOutcome extends ReplayCounts {
  readonly lsn: number;
  readonly state: ReplayState;
  readonly stateHash: Uint8Array;
  readonly structureHash: Uint8Array;
  /** Pages whose bytes are not known for certain, in id order. */
  readonly uncertain: readonly bigint[];
}

/** Rebuilds the state at one moment without an index: straight through the records, all pages in memory. */
export function replayAll(source: RecordSource, options: ReplayOptions = {}): Result<ReplayOutcome> {
  return finish(replaying(source, options));
}

/** The same in slices of one block. Dropping the generator cancels. */
export function* replaying(
  source: RecordSource,
  options: ReplayOptions = {},
): Generator<BuildProgress, Result<ReplayOutcome>> {
  const at = options.at ?? Math.max(source.committedLsn, source.firstLsn - 1);
  if (!Number.isSafeInteger(at) || at < 0 || at > Math.max(source.lastLsn, source.firstLsn - 1)) {
    return fail(
      "LSN_OUT_OF_RANGE",
      `the recording ends at LSN ${source.lastLsn}`,
      "Give an LSN inside the recording",
      { lsn: at },
    );
  }
  const gap = source.gaps.find(({ fromLsn, toLsn }) => fromLsn <= at && at <= toLsn);
  if (gap !== undefined) {
    const remedy = `Go to LSN ${gap.fromLsn - 1} before them or ${gap.toLsn + 1} after them`;
    return fail("LOG_RECORDS_LOST", `records ${gap.fromLsn} to ${gap.toLsn} are lost`, remedy, { lsn: at });
  }
  const state = options.into ?? new ReplayState(options.table);
  if (options.into !== undefined) state.clear();
  const walk = new ReplayWalk(source, state);
  const started = walk.start(at, options.fromStart);
  if (!started.ok) return started;
  const advanced = yield* walk.advance(at);
  if (!advanced.ok) return advanced;
  return ok({
    lsn: at,
    ...state.counts,
    state,
    stateHash: state.stateHash(),
    structureHash: state.structureHash(),
    uncertain: state.uncertain,
  });
}
