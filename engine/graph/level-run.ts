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
} as const;

/**
 * The pages of one level that a wave recomputes, in slot order, and what came of each. Row `k` is one page. The columns are all there is between
 * whoever runs recomputes (this thread or a worker) and the wave.
 */
export class LevelRun {
  count = 0;
  list = new Uint32Array(1024);
  result = new Uint8Array(1024);
  elementOffset = new Uint32Array(1024);
  elementBytes = new Uint8Array(1024);
  oldLo = new Int32Array(1024);
  oldHi = new Int32Array(1024);
  runFrom = new Uint32Array(1024);
  runTo = new Uint32Array(1024);
  beforeAt = new Uint32Array(1024);

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

/** Runs that changed in pages of a level, and the bytes that they replaced. */
export class RunJournal {
  runCount = 0;
  beforeBytes = 0;
  runOffset = new Uint32Array(256);
  runLength = new Uint32Array(256);
  before = new Uint8Array(4096);

  clear(): void {
    this.runCount = 0;
    this.beforeBytes = 0;
  }

  reserveRuns(runs: number): void {
    if (runs <= this.runOffset.length) return;
    const capacity = Math.max(runs, this.runOffset.length * 2);
    const offset = new Uint32Array(capacity);
    const length = new Uint32Array(capacity);
    offset.set(this.runOffset);
    length.set(this.runLength);
    this.runOffset = offset;
    this.runLength = length;
  }

  reserveBefore(bytes: number): void {
    if (bytes <= this.before.length) return;
    const before = new Uint8Array(Math.max(bytes, this.before.length * 2));
    before.set(this.before);
    this.before = before;
  }
}
