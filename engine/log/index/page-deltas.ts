import { assert } from "../../base/assert.ts";
import { ok, type Result } from "../../base/result.ts";
import { lastAtMost } from "./growable.ts";
import { NONE } from "./id-slots.ts";
import { epochAfter, findRow, type RunColumns } from "./index-run.ts";
import type { LogIndex } from "./log-index.ts";

/** A place among the applied deltas of one page. Moves to the page's next or previous delta in O(1), anywhere in O(log n). */
export class PageDeltas {
  readonly #index: LogIndex;
  readonly slot: number;
  /** The run, its tables, the page's row there and the delta (an index into `deltaOffset`). Meaningful while `lsn` is not 0. */
  run = -1;
  row = -1;
  at = -1;
  columns: RunColumns | undefined;
  /** The delta's LSN; 0 = before the first one. */
  lsn = 0;
  #firstLsn = 0;

  constructor(index: LogIndex, slot: number) {
    this.#index = index;
    this.slot = slot;
  }

  copyFrom(other: PageDeltas): void {
    assert(other.slot === this.slot, "places of one page");
    this.run = other.run;
    this.row = other.row;
    this.at = other.at;
    this.columns = other.columns;
    this.lsn = other.lsn;
    this.#firstLsn = other.#firstLsn;
  }

  get epoch(): number {
    return epochAfter(this.columns!, this.row, this.at);
  }

  /** Deltas of the page in this run from this one on, itself included. */
  get restOfRow(): number {
    return this.columns!.rowDelta[this.row + 1]! - this.at;
  }

  /** To the page's last delta at or before `lsn`; false, and before the first, where there is none. */
  seek(lsn: number): Result<boolean> {
    const { tables } = this.#index;
    const tail = this.#index.tail;
    if (tail !== undefined && lsn >= tail.header.firstLsn) {
      const row = findRow(tail.columns, this.slot);
      if (row >= 0 && this.#enter(this.#index.headers.length, tail.columns, row, lsn)) return ok(true);
    }
    for (
      let entry = tables.slotEntry.data[this.slot]!;
      entry !== NONE;
      entry = tables.entryPrevious.data[entry]!
    ) {
      const run = tables.entryRun.data[entry]!;
      if (this.#index.header(run).firstLsn > lsn) continue;
      const columns = this.#index.columns(run);
      if (!columns.ok) return columns;
      if (this.#enter(run, columns.value, tables.entryRow.data[entry]!, lsn)) return ok(true);
    }
    this.#reset();
    return ok(false);
  }

  #enter(run: number, columns: RunColumns, row: number, lsn: number): boolean {
    const firstLsn = this.#index.header(run).firstLsn;
    const from = columns.rowDelta[row]!;
    const at = lastAtMost(columns.deltaOffset, from, columns.rowDelta[row + 1]!, lsn - firstLsn);
    if (at < from) return false;
    this.#set(run, columns, row, firstLsn, at);
    return true;
  }

  #set(run: number, columns: RunColumns, row: number, firstLsn: number, at: number): void {
    this.run = run;
    this.columns = columns;
    this.row = row;
    this.#firstLsn = firstLsn;
    this.at = at;
    this.lsn = firstLsn + columns.deltaOffset[at]!;
  }

  #reset(): void {
    this.run = -1;
    this.row = -1;
    this.at = -1;
    this.columns = undefined;
    this.lsn = 0;
  }

  /** To the page's next delta; false, and stays, where there is none. */
  next(): Result<boolean> {
    if (this.columns !== undefined && this.at + 1 < this.columns.rowDelta[this.row + 1]!) {
      this.at++;
      this.lsn = this.#firstLsn + this.columns.deltaOffset[this.at]!;
      return ok(true);
    }
    const { tables } = this.#index;
    const later: number[] = [];
    for (
      let entry = tables.slotEntry.data[this.slot]!;
      entry !== NONE;
      entry = tables.entryPrevious.data[entry]!
    ) {
      if (this.columns !== undefined && tables.entryRun.data[entry]! <= this.run) break;
      later.push(entry);
    }
    for (let i = later.length - 1; i >= 0; i--) {
      const run = tables.entryRun.data[later[i]!]!;
      const row = tables.entryRow.data[later[i]!]!;
      const columns = this.#index.columns(run);
      if (!columns.ok) return columns;
      const from = columns.value.rowDelta[row]!;
      if (from === columns.value.rowDelta[row + 1]!) continue;
      this.#set(run, columns.value, row, this.#index.header(run).firstLsn, from);
      return ok(true);
    }
    const tail = this.#index.tail;
    if (tail === undefined || this.run === this.#index.headers.length) return ok(false);
    const row = findRow(tail.columns, this.slot);
    if (row < 0 || tail.columns.rowDelta[row]! === tail.columns.rowDelta[row + 1]!) return ok(false);
    this.#set(
      this.#index.headers.length,
      tail.columns,
      row,
      tail.header.firstLsn,
      tail.columns.rowDelta[row]!,
    );
    return ok(true);
  }

  /** To the page's previous delta; false, and before the first, where there is none. */
  previous(): Result<boolean> {
    if (this.columns === undefined) return ok(false);
    if (this.at > this.columns.rowDelta[this.row]!) {
      this.at--;
      this.lsn = this.#firstLsn + this.columns.deltaOffset[this.at]!;
      return ok(true);
    }
    return this.seek(this.lsn - 1);
  }

  /** Moves `count` deltas back within the row (forward where it is negative). */
  back(count: number): Result<boolean> {
    this.at -= count;
    assert(this.at >= this.columns!.rowDelta[this.row]! && this.restOfRow > 0, "the place stays in its row");
    this.lsn = this.#firstLsn + this.columns!.deltaOffset[this.at]!;
    return ok(true);
  }
}
