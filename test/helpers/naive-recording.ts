// Everything about a recording as plain objects, worked out in the plainest way: the oracle for what a server answers.
import { unwrap } from "../../engine/base/result.ts";
import { decodeDeltaBody } from "../../engine/deltas/delta-body.ts";
import { RunList } from "../../engine/deltas/run-list.ts";
import { RecordBatch } from "../../engine/log/record-batch.ts";
import { decodeEdge, decodePageCreate } from "../../engine/log/record-bodies.ts";
import { RecordKind } from "../../engine/log/record-kinds.ts";
import { openSource } from "../../engine/replay/open-recording.ts";

export interface NaiveRecord {
  readonly lsn: number;
  readonly kind: number;
  readonly page: bigint;
  readonly epoch: number;
  readonly timeNs: bigint;
  readonly source: string;
  readonly cause: number;
  readonly body: Uint8Array;
  readonly metadata: string;
  /** Of a delta: where it writes, and what. */
  readonly ranges: readonly { readonly offset: number; readonly bytes: Uint8Array }[];
}

export interface NaivePageState {
  readonly type: string;
  readonly bytes: Uint8Array;
  /** LSN of each byte's last writer; 0 = none. */
  readonly writers: Uint32Array;
  epoch: number;
}

export class NaiveRecording {
  readonly records: readonly NaiveRecord[];
  readonly pageTypes = new Map<bigint, string>();

  constructor(path: string) {
    const source = unwrap(openSource(path));
    const batch = new RecordBatch();
    const runs = new RunList();
    const records: NaiveRecord[] = [];
    for (let block = 0; block < source.blockCount; block++) {
      unwrap(source.readBlock(block, batch));
      for (let row = 0; row < batch.count; row++) {
        const body = batch.body(row).slice();
        const ranges: { offset: number; bytes: Uint8Array }[] = [];
        if (batch.kind[row] === RecordKind.Delta) {
          let at = decodeDeltaBody(body, 0, body.length, runs);
          for (let run = 0; run < runs.count; run++) {
            const length = runs.length[run]!;
            ranges.push({ offset: runs.offset[run]!, bytes: body.slice(at, at + length) });
            at += length;
          }
        }
        records.push({
          lsn: batch.lsn(row),
          kind: batch.kind[row]!,
          page: batch.pageId(row),
          epoch: batch.epoch[row]!,
          timeNs: batch.timestampNs(row),
          source: batch.sourceText(row),
          cause: batch.cause[row]!,
          body,
          metadata: new TextDecoder().decode(batch.metadata(row)),
          ranges,
        });
        if (batch.kind[row] === RecordKind.PageCreate)
          this.pageTypes.set(batch.pageId(row), unwrap(decodePageCreate(body)).type);
      }
    }
    source.close();
    this.records = records;
  }

  get lastLsn(): number {
    return this.records.length;
  }

  at(lsn: number): NaiveRecord {
    return this.records[lsn - 1]!;
  }

  get deltas(): NaiveRecord[] {
    return this.records.filter(({ kind }) => kind === RecordKind.Delta);
  }

  deltasOf(page: bigint, upTo = this.lastLsn): NaiveRecord[] {
    return this.deltas.filter((delta) => delta.page === page && delta.lsn <= upTo);
  }

  /** Replayed from the first record. */
  page(id: bigint, lsn: number): NaivePageState | undefined {
    let state: NaivePageState | undefined;
    for (const record of this.records) {
      if (record.lsn > lsn) break;
      if (record.page !== id) continue;
      if (record.kind === RecordKind.PageCreate) {
        const { sizeBytes, type } = unwrap(decodePageCreate(record.body));
        state = {
          type,
          bytes: new Uint8Array(sizeBytes),
          writers: new Uint32Array(sizeBytes),
          epoch: record.epoch,
        };
      } else if (record.kind === RecordKind.PageDestroy) state = undefined;
      else if (record.kind === RecordKind.Delta && state !== undefined) {
        for (const { offset, bytes } of record.ranges) {
          state.bytes.set(bytes, offset);
          state.writers.fill(record.lsn, offset, offset + bytes.length);
        }
        state.epoch = record.epoch;
      }
    }
    return state;
  }

  /** `from → to` of every edge that stands after `lsn`. */
  edges(lsn: number): Set<string> {
    const edges = new Set<string>();
    for (const { kind, page, body, lsn: at } of this.records) {
      if (at > lsn) break;
      if (kind !== RecordKind.EdgeAdd && kind !== RecordKind.EdgeRemove) continue;
      const name = `${page} ${unwrap(decodeEdge(body)).to}`;
      if (kind === RecordKind.EdgeAdd) edges.add(name);
      else edges.delete(name);
    }
    return edges;
  }

  /** LSN of the transaction open after `lsn`; 0 = none. */
  openTransaction(lsn: number): number {
    let open = 0;
    for (const { kind, lsn: at } of this.records) {
      if (at > lsn) break;
      if (kind === RecordKind.TransactionBegin) open = at;
      else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) open = 0;
    }
    return open;
  }
}
