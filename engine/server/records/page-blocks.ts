import { ok, type Result } from "../../base/result.ts";
import { lastAtMost } from "../../log/index/growable.ts";
import { findRow, type RunColumns } from "../../log/index/index-run.ts";
import type { Recording } from "../../replay/recording.ts";

/** Which blocks of one run of the index hold records of certain pages, so that a search reads no others. */
export class PageBlocks {
  readonly #recording: Recording;
  readonly #slots: ReadonlySet<number>;
  #run = -1;
  #generation = -1;
  #wanted = new Uint8Array(0);
  #columns: RunColumns | undefined;

  constructor(recording: Recording, slots: ReadonlySet<number>) {
    this.#recording = recording;
    this.#slots = slots;
  }

  /** Whether the block that begins at `lsn` may name one of the pages. */
  mayHold(lsn: number): Result<boolean> {
    const { index } = this.#recording;
    const run = index.findRun(lsn);
    if (run < 0) return ok(true);
    if (run !== this.#run || this.#generation !== this.#recording.generation) {
      const marked = this.#mark(run);
      if (!marked.ok) return marked;
    }
    const { blockOffset } = this.#columns!;
    const block = lastAtMost(blockOffset, 0, blockOffset.length, lsn - index.header(run).firstLsn);
    if (block < 0) return ok(true);
    // A block of the file may begin in one run and go on in the next.
    const isLast = block === blockOffset.length - 1;
    return ok(isLast || this.#wanted[block] === 1);
  }

  #mark(run: number): Result<void> {
    const { index, generation } = this.#recording;
    const loaded = index.columns(run);
    if (!loaded.ok) return loaded;
    const columns = loaded.value;
    this.#run = run;
    this.#generation = generation;
    this.#columns = columns;
    this.#wanted = new Uint8Array(columns.blockOffset.length);
    for (const slot of this.#slots) {
      const row = findRow(columns, slot);
      if (row < 0) continue;
      this.#markAll(columns, columns.deltaOffset, columns.rowDelta[row]!, columns.rowDelta[row + 1]!);
      this.#markAll(columns, columns.otherOffset, columns.rowOther[row]!, columns.rowOther[row + 1]!);
    }
    return ok();
  }

  /** Marks the blocks of the ascending offsets [from, to): one search a block, not one an offset. */
  #markAll(columns: RunColumns, offsets: Uint32Array, from: number, to: number): void {
    const { blockOffset } = columns;
    for (let at = from; at < to; ) {
      const block = lastAtMost(blockOffset, 0, blockOffset.length, offsets[at]!);
      this.#wanted[block] = 1;
      const next = blockOffset[block + 1];
      at = next === undefined ? to : lastAtMost(offsets, at, to, next - 1) + 1;
    }
  }
}
