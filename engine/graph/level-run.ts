/** How the recompute of a page ended. */
export const RunResult = {
  /** The same bytes as before: the wave is cut off here. */
  Equal: 0,
  /** One element has changed: `element…` and `old…` say which, and what it was. */
  Element: 1,
  /** The runs `runFrom .. runTo` of the thread's journal have changed. */
  Runs: 2,
  Failed: 3,
  /** It waits for an input that it discovered. */
  Retry: 4,
  /** One of its inputs has failed: it did not run. */
  InputFailed: 5,
  /** Nothing to do: it has no recompute, or waits to be read. */
  Skipped: 6,
  /** It is on a worker. */
  Away: 7,
} as const;

/**
 * The pages of one level that a wave recomputes, in slot order, and what came of each. Row `k` is one page. The columns are all there is between
 * whoever runs recomputes (this thread or a worker) and the wave.
 */
export class LevelRun {
  count = 0;
  /** The number of the recompute that all rows have, where that is known; else 0. */
  recompute = 0;
  /** The rows are no level but a strand (`strand.ts`): each is due only where the one before has changed. */
  isStrand = false;
  list = new Uint32Array(1024);
  result = new Uint8Array(1024);
  elementOffset = new Uint32Array(1024);
  elementBytes = new Uint8Array(1024);
  oldLo = new Int32Array(1024);
  oldHi = new Int32Array(1024);
  runFrom = new Uint32Array(1024);
  runTo = new Uint32Array(1024);
  beforeAt = new Uint32Array(1024);

  /** Whether a row of a strand is due, those before it being done. */
  isDue(k: number): boolean {
    return !this.isStrand || k === 0 || this.result[k - 1] !== RunResult.Equal;
  }

  /** Whether what has changed in row `k` is the first 8 bytes of the page. */
  isFirstNumber(k: number): boolean {
    return this.result[k] === RunResult.Element && this.elementBytes[k] === 8 && this.elementOffset[k] === 0;
  }

  reserve(rows: number): void {
    if (rows <= this.list.length) return;
    const capacity = Math.max(rows, this.list.length * 2);
    const list = new Uint32Array(capacity);
    list.set(this.list);
    this.list = list;
    this.result = new Uint8Array(capacity);
    this.elementOffset = new Uint32Array(capacity);
    this.elementBytes = new Uint8Array(capacity);
    this.oldLo = new Int32Array(capacity);
    this.oldHi = new Int32Array(capacity);
    this.runFrom = new Uint32Array(capacity);
    this.runTo = new Uint32Array(capacity);
    this.beforeAt = new Uint32Array(capacity);
  }
}
