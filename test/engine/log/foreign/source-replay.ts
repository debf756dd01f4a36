// What a reader of the engine's batches makes of a source: rows as frames again, and a replay over plain arrays.
import { unwrap } from "../../../../engine/base/result.ts";
import { applyDeltaBody, decodeDeltaBody } from "../../../../engine/deltas/delta-body.ts";
import { RunList } from "../../../../engine/deltas/run-list.ts";
import { RecordBatch } from "../../../../engine/log/record-batch.ts";
import { RecordKind } from "../../../../engine/log/record-kinds.ts";
import type { RecordSource } from "../../../../engine/log/record-source.ts";
import type { NaivePage, NaiveReplay } from "./naive-mmsb.ts";

export interface Row {
  lsn: number;
  kind: number;
  flags: number;
  deltaId: bigint;
  pageId: bigint;
  epoch: number;
  timestamp: bigint;
  source: string;
  maskLength: number;
  runs: [offset: number, length: number][];
  payload: Uint8Array;
  body: Uint8Array;
  metadata: Uint8Array;
}

export function forEachBatch(source: RecordSource, visit: (batch: RecordBatch) => void): void {
  const batch = new RecordBatch();
  for (let block = 0; block < source.blockCount; block++) {
    unwrap(source.readBlock(block, batch));
    visit(batch);
  }
}

export function rowsOf(source: RecordSource): Row[] {
  const rows: Row[] = [];
  const runs = new RunList();
  forEachBatch(source, (batch) => {
    for (let i = 0; i < batch.count; i++) {
      const start = batch.bodyStart[i]!;
      const end = start + batch.bodyLength[i]!;
      const isDelta = batch.kind[i] === RecordKind.Delta;
      runs.clear();
      const payloadAt = isDelta ? decodeDeltaBody(batch.bytes, start, end, runs) : end;
      if (payloadAt < 0) throw new Error(`row ${i} has a corrupt body`);
      rows.push({
        lsn: batch.lsn(i),
        kind: batch.kind[i]!,
        flags: batch.flags[i]!,
        deltaId: batch.deltaId(i),
        pageId: batch.pageId(i),
        epoch: batch.epoch[i]!,
        timestamp: batch.timestampNs(i),
        source: batch.sourceText(i),
        maskLength: batch.maskLength[i]!,
        runs: Array.from({ length: runs.count }, (_, r) => [runs.offset[r]!, runs.length[r]!]),
        payload: batch.bytes.slice(payloadAt, end),
        body: batch.body(i).slice(),
        metadata: batch.metadata(i).slice(),
      });
    }
  });
  return rows;
}

export function replaySource(source: RecordSource): NaiveReplay {
  const genesis = unwrap(source.loadCheckpoint(source.checkpoints[0]!));
  const pages = new Map<bigint, NaivePage>();
  genesis.pages.forEach((page, index) => {
    const bytes = new Uint8Array(page.sizeBytes).fill(0xee);
    unwrap(genesis.readPage(index, bytes));
    pages.set(page.id, { bytes, epoch: page.epoch });
  });
  let applied = 0;
  let rejected = 0;
  let unknown = 0;
  forEachBatch(source, (batch) => {
    for (let i = 0; i < batch.count; i++) {
      const page = pages.get(batch.pageId(i));
      if (batch.kind[i] !== RecordKind.Delta) {
        rejected++;
      } else if (page === undefined) {
        unknown++;
      } else {
        const start = batch.bodyStart[i]!;
        const end = start + batch.bodyLength[i]!;
        const { bytes } = page;
        if (applyDeltaBody(batch.bytes, start, end, bytes, 0, bytes.length) < 0) throw new Error("corrupt");
        page.epoch = batch.epoch[i]!;
        applied++;
      }
    }
  });
  return { pages, applied, rejected, unknown };
}
