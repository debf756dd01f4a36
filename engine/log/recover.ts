import type { Clock } from "../base/clock.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import { GrowableF64 } from "./growable-f64.ts";
import { LogWriter, type LogWriterOptions } from "./log-writer.ts";
import { RecordBatch } from "./record-batch.ts";
import { decodeCheckpoint, decodeGap, encodeGap } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";
import { baseOf, type CheckpointImage, type CheckpointRef, type RecordSource } from "./record-source.ts";

export interface CopyReport {
  /** Records in the copy that came from the source. */
  readonly records: number;
  /** Records left out because they depend on what was lost. */
  readonly dropped: number;
  readonly lostBytes: number;
}

/** A checkpoint image as something a writer takes; pages are read one at a time. */
export function contentOfImage(image: CheckpointImage): CheckpointContent {
  let buffer = new Uint8Array(0);
  return {
    kind: image.ref.kind,
    baseLsn: image.ref.baseLsn,
    pages: image.pages,
    destroyed: image.destroyed,
    edges: image.edges,
    registrations: image.registrations,
    stateHash: image.ref.stateHash,
    structureHash: image.ref.structureHash,
    bytesOf(index) {
      const size = image.pages[index]!.sizeBytes;
      if (buffer.length < size) buffer = new Uint8Array(size);
      const out = buffer.subarray(0, size);
      const read = image.readPage(index, out);
      if (!read.ok) throw read.error;
      return out;
    },
  };
}

/** The time of the record copied last: a copy says nothing about when it was made, and what is put between its records fits in. */
class CopyClock implements Clock {
  timeNs = 0n;

  nowNs(): bigint {
    return this.timeNs;
  }
}

/**
 * Writes everything of `source` that is readable and does not depend on what was lost into a new recording. Up to the first loss it is the
 * same record for record, checkpoints included. Behind a loss stands a Gap record, then every record that is still certain: a page's
 * deltas are kept while its epochs go on without a jump, or from where it is made anew. From the next full checkpoint on everything is
 * certain again, and kept. LSNs close up; what names an LSN (causes, ends of transactions, checkpoints) is carried along.
 */
export async function recoverLog(
  source: RecordSource,
  outPath: string,
  options: Omit<LogWriterOptions, "clock"> = {},
): Promise<Result<CopyReport>> {
  const first = baseOf(source);
  const base = first === undefined ? undefined : source.loadCheckpoint(first);
  const image = base?.ok === true ? base.value : undefined;
  const clock = new CopyClock();
  const created = await LogWriter.create(outPath, {
    uuid: source.uuid,
    firstLsn: image === undefined ? 1 : source.firstLsn,
    durability: "none",
    ...options,
    clock,
    ...(image === undefined ? {} : { genesis: contentOfImage(image) }),
  });
  if (!created.ok) return created;
  const writer = created.value;
  const copied = new LogCopy(source, writer, clock, image).run();
  const closed = await writer.close();
  if (!copied.ok) return copied;
  return closed.ok ? copied : closed;
}

class LogCopy {
  readonly #source: RecordSource;
  readonly #writer: LogWriter;
  readonly #clock: CopyClock;
  readonly #image: CheckpointImage | undefined;
  readonly #batch = new RecordBatch();
  /** Last epoch seen of each page; a page that is absent is uncertain. */
  readonly #epochs = new Map<bigint, number>();
  /** Stretches of records that stand one behind the other in both: first and last LSN in the source, first LSN in the copy. */
  readonly #from = new GrowableF64();
  readonly #to = new GrowableF64();
  readonly #copyFrom = new GrowableF64();
  /** Checkpoints in the copy: LSN in the source, LSN in the copy. */
  readonly #checkpoints = new Map<number, number>();
  /** Full checkpoints that no record speaks of, where a segment begins. */
  readonly #unspoken: CheckpointRef[];
  #nextUnspoken = 0;
  #records = 0;
  #dropped = 0;
  #afterLoss = false;

  constructor(source: RecordSource, writer: LogWriter, clock: CopyClock, image: CheckpointImage | undefined) {
    this.#source = source;
    this.#writer = writer;
    this.#clock = clock;
    this.#image = image;
    this.#unspoken = source.checkpoints.filter((ref) => ref.kind === "full" && ref.recordLsn === 0);
  }

  run(): Result<CopyReport> {
    const source = this.#source;
    let expected = 1;
    if (this.#image !== undefined) {
      this.#begin(this.#image);
      this.#checkpoints.set(this.#image.ref.lsn, this.#image.ref.lsn);
      expected = source.firstLsn;
    } else if (source.firstLsn === 1 && source.damage.some((damage) => damage.afterLsn === 0)) {
      // the state that the records build upon may have been lost with nothing else
      this.#lose(1, 0);
    }
    for (let block = 0; block < source.blockCount; block++) {
      const firstLsn = source.blockFirstLsn(block);
      if (firstLsn > expected) this.#lose(expected, firstLsn - 1);
      expected = firstLsn + source.blockRecordCount(block);
      const read = source.readBlock(block, this.#batch);
      if (!read.ok) {
        this.#lose(firstLsn, expected - 1);
        continue;
      }
      const copied = this.#copyBlock();
      if (!copied.ok) return copied;
    }
    const last = this.#copyUnspoken(source.lastLsn);
    if (!last.ok) return last;
    const lostBytes = source.damage.reduce((sum, damage) => sum + damage.lostBytes, 0);
    return ok({ records: this.#records, dropped: this.#dropped, lostBytes });
  }

  /** All of this state, and nothing else, is certain. */
  #begin(image: CheckpointImage): void {
    this.#epochs.clear();
    for (const page of image.pages) this.#epochs.set(page.id, page.epoch);
    this.#afterLoss = false;
  }

  #lose(fromLsn: number, toLsn: number): void {
    this.#afterLoss = true;
    if (this.#writer.openTransactionLsn !== 0) this.#writer.commit(SOURCE);
    let lostBytes = 0;
    for (const damage of this.#source.damage) {
      if (damage.afterLsn === fromLsn - 1 || (damage.afterLsn >= fromLsn && damage.afterLsn < toLsn))
        lostBytes += damage.lostBytes;
    }
    const lsn = this.#writer.lastLsn + 1;
    const body = encodeGap({ fromLsn: lsn, toLsn: lsn + toLsn - fromLsn, lostBytes });
    this.#writer.append(RecordKind.Gap, { source: SOURCE, body });
  }

  #copyBlock(): Result<void> {
    const batch = this.#batch;
    for (let row = 0; row < batch.count; row++) {
      const unspoken = this.#copyUnspoken(batch.lsn(row) - 1);
      if (!unspoken.ok) return unspoken;
      const kind = batch.kind[row]!;
      if (this.#afterLoss && this.#source.format === "mmsb") {
        if (kind === RecordKind.Checkpoint) this.#mendAt(batch.lsn(row));
        if (this.#afterLoss && !this.#isCertain(kind, row)) {
          this.#dropped++;
          continue;
        }
      }
      const copied = this.#copyRow(kind, row);
      if (!copied.ok) return copied;
    }
    return ok();
  }

  #copyRow(kind: number, row: number): Result<void> {
    const batch = this.#batch;
    if (this.#source.format === "mmsb") {
      const ref = kind === RecordKind.Checkpoint ? this.#spoken(batch.lsn(row)) : undefined;
      const checkpoint = ref === undefined ? ok() : this.#copyCheckpoint(ref);
      if (!checkpoint.ok) return checkpoint;
      this.#carryLsns(kind, row);
    }
    const lsn = this.#writer.appendRow(batch, row, this.#mapLsn(batch.cause[row]!));
    if (lsn === 0) return this.#writer.flush();
    this.#clock.timeNs = batch.timestampNs(row);
    this.#records++;
    this.#noteLsn(batch.lsn(row), lsn);
    this.#note(kind, row);
    return ok();
  }

  /** The checkpoint that this record speaks of. */
  #spoken(recordLsn: number): CheckpointRef | undefined {
    return this.#source.checkpoints.find((ref) => ref.recordLsn === recordLsn);
  }

  /** Behind a loss: where a full checkpoint says what the state is, all that follows is certain. */
  #mendAt(recordLsn: number): void {
    const ref = this.#spoken(recordLsn);
    if (ref?.kind !== "full" || this.#writer.openTransactionLsn !== 0) return;
    const image = this.#source.loadCheckpoint(ref);
    if (image.ok) this.#begin(image.value);
  }

  /** Full checkpoints up to that of `lsn` that no record speaks of. One that stands inside of what was lost says nothing about what follows. */
  #copyUnspoken(lsn: number): Result<void> {
    for (let ref = this.#unspoken[this.#nextUnspoken]; ref !== undefined && ref.lsn <= lsn; ) {
      this.#nextUnspoken++;
      if (ref.lsn === lsn && ref !== this.#image?.ref && this.#writer.openTransactionLsn === 0) {
        const image = this.#source.loadCheckpoint(ref);
        if (image.ok && this.#afterLoss) this.#begin(image.value);
        const copied = this.#copyCheckpoint(ref);
        if (!copied.ok) return copied;
      }
      ref = this.#unspoken[this.#nextUnspoken];
    }
    return ok();
  }

  /** The stream goes before its record, so that the copy's reader binds the two again. */
  #copyCheckpoint(ref: CheckpointRef): Result<void> {
    const { lastLsn } = this.#writer;
    const baseLsn = ref.kind === "dirty" ? this.#checkpoints.get(ref.baseLsn) : lastLsn;
    if (baseLsn === undefined) return ok();
    const image = this.#source.loadCheckpoint(ref);
    if (!image.ok) return ok();
    this.#checkpoints.set(ref.lsn, lastLsn);
    return this.#writer.copyCheckpointStream({ ...contentOfImage(image.value), baseLsn }, lastLsn)
      ? ok()
      : fail("LOG_IO", "the copy could not be written", "Check the medium", { lsn: ref.lsn });
  }

  /** Bodies that name LSNs name those of the copy. */
  #carryLsns(kind: number, row: number): void {
    const body = this.#batch.body(row);
    const lsn = this.#writer.lastLsn + 1;
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const put = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
    if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort) {
      if (body.length === 8) put(0, this.#writer.openTransactionLsn);
    } else if (kind === RecordKind.Checkpoint) {
      const checkpoint = decodeCheckpoint(body);
      if (!checkpoint.ok) return;
      const { baseLsn } = checkpoint.value;
      put(0, lsn - 1);
      put(8, checkpoint.value.kind === "full" ? lsn - 1 : (this.#checkpoints.get(baseLsn) ?? 0));
    } else if (kind === RecordKind.Gap) {
      const gap = decodeGap(body);
      if (!gap.ok) return;
      put(0, lsn);
      put(8, lsn + gap.value.toLsn - gap.value.fromLsn);
    }
  }

  #isCertain(kind: number, row: number): boolean {
    const id = this.#batch.pageId(row);
    switch (kind) {
      case RecordKind.PageCreate:
        return true;
      case RecordKind.Delta:
        return this.#epochs.get(id) === this.#batch.epoch[row]! - 1;
      case RecordKind.PageDestroy:
      case RecordKind.PageMigrate:
      case RecordKind.SchemaChange:
      case RecordKind.MetadataChange:
        return this.#epochs.has(id);
      case RecordKind.TransactionCommit:
      case RecordKind.TransactionAbort:
        return this.#writer.openTransactionLsn !== 0;
      case RecordKind.Checkpoint:
        return false;
      default:
        return true;
    }
  }

  #note(kind: number, row: number): void {
    const id = this.#batch.pageId(row);
    if (kind === RecordKind.PageCreate || kind === RecordKind.Delta)
      this.#epochs.set(id, this.#batch.epoch[row]!);
    else if (kind === RecordKind.PageDestroy) this.#epochs.delete(id);
    else if (kind === RecordKind.Gap) this.#afterLoss = true;
  }

  #noteLsn(sourceLsn: number, copyLsn: number): void {
    const last = this.#from.length - 1;
    if (last >= 0 && this.#to.at(last) === sourceLsn - 1) {
      if (copyLsn - this.#copyFrom.at(last) === sourceLsn - this.#from.at(last)) {
        this.#to.set(last, sourceLsn);
        return;
      }
    }
    this.#from.push(sourceLsn);
    this.#to.push(sourceLsn);
    this.#copyFrom.push(copyLsn);
  }

  /** A cause in the source as an LSN of the copy; 0 where that record is not in it. */
  #mapLsn(lsn: number): number {
    const stretch = this.#from.lastAtMost(lsn);
    if (stretch < 0 || lsn > this.#to.at(stretch)) return 0;
    return this.#copyFrom.at(stretch) + lsn - this.#from.at(stretch);
  }
}

/** Who wrote what a copy holds beside the copied records. */
const SOURCE = "mmsb recover";
