import { ok, type Result } from "../../base/result.ts";
import type { RunColumns } from "./index-run.ts";
import type { LogIndex } from "./log-index.ts";

/** Bodies are fetched in pieces of about this size, so that a page with ten million deltas takes no more memory than one with ten. */
const PIECE_BYTES = 256 << 10;
/** Bodies fetched block by block where the run has no cluster: at most so many at a time. */
const PIECE_DELTAS = 1024;

/** Fetches the bodies of consecutive deltas of one page. Reused: a piece is valid until the next `load`. */
export class DeltaBodies {
  readonly #index: LogIndex;
  bytes: Uint8Array = new Uint8Array(0);
  /** How many bodies the piece holds. */
  count = 0;
  #starts: Uint32Array = new Uint32Array(0);
  #startAt = 0;
  #base = 0;
  #gathered = new Uint32Array(0);
  #scratch = new Uint8Array(0);

  constructor(index: LogIndex) {
    this.#index = index;
  }

  /** Where body `i` of the piece starts in `bytes`; it ends where the next one starts. */
  start(i: number): number {
    return this.#starts[this.#startAt + i]! - this.#base;
  }

  /** Fetches bodies from delta `from` on, up to `to` at most; at least one. */
  load(run: number, columns: RunColumns, from: number, to: number): Result<void> {
    return columns.deltaBody.length === 0
      ? this.#gather(run, columns, from, to)
      : this.#piece(run, columns, from, this.#pieceEnd(columns, from, to));
  }

  /** As {@link load}, but the piece ends at `to`: for going backwards. Returns where it begins. */
  loadBefore(run: number, columns: RunColumns, from: number, to: number): Result<number> {
    let begin = Math.max(from, to - PIECE_DELTAS);
    const { deltaBody } = columns;
    if (deltaBody.length > 0)
      while (begin < to - 1 && deltaBody[to]! - deltaBody[begin]! > PIECE_BYTES)
        begin += Math.ceil((to - begin) / 2);
    const loaded =
      deltaBody.length === 0 ? this.#gather(run, columns, begin, to) : this.#piece(run, columns, begin, to);
    return loaded.ok ? ok(begin) : loaded;
  }

  #pieceEnd(columns: RunColumns, from: number, to: number): number {
    const { deltaBody } = columns;
    if (deltaBody[to]! - deltaBody[from]! <= PIECE_BYTES) return to;
    let low = from + 1;
    let high = to;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (deltaBody[middle]! - deltaBody[from]! <= PIECE_BYTES) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #piece(run: number, columns: RunColumns, from: number, to: number): Result<void> {
    const { deltaBody } = columns;
    const start = deltaBody[from]!;
    const length = deltaBody[to]! - start;
    this.#starts = deltaBody;
    this.#startAt = from;
    this.count = to - from;
    const cluster = run === this.#index.headers.length ? this.#index.tail!.cluster : undefined;
    if (cluster !== undefined) {
      this.bytes = cluster;
      this.#base = 0;
      return ok();
    }
    this.#base = start;
    if (this.#scratch.length < length) this.#scratch = new Uint8Array(Math.max(length, PIECE_BYTES));
    this.bytes = this.#scratch;
    return this.#index.store.read(this.#index.header(run).clusterAt + start, length, this.#scratch);
  }

  #gather(run: number, columns: RunColumns, from: number, to: number): Result<void> {
    const { source, blocks } = this.#index;
    const end = Math.min(to, from + PIECE_DELTAS);
    if (this.#gathered.length < PIECE_DELTAS + 1) this.#gathered = new Uint32Array(PIECE_DELTAS + 1);
    const starts = this.#gathered;
    const firstLsn = this.#index.header(run).firstLsn;
    let length = 0;
    let count = 0;
    for (let at = from; at < end && (count === 0 || length <= PIECE_BYTES); at++) {
      const lsn = firstLsn + columns.deltaOffset[at]!;
      const batch = blocks.block(source.findBlock(lsn));
      if (!batch.ok) return batch;
      const body = batch.value.body(batch.value.rowOf(lsn));
      if (length + body.length > this.#scratch.length) {
        const grown = new Uint8Array(Math.max(length + body.length, this.#scratch.length * 2, PIECE_BYTES));
        grown.set(this.#scratch.subarray(0, length));
        this.#scratch = grown;
      }
      this.#scratch.set(body, length);
      starts[count++] = length;
      length += body.length;
    }
    starts[count] = length;
    this.bytes = this.#scratch;
    this.#starts = starts;
    this.#startAt = 0;
    this.#base = 0;
    this.count = count;
    return ok();
  }
}
