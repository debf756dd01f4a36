import { fail, ok, type Result } from "../base/result.ts";
import type { BuildProgress } from "../log/index/build-index.ts";
import { RecordBatch } from "../log/record-batch.ts";
import { RecordKind } from "../log/record-kinds.ts";
import type { CheckpointRef, RecordSource } from "../log/record-source.ts";
import type { ReplayState } from "./replay-state.ts";

/** Brings a state forward over a recording, block by block, without an index: past lost records and the checkpoints that mend them. */
export class ReplayWalk {
  readonly source: RecordSource;
  readonly state: ReplayState;
  /** The state is the one after this record. */
  lsn = 0;
  readonly #batch = new RecordBatch();
  #block = -1;
  #nextGap = 0;

  constructor(source: RecordSource, state: ReplayState) {
    this.source = source;
    this.state = state;
  }

  /**
   * Loads the state to start from: the last checkpoint at or before `at` that can be read, or with `fromStart` the one that the
   * recording begins with. Errors: LSN_DROPPED.
   */
  start(at: number, fromStart = false): Result<void> {
    const { checkpoints, gaps } = this.source;
    const baseLsn = Math.max(0, this.source.firstLsn - 1);
    if (at < baseLsn) {
      const message = `the records before LSN ${baseLsn + 1} are no longer kept`;
      return fail("LSN_DROPPED", message, "Give a later LSN", { lsn: at });
    }
    for (let i = fromStart ? Math.min(1, checkpoints.length) : checkpoints.length; i > 0; i--) {
      const ref = checkpoints[i - 1]!;
      const isLost = gaps.some((gap) => gap.fromLsn <= ref.lsn && ref.lsn < gap.toLsn);
      if (ref.lsn > at || isLost || (fromStart && ref.lsn !== baseLsn)) continue;
      if (!this.#load(ref).ok) continue;
      this.lsn = ref.lsn;
      while (this.#nextGap < gaps.length && gaps[this.#nextGap]!.toLsn <= ref.lsn) this.#nextGap++;
      return ok();
    }
    this.lsn = baseLsn;
    // A whole recording without a checkpoint began with nothing. In a damaged one, or one whose oldest part is gone, the state that
    // it began with may be lost: as if there had been records before the first.
    if (baseLsn > 0 || this.source.damage.length > 0) this.state.passGap();
    return ok();
  }

  /** A full checkpoint, or a dirty one on top of those that it builds upon. */
  #load(ref: CheckpointRef): Result<void> {
    const chain = [ref];
    for (let base = ref; base.kind === "dirty"; ) {
      const below = this.source.checkpoints.find(
        (other) => other.lsn === base.baseLsn && other.lsn < base.lsn,
      );
      if (below === undefined) {
        return fail(
          "CHECKPOINT_NOT_FOUND",
          `the checkpoint at LSN ${base.baseLsn} that it builds upon is missing`,
          "Run 'mmsb verify'",
          {
            lsn: ref.lsn,
          },
        );
      }
      chain.push(below);
      base = below;
    }
    for (const link of chain.reverse()) {
      const image = this.source.loadCheckpoint(link);
      if (!image.ok) return image;
      const loaded = this.state.load(image.value);
      if (!loaded.ok) return loaded;
    }
    return ok();
  }

  /** Applies every readable record after `lsn` up to and with `to`. A step takes one block. */
  *advance(to: number): Generator<BuildProgress, Result<void>> {
    const { source } = this;
    while (this.lsn < to) {
      const passed = this.#passGaps();
      if (!passed.ok) return passed;
      if (this.lsn >= to) break;
      const next = this.lsn + 1;
      const block = source.findBlock(next);
      if (block < 0) {
        return fail(
          "LSN_OUT_OF_RANGE",
          `the recording ends at LSN ${source.lastLsn}`,
          "Give an LSN inside the recording",
          { lsn: to },
        );
      }
      if (block !== this.#block) {
        const entered = this.#enter(block, to);
        if (!entered.ok) return entered;
        yield {
          doneBytes: Math.floor((source.fileBytes * block) / source.blockCount),
          totalBytes: source.fileBytes,
        };
        if (this.lsn >= next) continue;
      }
      const from = this.#batch.rowOf(next);
      const end = this.#limit(from, Math.min(this.#batch.count, from + to - this.lsn));
      const applied = this.state.apply(this.#batch, from, end);
      if (!applied.ok) return applied;
      this.lsn += end - from;
      const mended = this.#mend();
      if (!mended.ok) return mended;
    }
    return ok();
  }

  /** Reads a block, and applies what the accelerator can of one that is wanted whole. */
  #enter(block: number, to: number): Result<void> {
    const { source } = this;
    const batch = this.#batch;
    const first = source.blockFirstLsn(block);
    const count = source.blockRecordCount(block);
    this.#block = -1;
    if (source.loadBlock === undefined || source.decodeBlock === undefined) {
      const read = source.readBlock(block, batch);
      if (!read.ok) return read;
    } else {
      const loaded = source.loadBlock(block, batch);
      if (!loaded.ok) return loaded;
      const isWanted = first === this.lsn + 1 && first + count - 1 <= to;
      if (isWanted && batch.header?.firstLsn === first && batch.header.count === count)
        this.lsn += this.state.applyLoaded(batch);
      if (this.lsn === first + count - 1) return ok();
      const decoded = source.decodeBlock(batch);
      if (!decoded.ok) return decoded;
    }
    this.#block = block;
    return ok();
  }

  /** Stops behind a gap record and, where something is to be mended, at the next checkpoint. */
  #limit(from: number, to: number): number {
    const { kind } = this.#batch;
    let limit = from;
    while (limit < to && kind[limit] !== RecordKind.Gap) limit++;
    if (limit < to) limit++;
    if (!this.state.isAfterGap) return limit;
    for (const ref of this.source.checkpoints) {
      const row = ref.lsn - this.#batch.firstLsn;
      if (ref.kind === "full" && row >= from && row + 1 < limit) limit = row + 1;
    }
    return limit;
  }

  /** After the record at `lsn`: a full checkpoint here makes up for whatever was lost. One that cannot be read does not. */
  #mend(): Result<void> {
    if (!this.state.isAfterGap) return ok();
    const ref = this.source.checkpoints.find((other) => other.lsn === this.lsn && other.kind === "full");
    const image = ref === undefined ? undefined : this.source.loadCheckpoint(ref);
    return image?.ok === true ? this.state.load(image.value) : ok();
  }

  #passGaps(): Result<void> {
    const { gaps, checkpoints } = this.source;
    for (
      let gap = gaps[this.#nextGap];
      gap !== undefined && gap.fromLsn <= this.lsn + 1;
      gap = gaps[this.#nextGap]
    ) {
      this.#nextGap++;
      if (gap.toLsn <= this.lsn) continue;
      this.state.passGap();
      const within = checkpoints.findLast(
        (ref) => ref.kind === "full" && gap.fromLsn <= ref.lsn && ref.lsn <= gap.toLsn,
      );
      const image = within === undefined ? undefined : this.source.loadCheckpoint(within);
      if (image?.ok === true) {
        const loaded = this.state.load(image.value);
        if (!loaded.ok) return loaded;
        if (image.value.ref.lsn < gap.toLsn) this.state.passGap();
      }
      this.lsn = gap.toLsn;
    }
    return ok();
  }
}
