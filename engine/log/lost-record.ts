import { EMPTY_BYTES } from "../base/bytes.ts";
import type { RecordBatch } from "./record-batch.ts";
import { encodeGap, encodeTransactionEnd } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";

/**
 * What is to stand in a row whose overflow blocks were lost (V5): a gap of one record. The beginning or end of a transaction is known
 * without them. Returns the row's body; the caller puts it where the row's body is to be.
 */
export function loseRow(batch: RecordBatch, row: number, lostBytes: number): Uint8Array {
  batch.lost++;
  const kind = batch.kind[row]!;
  batch.metaLength[row] = 0;
  if (kind === RecordKind.TransactionBegin) return EMPTY_BYTES;
  if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) {
    const begin = batch.kind.lastIndexOf(RecordKind.TransactionBegin, row);
    return encodeTransactionEnd(begin < 0 ? batch.openTransactionLsn : batch.lsn(begin));
  }
  const lsn = batch.lsn(row);
  batch.kind[row] = RecordKind.Gap;
  batch.pageLo[row] = 0;
  batch.pageHi[row] = 0;
  batch.epoch[row] = 0;
  batch.maskLength[row] = 0;
  return encodeGap({ fromLsn: lsn, toLsn: lsn, lostBytes });
}
