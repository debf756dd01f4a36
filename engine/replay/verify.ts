import { bytesEqual, toHex } from "../base/bytes.ts";
import { type ErrorPlace, MmsbError } from "../base/errors.ts";
import type { Result } from "../base/result.ts";
import { finish } from "../base/sliced.ts";
import type { BuildProgress } from "../log/index/build-index.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { isCritical, isKnownKind } from "../log/record-kinds.ts";
import type { CheckpointImage, CheckpointRef, RecordSource } from "../log/record-source.ts";
import type { PageTableOptions } from "../pages/page-table.ts";
import { hashPageBytes, structureHash } from "../pages/state-hash.ts";
import { ReplayState } from "./replay-state.ts";
import { ReplayWalk } from "./replay-walk.ts";

export interface VerifyOutcome {
  /** No problem was found. */
  readonly ok: boolean;
  /** In the order of the file; at most `MAX_PROBLEMS`. */
  readonly problems: readonly MmsbError[];
  readonly records: number;
  readonly checkpoints: number;
  /** Records of unknown kinds that were passed over. */
  readonly skipped: number;
}

export interface VerifyOptions {
  readonly table?: PageTableOptions;
}

/** One broken block can break every record after it: beyond this the rest is not listed. */
export const MAX_PROBLEMS = 1000;

/** Every checksum, every record, every checkpoint against replay. A recording that was cut or never closed is a problem too. */
export function verifyRecording(source: RecordSource, options: VerifyOptions = {}): VerifyOutcome {
  return finish(verifying(source, options));
}

/** The same in slices of one block or one checkpoint page. Dropping the generator cancels. */
export function* verifying(
  source: RecordSource,
  options: VerifyOptions = {},
): Generator<BuildProgress, VerifyOutcome> {
  const verifier = new Verifier(source, options);
  yield* verifier.run();
  return {
    ok: verifier.problems.length === 0,
    problems: verifier.problems,
    records: verifier.records,
    checkpoints: source.checkpoints.length,
    skipped: verifier.skipped,
  };
}

class Verifier {
  readonly problems: MmsbError[] = [];
  records = 0;
  skipped = 0;
  readonly #source: RecordSource;
  readonly #state: ReplayState;
  readonly #walk: ReplayWalk;

  constructor(source: RecordSource, options: VerifyOptions) {
    this.#source = source;
    this.#state = new ReplayState(options.table);
    this.#walk = new ReplayWalk(source, this.#state);
  }

  *run(): Generator<BuildProgress, void> {
    const source = this.#source;
    for (const damage of source.damage) this.#note(damage.error);
    if (!source.complete && source.damage.length === 0) {
      const message = "the recording was never closed";
      this.#report(
        "LOG_TRUNCATED",
        message,
        "It holds what was written until then; 'mmsb recover' makes a closed copy",
        {
          path: source.path,
          offset: source.fileBytes,
        },
      );
    }
    yield* this.#readRecords();
    yield* this.#replay();
  }

  #note(error: MmsbError): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(error);
  }

  #report(code: MmsbError["code"], message: string, remedy: string, place: ErrorPlace): void {
    this.#note(new MmsbError(code, message, remedy, { path: this.#source.path, ...place }));
  }

  /** Every block reads, every cause lies before its effect, and in a log of ours time never falls. */
  *#readRecords(): Generator<BuildProgress, void> {
    const source = this.#source;
    const batch = new RecordBatch();
    let lastTimeNs = 0n;
    for (let block = 0; block < source.blockCount; block++) {
      const read = source.readBlock(block, batch);
      if (!read.ok) this.#note(read.error);
      else {
        this.records += batch.count;
        if (batch.lost > 0) this.#reportLost(batch);
        lastTimeNs = this.#checkRows(batch, lastTimeNs);
      }
      yield {
        doneBytes: Math.floor((source.fileBytes * block) / source.blockCount / 2),
        totalBytes: source.fileBytes,
      };
    }
  }

  #reportLost(batch: RecordBatch): void {
    const message = `the bodies of ${batch.lost} of the records ${batch.firstLsn} to ${batch.lsn(batch.count - 1)} were lost`;
    this.#report("LOG_RECORDS_LOST", message, "'mmsb recover' keeps the other records", {
      lsn: batch.firstLsn,
    });
  }

  #checkRows(batch: RecordBatch, lastTimeNs: bigint): bigint {
    let isUnordered = false;
    let time = lastTimeNs;
    for (let row = 0; row < batch.count; row++) {
      const lsn = batch.lsn(row);
      if (batch.cause[row]! >= lsn) {
        const message = `its cause ${batch.cause[row]} does not lie before it`;
        this.#report("LOG_RECORD_CORRUPT", message, "It was written by a faulty program", { lsn });
      }
      if (!isKnownKind(batch.kind[row]!) && !isCritical(batch.kind[row]!)) this.skipped++;
      const next = batch.timestampNs(row);
      if (next < time && !isUnordered && !this.#isForeign(batch, row)) {
        isUnordered = true;
        this.#report(
          "LOG_RECORD_CORRUPT",
          "its time lies before that of the record before it",
          "It was written by a faulty program",
          { lsn },
        );
      }
      if (next > time) time = next;
    }
    return time;
  }

  /** Imported deltas keep the times that they had. */
  #isForeign(batch: RecordBatch, row: number): boolean {
    if (this.#source.format !== "mmsb" || batch.maskLength[row] !== 0) return true;
    return batch.deltaId(row) !== BigInt(batch.lsn(row));
  }

  *#replay(): Generator<BuildProgress, void> {
    const source = this.#source;
    const started = this.#walk.start(Math.max(0, source.firstLsn - 1), true);
    if (!started.ok) return this.#note(started.error);
    for (const ref of source.checkpoints) {
      if (ref.lsn < this.#walk.lsn) continue;
      const wasAfterGap = this.#state.isAfterGap;
      const advanced = yield* this.#slowly(ref.lsn);
      if (!advanced.ok) return this.#note(advanced.error);
      // what was lost cannot be replayed: the checkpoint's word stands, and only its own hash is checked
      yield* this.#checkpoint(ref, this.#walk.lsn === ref.lsn && !wasAfterGap && !this.#state.isAfterGap);
    }
    const advanced = yield* this.#slowly(source.lastLsn);
    if (!advanced.ok) this.#note(advanced.error);
  }

  *#slowly(to: number): Generator<BuildProgress, Result<void>> {
    const { totalBytes, half } = { totalBytes: this.#source.fileBytes, half: this.#source.fileBytes / 2 };
    const steps = this.#walk.advance(to);
    let step = steps.next();
    while (step.done !== true) {
      yield { doneBytes: Math.floor(half + step.value.doneBytes / 2), totalBytes };
      step = steps.next();
    }
    return step.value;
  }

  /** The checkpoint's pages against their own hash, and against replay where that is whole. */
  *#checkpoint(ref: CheckpointRef, isReplayed: boolean): Generator<BuildProgress, void> {
    const image = this.#source.loadCheckpoint(ref);
    if (!image.ok) return this.#note(image.error);
    const { table } = this.#state;
    if (isReplayed) {
      for (const id of image.value.destroyed) {
        if (table.slotOf(id) >= 0) this.#mismatch(ref, "it says that a page is gone which replay has", id);
      }
      if (ref.kind === "full" && image.value.pages.length !== table.count) {
        this.#mismatch(ref, `it has ${image.value.pages.length} pages where replay has ${table.count}`);
      }
      yield* this.#pages(ref, image.value);
      if (!bytesEqual(this.#state.stateHash(), ref.stateHash))
        this.#hashMismatch(ref, "state", this.#state.stateHash(), ref.stateHash);
      const structure = this.#state.structureHash();
      if (!bytesEqual(structure, ref.structureHash))
        this.#hashMismatch(ref, "structure", structure, ref.structureHash);
    } else if (ref.kind === "full") {
      const structure = structureHash(image.value.pages, image.value.edges);
      if (!bytesEqual(structure, ref.structureHash))
        this.#hashMismatch(ref, "structure", structure, ref.structureHash);
    }
  }

  *#pages(ref: CheckpointRef, image: CheckpointImage): Generator<BuildProgress, void> {
    const { table } = this.#state;
    for (let i = 0; i < image.pages.length; i++) {
      const page = image.pages[i]!;
      const bytes = new Uint8Array(page.sizeBytes);
      const read = image.readPage(i, bytes);
      if (!read.ok) return this.#note(read.error);
      const slot = table.slotOf(page.id);
      if (slot < 0) this.#mismatch(ref, "it has a page that replay does not have", page.id);
      else if (
        table.size[slot] !== page.sizeBytes ||
        !bytesEqual(hashPageBytes(bytes), this.#state.pageHash(slot))
      ) {
        this.#mismatch(ref, "a page's bytes differ from those that replay gives", page.id);
      } else if (table.epoch[slot] !== page.epoch) {
        this.#mismatch(
          ref,
          `a page's epoch is ${page.epoch} where replay gives ${table.epoch[slot]}`,
          page.id,
        );
      }
      yield { doneBytes: this.#source.fileBytes / 2, totalBytes: this.#source.fileBytes };
    }
  }

  #mismatch(ref: CheckpointRef, what: string, pageId?: bigint): void {
    const place = pageId === undefined ? { lsn: ref.lsn } : { lsn: ref.lsn, pageId };
    this.#report(
      "HASH_MISMATCH",
      `the checkpoint disagrees with replay: ${what}`,
      "Trust the records; a copy by 'mmsb recover' has new checkpoints",
      place,
    );
  }

  #hashMismatch(ref: CheckpointRef, which: string, replayed: Uint8Array, stored: Uint8Array): void {
    const message = `the checkpoint's ${which} hash is ${toHex(stored)}, replay gives ${toHex(replayed)}`;
    this.#report(
      "HASH_MISMATCH",
      message,
      "Trust the records; a copy by 'mmsb recover' has new checkpoints",
      { lsn: ref.lsn },
    );
  }
}
