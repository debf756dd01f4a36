import { ok, type Result } from "../../base/result.ts";
import { decodeDeltaBody } from "../../deltas/delta-body.ts";
import { RunList } from "../../deltas/run-list.ts";
import { PageDeltas } from "../../log/index/page-deltas.ts";
import type { RecordBrief } from "../../protocol/requests/records.ts";
import type { ParamsOf, ReplyOf } from "../../protocol/requests.ts";
import type { Recording } from "../../replay/recording.ts";
import type { OpenedRecording } from "../recording/opened-recording.ts";
import { briefOf, metadataText } from "../records/record-text.ts";
import type { ReportProgress } from "../service.ts";
import type { Sliced } from "../slice-scheduler.ts";
import { endLsn, lifeOf } from "./page-life.ts";

const MAX_RANGES = 4096;
/** Ages take eight bytes a byte. */
const MAX_AGED_BYTES = 1 << 20;

export function* viewPage(
  opened: OpenedRecording,
  params: ParamsOf<"page.view">,
  progress: ReportProgress,
): Sliced<Result<ReplyOf<"page.view">>> {
  const { recording } = opened;
  const { page: id, lsn, offset, length } = params;
  const alive = lifeOf(recording, id, lsn);
  if (!alive.ok) return alive;
  const { life, slot } = alive.value;
  const descriptor = recording.descriptorAt(id, lsn);
  if (!descriptor.ok) return descriptor;
  const page = descriptor.value!;
  const whole = new Uint8Array(page.sizeBytes);
  const read = recording.reader.read(slot, life, lsn, whole);
  if (!read.ok) return read;
  const bytes = whole.subarray(offset, Math.min(offset + length, whole.length));
  const last = lastDelta(recording, slot, life, lsn);
  if (!last.ok) return last;
  const open = recording.index.openTransaction(lsn);
  if (!open.ok) return open;
  const { lives, uncertain } = recording.index.tables;
  const createdLsn = lives.fromLsn.data[life]!;
  const destroyedLsn = endLsn(lives.untilLsn.data[life]!);
  let writerLsn = new Float64Array(0);
  if (params.ages) {
    const writers = yield* opened.pageAges.lastWriters(
      id,
      lsn,
      offset,
      Math.min(bytes.length, MAX_AGED_BYTES),
      progress,
    );
    if (!writers.ok) return writers;
    writerLsn = writers.value;
  }
  return ok({
    result: {
      pageId: id,
      sizeBytes: page.sizeBytes,
      epoch: page.epoch,
      location: page.location,
      pageType: page.type,
      metadata: [...page.metadata].map(([key, value]) => ({ key, value: metadataText(value) })),
      fields:
        page.schema === undefined
          ? null
          : page.schema.fields.map((field) => ({ ...field, shape: [...field.shape] })),
      createdLsn,
      destroyedLsn,
      lastDelta: last.value.brief,
      insideTransaction: open.value !== 0,
      uncertain: uncertain.has(slot, lsn),
    },
    columns: { bytes, touchedOffset: last.value.offset, touchedLength: last.value.length, writerLsn },
  });
}

interface LastDelta {
  readonly brief: RecordBrief | null;
  readonly offset: Uint32Array;
  readonly length: Uint32Array;
}

/** The last delta of this life of the page, and the ranges that it wrote. */
function lastDelta(recording: Recording, slot: number, life: number, lsn: number): Result<LastDelta> {
  const none = { brief: null, offset: new Uint32Array(0), length: new Uint32Array(0) };
  const place = new PageDeltas(recording.index, slot);
  const found = place.seek(lsn);
  if (!found.ok) return found;
  if (place.lsn <= recording.index.tables.lives.fromLsn.data[life]!) return ok(none);
  const batch = recording.batchAt(place.lsn);
  if (!batch.ok) return batch;
  const row = batch.value.rowOf(place.lsn);
  const runs = new RunList();
  const body = batch.value.body(row);
  if (decodeDeltaBody(body, 0, body.length, runs) < 0) runs.clear();
  const shown = Math.min(runs.count, MAX_RANGES);
  return ok({
    brief: briefOf(recording, batch.value, row),
    offset: runs.offset.slice(0, shown),
    length: runs.length.slice(0, shown),
  });
}
