import { onInterrupt } from "./interrupt.ts";

/** Shown after this long: most commands are done before. */
const QUIET_MS = 1000;
const REDRAW_MS = 100;
const BAR_CELLS = 30;

/** A bar on standard error, where that is a terminal, for what takes longer than a second. */
export class Progress {
  readonly #label: string;
  readonly #startedMs = performance.now();
  #drawnMs = 0;
  #isDrawn = false;

  constructor(label: string) {
    this.#label = label;
  }

  update(done: number, total: number): void {
    if (!process.stderr.isTTY) return;
    const now = performance.now();
    if (now - this.#startedMs < QUIET_MS || now - this.#drawnMs < REDRAW_MS) return;
    this.#drawnMs = now;
    this.#isDrawn = true;
    const share = total > 0 ? Math.min(1, done / total) : 0;
    const filled = Math.round(share * BAR_CELLS);
    const bar = "█".repeat(filled) + "░".repeat(BAR_CELLS - filled);
    process.stderr.write(`\r\x1b[2K${this.#label} ${bar} ${String(Math.floor(share * 100)).padStart(3)} %`);
  }

  end(): void {
    if (this.#isDrawn) process.stderr.write("\r\x1b[2K");
    this.#isDrawn = false;
  }
}

/** How long work may go on before timers, signals and the terminal get their turn. */
const SLICE_MS = 40;

/** Runs sliced work to its end and shows how far it is. Interrupted, it lets the work put away what it has begun, such as half an index. */
export async function drive<T>(
  label: string,
  work: Generator<{ readonly doneBytes: number; readonly totalBytes: number }, T>,
): Promise<T> {
  const progress = new Progress(label);
  const ignore = onInterrupt(() => {
    work.return(undefined as never);
    progress.end();
  });
  try {
    for (let sliceMs = performance.now(); ; ) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (performance.now() - sliceMs < SLICE_MS) continue;
      progress.update(step.value.doneBytes, step.value.totalBytes);
      await takeTurn();
      sliceMs = performance.now();
    }
  } finally {
    ignore();
    progress.end();
  }
}

export function takeTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
