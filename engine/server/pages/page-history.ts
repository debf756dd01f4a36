import { ok, type Result } from "../../base/result.ts";
import { RecordKind } from "../../log/record-kinds.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import { causesOf } from "../records/record-links.ts";
import { briefOf } from "../records/record-text.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { lifeOf } from "./page-life.ts";
import { PageWalk } from "./page-walk.ts";

/** Work between two chances to stop: a delta is one, and reading the block of one that is listed some 0.2 ms. */
const WORK_A_STEP = 128;
const WORK_OF_A_BLOCK = 32;
const MAX_CHAIN = 256;

/** Who wrote the bytes of a range, newest first. */
export function* pageHistory(
  recording: Recording,
  params: ParamsOf<"page.history">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"page.history">>> {
  const { page, lsn, offset, length, limit } = params;
  const alive = lifeOf(recording, page, lsn);
  if (!alive.ok) return alive;
  const walk = new PageWalk(recording, alive.value.slot, alive.value.life, lsn);
  const columns = {
    lsn: new Float64Array(limit),
    timeNs: new BigUint64Array(limit),
    epoch: new Float64Array(limit),
    source: new Uint32Array(limit),
    cause: new Float64Array(limit),
    kind: new Uint8Array(limit),
    firstOffset: new Uint32Array(limit),
    spanLength: new Uint32Array(limit),
    sizeBytes: new Uint32Array(limit),
  };
  let rows = 0;
  let hasMore = true;
  let work = 0;
  while (rows < limit) {
    const moved = walk.previous();
    if (!moved.ok) return moved;
    if (!moved.value) {
      hasMore = false;
      break;
    }
    const part = partOf(walk, offset, offset + length);
    if (part.sizeBytes > 0) {
      const batch = recording.batchAt(walk.lsn);
      if (!batch.ok) return batch;
      const row = batch.value.rowOf(walk.lsn);
      columns.lsn[rows] = walk.lsn;
      columns.timeNs[rows] = batch.value.timestampNs(row);
      columns.epoch[rows] = walk.epoch;
      columns.source[rows] = Math.max(0, recording.index.tables.sources.find(batch.value.sourceText(row)));
      columns.cause[rows] = batch.value.cause[row]!;
      columns.kind[rows] = RecordKind.Delta;
      columns.firstOffset[rows] = part.first;
      columns.spanLength[rows] = part.end - part.first;
      columns.sizeBytes[rows] = part.sizeBytes;
      rows++;
      work += WORK_OF_A_BLOCK;
    }
    if (++work >= WORK_A_STEP) {
      work = 0;
      progress("history", lsn - walk.lsn, lsn);
      yield;
    }
  }
  const nextLsn = hasMore ? Math.max(0, recording.nearestLsn(walk.lsn - 1, -1)) : 0;
  const cut = Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, column.subarray(0, rows)]),
  );
  return ok({ result: { nextLsn }, columns: cut as unknown as typeof columns });
}

/** What a delta wrote of [from, to). */
function partOf(walk: PageWalk, from: number, to: number): { first: number; end: number; sizeBytes: number } {
  const { runs } = walk;
  let first = -1;
  let end = 0;
  let sizeBytes = 0;
  for (let run = 0; run < runs.count; run++) {
    const start = Math.max(from, runs.offset[run]!);
    const stop = Math.min(to, runs.offset[run]! + runs.length[run]!);
    if (start >= stop) continue;
    if (first < 0) first = start;
    end = stop;
    sizeBytes += stop - start;
  }
  return { first: Math.max(0, first), end, sizeBytes };
}

/** The last writer of one byte, and the chain of causes behind it. */
export function* lastWriterOf(
  recording: Recording,
  { page, lsn, offset }: ParamsOf<"page.last-writer">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"page.last-writer">>> {
  const history = yield* pageHistory(
    recording,
    { recording: 0, page, lsn, offset, length: 1, limit: 1 },
    progress,
  );
  if (!history.ok) return history;
  const writer = history.value.columns.lsn[0];
  if (writer === undefined)
    return ok({ result: { writer: null, chain: [], chainComplete: true }, columns: {} });
  const batch = recording.batchAt(writer);
  if (!batch.ok) return batch;
  const brief = briefOf(recording, batch.value, batch.value.rowOf(writer));
  const causes = yield* causesOf(recording, writer, MAX_CHAIN);
  if (!causes.ok) return causes;
  return ok({
    result: { writer: brief, chain: causes.value.chain, chainComplete: causes.value.complete },
    columns: {},
  });
}
