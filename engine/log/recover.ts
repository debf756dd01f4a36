import { fail, ok, type Result } from "../base/result.ts";
import type { CheckpointContent } from "./checkpoint-format.ts";
import { LogWriter, type LogWriterOptions } from "./log-writer.ts";
import { RecordBatch } from "./record-batch.ts";
import { encodeGap } from "./record-bodies.ts";
import { RecordKind } from "./record-kinds.ts";
import type { CheckpointImage, RecordSource } from "./record-source.ts";

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

/**
 * Writes everything of `source` that is readable and does not depend on what was lost into a new recording. Up to the first loss it is the
 * same record for record, checkpoints included. Behind a loss stands a Gap record, then every record that is still certain: a page's
 * deltas are kept while its epochs go on without a jump, or from where it is made anew. LSNs close up; causes are carried along.
 */
export async function recoverLog(
  source: RecordSource,
  outPath: string,
  options: LogWriterOptions = {},
): Promise<Result<CopyReport>> {
  const first = source.checkpoints[0];
  const genesis =
    first !== undefined && first.lsn === source.firstLsn - 1 ? source.loadCheckpoint(first) : undefined;
  if (genesis !== undefined && !genesis.ok) return genesis;
  const created = await LogWriter.create(outPath, {
    uuid: source.uuid,
    firstLsn: genesis === undefined ? 1 : source.firstLsn,
    durability: "none",
    ...options,
    ...(genesis === undefined ? {} : { genesis: contentOfImage(genesis.value) }),
  });
  if (!created.ok) return created;
  const writer = created.value;
  const copied = new LogCopy(source, writer).run();
  const closed = await writer.close();
  if (!copied.ok) return copied;
  return closed.ok ? copied : closed;
}

class LogCopy {
  readonly #source: RecordSource;
  readonly #writer: LogWriter;
  readonly #batch = new RecordBatch();
  /** Last epoch seen of each page; a page that is absent is uncertain. */
  readonly #epochs = new Map<bigint, number>();
  /** Where LSNs of the source and the copy part: [from source LSN, source LSN - copy LSN], ascending. */
  readonly #shifts: { from: number; shift: number }[] = [{ from: 0, shift: 0 }];
  #records = 0;
  #dropped = 0;
  #afterLoss = false;
  #openTransaction = false;

  constructor(source: RecordSource, writer: LogWriter) {
    this.#source = source;
    this.#writer = writer;
  }

  run(): Result<CopyReport> {
    const source = this.#source;
    const first = source.checkpoints[0];
    const base = first !== undefined && first.lsn === source.firstLsn - 1;
    if (base) {
      const image = source.loadCheckpoint(first);
      if (image.ok) for (const page of image.value.pages) this.#epochs.set(page.id, page.epoch);
    }
    // Without the state that the records build upon, only what is made anew is certain.
    if (!base) this.#afterLoss = source.damage.some((damage) => damage.afterLsn < source.firstLsn);
    let expected = base ? source.firstLsn : 1;
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
    const lostBytes = source.damage.reduce((sum, damage) => sum + damage.lostBytes, 0);
    return ok({ records: this.#records, dropped: this.#dropped, lostBytes });
  }

  #lose(fromLsn: number, toLsn: number): void {
    this.#afterLoss = true;
    if (this.#openTransaction) this.#writer.commit("mmsb recover");
    this.#openTransaction = false;
    const body = encodeGap({ fromLsn, toLsn, lostBytes: 0 });
    this.#writer.append(RecordKind.Gap, { source: "mmsb recover", body });
  }

  #copyBlock(): Result<void> {
    const batch = this.#batch;
    const foreign = this.#source.format !== "mmsb";
    for (let row = 0; row < batch.count; row++) {
      const kind = batch.kind[row]!;
      if (this.#afterLoss && !foreign && !this.#isCertain(kind, row)) {
        this.#dropped++;
        continue;
      }
      if (kind === RecordKind.Checkpoint && !this.#afterLoss) {
        const checkpoint = this.#copyCheckpoint(batch.lsn(row));
        if (!checkpoint.ok) return checkpoint;
      }
      const lsn = this.#writer.appendRow(batch, row, this.#mapCause(batch.cause[row]!));
      if (lsn === 0) return this.#writer.flush();
      this.#records++;
      const shift = batch.lsn(row) - lsn;
      if (shift !== this.#shifts.at(-1)!.shift) this.#shifts.push({ from: batch.lsn(row), shift });
      this.#note(kind, row);
    }
    return ok();
  }

  /** The stream goes before its record, so that the copy's reader binds the two again. */
  #copyCheckpoint(recordLsn: number): Result<void> {
    const ref = this.#source.checkpoints.find((candidate) => candidate.recordLsn === recordLsn);
    if (ref === undefined) return ok();
    const image = this.#source.loadCheckpoint(ref);
    if (!image.ok) return ok();
    return this.#writer.copyCheckpointStream(contentOfImage(image.value), ref.lsn)
      ? ok()
      : fail("LOG_IO", "the copy could not be written", "Check the medium", { lsn: ref.lsn });
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
        return this.#openTransaction;
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
    else if (kind === RecordKind.TransactionBegin) this.#openTransaction = true;
    else if (kind === RecordKind.TransactionCommit || kind === RecordKind.TransactionAbort)
      this.#openTransaction = false;
  }

  /** A cause in the source as an LSN of the copy; 0 where that record is not in it. */
  #mapCause(cause: number): number {
    if (cause === 0) return 0;
    for (let i = this.#shifts.length - 1; i >= 0; i--) {
      if (cause >= this.#shifts[i]!.from) return Math.max(0, cause - this.#shifts[i]!.shift);
    }
    return 0;
  }
}
