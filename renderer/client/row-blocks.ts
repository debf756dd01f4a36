import type { MmsbError } from "../../engine/base/errors.ts";
import type { Result } from "../../engine/base/result.ts";
import type { ExternalStore } from "../state/external-store.ts";
import { notifyWithCursor } from "./notify-in-frame.ts";

/** Rows fetched together. At 22 px a row a tall window shows 60: one block ahead and one behind cover a page key. */
export const BLOCK_ROWS = 256;
/** Blocks on their way at once: the visible ones are at most two. */
const MOST_RUNNING = 2;
/** Blocks kept: 64 × 256 rows of about 100 bytes are 1.6 MiB. */
const MOST_BLOCKS = 64;

export interface RowBlock<T> {
  readonly offset: number;
  readonly total: number;
  readonly complete: boolean;
  /** Rows that are really in it. */
  readonly count: number;
  readonly data: T;
}

export type FetchBlock<T> = (
  offset: number,
  limit: number,
  signal: AbortSignal,
) => Promise<Result<RowBlock<T>>>;

export interface RowsState {
  readonly total: number;
  /** The search behind a filter has seen every record. */
  readonly complete: boolean;
  /** No answer came yet. */
  readonly first: boolean;
  readonly error: MmsbError | undefined;
  /** Rises with every change, so that a table draws anew. */
  readonly version: number;
}

const START: RowsState = { total: 0, complete: false, first: true, error: undefined, version: 0 };

/** The rows of one endless table, fetched in blocks around what is visible; what scrolled away before it came is given up. */
export class RowBlocks<T> implements ExternalStore<RowsState> {
  readonly #fetch: FetchBlock<T>;
  readonly #listeners = new Set<() => void>();
  readonly #blocks = new Map<number, RowBlock<T>>();
  /** Blocks to ask for once more; they are shown until then. */
  readonly #stale = new Set<number>();
  readonly #running = new Map<number, AbortController>();
  #state = START;
  #wanted: readonly number[] = [0];
  #coming: readonly number[] = [];
  #disposed = false;

  constructor(fetch: FetchBlock<T>) {
    this.#fetch = fetch;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): RowsState => this.#state;

  /** The block that holds a row and the row's place in it; `undefined` while it is on its way. */
  at(row: number): { block: RowBlock<T>; index: number } | undefined {
    const block = this.#blocks.get(Math.floor(row / BLOCK_ROWS));
    const index = row % BLOCK_ROWS;
    return block !== undefined && index < block.count ? { block, index } : undefined;
  }

  /** What a person sees now, `end` not included. */
  show(first: number, end: number): void {
    const from = Math.floor(first / BLOCK_ROWS);
    const to = Math.max(from, Math.floor((end - 1) / BLOCK_ROWS));
    const wanted: number[] = [];
    for (let block = from; block <= to; block++) wanted.push(block);
    this.#wanted = wanted;
    for (const [block, abort] of this.#running) {
      if (wanted.includes(block) || this.#coming.includes(block)) continue;
      this.#running.delete(block);
      abort.abort();
    }
    this.#pump();
  }

  /** Fetches rows that are about to be shown; false while any of them is still on its way. */
  bring(first: number, end: number): boolean {
    const blocks: number[] = [];
    for (let block = Math.floor(Math.max(0, first) / BLOCK_ROWS); block * BLOCK_ROWS < end; block++)
      if (block * BLOCK_ROWS < this.#state.total) blocks.push(block);
    this.#coming = blocks.filter((block) => !this.#blocks.has(block));
    this.#pump();
    return this.#coming.length === 0;
  }

  /** A search behind the table found more. */
  grow(total: number, complete: boolean): void {
    if (total === this.#state.total && complete === this.#state.complete) return;
    for (const block of this.#wanted) {
      const kept = this.#blocks.get(block);
      if (kept !== undefined && kept.count < BLOCK_ROWS && total > kept.offset + kept.count)
        this.#stale.add(block);
    }
    this.#set({ total, complete });
    this.#pump();
  }

  /** The rows behind it grew: asks again for what is visible, and keeps showing the old until then. */
  refresh(): void {
    for (const [block, { count }] of this.#blocks)
      if (count < BLOCK_ROWS || this.#wanted.includes(block)) this.#stale.add(block);
    this.#pump();
  }

  retry(): void {
    this.#set({ error: undefined });
    this.#pump();
  }

  /** Asks again for what is visible, after {@link dispose}: a table that comes back into sight. */
  resume(): void {
    this.#disposed = false;
    this.#pump();
  }

  /** Asks nothing any more. What is there stays. */
  dispose(): void {
    this.#disposed = true;
    for (const abort of this.#running.values()) abort.abort();
    this.#running.clear();
  }

  #pump(): void {
    if (this.#disposed || this.#state.error !== undefined) return;
    for (const block of [...this.#wanted, ...this.#coming]) {
      if (this.#running.size >= MOST_RUNNING) return;
      const fresh = this.#blocks.has(block) && !this.#stale.has(block);
      if (!fresh && !this.#running.has(block)) this.#run(block);
    }
  }

  #run(block: number): void {
    const abort = new AbortController();
    this.#running.set(block, abort);
    this.#stale.delete(block);
    void this.#fetch(block * BLOCK_ROWS, BLOCK_ROWS, abort.signal).then((result) => {
      if (this.#disposed || this.#running.get(block) !== abort) return;
      this.#running.delete(block);
      if (result.ok) this.#keep(block, result.value);
      else this.#set({ error: result.error, first: false });
      this.#pump();
    });
  }

  #keep(block: number, value: RowBlock<T>): void {
    this.#coming = this.#coming.filter((other) => other !== block);
    this.#blocks.delete(block);
    this.#blocks.set(block, value);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= MOST_BLOCKS) break;
      if (!this.#wanted.includes(oldest)) this.#blocks.delete(oldest);
      else break;
    }
    this.#set({ total: value.total, complete: value.complete, first: false, error: undefined });
  }

  #set(change: Partial<RowsState>): void {
    this.#state = { ...this.#state, ...change, version: this.#state.version + 1 };
    notifyWithCursor(this.#notify);
  }

  readonly #notify = (): void => {
    for (const listener of [...this.#listeners]) listener();
  };
}
